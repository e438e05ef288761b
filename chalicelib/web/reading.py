"""Reading what a client sent: strict JSON, path parameters, query parameters, with every fault said."""

import re
from collections.abc import Collection, Mapping
from urllib.parse import unquote

from chalicelib.errors import Invalid
from chalicelib.lrs import strict_json
from chalicelib.web.call import Call
from chalicelib.web.refusals import BrokenJson, TooLarge, UnsupportedMediaType

# Lambda takes 6 MB of event and the gateway wraps every body in base64 (4 bytes for 3): beyond this AWS refuses.
BODY_BYTES = 4_500_000
_DIGITS = re.compile("[0-9]{1,18}")


def json_object(call: Call) -> dict[str, object]:
    """The JSON object in the body of a call; `{}` for an empty body.

    A missing `Content-Type` is read as JSON. Raises `TooLarge`, `UnsupportedMediaType`, `BrokenJson` (not UTF-8, not
    JSON, a key twice, NaN, half of a surrogate pair, nested too deeply), `Invalid` (JSON, and not an object).
    """
    if len(call.raw_body) > BODY_BYTES:
        raise TooLarge(f"The body is larger than {BODY_BYTES} bytes.")
    if not call.raw_body.strip():
        return {}
    _check_media_type(call.headers)
    try:
        text = call.raw_body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BrokenJson(f"The body is not UTF-8: byte {error.start} cannot be read.") from None
    value = parse_json(text)
    if not isinstance(value, dict):
        raise Invalid({"body": ["The body must be a JSON object."]})
    return value


def parse_json(text: str) -> object:
    """The value of a JSON text. Raises `BrokenJson` for anything that RFC 8259 or good sense does not allow."""
    try:
        return strict_json.parse(text)
    except strict_json.InvalidJson as error:
        raise BrokenJson(str(error)) from None


def path_parameter(call: Call, name: str) -> str:
    """A path parameter, percent-decoded once. Raises `Invalid` where it is not UTF-8.

    The gateway passes it on as the client encoded it. The local emulator has decoded it already; there, and only
    there, a literal `%41` in a number must be encoded twice.
    """
    try:
        return unquote(call.path_parameters.get(name, ""), errors="strict")
    except UnicodeDecodeError:
        raise Invalid({name: [f"The {name} field is not UTF-8."]}) from None


def whole_numbers(call: Call, bounds: Mapping[str, tuple[int, int, int]]) -> dict[str, int]:
    """Query parameters that are whole numbers: name → (lowest, highest, default).

    Raises `Invalid` with all faults.
    """
    values: dict[str, int] = {}
    faults: dict[str, list[str]] = {}
    for name, (low, high, default) in bounds.items():
        text = call.query.get(name, str(default))
        values[name] = int(text) if _DIGITS.fullmatch(text) else -1
        if not low <= values[name] <= high:
            faults[name] = [f"The {name} field must be a whole number from {low} to {high}."]
    if faults:
        raise Invalid(faults)
    return values


def parameter_faults(call: Call, known: Collection[str]) -> dict[str, list[str]]:
    """The faults of query parameters that a call does not know or that stand twice: nothing asked for is overlooked."""
    faults = {
        name: [f"The {name} field is not known here; known: {', '.join(known)}."]
        for name in call.query
        if name not in known
    }
    return faults | {
        name: [f"The {name} field may be given once."] for name in known if name in call.repeated
    }


def flag(body: Mapping[str, object], name: str, faults: dict[str, list[str]]) -> bool:
    """A field that is true or false, as JSON says it or as text; absent or null is false. Notes its fault."""
    value = body.get(name)
    if value is None or value is False or value == "false":
        return False
    if value is True or value == "true":
        return True
    faults[name] = [f"The {name} field must be true or false."]
    return False


def _check_media_type(headers: Mapping[str, str]) -> None:
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        raise UnsupportedMediaType("A compressed body is not read here; send it without Content-Encoding.")
    kind, *parameters = (part.strip().lower() for part in headers.get("content-type", "").split(";"))
    if (
        kind
        and kind != "application/json"
        and not (kind.startswith("application/") and kind.endswith("+json"))
    ):
        raise UnsupportedMediaType("The body must be JSON: send Content-Type: application/json.")
    charsets = [
        value.strip('"') for name, _, value in (p.partition("=") for p in parameters) if name == "charset"
    ]
    if any(charset not in ("utf-8", "utf8", "us-ascii") for charset in charsets):
        raise UnsupportedMediaType("The body must be JSON in UTF-8.")
