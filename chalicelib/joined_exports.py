"""Exports joined over their ports, each service made on first use, whatever stands behind them."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.joined_jobs import JoinedJobs

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.exports.digests import Digests
    from chalicelib.exports.run import ExportRun
    from chalicelib.exports.scanning import Ahead
    from chalicelib.exports.service import Exports
    from chalicelib.exports.work import ExportWork
    from chalicelib.ports.article_scan import ArticleScan
    from chalicelib.ports.blobs import Blobs
    from chalicelib.ports.export_baselines import ExportBaselines
    from chalicelib.ports.jobs import JobRecord, Run
    from chalicelib.ports.uploads import Uploads
    from chalicelib.settings import Settings


class JoinedExports(JoinedJobs["ExportWork"]):
    """The services of exports, one attribute each; the abstract ones are the ports."""

    @property
    @abstractmethod
    def settings(self) -> Settings: ...
    @property
    @abstractmethod
    def blobs(self) -> Blobs: ...
    @property
    @abstractmethod
    def uploads(self) -> Uploads: ...
    @property
    @abstractmethod
    def article_scan(self) -> ArticleScan: ...
    @property
    @abstractmethod
    def export_baselines(self) -> ExportBaselines: ...

    @property
    @abstractmethod
    def ahead(self) -> Ahead:
        """Begins a reading while other work goes on."""

    @property
    def deletions_known_days(self) -> int:
        """How long deletions are known."""
        return self.settings.deletions_known_days

    @cached_property
    def digests(self) -> Digests:
        """Digests of files that this process writes."""
        from chalicelib.exports.digests import Digests

        return Digests()

    @cached_property
    def exports(self) -> Exports:
        """Exports, as their API makes and deletes them."""
        from chalicelib.exports.service import Exports

        return Exports(self, lambda: self.job_tick, self.new_id, self.log_failure)

    def job_type(self, name: str) -> ExportRun:
        """The only type that there is."""
        from chalicelib.exports.run import ExportRun

        return ExportRun()

    def work_of(
        self, job: JobRecord, run: Run, seconds_left: Callable[[], float], keep: Callable[[], None]
    ) -> ExportWork:
        """What a run of an export is given."""
        from chalicelib.exports.work import work_of

        return work_of(self, job, run, seconds_left, keep)

    def timezone_of(self, store: str) -> str | None:
        """None: exports are about no store, so a schedule that names no time zone is in UTC."""
        return None
