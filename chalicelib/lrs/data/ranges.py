"""Statements as ranges of `stored`: for who removes all of them, and need not know each.

A `stored` is given once in a store and never again: so a range that is decided has in it what it had, or less, whatever
is recorded meanwhile, also under the ids that were in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.errors import Unavailable
from chalicelib.lrs.data.shape import DataPage, DataService, Json, fitting, whole
from chalicelib.lrs.data.statements import item_of, with_few_attachments
from chalicelib.lrs.statements.rewriting import PAUSE_SECONDS, TRIES
from chalicelib.ports.statement_store import PART, StatementSearch

if TYPE_CHECKING:
    from chalicelib.lrs.data.statements import Statements
    from chalicelib.lrs.data.walk import Walk
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.statement_store import StatementStore

LINKED_PER_PAGE = 1000  # statements that refer to others or have attachments: these are named one by one
SHOWN = 10


@dataclass(frozen=True)
class _Range:
    """What was stored after `since` and up to `upto`, and how many that is. `rest`: nothing of its stretch follows."""

    since: int
    upto: int
    count: int
    rest: bool


class StatementRanges(DataService):
    """All statements of a store, voided ones too.

    An item is a range, with the number of its statements as `count`; `linked` are those among them whose attachments
    and marks have to go too; of the first range `first` has the ids of some.
    """

    name = "statements"
    per_page = 10_000

    def __init__(self, walk: Walk, store: StatementStore, statements: Statements, clock: Clock) -> None:
        self._walk, self._store, self._statements, self._clock = walk, store, statements, clock

    def count(self, store: str, cutoff: int) -> int:
        """What was stored up to the cutoff, what a batch is still writing left out."""
        return self._walk.count(StatementSearch(store, cutoff, 0, voided=None))

    def page(self, store: str, cutoff: int, position: Json | None, limit: int) -> DataPage:
        """A range of up to `limit` statements, the newest that are decided first: so the engine keeps them."""
        search = StatementSearch(store, upto=cutoff, limit=limit, voided=None)
        stretch = self._walk.stretch(search, position, newest_first=True)
        if stretch.search is None:
            return self._walk.end(stretch, empty=True)
        found = self._range(stretch.search)
        if not found.count:
            return self._walk.end(stretch, empty=True)
        found, linked = self._with_linked(stretch.search, found)
        item = {"since": found.since, "upto": found.upto, "count": found.count, "linked": linked}
        if position is None:
            item["first"] = self._first(stretch.search)
        if found.rest:
            return replace(self._walk.end(stretch, empty=False), items=[item])
        return replace(self._walk.behind(stretch, found.since + 1), items=[item])

    def remove(self, store: str, items: Sequence[Json]) -> list[str]:
        """Removes what is in these ranges; what was recorded since is in none."""
        for item in items:
            self._remove(
                StatementSearch(
                    store, whole(item["upto"]), whole(item["count"]), whole(item["since"]), voided=None
                )
            )
        self._statements.forget(store, [each for item in items for each in _linked(item)])
        return []

    def shown(self, item: Json) -> str:
        """When the first and the last of a range were stored, in microseconds since 1970."""
        return f"{whole(item['since']) + 1} to {item['upto']}"

    def listed(self, items: Sequence[Json], most: int) -> list[str]:
        """Ids of some."""
        found = [item["first"] for item in items if isinstance(item.get("first"), list)]
        return [str(name) for names in found if isinstance(names, list) for name in names][:most]

    def _range(self, search: StatementSearch) -> _Range:
        end = self._store.page_end(search)
        since = -1 if search.since is None else search.since
        upto = search.upto if search.after is None else min(search.upto, search.after - 1)
        if end.stored is None:
            return _Range(since, upto, end.count, rest=True)
        return _Range(end.stored - 1, upto, end.count, rest=False)

    def _with_linked(self, search: StatementSearch, found: _Range) -> tuple[_Range, list[Json]]:
        """The linked statements of a range, which ends before there are too many for one page."""
        within = replace(
            search, since=found.since, upto=found.upto, after=None, limit=LINKED_PER_PAGE, brief=True
        )
        linked = self._store.search(replace(within, linked=True))
        items = fitting(with_few_attachments(linked), item_of)
        if len(items) == len(linked) < LINKED_PER_PAGE:
            return found, items
        since = linked[len(items) - 1].stored - 1
        return _Range(since, found.upto, self._store.matches(replace(within, since=since)), rest=False), items

    def _first(self, search: StatementSearch) -> list[str]:
        return [record.id for record in self._store.search(replace(search, limit=SHOWN, brief=True))]

    def _remove(self, search: StatementSearch) -> None:
        for _ in range(TRIES):
            if self._store.remove_found(search):
                return
            self._clock.sleep(PAUSE_SECONDS)
            self._store.refresh()
        raise Unavailable(PART, "others kept changing statements")


def _linked(item: Json) -> list[Json]:
    found = item["linked"]
    return found if isinstance(found, list) else []
