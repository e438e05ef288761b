"""What a committed batch does to others: replaces, voids, is found through what it refers to, makes names known.

Each effect may be done again, and the two ends of a reference may come at once and in either order: each end writes
itself first and looks for the other then, so that one of them sees both. docs/record-store.md has the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from chalicelib.errors import Unavailable
from chalicelib.lrs.statements.references import marked, pieces, targets_from, with_targets
from chalicelib.lrs.statements.retargeting import Retargeting
from chalicelib.lrs.statements.rewriting import PAUSE_SECONDS, TRIES, rewrite
from chalicelib.ports.statement_store import (
    PART,
    Keys,
    Mark,
    Outcome,
    StatementRecord,
    StatementStore,
    Stored,
    Taken,
)
from chalicelib.times import microseconds

if TYPE_CHECKING:
    from chalicelib.lrs.attachments.service import Attachments
    from chalicelib.lrs.options import PipelineOptions
    from chalicelib.lrs.registries.entries import Told
    from chalicelib.lrs.registries.service import Registries
    from chalicelib.lrs.statements.parts import Parts
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.record_clock import ClockReading, RecordClock

T = TypeVar("T")
MOST_ROUNDS = 100  # of a chain of references that is followed upwards
MOST_REACHED = 10_000  # statements that are told of a batch: what the sweep does in half of its minute
# After that the old statement is gone, whoever of writer and sweep took the place: its attachments may be freed.
REPLACED_SECONDS = 3600
PER_READ = 1000


@dataclass(frozen=True)
class Due:
    """What a batch has to do to others once it is committed.

    `replacing`: statements wait to take the places of others. `replaced`: ids of statements that did so, or may have;
    who refers to them is found through what they say now. `marks`: what others asked for before. `news`: what the
    registries do not know yet.
    """

    records: Sequence[StatementRecord]
    replacing: bool
    replaced: Sequence[str]
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
        self,
        store: StatementStore,
        record_clock: RecordClock,
        registries: Registries,
        attachments: Attachments,
        clock: Clock,
    ) -> None:
        self._store, self._record_clock, self._attachments = store, record_clock, attachments
        self._registries, self._clock = registries, clock
        self._retargeting = Retargeting(store, record_clock, clock)

    def due(
        self,
        store: str,
        records: Sequence[StatementRecord],
        options: PipelineOptions,
        *,
        given: bool,
        told: Sequence[Parts],
        ended: bool = False,
    ) -> Due:
        """What the statements of one client in a batch, created and perhaps not committed yet, have to do to others.

        `given`: their ids may have been named by other statements before they came. `told`: the parts of those
        statements. `ended`: another wrote them, and which of them replaced others is not known any more. Raises
        `Unavailable`.
        """
        now = self._now()
        client = records[0].client if records else ""
        return Due(
            records=records,
            replacing=any(record.store != store for record in records),
            replaced=[record.id for record in records if ended or record.store != store],
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
        self._leave_marks(store, due)
        asked = [target for target, mark in due.marks.items() if mark.voided]
        self._change_all(store, [*_voided_by(due.referring, due.voids), *asked], self._voided)
        self._make_found(store, due)
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
        lost = [sha256 for sha256 in there.attachments if sha256 not in placed.attachments]
        self._attachments.look_at(store, lost, self._now() + microseconds(REPLACED_SECONDS))
        return replace(placed, revision=there.revision, voided=there.voided)

    def _leave_marks(self, store: str, due: Due) -> None:
        """Tells those who will come of those who void them and refer to them."""
        referrers: dict[str, list[str]] = {}
        for record in due.referring:
            if record.refers_to is not None:
                referrers.setdefault(record.refers_to, []).append(record.id)
        voided = frozenset(_voided_by(due.referring, due.voids))
        for target in self._unsettled(store, list(referrers)):
            self._mark(
                store,
                target,
                lambda mark, target=target: marked(mark, referrers[target], target in voided),  # type: ignore[misc]
            )

    def _voided(self, found: StatementRecord) -> StatementRecord | None:
        """The statement as voided; a voiding statement cannot be voided."""
        return None if found.voiding or found.voided else replace(found, voided=True, updated=self._now())

    def _make_found(self, store: str, due: Due) -> None:
        """Who refers to others is found through them, as they are.

        Who replaces a statement writes it first, and renews those that refer to it then; who refers to one writes
        itself first, and looks at the end whether that is still what it read. One of them sees the other.
        """
        names = dict.fromkeys(record.refers_to for record in due.referring if record.refers_to is not None)
        waited = [target for target, mark in due.marks.items() if mark.referrers]
        known = self._known(store, list(dict.fromkeys((*names, *waited))))
        self._spread(store, self._work(due, waited, known))
        renewed = list(due.replaced)
        if known:
            now = self._known(store, list(known))
            renewed += [name for name, found in known.items() if name in now and now[name].keys != found.keys]
        if renewed:
            self._retargeting.renew(store, renewed, waiting=False)

    @staticmethod
    def _work(due: Due, waited: Sequence[str], known: Mapping[str, StatementRecord]) -> dict[str, list[Keys]]:
        """Which statements are to have which targets: those of the batch that refer to others, those that waited."""
        work = {record.id: targets_from(record.refers_to, known) for record in due.referring}
        for target in waited:
            for referrer in due.marks[target].referrers:
                work.setdefault(referrer, []).extend(targets_from(target, known))
        return {name: targets for name, targets in work.items() if targets}

    def _spread(self, store: str, work: dict[str, list[Keys]]) -> None:
        """Adds targets to statements, and to those that refer to them, as far as that goes.

        It goes on where nothing was to be added, too: another may have been killed halfway up.
        """
        seen: set[str] = set()
        told = 0
        for _ in range(MOST_ROUNDS):
            names = list(work)[: MOST_REACHED - told]
            told += len(names)
            changed = self._add_targets(store, names, work)
            reached = [name for name in names if name not in seen or name in changed]
            seen.update(names)
            above = self._above(store, reached)
            if not above:
                return
            below = self._known(store, list(dict.fromkeys(above.values())))
            work = {
                name: [below[target].keys, *below[target].targets]
                for name, target in above.items()
                if target in below
            }

    def _add_targets(self, store: str, names: Sequence[str], work: Mapping[str, Sequence[Keys]]) -> set[str]:
        return self._change_all(store, names, lambda found: with_targets(found, work[found.id]))

    def _above(self, store: str, names: Sequence[str]) -> dict[str, str]:
        """Those that refer to one of these, at most a thousand to each: id → to which."""
        if not names:
            return {}
        found = self._store.referring_to(store, names, PER_READ)
        if len(found) < PER_READ or len(names) == 1:
            return found
        half = len(names) // 2
        return self._above(store, names[:half]) | self._above(store, names[half:])

    def _known(self, store: str, names: Sequence[str]) -> dict[str, StatementRecord]:
        """Those of the statements that are there, without their texts."""
        return {
            name: replace(found, text="")
            for some in pieces(names)
            for name, found in self._store.get_many(store, some).items()
        }

    def _unsettled(self, store: str, names: Sequence[str]) -> list[str]:
        """Those that are not there for good: not committed, so that another may be written in their places."""
        if not names:
            return []
        reading: ClockReading = self._record_clock.read(store)
        known = self._known(store, names)
        settled = {name for name, found in known.items() if reading.shows(found.stored, found.batch) is True}
        return [name for name in names if name not in settled]

    def _change_all(
        self,
        store: str,
        names: Iterable[str],
        change: Callable[[StatementRecord], StatementRecord | None],
    ) -> set[str]:
        """Those that were changed."""

        def changed_of(found: Sequence[StatementRecord]) -> list[StatementRecord]:
            return [each for record in found if (each := change(record)) is not None]

        changed: set[str] = set()
        for some in pieces(list(dict.fromkeys(names))):
            done = rewrite(self._store, self._clock, store, some, changed_of)
            done.check()
            changed |= done.changed
        return changed

    def _mark(self, store: str, target: str, change: Callable[[Mark], Mark]) -> None:
        def marked() -> Mark | None:
            mark = self._store.get_marks(store, [target]).get(target, Mark(target))
            changed = change(mark)
            return None if changed == mark else changed

        self._change(marked, lambda mark: self._store.put_mark(store, mark))

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
            self._clock.sleep(PAUSE_SECONDS)
        raise Unavailable(PART, "others kept winning")

    def _now(self) -> int:
        return microseconds(self._clock.now())


def _voided_by(referring: Sequence[StatementRecord], voids: bool) -> list[str]:
    return [each.refers_to for each in referring if voids and each.voiding and each.refers_to is not None]
