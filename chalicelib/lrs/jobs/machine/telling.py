"""What a job's log and the general log say of its runs."""

from chalicelib.lrs.logs.service import Logs
from chalicelib.lrs.times import microseconds
from chalicelib.ports.clock import Clock
from chalicelib.ports.jobs import JobEvent, JobRecord, JobStore
from chalicelib.ports.logs import INFO, NOTICE, WARNING

PAGES_A_LINE = 10  # a progress line for each so many pages: a million items leave about a hundred lines


class Telling:
    """Writes the lines of runs; each has an id of its own, so that what is told twice stands once."""

    def __init__(self, jobs: JobStore, logs: Logs, clock: Clock) -> None:
        self._jobs, self._logs, self._clock = jobs, logs, clock

    def of_start(self, job: JobRecord, total: int) -> None:
        """The run has begun."""
        self._add(job, "0", "started", None, f"About {total} items." if total else "")

    def of_page(self, job: JobRecord) -> None:
        """The run has come further."""
        run = job.run
        if run is not None and run.pages % PAGES_A_LINE == 0:
            self._add(job, f"1-{run.pages:08d}", "progress", None, counts(job))

    def of_end(self, job: JobRecord, event: str, success: bool | None, feedback: str) -> None:
        """The run passed, failed or was cancelled; for a while, where it can go on."""
        run = job.run
        pauses = 0 if run is None else run.pauses
        text = " ".join(part for part in (feedback, counts(job)) if part)
        self._add(job, f"2-{pauses:04d}", event, success, text)
        level = WARNING if event == "failed" else NOTICE if event == "cancelled" else INFO
        self._console(job, level, f"{event}. {text}")

    def of_lost(self, job: JobRecord) -> None:
        """The job was deleted, or its run ended, while it was being worked on."""
        if self._jobs.get(job.type, job.id) is None:
            self._console(job, NOTICE, f"cancelled: the job was deleted. {counts(job)}")

    def _add(self, job: JobRecord, place: str, event: str, success: bool | None, feedback: str) -> None:
        run = job.run
        if run is None:
            return
        name = f"{run.started_at:017d}-{run.id}-{place}"
        self._jobs.add_event(job, JobEvent(name, event, microseconds(self._clock.now()), success, feedback))

    def _console(self, job: JobRecord, level: int, message: str) -> None:
        run = "" if job.run is None else job.run.id
        details = {"job": job.id, "type": job.type, "run": run}
        self._logs.write(
            "console",
            level,
            f"{job.name}: {message}",
            store=job.store,
            client=job.created_by,
            details=details,
        )


def counts(job: JobRecord) -> str:
    """The counts of a run in words."""
    progress = job.progress
    return f"{progress.done} done, {progress.skipped} skipped, {progress.failed} failed."
