"""Requirements that the public list does not number, and those that no check of ours can show."""

from collections.abc import Mapping

OF_BOTH: tuple[tuple[str, str, str], ...] = (
    ("LR-005", "Communication 2.2", "A document says when it was last modified"),
    ("LR-006", "Communication 2.1.3", "A statement says in Last-Modified when it was stored"),
    ("LR-007", "Communication 2.5", "An Activity that is not known is shown with its id"),
    ("LR-008", "Communication 2.1.2", "A batch in which two statements have one id is refused"),
    ("LR-009", "Data 4.6", "A duration keeps hundredths of a second, and is never rounded"),
    ("LR-010", "Communication 2.1.3", "statementId and voidedStatementId do not stand together"),
    ("LR-012", "Data 2.4.7", "A statement without timestamp is given the time of its storing"),
    (
        "LR-013",
        "Communication 2.1.1",
        "The statementId of a PUT is a UUID, and agrees with the id in the statement",
    ),
    ("LR-014", "Communication 2.1.3", "`attachments` is true or false"),
    ("LR-015", "Communication 3.2", "A fault of the request is answered with 400 and a message"),
)

OF_1_0: tuple[tuple[str, str, str], ...] = (
    ("LR-003", "Data 2.4.6", "contextAgents and contextGroups, which only 2.0 has, are refused"),
)

OF_2_0: tuple[tuple[str, str, str], ...] = (
    ("LR-001", "Data 2.4.6", "contextAgents are a list of agents in a context"),
    ("LR-002", "Data 2.4.6", "contextGroups are a list of groups in a context"),
    ("LR-004", "Communication 1.3", "The alternate request syntax is refused"),
    ("LR-011", "Data 2.4.7", "Timestamps are shown in UTC"),
)

_NO_PARAMETER = "there is no such parameter"

NOT_COVERED: Mapping[str, str] = {
    "XAPI-00021": "the specification leaves open what becomes of a property that stands twice",
    "XAPI-00095": "withdrawn from the public list",
    "XAPI-00136": "never given",
    "XAPI-00137": "withdrawn from the public list",
    "XAPI-00138": "withdrawn from the public list",
    "XAPI-00152": "withdrawn from the public list",
    "XAPI-00205": _NO_PARAMETER,
    "XAPI-00223": _NO_PARAMETER,
    "XAPI-00304": _NO_PARAMETER,
    "XAPI-00327": "needs a second client with fewer permissions",
    "XAPI-00329": "a fault of the server cannot be caused from outside",
}
