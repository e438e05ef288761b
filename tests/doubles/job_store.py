"""Jobs in memory."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from chalicelib.adapters.dynamodb_job_items import restored, written
from chalicelib.ports.jobs import DueJob, JobEvent, JobPage, JobRecord


@dataclass
class MemoryJobStore:
    """A `JobStore` in memory. Records are kept as JSON, so that nothing is kept that the real one would not take.

    `looked_at`: how many jobs were read by `due`, or one by one.
    """

    looked_at: int = 0
    _jobs: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    _due: dict[tuple[str, str], int] = field(default_factory=dict)
    _events: dict[tuple[str, str], dict[str, JobEvent]] = field(default_factory=dict)

    def get(self, kind: str, job_id: str) -> JobRecord | None:
        self.looked_at += 1
        found = self._jobs.get((kind, job_id))
        return None if found is None else restored(found[1])

    def put(self, job: JobRecord, expected: int | None) -> JobRecord | None:
        key = (job.type, job.id)
        stored = replace(job, version=(expected or 0) + 1)
        text = written(stored)
        found = self._jobs.get(key)
        if (None if found is None else found[0]) != expected:
            return None
        self._jobs[key] = (stored.version, text)
        self._due.pop(key, None)
        if stored.due_at is not None:
            self._due[key] = stored.due_at
        return stored

    def delete(self, job: JobRecord) -> bool:
        key = (job.type, job.id)
        found = self._jobs.get(key)
        if found is None or found[0] != job.version:
            return False
        del self._jobs[key]
        self._due.pop(key, None)
        self._events.pop(key, None)
        return True

    def page(self, kind: str, cursor: str | None, limit: int) -> JobPage:
        ids = _after((job_id for of, job_id in self._jobs if of == kind), cursor)
        jobs = tuple(restored(self._jobs[kind, job_id][1]) for job_id in ids[:limit])
        return JobPage(jobs, jobs[-1].id if len(ids) > limit else None)

    def due(self, now: int, limit: int) -> list[DueJob]:
        found = [DueJob(kind, job_id, at) for (kind, job_id), at in self._due.items() if at <= now]
        found.sort(key=lambda job: (job.due_at, job.type, job.id))
        self.looked_at += len(found[:limit])
        return found[:limit]

    def add_event(self, job: JobRecord, event: JobEvent) -> None:
        self._events.setdefault((job.type, job.id), {})[event.id] = event

    def events(
        self, kind: str, job_id: str, cursor: str | None, limit: int
    ) -> tuple[list[JobEvent], str | None]:
        events = self._events.get((kind, job_id), {})
        ids = _after(events, cursor)
        return [events[name] for name in ids[:limit]], ids[limit - 1] if len(ids) > limit else None


def _after(names: Iterable[str], cursor: str | None) -> list[str]:
    return sorted(name for name in names if not cursor or name > cursor)
