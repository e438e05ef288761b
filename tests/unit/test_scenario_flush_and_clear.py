"""Scenario 13: flush and clear at any moment, and a new file right after."""

from collections.abc import Callable

import pytest

from chalicelib.ledger.commands import maintenance_message
from tests.doubles.steps import between, feature, waiting
from tests.doubles.world import World, entry


def new_file(world: World, number: str = "1") -> int:
    """A file sent right after the command; returns its number."""
    before = world.memory_ledger.control().seq
    world.drop("new.json", [entry("add-article", number, F_3="new")])
    while world.memory_ledger.control().seq == before:
        world.intake_once()
        world.fake_clock.advance(61)
    return world.memory_ledger.control().seq


@pytest.mark.parametrize("call", ["control", "pages", "gates", "commit"])
def test_13_a_flush_while_a_failure_is_being_recorded_leaves_no_gate_without_it(call: str) -> None:
    world = World()
    waiting(world, "a.json", [feature("1", "F_3"), feature("1", "F_4"), feature("2")])
    between(world.memory_ledger, call, world.commands.flush)
    world.settle()
    n = new_file(world)
    world.settle()
    assert world.counts(1).total() == 3
    assert set(world.counts(1)) <= {"failed", "blocked", "flushed"}
    if world.counts(1)["flushed"] == 3:
        assert world.counts(n) == {"succeeded": 1}
    world.check()


@pytest.mark.parametrize("call", ["control", "gates", "blocked", "commit"])
@pytest.mark.parametrize("heals", [True, False])
def test_13_a_flush_while_a_retry_runs(call: str, heals: bool) -> None:
    world = World()
    world.drop("a.json", [feature("1", f"F_{i}") for i in range(3, 8)])
    world.settle()
    if heals:
        world.put_article("1")
    world.commands.retry()
    world.maintenance_once()
    between(world.memory_ledger, call, world.commands.flush)
    world.settle()
    assert world.counts(1).total() == 5
    document = world.document("1") or {}
    for pos in range(5):
        assert (f"F_{pos + 3}" in document) == (world.entry_state(1, pos) == "succeeded")
    world.check()


def test_13_taking_void_gates_away_leaves_what_stands_behind_a_new_failure() -> None:
    world = World()
    world.drop("a.json", [feature("1", "F_3"), feature("1", "F_4")])
    world.settle()
    world.commands.flush()

    def fails_anew() -> None:
        waiting(world, "b.json", [feature("1", "F_3"), feature("1", "F_4")])
        world.apply_once()

    between(world.memory_ledger, "blocked", fails_anew)
    world.settle()
    world.maintenance_messages.send(maintenance_message("flush"))
    world.settle()
    assert world.counts(1) == {"flushed": 2}
    assert world.counts(2) == {"failed": 1, "blocked": 1}
    world.put_article("1")
    world.commands.retry()
    world.settle()
    assert world.counts(2) == {"succeeded": 2}
    world.check()


def clear_at(world: World, port: object, method: str, done: list[int]) -> None:
    def clear() -> None:
        world.commands.clear()
        done.append(1)

    between(port, method, clear)


STAGES: dict[str, Callable[[World], tuple[object, str]]] = {
    "fetched": lambda world: (world.bucket, "write_once"),
    "indexed": lambda world: (world.memory_ledger, "create_pages"),
    "sent": lambda world: (world.articles_queue, "send"),
    "applied": lambda world: (world.store, "write_many"),
    "recorded": lambda world: (world.memory_ledger, "move"),
    "read": lambda world: (world.store, "get_many"),
}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("packing", ["1", "25"])
def test_13_a_clear_while_a_file_is(stage: str, packing: str) -> None:
    world = World(ENTRIES_PER_MESSAGE=packing)
    world.drop("a.json", [entry("add-article", str(i), F_3="a") for i in range(130)])
    done: list[int] = []
    clear_at(world, *STAGES[stage](world), done)
    world.settle()
    assert done
    counts = world.counts(1)
    assert set(counts) <= {"succeeded", "cleared"}
    assert counts.total() in (0, 130)
    assert counts["succeeded"] == len(world.store.all())
    if packing == "1" and stage not in ("fetched", "indexed"):
        assert counts["cleared"] >= 120, "a worker has ten in hand"
    n = new_file(world, "new")
    world.settle()
    assert world.counts(n) == {"succeeded": 1}
    world.check()


@pytest.mark.parametrize("moment", ["before it begins", "once it runs"])
def test_13_a_clear_and_a_retry(moment: str) -> None:
    world = World()
    world.drop("a.json", [feature("1", "F_3"), feature("1", "F_4")])
    world.settle()
    world.put_article("1")
    world.commands.retry()
    world.maintenance_once()
    if moment == "before it begins":
        world.commands.clear()
    else:
        between(world.store, "get_many", world.commands.clear)
    world.settle()
    if moment == "before it begins":
        assert world.counts(1) == {"failed": 1, "blocked": 1}
        world.check()
        world.commands.retry()
        world.settle()
    assert world.counts(1) == {"succeeded": 2}
    world.check()


def test_13_what_is_cleared_is_not_listed_from_that_moment_on() -> None:
    world = World()
    waiting(world, "a.json", [entry("add-article", str(i)) for i in range(30)])
    world.commands.clear()
    assert world.listing.waiting(1, 10).total == 0
    assert world.listing.waiting_files(1, 10).items == []
    assert world.counts(1) == {"cleared": 30}
    n = new_file(world, "new")
    assert world.listing.waiting_files(1, 10).items == ["s3://bucket/delta/new.json"]
    world.settle()
    assert world.counts(n) == {"succeeded": 1}
    assert world.file_state(1) == "cleared"
    world.check()
