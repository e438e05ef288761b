"""YAML as configs need it: mappings with text keys, lists, text, numbers, true, false, null; nothing that is built.

Built from the events of the parser alone: tags, anchors and aliases are refused, so nothing is constructed, and no text
grows when it is read. Plain scalars are resolved as in JSON (YAML 1.2, 10.2): a date stays text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from chalicelib.errors import LightrailError

if TYPE_CHECKING:
    from ruamel.yaml.events import Event

Place = tuple[str | int, ...]
"""Where a value stands: the keys and indexes on the way to it; `()` is the document."""
Lines = dict[Place, int]
"""The line of each value, counted from 1; that of a value under a key is the line of the key."""

MOST_LEVELS = 12
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,18})?([eE][-+]?[0-9]{1,3})?")
_WORDS = {"null": None, "~": None, "": None, "true": True, "false": False}


class InvalidYaml(LightrailError):
    """A text that is not used as YAML; `line` counts from 1."""

    def __init__(self, reason: str, line: int) -> None:
        self.reason, self.line = reason, line
        super().__init__(f"Line {line}: {reason}")


def parse(raw: bytes) -> object:
    """The value of a YAML document in UTF-8. Raises `InvalidYaml`; who bounds the size of the text bounds the work."""
    return parse_with_lines(raw)[0]


def parse_with_lines(raw: bytes) -> tuple[object, Lines]:
    """The value of a YAML document as `parse` gives it, and the lines of all that it holds."""
    from ruamel.yaml import YAML  # most calls read no YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidYaml("it is not UTF-8.", 1 + raw[: error.start].count(b"\n")) from None
    try:
        building = _Building(iter(YAML(typ="safe", pure=True).parse(text)))
        return building.document(), building.lines
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise InvalidYaml(
            f"{error.problem or 'it is not YAML'}.", 1 if mark is None else mark.line + 1
        ) from None
    except YAMLError:
        raise InvalidYaml("it holds characters that YAML does not allow.", 1) from None


class _Building:
    """Values from events, each told by the name of its class."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self._reached = 1
        self.lines: Lines = {}

    def document(self) -> object:
        self._skip("StreamStartEvent")
        event = self._next()
        if _kind(event) == "StreamEndEvent":
            return None
        value = self._value(self._next(), ())
        self._skip("DocumentEndEvent")
        event = self._next()
        if _kind(event) != "StreamEndEvent":
            raise InvalidYaml("it holds a second document; one is taken.", _line(event))
        return value

    def _next(self) -> Any:
        try:
            event = next(self._events)
        except (ValueError, OverflowError):
            # The parser bounds neither `\U` in quotes nor the digits of a version.
            raise InvalidYaml("it cannot be read as YAML from here on.", self._reached) from None
        self._reached = int(event.end_mark.line) + 1
        return event

    def _skip(self, kind: str) -> None:
        event = self._next()
        if _kind(event) != kind:
            raise InvalidYaml("it is not YAML.", _line(event))

    def _value(self, event: Any, place: Place) -> object:
        kind = _kind(event)
        self.lines.setdefault(place, _line(event))
        if kind == "AliasEvent" or event.anchor is not None:
            raise InvalidYaml("anchors and aliases are not taken; write it out.", _line(event))
        if getattr(event, "tag", None) is not None:
            raise InvalidYaml("tags are not taken.", _line(event))
        if len(place) > MOST_LEVELS:
            raise InvalidYaml(f"it is nested deeper than {MOST_LEVELS} levels.", _line(event))
        if kind == "ScalarEvent":
            return _scalar(event)
        return self._list(place) if kind == "SequenceStartEvent" else self._mapping(place)

    def _list(self, place: Place) -> list[object]:
        values: list[object] = []
        while _kind(event := self._next()) != "SequenceEndEvent":
            values.append(self._value(event, (*place, len(values))))
        return values

    def _mapping(self, place: Place) -> dict[str, object]:
        values: dict[str, object] = {}
        while _kind(event := self._next()) != "MappingEndEvent":
            if _kind(event) != "ScalarEvent":
                raise InvalidYaml("a key must be text.", _line(event))
            key = _text(event)
            if key in values:
                raise InvalidYaml(f"the key {key[:100]} stands twice.", _line(event))
            self.lines[*place, key] = _line(event)
            values[key] = self._value(self._next(), (*place, key))
        return values


def _scalar(event: Any) -> object:
    text = _text(event)
    if not event.implicit[0]:  # quoted, or a block
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text


def _text(event: Any) -> str:
    """The text of a scalar; what was escaped as JSON escapes it, in surrogate pairs, is joined."""
    text = str(event.value)
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise InvalidYaml("it holds half of a surrogate pair.", _line(event)) from None


def _kind(event: Any) -> str:
    return type(event).__name__


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1
