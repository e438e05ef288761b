"""From when on an export tells of changes that builds on the last one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.exports.orders import refuse_old
from chalicelib.exports.results import baselines_in
from chalicelib.ports.export_baselines import PURGED
from chalicelib.times import microseconds, written

if TYPE_CHECKING:
    from chalicelib.exports.work import ExportServices
    from chalicelib.ports.jobs import JobRecord, JobStore

EXPORT = "export"
OVERLAP = 300 * 1_000_000
"""Microseconds between the time that an article bears and the moment from which on a picture shows its write, at most.

A writer reads its clock, then writes; it is stopped with its function (60 s), what it sent just before takes effect
within 20 s or never, and clocks are less than a minute apart. The rest is spare.
"""
_PER_READ = 100


def exports_of(jobs: JobStore) -> list[JobRecord]:
    """All exports that are stored; their number is bounded."""
    found: list[JobRecord] = []
    cursor = None
    while True:
        page = jobs.page(EXPORT, cursor, _PER_READ)
        found += page.jobs
        cursor = page.next
        if cursor is None:
            return found


def since_last(services: ExportServices, key: str) -> int | None:
    """Since when changes may be in no published export of this key; None: since ever.

    What is published stands in the exports themselves, so it counts from the write that publishes it; what those had
    published that were deleted, the baseline knows.
    """
    # The baseline after the exports: one that is deleted in between has moved it before.
    published = baselines_in(exports_of(services.job_store)).get(key)
    known = services.export_baselines.get(key)
    times = [time for time in (published, known) if time is not None]
    return max(times) - OVERLAP if times else None


def refuse_unknown(services: ExportServices, since: int) -> str | None:
    """Why what has changed since a time cannot be told any more; None: it can."""
    old = refuse_old(since, microseconds(services.clock.now()), services.deletions_known_days)
    if old is not None:
        return old
    purged = services.export_baselines.get(PURGED)
    if purged is None or since > purged:
        return None
    return f"Deletions before {written(purged)} are not known any more: export everything, without since."


def keep_baselines(services: ExportServices, job: JobRecord) -> None:
    """Keeps up to when an export tells of changes, before it is deleted."""
    for key, until in baselines_in([job]).items():
        services.export_baselines.advance(key, until)
