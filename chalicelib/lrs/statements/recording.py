"""Recording statements: all of a request or nothing, each once, none without its attachments.

docs/record-store.md has the states of a batch, and what a crash between any two steps leaves behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.errors import Unavailable, WriteConflict
from chalicelib.lrs.cmi5 import rules
from chalicelib.lrs.errors import StatementConflict, TooLarge
from chalicelib.lrs.options import off_after_commit
from chalicelib.lrs.statements.creating import PAUSE_SECONDS, Attempt, BeginAnew, Creating
from chalicelib.lrs.statements.preparing import Prepared, prepare
from chalicelib.lrs.statements.settling import MOST_STATEMENTS
from chalicelib.ports.record_clock import BatchState, ClockReading, RecordClock
from chalicelib.ports.statement_store import PART, StatementStore
from chalicelib.times import microseconds

if TYPE_CHECKING:
    from chalicelib.lrs.access.principal import Principal
    from chalicelib.lrs.attachments.service import Attachments
    from chalicelib.lrs.statements.effects import Due, Effects
    from chalicelib.lrs.statements.settling import Settling
    from chalicelib.lrs.versions import XapiVersion
    from chalicelib.ports.clock import Clock

# Longer than a function lives behind the gateway (29 s and a little); the sweep looks each minute.
LEASE_SECONDS = 60
# Any writer is dead long before: a claim must outlive whatever its batch may still commit.
CLAIM_SECONDS = 3600
PATIENCE_SECONDS = 15.0  # for a batch of someone else that holds the same id; the gateway waits 29 s


@dataclass(frozen=True)
class Recorded:
    """What became of a request. `ids`: as the client spelled them.

    `consistent_through`: all that was stored up to this time is shown by any query from now on; None: the clock was
    not seen last.
    """

    ids: list[str]
    consistent_through: int | None = None


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
        self._record_clock = record_clock
        self._attachments, self._effects, self._settling = attachments, effects, settling
        self._clock, self._new_id, self._log_failure = clock, new_id, log_failure
        self._creating = Creating(record_clock, store, settling, clock)

    def record(
        self,
        principal: Principal,
        version: XapiVersion,
        statements: Sequence[object],
        contents: Mapping[str, bytes],
        statement_id: str | None = None,
    ) -> Recorded:
        """Stores all of these statements or none.

        `contents`: SHA-256 → bytes of the attachments that came along. `statement_id`: the one that a PUT names.
        Raises `TooLarge`, `InvalidStatements`, `Forbidden` (by a cmi5 token), `StatementConflict` (an id is stored
        with other content), `WriteConflict` (others kept writing the same ids), `Unavailable` (it may have happened;
        the same request again tells).
        """
        if len(statements) > MOST_STATEMENTS:
            raise TooLarge(
                f"There are {len(statements)} statements; {MOST_STATEMENTS} at most are taken at once."
            )
        kept = dict(contents) if principal.options.record_attachments else {}
        prepared = prepare(principal, version, statements, frozenset(kept), statement_id)
        rules.may_write(principal.cmi5, [each.value for each in prepared])
        seen = self._write(principal, prepared, kept) if prepared else None
        return Recorded([each.shown_id for each in prepared], None if seen is None else seen.horizon)

    def _write(
        self, principal: Principal, prepared: Sequence[Prepared], contents: Mapping[str, bytes]
    ) -> ClockReading | None:
        """Writes them; the clock as it was seen last."""
        deadline = self._clock.now() + PATIENCE_SECONDS
        name = self._new_id()
        while self._clock.now() < deadline:
            attempt = self._begin(principal, name, prepared, contents)
            try:
                self._creating.create(principal, prepared, attempt, deadline)
                if not self._attachments.confirm(principal.store, name, attempt.claimed):
                    raise Unavailable(PART, "the claims on attachments ran out, it took too long")
                due = self._due(principal, prepared, attempt)
            except BeginAnew:
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
        self, principal: Principal, name: str, prepared: Sequence[Prepared], contents: Mapping[str, bytes]
    ) -> Attempt:
        store = principal.store
        if contents:
            now = microseconds(self._clock.now())
            self._attachments.claim(store, name, contents, now + microseconds(CLAIM_SECONDS))
        now = microseconds(self._clock.now())
        batch = self._record_clock.register(
            store,
            name,
            len(prepared),
            now,
            now + microseconds(LEASE_SECONDS),
            off_after_commit(principal.options),
        )
        return Attempt(batch, {each.id: each.value for each in prepared}, list(contents))

    def _give_up(self, store: str, attempt: Attempt) -> None:
        """Undoes the attempt as far as it goes; what it leaves, the sweep undoes."""
        try:
            if self._record_clock.begin_undo(store, attempt.batch.id):
                self._settling.undo(store, attempt.batch.id, attempt.claimed, late=attempt.late)
        except Unavailable as error:
            self._log_failure(f"undoing batch {attempt.batch.id} of store {store}", error)

    def _due(self, principal: Principal, prepared: Sequence[Prepared], attempt: Attempt) -> Due:
        written = [each for each in prepared if each.id in attempt.made]
        return self._effects.due(
            principal.store,
            [attempt.made[each.id] for each in written],
            principal.options,
            given=any(each.given for each in written),
            told=[each.parts for each in written],
        )

    def _end(self, store: str, attempt: Attempt, due: Due) -> ClockReading | None:
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
