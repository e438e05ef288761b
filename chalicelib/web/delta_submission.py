"""What a client asks for that hands over a delta file: in the body of the call, or by an upload."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.errors import Invalid
from chalicelib.web import reading
from chalicelib.web.call import Call
from chalicelib.web.refusals import TooLarge, UnsupportedMediaType

NAME_BYTES = 400
UPLOAD_BYTES = 5 * 1024**3  # S3: one PUT takes 5 GiB
_FIELDS = ("size", "name", "strict")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True)
class Submission:
    """What is asked of the file; name None: it gets one. size: its bytes, as an upload announces them."""

    name: str | None
    strict: bool
    size: int = 0


def read_submission(call: Call) -> Submission:
    """Reads `name` and `strict` of the query, and looks at the size and kind of the body, which is the file.

    Raises `TooLarge`, `UnsupportedMediaType`, `Invalid` with every fault.
    """
    if len(call.raw_body) > reading.BODY_BYTES:
        raise TooLarge(
            f"The body is larger than {reading.BODY_BYTES} bytes; POST /v1/delta-files/uploads takes larger files."
        )
    kind = call.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind.startswith("multipart/"):
        raise UnsupportedMediaType("The body must be the delta file itself, not a form that holds it.")
    faults = reading.parameter_faults(call, ("name", "strict"))
    name, strict = _name_and_strict(call.query, faults)
    if not call.raw_body:
        faults["body"] = [
            "The body must be a delta file: a JSON array, lines of JSON objects, or gzip of either."
        ]
    if faults:
        raise Invalid(faults)
    return Submission(name, strict)


def read_upload(call: Call) -> Submission:
    """Reads `size`, `name` and `strict` of the body. Raises `Invalid` with every fault, and what `json_object` does."""
    body = reading.json_object(call)
    faults: dict[str, list[str]] = {
        name: [f"The {name} field is not known here; known: {', '.join(_FIELDS)}."]
        for name in body
        if name not in _FIELDS
    }
    name, strict = _name_and_strict(body, faults)
    size, most = body.get("size"), min(call.services.settings.fetch_max_bytes, UPLOAD_BYTES)
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= most:
        faults["size"] = [f"The size field must be the bytes of the file, a whole number from 1 to {most}."]
        size = 0
    if faults:
        raise Invalid(faults)
    return Submission(name, strict, size)


def _name_and_strict(fields: Mapping[str, object], faults: dict[str, list[str]]) -> tuple[str | None, bool]:
    name = fields.get("name")
    if name is not None and not _is_name(name):
        faults["name"] = [
            f"The name field must be a text of 1 to {NAME_BYTES} bytes without control characters."
        ]
    return (name if isinstance(name, str) else None), reading.flag(fields, "strict", faults)


def _is_name(name: object) -> bool:
    if not isinstance(name, str) or not name.strip() or _CONTROL.search(name):
        return False
    return len(name.encode()) <= NAME_BYTES
