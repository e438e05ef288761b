"""Counts of a file that are read while a client waits, whatever its size."""

import pytest

from tests.doubles.steps import waiting
from tests.doubles.world import World, entry


@pytest.fixture(autouse=True)
def large_is_more_than_one_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.ledger.posting.PAGES_COUNTED", 1)


def sent(world: World, entries: int) -> None:
    waiting(world, "a.json", [entry("add-article", f"{i:03}") for i in range(entries)])


def shown(world: World) -> dict[str, int]:
    found = world.delta_files.find(1)
    assert sum(found.counts.values()) == found.file.total
    return {state: count for state, count in found.shown_counts.items() if count}


def test_entries_of_a_page_wait_until_all_of_it_has_its_outcome() -> None:
    world = World()
    sent(world, 250)
    for _ in range(3):
        world.apply_once()
    assert world.counts(1) == {"succeeded": 30, "queued": 220}
    assert shown(world) == {"queued": 250}
    assert world.delta_files.find(1).state == "running"
    for _ in range(12):
        world.apply_once()
    assert shown(world) == {"succeeded": 100, "queued": 150}
    world.settle()
    assert shown(world) == {"succeeded": 250}
    assert world.delta_files.find(1).state == "succeeded"


def test_no_page_is_read_for_the_counts_of_a_large_file() -> None:
    world = World()
    sent(world, 250)
    before = len(world.faults.seen)
    world.delta_files.find(1)
    world.delta_files.newest(None, 10)
    assert not [call for call in world.faults.seen[before:] if call.startswith("ledger.pages")]


def test_what_is_cancelled_of_a_large_file_is_cleared_at_once() -> None:
    world = World()
    sent(world, 250)
    for _ in range(12):
        world.apply_once()
    world.commands.cancel(1)
    assert shown(world) == {"succeeded": 100, "cleared": 150}
    world.commands.cancel(1)
    world.settle()
    assert shown(world) == {"succeeded": 120, "cleared": 130}
    assert world.memory_ledger.control().cancelled == ()


def test_a_list_ends_early_where_much_has_to_be_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.ledger.delta_files._PAGES", 1)
    world = World()
    for name in ("a", "b", "c"):
        waiting(world, f"{name}.json", [entry("add-article", f"{name}{i}") for i in range(150)])
    parts, before = [], None
    while len(parts) < 4:
        part = world.delta_files.newest(before, 10)
        parts.append([found.file.n for found in part.files])
        before = part.before
        if before is None:
            break
    assert parts == [[3], [2], [1]]
