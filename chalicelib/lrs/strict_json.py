"""JSON as RFC 8259 and good sense allow it: no key twice, no NaN, no half of a surrogate pair, not too deep."""

import json
import math
from collections.abc import Iterator
from typing import Literal, NoReturn

from chalicelib.errors import LightrailError

Kind = Literal["encoding", "syntax", "unusable"]


class InvalidJson(LightrailError):
    """A text that is not used as JSON; the text of the error begins with `what` was read.

    `kind`: `encoding` (no UTF-8), `syntax` (no JSON), `unusable` (JSON that would not be read everywhere alike).
    """

    def __init__(self, kind: Kind, reason: str, what: str = "The body") -> None:
        self.kind, self.reason, self.what = kind, reason, what
        said = {"encoding": "is not UTF-8", "syntax": "is not JSON", "unusable": "is not usable"}[kind]
        super().__init__(f"{what} {said}: {reason}")


def parse(
    text: str, *, what: str = "The body", refuse_nul: bool = False, most_levels: int | None = None
) -> object:
    """The value of a JSON text.

    `refuse_nul`: no text, and no key, may hold U+0000. `most_levels`: how deep objects and arrays may be nested.
    `what` was read, for the error. Raises `InvalidJson`.
    """
    try:
        value = _loaded(text)
        if "\\u" in text:
            _check_characters(value, refuse_nul)
        if most_levels is not None and levels(value) > most_levels:
            raise InvalidJson("unusable", f"its JSON is nested deeper than {most_levels} levels.")
    except InvalidJson as error:
        raise InvalidJson(error.kind, error.reason, what) from None
    return value


def parse_bytes(
    raw: bytes,
    *,
    what: str = "The body",
    refuse_nul: bool = False,
    most_levels: int | None = None,
    most_values: int | None = None,
) -> object:
    """The value of a JSON text in UTF-8, with or without byte order mark.

    `most_values`: how many values it may hold at most, for each takes many times its bytes once it is read; commas in
    texts count too. Raises `InvalidJson`.
    """
    if most_values is not None and sum(map(raw.count, (b",", b"[", b"{"))) > most_values:
        raise InvalidJson("unusable", f"its JSON holds more than {most_values} values.", what)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidJson("encoding", f"byte {error.start} cannot be read.", what) from None
    return parse(text, what=what, refuse_nul=refuse_nul, most_levels=most_levels)


def holds_nul(value: object) -> bool:
    """Whether a text in a value, or a key, holds U+0000."""
    return any("\x00" in text for text in _texts(value))


def levels(value: object) -> int:
    """How deep objects and arrays are nested in a value; 0 for any other value."""
    found = 0
    level = [value] if isinstance(value, (dict, list)) else []
    while level:
        found += 1
        below = []
        for each in level:
            for child in each.values() if isinstance(each, dict) else each:
                if type(child) is dict or type(child) is list:  # each value of the text passes here
                    below.append(child)
        level = below
    return found


def _loaded(text: str) -> object:
    try:
        value: object = json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite
        )
    except json.JSONDecodeError as error:
        raise InvalidJson("syntax", f"{error.msg} at line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise InvalidJson("unusable", "its JSON is nested too deeply.") from None
    except ValueError:  # Python refuses to read an integer of more than 4,300 digits
        raise InvalidJson("unusable", "a number has too many digits; send it as a string.") from None
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InvalidJson("unusable", "a key stands twice in one JSON object.")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise InvalidJson("syntax", f"{name} is no JSON value.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise InvalidJson("unusable", "a number is too large.")
    return value


def _check_characters(value: object, refuse_nul: bool) -> None:
    for text in _texts(value):
        if refuse_nul and "\x00" in text:
            raise InvalidJson("unusable", "a text holds the character U+0000.")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InvalidJson("unusable", "a text holds half of a surrogate pair.") from None


def _texts(value: object) -> Iterator[str]:
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            yield from each
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
