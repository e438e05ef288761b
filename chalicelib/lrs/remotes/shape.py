"""The shape that all other places have for the jobs that copy from and to them.

What is copied is an item: a JSON object of its service, and the bytes that belong to it. Positions are JSON that only
the place that gave them reads.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Json = Mapping[str, object]

MOST_VALUES = 3_000_000  # in the JSON of one answer, or line: below a gigabyte once it is read


@dataclass(frozen=True)
class Item:
    """One thing that is copied.

    `value`: what it is, such as the statement; what is no object is a fault of the place that it came from, told as
    `fault`. `known`: what a store knows of it beside that (times, flags). `contents`: SHA-256 → bytes of the
    attachments that came along. `name`: what a person is told of it.
    """

    name: str
    value: Json = field(repr=False, default_factory=dict)
    known: Json = field(default_factory=dict, repr=False)
    contents: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    fault: str = ""


@dataclass(frozen=True)
class RemotePage:
    """Items in the order of the place, and the position behind them. `last`: nothing follows up to the cutoff.

    The position of a last page is where a later run begins.
    """

    items: Sequence[Item]
    next: Json
    last: bool


@dataclass(frozen=True)
class Target:
    """What is copied to: a service of a store, by a run."""

    service: str
    store: str
    run: str


class Remote(ABC):
    """One other place. Every call raises `Unavailable` (it goes on later) and `RunFailed` (it never will)."""

    @abstractmethod
    def page(self, service: str, store: str, position: Json | None, cutoff: int) -> RemotePage:
        """The page of a service at a position (None: the first), of what was stored there up to the cutoff.

        Asked again for the same position, it begins with the same items.
        """

    @abstractmethod
    def write(self, target: Target, number: int, items: Sequence[Item]) -> list[str]:
        """Writes page `number` (from 0) of a run; why items failed, one text each.

        Written twice, the same page stands there once.
        """

    @abstractmethod
    def end(self, target: Target, pages: int) -> None:
        """Ends a run that wrote so many pages; may be called again."""

    def abandon(self, target: Target, pages: int) -> None:
        """Takes away what a run that will never end has written for itself alone; may be called again."""
        return
