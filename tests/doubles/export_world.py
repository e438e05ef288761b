"""Exports on doubles, run as AWS runs them: a tick each minute, a worker for each wake-up, faults at any call."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any

import pytest

from chalicelib.errors import Unavailable
from chalicelib.exports import writing
from chalicelib.exports.baselines import EXPORT
from chalicelib.exports.results import Result, results_of
from chalicelib.jobs.wake_up import WakeUp
from chalicelib.joined_exports import JoinedExports
from chalicelib.ports.article_scan import ScanPage
from chalicelib.ports.article_store import Article, Hidden
from chalicelib.ports.jobs import JobRecord
from chalicelib.settings import Settings
from tests.doubles.article_scan import MemoryScan
from tests.doubles.article_store import MemoryArticleStore
from tests.doubles.blobs import MemoryBlobs
from tests.doubles.clock import FakeClock
from tests.doubles.export_baselines import MemoryExportBaselines
from tests.doubles.faults import Faults, Faulty, Killed
from tests.doubles.job_store import MemoryJobStore
from tests.doubles.queues import MemoryQueue
from tests.doubles.uploads import MemoryUploads
from tests.doubles.world import ENVIRONMENT

MAPPING = b"""
version: 1
format: csv
columns:
  - {name: No, source: number}
  - {name: Gone, source: deleted}
  - {name: Description, source: F_3}
  - {name: Price, source: F_80004, type: decimal, missing: leave-out}
"""
HEADER = ["No", "Gone", "Description", "Price"]


def small_parts(patch: pytest.MonkeyPatch, part: int = 200, articles: int = 50_000) -> None:
    """Lets parts of files be as small as a few articles."""
    patch.setattr(writing, "PART_BYTES", part)
    patch.setattr(writing, "LEAST_PART", part)
    patch.setattr(writing, "ARTICLES", articles)


class ExportWorld(JoinedExports):
    """One process; worlds of the same ground are processes beside one another."""

    def __init__(self, ground: ExportGround, faults: Faults | None = None) -> None:
        self.ground, self._faults = ground, faults or Faults()

    @cached_property
    def settings(self) -> Settings:
        return Settings.from_environment(ENVIRONMENT)

    @property
    def clock(self) -> FakeClock:
        return self.ground.clock

    def new_id(self) -> str:
        return f"id-{next(self.ground.ids)}"

    def log_failure(self, what: str, error: Exception) -> None:
        self.ground.failures.append(f"{what}: {error}")

    def tell(self, job: JobRecord, level: int, message: str) -> None:
        self.ground.told.append(message)

    def ahead(self, read: Callable[[], ScanPage]) -> Callable[[], ScanPage]:  # type: ignore[override]
        return read

    def _port(self, name: str) -> Any:
        return Faulty(getattr(self.ground, name), name, self._faults)

    @cached_property
    def blobs(self) -> Any:
        return self._port("blobs")

    @cached_property
    def uploads(self) -> Any:
        return self._port("uploads")

    @cached_property
    def article_scan(self) -> Any:
        return self._port("article_scan")

    @cached_property
    def job_store(self) -> Any:
        return self._port("job_store")

    @cached_property
    def job_queue(self) -> Any:
        return self._port("job_queue")

    @cached_property
    def export_baselines(self) -> Any:
        return self._port("export_baselines")


@dataclass
class ExportGround:
    """What is stored, and the processes that work on it. `killed`: how many were."""

    clock: FakeClock = field(default_factory=FakeClock)
    articles: MemoryArticleStore = field(default_factory=MemoryArticleStore)
    blobs: MemoryBlobs = field(default_factory=MemoryBlobs)
    job_store: MemoryJobStore = field(default_factory=MemoryJobStore)
    export_baselines: MemoryExportBaselines = field(default_factory=MemoryExportBaselines)
    faults: Faults = field(default_factory=Faults)
    seconds: float = 900.0
    ids: count[int] = field(default_factory=count)
    failures: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    killed: int = 0

    def __post_init__(self) -> None:
        self.blobs.put("mappings/test.yaml", MAPPING)

    @cached_property
    def article_scan(self) -> MemoryScan:
        return MemoryScan(self.articles)

    @cached_property
    def uploads(self) -> MemoryUploads:
        return MemoryUploads(self.blobs, least_part=1)

    @cached_property
    def job_queue(self) -> MemoryQueue:
        return MemoryQueue(self.clock, visibility=5400.0)

    # What people do

    def write(self, number: str, deleted: bool = False, at: float | None = None, **values: str) -> None:
        """Writes an article, or deletes it; `at`: what the writer's clock said."""
        stored = self.articles.stored(number)
        document = None if deleted else {"id": number, "F_1": number, **values}
        hidden = Hidden(updated_at=self.clock.now() if at is None else at)
        self.articles.write_many([Article(number, document, hidden, stored.version if stored else None)])

    def order(self, **body: Any) -> JobRecord:
        """The export that a POST makes; in the mapping of the tests unless told otherwise."""
        return ExportWorld(self).exports.create({"format": "csv", "mapping": "test", **body})

    def delete(self, job: JobRecord) -> None:
        ExportWorld(self).exports.delete(job.id)

    # What AWS does

    def tick(self) -> None:
        self._live(lambda world: world.job_tick.run())

    def work(self) -> bool:
        """What one wake-up triggers; False: there is none."""
        received = self.job_queue.receive(1)
        for each in received:
            wake_up = WakeUp.read(each.body)
            end = self.clock.now() + self.seconds

            def go_on(world: ExportWorld, wake_up: WakeUp = wake_up, end: float = end) -> None:
                left = lambda: end - self.clock.now()  # noqa: E731
                world.job_worker.work(wake_up.type, wake_up.job, wake_up.run, left)

            killed = self.killed
            self._live(go_on)
            if self.killed == killed:
                self.job_queue.acknowledge(each)
        return bool(received)

    def minute(self) -> None:
        """One minute passes: a tick, and all that it woke."""
        began = self.clock.now()
        self.tick()
        while self.work():
            pass
        self.clock.advance(max(0.0, 60 - (self.clock.now() - began)))

    def settle(self, minutes: int = 200) -> None:
        """Minutes pass until no run goes on and nothing is due that runs once."""
        for _ in range(minutes):
            self.minute()
            if not any(self._is_busy(job) for job in self.jobs()):
                return
        raise AssertionError(f"the runs never ended: {self.failures[-3:]}")

    def run(self, **body: Any) -> JobRecord:
        """An export, after its run."""
        job = self.order(**body)
        self.settle()
        return self.job(job.id)

    # What can be seen

    def jobs(self) -> list[JobRecord]:
        return list(self.job_store.page(EXPORT, None, 1000).jobs)

    def job(self, job_id: str) -> JobRecord:
        found = self.job_store.get(EXPORT, job_id)
        assert found is not None
        return found

    def result(self, job: JobRecord) -> Result:
        return results_of(self.job(job.id))[0]

    def file(self, result: Result) -> bytes:
        data = b"".join(self.blobs.read(result.file))
        assert len(data) == result.bytes
        assert hashlib.sha256(data).hexdigest() == result.sha256
        return data

    def rows(self, result: Result) -> list[list[str]]:
        """The rows of the file of a result, which has as many as it says."""
        header, *rows = csv.reader(io.StringIO(self.file(result).decode(), newline=""), delimiter=";")
        assert header == HEADER
        assert len(rows) == result.rows + result.deleted
        return rows

    def failed_rows(self, result: Result) -> list[Mapping[str, Any]]:
        if not result.failures:
            return []
        data = b"".join(self.blobs.read(result.failures))
        return [json.loads(line) for line in data.splitlines()]

    def objects(self) -> list[str]:
        """The keys of all objects of exports."""
        return [key for key in self.blobs.keys if key.startswith("exports/")]

    def _is_busy(self, job: JobRecord) -> bool:
        return job.run is not None or (job.due_at is not None and job.schedule["repeat"] == "now")

    def _live(self, run: Callable[[ExportWorld], object]) -> None:
        try:
            run(ExportWorld(self, self.faults))
        except Killed:
            self.killed += 1
        except Unavailable as error:
            self.failures.append(str(error))
