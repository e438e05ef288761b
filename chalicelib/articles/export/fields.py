"""The fields of a mapping file, read strictly: a fault is noted with its path and line, and the reading goes on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from chalicelib.articles.export.mapping import FAIL, LEAVE_OUT, Fault, Policy
from chalicelib.plain_yaml import Lines, Place

LONGEST_TEXT = 1000  # characters of a constant, a default, a path
LONGEST_NAME = 100
MOST_ITEMS = 200  # columns, words, headers

Faults = list[Fault]


class Fields:
    """The fields of one object; where one has a fault, something harmless stands in."""

    def __init__(
        self, value: object, place: Place, lines: Lines, faults: Faults, known: Collection[str]
    ) -> None:
        self._place, self._lines, self._faults = place, lines, faults
        self._value: dict[str, object] = value if isinstance(value, dict) else {}
        if not isinstance(value, dict):
            self.fault("must be an object")
        for name in self._value:
            if name not in known:
                self.fault(f"is not known; known here: {', '.join(known)}", name)

    def fault(self, text: str, *names: str | int) -> None:
        """Notes a fault of this object or of what stands under these names in it."""
        place = (*self._place, *names)
        at = place
        while at not in self._lines and at:
            at = at[:-1]
        self._faults.append(Fault(path_of(place), self._lines.get(at, 1), text))

    def get(self, name: str) -> object:
        return self._value.get(name)

    def has(self, name: str) -> bool:
        return self._value.get(name) is not None

    def inner(self, name: str, known: Collection[str]) -> Fields:
        """The object under a name; an empty one where there is none."""
        value = self._value.get(name)
        place = (*self._place, name)
        return Fields({} if value is None else value, place, self._lines, self._faults, known)

    def objects(self, name: str, known: Collection[str]) -> list[Fields]:
        """The objects of a list of 1 to `MOST_ITEMS`."""
        value = self._value.get(name)
        if not isinstance(value, list) or not 1 <= len(value) <= MOST_ITEMS:
            self.fault(f"must be a list of 1 to {MOST_ITEMS} objects", name)
            return []
        place = (*self._place, name)
        return [
            Fields(each, (*place, index), self._lines, self._faults, known)
            for index, each in enumerate(value)
        ]

    def text(
        self, name: str, default: str | None = None, longest: int = LONGEST_TEXT, shortest: int = 0
    ) -> str:
        """A text. Without a default it must be there; "" stands in for one with a fault."""
        value = self._value.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not shortest <= len(value) <= longest:
            quotes = "" if isinstance(value, str) or value is None else "; write it in quotes"
            self.fault(f"must be text of {shortest} to {longest} characters{quotes}", name)
            return default or ""
        return value

    def one_of(self, name: str, choices: Sequence[str], default: str | None = None) -> str:
        value = self._value.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or value not in choices:
            self.fault(f"must be {listed(choices)}", name)
            return default or choices[0]
        return value

    def whole(self, name: str, lowest: int, highest: int) -> int | None:
        value = self._value.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            self.fault(f"must be a whole number from {lowest} to {highest}", name)
            return None
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self._value.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fault("must be true or false", name)
            return default
        return value

    def words(self, name: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """A text, or a list of texts."""
        value = self._value.get(name)
        if value is None:
            return default
        words = value if isinstance(value, list) else [value]
        if not 1 <= len(words) <= MOST_ITEMS or not all(
            isinstance(word, str) and len(word) <= LONGEST_NAME for word in words
        ):
            self.fault(f"must be text of at most {LONGEST_NAME} characters, or a list of such", name)
            return default
        return tuple(words)

    def texts(self, name: str) -> tuple[tuple[str, str], ...]:
        """An object whose values are texts."""
        value = self._value.get(name)
        if value is None:
            return ()
        if (
            not isinstance(value, dict)
            or len(value) > MOST_ITEMS
            or not all(isinstance(each, str) and len(each) <= LONGEST_TEXT for each in value.values())
        ):
            self.fault("must be an object whose values are texts", name)
            return ()
        return tuple(value.items())

    def policy(self, name: str, default: Policy) -> Policy:
        """`fail`, `leave-out`, or `default:` with a text, a whole number, true or false."""
        value = self._value.get(name)
        if value is None:
            return default
        for policy in (FAIL, LEAVE_OUT):
            if value == policy.kind:
                return policy
        if isinstance(value, dict) and list(value) == ["default"]:
            text = _as_text(value["default"])
            if text is not None and len(text) <= LONGEST_TEXT:
                return Policy("default", text)
        self.fault(
            f"must be fail, leave-out, or default: with a text of at most {LONGEST_TEXT} characters", name
        )
        return default


def _as_text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | str) else None


def path_of(place: Place) -> str:
    """A place as faults name it: `columns[2].type`."""
    path = ""
    for part in place:
        path += (
            f"[{part}]"
            if isinstance(part, int)
            else f".{part[:LONGEST_NAME]}"
            if path
            else part[:LONGEST_NAME]
        )
    return path


def listed(choices: Iterable[str]) -> str:
    """`a, b or c`."""
    *some, last = choices
    return f"{', '.join(some)} or {last}" if some else last
