"""Attachments: their bytes are there while anything refers to them, and gone afterwards, whatever happens between."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import Unavailable
from chalicelib.lrs.attachments.service import FREEING_SECONDS, Attachments, object_key
from chalicelib.times import microseconds
from tests.doubles.attachments import MemoryAttachmentRecords
from tests.doubles.blobs import MemoryBlobs
from tests.doubles.clock import FakeClock
from tests.doubles.faults import FAULTS, Faults, Faulty, Killed
from tests.doubles.interleaving import Interleaving

HASH, OTHER, DATA = "a" * 64, "b" * 64, b"the bytes"
LEASE = 3600.0


class Statements:
    """What refers to attachments: written by a batch, then visible or removed."""

    def __init__(self) -> None:
        self.written: dict[str, str] = {}
        self.visible: set[str] = set()

    def write(self, name: str, sha256: str) -> None:
        self.written[name] = sha256

    def commit(self, name: str) -> None:
        self.visible.add(name)

    def remove(self, name: str) -> None:
        self.visible.discard(name)
        self.written.pop(name, None)

    def used(self, sha256: str) -> bool:
        return sha256 in self.written.values()


class World:
    """Attachments in memory, with calls that can go wrong or take turns."""

    def __init__(self, front: Callable[[object, str], Any] = lambda port, name: port) -> None:
        self.records, self.bucket, self.clock = MemoryAttachmentRecords(), MemoryBlobs(), FakeClock()
        self.statements = Statements()
        self.ids = iter(range(1_000_000))
        self.attachments = self._service(self.records, self.bucket)
        self.shaky = self._service(front(self.records, "records"), front(self.bucket, "blobs"))
        self.shaky_statements = front(self.statements, "statements")

    def _service(self, records: Any, blobs: Any) -> Attachments:
        return Attachments(records, blobs, self.clock, lambda: f"id{next(self.ids)}")

    def now(self) -> int:
        return microseconds(self.clock.now())

    def record(self, name: str, sha256: str = HASH) -> None:
        """A POST of one statement with an attachment, by the steps of the store; its own undoing included."""
        self.shaky.claim("s", name, {sha256: DATA}, self.now() + microseconds(LEASE))
        self.shaky_statements.write(name, sha256)
        if self.shaky.confirm("s", name, [sha256]):
            self.shaky_statements.commit(name)
            self.shaky.release("s", name, [sha256])
            return
        self.shaky_statements.remove(name)
        self.shaky.release("s", name, [sha256])
        self.shaky.free("s", [sha256], self.shaky_statements.used)

    def take_away(self, name: str, sha256: str = HASH) -> None:
        """A job deletes a statement."""
        self.shaky_statements.remove(name)
        self.shaky.free("s", [sha256], self.shaky_statements.used)

    def calm(self) -> None:
        """Claims run out, batches that were not committed are undone, the sweep runs twice."""
        self.clock.advance(LEASE + 1)
        for name in set(self.statements.written) - self.statements.visible:
            self.statements.remove(name)
        for _ in range(2):
            self.attachments.sweep(lambda store, sha256: self.statements.used(sha256), 100)
            self.clock.advance(FREEING_SECONDS + 1)

    def check_visible(self) -> None:
        """Whatever a reader sees has its bytes."""
        for name in self.statements.visible:
            assert self.attachments.read("s", self.statements.written[name]) == DATA, name

    def check_calm(self) -> None:
        """Once nothing is left to do: one object for each content that is referred to, and no other."""
        self.check_visible()
        used = {self.statements.written[name] for name in self.statements.visible}
        assert {key.split("/")[2] for key in self.bucket.keys} == used
        assert len(self.bucket.keys) == len(used)
        assert {sha256 for _, sha256 in self.records.records} == used
        assert not any(record.claims or record.freeing for record in self.records.records.values())


def test_bytes_are_read_back_and_are_there_once() -> None:
    world = World()
    world.record("one")
    world.record("two")
    assert world.attachments.read("s", HASH) == DATA
    assert world.attachments.read("t", HASH) is None
    assert world.attachments.read("s", OTHER) is None
    assert world.attachments.sizes("s", [HASH, OTHER]) == {HASH: len(DATA)}
    assert len(world.bucket.keys) == 1
    assert world.bucket.keys[0].startswith(f"attachments/s/{HASH}/")


def test_bytes_go_with_the_last_statement() -> None:
    world = World()
    world.record("one")
    world.record("two")
    world.take_away("one")
    assert world.attachments.read("s", HASH) == DATA
    world.take_away("two")
    assert world.attachments.read("s", HASH) is None
    assert world.bucket.keys == []
    assert world.records.records == {}
    world.take_away("two")


def test_each_store_has_its_own_bytes() -> None:
    world = World()
    for store in ("s", "t"):
        world.attachments.claim(store, "batch", {HASH: DATA}, world.now() + 1)
        world.attachments.release(store, "batch", [HASH])
    world.attachments.free("s", [HASH], lambda sha256: False)
    assert world.attachments.read("s", HASH) is None
    assert world.attachments.read("t", HASH) == DATA


def test_what_a_running_batch_holds_is_not_freed() -> None:
    world = World()
    world.attachments.claim("s", "running", {HASH: DATA}, world.now() + microseconds(LEASE))
    world.attachments.free("s", [HASH], lambda sha256: False)
    assert world.attachments.read("s", HASH) == DATA
    assert world.attachments.confirm("s", "running", [HASH])


def test_what_was_to_be_freed_while_it_was_held_goes_later() -> None:
    world = World()
    world.record("old")
    world.attachments.claim("s", "running", {HASH: DATA}, world.now() + microseconds(LEASE))
    world.take_away("old")
    world.attachments.release("s", "running", [HASH])
    world.calm()
    world.check_calm()
    assert world.bucket.keys == []


def test_a_claim_that_ran_out_is_not_confirmed_once_its_bytes_were_freed() -> None:
    world = World()
    world.attachments.claim("s", "slow", {HASH: DATA}, world.now() + microseconds(LEASE))
    world.clock.advance(LEASE + 1)
    assert world.attachments.confirm("s", "slow", [HASH])
    world.attachments.free("s", [HASH], lambda sha256: False)
    assert not world.attachments.confirm("s", "slow", [HASH])
    assert world.attachments.confirm("s", "slow", [])


def test_a_claim_waits_for_a_freeing_and_gives_up_in_time() -> None:
    world = World()
    world.record("one")
    stuck = world.records.get_many("s", [HASH])[HASH]
    world.records.replace(_freeing(stuck, world.now() + microseconds(FREEING_SECONDS)))
    before = world.clock.now()
    with pytest.raises(Unavailable):
        world.record("two")
    with pytest.raises(Unavailable):
        world.take_away("one")
    assert world.clock.now() - before < 10
    world.clock.advance(FREEING_SECONDS)
    world.record("two")
    world.check_visible()


def test_bytes_stay_where_nobody_can_tell_whether_they_are_used() -> None:
    def broken(sha256: str) -> bool:
        raise Unavailable("search", "down")

    world = World()
    world.record("one")
    with pytest.raises(Unavailable):
        world.attachments.free("s", [HASH], broken)
    world.record("two")  # at once: nothing is held up
    with pytest.raises(Unavailable):
        world.attachments.free("s", [HASH], broken)
    world.statements.remove("one")
    world.statements.remove("two")
    world.calm()
    assert world.bucket.keys == []


def test_a_sweep_does_what_it_can() -> None:
    world = World()
    for sha256 in (HASH, OTHER):
        world.attachments.claim("s", "dead", {sha256: DATA}, world.now())
    world.clock.advance(1)

    def half(store: str, sha256: str) -> bool:
        assert store == "s"
        if sha256 == HASH:
            raise Unavailable("search", "down")
        return False

    with pytest.raises(Unavailable):
        world.attachments.sweep(half, 10)
    assert [key.split("/")[2] for key in world.bucket.keys] == [HASH]


def _freeing(record: Any, until: int) -> Any:
    return replace(record, freeing="dead", freeing_until=until, due=until)


def story(world: World) -> None:
    """Everything that is done with attachments."""
    world.record("one")
    world.record("two")
    world.take_away("one")
    world.take_away("two")
    world.record("three")


def calls_of_story() -> int:
    faults = Faults()
    story(World(lambda port, name: Faulty(port, name, faults)))
    return len(faults.seen)


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("at", range(calls_of_story()))
def test_a_fault_at_any_call_leaves_neither_a_hole_nor_a_remainder(at: int, kind: str) -> None:
    faults = Faults(at, kind)
    world = World(lambda port, name: Faulty(port, name, faults))
    for step in (
        lambda: world.record("one"),
        lambda: world.record("two"),
        lambda: world.take_away("one"),
        lambda: world.take_away("two"),
        lambda: world.record("three"),
    ):
        try:
            step()
        except (Unavailable, Killed):
            world.check_visible()
            world.clock.advance(FREEING_SECONDS + 1)
            step()  # the client, or the job, does it again
        world.check_visible()
    world.calm()
    world.check_calm()
    assert world.attachments.read("s", HASH) == DATA


@settings(max_examples=200, deadline=None)
@given(
    order=st.lists(st.integers(0, 3), max_size=60),
    kill=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12)), max_size=2),
    jumps=st.dictionaries(
        st.integers(0, 40), st.sampled_from([FREEING_SECONDS + 1.0, LEASE + 1.0]), max_size=3
    ),
)
def test_whatever_the_order_no_statement_lacks_its_bytes(
    order: list[int], kill: list[tuple[int, int]], jumps: dict[int, float]
) -> None:
    """Two who record the same content, one who deletes what was there, and a sweep: in any order, killed anywhere."""
    turns = Interleaving()
    world = World(lambda port, name: turns.port(port))
    world.record("old")

    def sweep() -> None:
        world.shaky.sweep(lambda store, sha256: world.shaky_statements.used(sha256), 10)

    def between(turn: int) -> None:
        world.clock.advance(jumps.get(turn, 0.0))
        world.check_visible()

    errors = turns.run(
        [lambda: world.record("one"), lambda: world.take_away("old"), lambda: world.record("two"), sweep],
        order,
        kill,
        between,
    )
    assert all(error is None or isinstance(error, (Unavailable, Killed)) for error in errors), errors
    if isinstance(errors[1], (Unavailable, Killed)):
        world.clock.advance(FREEING_SECONDS + 1)
        world.take_away("old")  # the job does its page again
    world.calm()
    # No process outlives its claim; one that did may leave an object that none reads.
    if sum(jumps.values()) < LEASE:
        world.check_calm()
    world.check_visible()


def test_a_deletion_that_comes_late_hits_no_bytes_that_are_needed() -> None:
    """A process stands still before it deletes; its lease runs out; another statement brings the same content."""
    turns = Interleaving()
    world = World(lambda port, name: turns.port(port))
    world.record("old")
    # of its own turns the first are: its start, the removal, the record, begin to free, the question
    world_turn: list[int] = [0] * 5

    def between(turn: int) -> None:
        if turn == 4:
            world.clock.advance(FREEING_SECONDS + 1)
            world.attachments.claim("s", "new", {HASH: DATA}, world.now() + microseconds(LEASE))
            world.statements.write("new", HASH)
            world.statements.commit("new")
        world.check_visible()

    assert turns.run([lambda: world.take_away("old")], world_turn, between=between) == [None]
    world.calm()
    world.check_calm()
    assert world.attachments.read("s", HASH) == DATA


def test_an_object_is_named_by_store_content_and_generation() -> None:
    assert object_key("s", HASH, "g") == f"attachments/s/{HASH}/g"
