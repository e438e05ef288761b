"""What jobs wait for once their store has another time zone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.lrs.jobs.machine.parameters import UNTIL_DATE
from chalicelib.lrs.jobs.machine.request import end_of
from chalicelib.ports.jobs import RunState
from chalicelib.schedule.repeat import Schedule, first_run

if TYPE_CHECKING:
    from chalicelib.ports.jobs import JobRecord

_ONCE = "now"


def retimed(job: JobRecord, timezone: str, now: int) -> JobRecord:
    """The job by the clocks of a time zone; itself where it has one of its own, or nothing changes.

    A slot that is due already stays: its run is not lost, and not doubled. A run that goes on keeps its times.
    """
    schedule = Schedule.from_json(job.schedule)
    if schedule.timezone:
        return job
    settings = job.settings
    if UNTIL_DATE in settings and job.run is None:
        settings = {**settings, "until_at": end_of(str(settings[UNTIL_DATE]), timezone)}
    slot, due_at = job.next_run_at, job.due_at
    if slot is not None and slot > now and schedule.repeat != _ONCE:
        slot = first_run(schedule, now, timezone)
        waits_for_it = due_at == job.next_run_at and (job.run is None or job.run.state is RunState.STOPPED)
        due_at = slot if waits_for_it else due_at
    return replace(job, settings=settings, next_run_at=slot, due_at=due_at)
