"""What a client is told about a statement that xAPI does not allow: where, what, by which requirement."""

import copy
from typing import Any

import pytest

from chalicelib.lrs.validation import (
    MAX_FAULTS,
    Fault,
    validate_agent,
    validate_authority,
    validate_identified_actor,
    validate_statement,
    validate_statements,
)
from chalicelib.lrs.validation.relations import VOIDED
from chalicelib.lrs.versions import V1, V2, XapiVersion

ANNA = {"objectType": "Agent", "mbox": "mailto:anna@example.com"}
TEAM = {"objectType": "Group", "account": {"homePage": "http://example.com", "name": "team"}}
VERB = {"id": "http://example.com/did", "display": {"en-US": "did"}}
ACTIVITY = {"id": "http://example.com/course"}
REF = {"objectType": "StatementRef", "id": "8f87ccde-bb56-4c2e-ab83-44982ef22df0"}
SUB = {"objectType": "SubStatement", "actor": ANNA, "verb": VERB, "object": ACTIVITY}
FILE = {
    "usageType": "http://example.com/usage", "display": {"en": "A"}, "contentType": "text/plain", "length": 3,
    "sha2": "a" * 64,
}  # fmt: skip
SIGNATURE = {**FILE, "usageType": "http://adlnet.gov/expapi/attachments/signature"}
MINIMAL: dict[str, Any] = {"actor": ANNA, "verb": VERB, "object": ACTIVITY}
CONSUMER = {"account": {"homePage": "http://example.com/token", "name": "consumer"}}


def _with(path: str, value: object) -> Any:
    """A minimal statement with a value at `a.b`; what lies between is made."""
    statement = copy.deepcopy(MINIMAL)
    *steps, last = path.split(".")
    at = statement
    for step in steps:
        at = at.setdefault(step, {})
    at[last] = value
    return statement


def _definition(**properties: object) -> Any:
    return _with("object.definition", properties)


# Each: a statement, the path of its one fault, its requirement.
FAULTS: list[tuple[Any, str, str]] = [
    (None, "", "XAPI-00001"),
    ([MINIMAL], "", "XAPI-00006"),
    ({"verb": VERB, "object": ACTIVITY}, "actor", "XAPI-00003"),
    ({"actor": ANNA, "object": ACTIVITY}, "verb", "XAPI-00004"),
    ({"actor": ANNA, "verb": VERB}, "object", "XAPI-00005"),
    (_with("actor", "anna"), "actor", "XAPI-00003"),
    (_with("actor.name", None), "actor.name", "XAPI-00001"),
    (_with("Actor", ANNA), "Actor", "XAPI-00008"),
    (_with("iD", "x"), "iD", "XAPI-00008"),
    (_with("colour", "x"), "colour", "XAPI-00010"),
    (_with("id", "x"), "id", "XAPI-00027"),
    (_with("stored", "yesterday"), "stored", "XAPI-00022"),
    (_with("timestamp", "2008-09-15T15:53:00.601-00:00"), "timestamp", "XAPI-00022"),
    (_with("version", "1.1.0"), "version", "XAPI-00101"),
    (_with("actor", {**ANNA, "objectType": "agent"}), "actor.objectType", "XAPI-00009"),
    (_with("actor", {**ANNA, "objectType": "Activity"}), "actor.objectType", "XAPI-00031"),
    (_with("actor", {"name": "Anna"}), "actor", "XAPI-00034"),
    (_with("actor", {**ANNA, "openid": "http://example.com/anna"}), "actor", "XAPI-00034"),
    (_with("actor", {"mbox": "anna@example.com"}), "actor.mbox", "XAPI-00038"),
    (_with("actor", {"account": {"homePage": "/home", "name": "a"}}), "actor.account.homePage", "XAPI-00042"),
    (_with("actor", {"account": {"homePage": "http://example.com"}}), "actor.account.name", "XAPI-00043"),
    (_with("actor", {"objectType": "Group"}), "actor", "XAPI-00035"),
    (_with("actor", {"objectType": "Group", "member": []}), "actor", "XAPI-00035"),
    (_with("actor", {**TEAM, **ANNA, "objectType": "Group"}), "actor", "XAPI-00037"),
    (_with("actor", {**TEAM, "member": [ANNA, TEAM]}), "actor.member[1].objectType", "XAPI-00032"),
    (_with("actor", {**TEAM, "member": ANNA}), "actor.member", "XAPI-00036"),
    (_with("verb.display", {"something": "x"}), "verb.display.something", "XAPI-00121"),
    (_with("verb.display", {"zh-z-aaa-z-bbb": "x"}), 'verb.display["zh-z-aaa-z-bbb"]', "XAPI-00121"),
    (_with("verb.display", {"en": 1}), "verb.display.en", "XAPI-00045"),
    (_with("verb.id", "ab=c://should.fail.com"), "verb.id", "XAPI-00044"),
    (_with("object", {"objectType": "activity", **ACTIVITY}), "object.objectType", "XAPI-00009"),
    (_with("object", {"objectType": ["Activity"]}), "object.objectType", "XAPI-00046"),
    (_with("object", {**REF, "id": "x"}), "object.id", "XAPI-00072"),
    (_with("object", {**REF, "name": "x"}), "object.name", "XAPI-00010"),
    (_with("object", {**SUB, "object": SUB}), "object.object.objectType", "XAPI-00071"),
    (_with("object", {**SUB, "id": REF["id"]}), "object.id", "XAPI-00070"),
    (_with("object", {**SUB, "stored": "2015-11-18T12:00:00Z"}), "object.stored", "XAPI-00069"),
    (_with("object", {**SUB, "version": "1.0.0"}), "object.version", "XAPI-00068"),
    (_with("object", {**SUB, "authority": ANNA}), "object.authority", "XAPI-00067"),
    (_definition(moreInfo="more"), "object.definition.moreInfo", "XAPI-00061"),
    (_definition(moreinfo="http://example.com"), "object.definition.moreinfo", "XAPI-00008"),
    (_definition(interactionType="Choice"), "object.definition.interactionType", "XAPI-00009"),
    (_definition(interactionType="guess"), "object.definition.interactionType", "XAPI-00049"),
    (_definition(choices=[{"id": "a"}]), "object.definition.choices", "XAPI-00064"),
    (_definition(correctResponsesPattern=["a"]), "object.definition.correctResponsesPattern", "XAPI-00064"),
    (_definition(interactionType="other", steps=[]), "object.definition.steps", "xAPI 1.0.3, Data 2.4.4.1"),
    (
        _definition(interactionType="choice", choices=[{"id": "a"}, {"id": "a"}]),
        "object.definition.choices[1].id",
        "xAPI 1.0.3, Data 2.4.4.1",
    ),
    (_definition(extensions={"key": 1}), "object.definition.extensions.key", "XAPI-00118"),
    (_definition(extensions=[]), "object.definition.extensions", "XAPI-00057"),
    (_with("result.success", "true"), "result.success", "XAPI-00074"),
    (_with("result.completion", 1), "result.completion", "XAPI-00075"),
    (_with("result.duration", "P4W1D"), "result.duration", "XAPI-00077"),
    (_with("result.score", 5), "result.score", "XAPI-00079"),
    (_with("result.score.max", "100"), "result.score.max", "XAPI-00080"),
    (_with("result.score.scaled", 1.01), "result.score.scaled", "XAPI-00083"),
    (_with("result.score.raw", True), "result.score.raw", "XAPI-00082"),
    (_with("result.score", {"min": 1, "max": 1}), "result.score.min", "XAPI-00081"),
    (_with("result.score", {"raw": 0, "min": 1}), "result.score.raw", "XAPI-00082"),
    (_with("result.score", {"raw": 2, "max": 1.5}), "result.score.raw", "XAPI-00082"),
    (_with("context.registration", "x"), "context.registration", "XAPI-00087-1"),
    (_with("context.team", ANNA), "context.team.objectType", "XAPI-00088"),
    (_with("context.language", "en_US"), "context.language", "XAPI-00091"),
    (_with("context.contextActivities.sibling", ACTIVITY), "context.contextActivities.sibling", "XAPI-00093"),
    (_with("context.contextActivities.parent", [REF]), "context.contextActivities.parent[0]", "XAPI-00047"),
    (_with("context.statement", {"id": REF["id"]}), "context.statement.objectType", "XAPI-00073"),
    ({**MINIMAL, "object": ANNA, "context": {"revision": "1"}}, "context.revision", "XAPI-00084"),
    ({**MINIMAL, "object": REF, "context": {"platform": "1"}}, "context.platform", "XAPI-00085"),
    (_with("object", {**SUB, "object": REF, "context": {"platform": ""}}), "object.context.platform", "XAPI-00085"),
    (_with("verb.id", VOIDED), "object", "XAPI-00017"),
    (_with("authority", {"objectType": "Group", "member": [CONSUMER]}), "authority.member", "XAPI-00098"),
    (_with("authority", {"objectType": "Group", "member": [CONSUMER, ANNA, ANNA]}), "authority.member", "XAPI-00098"),
    (_with("authority", {"objectType": "Group", "member": [ANNA, ANNA]}), "authority.member", "XAPI-00100"),
    (_with("authority", {**TEAM, "member": [CONSUMER, ANNA]}), "authority", "XAPI-00100"),
    (_with("attachments", FILE), "attachments", "XAPI-00025"),
    (_with("attachments", [FILE, {**FILE, "length": 3.0}]), "attachments[1].length", "XAPI-00102"),
    (_with("attachments", [{**FILE, "sha2": "x"}]), "attachments[0].sha2", "XAPI-00103"),
    (_with("attachments", [{**FILE, "fileUrl": "x"}]), "attachments[0].fileUrl", "XAPI-00104"),
    (_with("attachments", [{**FILE, "contentType": "text"}]), "attachments[0].contentType", "XAPI-00105"),
    (_with("attachments", [SIGNATURE]), "attachments[0].contentType", "XAPI-00115"),
]  # fmt: skip


@pytest.mark.parametrize("version", [V1, V2])
@pytest.mark.parametrize(("statement", "path", "requirement"), FAULTS)
def test_a_fault_is_told_with_its_place_and_requirement(
    statement: Any, path: str, requirement: str, version: XapiVersion
) -> None:
    found = [(fault.path, fault.requirement) for fault in validate_statement(statement, version)]
    if path.startswith("context.contextActivities.parent"):
        assert found[0][0].startswith(path)
    else:
        assert found == [(path, requirement)]


@pytest.mark.parametrize(
    "statement",
    [
        MINIMAL,
        {**MINIMAL, "verb": {"id": VOIDED}, "object": REF},
        {**MINIMAL, "object": {**ANNA}},
        {
            **MINIMAL,
            "object": {**SUB, "object": REF, "timestamp": "2999-01-01T00:00:00Z", "attachments": [FILE]},
        },
        _with("authority", {"objectType": "Group", "member": [CONSUMER, ANNA]}),
        _with("context.contextActivities.parent", ACTIVITY),
        _with(
            "context.extensions", {"http://example.com/x": None, "http://example.com/y": {"a": [None, {}]}}
        ),
        _with("result.score", {"raw": 1, "min": 1, "max": 2}),
        _definition(
            interactionType="matching", source=[{"id": "a"}], target=[{"id": "a", "description": {}}]
        ),
        {**MINIMAL, "context": {"revision": "1", "platform": "x"}},
    ],
)
def test_valid_in_both_versions(statement: Any) -> None:
    assert validate_statement(statement, V1) == validate_statement(statement, V2) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (
            "contextAgents",
            [{"objectType": "contextAgent", "agent": ANNA, "relevantTypes": ["http://example.com/t"]}],
        ),
        ("contextGroups", [{"objectType": "contextGroup", "group": TEAM}]),
    ],
)
def test_context_agents_and_groups_are_of_2_0(name: str, value: object) -> None:
    statement = _with(f"context.{name}", value)
    assert validate_statement(statement, V2) == []
    assert [fault.path for fault in validate_statement(statement, V1)] == [f"context.{name}"]


@pytest.mark.parametrize(
    ("name", "item", "path"),
    [
        ("contextAgents", {"objectType": "contextGroup", "agent": ANNA}, "[0].objectType"),
        ("contextAgents", {"agent": ANNA}, "[0].objectType"),
        ("contextAgents", {"objectType": "contextAgent", "agent": TEAM}, "[0].agent.objectType"),
        ("contextAgents", {"objectType": "contextAgent"}, "[0].agent"),
        ("contextAgents", {"objectType": "contextAgent", "agent": ANNA, "relevantTypes": []}, "[0].relevantTypes"),
        ("contextAgents", {"objectType": "contextAgent", "agent": ANNA, "relevantTypes": [1]}, "[0].relevantTypes[0]"),
        ("contextGroups", {"objectType": "contextGroup", "group": ANNA}, "[0].group.objectType"),
        ("contextGroups", {"objectType": "contextGroup", "group": TEAM, "member": [ANNA]}, "[0].member"),
    ],
)  # fmt: skip
def test_faults_of_context_agents_and_groups(name: str, item: object, path: str) -> None:
    faults = validate_statement(_with(f"context.{name}", [item]), V2)
    assert [fault.path for fault in faults] == [f"context.{name}{path}"]


def test_an_agent_that_is_an_object_must_say_so() -> None:
    found = validate_statement(_with("object", {"mbox": "mailto:anna@example.com"}), V1)
    assert ("object.objectType", "XAPI-00065") in [(fault.path, fault.requirement) for fault in found]


def test_every_fault_is_told_at_once() -> None:
    statement = {
        "actor": {"mbox": "x", "nick": "y"}, "verb": {"display": None}, "object": {"id": 5},
        "result": {"success": 1}, "context": {"registration": "z"}, "attachments": [{}],
    }  # fmt: skip
    paths = {fault.path for fault in validate_statement(statement, V1)}
    assert paths == {
        "actor.mbox", "actor.nick", "verb.display", "verb.id", "object.id", "result.success", "context.registration",
        *(f"attachments[0].{name}" for name in ("usageType", "display", "contentType", "length", "sha2")),
    }  # fmt: skip


def test_a_batch_names_the_statement_and_what_stands_in_it_twice() -> None:
    twice = {**MINIMAL, "id": REF["id"]}
    faults = validate_statements([twice, MINIMAL, {**twice, "id": REF["id"].upper()}, None], V2)
    assert [fault.path for fault in faults] == ["statements[2].id", "statements[3]"]
    assert "statements[0]" in faults[0].rule


def test_the_number_of_faults_is_bounded() -> None:
    statement = _with("verb.display", {f"no language {index}": 1 for index in range(1000)})
    assert len(validate_statement(statement, V1)) == MAX_FAULTS
    assert len(validate_statements([statement] * 3, V1)) == MAX_FAULTS


@pytest.mark.parametrize(
    "value",
    [
        {"a": float("nan")},
        {"k" * 3000: 1},
        [[float("inf")]],
    ],
)
def test_extensions_hold_json_within_bounds(value: object) -> None:
    faults = validate_statement(_with("context.extensions", {"http://example.com/x": value}), V1)
    assert [(fault.path, fault.requirement) for fault in faults] == [
        ('context.extensions["http://example.com/x"]', "XAPI-00119")
    ]


@pytest.mark.parametrize(("levels", "allowed"), [(64, True), (65, False)])
def test_extensions_nest_within_bounds(levels: int, allowed: bool) -> None:
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    faults = validate_statement(_with("result.extensions", {"http://example.com/x": value}), V1)
    assert (not faults) is allowed


def test_parts_are_checked_alone() -> None:
    anonymous = {"objectType": "Group", "member": [ANNA]}
    assert (
        validate_agent(ANNA, V1) == validate_identified_actor(TEAM, V1) == validate_authority(ANNA, V1) == []
    )
    assert [fault.path for fault in validate_agent(TEAM, V1)] == ["objectType"]
    assert [fault.requirement for fault in validate_identified_actor(anonymous, V1)] == ["XAPI-00037"]


def test_a_fault_is_seen_from_further_out() -> None:
    assert Fault("actor", "r", "x").under("statements[3]").path == "statements[3].actor"
    assert Fault("[1].id", "r", "x").under("agents").path == "agents[1].id"
    assert Fault("", "r", "x").under("actor").path == "actor"
