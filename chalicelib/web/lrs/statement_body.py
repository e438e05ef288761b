"""Reads what a PUT or POST of statements carries: JSON, or multipart with the attachments' bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.lrs import multipart, strict_json
from chalicelib.lrs.errors import InvalidStatements, TooLarge
from chalicelib.lrs.statements.settling import MOST_STATEMENTS

if TYPE_CHECKING:
    from chalicelib.web.call import Call

MOST_LEVELS = 100  # of nested JSON: a statement's own and those of an extension in it
_WHAT = "The body"


@dataclass(frozen=True)
class Sent:
    """The statements as JSON, unchecked, and the parts behind them."""

    statements: Sequence[object]
    parts: Sequence[multipart.Part]


def read(call: Call, *, put: bool) -> Sent:
    """What was sent. Raises `TooLarge`, `InvalidJson`, `InvalidMultipart`, `InvalidStatements`."""
    if call.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise multipart.InvalidMultipart("A compressed body is not read: send it without Content-Encoding.")
    kind, parameters = multipart.media_type(call.headers.get("content-type", ""))
    if kind == "application/json":
        _check_charset(parameters)
        return Sent(_statements(call.raw_body, put), ())
    if kind != "multipart/mixed":
        raise multipart.InvalidMultipart(
            f"Statements are sent as application/json, or with attachments as multipart/mixed, not as {kind[:80]}."
        )
    first, *others = multipart.parse(call.raw_body, multipart.boundary_of(parameters))
    kind, parameters = multipart.media_type(first.headers.get("content-type", ""))
    if kind != "application/json":
        raise multipart.InvalidMultipart("The first part holds the statements: its type is application/json.")
    _check_charset(parameters)
    return Sent(_statements(first.content, put), others)


def _statements(raw: bytes, put: bool) -> list[object]:
    value = strict_json.parse_bytes(raw, what=_WHAT, refuse_nul=True, most_levels=MOST_LEVELS)
    if put or isinstance(value, dict):
        if not isinstance(value, dict):
            raise InvalidStatements({"statement": ["The body of a PUT is one statement, a JSON object."]})
        return [value]
    if not isinstance(value, list):
        raise InvalidStatements({"statements": ["The body is a statement or a list of statements."]})
    if len(value) > MOST_STATEMENTS:
        raise TooLarge(f"The request has {len(value)} statements; {MOST_STATEMENTS} at most are taken.")
    return value


def _check_charset(parameters: Mapping[str, str]) -> None:
    if parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8", "us-ascii"):
        raise multipart.InvalidMultipart("Statements are JSON in UTF-8.")
