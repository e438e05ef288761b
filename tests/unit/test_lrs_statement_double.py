"""The faults of the statement store in memory: what happens, what the caller learns, what arrives late."""

from collections.abc import Sequence

import pytest

from chalicelib.errors import Unavailable
from chalicelib.ports.statement_store import (
    Keys,
    Mark,
    Outcome,
    Rejected,
    StatementRecord,
    StatementSearch,
    Stored,
    Taken,
    Unsure,
)
from tests.doubles.article_store import Fault
from tests.doubles.faults import Faults, Killed
from tests.doubles.statement_store import FaultyStatements, MemoryStatementStore

EVERY = StatementSearch("s", upto=9, limit=9)


def record(name: str) -> StatementRecord:
    return StatementRecord("s", name, "b", 1, 1, "c", "a", "{}", "d", Keys())


RECORDS = [record(name) for name in "abcd"]


def names(outcomes: Sequence[Outcome]) -> list[str]:
    return [type(outcome).__name__ for outcome in outcomes]


@pytest.mark.parametrize(
    ("kind", "learns", "stored"),
    [
        ("throws", ["Unsure"] * 4, ""),
        ("answer lost", ["Unsure"] * 4, "abcd"),
        ("in part", ["Unsure", "Stored"] * 2, "bd"),
        ("beaten", ["Taken", "Stored"] * 2, "bd"),
        ("refused", ["Rejected", "Stored"] * 2, "bd"),
        ("late", ["Unsure"] * 4, ""),
        ("killed before", None, ""),
        ("killed halfway", None, "ab"),
        ("killed after", None, "abcd"),
    ],
)
def test_a_write_goes_wrong_in_each_way(kind: str, learns: list[str] | None, stored: str) -> None:
    inner = MemoryStatementStore()
    store = FaultyStatements(inner, "statements", Faults(1, kind))
    store.refresh()
    if learns is None:
        with pytest.raises(Killed):
            store.create(RECORDS)
    else:
        assert names(store.create(RECORDS)) == learns
    assert "".join(each.id for each in inner.stored("s")) == stored
    assert names(store.create(RECORDS)) == ["Taken" if name in stored else "Stored" for name in "abcd"]


@pytest.mark.parametrize("kind", ["throws", "answer lost"])
def test_a_read_without_an_answer_is_unavailable_and_a_mark_unsure(kind: str) -> None:
    inner = MemoryStatementStore()
    with pytest.raises(Unavailable):
        FaultyStatements(inner, "statements", Faults(0, kind)).search(EVERY)
    assert isinstance(FaultyStatements(inner, "statements", Faults(0, kind)).put_mark("s", Mark("t")), Unsure)
    assert (inner.mark("s", "t") is not None) is (kind == "answer lost")


def test_a_late_write_arrives_after_what_was_written_meanwhile() -> None:
    inner = MemoryStatementStore()
    store = FaultyStatements(inner, "statements", Faults(0, "late"))
    store.create(RECORDS[:2])
    [first] = store.create(RECORDS[:1])
    inner.land_late()
    assert inner.get_many("s", ["a", "b"])["a"].revision == (
        first.revision if isinstance(first, Stored) else None
    )
    assert [each.id for each in inner.stored("s")] == ["a", "b"]


@pytest.mark.parametrize(
    ("fault", "outcome", "is_stored"),
    [
        (Fault.DOWN, Unsure, False),
        (Fault.ANSWER_LOST, Unsure, True),
        (Fault.LATE, Unsure, False),
        (Fault.BEATEN, Taken, False),
        (Fault.REFUSED, Rejected, False),
    ],
)
def test_a_plan_lets_one_document_go_wrong(fault: Fault, outcome: type, is_stored: bool) -> None:
    store = MemoryStatementStore(plan=lambda call, name: fault if (call, name) == ("create", "b") else None)
    outcomes = store.create(RECORDS)
    assert [type(each) for each in outcomes] == [Stored, outcome, Stored, Stored]
    assert ("b" in store.get_many("s", ["b"])) is is_stored
    store.land_late()
    assert ("b" in store.get_many("s", ["b"])) is (is_stored or fault is Fault.LATE)


def test_a_plan_makes_reads_unavailable() -> None:
    store = MemoryStatementStore(plan=lambda call, name: Fault.DOWN if call == "refresh" else None)
    with pytest.raises(Unavailable):
        store.refresh()
    assert store.search(EVERY) == []


def test_a_search_sees_writes_after_a_refresh_unless_it_is_always_fresh() -> None:
    store, fresh = MemoryStatementStore(), MemoryStatementStore(always_fresh=True)
    for each in (store, fresh):
        each.create(RECORDS[:1])
    assert (len(store.search(EVERY)), len(fresh.search(EVERY))) == (0, 1)
    store.refresh()
    assert len(store.search(EVERY)) == 1
