"""What the sweep leaves in the general log."""

from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.ports.lrs_access import StoreRecord
from chalicelib.times import microseconds
from chalicelib.workers import record_sweep
from tests.doubles.lrs_world import LrsWorld


class Lines:
    """Stands in for the logger."""

    def warning(self, *_: object, **__: object) -> None:
        """Takes a line."""


@pytest.fixture
def world() -> LrsWorld:
    """A store whose only batch was left open by its writer a second ago."""
    world = LrsWorld()
    assert world.access_store.put_store(StoreRecord("id", "store", "v1", "Store", 1.0), None)
    now = microseconds(world.clock.now())
    world.record_clock.register("store", "left", 1, now, now + 1)
    world.clock.advance(1)
    return world


def sweep(world: LrsWorld) -> None:
    services: Any = SimpleNamespace(lrs=world, logger=Lines())
    record_sweep.handle({}, None, services)


def test_a_batch_that_was_undone_is_told_of_once(world: LrsWorld) -> None:
    sweep(world)
    sweep(world)
    (entry,) = world.stored.log_store.all()
    assert (entry.type, entry.level, entry.details) == ("records", 3, {"finished": "0", "undone": "1"})


def test_a_log_that_is_away_holds_up_no_sweep(world: LrsWorld) -> None:
    world.stored.log_store.down = True
    sweep(world)
    assert world.record_clock.read("store").open == {}
    assert len(world.failures) == 1
