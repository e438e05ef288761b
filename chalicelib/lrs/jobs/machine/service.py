"""Jobs as their API makes, changes, stops and deletes them; every write is conditional on what was read.

All jobs of a request are made or none, as far as that can be: everything is checked before the first is written, and
what was written is taken back when a later one cannot be. docs/jobs.md says what is left where taking back fails too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.errors import Invalid, NotFound, Unavailable, WriteConflict
from chalicelib.jobs import runs
from chalicelib.lrs.access.connections import connection_with_id
from chalicelib.lrs.errors import StateConflict
from chalicelib.lrs.jobs.machine import types
from chalicelib.lrs.jobs.machine.job_type import parameters_of
from chalicelib.lrs.jobs.machine.parameters import OF_THE_JOB, STORE
from chalicelib.lrs.jobs.machine.request import Asked, Asker, read_request
from chalicelib.ports.jobs import JobEvent, JobPage, JobRecord, JobStore, RunState
from chalicelib.times import microseconds

if TYPE_CHECKING:
    from chalicelib.jobs.telling import Telling
    from chalicelib.jobs.wake_up import WakeUps
    from chalicelib.lrs.jobs.machine.services import JobServices
    from chalicelib.ports.lrs_access import StoreRecord

TRIES = 20  # against a worker that writes with every page
READS_PER_PAGE = 10  # of a list with filters; a page may hold fewer jobs than asked for
JOBS_PER_READ = 100
# A change of these leaves what a job remembers of earlier runs as it is: they say up to when, not of what.
_NOT_OF_WHAT = ("until", "until_date", "until_at")
_ID = re.compile("[0-9A-Za-z-]{1,64}")
_GONE = "It was deleted while the job was being made; nothing was made."


class Jobs:
    """The jobs of all types. Every call raises `NotFound` for an unknown type or id, and `Unavailable`."""

    def __init__(
        self,
        jobs: JobStore,
        wake_ups: WakeUps,
        lrs: JobServices,
        telling: Telling,
        log_failure: Callable[[str, Exception], None],
    ) -> None:
        self._jobs, self._wake_ups, self._lrs = jobs, wake_ups, lrs
        self._telling, self._log_failure = telling, log_failure

    def create(self, kind: str, body: Mapping[str, object], asker: Asker) -> Asked:
        """Makes the jobs that a body asks for. Raises `Invalid` with every fault."""
        asked = read_request(types.job_type(kind), self._lrs, body, asker, self._ids(asker.at))
        made: list[JobRecord] = []
        try:
            for job in asked.jobs:
                made.append(job)
                made[-1] = self._put(job, None)
            self._check_there(made)
        except Exception:
            for job in reversed(made):
                self._take_back(job)
            raise
        return replace(asked, jobs=made)

    def get(self, kind: str, job_id: str) -> JobRecord:
        """One job."""
        name = types.job_type(kind).name
        found = self._jobs.get(name, job_id) if _ID.fullmatch(job_id) else None
        if found is None:
            raise NotFound("Job", job_id[:100])
        return found

    def update(self, kind: str, job_id: str, body: Mapping[str, object], asker: Asker) -> JobRecord:
        """Makes a job what a body asks for; without `store` it keeps its store. A run that was stopped is given up.

        Raises `StateConflict` while it runs, `Invalid`, `WriteConflict`.
        """
        current = self.get(kind, job_id)
        if runs.is_going_on(current):
            raise _running(current)
        asked = read_request(types.job_type(kind), self._lrs, body, asker, self._ids(asker.at), current)
        [job] = asked.jobs
        job = runs.given_up(job, asker.at)
        if _what(job) != _what(current):
            job = replace(job, memory={})
        stored = self._jobs.put(job, current.version)
        if stored is None:
            if runs.is_going_on(self.get(kind, job_id)):
                raise _running(current)
            raise WriteConflict("Job", job_id)
        try:
            self._check_there([stored])
        except Exception:
            self._jobs.put(current, stored.version)
            raise
        return stored

    def page(
        self,
        kind: str,
        limit: int,
        cursor: str | None = None,
        store: str | None = None,
        service: str | None = None,
    ) -> JobPage:
        """Jobs of a type, those of a store and a service where they are named; a page may be short of its limit."""
        name, found, reads = types.job_type(kind).name, list[JobRecord](), 0
        while True:
            page = self._jobs.page(name, cursor, limit - len(found))
            found += (
                job for job in page.jobs if store in (None, job.store) and service in (None, job.service)
            )
            cursor, reads = page.next, reads + 1
            if cursor is None or len(found) >= limit or reads >= READS_PER_PAGE:
                return JobPage(found, cursor)

    def delete(self, kind: str, job_id: str) -> None:
        """Deletes a job and its log; a run of it ends at its next page."""
        self._delete(self.get(kind, job_id))

    def delete_all(self, kind: str) -> None:
        """Deletes all jobs of a type."""
        for job in self._all(types.job_type(kind).name):
            self._delete(job)

    def stop(self, kind: str, job_id: str) -> JobRecord:
        """Asks a run to stop at its next page, or keeps one that waits from going on by itself.

        Raises `StateConflict` where nothing runs or waits.
        """
        return self._move(kind, job_id, _stopping)

    def resume(self, kind: str, job_id: str, now: int) -> JobRecord:
        """Lets a run that was stopped go on from where it was. Raises `StateConflict` where none was."""
        job = self._move(kind, job_id, lambda found: _resumed(found, now))
        try:
            self._wake_ups.send(job)
        except Unavailable as error:  # its lease runs out, and the tick wakes a worker
            self._log_failure(f"wake-up of job {job.id}", error)
        return job

    def events(
        self, kind: str, job_id: str, limit: int, cursor: str | None = None
    ) -> tuple[Sequence[JobEvent], str | None]:
        """A page of a job's log, oldest first, and where to go on."""
        job = self.get(kind, job_id)
        return self._jobs.events(job.type, job.id, cursor, limit)

    def retime(self, store: StoreRecord, now: int) -> None:
        """Lets the jobs of a store go by its time zone as it is now; may be done again. Raises `WriteConflict`."""
        for name in types.names():
            for job in self._all(name):
                if job.store == store.slug:
                    self._retime(job, store.timezone, now)

    def _retime(self, job: JobRecord, timezone: str, now: int) -> None:
        from chalicelib.lrs.jobs.machine.retiming import retimed  # only changes of stores need it

        current: JobRecord | None = job
        for _ in range(TRIES):
            if current is None or (moved := retimed(current, timezone, now)) == current:
                return
            if self._jobs.put(moved, current.version) is not None:
                return
            current = self._jobs.get(job.type, job.id)
        raise WriteConflict("Job", job.id)

    def using(self, connection: str) -> JobRecord | None:
        """A job that uses this connection."""
        for name in types.names():
            if any(each.kind == "connection" for each in parameters_of(types.job_type(name))):
                found = next((job for job in self._all(name) if job.connection == connection), None)
                if found is not None:
                    return found
        return None

    def _all(self, name: str) -> Iterator[JobRecord]:
        """All jobs of a type, read page by page."""
        cursor = None
        while True:
            page = self._jobs.page(name, cursor, JOBS_PER_READ)
            yield from page.jobs
            cursor = page.next
            if cursor is None:
                return

    def _ids(self, now: int) -> Callable[[int], str]:
        """Ids that sort as the jobs were made; those of one request in their order."""
        return lambda index: f"{now:014x}{index:04x}{self._lrs.new_id()}"

    def _put(self, job: JobRecord, expected: int | None) -> JobRecord:
        stored = self._jobs.put(job, expected)
        if stored is None:
            raise WriteConflict("Job", job.id)
        return stored

    def _check_there(self, written: Sequence[JobRecord]) -> None:
        """Whether what jobs name is still there, now that they can be seen.

        Who deletes a store or connection does so before looking for jobs: so one of the two sees the other. Raises
        `Invalid`.
        """
        faults: dict[str, list[str]] = {}
        kind = types.job_type(written[0].type)
        if kind.store != "none" and any(job.store for job in written):
            ready = {store.slug for store in self._lrs.access_store.stores() if store.status == "ready"}
            if not ready.issuperset(job.store for job in written if job.store):
                faults[STORE] = [_GONE]
        named = (job.connection for job in written if job.connection)
        if any(connection_with_id(self._lrs.access_store, each) is None for each in named):
            faults["connection"] = [_GONE]
        if faults:
            raise Invalid(faults)

    def _take_back(self, job: JobRecord) -> None:
        """Removes a job that was made, or may have been; one that cannot be stays, and the log names it."""
        try:
            found = self._jobs.get(job.type, job.id)
            if found is not None:
                self._remove(found)
        except (Unavailable, WriteConflict) as error:
            self._log_failure(f"taking back job {job.id} of type {job.type}", error)

    def _delete(self, job: JobRecord) -> None:
        """Removes a job; what became of its run tells its worker, or this call where none lives."""
        gone = self._remove(job)
        run = None if gone is None else gone.run
        if gone is None or run is None or not runs.is_going_on(gone):
            return
        if not run.worker or run.lease_until <= microseconds(self._lrs.clock.now()):
            self._telling.of_lost(gone)

    def _remove(self, job: JobRecord) -> JobRecord | None:
        """Removes a job, whatever a worker writes meanwhile; as it was then, None where another was faster."""
        current: JobRecord | None = job
        for _ in range(TRIES):
            if current is None or self._jobs.delete(current):
                return current
            current = self._jobs.get(job.type, job.id)
        raise WriteConflict("Job", job.id)

    def _move(self, kind: str, job_id: str, move: Callable[[JobRecord], JobRecord]) -> JobRecord:
        for _ in range(TRIES):
            job = self.get(kind, job_id)
            stored = self._jobs.put(move(job), job.version)
            if stored is not None:
                return stored
        raise WriteConflict("Job", job_id)


def _stopping(job: JobRecord) -> JobRecord:
    run = job.run
    if run is None:
        raise StateConflict(
            "The job does not run, so there is nothing to stop; delete it to keep it from running."
        )
    if run.state is not RunState.STOPPED:
        return runs.stopping(job, run)
    if not runs.waits(run):
        raise StateConflict("The run has stopped already; resume it, or leave it until the next.")
    return runs.held(job)


def _resumed(job: JobRecord, now: int) -> JobRecord:
    if job.run is None:
        raise StateConflict("No run of this job was stopped; send replay to start one.")
    if job.run.state is RunState.STOPPING:
        raise StateConflict("The run has not stopped yet; send it again when the job does not run any more.")
    if job.run.state is RunState.RUNNING:
        raise StateConflict("The job runs.")
    return runs.resumed(job, job.run, now)


def _running(job: JobRecord) -> StateConflict:
    return StateConflict(
        f"The job {job.name} runs and cannot be changed; stop it first, or wait for its end."
    )


def _what(job: JobRecord) -> Mapping[str, object]:
    """What a job is about."""
    own = {name: value for name, value in job.settings.items() if name not in _NOT_OF_WHAT}
    return {**own, **{name: getattr(job, name) for name in OF_THE_JOB}}
