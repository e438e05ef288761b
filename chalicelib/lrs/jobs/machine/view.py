"""Jobs and their log as they are shown: what the source names, and beyond it `timezone`, `stopped` and `evidence`."""

from __future__ import annotations

from chalicelib.jobs import runs
from chalicelib.lrs.jobs.machine.job_type import settings_of
from chalicelib.lrs.jobs.machine.types import job_type
from chalicelib.ports.jobs import JobEvent, JobRecord
from chalicelib.schedule.reading import WHEN
from chalicelib.times import written


def shown(job: JobRecord) -> dict[str, object]:
    """A job; what there is none of is null, times are RFC 3339 in UTC.

    `running`: a run is going on or about to; `stopped`: one can be resumed. `ran`: a run has ended. `success`: of the
    last run, null while it runs and where it was stopped.
    """
    return {
        "id": job.id,
        "type": job.type,
        "name": job.name,
        "store": job.store or None,
        "service": job.service or None,
        "client": job.client or None,
        "connection": job.connection or None,
        "settings": {name: job.settings.get(name) for name in settings_of(job_type(job.type))},
        "replay": job.replay,
        "repeat": job.schedule.get("repeat"),
        **{name: job.schedule.get(name) for name in WHEN},
        "timezone": job.schedule.get("timezone"),
        "running": runs.is_going_on(job),
        "stopped": job.run is not None and not runs.is_going_on(job),
        "ran": job.ran,
        "success": job.success,
        "started_at": _time(job.started_at),
        "completed_at": _time(job.completed_at),
        "next_run_at": _time(job.next_run_at),
        "progress": {
            "total": job.progress.total,
            "done": job.progress.done,
            "skipped": job.progress.skipped,
            "failed": job.progress.failed,
        },
        "feedback": job.feedback,
        "evidence": dict(job.evidence),
        "created_by": job.created_by,
    }


def shown_event(event: JobEvent) -> dict[str, object]:
    """A line of a job's log."""
    return {
        "event": event.event,
        "success": event.success,
        "feedback": event.feedback,
        "created_at": written(event.at),
    }


def _time(time: int | None) -> str | None:
    return None if time is None else written(time)
