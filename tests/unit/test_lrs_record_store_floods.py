"""What a client that sends much of the same can do to a store: nothing that others would notice."""

from typing import Any

import pytest

from chalicelib.errors import Unavailable
from chalicelib.lrs.errors import StatementConflict
from chalicelib.lrs.statements.sweep import LOOKS, UNDONE_SECONDS
from chalicelib.lrs.times import microseconds
from chalicelib.lrs.versions import V1
from chalicelib.ports.record_clock import Batch
from tests.doubles.article_store import Fault
from tests.doubles.lrs_world import LrsWorld, principal
from tests.unit.test_lrs_record_store_races import A, B, statement


def record(world: LrsWorld, *statements: dict[str, object]) -> None:
    world.recording.record(principal(), V1, list(statements), {})


def leave_undone(world: LrsWorld, count: int) -> None:
    """Batches that were undone while something of theirs was still under way."""
    now = microseconds(world.clock.now())
    for index in range(count):
        world.record_clock.register("store", f"undone-{index}", 1, now, now + 1)
        world.record_clock.begin_undo("store", f"undone-{index}")
        world.record_clock.end_undo("store", f"undone-{index}", now)


def test_requests_that_conflict_leave_nothing_in_the_clock_of_the_store() -> None:
    world = LrsWorld()
    record(world, statement(A))
    for _ in range(5):
        with pytest.raises(StatementConflict):
            record(world, statement(B), statement(A, note="other"))
    reading = world.record_clock.read("store")
    assert reading.open == {}
    assert reading.undone == frozenset()


def test_a_batch_of_which_a_write_may_still_arrive_is_remembered() -> None:
    world = LrsWorld()
    record(world, statement(A))
    world.stored.statement_store.plan = lambda call, _: Fault.LATE if call == "create" else None
    with pytest.raises(Unavailable):
        record(world, statement(B))
    assert len(world.record_clock.read("store").undone) == 1


def test_the_sweep_looks_at_many_undone_batches_in_a_few_steps() -> None:
    world = LrsWorld()
    leave_undone(world, LOOKS + 1)
    world.clock.advance(UNDONE_SECONDS + 1)
    world.stored.statement_store.calls.clear()
    world.sweep.run(["store"])
    assert world.record_clock.read("store").undone == frozenset()
    assert sum(world.stored.statement_store.calls.values()) == 4


def test_a_sweep_that_is_stopped_goes_on_where_it_was() -> None:
    world = LrsWorld()
    leave_undone(world, 2 * LOOKS)
    world.clock.advance(UNDONE_SECONDS + 1)
    asked = iter([None, None, Fault.DOWN])
    world.stored.statement_store.plan = lambda call, _: next(asked, None) if call == "of_batches" else None
    assert world.sweep.run(["store"]).failed == 1
    assert len(world.record_clock.read("store").undone) == LOOKS


@pytest.mark.parametrize("error", [Unavailable("A part", "down"), KeyError("a bug")])
def test_a_batch_that_cannot_be_ended_holds_up_no_other(error: Exception) -> None:
    world = LrsWorld()
    now = microseconds(world.clock.now())
    for name in ("first", "second"):
        world.record_clock.register("store", name, 1, now, now + 1)
    world.clock.advance(2)
    settle: Any = world.settling.settle

    def failing(store: str, batch: Batch) -> bool:
        if batch.id == "first":
            raise error
        return bool(settle(store, batch))

    world.settling.settle = failing  # type: ignore[method-assign]
    swept = world.sweep.run(["store"])
    assert (swept.failed, swept.undone) == (1, 1)
    assert set(world.record_clock.read("store").open) == {"first"}
    assert len(world.failures) == 1
