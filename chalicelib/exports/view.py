"""Exports as they are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.exports.results import Result, results_of
from chalicelib.jobs import runs
from chalicelib.schedule.reading import WHEN
from chalicelib.times import written

if TYPE_CHECKING:
    from chalicelib.exports.service import Link
    from chalicelib.ports.jobs import JobRecord

STATES = ("queued", "running", "waiting", "scheduled", "succeeded", "failed")


def state_of(job: JobRecord) -> str:
    """`queued`: its first run is about to begin; `waiting`: its run waits for a part that does not answer.

    `scheduled`: no run goes on, and there is another slot. `succeeded`, `failed`: of the last run, where none follows.
    """
    if job.run is not None:
        return "running" if runs.is_going_on(job) else "waiting"
    if job.due_at is not None:
        return "queued" if not job.ran and job.schedule.get("repeat") == "now" else "scheduled"
    return "succeeded" if job.success else "failed"


def shown(job: JobRecord) -> dict[str, object]:
    """An export; what there is none of is null, times are RFC 3339 in UTC."""
    results = results_of(job)
    return {
        "id": job.id,
        "state": state_of(job),
        "format": job.settings["format"],
        "mapping": job.settings["mapping"],
        "since": job.settings["since"] or None,
        "filter": job.settings["filter"],
        "repeat": job.schedule.get("repeat"),
        **{name: job.schedule.get(name) for name in WHEN},
        "timezone": job.schedule.get("timezone"),
        "created_at": written(job.created_at),
        "started_at": _time(job.started_at),
        "completed_at": _time(job.completed_at),
        "next_run_at": _time(job.next_run_at),
        "success": job.success,
        "progress": {
            "total": job.progress.total,
            "done": job.progress.done,
            "skipped": job.progress.skipped,
            "failed": job.progress.failed,
        },
        "feedback": job.feedback,
        "result": shown_result(results[0]) if results else None,
        "earlier_results": [shown_result(result) for result in results[1:]],
    }


def shown_result(result: Result) -> dict[str, object]:
    """A result, without links to its files."""
    return {
        "run": result.run,
        "since": _time(result.since),
        "until": written(result.until),
        "completed_at": written(result.completed_at),
        "rows": result.rows,
        "deleted": result.deleted,
        "left_out": result.left_out,
        "failed": result.failed,
        "bytes": result.bytes,
        "sha256": result.sha256,
        "file_name": result.file.rpartition("/")[2],
    }


def shown_link(link: Link | None) -> dict[str, object] | None:
    """A link; null where the file is kept no longer."""
    return None if link is None else {"url": link.url, "expires_at": written(link.expires_at)}


def _time(time: int | None) -> str | None:
    return None if time is None else written(time)
