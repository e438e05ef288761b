"""What a job's log and the general log say of its runs."""

from typing import Protocol

from chalicelib.ports.clock import Clock
from chalicelib.ports.jobs import JobEvent, JobRecord, JobStore
from chalicelib.ports.logs import INFO, NOTICE, WARNING
from chalicelib.times import microseconds

PAGES_A_LINE = 10  # a progress line for each so many pages: a million items leave about a hundred lines


class Console(Protocol):
    """The general log of the API that a job belongs to; a line that is lost holds up no run."""

    def __call__(self, job: JobRecord, level: int, message: str) -> None:
        """Writes a line about the run of a job."""
        ...


class Telling:
    """Writes the lines of runs; each has an id of its own, so that what is told twice stands once."""

    def __init__(self, jobs: JobStore, console: Console, clock: Clock) -> None:
        self._jobs, self._write, self._clock = jobs, console, clock

    def of_start(self, job: JobRecord, total: int) -> None:
        """The run has begun."""
        self._add(job, "0", "started", None, f"About {total} items." if total else "")

    def of_beginning(self, job: JobRecord, feedback: str) -> None:
        """The run begins again from the start."""
        beginnings = 0 if job.run is None else job.run.beginnings
        self._add(job, f"1-{beginnings:04d}-anew", "progress", None, f"{feedback} It begins again.")

    def of_page(self, job: JobRecord) -> None:
        """The run has come further."""
        run = job.run
        if run is not None and run.pages % PAGES_A_LINE == 0:
            self._add(job, "1", "progress", None, counts(job))

    def of_halt(self, job: JobRecord, event: str, success: bool | None, feedback: str) -> None:
        """The run stands still and may go on: it was cancelled, or failed for a while."""
        pauses = 0 if job.run is None else job.run.pauses
        self._conclude(job, f"2-{pauses:04d}-{event}", event, success, feedback)

    def of_end(self, job: JobRecord, success: bool, feedback: str) -> None:
        """The run is over."""
        self._conclude(job, "3", "passed" if success else "failed", success, feedback)

    def of_lost(self, job: JobRecord) -> None:
        """The job was deleted while it was being worked on, or another worker has its run."""
        if self._jobs.get(job.type, job.id) is None:
            self._console(job, NOTICE, f"cancelled. The job was deleted. {counts(job)}")

    def _conclude(self, job: JobRecord, place: str, event: str, success: bool | None, feedback: str) -> None:
        text = " ".join(part for part in (feedback, counts(job)) if part)
        self._add(job, place, event, success, text)
        level = WARNING if event == "failed" else NOTICE if event == "cancelled" else INFO
        self._console(job, level, f"{event}. {text}")

    def _add(self, job: JobRecord, place: str, event: str, success: bool | None, feedback: str) -> None:
        run = job.run
        if run is None:
            return
        name = line_id(run.started_at, run.id, run.pages, place)
        self._jobs.add_event(job, JobEvent(name, event, microseconds(self._clock.now()), success, feedback))

    def _console(self, job: JobRecord, level: int, message: str) -> None:
        self._write(job, level, f"{job.name}: {message}")


def line_id(started_at: int, run: str, page: int, place: str) -> str:
    """The id of a line of a job's log, by which lines sort: by run, its pages before, and the place among those.

    `started_at` (microseconds) and `run`: when the run began, and its id.
    """
    return f"{started_at:017d}-{run}-{page:08d}-{place}"


def counts(job: JobRecord) -> str:
    """The counts of a run in words."""
    progress = job.progress
    return f"{progress.done} done, {progress.skipped} skipped, {progress.failed} failed."
