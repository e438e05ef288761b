"""Exports as their API makes, shows and deletes them; every write of one is conditional on what was read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.errors import Invalid, NotFound, Unavailable, WriteConflict
from chalicelib.exports.baselines import EXPORT, exports_of, keep_baselines
from chalicelib.exports.mappings import mapping_named
from chalicelib.exports.orders import read_order
from chalicelib.exports.position import Position, Step
from chalicelib.exports.results import Result, dropped_of, results_of
from chalicelib.jobs.tick import Ticked
from chalicelib.ports.jobs import JobPage, JobRecord
from chalicelib.schedule.repeat import DEFAULT_ZONE, first_run
from chalicelib.times import microseconds

if TYPE_CHECKING:
    from chalicelib.exports.work import ExportServices
    from chalicelib.jobs.tick import Tick

MOST = 100
"""Exports that are stored at most: each is read when one builds on the last."""

LINK_SECONDS = 3600
TRIES = 20  # against a worker that writes with every page
_ID = re.compile("[0-9A-Za-z-]{1,64}")


def is_id(text: str) -> bool:
    """Whether an export may have this id."""
    return _ID.fullmatch(text) is not None


@dataclass(frozen=True)
class Link:
    """An address under which a file can be read for a while; `expires_at` in microseconds since 1970."""

    url: str
    expires_at: int


class Exports:
    """The exports. Every call raises `Unavailable`, and `NotFound` for an unknown id."""

    def __init__(
        self,
        services: ExportServices,
        tick: Callable[[], Tick],
        new_id: Callable[[], str],
        log_failure: Callable[[str, Exception], None],
    ) -> None:
        """`tick` is asked for where an export is due at once."""
        self._services, self._tick, self._new_id, self._log_failure = services, tick, new_id, log_failure

    def create(self, body: Mapping[str, object], write_id: str | None = None) -> JobRecord:
        """Makes the export that a body asks for, and begins it if it is due. Raises `Invalid` with every fault.

        One that bears the same `write_id` is that very export, made by an earlier run of the call.
        """
        services = self._services
        stored_exports = exports_of(services.job_store)
        made = [job for job in stored_exports if write_id and job.settings.get("write_id") == write_id]
        if made:
            return made[0]
        now = microseconds(services.clock.now())
        blobs = services.blobs
        asked = read_order(
            body,
            now,
            services.deletions_known_days,
            lambda name, format_name: mapping_named(name, format_name, blobs),
        )
        if len(stored_exports) >= MOST:
            raise Invalid(
                {"format": [f"There are {MOST} exports already; delete those that are not needed."]}
            )
        next_run_at = first_run(asked.schedule, now, DEFAULT_ZONE)
        job = JobRecord(
            id=f"{now:014x}{self._new_id()}",
            type=EXPORT,
            name=f"export {asked.order.format} {asked.order.mapping}",
            created_by="",
            created_at=now,
            schedule=asked.schedule.to_json(),
            settings={**asked.order.to_json(), "write_id": write_id},
            replay=asked.replay,
            next_run_at=next_run_at,
            due_at=now if asked.replay else next_run_at,
        )
        stored = services.job_store.put(job, None)
        if stored is None:
            raise WriteConflict("Export", job.id)
        try:
            self._tick().look_at(stored, Ticked())
        except Unavailable as error:  # the tick of the next minute does it
            self._log_failure(f"start of export {job.id}", error)
        return services.job_store.get(EXPORT, job.id) or stored

    def get(self, export_id: str) -> JobRecord:
        """One export."""
        found = self._services.job_store.get(EXPORT, export_id) if is_id(export_id) else None
        if found is None:
            raise NotFound("Export", export_id[:100])
        return found

    def page(self, cursor: str | None, limit: int) -> JobPage:
        """Exports in the order in which they were made."""
        return self._services.job_store.page(EXPORT, cursor, limit)

    def delete(self, export_id: str) -> None:
        """Deletes an export, its files and what a run of it has written; the run ends at its next write.

        Its record goes first, so that nobody is shown a file that goes; what a crash leaves behind then, the bucket
        takes away by itself.
        """
        job = self._remove(self.get(export_id))
        services = self._services
        at = _position_of(job)
        if at is not None:
            with suppress(Unavailable):
                services.uploads.give_up(at.file, at.upload)
        for key in _keys_of(job, at):
            services.blobs.delete(key)

    def download(self, result: Result) -> Link | None:
        """A link to the file of a result; None: it is kept no longer."""
        return self._link(result.file, result.file.rpartition("/")[2])

    def failures(self, result: Result) -> Link | None:
        """A link to the list of the rows that failed; None: there are none, or it is kept no longer."""
        name = f"failed-{result.file.rpartition('/')[2]}.ndjson"
        return self._link(result.failures, name) if result.failures else None

    def _link(self, key: str, name: str) -> Link | None:
        if self._services.blobs.size(key) is None:
            return None
        url = self._services.uploads.link(key, name, LINK_SECONDS)
        return Link(url, microseconds(self._services.clock.now() + LINK_SECONDS))

    def _remove(self, job: JobRecord) -> JobRecord:
        """Removes the record, whatever a worker writes meanwhile; the record as it was then."""
        current: JobRecord | None = job
        for _ in range(TRIES):
            if current is None:
                return job
            job = current
            keep_baselines(self._services, job)
            if self._services.job_store.delete(job):
                return job
            current = self._services.job_store.get(EXPORT, job.id)
        raise WriteConflict("Export", job.id)


def _position_of(job: JobRecord) -> Position | None:
    """Where its run stands, if it has written anything."""
    position = None if job.run is None else job.run.position
    return Position.from_json(position) if position and "step" in position else None


def _keys_of(job: JobRecord, at: Position | None) -> list[str]:
    keys = [key for result in results_of(job) for key in (result.file, result.failures) if key]
    keys += dropped_of(job)
    if at is not None:
        keys += at.in_between
        if at.step is not Step.READ:
            keys += [at.file, at.failures]
    return keys
