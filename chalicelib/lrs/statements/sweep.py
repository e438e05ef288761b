"""Once a minute: batches past their lease are ended, what was undone is looked at once more, bytes that nothing
refers to are freed."""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chalicelib.errors import Unavailable
from chalicelib.lrs.attachments.service import Attachments
from chalicelib.lrs.statements.settling import Settling
from chalicelib.ports.clock import Clock
from chalicelib.ports.record_clock import RecordClock
from chalicelib.times import microseconds

# A function lives 30 seconds behind the gateway and a request of its a few more: what a batch writes after that it
# wrote before, and only waits somewhere. Ten minutes later nothing waits.
UNDONE_SECONDS = 600
LOOKS = 200  # undone batches that are looked at, and then forgotten, in one step
# Of the function's 55: then no other batch is begun, so that what comes after the stores has its turn in each minute.
STORES_SECONDS = 35
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
        """Sweeps these stores, in any order; one that cannot be swept, or takes long, holds up no other for good."""
        swept = Swept()
        until = self._clock.now() + STORES_SECONDS
        waiting = list(stores)
        random.shuffle(waiting)  # where time is short, others go first in the next minute
        for store in waiting:
            if self._clock.now() >= until:
                break
            swept.stores += 1
            try:
                self._end_batches(store, swept, until)
                self._look_again(store, swept, until)
            except Unavailable as error:
                self._log_failure(f"sweep of store {store}", error)
                swept.failed += 1
        try:
            swept.attachments = self._attachments.sweep(self._settling.refers_to_bytes, ATTACHMENTS_A_SWEEP)
        except Unavailable as error:
            self._log_failure("sweep of attachments", error)
            swept.failed += 1
        return swept

    def _end_batches(self, store: str, swept: Swept, until: float) -> None:
        """Ends the batches past their lease; one that cannot be ended holds up no other."""
        now = microseconds(self._clock.now())
        for batch in self._record_clock.read(store).open.values():
            if batch.lease_until > now:
                continue
            if self._clock.now() >= until:
                return
            try:
                finished = self._settling.settle(store, batch)
            except Exception as error:  # whatever is wrong with one: the others, and other stores, are ended
                self._log_failure(f"ending batch {batch.id} of store {store}", error)
                swept.failed += 1
                continue
            swept.finished += finished
            swept.undone += not finished

    def _look_again(self, store: str, swept: Swept, until: float) -> None:
        """Looks once more for what undone batches wrote late; who is killed goes on where it was in the next minute."""
        before = microseconds(self._clock.now()) - microseconds(UNDONE_SECONDS)
        late = self._record_clock.undone_before(store, before)
        for start in range(0, len(late), LOOKS):
            if self._clock.now() >= until:
                return
            some = late[start : start + LOOKS]
            swept.cleared += self._settling.clear_late(store, some)
            self._record_clock.forget_undone(store, before, some)
