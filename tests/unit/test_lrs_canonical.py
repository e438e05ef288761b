"""What the registries know of the activities and verbs in statements, read in pieces and up to a limit."""

import json

import pytest

from chalicelib.lrs.options import PipelineOptions
from chalicelib.lrs.registries import canonical
from chalicelib.lrs.registries.canonical import known_to
from chalicelib.lrs.statements.formats import Known
from tests.doubles.lrs_world import LrsWorld

STORE = "store"
DID = "http://example.com/did"


def statement(activity: str, *others: str, title: str = "") -> dict[str, object]:
    definition = {"definition": {"name": {"en": title}}} if title else {}
    return {
        "actor": {"mbox": "mailto:ann@example.com"},
        "verb": {"id": DID, "display": {"en": "did"}},
        "object": {"id": activity, **definition},
        "context": {"contextActivities": {"other": [{"id": other} for other in others]}},
    }


@pytest.fixture
def world() -> LrsWorld:
    world = LrsWorld()
    told = [statement(f"x:{number}", title=f"Number {number}") for number in range(250)]
    world.registries.note(STORE, told, PipelineOptions(), 1)
    return world


def known(world: LrsWorld, *activities: str, only: str | None = None) -> Known:
    return known_to(world.registries, STORE, [json.dumps(statement(*activities))], only)


def test_of_each_activity_and_verb_that_is_named(world: LrsWorld) -> None:
    assert known(world, "x:1", "x:2", "x:unknown") == Known(
        {"x:1": {"name": {"en": "Number 1"}}, "x:2": {"name": {"en": "Number 2"}}}, {DID: {"en": "did"}}
    )


def test_whoever_may_see_one_activity_is_told_of_that_one(world: LrsWorld) -> None:
    found = known(world, "x:1", "x:2", only="x:2")
    assert list(found.definitions) == ["x:2"]
    assert list(found.displays) == [DID]


def test_another_store_knows_nothing_of_it(world: LrsWorld) -> None:
    assert known_to(world.registries, "other", [json.dumps(statement("x:1"))]) == Known()


def test_many_are_read_in_pieces_until_they_are_more_than_an_answer_takes(
    world: LrsWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"x:{number}" for number in range(250)]
    world.stored.registry_store.calls.clear()
    assert len(known(world, *names).definitions) == 250
    assert world.stored.registry_store.calls["get_many"] == 3
    monkeypatch.setattr(canonical, "MOST_TEXT", 10)
    assert len(known(world, *names).definitions) == canonical.PER_READ - 1  # and one verb
