"""What a run of an export works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from chalicelib.exports.orders import Order
from chalicelib.exports.scanning import Ahead, Scanning, keys_needed
from chalicelib.ports.article_scan import Selection

if TYPE_CHECKING:
    from chalicelib.articles.export.mapping import ExportMapping
    from chalicelib.articles.export.records import Writer
    from chalicelib.exports.digests import Digests
    from chalicelib.exports.position import Position
    from chalicelib.ports.article_scan import ArticleScan
    from chalicelib.ports.blobs import Blobs
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.export_baselines import ExportBaselines
    from chalicelib.ports.jobs import JobRecord, JobStore, Run
    from chalicelib.ports.uploads import Uploads


class ExportServices(Protocol):
    """One attribute a service or port; reading one makes it, and nothing else.

    `ahead` begins a reading while other work goes on; `deletions_known_days`: how long marks of deleted articles stay.
    """

    @property
    def clock(self) -> Clock: ...
    @property
    def blobs(self) -> Blobs: ...
    @property
    def uploads(self) -> Uploads: ...
    @property
    def article_scan(self) -> ArticleScan: ...
    @property
    def job_store(self) -> JobStore: ...
    @property
    def export_baselines(self) -> ExportBaselines: ...
    @property
    def digests(self) -> Digests: ...
    @property
    def ahead(self) -> Ahead: ...
    @property
    def deletions_known_days(self) -> int: ...


@dataclass
class ExportWork:
    """One turn of a worker at a run. What it has read ahead stays with it from page to page.

    `keep` is called within a page that may take long.
    """

    job: JobRecord
    services: ExportServices
    run: str
    seconds_left: Callable[[], float]
    keep: Callable[[], None]
    scanning: Scanning | None = None

    @cached_property
    def order(self) -> Order:
        """What is exported."""
        return Order.from_json(self.job.settings)

    @cached_property
    def mapping(self) -> ExportMapping:
        """The mapping as it is now. Raises `UnknownMapping`, `InvalidMapping`, `Unavailable`."""
        from chalicelib.exports.mappings import mapping_named

        return mapping_named(self.order.mapping, self.order.format, self.services.blobs)

    @cached_property
    def writer(self) -> Writer:
        """Writes as the mapping says."""
        from chalicelib.articles.export.writing import writer_of

        return writer_of(self.mapping)

    def selection(self, since: int | None) -> Selection:
        """What of a picture is read; deletions are told where something is told of what was before."""
        keys = keys_needed(self.order.filter, self.mapping.keys)
        if since is None:
            return Selection(keys=keys)
        return Selection(since=since / 1_000_000, marks=True, keys=keys)

    def scanning_at(self, at: Position) -> Scanning:
        """Reads on behind a position; what was read ahead there is used."""
        found = self.scanning
        if found is None or (found.picture, found.after) != (at.picture, at.after):
            found = Scanning(
                self.services.article_scan,
                at.picture,
                self.selection(at.since),
                at.after,
                self.services.ahead,
            )
            self.scanning = found
        return found


def work_of(
    services: ExportServices,
    job: JobRecord,
    run: Run,
    seconds_left: Callable[[], float],
    keep: Callable[[], None],
) -> ExportWork:
    """What a run of an export is given."""
    return ExportWork(job, services, run.id, seconds_left, keep)
