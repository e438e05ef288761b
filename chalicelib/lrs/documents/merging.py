"""Merging JSON documents: top-level properties, values to the letter (xAPI 1.0.3 Communication 2.2)."""

import json

from chalicelib.errors import Invalid
from chalicelib.lrs import strict_json

_DECODER = json.JSONDecoder()
_SPACE = " \t\n\r"


def is_json(content_type: str) -> bool:
    """Whether the content type is `application/json`, whatever its parameters."""
    return content_type.split(";")[0].strip().lower() == "application/json"


def check_object(body: bytes, which: str) -> str:
    """The text of a JSON object. Raises `Invalid`; `which` document it is, for the error."""
    try:
        value = strict_json.parse_bytes(body, what=f"The {which} document", refuse_nul=False)
    except strict_json.InvalidJson as error:
        raise Invalid({"body": [str(error)]}) from None
    if not isinstance(value, dict):
        raise Invalid({"body": [f"The {which} document must be a JSON object to be merged."]})
    return body.decode("utf-8-sig")


def merged(stored: bytes, posted: bytes) -> bytes:
    """The stored object with each top-level property of the posted one in its place.

    Numbers and texts stay as they were written. Raises `Invalid` where either is no JSON object.
    """
    members = _members(check_object(stored, "stored")) | _members(check_object(posted, "posted"))
    inner = ",".join(f"{json.dumps(name, ensure_ascii=False)}:{value}" for name, value in members.items())
    return f"{{{inner}}}".encode()


def _members(text: str) -> dict[str, str]:
    """Property → its value as text, of a JSON object that was checked."""
    members: dict[str, str] = {}
    at = _skip(text, _skip(text, 0) + 1)
    while text[at] != "}":
        name, at = _DECODER.raw_decode(text, at)
        start = _skip(text, _skip(text, at) + 1)
        _, at = _DECODER.raw_decode(text, start)
        members[name] = text[start:at]
        at = _skip(text, at)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return members


def _skip(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at
