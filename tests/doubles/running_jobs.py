"""Makes jobs on doubles and lets them run to their end, whoever dies on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from chalicelib.errors import Unavailable
from chalicelib.lrs.jobs.machine.request import Asker
from chalicelib.ports.jobs import JobRecord
from chalicelib.ports.lrs_access import StoreRecord
from chalicelib.times import microseconds
from tests.doubles.clock import FakeClock
from tests.doubles.faults import Faults, Faulty, Killed
from tests.doubles.lrs_world import LrsWorld, Stored
from tests.doubles.statement_store import FaultyStatements

MOST_ROUNDS = 60
NOW: Mapping[str, object] = {"repeat": "now"}


def make_store(stored: Stored, slug: str = "store", status: str = "ready") -> StoreRecord:
    """A store as the Access API leaves it."""
    made = StoreRecord(f"id-of-{slug}", slug, f"v-{status}", slug, stored.clock.now(), status=status)  # type: ignore[arg-type]
    stored.access_store.put_store(made, None)
    return made


def create(stored: Stored, kind: str, **parameters: object) -> list[JobRecord]:
    """The jobs that a POST with these parameters makes; without a schedule, to be run now."""
    asker = Asker("client", microseconds(stored.clock.now()), "https://lrs.example.com/api")
    return list(LrsWorld(stored).jobs.create(kind, {**NOW, **parameters}, asker).jobs)


def around(faults: Faults) -> Callable[[str, Any], Any]:
    """Lets one call of any port but the clock go wrong."""

    def wrap(name: str, port: Any) -> Any:
        if name == "clock":
            return port
        return (FaultyStatements if name == "statement_store" else Faulty)(port, name, faults)

    return wrap


def counts(job: JobRecord) -> tuple[int, int, int, int]:
    """Total, done, skipped and failed."""
    progress = job.progress
    return progress.total, progress.done, progress.skipped, progress.failed


def settle(stored: Stored) -> None:
    """What is on its way arrives; leases run out; the sweeps come, and come again."""
    stored.statement_store.land_late()
    for seconds in (61, 700, 4000):
        stored.clock.advance(seconds)
        LrsWorld(stored).sweep.run(["store"])
        LrsWorld(stored).documents.sweep()


class _Left:
    """The seconds that an invocation has left."""

    def __init__(self, clock: FakeClock, seconds: float) -> None:
        self._clock, self._end = clock, clock.now() + seconds

    def __call__(self) -> float:
        return self._end - self._clock.now()


def run(
    stored: Stored,
    job: JobRecord,
    world: Callable[[], LrsWorld] | None = None,
    seconds: float = 200.0,
) -> JobRecord:
    """The job after its run, which ticks and workers carry to its end.

    `world` makes the processes of the workers, which live for `seconds` of the clock.
    """
    make = world or (lambda: LrsWorld(stored))
    for _ in range(MOST_ROUNDS):
        LrsWorld(stored).job_tick.run()
        found = stored.job_store.get(job.type, job.id)
        if found is None:
            raise AssertionError("the job is gone")
        if found.ran and found.run is None and found.due_at is None:
            return found
        if found.run is not None:
            left = _Left(stored.clock, seconds)
            with suppress(Unavailable, Killed):
                make().job_worker.work(found.type, found.id, found.run.id, left)
        stored.clock.advance(60)
        LrsWorld(stored).sweep.run(["store"])
    raise AssertionError("the run does not end")


def run_new(stored: Stored, kind: str, **parameters: object) -> JobRecord:
    """The one job that these parameters make, after its run."""
    [job] = create(stored, kind, **parameters)
    return run(stored, job)
