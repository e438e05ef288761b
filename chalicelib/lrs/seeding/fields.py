"""The fields of an object of a config, read strictly: a fault is noted under its path, and the reading goes on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from chalicelib.lrs.validation.data_types import is_iri

LONGEST_TEXT = 1000
MOST_LANGUAGES = 20
MOST_NAMED = 100  # families of a kind, verbs, templates; names in a list

T = TypeVar("T")
Faults = list[tuple[str, str]]


class Fields:
    """The fields of one object; a fault is noted under its path, and something harmless stands in."""

    def __init__(self, value: object, path: str, faults: Faults, known: Collection[str]) -> None:
        self._path, self._faults = path, faults
        self._value: Mapping[str, object] = value if isinstance(value, dict) else {}
        if not isinstance(value, dict):
            self.fault("", "must be an object")
        for name in self._value:
            if name not in known:
                self.fault(name[:100], f"is not known; known here: {', '.join(known)}")

    def fault(self, name: str, rule: str) -> None:
        self._faults.append((self.path(name), rule))

    def path(self, name: str) -> str:
        return ".".join(part for part in (self._path, name) if part)

    def get(self, name: str) -> object:
        return self._value.get(name)

    def has(self, name: str) -> bool:
        return self._value.get(name) is not None

    def text(self, name: str, default: str | None = "") -> str:
        value = self.get(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT or "\0" in value:
            self.fault(name, f"must be text of 1 to {LONGEST_TEXT} characters")
            return ""
        return value

    def iri(self, name: str, default: str | None = "") -> str:
        value = self.text(name, default)
        if value and value != default and not is_iri(value.replace("{n}", "1")):
            self.fault(name, "must be an absolute address (IRI)")
        return value

    def whole(self, name: str, default: int | None, lowest: int, highest: int) -> int:
        value = self.get(name)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int) or not lowest <= value <= highest:
            self.fault(name, f"must be a whole number from {lowest} to {highest}")
            return lowest
        return value

    def number(self, name: str, default: float, lowest: float, highest: float) -> float:
        value = self.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not lowest <= value <= highest:
            self.fault(name, f"must be a number from {lowest:g} to {highest:g}")
            return lowest
        return float(value)

    def flag(self, name: str) -> bool:
        value = self.get(name)
        if value is not None and not isinstance(value, bool):
            self.fault(name, "must be true or false")
        return value is True

    def share(self, name: str) -> float | None:
        return self.number(name, 0, 0, 1) if self.has(name) else None

    def range(self, name: str, lowest: float, highest: float) -> tuple[float, float] | None:
        value = self.get(name)
        if value is None:
            return None
        right = isinstance(value, list) and len(value) == 2
        numbers = [
            each
            for each in (value if isinstance(value, list) else ())
            if isinstance(each, int | float) and not isinstance(each, bool) and lowest <= each <= highest
        ]
        if not right or len(numbers) != 2 or numbers[0] > numbers[1]:
            self.fault(name, f"must be two numbers from {lowest:g} to {highest:g}, the lower one first")
            return None
        return float(numbers[0]), float(numbers[1])

    def seed(self) -> str:
        value = self.get("seed")
        return (
            str(value) if isinstance(value, int) and not isinstance(value, bool) else self.text("seed", "1")
        )

    def one_of(self, name: str, choices: set[str], what: str) -> str:
        value = self.text(name)
        if value and value not in choices:
            self.fault(name, f"must be {what}")
        return value

    def several(
        self, name: str, choices: Collection[str], what: str, default: Collection[str] = ()
    ) -> list[str]:
        """A name, or a list of names."""
        value = self.get(name)
        if value is None and default:
            return list(default)
        names = value if isinstance(value, list) else [value]
        if (
            not names
            or len(names) > MOST_NAMED
            or any(not isinstance(each, str) or each not in choices for each in names)
        ):
            self.fault(name, f"must be {what}, or a list of such")
            return []
        return [str(each) for each in names]

    def texts(self, name: str) -> list[str]:
        value = self.get(name)
        if value is None:
            return []
        right = isinstance(value, list) and 1 <= len(value) <= MOST_NAMED
        if not right or any(
            not isinstance(each, str) or len(each) > LONGEST_TEXT or "\0" in each for each in _listed(value)
        ):
            self.fault(name, f"must be a list of 1 to {MOST_NAMED} texts")
            return []
        return [str(each) for each in _listed(value)]

    def map(self, name: str) -> dict[str, str]:
        """A language map; its tags are judged with the statements."""
        value = self.get(name)
        if value is None:
            return {}
        if (
            not isinstance(value, dict)
            or len(value) > MOST_LANGUAGES
            or any(
                not isinstance(text, str) or len(text) > LONGEST_TEXT or "\0" in text
                for text in value.values()
            )
        ):
            self.fault(name, f"must be a language map of up to {MOST_LANGUAGES}, such as {{en: Course}}")
            return {}
        return {tag: str(text) for tag, text in value.items()}

    def items(self, name: str) -> list[tuple[str, object]]:
        """The items of a list that must be there, with their paths."""
        value = self.get(name)
        if not isinstance(value, list) or not 1 <= len(value) <= MOST_NAMED:
            self.fault(name, f"must be a list of 1 to {MOST_NAMED}")
            return []
        return [(f"{self.path(name)}[{index}]", each) for index, each in enumerate(value)]

    def families(self, name: str, read: Callable[..., T], required: bool = True) -> dict[str, T]:
        value = self.get(name)
        if value is None and not required:
            return {}
        if not isinstance(value, dict) or not 1 <= len(value) <= MOST_NAMED:
            self.fault(name, f"must be an object with 1 to {MOST_NAMED} names")
            return {}
        return {each: read(inner, f"{name}.{each[:100]}", self._faults) for each, inner in value.items()}

    def check_names(self, *kinds: Mapping[str, object]) -> None:
        """Names of families are told apart by themselves alone."""
        seen: set[str] = set()
        for part, kind in zip(("agents", "groups", "activities"), kinds, strict=True):
            for name in kind:
                if name in seen:
                    self.fault(f"{part}.{name[:100]}", "must have a name that no other family has")
                seen.add(name)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []
