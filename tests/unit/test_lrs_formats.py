"""The formats of statements: what identifies (`ids`), what is stored (`exact`), one language (`canonical`)."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.lrs.statements.formats import Languages, formatted
from chalicelib.lrs.validation import validate_statement
from chalicelib.lrs.versions import V2
from tests.doubles.lrs_statements import statements

ANN = {"objectType": "Agent", "name": "Ann", "mbox": "mailto:ann@example.org"}
ACCOUNT = {"homePage": "https://example.org", "name": "bob"}
GROUP = {"objectType": "Group", "name": "G", "account": ACCOUNT, "member": [ANN]}
ANONYMOUS = {"objectType": "Group", "name": "A", "member": [ANN, {"name": "Bob", "account": ACCOUNT}]}
NAMES = {"en-US": "one", "de": "eins"}
CHOICE = {"id": "a", "description": {"en": "A", "de": "Ä"}}
COURSE = {
    "objectType": "Activity",
    "id": "http://example.org/course",
    "definition": {"name": NAMES, "description": NAMES, "choices": [CHOICE], "extensions": {"x:y": NAMES}},
}
VERB = {"id": "http://example.org/did", "display": NAMES}
INNER: dict[str, Any] = {"objectType": "SubStatement", "actor": ANONYMOUS, "verb": VERB, "object": COURSE}
STATEMENT: dict[str, Any] = {
    "id": "00000000-0000-4000-8000-000000000001",
    "actor": ANN,
    "verb": VERB,
    "object": INNER,
    "context": {
        "registration": "00000000-0000-4000-8000-000000000002",
        "instructor": GROUP,
        "contextActivities": {"parent": [COURSE], "other": COURSE},
        "contextAgents": [{"objectType": "contextAgent", "agent": ANN}],
        "contextGroups": [{"objectType": "contextGroup", "group": ANONYMOUS}],
        "extensions": {"x:y": {"display": NAMES}},
    },
    "result": {"score": {"raw": 0.1}},
    "attachments": [{"display": NAMES, "description": NAMES, "usageType": "x:y"}],
}
TEXT = json.dumps(STATEMENT)


def test_exact_is_what_is_stored_to_the_byte() -> None:
    odd = '{"id" : "1",\n "score": 1.50000000000000000001}'
    assert formatted(odd, "exact", "de") == odd


def test_ids_keep_what_identifies() -> None:
    found = json.loads(formatted(TEXT, "ids"))
    ann = {"objectType": "Agent", "mbox": "mailto:ann@example.org"}
    anonymous = {"objectType": "Group", "member": [ann, {"account": ACCOUNT}]}
    course = {"id": "http://example.org/course"}
    verb = {"id": "http://example.org/did"}
    assert found["actor"] == ann
    assert found["verb"] == verb
    assert found["object"] == {
        "objectType": "SubStatement",
        "actor": anonymous,
        "verb": verb,
        "object": course,
    }
    assert found["context"] == {
        **STATEMENT["context"],
        "instructor": {"objectType": "Group", "account": ACCOUNT},
        "contextActivities": {"parent": [course], "other": course},
        "contextAgents": [{"objectType": "contextAgent", "agent": ann}],
        "contextGroups": [{"objectType": "contextGroup", "group": anonymous}],
    }
    assert found["result"] == STATEMENT["result"]
    assert found["attachments"] == STATEMENT["attachments"]


@pytest.mark.parametrize("kind", ["Agent", "Group"])
def test_the_object_may_be_an_agent(kind: str) -> None:
    made = {**STATEMENT, "object": {**GROUP, "objectType": kind}}
    assert json.loads(formatted(json.dumps(made), "ids"))["object"] == {
        "objectType": kind,
        "account": ACCOUNT,
    }


def test_a_reference_stays_as_it_is() -> None:
    made = {**STATEMENT, "object": {"objectType": "StatementRef", "id": "x"}}
    for form in ("ids", "canonical"):
        assert json.loads(formatted(json.dumps(made), form))["object"] == made["object"]


def test_canonical_has_one_language_in_each_map() -> None:
    found = json.loads(formatted(TEXT, "canonical", "de"))
    german = {"de": "eins"}
    assert found["actor"] == ANN
    assert found["verb"]["display"] == german
    for activity in (found["object"]["object"], *found["context"]["contextActivities"]["parent"]):
        assert activity["definition"]["name"] == activity["definition"]["description"] == german
        assert activity["definition"]["choices"][0]["description"] == {"de": "Ä"}
        assert activity["definition"]["extensions"] == {"x:y": NAMES}
    assert found["object"]["actor"] == ANONYMOUS
    assert found["attachments"][0]["display"] == german
    assert found["context"]["extensions"] == STATEMENT["context"]["extensions"]


@pytest.mark.parametrize(
    ("asked", "tags", "chosen"),
    [
        ("", ["fr", "de"], "fr"),
        ("de", ["fr", "de"], "de"),
        ("de", ["fr", "de-AT"], "de-AT"),
        ("de-AT", ["fr", "de"], "de"),
        ("de-AT", ["fr", "de-CH"], "de-CH"),
        ("DE", ["fr", "De"], "De"),
        ("en;q=0.5, de", ["en", "de"], "de"),
        ("en;q=0.5, de;q=0.7", ["en", "de"], "de"),
        ("en, *;q=0.1", ["fr", "en-GB"], "en-GB"),
        ("*;q=0.5, de", ["fr", "de"], "de"),
        ("*, fr;q=0", ["fr", "de"], "de"),
        ("fr;q=0", ["fr", "de"], "de"),
        ("fr;q=0", ["fr"], "fr"),
        ("en-US;q=0.2, en;q=0.9", ["en-US", "en-GB"], "en-GB"),
        ("e", ["fr", "en"], "fr"),
        ("it", ["fr", "de"], "fr"),
        (";;q=,,de;q=x,en;q=2, fr ; q = 0.3", ["en", "fr"], "fr"),
        ("de", [], None),
    ],
)
def test_the_language_that_fits_best_is_chosen(asked: str, tags: list[str], chosen: str | None) -> None:
    assert Languages(asked).choose(tags) == chosen


@given(st.text(max_size=40), st.lists(st.sampled_from(["de", "en-US", "zh-Hant-TW", "x-y"]), unique=True))
def test_any_header_chooses_one(asked: str, tags: list[str]) -> None:
    chosen = Languages(asked).choose(tags)
    assert (chosen in tags) if tags else chosen is None


@settings(max_examples=100, deadline=None)
@given(statements(V2), st.sampled_from(["ids", "canonical"]), st.sampled_from(["", "de", "en;q=0.1,*"]))
def test_every_format_of_a_valid_statement_is_valid(made: Any, form: Any, asked: str) -> None:
    shown = json.loads(formatted(json.dumps(made), form, asked))
    assert validate_statement(shown, V2) == []
    assert json.loads(formatted(json.dumps(shown), form, asked)) == shown


@pytest.mark.parametrize("form", ["ids", "canonical"])
@pytest.mark.parametrize(
    "odd",
    [{}, {"actor": 1, "verb": [], "object": "x", "context": [1]}, {"object": {"objectType": 5, "id": None}}],
)
def test_what_was_recorded_unchecked_is_shown_too(form: Any, odd: object) -> None:
    assert json.loads(formatted(json.dumps(odd), form)) == odd


def test_a_range_that_is_no_language_costs_nothing() -> None:
    assert Languages("en" + "-a" * 4_000).choose(["de", "en"]) == "de"
    assert Languages("en-a-b-c-d").choose(["de", "EN-A-x", "en"]) == "EN-A-x"
