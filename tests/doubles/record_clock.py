"""The clocks of stores in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from chalicelib.ports.record_clock import Batch, BatchState, ClockReading


@dataclass
class _Clock:
    last: int = 0
    finished: int = 0
    open: dict[str, Batch] = field(default_factory=dict)
    undone: dict[str, int] = field(default_factory=dict)


@dataclass
class MemoryRecordClock:
    """A `RecordClock` in memory; `tests.doubles.faults.Faulty` before it lets a call go wrong."""

    _clocks: dict[str, _Clock] = field(default_factory=dict)

    def read(self, store: str) -> ClockReading:
        return _reading(self._clocks.get(store, _Clock()))

    def raise_to(self, store: str, at: int) -> ClockReading:
        clock = self._of(store)
        clock.last = max(clock.last, at)
        return _reading(clock)

    def register(
        self,
        store: str,
        batch: str,
        count: int,
        now: int,
        lease_until: int,
        off: tuple[str, ...] | None = None,
    ) -> Batch:
        clock = self._of(store)
        if batch not in clock.open:
            first = max(now, clock.last + 1)
            clock.last = first + count - 1
            clock.open[batch] = Batch(batch, first, clock.last, lease_until, off=off)
        return clock.open[batch]

    def commit(self, store: str, batch: str) -> bool:
        return self._move(store, batch, BatchState.WRITING, BatchState.COMMITTED)

    def finish(self, store: str, batch: str, *, writing: bool = False) -> ClockReading | None:
        clock = self._of(store)
        found = clock.open.get(batch)
        ends = (BatchState.COMMITTED, BatchState.WRITING) if writing else (BatchState.COMMITTED,)
        if found is None or found.state not in ends:
            return None
        del clock.open[batch]
        clock.finished += 1
        return _reading(clock)

    def begin_undo(self, store: str, batch: str) -> bool:
        return self._move(store, batch, BatchState.WRITING, BatchState.UNDOING)

    def end_undo(self, store: str, batch: str, now: int, *, late: bool = True) -> None:
        clock = self._of(store)
        found = clock.open.get(batch)
        if found is not None and found.state is BatchState.UNDOING:
            del clock.open[batch]
            if late:
                clock.undone[batch] = now
            clock.finished += 1

    def touch(self, store: str) -> None:
        if store in self._clocks:
            self._clocks[store].finished += 1

    def forget_undone(self, store: str, before: int, only: Sequence[str] | None = None) -> None:
        clock = self._of(store)
        gone = {
            batch for batch, at in clock.undone.items() if at < before and (only is None or batch in only)
        }
        clock.undone = {batch: at for batch, at in clock.undone.items() if batch not in gone}

    def undone_before(self, store: str, before: int) -> list[str]:
        return [batch for batch, at in self._of(store).undone.items() if at < before]

    def forget_store(self, store: str) -> None:
        self._clocks.pop(store, None)

    def _of(self, store: str) -> _Clock:
        return self._clocks.setdefault(store, _Clock())

    def _move(self, store: str, batch: str, start: BatchState, end: BatchState) -> bool:
        clock = self._of(store)
        found = clock.open.get(batch)
        if found is None or found.state not in (start, end):
            return False
        clock.open[batch] = replace(found, state=end)
        return True


def _reading(clock: _Clock) -> ClockReading:
    return ClockReading(clock.last, dict(clock.open), frozenset(clock.undone), clock.finished)
