"""How a batch ends: finished with all its effects, or undone without a trace."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from chalicelib.errors import Unavailable
from chalicelib.lrs.options import with_these_off
from chalicelib.lrs.statements.parts import parts
from chalicelib.ports.record_clock import Batch, BatchState, RecordClock
from chalicelib.ports.statement_store import PART, Rejected, StatementRecord, StatementStore, Unsure
from chalicelib.times import microseconds

if TYPE_CHECKING:
    from chalicelib.lrs.attachments.service import Attachments
    from chalicelib.lrs.options import PipelineOptions
    from chalicelib.lrs.statements.effects import Effects
    from chalicelib.ports.clock import Clock

# Of a batch, and so of a request: what is checked and written within the gateway's 29 seconds, with room. One read has
# them all; of a larger batch the sweep would not see the rest.
MOST_STATEMENTS = 500
MOST_REMOVED = 10_000
PENDING = "~pending"


def pending(store: str) -> str:
    """Where statements wait that will replace others when their batch is committed; no query looks there."""
    return f"{store}{PENDING}"


class Settling:
    """Ends batches whose writer gave up or died; every call may be repeated, and made by several at once."""

    def __init__(
        self,
        record_clock: RecordClock,
        store: StatementStore,
        attachments: "Attachments",
        effects: "Effects",
        clock: "Clock",
        options_of: Callable[[str], "PipelineOptions"],
    ) -> None:
        self._record_clock, self._store, self._attachments = record_clock, store, attachments
        self._effects, self._clock, self._options_of = effects, clock, options_of

    def settle(self, store: str, batch: Batch) -> bool:
        """Ends a batch past its lease; True where it was finished, False where it was undone.

        Raises `Unavailable`; what was done until then need not be done again.
        """
        if batch.state is BatchState.WRITING and self._record_clock.begin_undo(store, batch.id):
            self.undo(store, batch.id)
            return False
        if batch.state is BatchState.UNDOING:
            self.undo(store, batch.id)
            return False
        records = self.written(store, batch.id)
        for client in sorted({record.client for record in records}):
            own = [record for record in records if record.client == client]
            placed = self._effects.take_places(store, own)
            told = [parts(json.loads(record.text)) for record in placed]
            # By the options of the request: those of the client may be others, and may have changed since.
            options = self._options_of(client) if batch.off is None else with_these_off(batch.off)
            due = self._effects.due(store, placed, options, given=True, told=told, ended=True)
            self._effects.do(store, due)
        self._record_clock.finish(store, batch.id)
        self._attachments.release(store, batch.id, _attachments(records))
        return True

    def undo(self, store: str, batch: str, claimed: Iterable[str] = (), *, late: bool = True) -> None:
        """Removes what a batch that is being undone has written. `claimed`: attachments it is known to hold.

        `late`: a write of its may be under way still; False where each was answered, as its writer alone knows.
        """
        hashes = dict.fromkeys((*claimed, *_attachments(self.clear(store, [batch]))))
        self._attachments.release(store, batch, list(hashes))
        self._free(store, hashes)
        self._record_clock.end_undo(store, batch, microseconds(self._clock.now()), late=late)

    def clear_late(self, store: str, batches: Sequence[str]) -> int:
        """Removes what batches wrote after they were undone, with its attachments; how many statements."""
        removed = self.clear(store, batches)
        self._free(store, _attachments(removed))
        return len(removed)

    def refers_to_bytes(self, store: str, sha256: str) -> bool:
        """Whether any statement has this attachment, those that wait to replace others included."""
        # In this order: one that takes its place meanwhile is seen in at least one of the two.
        return any(self._store.attached(place, sha256) for place in (pending(store), store))

    def clear(self, store: str, batches: Sequence[str]) -> list[StatementRecord]:
        """Removes every statement that these batches wrote; those that it removed."""
        removed: list[StatementRecord] = []
        for place in (store, pending(store)):
            while found := self._store.of_batches(place, batches, MOST_STATEMENTS):
                self._remove(found)
                removed += found
                if len(removed) > MOST_REMOVED:
                    raise Unavailable(PART, "statements of a batch keep coming back")
        return removed

    def written(self, store: str, batch: str) -> list[StatementRecord]:
        """What a batch wrote, what waits to replace others included."""
        return [
            *self._store.of_batch(store, batch, MOST_STATEMENTS),
            *self._store.of_batch(pending(store), batch, MOST_STATEMENTS),
        ]

    def _free(self, store: str, hashes: Iterable[str]) -> None:
        self._attachments.free(store, hashes, lambda sha256: self.refers_to_bytes(store, sha256))

    def _remove(self, records: Sequence[StatementRecord]) -> None:
        """Removes all of these; one that changed meanwhile is found again. Raises `Unavailable` unless all is known."""
        if any(isinstance(outcome, (Unsure, Rejected)) for outcome in self._store.remove(records)):
            raise Unavailable(PART, "a removal without answer")


def _attachments(records: Iterable[StatementRecord]) -> list[str]:
    return list(dict.fromkeys(sha256 for record in records for sha256 in record.attachments))
