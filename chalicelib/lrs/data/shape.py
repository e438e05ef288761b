"""The shape that all services of data have for those who work through them: count, page, remove.

An item is what a plan keeps of a thing: JSON that its service alone reads, without personal data where that can be.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Json = Mapping[str, object]
T = TypeVar("T")

LARGEST_PAGE = 150_000  # bytes of JSON: a plan is kept in one record with its job


@dataclass(frozen=True)
class DataPage:
    """Items in the order of the service, and the position behind them.

    `last`: nothing follows. A page that is empty and not the last is one to be asked for again: what is up to the
    cutoff is not decided yet, and some time was waited already.
    """

    items: Sequence[Json]
    next: Json
    last: bool


class DataService(ABC):
    """One service of data. Times are microseconds since 1970; every call raises `Unavailable`."""

    name: str
    per_page: int = 1000
    """Items of a page, or things that they stand for; a page has fewer where they are large."""

    @abstractmethod
    def count(self, store: str, cutoff: int) -> int:
        """About how many items there are up to the cutoff."""

    @abstractmethod
    def page(self, store: str, cutoff: int, position: Json | None, limit: int) -> DataPage:
        """Up to `limit` items behind a position (None: the first), none beyond the cutoff; changes nothing.

        A position is of the page before, with the same cutoff. Nothing up to the cutoff is left out, and nothing
        told that a batch is still writing.
        """

    @abstractmethod
    def remove(self, store: str, items: Sequence[Json]) -> list[str]:
        """Removes items with all that belongs to them; those gone already stay gone.

        The names of those that stay, because they were changed or written anew beyond the cutoff meanwhile. Items
        that were removed by a call that died are removed by the same call again, to the last of what belongs to them.
        """

    @abstractmethod
    def shown(self, item: Json) -> str:
        """A short name of an item for a person; it tells of nobody."""

    def listed(self, items: Sequence[Json], most: int) -> list[str]:
        """Short names of the first things that items stand for."""
        return [self.shown(item) for item in items[:most]]


def amount(items: Sequence[Json]) -> int:
    """How many things items stand for."""
    return sum(whole(item.get("count", 1)) for item in items)


def fitting(found: Sequence[T], item_of: Callable[[T], Json]) -> list[Json]:
    """The items of what was found, as many as one plan holds; one at least."""
    items: list[Json] = []
    size = 0
    for each in found:
        item = item_of(each)
        size += len(json.dumps(item))
        if items and size > LARGEST_PAGE:
            break
        items.append(item)
    return items


def whole(value: object) -> int:
    """A whole number in JSON that was kept."""
    return int(str(value))
