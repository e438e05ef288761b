"""What a committed batch does to others: replaces, voids, is found through what it refers to, makes names known.

Each effect may be done again, and the two ends of a reference may come at once and in either order: each end writes
itself first and looks for the other then, so that one of them sees both. docs/record-store.md has the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from chalicelib.errors import Unavailable
from chalicelib.lrs.times import microseconds
from chalicelib.ports.statement_store import (
    Keys,
    Mark,
    Outcome,
    StatementRecord,
    StatementStore,
    Stored,
    Taken,
)

if TYPE_CHECKING:
    from chalicelib.lrs.options import PipelineOptions
    from chalicelib.lrs.registries.entries import Told
    from chalicelib.lrs.registries.service import Registries
    from chalicelib.lrs.statements.parts import Parts
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.record_clock import ClockReading, RecordClock

T = TypeVar("T")
PART = "The statement store"
TRIES = 20  # at one document that others change at the same moment
MOST_TARGETS = 100  # of one statement: a longer chain of references is found by its nearest hundred
MOST_REFERRERS = 1000  # of statements that wait for one target
MOST_ROUNDS = 100  # of a chain of references that is followed upwards
PER_READ = 1000


@dataclass(frozen=True)
class Due:
    """What a batch has to do to others once it is committed.

    `replacing`: statements wait to take the places of others. `marks`: what others asked for before. `news`: what the
    registries do not know yet.
    """

    records: Sequence[StatementRecord]
    replacing: bool
    referring: Sequence[StatementRecord]
    marks: Mapping[str, Mark]
    news: Sequence[Told]
    voids: bool
    at: int

    @property
    def nothing(self) -> bool:
        """Whether the batch may be committed and closed at once."""
        return not (self.replacing or self.referring or self.marks or self.news)


class Effects:
    """Does, and may do again, what a batch's statements do to others."""

    def __init__(
        self, store: StatementStore, record_clock: RecordClock, registries: Registries, clock: Clock
    ) -> None:
        self._store, self._record_clock = store, record_clock
        self._registries, self._clock = registries, clock

    def due(
        self,
        store: str,
        records: Sequence[StatementRecord],
        options: PipelineOptions,
        *,
        given: bool,
        told: Sequence[Parts],
    ) -> Due:
        """What the statements of one client in a batch, created and perhaps not committed yet, have to do to others.

        `given`: their ids may have been named by other statements before they came. `told`: the parts of those
        statements. Raises `Unavailable`.
        """
        now = self._now()
        client = records[0].client if records else ""
        return Due(
            records=records,
            replacing=any(record.store != store for record in records),
            referring=[record for record in records if record.refers_to is not None],
            marks=self._store.get_marks(store, [record.id for record in records])
            if given and records
            else {},
            news=self._registries.news(store, told, options, now, client),
            voids=options.void_statements,
            at=now,
        )

    def do(self, store: str, due: Due) -> None:
        """Does all that is due, of a committed batch whose statements are in their places.

        Raises `Unavailable`: to be done again.
        """
        for record in due.referring:
            if record.voiding and due.voids and record.refers_to is not None:
                self._void(store, record.refers_to)
            self._refer(store, record)
        self._heed(store, due.marks)
        self._registries.tell(store, due.news, due.at)

    def take_places(self, store: str, records: Sequence[StatementRecord]) -> list[StatementRecord]:
        """Statements that wait to replace others take their places; all records as they are in the store then."""
        settled = []
        for record in records:
            if record.store == store:
                settled.append(record)
                continue
            placed = replace(record, store=store, revision=None)
            self._change(
                lambda placed=placed: self._replacement(store, placed),  # type: ignore[misc]
                lambda made: (
                    self._store.create([made])[0] if made.revision is None else self._store.update([made])[0]
                ),
            )
            if not isinstance(self._store.remove([record])[0], Stored):
                raise Unavailable(PART, "a removal without answer")
            settled.append(placed)
        return settled

    def _replacement(self, store: str, placed: StatementRecord) -> StatementRecord | None:
        there = self._store.get_many(store, [placed.id]).get(placed.id)
        if there is None:
            return placed
        if there.stored >= placed.stored:  # done before, or replaced by a younger one meanwhile
            return None
        return replace(placed, revision=there.revision, voided=there.voided)

    def _void(self, store: str, target: str) -> None:
        """Marks a statement as voided, now or when it comes; a voiding statement cannot be voided."""

        def voided() -> StatementRecord | None:
            found = self._store.get_many(store, [target]).get(target)
            if found is None or found.voiding or found.voided:
                return None
            return replace(found, voided=True, updated=self._now())

        if not self._is_settled(store, target):
            self._mark(store, target, lambda mark: replace(mark, voided=True))
        self._change(voided, self._update)

    def _refer(self, store: str, record: StatementRecord) -> None:
        """Makes a statement be found by what it refers to, now or when that comes."""
        target = record.refers_to
        if target is None:
            return
        if not self._is_settled(store, target):
            self._mark(store, target, lambda mark: _with_referrer(mark, record.id))
        found = self._store.get_many(store, [target]).get(target)
        if found is not None:
            self._spread(store, [(record.id, _targets_of(found))])

    def _heed(self, store: str, marks: Mapping[str, Mark]) -> None:
        """Does to new statements what others that came before asked for."""
        for target, mark in marks.items():
            if mark.voided:
                self._void(store, target)
            found = self._store.get_many(store, [target]).get(target) if mark.referrers else None
            if found is not None:
                self._spread(store, [(referrer, _targets_of(found)) for referrer in mark.referrers])

    def _spread(self, store: str, work: Sequence[tuple[str, Sequence[Keys]]]) -> None:
        """Adds targets to statements, and to those that refer to them, as far as that goes.

        It goes on where nothing was to be added, too: another may have been killed halfway up.
        """
        seen: set[str] = set()
        for _ in range(MOST_ROUNDS):
            for name, targets in work:
                self._add_targets(store, name, targets)
            reached = list(dict.fromkeys(name for name, _ in work if name not in seen))
            seen.update(reached)
            above = self._store.referring_to(store, reached, PER_READ) if reached else []
            if not above:
                return
            below = self._store.get_many(store, reached)
            work = [
                (record.id, _targets_of(below[record.refers_to]))
                for record in above
                if record.refers_to in below
            ]

    def _add_targets(self, store: str, name: str, targets: Sequence[Keys]) -> None:
        """The statement has these targets from here on."""

        def with_targets() -> StatementRecord | None:
            found = self._store.get_many(store, [name]).get(name)
            if found is None:
                return None
            every = tuple(dict.fromkeys((*found.targets, *targets)))[:MOST_TARGETS]
            return None if every == found.targets else replace(found, targets=every)

        self._change(with_targets, self._update)

    def _is_settled(self, store: str, name: str) -> bool:
        """Whether the statement is there for good: committed, so that no other will be written in its place."""
        reading: ClockReading = self._record_clock.read(store)
        found = self._store.get_many(store, [name]).get(name)
        return found is not None and reading.shows(found.stored, found.batch) is True

    def _mark(self, store: str, target: str, change: Callable[[Mark], Mark]) -> None:
        def marked() -> Mark | None:
            mark = self._store.get_marks(store, [target]).get(target, Mark(target))
            changed = change(mark)
            return None if changed == mark else changed

        self._change(marked, lambda mark: self._store.put_mark(store, mark))

    def _update(self, record: StatementRecord) -> Outcome:
        return self._store.update([record])[0]

    def _change(self, made: Callable[[], T | None], write: Callable[[T], Outcome]) -> None:
        """Reads, changes and writes until no one else was faster, or there is nothing to change."""
        for _ in range(TRIES):
            changed = made()
            if changed is None:
                return
            outcome = write(changed)
            if isinstance(outcome, Stored):
                return
            if not isinstance(outcome, Taken):
                raise Unavailable(PART, outcome.reason)
            self._clock.sleep(0.01)
        raise Unavailable(PART, "others kept winning")

    def _now(self) -> int:
        return microseconds(self._clock.now())


def _targets_of(record: StatementRecord) -> list[Keys]:
    return [record.keys, *record.targets]


def _with_referrer(mark: Mark, referrer: str) -> Mark:
    every: Iterable[str] = (*mark.referrers, referrer)
    return replace(mark, referrers=tuple(dict.fromkeys(every))[:MOST_REFERRERS])
