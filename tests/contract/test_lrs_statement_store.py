"""What every statement store promises of writing, held by the one in memory and the one on a real OpenSearch node."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.adapters.opensearch_connection import connect
from chalicelib.adapters.opensearch_statements import OpenSearchStatements
from chalicelib.ports.statement_store import (
    Keys,
    Mark,
    Outcome,
    PageEnd,
    Rejected,
    Revision,
    StatementStore,
    Stored,
    Taken,
)
from tests.contract.statement_stores import (
    EVE,
    FAILED,
    FIRST,
    KEYS,
    NOW,
    SECOND,
    STORES,
    ask,
    call,
    name_of,
    numbers,
    own_prefix,
    record,
    statements_on,
    write,
)
from tests.doubles.statement_store import MemoryStatementStore


@pytest.fixture(scope="module")
def prefix(opensearch_url: str) -> Iterator[str]:
    with own_prefix(opensearch_url) as name:
        yield name


@pytest.fixture(scope="module")
def opensearch(opensearch_url: str, prefix: str) -> OpenSearchStatements:
    return statements_on(opensearch_url, prefix)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> StatementStore:
    if request.param == "memory":
        return MemoryStatementStore()
    store = request.getfixturevalue("opensearch")
    assert isinstance(store, OpenSearchStatements)
    return store


@pytest.fixture
def slug() -> str:
    return f"store-{uuid4().hex[:10]}"


# ---- what is written


def test_a_store_without_statements_is_empty(store: StatementStore, slug: str) -> None:
    assert store.get_many(slug, [FIRST]) == store.get_many(slug, []) == {}
    assert store.get_marks(slug, [FIRST]) == {}
    assert store.create([]) == store.update([]) == store.remove([]) == []
    store.refresh()
    assert store.search(ask(slug)) == store.of_batch(slug, "b1", 9) == []
    assert store.page_end(ask(slug)) == PageEnd(0, None)
    assert store.remove_found(ask(slug)) is True
    assert store.referring_to(slug, [FIRST], 9) == {}
    assert store.attached(slug, "ab" * 32) is False
    assert store.count(slug) == 0


def test_without_an_index_there_is_nothing_and_the_first_write_makes_it(opensearch_url: str) -> None:
    name = f"lrs-{uuid4().hex}"
    empty = OpenSearchStatements(connect(opensearch_url, signed=False), name, replicas=0)
    try:
        test_a_store_without_statements_is_empty(empty, "s")
        [written] = write(empty, record("s"))
        assert empty.search(ask("s")) == [written]
        assert isinstance(empty.put_mark("s", Mark(FIRST)), Stored)
        made = call(f"{opensearch_url}/{name}-*/_settings", "GET")
        indexes = {index: each["settings"]["index"] for index, each in made.items()}
        assert {each["refresh_interval"] for each in indexes.values()} == {"30s"}
        assert indexes[f"{name}-statements-1"]["sort"] == {"field": "stored", "order": "desc"}
        empty.ensure_indexes()
    finally:
        call(f"{opensearch_url}/{name}-statements-1,{name}-marks-1", "DELETE")


def test_many_may_make_the_indexes_at_once(opensearch_url: str) -> None:
    name = f"lrs-{uuid4().hex}"
    makers = [OpenSearchStatements(connect(opensearch_url, signed=False), name, replicas=0) for _ in range(4)]
    try:
        with ThreadPoolExecutor(4) as pool:
            for made in [pool.submit(maker.ensure_indexes) for maker in makers]:
                made.result()
        assert set(call(f"{opensearch_url}/{name}-*", "GET")) == {f"{name}-statements-1", f"{name}-marks-1"}
    finally:
        call(f"{opensearch_url}/{name}-statements-1,{name}-marks-1", "DELETE")


FULL: dict[str, Any] = {
    "refers_to": SECOND,
    "voiding": True,
    "voided": True,
    "targets": (KEYS, Keys(FAILED), Keys(agents=(EVE,), related_agents=(EVE,))),
    "attachments": ("ab" * 32, "cd" * 32),
    "validated": False,
    "valid": None,
    "faults": ("actor: missing (XAPI-00001)", 'ø "quoted"'),
    "pseudonymized": True,
    "updated": NOW + 77,
}


@pytest.mark.parametrize(
    "fields",
    [{}, FULL, {"keys": Keys()}, *({name: value} for name, value in FULL.items()), {"valid": False}],
    ids=lambda fields: "+".join(fields) or "plain",
)
def test_a_statement_comes_back_at_once_with_all_that_is_known_of_it(
    store: StatementStore, slug: str, fields: dict[str, Any]
) -> None:
    [outcome] = store.create([record(slug, **fields)])
    assert isinstance(outcome, Stored)
    written = record(slug, **fields, revision=outcome.revision)
    assert store.get_many(slug, [FIRST, written.id]) == {written.id: written}
    store.refresh()
    assert store.search(ask(slug, voided=None)) == [written]


@pytest.mark.parametrize(
    "text",
    [
        '{"score":0.10000000000000000555,"big":12345678901234567890123,"e":1E400}',
        '{"b":1,"a":2,"b":3}',
        '{"t":"ø ½ 灯 🔦 e\u0301 \\u0000 \\ud800 \\n \\" \u2028"}',
        '"' + "x" * 40_000 + '"',
    ],
)
def test_its_text_comes_back_byte_for_byte(store: StatementStore, slug: str, text: str) -> None:
    write(store, record(slug, text=text))
    assert store.get_many(slug, [name_of(0)])[name_of(0)].text == text
    assert [each.text for each in store.search(ask(slug))] == [text]


def test_half_of_a_surrogate_pair_is_rejected_alone(store: StatementStore, slug: str) -> None:
    outcomes = store.create([record(slug), record(slug, 1, text='"\ud800"'), record(slug, 2)])
    assert [type(each) for each in outcomes] == [Stored, Rejected, Stored]
    assert set(store.get_many(slug, [name_of(n) for n in range(3)])) == {name_of(0), name_of(2)}


def test_an_id_is_taken_once_in_each_store(store: StatementStore, slug: str) -> None:
    [first] = write(store, record(slug))
    other = record(slug, batch="b2", stored=NOW + 9, text="{}", keys=Keys(FAILED))
    assert store.create([other]) == [Taken()]
    assert store.get_many(slug, [first.id]) == {first.id: first}
    [elsewhere] = write(store, replace(other, store=f"{slug}-b"))
    assert store.get_many(f"{slug}-b", [first.id]) == {first.id: elsewhere}
    assert store.get_many(slug, [first.id]) == {first.id: first}


def test_outcomes_come_in_order(store: StatementStore, slug: str) -> None:
    write(store, record(slug, 1), record(slug, 3))
    outcomes = store.create([record(slug, number) for number in (0, 1, 2, 3, 0)])
    assert [type(each) for each in outcomes] == [Stored, Taken, Stored, Taken, Taken]
    revisions = {each.revision for each in store.get_many(slug, [name_of(n) for n in range(4)]).values()}
    assert {each.revision for each in outcomes if isinstance(each, Stored)} <= revisions
    assert len(revisions) == 4


def test_of_two_who_create_one_id_at_once_one_wins(opensearch: OpenSearchStatements, slug: str) -> None:
    def create(writer: int) -> list[Outcome]:
        batch = [record(slug, number, batch=f"b{writer}") for number in range(50)]
        return opensearch.create(batch if writer % 2 else batch[::-1])

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(create, range(4)))
    assert sum(isinstance(each, Stored) for of_one in outcomes for each in of_one) == 50
    assert sum(isinstance(each, Taken) for of_one in outcomes for each in of_one) == 150


# ---- what is changed and removed


def test_an_update_needs_the_revision_that_was_read(store: StatementStore, slug: str) -> None:
    [first] = write(store, record(slug))
    [outcome] = store.update([replace(first, voided=True)])
    assert isinstance(outcome, Stored)
    assert outcome.revision != first.revision
    second = replace(first, voided=True, revision=outcome.revision)
    assert store.get_many(slug, [first.id]) == {first.id: second}
    assert store.update([replace(first, pseudonymized=True)]) == [Taken()]
    assert store.get_many(slug, [first.id]) == {first.id: second}
    store.remove([second])
    assert store.update([second]) == [Taken()]
    assert store.get_many(slug, [first.id]) == {}


def test_what_was_not_read_is_not_updated_or_removed(store: StatementStore, slug: str) -> None:
    write(store, record(slug))
    for change in (store.update, store.remove):
        with pytest.raises(ValueError, match="not a stored statement"):
            change([record(slug)])


def test_a_removal_needs_the_revision_that_was_read(store: StatementStore, slug: str) -> None:
    first, second, third = write(store, *(record(slug, number) for number in range(3)))
    [outcome] = store.update([replace(second, voided=True)])
    assert isinstance(outcome, Stored)
    never = record(slug, 9, revision=Revision(7, 1))
    outcomes = store.remove([first, second, third, never])
    assert [type(each) for each in outcomes] == [Stored, Taken, Stored, Stored]
    assert set(store.get_many(slug, [name_of(n) for n in range(3)])) == {second.id}
    assert [type(each) for each in store.remove([first, second])] == [Stored, Taken]
    again = record(slug, batch="b9")
    write(store, again)
    assert store.remove([first]) == [Taken()]  # the same id, another statement
    assert store.get_many(slug, [again.id])[again.id].batch == "b9"


def test_a_search_sees_what_was_written_before_the_refresh(store: StatementStore, slug: str) -> None:
    first, second = write(store, record(slug), record(slug, 1))
    store.update([replace(first, voided=True)])
    store.remove([second])
    store.create([record(slug, 2)])
    store.refresh()
    assert numbers(store, ask(slug)) == [2]
    assert numbers(store, ask(slug, voided=True)) == [0]
    assert store.count(slug) == 2


def test_a_batch_is_found_and_undone(store: StatementStore, slug: str) -> None:
    write(store, record(slug, 9, batch="b2"))
    store.create([record(slug, number) for number in range(7)])
    while found := store.of_batch(slug, "b1", 3):
        assert len(found) <= 3
        assert {each.batch for each in found} == {"b1"}
        assert all(isinstance(each, Stored) for each in store.remove(found))
    assert store.of_batch(f"{slug}-b", "b2", 3) == []
    assert store.get_many(slug, [name_of(n) for n in range(7)]) == {}
    assert [each.id for each in store.of_batch(slug, "b2", 3)] == [name_of(9)]


def test_the_statements_of_several_batches_are_found_at_once(store: StatementStore, slug: str) -> None:
    write(store, record(slug, 0, batch="b1"), record(slug, 1, batch="b2"), record(slug, 2, batch="b3"))
    assert {each.batch for each in store.of_batches(slug, ["b1", "b3", "none"], 9)} == {"b1", "b3"}
    assert store.of_batches(f"{slug}-b", ["b1"], 9) == []


def test_those_that_refer_to_some_are_found(store: StatementStore, slug: str) -> None:
    store.create(
        [
            record(slug, 0, refers_to=FIRST),
            record(slug, 1, refers_to=SECOND),
            record(slug, 2, refers_to=name_of(0)),
            record(slug, 3),
            record(f"{slug}-b", 4, refers_to=FIRST),
        ]
    )
    found = store.referring_to(slug, [FIRST, SECOND], 9)
    assert found == {name_of(0): FIRST, name_of(1): SECOND}
    assert len(store.referring_to(slug, [FIRST, SECOND], 1)) == 1
    assert store.referring_to(slug, [], 9) == {}


def test_whether_an_attachment_is_in_use(store: StatementStore, slug: str) -> None:
    store.create([record(slug, attachments=("ab" * 32, "cd" * 32)), record(slug, 1)])
    assert [store.attached(slug, each * 32) for each in ("ab", "cd", "ef")] == [True, True, False]
    assert store.attached(f"{slug}-b", "ab" * 32) is False
    store.remove(store.of_batch(slug, "b1", 9))
    assert store.attached(slug, "ab" * 32) is False


def test_marks_are_read_at_once_and_written_over_their_revision(store: StatementStore, slug: str) -> None:
    mark = Mark(FIRST, True, (SECOND, name_of(4)))
    outcome = store.put_mark(slug, mark)
    assert isinstance(outcome, Stored)
    written = replace(mark, revision=outcome.revision)
    assert store.get_marks(slug, [FIRST, SECOND]) == {FIRST: written}
    assert store.get_marks(f"{slug}-b", [FIRST]) == {}
    assert store.put_mark(slug, Mark(FIRST)) == Taken()
    changed = replace(written, voided=False, referrers=())
    outcome = store.put_mark(slug, changed)
    assert isinstance(outcome, Stored)
    assert store.put_mark(slug, written) == Taken()
    assert store.get_marks(slug, [FIRST]) == {FIRST: replace(changed, revision=outcome.revision)}
