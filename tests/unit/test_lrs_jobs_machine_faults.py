"""For every call that a tick and its workers make: it throws, loses its answer, or its process is killed.

Afterwards the run has come to its end by further ticks: each item has its effect once and is counted once.
"""

import pytest

from chalicelib.ports.jobs import JobRecord, Progress
from tests.doubles.faults import FAULTS, Faults
from tests.doubles.job_world import Machine, use_types_of_tests

# What is gone is told unless the call fails that would have found it so: the double loses it once.
NOTES = {"sorts": {"1 is bad."}, "loses": {"The picture is gone.", ""}}
MOST_CALLS = 120
EXPECTED = {
    "deletes": Progress(10, done=10),
    "sorts": Progress(10, done=5, skipped=4, failed=1),
    "measures": Progress(10, done=10),
    "loses": Progress(10, done=10),
    "slow": Progress(10, done=10),
    "resumable": Progress(10, done=10),
}


@pytest.fixture(autouse=True)
def types_of_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    use_types_of_tests(monkeypatch)


def run_with(kind: str, fault: str, at: int, **more: object) -> Machine:
    machine = Machine(faults=Faults(at=at, kind=fault), **more)  # type: ignore[arg-type]
    machine.make(kind)
    machine.settle(60)
    return machine


def check_outcome(machine: Machine, kind: str, where: str) -> None:
    job = machine.job(kind)
    assert (job.run, job.ran, job.success, job.due_at) == (None, True, True, None), where
    assert job.progress == EXPECTED[kind], where
    assert set(machine.items.outcomes) == set(range(10)), where
    assert job.feedback in NOTES.get(kind, {""}), where
    check_log(machine, job, where)


def check_log(machine: Machine, job: JobRecord, where: str) -> None:
    lines = machine.log(job.type)
    events = [line.event for line in lines]
    assert events[0] == "started", where
    assert events.count("started") == 1, where
    assert events[-1] == "passed", where
    assert events.count("passed") == 1, where
    assert len({line.id for line in lines}) == len(lines), where


def calls_without_fault(kind: str, **more: object) -> list[str]:
    seen = run_with(kind, "", -1, **more).faults.seen
    assert len(seen) < MOST_CALLS
    return seen


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("kind", EXPECTED)
def test_each_item_has_its_effect_once_whatever_call_goes_wrong(kind: str, fault: str) -> None:
    for at, call in enumerate(calls_without_fault(kind)):
        machine = run_with(kind, fault, at)
        check_outcome(machine, kind, f"{fault} at call {at}, {call}")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_run_that_is_handed_over_again_and_again_bears_it_too(fault: str) -> None:
    for at, call in enumerate(calls_without_fault("slow", timeout=70.0)):
        machine = run_with("slow", fault, at, timeout=70.0)
        check_outcome(machine, "slow", f"{fault} at call {at}, {call}")


@pytest.mark.parametrize("fault", FAULTS)
def test_two_faults_in_a_row_are_borne(fault: str) -> None:
    calls = len(calls_without_fault("deletes"))
    for first in range(0, calls, 3):
        machine = Machine(faults=Faults(at=first, kind=fault))
        machine.make("deletes")
        for second in range(first + 1, first + 4):
            machine.minute()
            machine.faults.at = len(machine.faults.seen) + second % 5
        machine.settle(60)
        check_outcome(machine, "deletes", f"{fault} from call {first} on")


@pytest.mark.parametrize("fault", FAULTS)
def test_every_slot_has_its_run_whatever_call_goes_wrong(fault: str) -> None:
    def run(at: int) -> Machine:
        machine = Machine(faults=Faults(at=at, kind=fault))
        machine.items.count = 2
        machine.make("deletes", repeat="everyMinute")
        for _ in range(12):
            machine.minute(ticks=2)
        return machine

    undisturbed = run(-1)
    assert len([line for line in undisturbed.log("deletes") if line.event == "started"]) == 12
    first_minutes = len(undisturbed.faults.seen) // 6
    for at in range(first_minutes):
        machine, where = run(at), f"{fault} at call {at}"
        lines = machine.log("deletes")
        begun = [line.id.split("-")[0] for line in lines if line.event == "started"]
        assert len(set(begun)) == len(begun), where
        # A slot that passes while a run waits for another worker is part of it.
        assert 6 <= len(begun) <= 12, where
        job = machine.job("deletes")
        assert job.success, where
        assert [line.event for line in lines if line.event == "passed"] == ["passed"] * len(begun), where
