"""Once a minute: what is due begins, and what lost its worker gets another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.jobs import runs
from chalicelib.jobs.slots import Slots
from chalicelib.jobs.wake_up import WakeUps
from chalicelib.ports.clock import Clock
from chalicelib.ports.jobs import JobRecord, JobStore, RunState
from chalicelib.times import microseconds

PER_TICK = 500  # what is left over is the most overdue at the next


@dataclass
class Ticked:
    """What one tick did; `failed`: jobs that the next tick tries again."""

    started: int = 0
    woken: int = 0
    failed: int = 0


class Tick:
    """Starts what is due; two at once start each slot once, since a start is one conditional write."""

    def __init__(
        self,
        jobs: JobStore,
        slots: Slots,
        wake_ups: WakeUps,
        clock: Clock,
        new_id: Callable[[], str],
        log_failure: Callable[[str, Exception], None],
    ) -> None:
        self._jobs, self._slots, self._wake_ups = jobs, slots, wake_ups
        self._clock, self._new_id, self._log_failure = clock, new_id, log_failure

    def run(self) -> Ticked:
        """Looks at what is due and nothing else, most overdue first. Raises `Unavailable` where that cannot be read."""
        ticked = Ticked()
        for listed in self._jobs.due(self._now(), PER_TICK):
            try:
                # The index may lag behind: only the record itself says whether the job is due.
                self.look_at(self._jobs.get(listed.type, listed.id), ticked)
            except Exception as error:  # one job that cannot be read holds up no other
                self._log_failure(f"tick of job {listed.id}", error)
                ticked.failed += 1
        return ticked

    def look_at(self, job: JobRecord | None, ticked: Ticked) -> None:
        """Starts a job, or wakes a worker for it, if it is due; for who made it, and need not wait for the minute.

        Raises `Unavailable`: the next tick does it.
        """
        if job is not None and job.due_at is not None and job.due_at <= self._now():
            self._move(job, ticked)

    def _move(self, job: JobRecord, ticked: Ticked) -> None:
        now = self._now()
        run = job.run
        if run is not None and run.state is not RunState.STOPPED:
            ticked.woken += self._write(job, runs.freed(job, run, now))
        elif run is not None and runs.waits(run) and not job.replay:
            ticked.woken += self._write(job, runs.resumed(job, run, now))
        else:
            moved = runs.started(job, self._new_id(), now, self._slots.after(job, now))
            ticked.started += self._write(job, moved)

    def _write(self, job: JobRecord, moved: JobRecord) -> bool:
        """Whether this tick made the move; then a worker is woken."""
        stored = self._jobs.put(moved, job.version)
        if stored is None:
            return False
        self._wake_ups.send(stored)
        return True

    def _now(self) -> int:
        return microseconds(self._clock.now())
