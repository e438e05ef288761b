"""Recording statements: all of a request or nothing, each once, none without its attachments.

docs/record-store.md has the states of a batch, and what a crash between any two steps leaves behind.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chalicelib.errors import Unavailable, WriteConflict
from chalicelib.lrs.cmi5 import rules
from chalicelib.lrs.errors import StatementConflict
from chalicelib.lrs.keys import agent_key
from chalicelib.lrs.statements.preparing import Prepared, prepare
from chalicelib.lrs.statements.settling import pending
from chalicelib.lrs.times import microseconds
from chalicelib.lrs.validation.equality import equal
from chalicelib.ports.record_clock import Batch, BatchState, ClockReading, RecordClock
from chalicelib.ports.statement_store import (
    Outcome,
    Rejected,
    StatementRecord,
    StatementStore,
    Stored,
    Taken,
    Unsure,
)

if TYPE_CHECKING:
    from chalicelib.lrs.access.principal import Principal
    from chalicelib.lrs.attachments.service import Attachments
    from chalicelib.lrs.statements.effects import Due, Effects
    from chalicelib.lrs.statements.settling import Settling
    from chalicelib.lrs.versions import XapiVersion
    from chalicelib.ports.clock import Clock

PART = "The statement store"
# Longer than a function lives behind the gateway (29 s and a little); the sweep looks each minute.
LEASE_SECONDS = 60
# Any writer is dead long before: a claim must outlive whatever its batch may still commit.
CLAIM_SECONDS = 3600
PATIENCE_SECONDS = 15.0  # for a batch of someone else that holds the same id; the gateway waits 29 s
PAUSE_SECONDS = 0.05


class _Again(Exception):
    """Another batch holds an id of this one and goes first: undo, wait, and write anew."""


@dataclass(frozen=True)
class Recorded:
    """What became of a request. `ids`: as the client spelled them.

    `consistent_through`: all that was stored up to this time is shown by any query from now on; None: the clock was
    not seen last.
    """

    ids: list[str]
    consistent_through: int | None = None


@dataclass
class _Attempt:
    """One try at writing a batch: what was sent (id → statement), and what was made of each.

    `late`: of some write nothing is known, so that it may arrive after the batch has ended.
    """

    batch: Batch
    sent: Mapping[str, Mapping[str, object]]
    claimed: list[str] = field(default_factory=list)
    made: dict[str, StatementRecord] = field(default_factory=dict)
    late: bool = False


class Recording:
    """Writes the statements of one request at a time."""

    def __init__(
        self,
        record_clock: RecordClock,
        store: StatementStore,
        attachments: Attachments,
        effects: Effects,
        settling: Settling,
        clock: Clock,
        new_id: Callable[[], str],
        log_failure: Callable[[str, Exception], None],
    ) -> None:
        self._record_clock, self._store = record_clock, store
        self._attachments, self._effects, self._settling = attachments, effects, settling
        self._clock, self._new_id, self._log_failure = clock, new_id, log_failure

    def record(
        self,
        principal: Principal,
        version: XapiVersion,
        statements: Sequence[object],
        parts: Mapping[str, bytes],
        statement_id: str | None = None,
    ) -> Recorded:
        """Stores all of these statements or none.

        `parts`: SHA-256 → bytes of the attachments that came along. `statement_id`: the one that a PUT names.
        Raises `InvalidStatements`, `Forbidden` (by a cmi5 token), `StatementConflict` (an id is stored with other
        content), `WriteConflict` (others kept writing the same ids), `Unavailable` (it may have happened; the same
        request again tells).
        """
        kept = dict(parts) if principal.options.record_attachments else {}
        prepared = prepare(principal, version, statements, frozenset(kept), statement_id)
        rules.may_write(principal.cmi5, [each.value for each in prepared])
        seen = self._write(principal, prepared, kept) if prepared else None
        return Recorded([each.shown_id for each in prepared], None if seen is None else seen.horizon)

    def _write(
        self, principal: Principal, prepared: Sequence[Prepared], parts: Mapping[str, bytes]
    ) -> ClockReading | None:
        """Writes them; the clock as it was seen last."""
        deadline = self._clock.now() + PATIENCE_SECONDS
        name = self._new_id()
        while self._clock.now() < deadline:
            attempt = self._begin(principal.store, name, prepared, parts)
            try:
                self._fill(principal, prepared, attempt, deadline)
                if not self._attachments.confirm(principal.store, name, attempt.claimed):
                    raise Unavailable(PART, "the claims on attachments ran out, it took too long")
                due = self._due(principal, prepared, attempt)
            except _Again:
                self._give_up(principal.store, attempt)
                self._clock.sleep(PAUSE_SECONDS)
                name = self._new_id()
                continue
            except (StatementConflict, Unavailable, WriteConflict):
                self._give_up(principal.store, attempt)
                raise
            return self._end(principal.store, attempt, due)
        raise WriteConflict("statement", prepared[0].shown_id)

    def _begin(
        self, store: str, name: str, prepared: Sequence[Prepared], parts: Mapping[str, bytes]
    ) -> _Attempt:
        if parts:
            now = microseconds(self._clock.now())
            self._attachments.claim(store, name, parts, now + microseconds(CLAIM_SECONDS))
        now = microseconds(self._clock.now())
        batch = self._record_clock.register(
            store, name, len(prepared), now, now + microseconds(LEASE_SECONDS)
        )
        return _Attempt(batch, {each.id: each.value for each in prepared}, list(parts))

    def _fill(
        self, principal: Principal, prepared: Sequence[Prepared], attempt: _Attempt, deadline: float
    ) -> None:
        """Creates every document, or finds the same content there already."""
        first = attempt.batch.first
        records = [
            _record(principal, each, attempt.batch.id, first + index) for index, each in enumerate(prepared)
        ]
        unsure = 0
        while records:
            rest: list[StatementRecord] = []
            taken: list[StatementRecord] = []
            outcomes = self._store.create(records)
            attempt.late |= any(isinstance(outcome, Unsure) for outcome in outcomes)
            for record, outcome in zip(records, outcomes, strict=True):
                if isinstance(outcome, Stored):
                    attempt.made[record.id] = record
                else:
                    self._note(record, outcome, rest, taken)
            unsure += bool(rest)
            if unsure > 1:
                raise Unavailable(PART, "writes without answer")
            records = [*rest, *self._look_at(principal, taken, attempt)]
            if records and not rest:
                self._wait(deadline, records[0].id)

    @staticmethod
    def _note(
        record: StatementRecord,
        outcome: Outcome,
        rest: list[StatementRecord],
        taken: list[StatementRecord],
    ) -> None:
        if isinstance(outcome, Rejected):
            raise Unavailable(PART, outcome.reason)
        (rest if isinstance(outcome, Unsure) else taken).append(record)

    def _look_at(
        self, principal: Principal, taken: Sequence[StatementRecord], attempt: _Attempt
    ) -> list[StatementRecord]:
        """What is to be tried again of the statements whose ids are taken."""
        if not taken:
            return []
        reading = self._record_clock.read(principal.store)
        found = self._store.get_many(principal.store, [record.id for record in taken])
        again = []
        for record in taken:
            there = found.get(record.id)
            if there is None:  # undone in the meantime
                again.append(record)
            elif there.batch == attempt.batch.id:  # an answer was lost, not the write
                attempt.made[record.id] = there
            elif reading.shows(there.stored, there.batch):
                self._meet(principal, record, there, attempt)
            elif there.batch in reading.undone:
                self._store.remove([there])
                again.append(record)
            else:
                self._make_way(principal.store, reading.open.get(there.batch), attempt)
                again.append(record)
        return again

    def _meet(
        self, principal: Principal, record: StatementRecord, there: StatementRecord, attempt: _Attempt
    ) -> None:
        """The id is stored: with the same content that is all, with another it is a conflict or to be replaced."""
        # By their digests most are told. One that was read and is sent back has what the store added, a timestamp too.
        if there.digest == record.digest or equal(json.loads(there.text), attempt.sent[record.id]):
            return
        # The bearer of a cmi5 token could take away what others recorded, which is worse than to void it.
        if principal.options.check_conflicts or principal.cmi5 is not None:
            raise StatementConflict(record.id)
        waiting = _with_store(record, pending(record.store))
        outcome = self._store.create([waiting])[0]
        attempt.late |= isinstance(outcome, Unsure)
        if isinstance(outcome, Taken):
            there = self._store.get_many(waiting.store, [record.id]).get(record.id, there)
            if there.batch != attempt.batch.id:
                raise _Again
        elif not isinstance(outcome, Stored):
            raise Unavailable(PART, outcome.reason)
        attempt.made[record.id] = _with(waiting, outcome) if isinstance(outcome, Stored) else there

    def _make_way(self, store: str, other: Batch | None, attempt: _Attempt) -> None:
        """An open batch holds the id: the younger of the two begins anew, the older waits; no circle can arise."""
        if other is None:
            return  # registered, or ended, since the clock was read: looked at again
        if other.lease_until <= microseconds(self._clock.now()):
            self._settling.settle(store, other)
        elif other.state is not BatchState.UNDOING and other.first < attempt.batch.first:
            raise _Again

    def _wait(self, deadline: float, name: str) -> None:
        if self._clock.now() >= deadline:
            raise WriteConflict("statement", name)
        self._clock.sleep(PAUSE_SECONDS)

    def _give_up(self, store: str, attempt: _Attempt) -> None:
        """Undoes the attempt as far as it goes; what it leaves, the sweep undoes."""
        try:
            if self._record_clock.begin_undo(store, attempt.batch.id):
                self._settling.undo(store, attempt.batch.id, attempt.claimed, late=attempt.late)
        except Unavailable as error:
            self._log_failure(f"undoing batch {attempt.batch.id} of store {store}", error)

    def _due(self, principal: Principal, prepared: Sequence[Prepared], attempt: _Attempt) -> Due:
        written = [each for each in prepared if each.id in attempt.made]
        return self._effects.due(
            principal.store,
            [attempt.made[each.id] for each in written],
            principal.options,
            given=any(each.given for each in written),
            told=[each.parts for each in written],
        )

    def _end(self, store: str, attempt: _Attempt, due: Due) -> ClockReading | None:
        """Commits, does the effects, closes. Once it is committed and in its place, the request has succeeded."""
        batch = attempt.batch.id
        closed: ClockReading | None = None
        if due.nothing:
            closed = self._record_clock.finish(store, batch, writing=True)
            done = closed is not None
        else:
            done = self._record_clock.commit(store, batch)
        if not done and not self._is_committed(store, batch):
            raise Unavailable(PART, "the batch was undone, it took too long")
        # Not to be left to the sweep: until then the old content would be read under the id.
        self._effects.take_places(store, due.records)
        try:
            if not due.nothing:
                self._effects.do(store, due)
                closed = self._record_clock.finish(store, batch)
            self._attachments.release(store, batch, attempt.claimed)
        except Unavailable as error:
            self._log_failure(f"effects of batch {batch} of store {store}", error)
        return closed

    def _is_committed(self, store: str, batch: str) -> bool:
        """Whether a batch that could not be moved on had been, by a call whose answer was lost."""
        reading = self._record_clock.read(store)
        found = reading.open.get(batch)
        if found is not None:
            return found.state is BatchState.COMMITTED
        return batch not in reading.undone


def _record(principal: Principal, each: Prepared, batch: str, stored: int) -> StatementRecord:
    return StatementRecord(
        store=principal.store,
        id=each.id,
        batch=batch,
        stored=stored,
        updated=stored,
        client=principal.client,
        authority=agent_key(principal.authority) or "",
        text=each.text(stored),
        digest=each.digest,
        keys=each.keys,
        refers_to=each.refers_to,
        voiding=each.voiding,
        attachments=each.attachments,
        validated=each.validated,
        valid=True if each.validated else None,
    )


def _with(record: StatementRecord, outcome: Stored) -> StatementRecord:
    return replace(record, revision=outcome.revision)


def _with_store(record: StatementRecord, store: str) -> StatementRecord:
    return replace(record, store=store)
