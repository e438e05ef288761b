"""Scenario 19: one file is cancelled at any moment, and all others are left alone."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.errors import NotFound, NothingToCancel, TooManyCancelled
from chalicelib.ledger.commands import MOST_CANCELLED
from tests.doubles.steps import between, bury, feature, listen, say_again, waiting
from tests.doubles.world import World, entry

STAGES: dict[str, Callable[[World], tuple[Any, str]]] = {
    "fetched": lambda world: (world.bucket, "write_once"),
    "indexed": lambda world: (world.memory_ledger, "create_pages"),
    "sent": lambda world: (world.articles_queue, "send"),
    "applied": lambda world: (world.store, "write_many"),
    "recorded": lambda world: (world.memory_ledger, "move"),
    "read": lambda world: (world.store, "get_many"),
}


def accept(world: World, name: str, entries: list[dict[str, object]]) -> int:
    """Drops a file and takes it in; returns its number."""
    world.drop(name, entries)
    world.intake_once()
    return world.memory_ledger.control().seq


def added(first: int, last: int) -> list[dict[str, object]]:
    return [entry("add-article", str(number), F_3="a") for number in range(first, last)]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("packing", ["1", "25"])
def test_19_a_cancel_while_a_file_is(stage: str, packing: str) -> None:
    world = World(ENTRIES_PER_MESSAGE=packing)
    n = accept(world, "a.json", added(0, 130))
    later = accept(world, "b.json", added(100, 140))
    done: list[int] = []

    def cancel() -> None:
        world.commands.cancel(n)
        done.append(n)

    between(*STAGES[stage](world), before=cancel)
    world.settle()
    assert done
    counts = world.counts(n)
    assert set(counts) <= {"succeeded", "cleared"}
    assert counts.total() in (0, 130)
    if packing == "1" and stage not in ("fetched", "indexed"):
        assert counts["cleared"] >= 120, "a worker has ten in hand"
    assert world.file_state(n) == ("cleared" if counts["succeeded"] < 130 else "succeeded")
    again = sum(world.entry_state(n, pos) == "succeeded" for pos in range(100, 130)) if counts else 0
    assert world.counts(later) == {"succeeded": 40}, "an article that is there just so needs no adding"
    assert len(world.store.all()) == counts["succeeded"] + 40 - again
    world.check()


def test_19_a_file_that_nobody_has_begun_is_cancelled_at_once_and_never_fetched() -> None:
    world = World()
    first, second = accept(world, "a.json", added(0, 3)), accept(world, "b.json", added(0, 3))
    world.commands.cancel(second)
    assert world.listing.waiting_files(1, 10).items == ["s3://bucket/delta/a.json"]
    world.settle()
    assert world.file_state(first) == "succeeded"
    assert world.file_state(second) == "cleared"
    assert world.bucket.size(f"snapshots/{second}") is None
    world.check()


def test_19_what_waits_of_other_files_is_applied_around_it_in_order() -> None:
    world = World()
    world.put_article("1")
    for name in ("a", "b", "c"):
        accept(world, f"{name}.json", [feature("1", "F_3", name), feature("1", f"F_{ord(name)}", name)])
    world.file_worker_once()
    world.commands.cancel(2)
    assert world.counts(2) == {"cleared": 2}
    world.settle()
    assert world.counts(1) == world.counts(3) == {"succeeded": 2}
    assert world.document("1") == {"id": "1", "F_1": "1", "F_3": "c", "F_97": "a", "F_99": "c"}
    world.check()


def test_19_failures_and_gates_of_a_cancelled_file_stay_and_may_be_retried() -> None:
    world = World()
    world.put_article("2")
    waiting(
        world, "a.json", [feature("1", "F_3"), feature("1", "F_4"), feature("2", "F_3"), feature("2", "F_4")]
    )
    batch = [m for m in world.articles_queue.receive() if '"1"' in m.body]
    world.apply_batch(batch)
    world.fake_clock.advance(61)
    world.commands.cancel(1)
    world.settle()
    assert world.counts(1) == {"failed": 1, "blocked": 1, "cleared": 2}
    assert world.file_state(1) == "failed"
    world.check()
    world.put_article("1")
    world.commands.retry()
    world.settle()
    assert world.counts(1) == {"succeeded": 2, "cleared": 2}
    assert world.file_state(1) == "cleared"
    world.check()


def test_19_a_later_file_goes_through_the_gate_that_a_cancelled_entry_would_have_closed() -> None:
    world = World()
    waiting(world, "a.json", [feature("1")])
    world.commands.cancel(1)
    later = accept(world, "b.json", [entry("add-article", "1", F_3="b")])
    world.settle()
    assert world.counts(1) == {"cleared": 1}
    assert world.counts(later) == {"succeeded": 1}
    world.check()


@pytest.mark.parametrize("moment", ["before the retry begins", "once it runs"])
def test_19_a_cancel_leaves_a_retry_alone(moment: str) -> None:
    world = World()
    world.drop("a.json", [feature("1", "F_3"), feature("1", "F_4")])
    world.settle()
    world.put_article("1")
    world.commands.retry()
    world.maintenance_once()
    refused: list[NothingToCancel] = []

    def cancel() -> None:
        with pytest.raises(NothingToCancel) as error:
            world.commands.cancel(1)
        refused.append(error.value)

    if moment == "once it runs":
        between(world.store, "get_many", cancel)
    else:
        cancel()
    world.settle()
    assert refused
    assert world.counts(1) == {"succeeded": 2}
    world.check()


def test_19_a_dead_letter_and_a_late_redelivery_of_a_cancelled_file_do_nothing() -> None:
    world = World()
    world.put_article("1")
    heard = listen(world)
    first, second = waiting(world, "a.json", [feature("1", "F_3"), feature("1", "F_4")])
    bury(world, first)
    world.commands.cancel(1)
    world.settle()
    assert world.counts(1) == {"cleared": 2}
    say_again(world, heard, "late")
    world.settle()
    assert world.document("1") == {"id": "1", "F_1": "1"}
    assert second.body
    world.check()


def test_19_a_retry_of_what_stands_around_a_cancelled_file_passes_over_it() -> None:
    world = World()
    for name in ("a", "b", "c"):
        accept(world, f"{name}.json", [feature("1", f"F_{ord(name)}", name)])
    world.file_worker_once()
    world.commands.cancel(2)
    world.settle()
    assert [world.entry_state(n, 0) for n in (1, 2, 3)] == ["failed", "cleared", "blocked"]
    world.put_article("1")
    world.commands.retry()
    world.settle()
    assert [world.entry_state(n, 0) for n in (1, 2, 3)] == ["succeeded", "cleared", "succeeded"]
    assert world.document("1") == {"id": "1", "F_1": "1", "F_97": "a", "F_99": "c"}
    world.check()


def test_19_what_has_ended_is_not_cancelled_and_a_cancelled_file_may_be_cancelled_again() -> None:
    world = World()
    world.drop("a.json", added(0, 2))
    world.settle()
    with pytest.raises(NothingToCancel, match="Nothing of delta file 1 waits"):
        world.commands.cancel(1)
    waiting(world, "b.json", added(5, 7))
    for _ in range(2):
        world.commands.cancel(2)
        assert world.counts(2) == {"cleared": 2}
    world.settle()
    assert world.memory_ledger.control().cancelled == ()
    before = world.memory_ledger.control()
    world.commands.cancel(2)
    assert world.memory_ledger.control() == before
    for unknown in (0, -1, 99):
        with pytest.raises(NotFound):
            world.commands.cancel(unknown)
    world.commands.retry()
    with pytest.raises(NotFound):
        world.commands.cancel(world.memory_ledger.control().seq)


def test_19_a_clear_takes_the_cancelled_files_in() -> None:
    world = World()
    waiting(world, "a.json", added(0, 2))
    world.commands.cancel(1)
    world.commands.clear()
    assert world.memory_ledger.control().cancelled == ()
    assert world.counts(1) == {"cleared": 2}
    world.settle()
    world.check()


def test_19_only_so_many_files_are_being_cancelled_at_once() -> None:
    world = World()
    numbers = world.submit(*(f"https://files.example.com/{i}.json" for i in range(MOST_CANCELLED + 1)))
    for n in numbers[:-1]:
        world.commands.cancel(n)
    with pytest.raises(TooManyCancelled):
        world.commands.cancel(numbers[-1])
    world.web.files["https://files.example.com/200.json"] = b"[]"
    world.settle()
    assert world.memory_ledger.control().cancelled == ()
    assert {world.file_state(n) for n in numbers[:-1]} == {"cleared"}
    assert world.file_state(numbers[-1]) == "succeeded"


def test_19_a_file_under_another_packing_is_not_held_by_a_cancelled_one() -> None:
    world = World()
    waiting(world, "a.json", added(0, 3))
    world.environment["ENTRIES_PER_MESSAGE"] = "25"
    for made in ("settings", "fan_out"):
        world.__dict__.pop(made, None)
    world.commands.cancel(1)
    later = accept(world, "b.json", added(0, 3))
    world.settle()
    assert world.counts(1) == {"cleared": 3}
    assert world.counts(later) == {"succeeded": 3}
    world.check()
