"""Reading statements: by id in real time, by query up to the horizon of their store.

docs/record-store.md says why a reader misses nothing and sees nothing twice.
"""

import json
from collections.abc import Sequence
from dataclasses import replace

from chalicelib.errors import Invalid, NotFound, Unavailable
from chalicelib.lrs.access.principal import Principal
from chalicelib.lrs.cmi5 import rules
from chalicelib.lrs.keys import agent_key
from chalicelib.lrs.statements.query import MOST_PER_PAGE, Cursor, Page, StatementQuery
from chalicelib.ports.clock import Clock
from chalicelib.ports.record_clock import PART, ClockReading, RecordClock
from chalicelib.ports.statement_store import StatementRecord, StatementSearch, StatementStore
from chalicelib.times import microseconds

READS_OF_YOUNG = 5  # a statement that was written while its reader looked at the clock is looked at again
# Lambda takes 6 MB of answer; JSON escapes and the statements' commas need room beside the texts.
PAGE_BYTES = 3_500_000
READS_ALL = frozenset(("xapi/statements/read", "xapi/all/read", "xapi/all"))


class Reader:
    """Shows what is committed, and nothing of what is still being written."""

    def __init__(self, record_clock: RecordClock, store: StatementStore, clock: Clock) -> None:
        self._record_clock, self._store, self._clock = record_clock, store, clock
        self._refreshed: dict[str, int] = {}  # store → `finished` of a reading that a refresh followed

    def get(self, principal: Principal, statement_id: str, voided: bool = False) -> StatementRecord:
        """One statement, with `voided` one that was voided. Raises `NotFound`; `Forbidden`; `Unavailable`."""
        record = self.find(principal.store, [statement_id]).get(statement_id.lower())
        authority = _authority(principal)
        if record is None or record.voided != voided or authority not in (None, record.authority):
            raise NotFound("statement", statement_id)
        if principal.cmi5 is not None:
            rules.may_read(principal.cmi5, json.loads(record.text))
        return record

    def find(self, store: str, ids: Sequence[str]) -> dict[str, StatementRecord]:
        """The committed statements with these ids (in lower case), voided ones included, as they are now."""
        wanted = [each.lower() for each in ids]
        found: dict[str, StatementRecord] = {}
        for _ in range(READS_OF_YOUNG):
            # The clock first: a batch that is closed there was decided before its statements are read.
            reading = self._record_clock.read(store)
            young = []
            for name, record in self._store.get_many(store, wanted).items():
                shown = reading.shows(record.stored, record.batch)
                if shown is None:
                    young.append(name)
                elif shown:
                    found[name] = record
            if not young:
                return found
            wanted = young
        raise Unavailable(PART, "statements kept being written")

    def query(self, principal: Principal, query: StatementQuery, cursor: str | None = None) -> Page:
        """A page of the statements that match; the pages of one query show a fixed set.

        Raises `Invalid` for a cursor that is none; `Forbidden` where a cmi5 token asks for others'; `Unavailable`.
        """
        query = rules.narrowed(principal.cmi5, query)
        search = StatementSearch(
            store=principal.store,
            upto=0,
            limit=min(query.limit or MOST_PER_PAGE, MOST_PER_PAGE),
            since=query.since,
            until=query.until,
            ascending=query.ascending,
            agent=query.agent,
            related_agents=query.related_agents,
            activity=query.activity,
            related_activities=query.related_activities,
            verb=query.verb,
            registration=query.registration,
            # What others say about the statements of a session is not the session's own.
            targeting=principal.options.query_targeting and principal.cmi5 is None,
            authority=_authority(principal),
        )
        return self.page(search, cursor)

    def page(self, search: StatementSearch, cursor: str | None = None) -> Page:
        """A page of what a search finds, whose `upto`, `after` and `undone` are set here; of a hundred at most."""
        limit = min(search.limit, MOST_PER_PAGE)
        place = Cursor.read(cursor) if cursor is not None else None
        if cursor is not None and place is None:
            raise Invalid({"cursor": ["The cursor is not one that an answer gave: send it as it is."]})
        reading = self._up_to_date(search.store, first=place is None)
        # A cursor that someone made up reads no further than the clock allows.
        horizon = reading.horizon if place is None else min(place.horizon, reading.horizon)
        found = self._store.search(
            replace(
                search,
                upto=horizon,
                after=None if place is None else place.after,
                limit=limit + 1,
                undone=reading.hidden,
            )
        )
        page = Page(found[:limit], len(found) > limit, horizon)
        return page.cut(_fitting(page.records))

    def consistent_through(self, store: str, *, asked: bool = False) -> int:
        """All that was stored in the store up to this time is shown by any query from now on.

        `asked`: of one who reads, and perhaps waits until it is past a time of his own: this moment, unless a batch is
        open; otherwise the last time that was taken, for which nothing is written.
        """
        if asked:
            return self._record_clock.raise_to(store, microseconds(self._clock.now())).horizon
        return self._record_clock.read(store).horizon

    def _up_to_date(self, store: str, first: bool) -> ClockReading:
        """The clock of the store, with everything up to its horizon made visible to searches."""
        if first:
            reading = self._record_clock.raise_to(store, microseconds(self._clock.now()))
        else:
            reading = self._record_clock.read(store)
        if self._refreshed.get(store) != reading.finished:
            self._store.refresh()
            self._refreshed[store] = reading.finished
        return reading


def _authority(principal: Principal) -> str | None:
    """The authority whose statements this caller may read; None: everyone's."""
    if principal.permissions & READS_ALL:
        return None
    return agent_key(principal.authority) or ""


def _fitting(records: Sequence[StatementRecord]) -> int:
    """How many of the records one answer holds; one at least."""
    size = 0
    for count, record in enumerate(records):
        size += len(record.text.encode())
        if count and size > PAGE_BYTES:
            return count
    return len(records)
