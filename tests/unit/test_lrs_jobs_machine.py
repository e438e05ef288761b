"""The machine of jobs, whatever their type: pages, stop and resume, pauses, hand-over, slots, what a tick costs."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.errors import Unavailable
from chalicelib.jobs import runs
from chalicelib.jobs.worker import BROKEN, KEPT_BEGINNING, KEPT_DYING, KEPT_WAITING, LATER, STOPPED
from chalicelib.ports.jobs import JobRecord, Progress, RunState
from tests.doubles.faults import Faults
from tests.doubles.job_world import MINUTE, Machine, use_types_of_tests
from tests.doubles.machine_job_types import PAGE, Deletes, Hopeless, Million, Paged


@pytest.fixture(autouse=True)
def types_of_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    use_types_of_tests(monkeypatch)


@pytest.fixture
def machine() -> Machine:
    return Machine()


def told(machine: Machine, kind: str, name: str = "a") -> list[str]:
    return [line.event for line in machine.log(kind, name)]


def adds_up(job: JobRecord) -> bool:
    return job.progress.total == job.progress.seen


def test_a_job_that_is_due_runs_to_its_end(machine: Machine) -> None:
    began = machine.now
    machine.make("deletes")
    machine.settle()
    job = machine.job("deletes")
    assert (job.ran, job.success, job.run, job.next_run_at, job.due_at) == (True, True, None, None, None)
    assert job.progress == Progress(10, done=10)
    assert job.started_at == began
    assert job.completed_at is not None
    assert (job.evidence, job.memory, job.feedback) == ({"ended": True}, {"at": 10}, "")
    assert machine.items.outcomes == dict.fromkeys(range(10), "done")
    assert told(machine, "deletes") == ["started", "passed"]
    assert machine.log("deletes")[0].feedback == "About 10 items."
    (line,) = machine.stored.log_store.all()
    assert line.type == "console"
    assert "passed" in line.message
    assert machine.failures == []


def test_items_that_are_skipped_or_fail_are_counted_and_named(machine: Machine) -> None:
    machine.make("sorts")
    machine.settle()
    job = machine.job("sorts")
    assert job.success
    assert job.progress == Progress(10, done=5, skipped=4, failed=1)
    assert job.feedback == "1 is bad."


@pytest.mark.parametrize("count", [0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE])
def test_any_number_of_items_is_done(machine: Machine, count: int) -> None:
    machine.items.count = count
    machine.make("deletes")
    machine.settle()
    assert machine.job("deletes").progress == Progress(count, done=count)
    assert len(machine.items.outcomes) == count


@pytest.mark.parametrize("count", [0, 1, PAGE, PAGE + 1, 5 * PAGE])
def test_a_page_may_tell_itself_where_it_ends(machine: Machine, count: int) -> None:
    machine.items.count = count
    machine.make("measures")
    machine.settle()
    job = machine.job("measures")
    assert (job.success, job.progress, job.memory) == (True, Progress(count, done=count), {"at": count})


def test_a_run_whose_pages_are_made_from_what_is_gone_begins_anew_and_counts_once(machine: Machine) -> None:
    machine.make("loses")
    machine.settle()
    job = machine.job("loses")
    assert (job.success, job.progress) == (True, Progress(10, done=10))
    assert job.feedback == "The picture is gone."
    assert told(machine, "loses") == ["started", "progress", "passed"]
    assert machine.log("loses")[1].feedback == "The picture is gone. It begins again."


def test_a_run_that_would_begin_anew_for_ever_is_given_up(machine: Machine) -> None:
    machine.make("loses-always")
    machine.settle()
    job = machine.job("loses-always")
    assert (job.success, job.run) == (False, None)
    assert job.feedback.startswith(f"The picture is gone. {KEPT_BEGINNING}")
    assert adds_up(job)
    lines = [line.feedback for line in machine.log("loses-always")]
    assert lines.count("The picture is gone. It begins again.") == runs.MOST_BEGINNINGS


def test_the_log_tells_of_every_tenth_page_in_order(machine: Machine) -> None:
    machine.items.count = 25 * PAGE
    machine.make("slow")
    machine.settle()
    lines = machine.log("slow")
    assert [line.event for line in lines] == ["started", "progress", "progress", "passed"]
    assert [line.at for line in lines] == sorted(line.at for line in lines)
    assert lines[1].feedback == f"{10 * PAGE} done, 0 skipped, 0 failed."


def test_progress_is_true_while_a_run_goes_on(machine: Machine) -> None:
    machine.items.count = 40 * PAGE
    machine.make("slow")
    machine.tick()
    (received,) = machine.receive()
    machine.work(received)  # as long as one invocation lasts
    job = machine.job("slow")
    assert job.run is not None
    assert job.success is None
    assert job.progress.done == len(machine.items.outcomes) == 29 * PAGE
    assert job.progress.total >= job.progress.done
    assert job.run.worker == "", "the next invocation may begin"
    machine.settle()
    assert machine.job("slow").progress == Progress(40 * PAGE, done=40 * PAGE)
    assert machine.items.overlaps == 0


@pytest.mark.parametrize("timeout", [1.0, 45.0, 100.0])
def test_a_run_ends_also_where_invocations_are_short(machine: Machine, timeout: float) -> None:
    machine.timeout = timeout
    machine.make("slow")
    machine.settle()
    assert machine.job("slow").progress == Progress(10, done=10)


def test_a_million_items_go_through_in_many_invocations_with_two_calls_a_page(machine: Machine) -> None:
    machine.make("million")
    machine.settle()
    job = machine.job("million")
    assert job.success
    assert job.progress == Progress(1_000_000, done=1_000_000)
    pages = Million.count // Million.size
    assert len(machine.items.outcomes) == pages
    writes = machine.faults.seen.count("job_store.put")
    assert pages < writes < 1.02 * pages
    assert len(machine.faults.seen) < 2.3 * pages
    invocations = machine.stored.job_queue.calls
    assert pages * 2 / 900 < invocations < pages * 2 / 900 + 5
    assert len(told(machine, "million")) == pages // 10 + 2


def test_a_run_that_cannot_go_on_fails_and_says_why(machine: Machine) -> None:
    machine.make("failing")
    machine.settle()
    job = machine.job("failing")
    assert (job.success, job.run) == (False, None)
    assert job.feedback == "The other side answered 500."
    assert job.progress == Progress(PAGE, done=PAGE)
    assert told(machine, "failing") == ["started", "failed"]


def test_a_fault_of_ours_ends_the_run_without_telling_more(machine: Machine) -> None:
    machine.make("broken")
    machine.settle()
    job = machine.job("broken")
    assert (job.success, job.feedback) == (False, BROKEN)
    assert adds_up(job)
    assert any("a bug" in failure for failure in machine.failures)


def test_a_plan_that_is_too_large_to_be_kept_is_a_fault_of_ours(machine: Machine) -> None:
    machine.make("large")
    machine.settle()
    assert (machine.job("large").success, machine.job("large").feedback) == (False, BROKEN)


@pytest.mark.parametrize("kind", ["unheard-of", "deletes"])
def test_a_job_that_cannot_even_be_read_as_work_fails(machine: Machine, kind: str) -> None:
    """A type that an older release has not; a cutoff that cannot be computed."""
    made = machine.make(kind)
    machine.stored.job_store.put(replace(made, settings={"until": "date"}), made.version)
    machine.minute()
    job = machine.job(kind)
    assert (job.run, job.success, job.feedback) == (None, False, BROKEN)


def test_a_page_that_kills_its_workers_is_given_up(machine: Machine) -> None:
    machine.make("poison")
    machine.make("deletes")
    machine.settle()
    job = machine.job("poison")
    assert (job.success, job.run, job.feedback) == (False, None, KEPT_DYING)
    assert machine.killed == runs.MOST_ATTEMPTS + 1, "the first time it had just finished a page"
    assert adds_up(job)
    assert machine.job("deletes").success


def test_a_run_waits_for_a_part_that_does_not_answer_and_goes_on_by_itself(machine: Machine) -> None:
    machine.make("resumable")
    machine.minute()
    job = machine.job("resumable")
    assert job.run is not None
    assert runs.waits(job.run)
    assert job.feedback == f"The other side answered 500. {LATER}"
    assert job.due_at is not None
    assert job.due_at >= machine.now + runs.PAUSE - 2 * MINUTE
    machine.settle()
    job = machine.job("resumable")
    assert (job.success, job.feedback, job.progress) == (True, "", Progress(10, done=10))
    assert told(machine, "resumable") == ["started", "failed", "failed", "failed", "passed"]
    assert machine.log("resumable")[1].success is False


def test_slots_that_pass_while_a_run_waits_are_part_of_it(machine: Machine) -> None:
    machine.make("resumable", repeat="everyMinute")
    for _ in range(40):
        machine.minute()
        if machine.job("resumable").ran:
            break
    assert machine.job("resumable").success
    assert told(machine, "resumable").count("started") == 1
    assert machine.items.tries == 4


def test_a_run_that_waits_in_vain_fails_within_two_hours(machine: Machine) -> None:
    began = machine.now
    machine.make("hopeless")
    machine.settle()
    job = machine.job("hopeless")
    assert (job.success, job.feedback) == (False, f"The other side answered 500. {KEPT_WAITING}")
    assert machine.items.tries == runs.MOST_PAUSES + 1
    assert machine.now - began < 120 * MINUTE
    assert adds_up(job)


def test_a_part_that_is_down_for_half_an_hour_costs_no_run(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    up_at, done = machine.now + 30 * MINUTE, Deletes.page

    def page(self: Any, work: Any, numbers: list[int]) -> Any:
        if numbers and numbers[0] == PAGE and machine.now < up_at:
            raise Unavailable("OpenSearch", "planned")
        return done(self, work, numbers)

    monkeypatch.setattr(Deletes, "page", page)
    machine.make("deletes")
    machine.settle()
    job = machine.job("deletes")
    assert (job.success, job.progress, job.feedback) == (True, Progress(10, done=10), "")
    line = machine.log("deletes")[1]
    assert line.event == "failed"
    assert line.feedback.startswith(f"OpenSearch is not available at the moment. {LATER} ")


def stopped_at(machine: Machine, kind: type[Paged], done: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone stops the job while its page with this item is worked on."""
    lrs, real = machine.world(), kind.page

    def page(self: Any, work: Any, numbers: list[int]) -> Any:
        if done in numbers:
            lrs.jobs.stop(kind.name, "a")
        return real(self, work, numbers)

    with monkeypatch.context() as patch:
        patch.setattr(kind, "page", page)
        machine.make(kind.name)
        machine.minute()


def test_a_run_is_stopped_at_its_next_page_and_resumed_from_there(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_at(machine, Deletes, PAGE, monkeypatch)
    job = machine.job("deletes")
    assert job.run is not None
    assert job.run.state is RunState.STOPPED
    assert job.progress == Progress(10, done=2 * PAGE)
    assert (job.feedback, job.success, job.ran) == (STOPPED, None, False)
    for _ in range(20):
        machine.minute()
    assert machine.job("deletes") == job, "nothing goes on by itself"
    machine.world().jobs.resume("deletes", "a", machine.now)
    machine.settle()
    job = machine.job("deletes")
    assert (job.success, job.progress, job.feedback) == (True, Progress(10, done=10), "")
    assert told(machine, "deletes") == ["started", "cancelled", "passed"]


def test_a_run_stopped_at_its_last_page_keeps_both_lines(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_at(machine, Deletes, 9, monkeypatch)
    assert machine.job("deletes").progress == Progress(10, done=10)
    machine.world().jobs.resume("deletes", "a", machine.now)
    machine.settle()
    assert told(machine, "deletes") == ["started", "cancelled", "passed"]


def test_a_run_that_waits_can_be_kept_from_going_on(machine: Machine) -> None:
    machine.make("hopeless")
    machine.minute()
    machine.world().jobs.stop("hopeless", "a")
    tries = machine.items.tries
    for _ in range(20):
        machine.minute()
    assert machine.items.tries == tries
    machine.world().jobs.resume("hopeless", "a", machine.now)
    machine.minute()
    assert machine.items.tries == tries + 1


def test_a_run_that_was_stopped_before_a_part_fails_stays_stopped(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped_at(machine, Hopeless, PAGE, monkeypatch)
    job = machine.job("hopeless")
    assert job.run is not None
    assert not runs.waits(job.run)
    assert job.due_at is None
    assert job.feedback == STOPPED


def test_the_next_slot_begins_a_new_run_of_a_job_that_was_stopped(machine: Machine) -> None:
    made = machine.make("deletes", repeat="everyMinute")
    run = runs.started(made, "old", machine.now, machine.now + MINUTE).run
    assert run is not None
    still = runs.stopped(replace(made, next_run_at=machine.now + MINUTE), run, STOPPED)
    machine.stored.job_store.put(still, made.version)
    machine.minute()
    assert machine.job("deletes").run == still.run
    machine.minute()
    assert machine.job("deletes").success


@pytest.mark.parametrize("page", [0, PAGE, 9])
def test_a_job_that_is_deleted_ends_at_its_next_page_and_the_general_log_says_so(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    lrs, real = machine.world(), Deletes.page

    def deleting(self: Any, work: Any, numbers: list[int]) -> Any:
        if page in numbers:
            lrs.jobs.delete("deletes", "a")
        return real(self, work, numbers)

    monkeypatch.setattr(Deletes, "page", deleting)
    machine.make("deletes")
    machine.minute()
    assert machine.stored.job_store.get("deletes", "a") is None
    assert max(machine.items.outcomes) < page + PAGE
    assert any("cancelled. The job was deleted" in line.message for line in machine.stored.log_store.all())
    assert machine.failures == []


# Slots.


def test_every_minute_runs_every_minute(machine: Machine) -> None:
    machine.make("deletes", repeat="everyMinute")
    for _ in range(5):
        machine.minute()
    assert told(machine, "deletes") == ["started", "passed"] * 5


def test_ticks_that_come_twice_start_each_slot_once(machine: Machine) -> None:
    machine.make("deletes", repeat="everyMinute")
    for _ in range(5):
        machine.minute(ticks=3)
    assert told(machine, "deletes").count("started") == 5


def test_slots_that_were_missed_are_one_run(machine: Machine) -> None:
    machine.make("deletes", repeat="everyMinute")
    machine.minute()
    machine.stored.clock.advance(3600)
    machine.minute()
    assert told(machine, "deletes").count("started") == 2
    machine.minute()
    assert told(machine, "deletes").count("started") == 3


def test_slots_that_fall_due_while_a_job_runs_are_one_run(machine: Machine) -> None:
    machine.items.count = 10 * PAGE  # five minutes
    machine.make("slow", repeat="everyMinute")
    machine.minute()
    assert told(machine, "slow").count("started") == 1
    machine.minute()
    assert told(machine, "slow").count("started") == 2
    assert machine.items.overlaps == 0


def test_replay_runs_once_whatever_the_schedule(machine: Machine) -> None:
    made = machine.make("deletes")
    yearly = {"repeat": "yearlyOn", "time": "03:00", "month_day": 1, "month": 1}
    later = machine.now + 10**14
    moved = replace(made, schedule=yearly, replay=True, next_run_at=later, due_at=machine.now)
    machine.stored.job_store.put(moved, made.version)
    for _ in range(5):
        machine.minute()
    job = machine.job("deletes")
    assert told(machine, "deletes") == ["started", "passed"]
    assert (job.replay, job.success) == (False, True)
    assert job.due_at == job.next_run_at
    assert job.next_run_at is not None
    assert job.next_run_at > machine.now


def test_a_tick_that_died_half_way_leaves_the_rest_to_the_next(machine: Machine) -> None:
    for name in "abcdef":
        machine.make("deletes", name)
    machine.faults = Faults(at=10, kind="killed before")
    machine.settle()
    assert machine.killed == 1
    assert all(told(machine, "deletes", name) == ["started", "passed"] for name in "abcdef")


def test_a_job_that_cannot_be_scheduled_holds_up_no_other(machine: Machine) -> None:
    machine.make("sorts", schedule={"repeat": "everyMinute", "timezone": "Nowhere/At_All"})
    machine.make("deletes", "b")
    machine.minute()
    assert machine.job("deletes", "b").success
    assert machine.failures


def test_a_tick_costs_the_same_among_any_number_of_jobs() -> None:
    def cost(jobs: int) -> tuple[int, int, int]:
        machine = Machine()
        for index in range(jobs):
            made = machine.make("deletes", f"{index:05d}")
            if index >= 10:
                later = replace(made, next_run_at=machine.now + MINUTE, due_at=machine.now + MINUTE)
                machine.stored.job_store.put(later, made.version)
        machine.stored.job_store.looked_at = 0
        machine.tick()
        assert len(machine.stored.job_queue) == 10
        return len(machine.faults.seen), machine.stored.job_store.looked_at, machine.stored.job_queue.calls

    assert cost(100) == cost(10_000) == (31, 20, 10)
