"""Scenarios 1, 2, 3, 11, 16 and 17: files are taken in and sent in order, whole or not at all."""

import gzip
import json
from collections.abc import Sequence

import pytest

from chalicelib.ports.queue import Message
from tests.doubles.faults import Killed
from tests.doubles.steps import between, feature, listen, say_again, waiting
from tests.doubles.world import World, entry

A, B = "https://files.example.com/a.json", "https://files.example.com/b.json"


def serve(world: World, url: str, *entries: object) -> None:
    world.web.files[url] = json.dumps(entries).encode()


def test_1_the_file_accepted_first_is_applied_first_whichever_message_comes_first() -> None:
    world = World()
    serve(world, A, entry("add-article", "1", F_3="first"))
    serve(world, B, feature("1", "F_3", "second"))
    between(world.files_queue, "send", lambda: world.submit(B))  # its message overtakes that of A
    assert world.submit(A) == [1]
    world.settle()
    assert world.document("1") == {"id": "1", "F_1": "1", "F_3": "second"}
    world.check()


def test_1_two_callers_at_once_get_numbers_of_their_own() -> None:
    world = World()
    serve(world, A, entry("add-article", "1"))
    serve(world, B, entry("add-article", "2"))
    between(world.memory_ledger, "commit", lambda: world.submit(B))
    assert world.submit(A) == [2]
    world.settle()
    assert [world.counts(n) for n in (1, 2)] == [{"succeeded": 1}] * 2
    world.check()


@pytest.mark.parametrize("later", [0.0, 3600.0])
@pytest.mark.parametrize("packing", ["1", "25"])
def test_2_a_file_whose_worker_died_while_sending_is_sent_again_and_applied_once(
    later: float, packing: str
) -> None:
    world = World(ENTRIES_PER_MESSAGE=packing)
    entries = [entry("add-article", str(i)) for i in range(15)]
    world.drop("a.json", [*entries, *(feature(str(i), "F_3", str(i)) for i in range(15))])
    world.intake_once()
    send, calls = world.articles_queue.send, 0

    def dying(messages: Sequence[Message]) -> list[bool]:
        nonlocal calls
        calls += 1
        accepted = send(messages)
        if calls == 1:
            raise Killed
        return accepted

    world.articles_queue.send = dying  # type: ignore[method-assign]
    world.file_worker_once()
    world.fake_clock.advance(later)
    world.settle()
    assert world.counts(1) == {"succeeded": 30}
    assert world.document("7") == {"id": "7", "F_1": "7", "F_3": "7"}
    world.check()


@pytest.mark.parametrize("later", [1.0, 3600.0])
def test_2_everything_that_was_sent_may_come_twice_at_once_or_an_hour_later(later: float) -> None:
    world = World()
    heard = listen(world)
    waiting(
        world, "a.json", [entry("add-article", "1"), feature("1"), feature("2"), entry("add-article", "2")]
    )
    say_again(world, heard[:4], "at-once")
    world.apply_once()
    world.fake_clock.advance(later)
    say_again(world, heard[:4], "later")
    world.settle()
    world.put_article("2")
    world.settle()
    say_again(world, heard[:4], "last")
    world.settle()
    assert [world.entry_state(1, pos) for pos in range(4)] == ["succeeded", "succeeded", "failed", "blocked"]
    world.check()


def test_2_a_message_may_come_again_after_its_neighbour() -> None:
    world = World()
    heard = listen(world)
    waiting(world, "a.json", [entry("add-article", "1", F_3="a"), feature("1", "F_3", "b")])
    world.settle()
    say_again(world, heard[:1], "late")
    world.settle()
    assert world.document("1") == {"id": "1", "F_1": "1", "F_3": "b"}
    world.check()


def test_3_of_a_call_that_is_accepted_in_part_no_entry_overtakes_another_of_its_article() -> None:
    world = World()
    heard: list[str] = []
    send, calls = world.articles_queue.send, 0

    def throttled(messages: Sequence[Message]) -> list[bool]:
        nonlocal calls
        calls += 1
        taken = messages[1::2] if calls < 4 else messages
        groups = [message.group for message in messages]
        assert len(set(groups)) == len(groups), "two of one article in one call"
        heard.extend(message.deduplication for message in taken)
        send(list(taken)) if taken else None
        return [message in taken for message in messages]

    world.articles_queue.send = throttled  # type: ignore[method-assign]
    numbers = ["0", "1", "2", "A", "4", "5", "6", "A", "8", "9", "10", "A"]
    operations = ["add-article-feature" if i in (7, 11) else "add-article" for i in range(12)]
    pairs = enumerate(zip(operations, numbers, strict=True), 3)
    world.drop("a.json", [entry(operation, number, **{f"F_{i}": "x"}) for i, (operation, number) in pairs])
    world.settle()
    assert [name for name in heard if name in ("1.3", "1.7", "1.11")] == ["1.3", "1.7", "1.11"]
    assert world.counts(1) == {"succeeded": 12}
    world.check()


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(json.dumps([entry("add-article", str(i)) for i in range(300)]).encode())[:-9],
        json.dumps([entry("add-article", str(i)) for i in range(300)]).encode()[:-9],
        b'{"operation":"add-article","articleData":{"F_1":"1"}}\n' * 300 + b"\xff",
    ],
    ids=["truncated gzip", "half an object", "not UTF-8"],
)
def test_11_a_file_that_breaks_on_its_last_line_applies_nothing(data: bytes) -> None:
    world = World()
    heard = listen(world)
    world.drop("a.json", data)
    world.settle()
    assert world.file_state(1) == "failed"
    assert heard == []
    assert world.store.all() == []
    world.check()


def test_16_an_object_announced_twice_is_one_file_and_versions_go_in_their_order() -> None:
    world = World()
    versions = [
        world.bucket.put("delta/a.json", json.dumps([entry(operation, "1", F_3=value)]).encode())
        for operation, value in (("add-article", "a"), ("replace-article", "b"), ("replace-article", "c"))
    ]
    for index in (2, 0, 2, 1, 0):
        world.announce("delta/a.json", versions[index])
    world.settle()
    assert world.memory_ledger.control().seq == 3
    assert [world.counts(n) for n in (1, 2, 3)] == [{"succeeded": 1}] * 3
    assert world.document("1") == {"id": "1", "F_1": "1", "F_3": "c"}
    world.check()


def test_16_two_intakes_of_two_versions_at_once_keep_their_order() -> None:
    world = World()
    first = world.bucket.put("delta/a.json", json.dumps([entry("add-article", "1", F_3="a")]).encode())
    second = world.bucket.put("delta/a.json", json.dumps([feature("1", "F_3", "b")]).encode())

    def other() -> None:
        world.announce("delta/a.json", second)
        world.intake_once()

    between(world.memory_ledger, "commit", other)
    assert world.acceptance.accept_object(world.bucket, "bucket", "delta/a.json", first, False) == []
    world.settle()
    assert world.document("1") == {"id": "1", "F_1": "1", "F_3": "b"}
    assert world.memory_ledger.control().seq == 2
    world.check()


@pytest.mark.parametrize(
    ("changed", "group"),
    [({"DELTA_BLOCK_SCOPE": "global"}, "global:1"), ({"ENTRIES_PER_MESSAGE": "25"}, "article:25")],
)
def test_17_a_file_under_another_scope_or_packing_waits_for_its_predecessors(
    changed: dict[str, str], group: str
) -> None:
    world = World()
    waiting(world, "a.json", [entry("add-article", "1"), feature("2")])
    world.environment.update(changed)
    for made in ("settings", "fan_out"):
        world.__dict__.pop(made, None)
    world.drop("b.json", [feature("1", "F_4", "b")])
    world.settle()
    assert world.counts(1) == {"succeeded": 1, "failed": 1}
    assert world.file_state(2) == "queued"
    assert world.listing.waiting_files(1, 10).items == ["s3://bucket/delta/b.json"]
    world.commands.flush()
    world.settle()
    assert world.counts(2) == {"succeeded": 1}
    assert world.memory_ledger.control().lanes == group
    world.check()
