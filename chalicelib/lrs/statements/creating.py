"""Creating the statements of a batch: each is written, or found there already, whoever writes the same ids at once.

docs/record-store.md says under "The same id at once" who goes first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chalicelib.errors import Unavailable, WriteConflict
from chalicelib.lrs.errors import StatementConflict
from chalicelib.lrs.keys import agent_key
from chalicelib.lrs.statements.settling import pending
from chalicelib.lrs.validation.equality import equal
from chalicelib.ports.record_clock import Batch, BatchState, RecordClock
from chalicelib.ports.statement_store import (
    PART,
    Outcome,
    Rejected,
    StatementRecord,
    StatementStore,
    Stored,
    Taken,
    Unsure,
)
from chalicelib.times import microseconds

if TYPE_CHECKING:
    from chalicelib.lrs.access.principal import Principal
    from chalicelib.lrs.statements.preparing import Prepared
    from chalicelib.lrs.statements.settling import Settling
    from chalicelib.ports.clock import Clock

PAUSE_SECONDS = 0.05  # before another look at what someone else is writing


class BeginAnew(Exception):
    """Another batch holds an id of this one and goes first: undo, wait, and write anew."""


@dataclass
class Attempt:
    """One try at writing a batch: what was sent (id → statement), and what was made of each.

    `late`: of some write nothing is known, so that it may arrive after the batch has ended.
    """

    batch: Batch
    sent: Mapping[str, Mapping[str, object]]
    claimed: list[str] = field(default_factory=list)
    made: dict[str, StatementRecord] = field(default_factory=dict)
    late: bool = False


class Creating:
    """Writes the statements of a batch under their ids."""

    def __init__(
        self, record_clock: RecordClock, store: StatementStore, settling: Settling, clock: Clock
    ) -> None:
        self._record_clock, self._store = record_clock, store
        self._settling, self._clock = settling, clock

    def create(
        self, principal: Principal, prepared: Sequence[Prepared], attempt: Attempt, deadline: float
    ) -> None:
        """Creates every statement, or finds the same content there already; `attempt` tells what was made.

        Raises `BeginAnew`, `StatementConflict`, `WriteConflict` (an id was held until `deadline`, in seconds since
        1970), `Unavailable`.
        """
        authority = agent_key(principal.authority) or ""
        records = [
            _record(principal, authority, each, attempt.batch.id, stored)
            for stored, each in enumerate(prepared, attempt.batch.first)
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
        self, principal: Principal, taken: Sequence[StatementRecord], attempt: Attempt
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
        self, principal: Principal, record: StatementRecord, there: StatementRecord, attempt: Attempt
    ) -> None:
        """The id is stored: with the same content that is all, with another it is a conflict or to be replaced."""
        # What is sent again as it was is told by its digest. Whatever else says the same is compared: other spellings,
        # the same from another client, one that was read and is sent back with what the store added.
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
                raise BeginAnew
        elif not isinstance(outcome, Stored):
            raise Unavailable(PART, outcome.reason)
        attempt.made[record.id] = _with(waiting, outcome) if isinstance(outcome, Stored) else there

    def _make_way(self, store: str, other: Batch | None, attempt: Attempt) -> None:
        """An open batch holds the id: the younger of the two begins anew, the older waits; no circle can arise."""
        if other is None:
            return  # registered, or ended, since the clock was read: looked at again
        if other.lease_until <= microseconds(self._clock.now()):
            self._settling.settle(store, other)
        elif other.state is not BatchState.UNDOING and other.first < attempt.batch.first:
            raise BeginAnew

    def _wait(self, deadline: float, name: str) -> None:
        if self._clock.now() >= deadline:
            raise WriteConflict("statement", name)
        self._clock.sleep(PAUSE_SECONDS)


def _record(principal: Principal, authority: str, each: Prepared, batch: str, stored: int) -> StatementRecord:
    return StatementRecord(
        store=principal.store,
        id=each.id,
        batch=batch,
        stored=stored,
        updated=stored,
        client=principal.client,
        authority=authority,
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
