"""A fault at every call that making, changing, deleting and resuming jobs make: all or nothing, and never a mixture."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.errors import LightrailError, NotFound, Unavailable
from chalicelib.lrs.jobs.machine.request import Asker
from chalicelib.ports.jobs import JobRecord, Run, RunState
from chalicelib.ports.lrs_access import ConnectionRecord, StoreRecord
from tests.doubles.faults import FAULTS, Faults, Faulty, Killed
from tests.doubles.job_type_path import job_types_in
from tests.doubles.lrs_world import LrsWorld, Stored

NOW = 1_700_000_000_000_000
ASKER = Asker("ada", NOW)
ONE: dict[str, object] = {"repeat": "now", "store": "north", "service": "states", "connection": "c1"}
ALL = {**ONE, "service": "all"}
MOST_CALLS = 200


@pytest.fixture(autouse=True)
def types_of_tests() -> Iterator[None]:
    with job_types_in():
        yield


def world(stored: Stored, faults: Faults) -> LrsWorld:
    return LrsWorld(stored, lambda name, port: Faulty(port, name, faults) if _has_calls(name) else port)


def _has_calls(name: str) -> bool:
    return name in ("job_store", "access_store", "job_queue")


def all_jobs(stored: Stored) -> list[JobRecord]:
    return list(stored.job_store.page("fetching", None, 100).jobs)


def made(stored: Stored, body: dict[str, object] = ONE) -> JobRecord:
    return world(stored, Faults()).jobs.create("fetching", body, ASKER).jobs[0]


def each_fault(
    kind: str, prepare: Callable[[], tuple[Stored, Any]], act: Callable[[LrsWorld, Any], object]
) -> Iterator[tuple[Stored, Any, BaseException | None, LrsWorld]]:
    """What is stored after the act, with the fault at its first call, its second, …, until it meets none."""
    for at in range(MOST_CALLS):
        stored, given = prepare()
        faults = Faults(at, kind)
        process = world(stored, faults)
        raised: BaseException | None = None
        try:
            act(process, given)
        except (LightrailError, Killed) as error:
            raised = error
        if len(faults.seen) <= at:
            assert at > 1, "nothing was called"
            return
        yield stored, given, raised, process
    raise AssertionError("it never ends")


def new_store() -> Stored:
    made = Stored()
    assert made.access_store.put_store(StoreRecord("id-north", "north", "v1", "North", 1.0), None)
    assert made.access_store.put_connection(ConnectionRecord("c1", "db", "v1", "There", 1.0), None)
    return made


@pytest.mark.parametrize("kind", FAULTS)
def test_all_jobs_of_a_request_are_made_or_none(kind: str) -> None:
    def act(process: LrsWorld, _: object) -> None:
        process.jobs.create("fetching", ALL, ASKER)

    for stored, _, raised, process in each_fault(kind, lambda: (new_store(), None), act):
        if kind.startswith("killed"):
            assert isinstance(raised, Killed)
            assert len(all_jobs(stored)) <= 6
        else:
            assert isinstance(raised, Unavailable)
            assert all_jobs(stored) == []
            assert process.failures == []
        world(stored, Faults()).jobs.delete_all("fetching")
        assert len(world(stored, Faults()).jobs.create("fetching", ALL, ASKER).jobs) == 6


@pytest.mark.parametrize("kind", FAULTS)
def test_a_change_happens_whole_or_not_at_all(kind: str) -> None:
    def prepare() -> tuple[Stored, JobRecord]:
        stored = new_store()
        return stored, made(stored)

    def act(process: LrsWorld, job: JobRecord) -> None:
        process.jobs.update("fetching", job.id, {**ONE, "service": "agents", "repeat": "everyMinute"}, ASKER)

    for stored, job, raised, _ in each_fault(kind, prepare, act):
        assert isinstance(raised, (Unavailable, Killed))
        [found] = all_jobs(stored)
        if found.service == "states":
            assert replace(found, version=job.version) == job
        else:
            assert (found.name, found.schedule["repeat"]) == ("fetching north agents", "everyMinute")
        act(world(stored, Faults()), job)
        assert all_jobs(stored)[0].service == "agents"


@pytest.mark.parametrize("kind", FAULTS)
def test_a_job_is_deleted_or_still_there(kind: str) -> None:
    def prepare() -> tuple[Stored, JobRecord]:
        stored = new_store()
        return stored, made(stored)

    def act(process: LrsWorld, job: JobRecord) -> None:
        process.jobs.delete("fetching", job.id)

    for stored, job, raised, _ in each_fault(kind, prepare, act):
        assert isinstance(raised, (Unavailable, Killed))
        assert all_jobs(stored) in ([], [job])
        with contextlib.suppress(NotFound):
            act(world(stored, Faults()), job)
        assert all_jobs(stored) == []


@pytest.mark.parametrize("kind", FAULTS)
def test_a_run_that_was_resumed_goes_on_whatever_becomes_of_the_call(kind: str) -> None:
    def prepare() -> tuple[Stored, JobRecord]:
        stored = new_store()
        job = made(stored)
        run = Run("run", RunState.STOPPED, NOW, NOW, position={"at": 10})
        held = stored.job_store.put(replace(job, run=run, due_at=None, next_run_at=None), job.version)
        assert held is not None
        return stored, held

    def act(process: LrsWorld, job: JobRecord) -> None:
        process.jobs.resume("fetching", job.id, NOW)

    for stored, job, _, _ in each_fault(kind, prepare, act):
        [found] = all_jobs(stored)
        assert found.run is not None
        if found.run.state is RunState.STOPPED:
            assert found == job
            act(world(stored, Faults()), job)
        stored.clock.advance(121)
        process = world(stored, Faults())
        process.job_tick.run()
        process.job_worker.work("fetching", job.id, "run", lambda: 900.0)
        [found] = all_jobs(stored)
        assert (found.run, found.success, found.progress.done) == (None, True, 15)
