"""Once a minute: batches past their lease are ended, what was undone is looked at once more, bytes that nothing
refers to are freed."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chalicelib.errors import Unavailable
from chalicelib.lrs.attachments.service import Attachments
from chalicelib.lrs.statements.settling import Settling
from chalicelib.lrs.times import microseconds
from chalicelib.ports.clock import Clock
from chalicelib.ports.record_clock import RecordClock

# A function lives 30 seconds behind the gateway and a request of its a few more: what a batch writes after that it
# wrote before, and only waits somewhere. Ten minutes later nothing waits.
UNDONE_SECONDS = 600
ATTACHMENTS_A_SWEEP = 200


@dataclass
class Swept:
    """What one sweep did; `failed`: stores that could not be swept, the next minute tries again."""

    stores: int = 0
    finished: int = 0
    undone: int = 0
    cleared: int = 0
    attachments: int = 0
    failed: int = 0


class RecordSweep:
    """Ends what its writers left open."""

    def __init__(
        self,
        record_clock: RecordClock,
        attachments: Attachments,
        settling: Settling,
        clock: Clock,
        log_failure: Callable[[str, Exception], None],
    ) -> None:
        self._record_clock, self._attachments = record_clock, attachments
        self._settling, self._clock = settling, clock
        self._log_failure = log_failure

    def run(self, stores: Iterable[str]) -> Swept:
        """Sweeps these stores; one that cannot be swept holds up no other."""
        swept = Swept()
        for store in stores:
            swept.stores += 1
            try:
                self._sweep(store, swept)
            except Unavailable as error:
                self._log_failure(f"sweep of store {store}", error)
                swept.failed += 1
        try:
            swept.attachments = self._attachments.sweep(self._settling.refers_to_bytes, ATTACHMENTS_A_SWEEP)
        except Unavailable as error:
            self._log_failure("sweep of attachments", error)
            swept.failed += 1
        return swept

    def _sweep(self, store: str, swept: Swept) -> None:
        now = microseconds(self._clock.now())
        for batch in self._record_clock.read(store).open.values():
            if batch.lease_until > now:
                continue
            if self._settling.settle(store, batch):
                swept.finished += 1
            else:
                swept.undone += 1
        before = now - microseconds(UNDONE_SECONDS)
        late = self._record_clock.undone_before(store, before)
        for name in late:
            swept.cleared += self._settling.clear_late(store, name)
        if late:
            self._record_clock.forget_undone(store, before)
