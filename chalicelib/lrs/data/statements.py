"""Statements as data: gone through by `stored`, removed by revision, with their attachments and marks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.errors import Unavailable
from chalicelib.lrs.data.shape import DataPage, Json, fitting, whole
from chalicelib.lrs.data.walk import Walk
from chalicelib.lrs.statements.retargeting import Retargeting
from chalicelib.lrs.statements.rewriting import PAUSE_SECONDS, TRIES
from chalicelib.ports.statement_store import (
    PART,
    Keys,
    Mark,
    Revision,
    StatementRecord,
    StatementSearch,
    Stored,
    Taken,
)

if TYPE_CHECKING:
    from chalicelib.lrs.attachments.service import Attachments
    from chalicelib.lrs.statements.settling import Settling
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.record_clock import RecordClock
    from chalicelib.ports.statement_store import StatementStore

ATTACHMENTS_PER_PAGE = 100  # freeing one is two searches and two deletions


class Statements:
    """All statements of a store, voided ones too."""

    def __init__(
        self,
        record_clock: RecordClock,
        store: StatementStore,
        attachments: Attachments,
        settling: Settling,
        clock: Clock,
    ) -> None:
        self._record_clock, self._store = record_clock, store
        self._attachments, self._settling, self._clock = attachments, settling, clock
        self._walk = Walk(record_clock, store, clock)
        self._retargeting = Retargeting(store, record_clock, clock)

    def count_of(self, search: StatementSearch) -> int:
        """How many a search finds, what a batch is still writing left out; its `upto` is the cutoff."""
        return self._walk.count(search)

    def page_of(self, search: StatementSearch, position: Json | None, newest_first: bool = False) -> DataPage:
        """Up to `limit` items of what a search finds, oldest first unless told otherwise.

        Its `upto` is the cutoff; `after`, `undone` and the order are set here. A position is of the page before, with
        the same search; `chalicelib.lrs.data.walk` tells what is in one.
        """
        records, page = self.records_of(replace(search, brief=True), position, newest_first)
        items = fitting(with_few_attachments(records), item_of)
        if len(items) < len(records):
            return DataPage(items, {**page.next, "after": records[len(items) - 1].stored}, False)
        return replace(page, items=items)

    def records_of(
        self, search: StatementSearch, position: Json | None, newest_first: bool = False
    ) -> tuple[list[StatementRecord], DataPage]:
        """As `page_of`, the statements themselves, and a page without items."""
        stretch = self._walk.stretch(search, position, newest_first)
        found = self._store.search(stretch.search) if stretch.search is not None else []
        if found and len(found) >= search.limit:
            return found, self._walk.behind(stretch, found[-1].stored)
        return found, self._walk.end(stretch, empty=not found)

    def remove(self, store: str, items: Sequence[Json]) -> None:
        """Removes these statements; another that has the id of one meanwhile stays, and is no item of these.

        Those that refer to them are found through them no more.
        """
        self._remove(store, items)
        self._retargeting.renew(store, [str(item["id"]) for item in items])
        self.forget(store, items)

    def forget(self, store: str, items: Sequence[Json]) -> None:
        """Ends what removed statements leave: marks for those that never came, and bytes that nobody has any more."""
        self._forget_marks(store, items)
        # Before bytes are freed: who reads a list from now on finds none of the statements.
        self._record_clock.touch(store)
        hashes = dict.fromkeys(sha256 for item in items for sha256 in _texts(item, "attachments"))
        self._attachments.free(store, hashes, lambda sha256: self._settling.refers_to_bytes(store, sha256))

    def shown(self, item: Json) -> str:
        """Its id."""
        return str(item["id"])

    def _remove(self, store: str, items: Sequence[Json]) -> None:
        stored = {str(item["id"]): whole(item["stored"]) for item in items}
        left = [_record(store, item) for item in items]
        for _ in range(TRIES):
            outcomes = self._store.remove(left)
            if not all(isinstance(outcome, (Stored, Taken)) for outcome in outcomes):
                raise Unavailable(PART, "a removal without answer")
            taken = [
                record.id
                for record, outcome in zip(left, outcomes, strict=True)
                if isinstance(outcome, Taken)
            ]
            if not taken:
                return
            found = self._store.get_many(store, taken).values()
            left = [record for record in found if record.stored == stored[record.id]]
            self._clock.sleep(PAUSE_SECONDS)
        raise Unavailable(PART, "others kept changing statements")

    def _forget_marks(self, store: str, items: Sequence[Json]) -> None:
        """Takes these statements out of what waits for those that they refer to and that never came."""
        gone = {str(item["id"]) for item in items if "refers_to" in item}
        left = list(dict.fromkeys(str(item["refers_to"]) for item in items if "refers_to" in item))
        for _ in range(TRIES):
            if not left:
                return
            marks = self._store.get_marks(store, left)
            left = []
            for mark in marks.values():
                changed = self._without(store, mark, gone)
                if changed == mark:
                    continue
                outcome = self._store.put_mark(store, changed)
                if isinstance(outcome, Taken):
                    left.append(mark.target)
                elif not isinstance(outcome, Stored):
                    raise Unavailable(PART, "a mark without answer")
        raise Unavailable(PART, "others kept changing marks")

    def _without(self, store: str, mark: Mark, gone: Iterable[str]) -> Mark:
        """The mark without these referrers; voided only if one of those that stay voids."""
        stay = tuple(name for name in mark.referrers if name not in gone)
        if stay == mark.referrers:
            return mark
        voided = mark.voided and any(each.voiding for each in self._store.get_many(store, stay).values())
        return replace(mark, referrers=stay, voided=voided)


def item_of(record: StatementRecord) -> Json:
    """The item of a statement that was read."""
    if record.revision is None:
        raise ValueError("not a stored statement")
    item: dict[str, object] = {
        "id": record.id,
        "stored": record.stored,
        "revision": [record.revision.seq_no, record.revision.primary_term],
    }
    if record.attachments:
        item["attachments"] = list(record.attachments)
    if record.refers_to is not None:
        item["refers_to"] = record.refers_to
    return item


def with_few_attachments(records: Sequence[StatementRecord]) -> Sequence[StatementRecord]:
    """As many of the statements as have few attachments together; one at least."""
    count = 0
    for place, record in enumerate(records):
        count += len(record.attachments)
        if place and count > ATTACHMENTS_PER_PAGE:
            return records[:place]
    return records


def _texts(item: Json, name: str) -> list[str]:
    value = item.get(name, ())
    return [str(each) for each in value] if isinstance(value, list) else []


def _record(store: str, item: Json) -> StatementRecord:
    """As much of a statement as its removal needs."""
    revision = item["revision"]
    if not isinstance(revision, list):
        raise ValueError("no item of a statement")
    return StatementRecord(
        store=store,
        id=str(item["id"]),
        batch="",
        stored=whole(item["stored"]),
        updated=0,
        client="",
        authority="",
        text="",
        digest="",
        keys=Keys(),
        revision=Revision(whole(revision[0]), whole(revision[1])),
    )
