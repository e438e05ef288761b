"""multipart/mixed as bytes: what is between two boundaries comes out as it went in, to the byte.

Sources: RFC 2046 5.1 (line ends are CRLF, the CRLF before a boundary belongs to the boundary), xAPI 1.0.3
Communication 1.5.2. Stricter than RFC 2046 in one point: a boundary fills its line, so that no content that merely
begins like one is cut.
"""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.errors import LightrailError

MOST_PARTS = 1000
HEADER_BYTES = 16_384  # of one part
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_NAME = re.compile(_WORD)
_MEDIA_TYPE = re.compile(rf"\s*({_WORD}/{_WORD})\s*")
_PARAMETER = re.compile(rf';\s*(?:({_WORD})=("(?:[^"\\]|\\.)*"|[^\s;"]*)\s*)?')
_NEW_BOUNDARY_BYTES = 16


class InvalidMultipart(LightrailError):
    """A body that is not multipart as it should be; the text says what and where; answered with 400."""


@dataclass(frozen=True)
class Part:
    """One part: its headers, with names in lower case, and its bytes."""

    headers: Mapping[str, str]
    content: bytes = field(repr=False)


def media_type(text: str) -> tuple[str, dict[str, str]]:
    """A Content-Type as type (in lower case) and parameters (names in lower case). Raises `InvalidMultipart`."""
    found = _MEDIA_TYPE.match(text)
    parameters: dict[str, str] = {}
    at = found.end() if found else 0
    while found is not None and at < len(text):
        one = _PARAMETER.match(text, at)
        if one is None or (one[1] or "").lower() in parameters:
            found = None
            break
        at = one.end()
        if one[1]:
            parameters[one[1].lower()] = _unquoted(one[2])
    if found is None:
        raise InvalidMultipart(f"The Content-Type {_shown(text)} cannot be read.")
    return found[1].lower(), parameters


def boundary_of(parameters: Mapping[str, str]) -> str:
    """The boundary among the parameters of a Content-Type. Raises `InvalidMultipart`."""
    boundary = parameters.get("boundary", "")
    if not boundary:
        raise InvalidMultipart("The Content-Type names no boundary: multipart/mixed; boundary=…")
    if not _BOUNDARY.fullmatch(boundary):
        raise InvalidMultipart(
            f"The boundary {_shown(boundary)} is none: 1 to 70 letters, digits and '()+_,-./:=? (RFC 2046, 5.1.1)."
        )
    return boundary


def parse(body: bytes, boundary: str) -> list[Part]:
    """The parts of a body; what stands before the first boundary and after the last is left out.

    Raises `InvalidMultipart`.
    """
    line = re.compile(rb"\r\n--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*(?=\r\n|\Z)")
    text = b"\r\n" + body
    parts: list[Part] = []
    start: int | None = None
    for found in line.finditer(text):
        if start is not None:
            if found.start() < start:
                raise InvalidMultipart(f"Part {len(parts) + 1} has neither headers nor an empty line.")
            parts.append(_part(text[start : found.start()], len(parts)))
        if found[1]:
            if not parts:
                break
            return parts
        if len(parts) >= MOST_PARTS:
            raise InvalidMultipart(f"The body has more than {MOST_PARTS} parts.")
        start = found.end() + 2
    raise InvalidMultipart(_what_is_missing(body, boundary, start is not None))


def write(parts: Iterable[Part], boundary: str) -> bytes:
    """The body with these parts; no content may hold the boundary (`new_boundary` gives one that none holds)."""
    pieces: list[bytes] = []
    for part in parts:
        headers = "".join(f"{name}: {value}\r\n" for name, value in part.headers.items())
        pieces.append(f"--{boundary}\r\n{headers}\r\n".encode() + part.content + b"\r\n")
    return b"".join([*pieces, f"--{boundary}--\r\n".encode()])


def new_boundary(parts: Sequence[Part]) -> str:
    """A boundary of letters and digits that stands in none of these parts."""
    while True:
        boundary = secrets.token_hex(_NEW_BOUNDARY_BYTES)
        if not any(boundary.encode() in part.content for part in parts):
            return boundary


def _part(section: bytes, index: int) -> Part:
    if not section or section.startswith(b"\r\n"):
        return Part({}, section[2:])
    head, _, content = section.partition(b"\r\n\r\n")
    if len(head) > HEADER_BYTES:
        raise InvalidMultipart(
            f"Part {index + 1} has no empty line after its headers, or more than {HEADER_BYTES} bytes of them."
        )
    return Part(_headers(head, index), content)


def _headers(head: bytes, index: int) -> dict[str, str]:
    try:
        lines = head.decode().removesuffix("\r\n").split("\r\n")
    except UnicodeDecodeError:
        raise InvalidMultipart(f"The headers of part {index + 1} are not UTF-8.") from None
    found: dict[str, str] = {}
    last = ""
    for line in lines:
        if line[:1] in (" ", "\t") and last:
            found[last] = f"{found[last]} {line.strip()}".strip()
            continue
        name, colon, value = line.partition(":")
        last = name.lower()
        if not colon or not _NAME.fullmatch(name):
            raise InvalidMultipart(f"Part {index + 1} has a line that is no header: {_shown(line)}.")
        if last in found:
            raise InvalidMultipart(f"Part {index + 1} has the header {_shown(name)} twice.")
        found[last] = value.strip()
    return found


def _what_is_missing(body: bytes, boundary: str, begun: bool) -> str:
    mark = b"--" + boundary.encode()
    if begun:
        return f"The body does not end with the line --{boundary}--: a part is missing or cut off."
    if body.startswith(mark + b"\n") or b"\n" + mark + b"\n" in body:
        return "The lines of the body end with LF alone: boundaries and headers end with CRLF."
    return f"The body does not hold a part that begins with the line --{boundary}, as its Content-Type says."


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _shown(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:80]}…")
