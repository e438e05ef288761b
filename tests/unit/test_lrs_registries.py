"""What the store knows of agents, activities and terms after statements were recorded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Unavailable
from chalicelib.lrs.options import PipelineOptions
from chalicelib.lrs.registries.entries import Telling, told_by
from chalicelib.lrs.registries.memory import SECONDS_KNOWN, Memory
from chalicelib.lrs.registries.merging import LARGEST_NAMES, LARGEST_TEXT, MOST_NAMES, merged
from chalicelib.lrs.registries.service import Registries
from chalicelib.lrs.statements.parts import parts
from chalicelib.ports.registries import Registry, RegistryEntry, RegistrySearch
from tests.doubles.article_store import Fault
from tests.doubles.registry_store import MemoryRegistryStore

Json = Mapping[str, object]
ALL = PipelineOptions()
COURSE = "http://example.com/course"


def agent(who: str, **more: object) -> dict[str, object]:
    return {"mbox": f"mailto:{who}@example.com", **more}


def statement(
    actor: Json | None = None, definition: Json | None = None, activity: str = COURSE, **more: object
) -> dict[str, object]:
    return {
        "actor": agent("ann") if actor is None else actor,
        "verb": {"id": "http://example.com/did", "display": {"en": "did"}},
        "object": {"id": activity, **({} if definition is None else {"definition": definition})},
        **more,
    }


class World:
    def __init__(self) -> None:
        self.store = MemoryRegistryStore()
        self.registries = Registries(self.store)

    def note(self, *statements: Json, at: int = 1, options: PipelineOptions = ALL) -> None:
        self.registries.note("one", statements, options, at, "client")

    def known(self, registry: Registry, key: str) -> dict[str, object]:
        (entry,) = [each for each in self.store.stored("one", registry) if each.key == key]
        value: dict[str, object] = json.loads(entry.text)
        return value

    def keys(self, registry: Registry) -> list[str]:
        return [each.key for each in self.store.stored("one", registry)]

    def definition(self) -> object:
        return self.known("activities", COURSE).get("definition")

    def another_process(self) -> None:
        self.registries = Registries(self.store)


@pytest.fixture
def world() -> World:
    return World()


def test_all_that_a_statement_speaks_of_is_noted_in_one_call(world: World) -> None:
    group = {"objectType": "Group", **agent("team"), "member": [agent("bob", name="Bob")]}
    world.note(
        statement(
            actor=agent("ann", name="Ann"),
            definition={"type": "http://example.com/types/course", "name": {"en": "A course"}},
            context={"team": group},
            attachments=[{"usageType": "http://example.com/usage"}],
        ),
        at=7,
    )
    assert dict(world.store.calls) == {"write": 1}
    assert world.known("agents", "mbox:mailto:ann@example.com") == {
        "objectType": "Agent",
        "mbox": "mailto:ann@example.com",
        "names": ["Ann"],
    }
    assert world.known("agents", "mbox:mailto:team@example.com") == {
        "objectType": "Group",
        "mbox": "mailto:team@example.com",
        "names": [],
        "members": [{"mbox": "mailto:bob@example.com", "name": "Bob"}],
    }
    assert world.known("activities", COURSE)["definition"] == {
        "type": "http://example.com/types/course",
        "name": {"en": "A course"},
    }
    assert world.known("terms", "verb:http://example.com/did") == {
        "id": "http://example.com/did",
        "display": {"en": "did"},
    }
    assert set(world.keys("terms")) == {
        "verb:http://example.com/did",
        "activity-type:http://example.com/types/course",
        "attachment-usage-type:http://example.com/usage",
        f"activity-id:{COURSE}",
        *(f"agent-id:mbox:mailto:{name}@example.com" for name in ("ann", "team", "bob")),
    }
    for entry in world.store.stored("one", "agents"):
        assert (entry.store, entry.client, entry.stored, entry.updated) == ("one", "client", 7, 7)


OFF: list[tuple[str, Registry, str]] = [
    ("update_agents", "agents", "mbox:"),
    ("update_activities", "activities", "http"),
    ("update_vocab", "terms", "verb:"),
    ("update_vocab", "terms", "activity-type:"),
    ("update_vocab", "terms", "attachment-usage-type:"),
    ("update_activity_ids", "terms", "activity-id:"),
    ("update_agent_ids", "terms", "agent-id:"),
]


@pytest.mark.parametrize(("option", "registry", "beginning"), OFF)
def test_an_option_that_is_off_keeps_its_part_out_and_no_other(
    option: str, registry: Registry, beginning: str
) -> None:
    said = statement(
        definition={"type": "http://example.com/type"},
        attachments=[{"usageType": "http://example.com/usage"}],
    )
    on, off = World(), World()
    on.note(said)
    off.note(said, options=replace(ALL, **{option: False}))  # type: ignore[arg-type]
    assert any(key.startswith(beginning) for key in on.keys(registry))
    assert not any(key.startswith(beginning) for key in off.keys(registry))
    others = {beginning for name, _, beginning in OFF if name != option}
    for _, each, other in OFF:
        if other in others:
            assert any(key.startswith(other) for key in off.keys(each))


def test_with_every_option_off_nothing_is_called(world: World) -> None:
    off = {each.name: False for each in fields(ALL) if each.name.startswith("update_")}
    world.note(statement(), options=replace(ALL, **off))  # type: ignore[arg-type]
    assert not world.store.calls


def test_what_is_repeated_costs_no_call(world: World) -> None:
    defined = statement(actor=agent("ann", name="Ann"), definition={"name": {"en": "A course"}})
    world.note(defined)
    world.store.calls.clear()
    world.note(defined, statement(), defined, at=2)
    assert not world.store.calls


def test_another_process_learns_it_in_two_calls_and_changes_nothing(world: World) -> None:
    world.note(statement(actor=agent("ann", name="Ann"), definition={"name": {"en": "A course"}}))
    before = [world.store.stored("one", registry) for registry in ("agents", "activities", "terms")]
    world.another_process()
    world.store.calls.clear()
    world.note(statement(actor=agent("ann", name="Ann"), definition={"name": {"en": "A course"}}), at=2)
    assert dict(world.store.calls) == {"write": 1, "get_many": 1}
    assert [world.store.stored("one", registry) for registry in ("agents", "activities", "terms")] == before


def test_what_was_deleted_is_noted_again(world: World) -> None:
    world.note(statement())
    assert world.registries.clear("agents", "one", None, 10) == 1
    assert world.registries.clear("agents", "one", None, 10) == 0
    world.note(statement(), at=2)
    assert world.keys("agents") == ["mbox:mailto:ann@example.com"]


def test_what_another_process_deleted_is_noted_again_after_a_while(world: World) -> None:
    world.note(statement())
    Registries(world.store).clear("agents", "one", None, 10)
    world.note(statement(), at=2)
    assert world.keys("agents") == []
    world.note(statement(), at=2 + SECONDS_KNOWN * 1_000_000)
    assert world.keys("agents") == ["mbox:mailto:ann@example.com"]


def test_clearing_takes_what_was_stored_up_to_the_cutoff(world: World) -> None:
    for at, name in [(1, "ann"), (2, "bob"), (3, "cy")]:
        world.note(statement(actor=agent(name)), at=at)
    assert world.registries.clear("agents", "one", 2, 1) == 1
    assert world.registries.clear("agents", "one", 2, 5) == 1
    assert world.registries.clear("agents", "one", 2, 5) == 0
    assert world.keys("agents") == ["mbox:mailto:cy@example.com"]


def test_what_changes_while_it_is_deleted_is_deleted_all_the_same(world: World) -> None:
    world.note(statement())
    beaten = iter([Fault.BEATEN])
    world.store.plan = lambda call, key: next(beaten, None) if call == "remove" else None
    entries = world.store.stored("one", "agents")
    world.registries.remove(entries)
    assert world.keys("agents") == []


def test_definitions_are_merged_per_language_and_the_newest_text_wins(world: World) -> None:
    world.note(statement(definition={"name": {"en": "old", "de": "alt"}, "description": {"en": "x"}}), at=1)
    world.note(statement(definition={"name": {"en": "new", "fr": "neuf"}, "moreInfo": "http://m"}), at=2)
    assert world.definition() == {
        "name": {"en": "new", "de": "alt", "fr": "neuf"},
        "description": {"en": "x"},
        "moreInfo": "http://m",
    }


def test_definitions_of_one_batch_are_merged_too(world: World) -> None:
    world.note(
        statement(definition={"name": {"en": "one"}}), statement(definition={"name": {"fr": "un"}}), at=1
    )
    assert world.definition() == {"name": {"en": "one", "fr": "un"}}
    assert dict(world.store.calls) == {"write": 1}


def test_what_was_said_last_wins_whatever_was_known_before(world: World) -> None:
    first, second = (statement(definition={"name": {"en": name}}) for name in ("first", "second"))
    world.note(first, at=1)
    world.note(second, first, at=2)
    assert world.definition() == {"name": {"en": "first"}}
    world.note(second, at=3)
    world.note(first, at=4)
    assert world.definition() == {"name": {"en": "first"}}


def test_an_empty_value_takes_nothing_away(world: World) -> None:
    world.note(statement(definition={"name": {"en": "one"}, "type": "http://t"}), at=1)
    world.note(statement(definition={"name": {"en": ""}, "description": {}, "extensions": {}}), at=2)
    world.note(statement(), at=3)
    assert world.definition() == {"name": {"en": "one"}, "type": "http://t"}


def test_what_was_said_earlier_fills_gaps_and_wins_over_nothing(world: World) -> None:
    world.note(statement(definition={"name": {"en": "new"}}), at=2)
    world.another_process()
    world.note(statement(definition={"name": {"en": "old", "fr": "vieux"}}), at=1)
    assert world.definition() == {"name": {"en": "new", "fr": "vieux"}}


def test_extensions_are_merged_per_key(world: World) -> None:
    world.note(statement(definition={"extensions": {"http://a": 1, "http://b": {"x": 1}}}), at=1)
    world.note(statement(definition={"extensions": {"http://b": {"y": 2}, "http://c": None}}), at=2)
    assert world.definition() == {"extensions": {"http://a": 1, "http://b": {"y": 2}, "http://c": None}}


def test_an_interaction_keeps_what_describes_it_until_it_becomes_another(world: World) -> None:
    choice = {"interactionType": "choice", "choices": [{"id": "a"}], "correctResponsesPattern": ["a"]}
    world.note(statement(definition=choice), at=1)
    world.note(statement(definition={"name": {"en": "Quiz"}}), at=2)
    assert world.definition() == {**choice, "name": {"en": "Quiz"}}
    scale = {"interactionType": "likert", "scale": [{"id": "b"}]}
    world.note(statement(definition=scale), at=3)
    assert world.definition() == {**scale, "name": {"en": "Quiz"}}


def test_names_of_an_agent_are_all_kept_and_of_its_members_the_newest_list(world: World) -> None:
    group = {"objectType": "Group", "openid": "http://g.example.com"}
    world.note(statement(actor={**group, "name": "A", "member": [agent("ann")]}), at=1)
    world.note(statement(actor={**group, "name": "B", "member": [agent("bob")]}), at=2)
    world.note(statement(actor={**group, "name": "A"}), at=3)
    assert world.known("agents", "openid:http://g.example.com") == {
        "objectType": "Group",
        "openid": "http://g.example.com",
        "names": ["A", "B"],
        "members": [agent("bob")],
    }


def test_names_alternate_without_a_call_each(world: World) -> None:
    for at, name in enumerate(["A", "B"]):
        world.note(statement(actor=agent("ann", name=name)), at=at)
    world.store.calls.clear()
    for name in ("A", "B", "A"):
        world.note(statement(actor=agent("ann", name=name)), at=9)
    assert not world.store.calls


def test_names_without_end_make_no_entry_without_end(world: World) -> None:
    world.note(*(statement(actor=agent("ann", name=f"Ann {n}")) for n in range(MOST_NAMES + 50)))
    assert len(world.known("agents", "mbox:mailto:ann@example.com")["names"]) == MOST_NAMES  # type: ignore[arg-type]


def test_extensions_without_end_leave_the_newest_definition(world: World) -> None:
    large = "x" * (LARGEST_TEXT // 2)
    for at in range(3):
        world.note(statement(definition={"extensions": {f"http://{at}": large}}), at=at)
    assert world.definition() == {"extensions": {"http://2": large}}


def test_an_agent_is_found_by_the_beginning_of_its_address_or_name(world: World) -> None:
    world.note(statement(actor=agent("ann", name="Dr. ANN Ö")))
    world.store.refresh("agents")
    for beginning in ("mailto:ann@", "ann@", "dr. ann ö"):
        search = RegistrySearch("agents", "one", 10, beginning=beginning)
        assert [each.key for each in world.registries.page(search)] == ["mbox:mailto:ann@example.com"]


def test_a_lost_race_is_merged(world: World) -> None:
    world.note(statement(definition={"name": {"en": "one"}}), at=1)
    world.another_process()
    beaten = iter([Fault.BEATEN, Fault.BEATEN])
    world.store.plan = lambda call, key: next(beaten, None) if call == "write" and key == COURSE else None
    world.note(statement(definition={"name": {"fr": "un"}}), at=2)
    assert world.definition() == {"name": {"en": "one", "fr": "un"}}


def test_a_lost_answer_is_looked_up(world: World) -> None:
    lost = iter([Fault.ANSWER_LOST, Fault.DOWN])
    world.store.plan = lambda call, key: next(lost, None) if call == "write" else None
    world.note(statement())
    assert world.keys("activities") == [COURSE]
    assert world.keys("agents") == ["mbox:mailto:ann@example.com"]


def test_without_an_answer_it_is_unavailable_and_told_again_later(world: World) -> None:
    world.store.plan = lambda call, key: Fault.DOWN
    with pytest.raises(Unavailable):
        world.note(statement())
    world.store.plan = lambda call, key: None
    world.note(statement())
    assert world.keys("activities") == [COURSE]


def test_who_always_loses_gives_up(world: World) -> None:
    world.store.plan = lambda call, key: Fault.BEATEN if call == "write" else None
    with pytest.raises(Unavailable):
        world.note(statement())


def test_what_the_store_refuses_for_good_stops_nothing_else(world: World) -> None:
    world.store.plan = lambda call, key: Fault.REFUSED if key == COURSE else None
    world.note(statement())
    assert world.keys("agents") == ["mbox:mailto:ann@example.com"]
    assert world.keys("activities") == []


def test_the_memory_of_a_process_is_bounded(world: World) -> None:
    world.registries = Registries(world.store, Memory(most=10))
    world.note(*(statement(activity=f"http://{n}") for n in range(50)))
    world.store.calls.clear()
    world.note(statement(activity="http://0"))
    assert world.store.calls["write"] == 1


TEXTS = st.dictionaries(st.sampled_from(["en", "fr", "de"]), st.sampled_from(["", "a", "b"]), max_size=3)
DEFINITIONS = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "name": TEXTS,
        "description": TEXTS,
        "type": st.sampled_from(["http://t", "http://u", ""]),
        "extensions": st.dictionaries(
            st.sampled_from("xyz"), st.sampled_from([1, True, None, {}]), max_size=3
        ),
        "interactionType": st.sampled_from(["choice", "likert"]),
        "choices": st.lists(st.just({"id": "a"}), max_size=1),
        "scale": st.lists(st.just({"id": "b"}), max_size=1),
    },
)
AGENTS = st.builds(
    lambda name, members: {**agent("ann"), **name, **members},
    st.sampled_from([{}, {"name": "A"}, {"name": "B"}, {"objectType": "Group"}]),
    st.sampled_from([{}, {"member": []}, {"member": [agent("bob")]}]),
)


def entries(told: Json, at: int) -> list[RegistryEntry]:
    return [entry for each in told_by(parts(told), Telling("one", "client", at)) for entry in each.entries()]


@given(st.lists(st.tuples(AGENTS, DEFINITIONS), min_size=1, max_size=4), st.data())
def test_telling_again_changes_nothing(told: Sequence[tuple[Json, Json | None]], data: st.DataObject) -> None:
    world = World()
    for at, (actor, definition) in enumerate(told):
        world.note(statement(actor, definition), at=at)
    before = [world.store.stored("one", registry) for registry in ("agents", "activities", "terms")]
    world.another_process()
    again = data.draw(st.integers(0, len(told) - 1))
    world.note(statement(*told[-1]), at=len(told) - 1)
    assert [world.store.stored("one", registry) for registry in ("agents", "activities", "terms")] == before
    for entry in entries(statement(*told[again]), again):
        (known,) = [e for e in world.store.stored("one", entry.registry) if e.key == entry.key]
        once = merged(known, entry)
        assert merged(once, entry) == once
        assert (once.stored, once.client, once.person) == (known.stored, known.client, known.person)


def test_long_names_do_not_make_the_entry_of_an_agent_grow_for_ever() -> None:
    world = World()
    for index in range(20):
        world.note(statement(agent("ann", name=f"{index}" * 10_000)), at=index + 1)
    names = world.known("agents", "mbox:mailto:ann@example.com")["names"]
    assert isinstance(names, list)
    assert names[0] == "0" * 10_000
    assert sum(map(len, names)) <= LARGEST_NAMES


def test_ever_new_languages_do_not_make_the_entry_of_a_verb_grow_for_ever() -> None:
    world = World()
    for index in range(20):
        display = {f"x-{index}-{each}": "did" * 100 for each in range(100)}
        world.note(statement(verb={"id": "http://example.com/did", "display": display}), at=index + 1)
    (key,) = [each for each in world.keys("terms") if each.startswith("verb:")]
    known = world.known("terms", key)
    assert len(json.dumps(known)) <= LARGEST_TEXT
    assert "x-19-0" in known["display"]  # type: ignore[operator]
