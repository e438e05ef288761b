"""Works on a run, page after page, as long as there is time; another invocation goes on.

The order of the writes is what makes a page count once: docs/jobs.md has the table, and what a crash leaves behind.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

from chalicelib.errors import Unavailable
from chalicelib.jobs import runs
from chalicelib.jobs.run_type import BeginAnew, Done, Json, Plan, RunFailed, RunType, WorkOf
from chalicelib.jobs.telling import Telling
from chalicelib.ports.jobs import JobRecord, JobStore, Run, RunState
from chalicelib.times import microseconds

if TYPE_CHECKING:
    from chalicelib.jobs.wake_up import WakeUps
    from chalicelib.ports.clock import Clock

WorkT = TypeVar("WorkT")

# A page, its checkpoint and the hand-over must fit in what is left.
RESERVE_SECONDS = 60.0
# A lease is renewed within a page after so long; the longest call is far below a lease.
KEPT_FOR = 20 * 1_000_000
RACES = 10  # against a person who stops the run, at one write
RETRIES = (2.0, 10.0)  # seconds until a page is tried again that met a part which did not answer
BROKEN = "The page could not be worked on; the fault is noted on our side. Nothing of it is counted."
KEPT_DYING = "The run was given up: its workers kept ending at the same page. Send replay to begin again."
KEPT_BEGINNING = "It was given up, for that happened again and again; send replay to begin again."
STOPPED = "Stopped by request; resume goes on from here."
NOT_THERE = "{} is not available at the moment."
LATER = "It goes on by itself in some minutes."
KEPT_WAITING = "It was given up, for that did not change; send replay to begin again."


class _Lost(Exception):
    """The run is another's, was ended or deleted: this worker has nothing more to do with it."""


class Worker(Generic[WorkT]):
    """Does the work of runs; one call a wake-up. `types` finds a type by its name, `work_of` makes what it is given."""

    def __init__(
        self,
        jobs: JobStore,
        wake_ups: WakeUps,
        clock: Clock,
        new_id: Callable[[], str],
        types: Callable[[str], RunType[WorkT]],
        work_of: WorkOf[WorkT],
        telling: Telling,
        log_failure: Callable[[str, Exception], None],
    ) -> None:
        self._jobs, self._wake_ups, self._clock, self._new_id = jobs, wake_ups, clock, new_id
        self._types, self._work_of = types, work_of
        self._telling, self._log_failure = telling, log_failure

    def work(self, kind: str, job_id: str, run_id: str, seconds_left: Callable[[], float]) -> None:
        """Goes on with a run until it ends, is stopped, or time is short.

        A wake-up of a run that is over, or in another's hands, does nothing. Raises `Unavailable`: the wake-up
        should come again.
        """
        job = self._jobs.get(kind, job_id)
        if job is None or job.run is None or job.run.id != run_id or job.run.state is RunState.STOPPED:
            return
        turn = _Turn(self, job, self._new_id(), seconds_left)
        try:
            turn.go()
        except _Lost:
            if self._jobs.get(kind, job_id) is None:
                turn.of_deleted()
            self._telling.of_lost(turn.job)

    def _now(self) -> int:
        return microseconds(self._clock.now())


class _Turn(Generic[WorkT]):
    """What one worker does with one run in one invocation."""

    def __init__(
        self, worker: Worker[WorkT], job: JobRecord, name: str, seconds_left: Callable[[], float]
    ) -> None:
        self._jobs, self._wake_ups, self._clock = worker._jobs, worker._wake_ups, worker._clock
        self._types, self._work_of = worker._types, worker._work_of
        self._telling, self._log_failure, self._now = worker._telling, worker._log_failure, worker._now
        self._name, self._seconds_left = name, seconds_left
        self.job = job
        self._taken = self._worked = False

    def go(self) -> None:
        self._move(lambda job, run: runs.taken(job, run, self._name, self._now()))
        self._taken = True
        if self._run.attempts > runs.MOST_ATTEMPTS:
            self._end(False, KEPT_DYING)
            return
        try:
            while not self._is_through():
                pass
        except RunFailed as failed:
            self._fail(failed)
        except (Unavailable, _Lost):
            raise
        except Exception as error:
            self._log_failure(f"job {self.job.id} of type {self.job.type}", error)
            self._end(False, BROKEN)

    def _is_through(self) -> bool:
        """Works until there is nothing left to do here; False: the run has begun anew."""
        try:
            self._patiently()
        except BeginAnew as lost:
            why = lost.feedback
            if self._run.beginnings >= runs.MOST_BEGINNINGS:
                raise RunFailed(f"{why} {KEPT_BEGINNING}") from lost
            before = self.job
            self._telling.of_beginning(self.job, why)
            self._move(lambda job, run: runs.begun_anew(job, run, why, self._now()))
            self._abandon(before)
            return False
        return True

    def _patiently(self) -> None:
        """Goes on where a part did not answer; the record says from where. Raises `RunFailed` when it never does."""
        for pause in (*RETRIES, None):
            try:
                self._pages()
                return
            except Unavailable as error:
                self._log_failure(f"job {self.job.id} of type {self.job.type}", error)
                if pause is None or self._seconds_left() < RESERVE_SECONDS:
                    raise RunFailed(NOT_THERE.format(error.part), resumable=True) from error
            self._clock.sleep(pause)
            self._look_again()

    def _pages(self) -> None:
        while True:
            if self._run.state is RunState.STOPPING:
                self._stop()
                return
            if self._run.plan is None and not self._run.last:
                self._begin()
                continue
            if self._run.plan is None:
                self._finish()
                return
            # One page at least: or a run would never end where invocations are short.
            if self._worked and self._seconds_left() < RESERVE_SECONDS:
                self._hand_over()
                return
            self._page(self._run.plan)
            self._worked = True

    def _begin(self) -> None:
        """Counts what is ahead, and decides the first page."""
        if self._run.position is None:
            total = self._type.total(self._work)
            if not self._run.beginnings:
                self._telling.of_start(self.job, total)
            self._move(lambda job, _: runs.expecting(job, total))
        plan = self._type.plan(self._work, self._run.position)
        self._move(lambda job, run: runs.planned(job, run, plan, self._now()))

    def _page(self, items: Json) -> None:
        done = self._type.apply(self._work, items) if items else Done()
        last = self._run.last if done.last is None else done.last
        position = self._run.position if done.next is None else done.next
        plan: Plan | None = None
        fault: Exception | None = None
        try:
            plan = None if last else self._type.plan(self._work, position)
        except _Lost:
            raise
        except Exception as error:  # what was done is counted, whatever becomes of the page after it
            fault = error
        self._move(lambda job, run: runs.counted(job, run, done, plan, self._now()))
        self._telling.of_page(self.job)
        if fault is not None:
            raise fault

    def _keep(self) -> None:
        """Renews the lease within a page, now and then. Raises `_Lost` where the run is another's by now."""
        if self._run.lease_until - self._now() < runs.LEASE - KEPT_FOR:
            self._move(lambda job, run: runs.kept(job, run, self._now()))

    def _hand_over(self) -> None:
        self._move(lambda job, run: runs.handed_over(job, run, self._now()))
        try:
            self._wake_ups.send(self.job)
        except Unavailable as error:  # its lease runs out, and the tick wakes a worker
            self._log_failure(f"wake-up of job {self.job.id}", error)

    def _stop(self) -> None:
        self._telling.of_halt(self.job, "cancelled", None, STOPPED)
        self._move(lambda job, run: runs.stopped(job, run, STOPPED))

    def _fail(self, failed: RunFailed) -> None:
        """Ends a run, or lets it wait for what did not answer; the page that was decided is kept."""
        if self._run.state is RunState.STOPPING:
            self._stop()
        elif failed.resumable and self._run.pauses < runs.MOST_PAUSES:
            feedback = f"{failed.feedback} {LATER}"
            self._telling.of_halt(self.job, "failed", False, feedback)
            self._move(lambda job, run: self._waiting(job, run, feedback))
        else:
            self._end(False, f"{failed.feedback} {KEPT_WAITING}" if failed.resumable else failed.feedback)

    def _waiting(self, job: JobRecord, run: Run, feedback: str) -> JobRecord:
        if run.state is RunState.STOPPING:
            return runs.stopped(job, run, STOPPED)
        return runs.waiting(job, run, feedback, self._now())

    def _finish(self) -> None:
        evidence = self._type.finish(self._work)
        memory = self._type.memory(self._work, self._run.position)
        settings = self._type.kept_after(self._work)
        self._telling.of_end(self.job, True, "")
        self._move(lambda job, _: runs.ended(job, True, "", self._now(), evidence, memory, settings))

    def _end(self, success: bool, feedback: str) -> None:
        before = self.job
        self._telling.of_end(self.job, success, feedback)
        self._move(lambda job, _: runs.ended(job, success, feedback, self._now()))
        if not success:
            self._abandon(before)

    def of_deleted(self) -> None:
        """Takes away what the run of a job that was deleted has written for itself alone."""
        self._abandon(self.job)

    def _abandon(self, job: JobRecord) -> None:
        """As far as that goes; nobody works on the run any more."""
        if job.run is None:
            return
        try:
            self._type.abandon(
                self._work_of(job, job.run, self._seconds_left, lambda: None), job.run.position
            )
        except Exception as error:  # the run has ended all the same, for its own reason
            self._log_failure(f"what run {job.run.id} of job {job.id} leaves", error)

    @property
    def _run(self) -> Run:
        if self.job.run is None:
            raise _Lost
        return self.job.run

    def _move(self, move: Callable[[JobRecord, Run], JobRecord]) -> None:
        """Makes a move, again on what a person changed meanwhile; raises `_Lost` where the run is not this worker's."""
        for _ in range(RACES):
            self._check_mine()
            stored = self._jobs.put(move(self.job, self._run), self.job.version)
            if stored is not None:
                self.job = stored
                return
            self._look_again()
        raise Unavailable("The job store", "lost races")

    def _look_again(self) -> None:
        found = self._jobs.get(self.job.type, self.job.id)
        if found is None or found.run is None or found.run.id != self._run.id:
            raise _Lost
        self.job = found
        self._check_mine()

    def _check_mine(self) -> None:
        """Raises `_Lost` where another works on the run, or nobody is to."""
        run = self._run
        mine = run.worker == self._name if self._taken else not run.worker or run.lease_until <= self._now()
        if run.state is RunState.STOPPED or not mine:
            raise _Lost

    @cached_property
    def _type(self) -> RunType[WorkT]:
        return self._types(self.job.type)

    @cached_property
    def _work(self) -> WorkT:
        return self._work_of(self.job, self._run, self._seconds_left, self._keep)
