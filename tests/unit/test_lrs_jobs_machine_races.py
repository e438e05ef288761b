"""Workers, ticks and people at the same job at once, one call of a port at a time, in any order."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.errors import NotFound, WriteConflict
from chalicelib.jobs.wake_up import WakeUp
from chalicelib.lrs.errors import StateConflict
from chalicelib.ports.jobs import JobRecord, Progress, RunState
from tests.doubles.faults import Killed
from tests.doubles.interleaving import Interleaving
from tests.doubles.job_world import JobWorld, Machine, use_types_of_tests

orders = st.lists(st.integers(0, 3), min_size=30, max_size=60)
kills = st.lists(st.tuples(st.integers(0, 1), st.integers(0, 12)), max_size=2)
many = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def types_of_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    use_types_of_tests(monkeypatch)


class Race:
    """Processes at one machine, each call of a port a turn of its own."""

    def __init__(self) -> None:
        self.machine = Machine()
        self.turns = Interleaving()
        self.starts: list[JobRecord] = []

    def world(self) -> JobWorld:
        def around(name: str, port: Any) -> Any:
            return port if name == "clock" else self.turns.port(port)

        return JobWorld(self.machine, around)

    def worker(self) -> Callable[[], None]:
        """A worker that was woken for the run that is going on."""
        (body, *_) = self.machine.stored.job_queue.bodies
        wake_up = WakeUp.read(body)
        return lambda: self.world().job_worker.work(wake_up.type, wake_up.job, wake_up.run, lambda: 900.0)

    def tick(self) -> Callable[[], None]:
        def run() -> None:
            self.world().job_tick.run()

        return run

    def person(self, *actions: Callable[[JobWorld], object]) -> Callable[[], None]:
        """Someone who calls the API, whatever it answers."""

        def act() -> None:
            lrs = self.world()
            for action in actions:
                try:
                    action(lrs)
                except (StateConflict, WriteConflict, NotFound):
                    continue

        return act

    def run(
        self, tasks: Sequence[Callable[[], object]], order: list[int], kill: Sequence[tuple[int, int]] = ()
    ) -> None:
        for error in self.turns.run(tasks, order, kill):
            assert error is None or isinstance(error, Killed), repr(error)
        # A worker that was killed is in no page any more.
        self.machine.items.working.clear()


def begun(kind: str = "deletes", **more: Any) -> Race:
    """A job whose run a tick has just started."""
    race = Race()
    race.machine.make(kind, **more)
    race.machine.tick()
    return race


def passed(race: Race, kind: str = "deletes") -> None:
    job = race.machine.job(kind)
    assert (job.run, job.success) == (None, True)
    assert job.progress == Progress(10, done=10)
    assert set(race.machine.items.outcomes) == set(range(10))
    events = [line.event for line in race.machine.log(kind)]
    assert (events.count("started"), events.count("passed")) == (1, 1)


@many
@given(orders)
def test_of_two_workers_woken_for_a_run_one_does_it(order: list[int]) -> None:
    race = begun()
    race.run([race.worker(), race.worker(), race.worker()], order)
    assert race.machine.items.overlaps == 0
    passed(race)


@many
@given(orders, kills)
def test_a_worker_that_dies_at_any_call_is_made_up_for(order: list[int], kill: list[tuple[int, int]]) -> None:
    race = begun()
    race.run([race.worker(), race.worker(), race.tick()], order, kill)
    assert race.machine.items.overlaps == 0
    race.machine.settle()
    passed(race)


@many
@given(orders, st.integers(0, 25))
def test_a_worker_taken_for_dead_counts_nothing_twice(order: list[int], turns: int) -> None:
    """It stands still for longer than its lease, a tick wakes another, and then it goes on."""
    race = begun()
    machine, slow = race.machine, race.worker()

    def meanwhile() -> None:
        race.turns.turn()  # the slow one has had its turns before
        machine.stored.clock.advance(150)
        race.tick()()
        race.worker()()

    race.run([slow, meanwhile], [0] * (turns + 1) + [1, 1] + order)
    machine.settle()
    passed(race)


@many
@given(orders, kills)
def test_two_ticks_start_each_slot_once(order: list[int], kill: list[tuple[int, int]]) -> None:
    race = Race()
    for name in "abc":
        race.machine.make("deletes", name, repeat="everyMinute")
    race.run([race.tick(), race.tick()], order, kill)
    race.machine.tick()
    for name in "abc":
        job = race.machine.job("deletes", name)
        assert job.run is not None
        assert job.version == 2, "it was started, and once"
    # A run whose tick died before it woke a worker is woken when its lease is over.
    for _ in range(4):
        race.machine.minute()
    for name in "abc":
        lines = race.machine.log("deletes", name)
        begun = [line.id.split("-")[0] for line in lines if line.event == "started"]
        assert len(begun) == len(set(begun))
        assert race.machine.job("deletes", name).success


def stop(lrs: JobWorld) -> object:
    return lrs.jobs.stop("deletes", "a")


def delete(lrs: JobWorld) -> None:
    lrs.jobs.delete("deletes", "a")


def rename(lrs: JobWorld) -> object:
    """As an update does: it writes what it has read, unless it was changed meanwhile."""
    job = lrs.jobs.get("deletes", "a")
    return lrs.job_store.put(replace(job, name="Renamed"), job.version)


@many
@given(orders)
def test_a_run_that_someone_stops_stands_still_and_is_resumed(order: list[int]) -> None:
    race = begun()
    machine = race.machine
    race.run([race.worker(), race.person(stop)], order)
    job = machine.job("deletes")
    assert job.progress.done == len(machine.items.outcomes)
    if job.run is not None:
        assert job.run.state is RunState.STOPPED
        for _ in range(3):
            machine.minute()
        assert machine.job("deletes") == job
        machine.world().jobs.resume("deletes", "a", machine.now)
        machine.settle()
    passed(race)


@many
@given(orders)
def test_a_stop_before_any_worker_began_is_heard_at_once(order: list[int]) -> None:
    race = begun()
    stop(race.machine.world())
    race.run([race.worker(), race.worker()], order)
    job = race.machine.job("deletes")
    assert job.run is not None
    assert job.run.state is RunState.STOPPED
    assert race.machine.items.outcomes == {}


@many
@given(orders)
def test_a_job_that_someone_deletes_ends_and_stays_deleted(order: list[int]) -> None:
    race = begun()
    race.run([race.worker(), race.person(delete), race.tick()], order)
    assert race.machine.stored.job_store.get("deletes", "a") is None
    race.machine.minute()
    assert race.machine.jobs() == []


@many
@given(orders)
def test_a_job_that_someone_changes_meanwhile_loses_neither(order: list[int]) -> None:
    race = begun()
    race.run([race.worker(), race.person(rename, rename, rename)], order)
    passed(race)


@many
@given(orders)
def test_stop_and_resume_in_a_row_do_not_run_a_page_twice(order: list[int]) -> None:
    race = begun()
    machine = race.machine

    def resume(lrs: JobWorld) -> object:
        return lrs.jobs.resume("deletes", "a", machine.now)

    race.run([race.worker(), race.person(stop, resume, stop, resume), race.tick()], order)
    assert machine.items.overlaps == 0
    job = machine.job("deletes")
    if job.run is not None and job.run.state is RunState.STOPPED:
        resume(machine.world())
    machine.settle()
    job = machine.job("deletes")
    if job.run is not None:
        resume(machine.world())
        machine.settle()
    passed(race)
