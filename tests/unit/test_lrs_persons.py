"""Agents that are the same person: found together, made one, whatever happens on the way."""

from collections.abc import Mapping, Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Unavailable
from chalicelib.lrs.options import PipelineOptions
from chalicelib.lrs.registries.persons import Persons
from chalicelib.lrs.registries.service import Registries
from chalicelib.ports.registries import RegistryEntry
from tests.doubles.article_store import Fault
from tests.doubles.faults import FAULTS, Faults, Faulty, Killed
from tests.doubles.registry_store import MemoryRegistryStore

Json = Mapping[str, object]
ACCOUNT = {"homePage": "http://example.com", "name": "ann"}


def agent(who: str, **more: object) -> dict[str, object]:
    return {"mbox": f"mailto:{who}@example.com", **more}


@pytest.fixture
def store() -> MemoryRegistryStore:
    return MemoryRegistryStore()


def recorded(store: MemoryRegistryStore, *agents: Json) -> None:
    for at, actor in enumerate(agents):
        Registries(store).note("one", [{"actor": actor}], PipelineOptions(), at)


def persons_of(store: MemoryRegistryStore) -> set[frozenset[str]]:
    """Who is one, as names before the @, however it is stored."""
    found: dict[str, set[str]] = {}
    for entry in store.stored("one", "agents"):
        found.setdefault(entry.person, set()).add(entry.key.removeprefix("mbox:mailto:").partition("@")[0])
    return {frozenset(names) for names in found.values()}


def test_the_person_of_an_unknown_agent_says_what_was_asked(store: MemoryRegistryStore) -> None:
    persons = Persons(store)
    assert persons.describe("one", {"name": "Ann", "account": ACCOUNT}) == {
        "objectType": "Person",
        "name": ["Ann"],
        "account": [ACCOUNT],
    }
    assert persons.describe("one", agent("ann")) == {
        "objectType": "Person",
        "mbox": ["mailto:ann@example.com"],
    }
    assert store.stored("one", "agents") == []


def test_the_person_of_an_agent_has_all_names_it_was_seen_with(store: MemoryRegistryStore) -> None:
    recorded(store, agent("ann", name="Ann"), agent("ann", name="Ann B."), agent("bob", name="Bob"))
    store.calls.clear()
    assert Persons(store).describe("one", agent("ann", name="Asked")) == {
        "objectType": "Person",
        "name": ["Ann", "Ann B."],
        "mbox": ["mailto:ann@example.com"],
    }
    assert dict(store.calls) == {"get_many": 1}


def test_a_person_has_every_identifier_of_its_agents(store: MemoryRegistryStore) -> None:
    recorded(store, agent("ann", name="Ann"), {"account": ACCOUNT, "name": "Ann"})
    persons = Persons(store)
    others = [{"openid": "http://ann.example.com"}, {"mbox_sha1sum": "a" * 40, "name": "A."}]
    persons.make_one("one", [agent("ann"), {"account": ACCOUNT}, *others], "client", 9)
    described = persons.describe("one", {"openid": "http://ann.example.com"})
    assert described == {
        "objectType": "Person",
        "name": ["Ann", "A."],
        "mbox": ["mailto:ann@example.com"],
        "mbox_sha1sum": ["a" * 40],
        "openid": ["http://ann.example.com"],
        "account": [ACCOUNT],
    }
    assert persons.describe("one", agent("ann")) == described


def test_merging_takes_along_who_was_one_with_them_before(store: MemoryRegistryStore) -> None:
    persons = Persons(store)
    for names in (["ann", "amy"], ["bob", "bill"], ["cy"]):
        persons.make_one("one", [agent(name) for name in names], "client", 1)
    assert persons_of(store) == {frozenset({"ann", "amy"}), frozenset({"bob", "bill"}), frozenset({"cy"})}
    made = persons.make_one("one", [agent("amy"), agent("bob")], "client", 2)
    assert persons_of(store) == {frozenset({"ann", "amy", "bob", "bill"}), frozenset({"cy"})}
    assert len(made.agents) == 4
    assert {each.id for each in persons.page("one", "", 10)} == {
        made.id,
        *(entry.person for entry in store.stored("one", "agents") if "cy" in entry.key),
    }


def test_stores_have_persons_of_their_own(store: MemoryRegistryStore) -> None:
    Persons(store).make_one("two", [agent("ann"), agent("amy")], "client", 1)
    recorded(store, agent("ann"), agent("amy"))
    assert persons_of(store) == {frozenset({"ann"}), frozenset({"amy"})}


def test_statements_recorded_later_leave_persons_as_they_are(store: MemoryRegistryStore) -> None:
    Persons(store).make_one("one", [agent("ann"), agent("amy")], "client", 1)
    recorded(store, agent("ann", name="Ann"), agent("amy", name="Amy"))
    assert persons_of(store) == {frozenset({"ann", "amy"})}
    assert Persons(store).describe("one", agent("ann"))["name"] == ["Amy", "Ann"]


def test_persons_come_in_pages(store: MemoryRegistryStore) -> None:
    persons = Persons(store)
    for number in range(7):
        persons.make_one("one", [agent(f"{number}a"), agent(f"{number}b")], "client", number)
    first = persons.page("one", "", 4)
    rest = persons.page("one", first[-1].id, 4)
    assert [len(first), len(rest)] == [4, 3]
    assert [len(each.agents) for each in (*first, *rest)] == [2] * 7
    assert len({each.id for each in (*first, *rest)}) == 7


def test_who_always_loses_gives_up(store: MemoryRegistryStore) -> None:
    recorded(store, agent("ann"), agent("amy"))
    store.plan = lambda call, key: Fault.BEATEN if call == "write" else None
    with pytest.raises(Unavailable):
        Persons(store).make_one("one", [agent("ann"), agent("amy")], "client", 1)


GROUPS = [["ann", "amy"], ["bob", "bill", "ben"], ["cy"]]


def with_groups() -> MemoryRegistryStore:
    store = MemoryRegistryStore()
    for names in GROUPS:
        Persons(store).make_one("one", [agent(name) for name in names], "client", 1)
    return store


@pytest.mark.parametrize("kind", FAULTS)
def test_whatever_call_goes_wrong_the_same_call_again_makes_the_person(kind: str) -> None:
    asked = [agent("bill"), agent("new"), agent("amy"), agent("cy")]
    for at in range(1000):
        store = with_groups()
        faults = Faults(at, kind)
        faulty = Faulty(store, "registries", faults)
        with suppress(Unavailable, Killed):
            Persons(faulty).make_one("one", asked, "client", 2)
        known = [entry.key for entry in store.stored("one", "agents")]
        assert len(known) == len(
            set(known)
        )  # each agent is in one person: there is one entry, which names one
        Persons(store).make_one("one", asked, "client", 3)
        assert persons_of(store) == {frozenset({"ann", "amy", "bob", "bill", "ben", "cy", "new"})}
        if len(faults.seen) <= at:
            break
    else:
        pytest.fail("the calls never ended")
    assert at > 5


@given(
    st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=4), max_size=4),
    st.lists(st.tuples(st.integers(0, 12), st.lists(st.sampled_from("abcdefgh"), min_size=1)), max_size=2),
)
def test_merges_at_once_end_where_one_after_another_would(
    before: Sequence[Sequence[str]], meanwhile: Sequence[tuple[int, Sequence[str]]]
) -> None:
    store = MemoryRegistryStore()
    plans = dict(meanwhile)
    calls = iter(range(10_000))
    busy = False

    def interrupt(call: str, key: str) -> None:
        """Another merge runs from beginning to end before this very call."""
        nonlocal busy
        if not busy and (names := plans.get(next(calls))):
            busy = True
            Persons(store).make_one("one", [agent(name) for name in names], "client", 5)
            busy = False

    store.plan = interrupt
    for names in before:
        Persons(store).make_one("one", [agent(name) for name in names], "client", 1)
    ran = next(calls)
    groups = [set(names) for names in before]
    groups += [set(names) for place, names in plans.items() if place < ran]
    assert persons_of(store) == joined(groups)
    for entry in store.stored("one", "agents"):
        assert entry.merged or alone(entry, store)


def alone(entry: RegistryEntry, store: MemoryRegistryStore) -> bool:
    return [each.person for each in store.stored("one", "agents")].count(entry.person) == 1


def joined(groups: Sequence[set[str]]) -> set[frozenset[str]]:
    """The groups, those with a member in common made one."""
    found: list[set[str]] = []
    for group in groups:
        touching = [each for each in found if each & group]
        found = [each for each in found if not each & group]
        found.append(set(group).union(*touching))
    return {frozenset(each) for each in found}
