"""What every statement store promises, held by the one in memory and the one on a real OpenSearch node."""

import json
import urllib.request
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import combinations
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters import opensearch_statement_queries
from chalicelib.adapters.opensearch_connection import connect
from chalicelib.adapters.opensearch_index import BYTES_PER_WRITE
from chalicelib.adapters.opensearch_statement_queries import window_ends
from chalicelib.adapters.opensearch_statements import OpenSearchStatements
from chalicelib.errors import Unavailable
from chalicelib.ports.statement_store import (
    Keys,
    Mark,
    Outcome,
    PageEnd,
    Rejected,
    Revision,
    StatementRecord,
    StatementSearch,
    StatementStore,
    Stored,
    Taken,
    Unsure,
)
from tests.doubles.statement_store import MemoryStatementStore

NOW = 1_795_324_595_123_456
ADA, BOB, EVE = (
    "mbox:mailto:ada@example.org",
    "account:19:https://example.org|bob",
    "openid:https://eve.example",
)
MATHS, ART, BOOK = "https://example.org/maths", "https://example.org/art", "sha256:" + "ab" * 32
PASSED, FAILED, VOIDS = ("http://adlnet.gov/expapi/verbs/" + name for name in ("passed", "failed", "voided"))
FIRST, SECOND = "0" * 8 + "-0000-4000-8000-" + "0" * 12, "1" * 8 + "-0000-4000-8000-" + "0" * 12
KEYS = Keys(PASSED, FIRST, (ADA,), (ADA, BOB), (MATHS,), (MATHS, ART, BOOK))


def call(url: str, method: str, body: object = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(
        urllib.request.Request(url, data, headers, method=method), timeout=30
    ) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def prefix(opensearch_url: str) -> Iterator[str]:
    """A prefix whose indexes the first write makes; each test has a store of its own in them."""
    name = f"lrs-{uuid4().hex}"
    yield name
    call(f"{opensearch_url}/{name}-statements-1,{name}-marks-1?ignore_unavailable=true", "DELETE")


@pytest.fixture(scope="module")
def opensearch(opensearch_url: str, prefix: str) -> OpenSearchStatements:
    return OpenSearchStatements(connect(opensearch_url, signed=False), prefix, replicas=0)


@pytest.fixture(params=["memory", "opensearch"])
def store(request: pytest.FixtureRequest) -> StatementStore:
    if request.param == "memory":
        return MemoryStatementStore()
    store = request.getfixturevalue("opensearch")
    assert isinstance(store, OpenSearchStatements)
    return store


@pytest.fixture
def slug() -> str:
    return f"store-{uuid4().hex[:10]}"


def name_of(number: int) -> str:
    return str(UUID(int=number + 1, version=4))


def record(slug: str, number: int = 0, **fields: Any) -> StatementRecord:
    made = StatementRecord(
        store=slug,
        id=name_of(number),
        batch="b1",
        stored=NOW + number,
        updated=NOW + number,
        client="client",
        authority=BOB,
        text=f'{{"id":"{name_of(number)}"}}',
        digest=f"{number:064x}",
        keys=KEYS,
    )
    return replace(made, **fields)


def write(store: StatementStore, *records: StatementRecord) -> list[StatementRecord]:
    """Creates them; each with its revision."""
    written = []
    for each, outcome in zip(records, store.create(records), strict=True):
        assert isinstance(outcome, Stored), outcome
        written.append(replace(each, revision=outcome.revision))
    store.refresh()
    return written


def ask(slug: str, **fields: Any) -> StatementSearch:
    return StatementSearch(**{"store": slug, "upto": NOW + 10**6, "limit": 100, **fields})


def numbers(store: StatementStore, search: StatementSearch) -> list[int]:
    """The numbers of the statements that a search finds, in its order."""
    return [each.stored - NOW for each in store.search(search)]


# What is written


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


# What is changed and removed


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


# What is found


def test_the_newest_come_first_or_the_oldest(store: StatementStore, slug: str) -> None:
    write(store, *(record(slug, number) for number in (3, 1, 4, 0, 2)))
    write(store, record(f"{slug}-b", 7))
    assert numbers(store, ask(slug)) == [4, 3, 2, 1, 0]
    assert numbers(store, ask(slug, ascending=True)) == [0, 1, 2, 3, 4]
    assert numbers(store, ask(slug, limit=2)) == [4, 3]
    assert numbers(store, ask(slug, limit=2, ascending=True)) == [0, 1]


@pytest.mark.parametrize("ascending", [False, True])
def test_times_are_told_apart_to_the_microsecond(store: StatementStore, slug: str, ascending: bool) -> None:
    write(store, *(record(slug, number) for number in range(6)))
    cases: list[tuple[dict[str, int], set[int]]] = [
        ({"upto": NOW + 3}, {0, 1, 2, 3}),
        ({"since": NOW + 3}, {4, 5}),
        ({"until": NOW + 3}, {0, 1, 2, 3}),
        ({"until": NOW + 4, "upto": NOW + 2}, {0, 1, 2}),
        ({"until": NOW + 2, "upto": NOW + 4}, {0, 1, 2}),
        ({"since": NOW + 1, "until": NOW + 4}, {2, 3, 4}),
        ({"since": NOW + 2, "until": NOW + 3}, {3}),
        ({"since": NOW + 3, "until": NOW + 3}, set()),
        ({"since": NOW + 4, "until": NOW + 1}, set()),
        ({"after": NOW + 3}, {4, 5} if ascending else {0, 1, 2}),
        ({"after": NOW + 3, "since": NOW, "until": NOW + 4}, {4} if ascending else {1, 2}),
        ({"since": -1, "until": 2**53}, {0, 1, 2, 3, 4, 5}),
    ]
    for times, expected in cases:
        found = numbers(store, ask(slug, ascending=ascending, **times))
        assert found == sorted(expected, reverse=not ascending), times


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize("limit", [1, 3, 4, 100])
def test_pages_follow_each_other_without_gap_or_repetition(
    store: StatementStore, slug: str, ascending: bool, limit: int
) -> None:
    write(store, *(record(slug, number, voided=number % 5 == 4) for number in range(12)))
    search = ask(slug, ascending=ascending, limit=limit, upto=NOW + 10)
    found: list[int] = []
    while page := store.search(search):
        found += [each.stored - NOW for each in page]
        search = replace(search, after=page[-1].stored)
    assert found == sorted({0, 1, 2, 3, 5, 6, 7, 8, 10}, reverse=not ascending)


@pytest.mark.parametrize("limit", [1, 3, 50])
def test_the_oldest_of_many_are_found_however_far_apart_they_are(
    opensearch: OpenSearchStatements, slug: str, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(opensearch_statement_queries, "MANY", 2)
    gaps = [1, 2, 999_999, 1_000_000, 1_000_001, 16_999_999, 17_000_000, 10**9, 10**11, 3 * 10**14]
    places = sorted({sum(gaps[:n]) for n in range(len(gaps) + 1)} | {NOW % 10**9})
    write(
        opensearch,
        *(record(slug, place, keys=Keys(PASSED if n % 3 else FAILED)) for n, place in enumerate(places)),
    )
    for since, until in [
        (None, NOW + places[-1]),
        (None, NOW - 1),
        (NOW - 1, NOW + places[-1]),
        (NOW, NOW + 10**12),
        (NOW + 3, NOW + 10**9),
        (NOW + 9, NOW + 9),
    ]:
        for verb in (None, PASSED):
            search = ask(
                slug, ascending=True, since=since, until=until, upto=NOW + 10**15, limit=limit, verb=verb
            )
            found: list[int] = []
            while page := numbers(opensearch, search):
                assert len(page) <= limit
                found += page
                search = replace(search, after=NOW + page[-1])
            expected = [
                place
                for n, place in enumerate(places)
                if (since or 0) < NOW + place <= until and (verb is None or n % 3)
            ]
            assert found == expected


@given(st.integers(0, 2 * 10**15), st.integers(-10, 4 * 10**15))
def test_windows_cover_all_time_up_to_the_end_in_few_steps(start: int, length: int) -> None:
    ends = list(window_ends(start, start + length))
    assert ends == sorted(set(ends))
    assert (ends[-1:] == [start + length]) is (length > 0)
    assert all(start < end <= start + length for end in ends)
    assert len(ends) <= 10


def test_a_big_page_and_a_big_batch(store: StatementStore, slug: str) -> None:
    filler = "x" * 3000
    records = [record(slug, number, text=f'"{filler}{number}"') for number in range(2200)]
    assert sum(len(each.text) for each in records) > BYTES_PER_WRITE
    write(store, *records)
    assert [each.text for each in store.search(ask(slug, limit=5000, ascending=True))] == [
        each.text for each in records
    ]
    assert len(store.get_many(slug, [each.id for each in records])) == 2200
    assert store.count(slug) == 2200


def test_undone_batches_are_left_out(store: StatementStore, slug: str) -> None:
    write(store, *(record(slug, number, batch=f"b{number % 3}") for number in range(6)))
    assert numbers(store, ask(slug, undone=frozenset({"b0", "none"}))) == [5, 4, 2, 1]
    assert numbers(store, ask(slug, undone=frozenset({"b0", "b1"}), limit=1)) == [5]
    many = frozenset(f"none{number}" for number in range(2000))
    assert numbers(store, ask(slug, undone=many)) == [5, 4, 3, 2, 1, 0]


VARIANTS: dict[str, Sequence[Any]] = {
    "voided": (False, True),
    "validated": (True, False),
    "valid": (True, False, None),
    "pseudonymized": (False, True),
    "client": ("client", "other"),
    "authority": (BOB, EVE),
    "voiding": (False, True),
}


def varied(slug: str) -> list[StatementRecord]:
    """A statement for each pair of values of two of the fields."""
    made: dict[tuple[object, ...], dict[str, Any]] = {}
    for one, other in combinations(VARIANTS, 2):
        for first in VARIANTS[one]:
            for second in VARIANTS[other]:
                fields = {name: values[0] for name, values in VARIANTS.items()} | {one: first, other: second}
                made[tuple(fields.values())] = fields
    return [record(slug, number, **fields) for number, fields in enumerate(made.values())]


def test_what_is_known_of_statements_can_be_asked_for(store: StatementStore, slug: str) -> None:
    records = varied(slug)
    write(store, *records)
    asked = {
        "voided": (None, False, True),
        "validated": (None, True, False),
        "valid": (None, True, False),
        "pseudonymized": (None, False, True),
        "client": (None, "client", "other", "client "),
        "authority": (None, BOB, EVE, "eve"),
    }
    searched = 0
    for one, other in combinations(asked, 2):
        for first in asked[one]:
            for second in asked[other]:
                wanted = {"voided": None} | {one: first, other: second}
                given = {name: value for name, value in wanted.items() if value is not None}
                expected = [
                    each.stored - NOW
                    for each in reversed(records)
                    if all(getattr(each, name) == value for name, value in given.items())
                ]
                assert numbers(store, ask(slug, **wanted)) == expected, wanted
                searched += 1
    assert searched > 100


def keyed(slug: str) -> list[StatementRecord]:
    """Statements with different keys, of their own and of what they refer to."""
    own = [
        KEYS,
        Keys(FAILED, SECOND, (BOB,), (BOB, ADA), (ART,), (ART, MATHS)),
        Keys(PASSED, None, (ADA, EVE), (ADA, EVE), (), (BOOK,)),
        Keys(FAILED, FIRST, (), (EVE,), (MATHS,), (MATHS,)),
        Keys(VOIDS, SECOND, (EVE,), (EVE, BOB)),
        Keys(),
    ]
    made = [record(slug, number, keys=keys) for number, keys in enumerate(own)]
    for targets in [(own[0],), (own[1], own[2]), (own[3], own[0], own[1]), (own[2],), (Keys(),)]:
        made.append(record(slug, len(made), keys=own[4], targets=targets, refers_to=FIRST))
    return made


def holds(search: StatementSearch, keys: Keys) -> bool:
    agents = keys.related_agents if search.related_agents else keys.agents
    activities = keys.related_activities if search.related_activities else keys.activities
    return (
        (search.agent is None or search.agent in agents)
        and (search.activity is None or search.activity in activities)
        and (search.verb is None or search.verb == keys.verb)
        and (search.registration is None or search.registration == keys.registration)
    )


CRITERIA: dict[str, Sequence[str]] = {
    "agent": (ADA, BOB, EVE),
    "activity": (MATHS, ART, BOOK),
    "verb": (PASSED, FAILED, VOIDS),
    "registration": (FIRST, SECOND),
}


@pytest.mark.parametrize("targeting", [True, False])
@pytest.mark.parametrize("related_agents", [True, False])
@pytest.mark.parametrize("related_activities", [True, False])
def test_keys_are_found_alone_and_together(
    store: StatementStore, slug: str, targeting: bool, related_agents: bool, related_activities: bool
) -> None:
    records = keyed(slug)
    write(store, *records)
    hits = 0
    given: list[dict[str, str]] = [{}]
    given += [{name: value} for name, values in CRITERIA.items() for value in values]
    for one, other in combinations(CRITERIA, 2):
        given += [{one: first, other: second} for first in CRITERIA[one] for second in CRITERIA[other]]
    given.append({"agent": ADA, "activity": MATHS, "verb": PASSED, "registration": FIRST})
    for criteria in given:
        search = ask(
            slug,
            targeting=targeting,
            related_agents=related_agents,
            related_activities=related_activities,
            **criteria,
        )
        expected = [
            each.stored - NOW
            for each in reversed(records)
            if any(holds(search, keys) for keys in (each.keys, *(each.targets if targeting else ())))
        ]
        assert numbers(store, search) == expected, criteria
        hits += len(expected)
    assert hits > 60


def test_what_is_asked_for_together_must_hold_in_one_target(store: StatementStore, slug: str) -> None:
    targets = (
        Keys(PASSED, agents=(ADA,), related_agents=(ADA,)),
        Keys(FAILED, agents=(BOB,), related_agents=(BOB,)),
    )
    write(store, record(slug, keys=Keys(VOIDS), targets=targets))
    assert numbers(store, ask(slug, verb=PASSED, agent=ADA)) == [0]
    assert numbers(store, ask(slug, verb=PASSED, agent=BOB)) == []
    assert numbers(store, ask(slug, verb=VOIDS, agent=ADA)) == []


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_a_page_is_full_where_many_targets_have_a_part_of_what_is_asked_for(
    store: StatementStore, slug: str, ascending: bool, limit: int
) -> None:
    apart = (Keys(PASSED), Keys(FAILED, agents=(ADA,), related_agents=(ADA,)))
    together = (*apart, Keys(PASSED, agents=(ADA,), related_agents=(ADA,)))
    write(
        store,
        *(record(slug, n, keys=Keys(VOIDS), targets=together if n % 4 == 1 else apart) for n in range(16)),
    )
    expected = sorted({1, 5, 9, 13}, reverse=not ascending)
    search = ask(slug, verb=PASSED, agent=ADA, ascending=ascending, limit=limit)
    assert numbers(store, search) == expected[:limit]
    assert numbers(store, replace(search, after=NOW + expected[1])) == expected[2:][:limit]


@pytest.mark.parametrize("ascending", [False, True])
def test_what_was_changed_in_a_span_of_time_is_found(
    store: StatementStore, slug: str, ascending: bool
) -> None:
    write(store, *(record(slug, n, updated=NOW + 100 - n) for n in range(10)))
    search = ask(slug, ascending=ascending, updated_after=NOW + 93, updated_upto=NOW + 97)
    assert numbers(store, search) == sorted([3, 4, 5, 6], reverse=not ascending)
    assert store.matches(search) == 4
    assert store.matches(ask(slug, updated_after=NOW + 93)) == 7
    assert store.matches(ask(slug, updated_upto=NOW + 93)) == 3


def test_a_brief_search_tells_what_a_removal_needs(store: StatementStore, slug: str) -> None:
    fields: dict[str, Any] = {
        "refers_to": FIRST,
        "attachments": ("ab" * 32,),
        "voided": True,
        "voiding": True,
    }
    [written] = write(store, record(slug, 1, targets=(KEYS,), valid=False, faults=("wrong",), **fields))
    [found] = store.search(ask(slug, voided=None, brief=True))
    emptied: dict[str, Any] = {"client": "", "authority": "", "text": "", "digest": "", "keys": Keys()}
    assert found == replace(written, targets=(), faults=(), **emptied)
    [found] = store.search(ask(slug, voided=None, brief=True, ascending=True))
    assert isinstance(store.remove([found])[0], Stored)
    assert store.get_many(slug, [written.id]) == {}


@pytest.mark.parametrize("ascending", [False, True])
def test_how_many_a_search_finds_on_all_its_pages(store: StatementStore, slug: str, ascending: bool) -> None:
    assert store.matches(ask(slug)) == 0
    write(store, *(record(slug, number, voided=number == 3) for number in range(10)))
    write(store, record(f"{slug}-b", 1))
    assert store.matches(ask(slug, limit=2)) == 9
    assert store.matches(ask(slug, limit=0, voided=None, upto=NOW + 4)) == 5
    assert store.matches(ask(slug, voided=True)) == 1
    rest = store.matches(ask(slug, voided=None, after=NOW + 2, ascending=ascending))
    assert rest == (7 if ascending else 2)
    assert store.matches(ask(slug, agent=ADA, undone=frozenset(("b1",)))) == 0


@pytest.mark.parametrize("ascending", [False, True])
def test_where_a_page_ends_is_told_without_the_page(
    store: StatementStore, slug: str, ascending: bool
) -> None:
    write(store, *(record(slug, number, voided=number == 3) for number in range(10)), record(f"{slug}-b", 1))
    for limit in (1, 4, 9, 10, 11):
        for after in (None, NOW, NOW + 5, NOW + 9):
            asked = ask(slug, limit=limit, after=after, ascending=ascending, voided=None, upto=NOW + 8)
            page = store.search(asked)
            full = page[-1].stored if len(page) == limit else None
            assert store.page_end(asked) == PageEnd(len(page), full), (limit, after)


def test_what_a_search_finds_is_removed_however_many_and_nothing_else(
    store: StatementStore, slug: str
) -> None:
    write(store, *(record(slug, number, batch=f"b{number % 2}") for number in range(8)), record(f"{slug}-b"))
    some = ask(slug, limit=1, since=NOW + 1, upto=NOW + 6, undone=frozenset(("b1",)))
    assert store.remove_found(some) is True
    store.refresh()
    assert numbers(store, ask(slug, ascending=True)) == [0, 1, 3, 5, 7]
    assert store.remove_found(some) is True
    assert store.count(f"{slug}-b") == 1


def test_what_was_changed_since_the_refresh_is_removed_after_the_next(
    store: StatementStore, slug: str
) -> None:
    first, second, third = write(store, *(record(slug, number) for number in range(3)))
    store.update([replace(first, voided=True)])
    store.remove([second])
    every = ask(slug, voided=None)
    assert store.remove_found(every) is False
    assert set(store.get_many(slug, [first.id, second.id, third.id])) == {first.id}
    store.refresh()
    assert store.remove_found(every) is True
    assert store.get_many(slug, [first.id]) == {}


def test_those_that_are_linked_or_have_targets_are_found(store: StatementStore, slug: str) -> None:
    write(
        store,
        record(slug, 0),
        record(slug, 1, refers_to=FIRST),
        record(slug, 2, attachments=("ab" * 32,)),
        record(slug, 3, refers_to=FIRST, targets=(Keys(PASSED),)),
    )
    assert numbers(store, ask(slug, linked=True)) == [3, 2, 1]
    assert numbers(store, ask(slug, targeted=True, brief=True)) == [3]


def test_whatever_a_store_has_is_deleted_in_steps(store: StatementStore, slug: str) -> None:
    other = f"{slug}-b"
    write(store, *(record(slug, number, batch=f"b{number % 3}") for number in range(5)), record(other))
    assert isinstance(store.put_mark(slug, Mark(FIRST, True)), Stored)
    assert isinstance(store.put_mark(other, Mark(FIRST, True)), Stored)
    gone = []
    while count := store.clear_store(slug, 4):
        gone.append(count)
    assert gone == [4, 2]
    store.refresh()
    assert (store.count(slug), store.get_marks(slug, [FIRST])) == (0, {})
    assert (store.count(other), set(store.get_marks(other, [FIRST]))) == (1, {FIRST})
    assert store.clear_store(f"{slug}-none", 4) == 0


def test_filters_hold_together_with_times_and_flags(store: StatementStore, slug: str) -> None:
    write(store, *(record(slug, number, voided=number == 3, batch=f"b{number % 4}") for number in range(10)))
    search = ask(
        slug, agent=ADA, verb=PASSED, since=NOW, until=NOW + 8, client="client", undone=frozenset({"b2"})
    )
    assert numbers(store, search) == [8, 7, 5, 4, 1]
    assert numbers(store, replace(search, after=NOW + 7, limit=2)) == [5, 4]
    assert numbers(store, replace(search, client="other")) == []


# What goes wrong with the search engine


class Broken:
    """An engine that answers every request in one way."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def perform_request(self, method: str, url: str, *, body: bytes | None = None) -> object:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def broken_answers() -> list[object]:
    from opensearchpy.exceptions import ConnectionTimeout, TransportError

    strange = ["<html>", {}, {"docs": [None], "items": [7], "hits": []}, None]
    return [
        *strange,
        ConnectionTimeout("TIMEOUT", "", None),
        TransportError(503, "", {}),
        TransportError(404, ""),
    ]


@pytest.mark.parametrize("answer", broken_answers(), ids=repr)
def test_without_an_answer_reads_are_unavailable_and_writes_unsure(answer: object) -> None:
    store = OpenSearchStatements(Broken(answer), "lrs")
    stored = record("s", revision=Revision(1, 1))
    for write in (store.create, store.update, store.remove):
        assert [type(each) for each in write([stored, stored])] == [Unsure, Unsure]
    assert isinstance(store.put_mark("s", Mark(FIRST)), Unsure)
    for read in (
        lambda: store.get_many("s", [FIRST]),
        lambda: store.search(ask("s")),
        lambda: store.of_batch("s", "b1", 1),
        lambda: store.referring_to("s", [FIRST], 1),
        lambda: store.attached("s", "ab" * 32),
        lambda: store.get_marks("s", [FIRST]),
        lambda: store.count("s"),
        lambda: store.page_end(ask("s")),
        lambda: store.remove_found(ask("s")),
        store.refresh,
    ):
        with pytest.raises(Unavailable):
            read()


def test_a_refresh_that_misses_a_shard_is_none() -> None:
    store = OpenSearchStatements(Broken({"_shards": {"total": 2, "successful": 1, "failed": 1}}), "lrs")
    with pytest.raises(Unavailable):
        store.refresh()


def test_an_engine_under_pressure_leaves_a_write_unsure_and_a_wrong_document_is_rejected() -> None:
    pressed = {"status": 429, "error": {"type": "rejected_execution_exception", "reason": "queue full"}}
    wrong = {"status": 400, "error": {"type": "strict_dynamic_mapping_exception", "reason": "x"}}
    fine = {"status": 201, "_seq_no": 4, "_primary_term": 2}
    items = [{"create": each} for each in (pressed, wrong, fine)]
    store = OpenSearchStatements(Broken({"errors": True, "items": items}), "lrs")
    outcomes = store.create([record("s", number) for number in range(3)])
    assert outcomes == [
        Unsure("rejected_execution_exception: queue full"),
        Rejected("strict_dynamic_mapping_exception: x"),
        Stored(Revision(4, 2)),
    ]


def test_a_document_of_a_newer_release_is_not_read(
    opensearch: OpenSearchStatements, opensearch_url: str, prefix: str, slug: str
) -> None:
    write(opensearch, record(slug))
    opensearch.put_mark(slug, Mark(FIRST))
    for kind, name in (("statements", name_of(0)), ("marks", FIRST)):
        url = f"{opensearch_url}/{prefix}-{kind}/_update/{slug}:{name}?refresh=true"
        call(url, "POST", {"doc": {"schema": 2}})
    for read in (
        lambda: opensearch.get_many(slug, [name_of(0)]),
        lambda: opensearch.search(ask(slug)),
        lambda: opensearch.get_marks(slug, [FIRST]),
    ):
        with pytest.raises(Unavailable) as refused:
            read()
        assert "schema 2" in refused.value.reason


def test_only_the_time_of_storing_has_doc_values(
    opensearch: OpenSearchStatements, opensearch_url: str, prefix: str
) -> None:
    opensearch.ensure_indexes()
    [made] = call(f"{opensearch_url}/{prefix}-statements/_mapping", "GET").values()
    fields = made["mappings"]["properties"]
    assert made["mappings"]["dynamic"] == "strict"
    fields |= fields["targets"]["properties"]
    del fields["targets"]
    assert [name for name, field in fields.items() if field.get("doc_values", True)] == ["stored"]
    assert fields["text"] == {"type": "keyword", "index": False, "doc_values": False}
