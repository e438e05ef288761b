"""The trigger of the file queue: a part that fails for a moment holds files up for a moment, not for hours."""

from typing import Any

import pytest

from chalicelib.workers import file_worker
from tests.doubles.world import World, entry

NINETY_MINUTES = 5400.0


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 900_000


class Noted(World):
    """Keeps what is logged of failures."""

    def __init__(self) -> None:
        super().__init__()
        self.failures: list[tuple[str, Exception]] = []

    def log_failure(self, what: str, error: Exception) -> None:
        self.failures.append((what, error))


def invoke(world: Any) -> None:
    """What Lambda's poller does: takes a message, calls the function, deletes or hides it by the answer."""
    batch = world.files_queue.receive(1)
    records = [{"messageId": got.message_id, "body": got.body} for got in batch]
    answer = file_worker.handle({"Records": records}, Context(), world)
    failed = [each["itemIdentifier"] for each in answer["batchItemFailures"]]
    world.files_queue.settle(batch, failed, hidden=NINETY_MINUTES)


@pytest.mark.parametrize("call", range(12))
def test_after_a_moment_without_an_answer_the_next_minute_goes_on_with_the_file(call: int) -> None:
    world = Noted()
    world.drop("a.json", [entry("add-article", "1", F_3="x")])
    world.intake_once()
    world.faults.at, world.faults.kind = len(world.faults.seen) + call, "throws"
    invoke(world)
    world.fake_clock.advance(61)
    world.sweep_once()
    invoke(world)
    world.apply_once()
    assert world.document("1") == {"id": "1", "F_1": "1", "F_3": "x"}


def test_a_run_that_was_cut_short_is_noted() -> None:
    world = Noted()
    world.drop("a.json", [entry("add-article", "1", F_3="x")])
    world.intake_once()
    world.faults.at, world.faults.kind = len(world.faults.seen), "throws"
    invoke(world)
    [(what, error)] = world.failures
    assert (what, type(error).__name__) == ("wake-up", "Unavailable")


def test_a_bug_is_an_error_of_the_function() -> None:
    world = Noted()
    world.__dict__["fan_out"] = None
    with pytest.raises(AttributeError):
        file_worker.handle({"Records": []}, Context(), world)  # type: ignore[arg-type]
