"""Exports joined over their ports, each service made on first use, whatever stands behind them."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.exports.digests import Digests
    from chalicelib.exports.run import ExportRun
    from chalicelib.exports.scanning import Ahead
    from chalicelib.exports.service import Exports
    from chalicelib.exports.work import ExportWork
    from chalicelib.jobs.tick import Tick
    from chalicelib.jobs.wake_up import WakeUps
    from chalicelib.jobs.worker import Worker
    from chalicelib.ports.article_scan import ArticleScan
    from chalicelib.ports.blobs import Blobs
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.export_baselines import ExportBaselines
    from chalicelib.ports.jobs import JobRecord, JobStore, Run
    from chalicelib.ports.queue import Queue
    from chalicelib.ports.uploads import Uploads
    from chalicelib.settings import Settings


class JoinedExports(ABC):
    """The services of exports, one attribute each; the abstract ones are the ports."""

    @property
    @abstractmethod
    def settings(self) -> Settings: ...
    @property
    @abstractmethod
    def clock(self) -> Clock: ...
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
    def job_store(self) -> JobStore: ...
    @property
    @abstractmethod
    def job_queue(self) -> Queue: ...
    @property
    @abstractmethod
    def export_baselines(self) -> ExportBaselines: ...

    @property
    @abstractmethod
    def ahead(self) -> Ahead:
        """Begins a reading while other work goes on."""

    @abstractmethod
    def log_failure(self, what: str, error: Exception) -> None:
        """Notes work that another will do again: the kind of the error, not its text, which may repeat data."""

    @abstractmethod
    def tell(self, job: JobRecord, level: int, message: str) -> None:
        """Notes what became of a run; `level` is one of `chalicelib.ports.logs`."""

    @property
    def deletions_known_days(self) -> int:
        """How long deletions are known."""
        return self.settings.deletions_known_days

    def new_id(self) -> str:
        """A random name."""
        return secrets.token_hex(8)

    @cached_property
    def digests(self) -> Digests:
        """Digests of files that this process writes."""
        from chalicelib.exports.digests import Digests

        return Digests()

    @cached_property
    def exports(self) -> Exports:
        """Exports, as their API makes and deletes them."""
        from chalicelib.exports.service import Exports

        return Exports(self, lambda: self.tick, self.new_id, self.log_failure)

    @cached_property
    def wake_ups(self) -> WakeUps:
        """Wakes workers for the runs of exports."""
        from chalicelib.jobs.wake_up import WakeUps

        return WakeUps(self.job_queue)

    @cached_property
    def tick(self) -> Tick:
        """Starts exports that are due; a schedule that names no time zone is in UTC."""
        from chalicelib.jobs.slots import Slots
        from chalicelib.jobs.tick import Tick

        slots = Slots(lambda store: None)
        return Tick(self.job_store, slots, self.wake_ups, self.clock, self.new_id, self.log_failure)

    @cached_property
    def worker(self) -> Worker[ExportWork]:
        """Works on the runs of exports."""
        from chalicelib.exports.run import ExportRun
        from chalicelib.jobs.telling import Telling
        from chalicelib.jobs.worker import Worker

        run = ExportRun()

        def only_type(name: str) -> ExportRun:
            return run

        return Worker(
            self.job_store,
            self.wake_ups,
            self.clock,
            self.new_id,
            only_type,
            self._work_of,
            Telling(self.job_store, self.tell, self.clock),
            self.log_failure,
        )

    def _work_of(
        self, job: JobRecord, run: Run, seconds_left: Callable[[], float], keep: Callable[[], None]
    ) -> ExportWork:
        from chalicelib.exports.work import work_of

        return work_of(self, job, run, seconds_left, keep)
