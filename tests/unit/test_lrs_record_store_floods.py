"""What a client that sends much of the same can do to a store: nothing that others would notice."""

import hashlib
import uuid
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.errors import Unavailable
from chalicelib.lrs.access.principal import Cmi5Session
from chalicelib.lrs.errors import StatementConflict, TooLarge
from chalicelib.lrs.options import PipelineOptions
from chalicelib.lrs.statements.effects import REPLACED_SECONDS
from chalicelib.lrs.statements.preparing import MOST_NAMED
from chalicelib.lrs.statements.query import StatementQuery
from chalicelib.lrs.statements.references import MOST_TARGET_KEYS
from chalicelib.lrs.statements.sweep import LOOKS, STORES_SECONDS, UNDONE_SECONDS
from chalicelib.lrs.versions import V1
from chalicelib.ports.record_clock import Batch
from chalicelib.times import microseconds
from tests.doubles.article_store import Fault
from tests.doubles.lrs_world import LrsWorld, principal
from tests.unit.test_lrs_record_store_races import A, B, referring, statement, voiding


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


def naming(count: int, start: int = 0) -> dict[str, object]:
    activities = [{"id": f"a:{start + index}"} for index in range(count)]
    return statement(A if start == 0 else B) | {"context": {"contextActivities": {"other": activities}}}


def test_a_request_names_no_more_than_can_be_taken_in() -> None:
    world = LrsWorld()
    with pytest.raises(TooLarge, match="names 10004 agents, activities and terms"):
        record(world, naming(MOST_NAMED // 2), naming(MOST_NAMED // 2, MOST_NAMED))
    assert world.stored.statement_store.stored("store") == []
    record(world, naming(5_000))


@pytest.mark.parametrize("target", ["a:b", "x" * 600, "", 7, None])
def test_what_is_no_id_in_an_unchecked_statement_names_no_statement(target: object) -> None:
    world = LrsWorld()
    caller = principal("store", "client", PipelineOptions(validate_statements=False))
    sent = statement(A) | {"object": {"objectType": "StatementRef", "id": target}}
    world.recording.record(caller, V1, [sent], {})
    (stored,) = world.stored.statement_store.stored("store")
    assert stored.refers_to is None
    assert world.record_clock.read("store").open == {}


ANN = {"mbox": "mailto:ann@example.com"}
SESSION = Cmi5Session("token", ANN, "http://example.com/activities/one")


def test_the_bearer_of_a_cmi5_token_replaces_nothing() -> None:
    world = LrsWorld()
    record(world, statement(A))
    bearer = replace(principal("store", "client", PipelineOptions(check_conflicts=False)), cmi5=SESSION)
    with pytest.raises(StatementConflict):
        world.recording.record(bearer, V1, [statement(A, note="other")], {})


def test_the_bearer_of_a_cmi5_token_is_not_shown_what_others_say_of_its_statements() -> None:
    world = LrsWorld()
    teacher = referring(B, A) | {"actor": {"mbox": "mailto:teacher@example.com"}}
    record(world, statement(A), teacher)
    bearer = replace(principal(), cmi5=SESSION)
    assert {each.id for each in world.reader.query(bearer, StatementQuery()).records} == {A}


def name_of(number: int) -> str:
    return str(uuid.UUID(int=number + (4 << 76) + (8 << 60)))


def calls_of(world: LrsWorld, *statements: dict[str, object]) -> int:
    calls = world.stored.statement_store.calls
    calls.clear()
    record(world, *statements)
    return sum(calls.values())


def test_voiding_hundreds_takes_a_few_calls() -> None:
    world = LrsWorld()
    record(world, *(statement(name_of(number)) for number in range(300)))
    few = calls_of(world, *(voiding(name_of(1000 + number), name_of(number)) for number in range(10)))
    many = calls_of(world, *(voiding(name_of(2000 + number), name_of(number)) for number in range(10, 300)))
    assert many < few + 20
    voided = [each.voided for each in world.stored.statement_store.stored("store") if not each.voiding]
    assert voided == [True] * 300


def test_telling_many_referrers_takes_a_few_calls() -> None:
    world = LrsWorld()
    record(world, *(referring(name_of(1 + number), A) for number in range(300)))
    assert calls_of(world, statement(A)) < 30
    assert all(each.targets for each in world.stored.statement_store.stored("store") if each.id != A)


def test_a_chain_in_one_request_is_found_by_what_it_ends_with() -> None:
    world = LrsWorld()
    chain = [referring(name_of(number + 1), name_of(number)) for number in range(1, 60)]
    record(world, statement(name_of(1)), *chain)
    last = world.stored.statement_store.stored("store")[-1]
    assert [keys.activities for keys in last.targets if keys.activities] == [
        ("http://example.com/activities/one",)
    ]


def crowd(name: str, target: str | None) -> dict[str, object]:
    members = [{"mbox": f"mailto:{name[-3:]}-{number}@example.com"} for number in range(4_000)]
    made = statement(name) if target is None else referring(name, target)
    return made | {"actor": {"objectType": "Group", "member": members}}


def test_a_chain_of_crowds_does_not_make_a_document_that_cannot_be_stored() -> None:
    world = LrsWorld()
    names = [name_of(number) for number in range(1, 7)]
    for name, target in zip(names, [None, *names], strict=False):
        record(world, crowd(name, target))
    last = world.stored.statement_store.stored("store")[-1]
    assert last.targets
    assert sum(len(keys.related_agents) for keys in last.targets) <= MOST_TARGET_KEYS


def test_a_store_that_takes_long_does_not_keep_the_attachments_from_being_swept() -> None:
    world = LrsWorld()
    now = microseconds(world.clock.now())
    for store in ("one", "two", "three"):
        for name in ("a", "b", "c"):
            world.record_clock.register(store, name, 1, now, now + 1)
    world.attachments.claim("one", "dead", {"a" * 64: b"bytes"}, now + 1)
    world.clock.advance(2)
    settle: Any = world.settling.settle

    def slow(store: str, batch: Batch) -> bool:
        world.clock.advance(STORES_SECONDS / 2)
        return bool(settle(store, batch))

    world.settling.settle = slow  # type: ignore[method-assign]
    swept = world.sweep.run(["one", "two", "three"])
    assert (swept.stores, swept.undone, swept.attachments) == (1, 2, 1)
    for _ in range(12):
        world.sweep.run(["one", "two", "three"])
    assert [world.record_clock.read(store).open for store in ("one", "two", "three")] == [{}, {}, {}]


def test_the_attachments_of_a_statement_that_is_replaced_go() -> None:
    world = LrsWorld()
    caller = principal("store", "client", PipelineOptions(check_conflicts=False))

    def put(*contents: bytes) -> None:
        bodies = {hashlib.sha256(each).hexdigest(): each for each in contents}
        listed = [
            {
                "usageType": "http://example.com/usage",
                "display": {"en": "file"},
                "contentType": "text/plain",
                "length": 3,
                "sha2": sha256,
            }
            for sha256 in bodies
        ]
        world.recording.record(caller, V1, [statement(A) | {"attachments": listed}], bodies)

    put(b"old", b"yes")
    put(b"yes", b"new")
    world.sweep.run(["store"])
    assert len(world.stored.blobs.keys) == 3
    world.clock.advance(REPLACED_SECONDS + 1)
    world.sweep.run(["store"])
    kept = {key.split("/")[2] for key in world.stored.blobs.keys}
    assert kept == {hashlib.sha256(each).hexdigest() for each in (b"yes", b"new")}
