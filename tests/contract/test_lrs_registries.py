"""What every registry store promises, held by the one in memory and the one on a real OpenSearch node."""

import json
import urllib.request
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from chalicelib.adapters.opensearch_connection import connect
from chalicelib.adapters.opensearch_registries import OpenSearchRegistries
from chalicelib.errors import Unavailable
from chalicelib.lrs.options import PipelineOptions
from chalicelib.lrs.registries.persons import Persons
from chalicelib.lrs.registries.service import Registries
from chalicelib.ports.registries import (
    REGISTRIES,
    EntryName,
    Position,
    Registry,
    RegistryEntry,
    RegistrySearch,
    RegistryStore,
)
from chalicelib.ports.statement_store import Outcome, Stored, Taken, Unsure
from tests.doubles.registry_store import MemoryRegistryStore


def call(url: str, method: str) -> None:
    urllib.request.urlopen(urllib.request.Request(url, method=method), timeout=30).close()


@pytest.fixture
def name(opensearch_url: str) -> Iterator[str]:
    """The beginning of the aliases, which do not exist; what a test makes behind them is removed."""
    name = f"lrs-{uuid.uuid4().hex}"
    yield name
    call(
        f"{opensearch_url}/{name}-agents-1,{name}-activities-1,{name}-terms-1?ignore_unavailable=true",
        "DELETE",
    )


@pytest.fixture
def opensearch(opensearch_url: str, name: str) -> OpenSearchRegistries:
    return OpenSearchRegistries(connect(opensearch_url, signed=False), name, replicas=0)


@pytest.fixture(params=["memory", "opensearch"])
def store(request: pytest.FixtureRequest) -> RegistryStore:
    if request.param == "memory":
        return MemoryRegistryStore()
    store = request.getfixturevalue("opensearch")
    assert isinstance(store, OpenSearchRegistries)
    return store


def agent(key: str, stored: int = 1, store: str = "one", **more: object) -> RegistryEntry:
    text = json.dumps({"names": ["½ ø 日本 🔦"]}, ensure_ascii=False)
    entry = RegistryEntry(
        "agents", store, key, "client", stored, stored, text, kind="Agent", person=f"p-{key}"
    )
    return replace(entry, **more)  # type: ignore[arg-type]


def entry(registry: Registry, key: str, stored: int = 1) -> RegistryEntry:
    return RegistryEntry(registry, "one", key, "client", stored, stored, "{}", kind="verb", search=(key,))


def write(store: RegistryStore, *entries: RegistryEntry) -> list[RegistryEntry]:
    """Writes and returns the entries with their new revisions, all of them found by searches."""
    outcomes = store.write(entries)
    for registry in {each.registry for each in entries}:
        store.refresh(registry)
    assert all(isinstance(outcome, Stored) for outcome in outcomes), outcomes
    return [
        replace(each, revision=outcome.revision)
        for each, outcome in zip(entries, outcomes, strict=True)
        if isinstance(outcome, Stored)
    ]


@pytest.mark.parametrize("registry", REGISTRIES)
def test_a_store_without_anything_is_empty(store: RegistryStore, registry: Registry) -> None:
    store.refresh(registry)
    assert store.get_many("one", [EntryName(registry, "a")]) == {}
    assert store.search(RegistrySearch(registry, "one", 10)) == []
    assert store.persons("one", "", 10) == []


def test_an_entry_comes_back_at_once_with_all_that_is_known(store: RegistryStore) -> None:
    entries = [
        agent("ø|½:日本", 5, search=("ab", "cd"), merged=True, pseudonymized=True, updated=9),
        entry("activities", "http://example.com/x?y=z#1"),
        entry("terms", "verb:http://example.com/did"),
    ]
    outcomes = store.write(entries)
    found = store.get_many("one", [*(each.name for each in entries), EntryName("terms", "none")])
    assert list(found) == [each.name for each in entries]
    for each, outcome in zip(entries, outcomes, strict=True):
        assert isinstance(outcome, Stored)
        assert found[each.name] == replace(each, revision=outcome.revision)


def test_stores_and_registries_are_apart(store: RegistryStore) -> None:
    first, second = write(store, agent("a"), agent("a", store="two", text='{"names":[]}'))
    write(store, entry("terms", "a"))
    assert store.get_many("one", [first.name]) == {first.name: first}
    assert store.search(RegistrySearch("agents", "two", 10)) == [second]
    assert store.persons("two", "", 10) == ["p-a"]


def test_an_entry_is_made_once_and_written_only_as_it_was_read(store: RegistryStore) -> None:
    (first,) = write(store, agent("a"))
    (second,) = write(store, replace(first, text='{"names":["b"]}'))
    assert store.write([agent("a"), first, agent("b", revision=first.revision)]) == [Taken()] * 3
    assert store.get_many("one", [first.name, EntryName("agents", "b")]) == {first.name: second}


def test_of_many_writers_at_once_one_wins(store: RegistryStore) -> None:
    (first,) = write(store, agent("a"))

    def attempt(writer: int) -> Outcome:
        return store.write([replace(first, text=f'{{"names":["{writer}"]}}')])[0]

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(attempt, range(8)))
    assert outcomes.count(Taken()) == 7


def test_an_entry_is_removed_only_as_it_was_read(store: RegistryStore) -> None:
    (first,) = write(store, agent("a"))
    (second,) = write(store, replace(first, text="{}"))
    assert store.remove([first]) == [Taken()]
    assert isinstance(store.remove([second])[0], Stored)
    assert store.remove([second]) == [Taken()]
    assert store.get_many("one", [first.name]) == {}
    write(store, agent("a"))


def test_pages_go_on_where_the_last_one_ended_whatever_is_written_meanwhile(store: RegistryStore) -> None:
    write(store, *(agent(key, stored) for key, stored in [("d", 1), ("b", 2), ("a", 2), ("c", 3)]))
    first = store.search(RegistrySearch("agents", "one", 2))
    assert [each.key for each in first] == ["d", "a"]
    write(store, agent("0", 1), agent("e", 4))
    rest = store.search(RegistrySearch("agents", "one", 9, after=first[-1].position))
    assert [each.key for each in rest] == ["b", "c", "e"]
    assert first[-1].position == Position(2, "a")


@pytest.mark.parametrize(
    ("filters", "keys"),
    [
        ({"since": 1}, ["b", "c"]),
        ({"until": 2}, ["a", "b"]),
        ({"since": 1, "until": 2}, ["b"]),
        ({"kind": "Group"}, ["c"]),
        ({"client": "other"}, ["b"]),
        ({"keys": ("a", "c", "x")}, ["a", "c"]),
        ({"persons": ("p-a", "p-b")}, ["a", "b"]),
        ({"beginning": "mar"}, ["a", "b"]),
        ({"beginning": "marta"}, ["b"]),
        ({"beginning": "ma*"}, []),
        ({"pseudonymized": True}, ["c"]),
        ({"pseudonymized": False, "until": 1}, ["a"]),
        ({"kind": "Group", "client": "other"}, []),
    ],
)
def test_a_search_finds_what_holds_all_that_is_given(
    store: RegistryStore, filters: dict[str, object], keys: list[str]
) -> None:
    write(
        store,
        agent("a", 1, search=("x", "mary")),
        agent("b", 2, search=("marta",), client="other"),
        agent("c", 3, kind="Group", pseudonymized=True),
    )
    found = store.search(RegistrySearch("agents", "one", 10, **filters))  # type: ignore[arg-type]
    assert [each.key for each in found] == keys
    assert store.matches(RegistrySearch("agents", "one", 1, **filters)) == len(keys)  # type: ignore[arg-type]
    assert store.matches(RegistrySearch("agents", "two", 1)) == 0


def test_persons_are_told_once_in_pages(store: RegistryStore) -> None:
    write(store, *(agent(str(n), n, person=f"p{n % 5}") for n in range(12)))
    first = store.persons("one", "", 3)
    assert first == ["p0", "p1", "p2"]
    assert store.persons("one", first[-1], 3) == ["p3", "p4"]
    assert store.persons("one", "p4", 3) == []


def test_statements_and_persons_are_kept_on_any_store(store: RegistryStore) -> None:
    registries, persons = Registries(store), Persons(store)
    ann, amy = ({"mbox": f"mailto:{name}@example.com", "name": name} for name in ("ann", "amy"))
    for at, (actor, language) in enumerate([(ann, "en"), (amy, "fr"), ({**ann, "name": "Ann"}, "de")]):
        told = {"actor": actor, "object": {"id": "http://x", "definition": {"name": {language: "ø"}}}}
        registries.note("one", [told, told], PipelineOptions(), at)
    activity = registries.get("one", EntryName("activities", "http://x"))
    assert activity is not None
    assert json.loads(activity.text)["definition"]["name"] == {"en": "ø", "fr": "ø", "de": "ø"}
    assert persons.describe("one", ann)["name"] == ["ann", "Ann"]
    made = persons.make_one("one", [ann, amy, {"openid": "http://new"}], "client", 9)
    assert persons.page("one", "", 10) == [made]
    assert persons.describe("one", {"openid": "http://new"}) == {
        "objectType": "Person",
        "name": ["ann", "Ann", "amy"],
        "mbox": ["mailto:ann@example.com", "mailto:amy@example.com"],
        "openid": ["http://new"],
    }
    assert registries.clear("agents", "one", 1, 10) == 2
    assert registries.clear("agents", "one", None, 10) == 1
    assert persons.page("one", "", 10) == []


# What only the adapter has.


def test_the_indexes_are_strict_and_made_by_many_at_once(
    opensearch: OpenSearchRegistries, opensearch_url: str, name: str
) -> None:
    with ThreadPoolExecutor(4) as pool:
        for made in [pool.submit(opensearch.ensure_indexes) for _ in range(4)]:
            made.result()
    for registry in REGISTRIES:
        with urllib.request.urlopen(f"{opensearch_url}/{name}-{registry}", timeout=10) as answer:
            (described,) = json.load(answer).values()
        assert described["mappings"]["dynamic"] == "strict"
        assert described["mappings"]["properties"]["text"] == {
            "type": "keyword",
            "index": False,
            "doc_values": False,
        }


def test_a_long_text_is_kept_whole(opensearch: OpenSearchRegistries) -> None:
    long = agent("long", text=json.dumps("ø" * 400_000, ensure_ascii=False))
    (written,) = write(opensearch, long)
    assert opensearch.get_many("one", [long.name]) == {long.name: written}


def test_a_node_that_is_away_is_unavailable() -> None:
    away = OpenSearchRegistries(connect("http://127.0.0.1:9", signed=False, timeout=1), "lrs")
    assert isinstance(away.write([agent("a")])[0], Unsure)
    with pytest.raises(Unavailable):
        away.get_many("one", [EntryName("agents", "a")])
    with pytest.raises(Unavailable):
        away.search(RegistrySearch("agents", "one", 1))
    with pytest.raises(Unavailable):
        away.persons("one", "", 1)
