"""The origins whose scripts may call a client: `*`, or a list of them."""

import re

from chalicelib.lrs.access.fields import Fields

MOST = 50
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]{0,20}://(?:[a-z0-9._-]{1,253}|\[[0-9a-f:]{2,39}\])(?::[0-9]{1,5})?")
_FAULT = (
    "The cors field must be *, or a list of origins as browsers send them (lower case, no path), such as "
    "https://lms.example.com."
)


def read_origins(fields: Fields) -> tuple[str, ...]:
    """The field `cors`: a list of origins, or a text with commas between them; nothing: no origin."""
    value = fields.get("cors")
    origins = [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value
    if not isinstance(origins, list) or not all(_is_origin(origin) for origin in origins):
        fields.fault("cors", _FAULT)
        return ()
    if len(origins) > MOST:
        fields.fault("cors", f"The cors field must not have more than {MOST} origins.")
    return tuple(dict.fromkeys(origins))


def _is_origin(value: object) -> bool:
    return isinstance(value, str) and (value == "*" or _ORIGIN.fullmatch(value) is not None)
