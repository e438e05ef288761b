"""The rules of SQS that the queues in memory keep; tests of the pipeline rest on them."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.ports.queue import Message
from tests.doubles.clock import FakeClock
from tests.doubles.queues import MemoryOrderedQueue, MemoryQueue, Received


def ordered(clock: FakeClock, *texts: str, dead: MemoryOrderedQueue | None = None) -> MemoryOrderedQueue:
    """A queue of messages such as `A1`, `A2`, `B1`: a letter for the group."""
    queue = MemoryOrderedQueue(
        clock, visibility=30, max_receive_count=None if dead is None else 2, dead_letters=dead
    )
    for text in texts:
        assert queue.send([Message(text, text[0], text)]) == [True]
    return queue


def bodies(batch: list[Received]) -> list[str]:
    return [received.body for received in batch]


def test_a_batch_holds_all_of_a_group_in_order_then_the_next_group() -> None:
    queue = ordered(FakeClock(), "A1", "B1", "A2", "C1", "B2")
    assert bodies(queue.receive(4)) == ["A1", "A2", "B1", "B2"]


def test_a_batch_holds_at_most_ten() -> None:
    queue = ordered(FakeClock(), *(f"A{number}" for number in range(12)))
    assert len(queue.receive(50)) == 10


def test_a_group_is_locked_while_one_of_it_is_in_flight() -> None:
    queue = ordered(FakeClock(), "A1", "A2", "B1")
    (first,) = queue.receive(1)
    assert bodies(queue.receive()) == ["B1"]
    assert queue.in_flight == 2
    assert queue.acknowledge(first)
    assert bodies(queue.receive()) == ["A2"]


def test_what_is_not_acknowledged_comes_again_first_when_its_time_has_run_out() -> None:
    clock = FakeClock()
    queue = ordered(clock, "A1", "A2", "A3")
    first, _ = queue.receive(2)
    clock.advance(29)
    assert queue.receive() == []
    clock.advance(1)
    batch = queue.receive()
    assert [(received.body, received.receive_count) for received in batch] == [
        ("A1", 2),
        ("A2", 2),
        ("A3", 1),
    ]
    assert not queue.acknowledge(first)
    assert len(queue) == 3


def test_what_failed_of_a_batch_comes_again_in_order() -> None:
    queue = ordered(FakeClock(), "A1", "B1", "A2", "B2")
    batch = queue.receive()
    queue.settle(batch, {received.message_id for received in batch if received.body in ("A2", "B1", "B2")})
    assert [(received.body, received.receive_count) for received in queue.receive()] == [
        ("B1", 2),
        ("B2", 2),
        ("A2", 2),
    ]


def test_what_failed_may_stay_hidden_and_locks_its_group() -> None:
    clock = FakeClock()
    queue = ordered(clock, "A1", "A2")
    (first,) = queue.receive(1)
    queue.settle([first], {first.message_id}, hidden=10)
    assert queue.receive() == []
    clock.advance(10)
    assert bodies(queue.receive()) == ["A1", "A2"]


def test_an_id_sent_again_within_five_minutes_is_accepted_and_dropped() -> None:
    clock = FakeClock()
    queue = ordered(clock, "A1")
    queue.acknowledge(queue.receive()[0])
    clock.advance(299)
    assert (
        queue.send([Message("A1", "A", "A1"), Message("A2", "A", "A2"), Message("A2", "A", "A2")])
        == [True] * 3
    )
    assert queue.bodies == ["A2"]
    clock.advance(1)
    queue.send([Message("A1", "A", "A1")])
    assert queue.bodies == ["A2", "A1"]


def test_what_was_received_too_often_goes_to_the_dead_letters_and_frees_its_group() -> None:
    clock = FakeClock()
    dead = ordered(clock)
    queue = ordered(clock, "A1", "A2", "B1", dead=dead)
    lost = queue.receive(1)[0]
    for _ in range(2):
        clock.advance(30)
        batch = queue.receive(1)
    assert bodies(batch) == ["A2"]
    (letter,) = dead.receive()
    assert (letter.body, letter.group, letter.message_id, letter.receive_count) == (
        "A1",
        "A",
        lost.message_id,
        1,
    )
    assert queue.bodies == ["A2", "B1"]


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [Message("x", "g", str(number)) for number in range(11)],
        [Message("x" * 140_000, "g", "1"), Message("x" * 140_000, "g", "2")],
        [Message("", "g", "1")],
        [Message("\x00", "g", "1")],
        [Message("x", "", "1")],
        [Message("x", "g" * 129, "1")],
        [Message("x", "a b", "1")],
        [Message("x", "g", "é")],
    ],
)
def test_what_sqs_refuses_is_refused(messages: list[Message]) -> None:
    queue = ordered(FakeClock())
    with pytest.raises(ValueError, match=r"legal|call"):
        queue.send(messages)
    assert len(queue) == 0


def test_a_queue_without_order_may_deliver_twice_and_out_of_order() -> None:
    queue = MemoryQueue(FakeClock(), twice=True, shuffle=random.Random(1))
    for number in range(5):
        queue.send(str(number))
    batch = queue.receive()
    assert sorted(bodies(batch)) == sorted("0123401234")
    assert bodies(batch) != sorted(bodies(batch))
    assert len({received.message_id for received in batch}) == 5
    assert all(queue.acknowledge(received) for received in batch)
    assert len(queue) == 0


def test_a_queue_without_order_keeps_it_unless_asked_and_has_dead_letters() -> None:
    clock = FakeClock()
    dead = MemoryQueue(clock)
    queue = MemoryQueue(clock, max_receive_count=1, dead_letters=dead)
    queue.send("a")
    queue.send("b")
    first, _ = queue.receive()
    queue.settle([first], {first.message_id})
    assert queue.receive() == []
    assert dead.bodies == ["a"]
    assert queue.bodies == ["b"]


class Receiver:
    """Takes batches, ends them in part, and holds the queue to the order of each group."""

    def __init__(self, queue: MemoryOrderedQueue, draw: random.Random) -> None:
        self.queue, self.draw = queue, draw
        self.held: list[list[Received]] = []
        self.done: dict[str, list[int]] = {group: [] for group in "ABC"}

    def receive(self) -> list[Received]:
        batch = self.queue.receive(self.draw.randint(1, 10))
        for group, done in self.done.items():  # in order, nothing acknowledged again
            numbers = done + [int(received.body) for received in batch if received.group == group]
            assert numbers == sorted(set(numbers))
        self.held.append(batch)
        return batch

    def end(self, kept: int) -> None:
        """Acknowledges the first `kept` messages of the last batch and returns the others."""
        batch = self.held.pop() if self.held else []
        for received in batch[:kept]:
            if self.queue.acknowledge(received):
                self.done[received.group].append(int(received.body))
        self.queue.settle(batch[kept:], {received.message_id for received in batch[kept:]})


STEPS = st.lists(st.sampled_from(["send", "receive", "end", "end", "wait"]), max_size=60)


@settings(max_examples=100, deadline=None)
@given(STEPS, st.randoms(use_true_random=False))
def test_whatever_happens_a_group_is_delivered_in_order(steps: list[str], draw: random.Random) -> None:
    clock = FakeClock()
    queue = MemoryOrderedQueue(clock, visibility=30)
    receiver = Receiver(queue, draw)
    for number, step in enumerate(steps):
        if step == "send":
            queue.send([Message(str(number), draw.choice("ABC"), str(number))])
        elif step == "receive":
            receiver.receive()
        elif step == "wait":
            clock.advance(30)
        else:
            receiver.end(kept=draw.randint(0, 10))
    clock.advance(30)
    while receiver.receive():
        receiver.end(kept=10)
    sent = [number for number, step in enumerate(steps) if step == "send"]
    assert sorted(number for numbers in receiver.done.values() for number in numbers) == sent
