"""Requirements that the public list does not number, and those that no check of ours can show."""

from collections.abc import Mapping

OF_BOTH: tuple[tuple[str, str, str], ...] = ()

OF_2_0: tuple[tuple[str, str, str], ...] = ()

_NO_PARAMETER = "there is no such parameter"

NOT_COVERED: Mapping[str, str] = {
    "XAPI-00021": "the specification leaves open what becomes of a property that stands twice",
    "XAPI-00095": "withdrawn from the public list",
    "XAPI-00136": "never given",
    "XAPI-00137": "withdrawn from the public list",
    "XAPI-00138": "withdrawn from the public list",
    "XAPI-00152": "withdrawn from the public list",
    "XAPI-00185": "cannot be seen from outside",
    "XAPI-00186": "cannot be seen from outside",
    "XAPI-00205": _NO_PARAMETER,
    "XAPI-00223": _NO_PARAMETER,
    "XAPI-00304": _NO_PARAMETER,
    "XAPI-00327": "needs a second client with fewer permissions",
    "XAPI-00329": "a fault of the server cannot be caused from outside",
}
