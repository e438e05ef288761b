"""What every statement store finds, held by the one in memory and the one on a real OpenSearch node."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters import opensearch_statement_queries
from chalicelib.adapters.opensearch_index import BYTES_PER_WRITE
from chalicelib.adapters.opensearch_statement_queries import window_ends
from chalicelib.adapters.opensearch_statements import OpenSearchStatements
from chalicelib.ports.statement_store import (
    Keys,
    Mark,
    PageEnd,
    StatementRecord,
    StatementSearch,
    StatementStore,
    Stored,
)
from tests.contract.statement_stores import (
    ADA,
    ART,
    BOB,
    BOOK,
    EVE,
    FAILED,
    FIRST,
    KEYS,
    MATHS,
    NOW,
    PASSED,
    SECOND,
    STORES,
    VOIDS,
    ask,
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
