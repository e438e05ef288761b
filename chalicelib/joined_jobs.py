"""The machine of jobs joined over its ports for the jobs of one API, each part made on first use."""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.jobs.run_type import RunType
    from chalicelib.jobs.slots import Slots
    from chalicelib.jobs.telling import Telling
    from chalicelib.jobs.tick import Tick
    from chalicelib.jobs.wake_up import WakeUps
    from chalicelib.jobs.worker import Worker
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.jobs import JobRecord, JobStore, Run
    from chalicelib.ports.queue import Queue

WorkT = TypeVar("WorkT")


class JoinedJobs(ABC, Generic[WorkT]):
    """What the jobs of an API run on. Abstract are the ports, and what the API says of its jobs.

    `WorkT`: what its types are given in a run.
    """

    @property
    @abstractmethod
    def clock(self) -> Clock: ...
    @property
    @abstractmethod
    def job_store(self) -> JobStore: ...
    @property
    @abstractmethod
    def job_queue(self) -> Queue: ...

    @abstractmethod
    def log_failure(self, what: str, error: Exception) -> None:
        """Notes work that another will do again: the kind of the error, not its text, which may repeat data."""

    @abstractmethod
    def job_type(self, name: str) -> RunType[WorkT]:
        """The type of job of this name."""

    @abstractmethod
    def work_of(
        self, job: JobRecord, run: Run, seconds_left: Callable[[], float], keep: Callable[[], None]
    ) -> WorkT:
        """What the type of a job is given in a run, see `chalicelib.jobs.run_type.WorkOf`."""

    @abstractmethod
    def timezone_of(self, store: str) -> str | None:
        """The time zone of jobs that are about a store and name none themselves; None: UTC."""

    @abstractmethod
    def tell(self, job: JobRecord, level: int, message: str) -> None:
        """Notes what became of a run; `level` is one of `chalicelib.ports.logs`."""

    def new_id(self) -> str:
        """A random name by which a writer knows its own write."""
        return secrets.token_hex(8)

    @cached_property
    def wake_ups(self) -> WakeUps:
        """Wakes workers for the runs of jobs."""
        from chalicelib.jobs.wake_up import WakeUps

        return WakeUps(self.job_queue)

    @cached_property
    def slots(self) -> Slots:
        """When jobs run."""
        from chalicelib.jobs.slots import Slots

        return Slots(self.timezone_of)

    @cached_property
    def telling(self) -> Telling:
        """Tells of the runs of jobs."""
        from chalicelib.jobs.telling import Telling

        return Telling(self.job_store, self.tell, self.clock)

    @cached_property
    def job_tick(self) -> Tick:
        """Starts the jobs that are due."""
        from chalicelib.jobs.tick import Tick

        return Tick(self.job_store, self.slots, self.wake_ups, self.clock, self.new_id, self.log_failure)

    @cached_property
    def job_worker(self) -> Worker[WorkT]:
        """Works on the runs of jobs."""
        from chalicelib.jobs.worker import Worker

        return Worker(
            self.job_store,
            self.wake_ups,
            self.clock,
            self.new_id,
            self.job_type,
            self.work_of,
            self.telling,
            self.log_failure,
        )
