"""The format `canonical`: activities and verbs as the store knows them, in one language each."""

import json
from typing import Any

import pytest

from chalicelib.ports.registries import REGISTRIES
from tests.functional.lrs_client import BOTH, LrsClient, statement, uuid
from tests.functional.stand_ins import STORE

COURSE = "http://example.org/course"
DID = "http://example.org/did"


@pytest.fixture(params=BOTH)
def client(request: pytest.FixtureRequest) -> LrsClient:
    return LrsClient(request.param)


def course(**definition: object) -> dict[str, object]:
    return (
        {"objectType": "Activity", "id": COURSE, "definition": definition} if definition else {"id": COURSE}
    )


def canonical(client: LrsClient, number: int, language: str = "en") -> dict[str, Any]:
    """A statement in the format, which shows it the same by its id and in a list."""
    headers = {"Accept-Language": language}
    query = {"statementId": uuid(number), "format": "canonical"}
    one = client.call("GET", query, headers=headers)
    assert one.status == 200, one.text
    listed = client.call("GET", {"format": "canonical"}, headers=headers).json["statements"]
    (found,) = [each for each in listed if each["id"] == uuid(number)]
    assert found == one.json
    return dict(found)


def test_an_activity_has_the_definition_that_all_statements_told_of_it(client: LrsClient) -> None:
    client.post(statement(1, object=course(name={"en": "A course"}, type="http://example.org/types/course")))
    client.post(statement(2, object=course(name={"de": "Ein Kurs"}, description={"en": "About all"})))
    client.post(statement(3, object=course()))
    for number in (1, 2, 3):
        found = canonical(client, number)["object"]
        assert found["definition"] == {
            "name": {"en": "A course"},
            "type": "http://example.org/types/course",
            "description": {"en": "About all"},
        }
    assert canonical(client, 1, "de")["object"]["definition"]["name"] == {"de": "Ein Kurs"}


def test_so_has_a_context_activity_and_what_is_in_a_substatement(client: LrsClient) -> None:
    client.post(statement(1, object=course(name={"en": "A course"})))
    inner = {**statement(), "objectType": "SubStatement", "object": course()}
    client.post(statement(2, object=inner, context={"contextActivities": {"parent": [course()]}}))
    found = canonical(client, 2)
    assert found["object"]["object"]["definition"] == {"name": {"en": "A course"}}
    assert found["context"]["contextActivities"]["parent"][0]["definition"] == {"name": {"en": "A course"}}


def test_a_verb_has_the_display_that_all_statements_told_of_it(client: LrsClient) -> None:
    client.post(statement(1, verb={"id": DID, "display": {"en": "did"}}))
    client.post(statement(2, verb={"id": DID, "display": {"de": "tat"}}), statement(3, verb={"id": DID}))
    assert {number: canonical(client, number)["verb"]["display"].get("en") for number in (1, 2, 3)} == {
        1: "did",
        2: "did",
        3: "did",
    }
    assert canonical(client, 1, "de")["verb"] == {"id": DID, "display": {"de": "tat"}}


def test_agents_and_all_else_stand_as_in_exact(client: LrsClient) -> None:
    client.post(statement(1, object=course(name={"en": "A course"}), result={"score": {"raw": 1.5}}))
    exact = client.call("GET", {"statementId": uuid(1)}).json
    found = canonical(client, 1)
    assert {**found, "verb": 0, "object": 0} == {**exact, "verb": 0, "object": 0}


def test_where_the_store_knows_nothing_the_statement_s_own_stands(client: LrsClient) -> None:
    client.post(statement(1, object=course(name={"en": "A course", "de": "Ein Kurs"})))
    for registry in REGISTRIES:
        client.world.registries.clear(registry, STORE, until=None, limit=100)
    assert canonical(client, 1)["object"]["definition"] == {"name": {"en": "A course"}}
    assert len(canonical(client, 1)["verb"]["display"]) == 1


def test_only_this_format_asks_the_registries(client: LrsClient) -> None:
    client.post(statement(1))
    before = dict(client.world.stored.registry_store.calls)
    for form in ("exact", "ids"):
        client.found(format=form)
        assert client.call("GET", {"statementId": uuid(1), "format": form}).status == 200
    assert client.world.stored.registry_store.calls == before
    client.found(format="canonical")
    assert client.world.stored.registry_store.calls != before


def test_a_statement_that_would_become_too_large_shows_its_own_definitions(client: LrsClient) -> None:
    activities = [f"{COURSE}/{number}" for number in range(12)]
    for name in activities:
        extensions = {"http://example.org/large": "x" * 200_000}
        client.post(statement(object={"id": name, "definition": {"extensions": extensions}}))
    parents = [{"id": name} for name in activities]
    client.post(statement(1, context={"contextActivities": {"parent": parents}}))
    shown = client.call("GET", {"statementId": uuid(1), "format": "canonical"})
    assert shown.json["context"]["contextActivities"]["parent"] == parents
    assert json.loads(shown.text)["object"]["id"] == COURSE
