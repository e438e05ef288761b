"""The order in which the statements of a store are gone through while others write: by `stored`, what is decided first.

A position: `floor` (exclusive) and `upto`, between which statements are gone through; `after` which it goes on (None:
with the first), or that it is at the end. What is decided later is gone through after that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.lrs.data.shape import DataPage, whole
from chalicelib.ports.statement_store import StatementSearch

if TYPE_CHECKING:
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.record_clock import RecordClock
    from chalicelib.ports.statement_store import StatementStore

Json = Mapping[str, object]
# For a batch up to the cutoff to end; its writer, or the sweep, ends it within two minutes.
WAIT_SECONDS = 1.0
END = "end"


@dataclass(frozen=True)
class Stretch:
    """What a position stands for.

    `search`: what is to be searched; None: nothing that is decided is left. `waits`: a batch up to the cutoff is not
    decided. `last`: nothing follows what the search finds.
    """

    search: StatementSearch | None
    floor: int
    upto: int
    waits: bool
    last: bool


class Walk:
    """Every call raises `Unavailable`."""

    def __init__(self, record_clock: RecordClock, store: StatementStore, clock: Clock) -> None:
        self._record_clock, self._store, self._clock = record_clock, store, clock

    def count(self, search: StatementSearch) -> int:
        """How many a search finds, what a batch is still writing left out; its `upto` is the cutoff."""
        reading = self._record_clock.read(search.store)
        self._store.refresh()
        upto = min(search.upto, reading.horizon)
        return self._store.matches(replace(search, upto=upto, undone=reading.hidden))

    def stretch(self, search: StatementSearch, position: Json | None, newest_first: bool = False) -> Stretch:
        """What is to be searched from a position on; `after`, `undone` and the order of the search are set here."""
        # The clock first: what is up to its horizon was written before, and is seen after a refresh.
        reading = self._record_clock.read(search.store)
        decided = min(search.upto, reading.horizon)
        begun = position or {"floor": -1, "upto": -1, "after": END}
        floor, upto, after = whole(begun["floor"]), whole(begun["upto"]), begun["after"]
        if after == END and upto < decided:
            self._store.refresh()
            floor, upto, after = upto, decided, None
        waits = upto < search.upto and any(batch.first <= search.upto for batch in reading.open.values())
        between = replace(
            search,
            since=search.since if floor < 0 else max(floor, search.since or 0),
            upto=upto,
            after=None if after is None or after == END else whole(after),
            ascending=not newest_first,
            undone=reading.hidden,
        )
        is_over = after == END
        return Stretch(None if is_over else between, floor, upto, waits, not waits and upto >= decided)

    def behind(self, stretch: Stretch, stored: int) -> DataPage:
        """The page without items that ends with this statement; more may follow."""
        return DataPage((), {"floor": stretch.floor, "upto": stretch.upto, "after": stored}, False)

    def end(self, stretch: Stretch, empty: bool) -> DataPage:
        """The page without items at the end of a stretch; if that is `empty`, what is not decided is waited for."""
        if stretch.waits and empty:
            self._clock.sleep(WAIT_SECONDS)
        return DataPage((), {"floor": stretch.floor, "upto": stretch.upto, "after": END}, stretch.last)
