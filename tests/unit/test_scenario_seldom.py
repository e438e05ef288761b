"""What happens once in a thousand years, and must not lose an entry even then."""

from chalicelib.articles.draining import Drainer
from chalicelib.articles.work import Drain
from chalicelib.ledger.states import RETRYING
from chalicelib.ports.article_store import Entry
from chalicelib.ports.ledger import Put
from chalicelib.ports.ledger_records import Blocked, Gate
from chalicelib.ports.queue import Message
from tests.doubles.faults import Killed
from tests.doubles.steps import bury, feature, waiting
from tests.doubles.world import World, entry


def test_a_drain_that_dies_leaves_the_first_of_what_it_did_not_reach_as_the_failure() -> None:
    """A drain died twice after its first entries, and the next one came to stand behind the gate meanwhile."""
    world = World()
    world.drop("a.json", [feature("1", "F_3"), feature("1", "F_4")])
    world.settle()
    world.put_article("1")
    ticket = world.commands.retry().ticket
    world.maintenance_once()
    [drain] = world.articles_queue.receive()
    world.articles_queue.acknowledge(drain)
    gate = world.memory_ledger.gates(["1"])["1"]
    world.memory_ledger.commit(
        Put(Gate("1", "retry", gate.owner, gate.errors, ticket=ticket, version=gate.version))
    )
    world.drainer.abandon(Drain("1", ticket, again=True))
    world.settle()
    world.check()
    assert world.counts(1) == {"failed": 1, "blocked": 1}
    gate = world.memory_ledger.gates(["1"])["1"]
    # and again, where the owner had succeeded before
    world.commands.retry()
    world.maintenance_once()
    [drain] = world.articles_queue.receive()
    world.articles_queue.acknowledge(drain)
    gate = world.memory_ledger.gates(["1"])["1"]
    started = Gate("1", "retry", gate.owner, gate.errors, ticket=gate.ticket, version=gate.version)
    world.memory_ledger.commit(Put(started))
    drainer: Drainer = world.drainer
    drainer._turn([Entry(1, 0)], {"f"}, RETRYING)
    drainer._turn([Entry(1, 0)], {RETRYING}, "s")
    drainer.abandon(Drain("1", gate.ticket, again=True))
    world.settle()
    assert world.counts(1) == {"succeeded": 1, "failed": 1}
    world.check()
    failed = world.listing.first_failure()
    assert failed is not None
    assert "retry could not be run" in failed.errors[0], "not the text of the entry that succeeded"


def test_an_attempt_whose_entry_was_recorded_by_another_worker_holds_nothing_back() -> None:
    world = World()
    world.drop("a.json", [entry("add-article", "1"), feature("1", "F_3")])
    world.intake_once()
    world.file_worker_once()
    batch = world.articles_queue.receive(1)
    world.apply_batch(batch)
    world.memory_ledger.commit(Put(Gate("1", "attempt", Entry(1, 0), tries=1)))
    world.settle()
    assert world.counts(1) == {"succeeded": 2}
    world.check()


def test_an_older_failure_takes_a_gate_over_from_one_that_stood_behind_it_before() -> None:
    world = World()
    dead, _ = waiting(world, "a.json", [feature("1", "F_3"), feature("1", "F_4")])
    bury(world, dead)
    world.apply_once()  # the younger one fails first
    assert world.entry_state(1, 1) == "failed"
    world.memory_ledger.commit(
        Put(Blocked("1", Entry(1, 1), "1"))
    )  # a retry was killed before it took this away
    world.settle()
    assert world.counts(1) == {"failed": 2}
    world.check()


def test_a_retry_around_a_dead_letter_never_makes_a_success_of_it() -> None:
    """Entry 0 failed, 1 is a dead letter that nobody has read yet, 2 stands behind 0; a retry runs 0 and 2."""
    world = World()
    _, dead, _ = waiting(world, "a.json", [feature("1", "F_3"), feature("1", "F_4"), feature("1", "F_5")])
    batch = world.articles_queue.receive()
    world.apply_batch(batch[:1])
    world.articles_queue.settle(batch[1:], [m.message_id for m in batch[1:]])
    bury(world, dead)
    world.apply_once()
    assert [world.entry_state(1, pos) for pos in range(3)] == ["failed", "queued", "blocked"]
    world.put_article("1")
    world.commands.retry()
    world.maintenance_once()
    world.apply_once()
    world.settle()
    world.check()
    document = world.document("1") or {}
    assert ("F_4" in document) == (world.entry_state(1, 1) == "succeeded")
    assert {"F_3", "F_5"} <= document.keys()


def test_a_retry_while_the_first_packed_file_is_still_being_sent_stays_in_its_lane() -> None:
    world = World(ENTRIES_PER_MESSAGE="25")
    world.drop("a.json", [feature("1", "F_3"), *(entry("add-article", f"{i}-{i}") for i in range(60))])
    world.intake_once()
    send = world.articles_queue.send
    lanes: list[str] = []

    def spying(messages: list[Message]) -> list[bool]:
        lanes.append(world.memory_ledger.control().lanes)
        return send(messages)

    world.articles_queue.send = spying  # type: ignore[method-assign]
    world.settle()
    assert set(lanes) == {"article:25"}


def test_an_entry_whose_bytes_are_gone_fails_and_holds_up_nothing() -> None:
    world = World()
    waiting(world, "a.json", [entry("add-article", "1", F_3="large" * 2000), entry("add-article", "2")])
    world.bucket.delete("snapshots/1")
    world.settle()
    assert world.entry_state(1, 0) == "failed"
    assert world.entry_state(1, 1) == "succeeded"
    assert not world.parked.bodies


def test_a_file_that_kills_its_worker_while_it_is_sent_fails_at_last_and_lets_the_next_one_go() -> None:
    world = World()
    world.drop("a.json", [entry("add-article", str(i)) for i in range(12)])
    world.intake_once()
    send = world.articles_queue.send

    def deadly(messages: list[Message]) -> list[bool]:
        if any('"n":1,' in message.body and '"11"' in message.body for message in messages):
            raise Killed
        return send(messages)

    world.articles_queue.send = deadly  # type: ignore[method-assign]
    world.settle()
    world.drop("b.json", [entry("add-article", "b")])
    world.settle()
    assert world.document("b") is not None
    assert world.file_state(1) == "failed"
    assert world.counts(1) == {"succeeded": 10, "cleared": 2}
    world.check()


def test_a_failure_that_a_worker_had_in_hand_when_all_was_cleared_is_listed_with_its_file() -> None:
    world = World()
    world.drop("a.json", [feature("1", "F_3")])
    world.intake_once()
    world.file_worker_once()
    get_many = world.store.get_many

    def cleared_meanwhile(numbers: list[str]) -> object:
        world.store.get_many = get_many  # type: ignore[method-assign]
        world.commands.clear()
        world.sweep_once()
        world.sweep_once()
        return get_many(numbers)

    world.store.get_many = cleared_meanwhile  # type: ignore[method-assign,assignment]
    world.settle()
    assert world.counts(1) == {"failed": 1}
    assert world.listing.failed_files(1, 10).items == ["s3://bucket/delta/a.json"]
    world.check()


def test_a_retry_of_a_broken_file_that_was_cleared_before_it_began_does_nothing() -> None:
    world = World()
    world.drop("a.json", b"[")
    world.settle()
    world.commands.retry()
    world.commands.clear()
    world.settle()
    assert world.memory_ledger.control().seq == 2  # the file and the retry: no file was accepted again
    assert world.listing.failed_files(1, 10).items == ["s3://bucket/delta/a.json"]
    world.check()


def test_clear_ends_a_long_file_while_it_is_sent() -> None:
    world = World(ENTRIES_PER_MESSAGE="100")
    world.drop("a.json", [entry("add-article", str(i)) for i in range(8000)])
    world.intake_once()
    send, calls = world.articles_queue.send, 0

    def clearing(messages: list[Message]) -> list[bool]:
        nonlocal calls
        calls += 1
        if calls == 1:
            world.commands.clear()
        return send(messages)

    world.articles_queue.send = clearing  # type: ignore[method-assign]
    world.settle()
    assert world.counts(1) == {"cleared": 8000}
    assert calls <= 5
    world.check()
