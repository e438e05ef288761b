"""multipart/mixed as a client writes and reads it: as small as RFC 2046 allows, and byte for byte."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chalicelib.lrs.conformance.exchange import Answer

BOUNDARY = "conformance-boundary-7e0c"
_NAMED = re.compile(r'boundary="?([^";]+)"?', re.IGNORECASE)


@dataclass(frozen=True)
class MixedPart:
    """Headers and bytes of a part."""

    headers: Mapping[str, str]
    body: bytes


def statements_part(statements: object) -> MixedPart:
    """The first part."""
    return MixedPart({"Content-Type": "application/json"}, json.dumps(statements).encode())


def content_part(content: bytes, media_type: str = "text/plain", **headers: str | None) -> MixedPart:
    """The part of an attachment; underscores in names of headers stand for dashes, None takes one away."""
    given: dict[str, str | None] = {
        "Content-Type": media_type,
        "Content-Transfer-Encoding": "binary",
        "X-Experience-API-Hash": hashlib.sha256(content).hexdigest(),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return MixedPart({name: value for name, value in given.items() if value is not None}, content)


def written(parts: Sequence[MixedPart], boundary: str = BOUNDARY) -> bytes:
    """The body of a request."""
    mark = f"--{boundary}".encode()
    texts = []
    for part in parts:
        head = "".join(f"{name}: {value}\r\n" for name, value in part.headers.items())
        texts.append(mark + b"\r\n" + head.encode() + b"\r\n" + part.body + b"\r\n")
    return b"".join(texts) + mark + b"--\r\n"


def content_type(boundary: str = BOUNDARY) -> dict[str, str | None]:
    """The header of a request."""
    return {"Content-Type": f"multipart/mixed; boundary={boundary}"}


def read(answer: Answer) -> list[MixedPart]:
    """The parts of an answer, which must be multipart/mixed; names of headers in lower case."""
    media_type = answer.header("Content-Type")
    found = _NAMED.search(media_type)
    if not media_type.lower().startswith("multipart/mixed") or found is None:
        raise answer.failed("the Content-Type multipart/mixed with a boundary", media_type)
    body = b"\r\n" + answer.body
    pieces = body.split(b"\r\n--" + found.group(1).strip().encode())
    closed = len(pieces) > 1 and pieces[-1].startswith(b"--")
    answer.must(closed, "parts between boundaries, the last one closed")
    return [_part(answer, piece) for piece in pieces[1:-1]]


def _part(answer: Answer, piece: bytes) -> MixedPart:
    head, gap, body = piece.lstrip(b" \t").removeprefix(b"\r\n").partition(b"\r\n\r\n")
    if not gap:
        raise answer.failed("an empty line after the headers of each part")
    lines = (line.partition(":") for line in head.decode("latin-1").split("\r\n"))
    return MixedPart({name.strip().lower(): value.strip() for name, _, value in lines}, body)
