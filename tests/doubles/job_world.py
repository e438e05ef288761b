"""The machine of jobs on doubles, run as AWS runs it: a tick each minute, and a worker for each wake-up."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import pytest

from chalicelib.lrs.jobs.machine import types
from chalicelib.lrs.jobs.machine.job_type import JobType
from chalicelib.ports.jobs import JobEvent, JobRecord, RunState
from chalicelib.times import microseconds
from chalicelib.workers import job_tick, job_worker
from tests.doubles.faults import Faults, Faulty, Killed
from tests.doubles.lrs_world import Around, LrsWorld, Stored
from tests.doubles.machine_job_types import TYPES, MemoryItems
from tests.doubles.queues import Received

TIMEOUT = 900.0
MINUTE = 60_000_000
LOG = logging.getLogger("tests.jobs")


def use_types_of_tests(patch: pytest.MonkeyPatch) -> None:
    """Puts the types of tests in the place of those of the application."""

    def of(name: str) -> JobType:
        return TYPES[name]

    patch.setattr(types, "job_type", of)


class JobWorld(LrsWorld):
    """One process of the record store whose jobs work on `items`."""

    def __init__(self, machine: Machine, around: Around) -> None:
        super().__init__(machine.stored, around)
        self._machine = machine

    @cached_property
    def items(self) -> Any:
        return self._around("items", self._machine.items)


@dataclass
class Invocation:
    """The services of an invocation, as its handler sees them."""

    lrs: JobWorld
    logger: logging.Logger = LOG

    def log_failure(self, what: str, error: Exception) -> None:
        self.lrs.log_failure(what, error)


class TimeLeft:
    """The context of an invocation that began now."""

    def __init__(self, now: Callable[[], float], timeout: float) -> None:
        self._now, self._end = now, now() + timeout

    def get_remaining_time_in_millis(self) -> int:
        return int((self._end - self._now()) * 1000)


@dataclass
class Machine:
    """What is stored, and the processes that work on it. `killed`: how many were."""

    stored: Stored = field(default_factory=Stored)
    items: MemoryItems = field(default_factory=MemoryItems)
    faults: Faults = field(default_factory=Faults)
    timeout: float = TIMEOUT
    killed: int = 0
    failures: list[str] = field(default_factory=list)

    @property
    def now(self) -> int:
        return microseconds(self.stored.clock.now())

    def make(self, kind: str, name: str = "a", repeat: str = "now", **more: Any) -> JobRecord:
        """A job that is due now."""
        schedule = more.pop("schedule", {"repeat": repeat})
        job = JobRecord(name, kind, f"The {kind}", "lms", self.now, schedule, {}, **more)
        made = self.stored.job_store.put(replace(job, next_run_at=self.now, due_at=self.now), None)
        assert made is not None
        return made

    def job(self, kind: str, name: str = "a") -> JobRecord:
        found = self.stored.job_store.get(kind, name)
        assert found is not None
        return found

    def log(self, kind: str, name: str = "a") -> list[JobEvent]:
        return self.stored.job_store.events(kind, name, None, 10_000)[0]

    def world(self) -> JobWorld:
        """A fresh process."""

        def around(name: str, port: Any) -> Any:
            return port if name == "clock" else Faulty(port, name, self.faults)

        return JobWorld(self, around)

    def tick(self) -> None:
        """What the schedule triggers."""
        self._live(lambda services: job_tick.handle({}, None, services))  # type: ignore[arg-type]

    def receive(self) -> list[Received]:
        return self.stored.job_queue.receive(1)

    def work(self, received: Received) -> None:
        """What a wake-up triggers; it is acknowledged as Lambda does it."""
        record = {
            "messageId": received.message_id,
            "body": received.body,
            "eventSourceARN": "a:b:record-jobs",
        }
        context = TimeLeft(self.stored.clock.now, self.timeout)

        def live(services: Invocation) -> None:
            answer = job_worker.handle({"Records": [record]}, context, services)  # type: ignore[arg-type]
            failed = [each["itemIdentifier"] for each in answer["batchItemFailures"]]
            self.stored.job_queue.settle([received], failed, self.stored.job_queue._visibility)

        self._live(live)

    def minute(self, ticks: int = 1) -> None:
        """One minute passes: a tick, and all that it woke."""
        began = self.stored.clock.now()
        for _ in range(ticks):
            self.tick()
        while received := self.receive():
            for each in received:
                self.work(each)
        self.stored.clock.advance(max(0.0, 60 - (self.stored.clock.now() - began)))

    def settle(self, minutes: int = 200) -> None:
        """Minutes pass until no run goes on and nothing is due."""
        for _ in range(minutes):
            self.minute()
            if not any(self._is_busy(job) for job in self.jobs()):
                return
        raise AssertionError("the runs never ended")

    def jobs(self) -> list[JobRecord]:
        return [job for kind in TYPES for job in self.stored.job_store.page(kind, None, 100_000).jobs]

    def _is_busy(self, job: JobRecord) -> bool:
        going_on = job.run is not None and job.run.state is not RunState.STOPPED
        return going_on or (job.due_at is not None and job.schedule["repeat"] == "now")

    def _live(self, run: Callable[[Invocation], None]) -> None:
        world = self.world()
        try:
            run(Invocation(world))
        except Killed:
            self.killed += 1
            self.items.working.clear()
        except Exception as error:
            self.failures.append(f"{type(error).__name__}: {error}")
        self.failures += world.failures
