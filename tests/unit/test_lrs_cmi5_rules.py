"""What the bearer of a cmi5 token may do, case by case."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.errors import Forbidden
from chalicelib.lrs.access.principal import Cmi5Session
from chalicelib.lrs.cmi5 import rules
from chalicelib.lrs.cmi5.rules import CMI5_CATEGORY, LAUNCH_DATA, LEARNER_PREFERENCES, RULES, VOIDED, Target
from chalicelib.lrs.keys import agent_key
from chalicelib.lrs.statements.query import StatementQuery

REGISTRATION = "760e3480-ba55-4991-94b0-01820dbd23a2"
OTHER_REGISTRATION = "11111111-ba55-4991-94b0-01820dbd23a2"
ACTIVITY = "http://www.example.com/LA1/001/intro"
AGENT = {"objectType": "Agent", "account": {"homePage": "http://www.example.com", "name": "1625378"}}
OTHER_AGENT = {"objectType": "Agent", "account": {"homePage": "http://www.example.com", "name": "9"}}
GROUP = {"objectType": "Group", **{"account": AGENT["account"]}, "member": [OTHER_AGENT]}
VERB = "http://adlnet.gov/expapi/verbs/"

SESSION = Cmi5Session("id", AGENT, ACTIVITY, REGISTRATION, "https://content.example.com")
ANY_REGISTRATION = Cmi5Session("id", AGENT, ACTIVITY)
OWN = {"agent": agent_key(AGENT), "activity": ACTIVITY, "registration": REGISTRATION}

MAY: list[tuple[str, bool, Mapping[str, Any]]] = [
    ("activities/state", False, {"document": LAUNCH_DATA}),
    ("activities/state", False, {"document": "bookmark"}),
    ("activities/state", False, {"registration": REGISTRATION.upper()}),
    ("activities/state", False, {}),
    ("activities/state", True, {"document": "bookmark"}),
    ("activities/profile", False, {"document": "any", "agent": None, "registration": None}),
    ("activities/profile", True, {"document": "any", "agent": None, "registration": None}),
    ("agents/profile", False, {"document": LEARNER_PREFERENCES, "activity": None, "registration": None}),
    ("agents/profile", True, {"document": LEARNER_PREFERENCES, "activity": None, "registration": None}),
    ("activities", False, {"agent": None, "registration": None}),
    ("agents", False, {"activity": None, "registration": None}),
]

MAY_NOT: list[tuple[str, bool, Mapping[str, Any], str]] = [
    ("activities/state", True, {"document": LAUNCH_DATA}, LAUNCH_DATA),
    ("activities/state", True, {"document": None}, LAUNCH_DATA),
    ("agents/profile", False, {"document": "other"}, LEARNER_PREFERENCES),
    ("agents/profile", False, {"document": None}, LEARNER_PREFERENCES),
    ("agents/profile", True, {"document": "other"}, LEARNER_PREFERENCES),
    ("activities", True, {}, "not for this resource"),
    ("agents", True, {}, "not for this resource"),
    ("data", False, {}, "not for this resource"),
]


@pytest.mark.parametrize(("resource", "writes", "other"), MAY)
def test_a_token_may(resource: str, writes: bool, other: Mapping[str, Any]) -> None:
    rules.may(SESSION, resource, writes, Target(**{**OWN, **other}))


@pytest.mark.parametrize(("resource", "writes", "other", "reason"), MAY_NOT)
def test_a_token_may_not(resource: str, writes: bool, other: Mapping[str, Any], reason: str) -> None:
    with pytest.raises(Forbidden, match=reason):
        rules.may(SESSION, resource, writes, Target(**{**OWN, **other}))


@pytest.mark.parametrize(("resource", "writes"), sorted(RULES))
@pytest.mark.parametrize(
    ("field", "others", "reason"),
    [
        ("agent", (agent_key(OTHER_AGENT), None), "the agent must be that of the session"),
        ("activity", (f"{ACTIVITY}/", "", None), "the activity must be"),
        ("registration", (OTHER_REGISTRATION, None), "the registration must be"),
    ],
)
def test_what_is_anothers_is_refused_wherever_the_resource_has_it(
    resource: str, writes: bool, field: str, others: tuple[str | None, ...], reason: str
) -> None:
    document = LEARNER_PREFERENCES if resource == "agents/profile" else "any"
    for other in others:
        target = Target(**{**OWN, "document": document, field: other})
        if getattr(RULES[resource, writes], field):
            with pytest.raises(Forbidden, match=reason):
                rules.may(SESSION, resource, writes, target)
        else:
            rules.may(SESSION, resource, writes, target)


def test_a_rule_stands_for_every_resource_with_an_own_agent_or_activity() -> None:
    assert all(rule.agent or rule.activity for rule in RULES.values())


def test_a_session_without_registration_takes_any() -> None:
    rules.may(
        ANY_REGISTRATION, "activities/state", True, Target(**{**OWN, "registration": None, "document": "a"})
    )


def test_whoever_has_no_token_is_not_held_up() -> None:
    rules.may(None, "activities/state", True, Target())
    rules.may_write(None, [{"verb": {"id": VOIDED}}])
    rules.may_read(None, {})
    rules.may_come_from(None, "https://anywhere.example.com")
    assert rules.narrowed(None, StatementQuery()) == StatementQuery()


@pytest.mark.parametrize("origin", [None, "https://content.example.com", "https://CONTENT.example.com:443"])
def test_the_page_of_the_session_may_call_and_so_may_what_is_no_browser(origin: str | None) -> None:
    rules.may_come_from(SESSION, origin)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example.com", "http://content.example.com", "https://content.example.com:444", "null", ""],
)
def test_a_page_of_another_origin_may_not_call(origin: str) -> None:
    with pytest.raises(Forbidden, match=r"pages of https://content\.example\.com"):
        rules.may_come_from(SESSION, origin)


def statement(verb: str = "initialized", *, defined: bool = True, **other: Any) -> dict[str, Any]:
    """A statement as an assignable unit sends it; `defined`: with the category of cmi5."""
    context: dict[str, Any] = {
        "registration": REGISTRATION,
        "contextActivities": {"grouping": [{"id": "http://p.example"}]},
    }
    if defined:
        context["contextActivities"]["category"] = [{"id": CMI5_CATEGORY}]
    made = {"actor": AGENT, "verb": {"id": VERB + verb}, "object": {"id": ACTIVITY}, "context": context}
    return {**made, **other}


def question(**other: Any) -> dict[str, Any]:
    """A cmi5 allowed statement about a part of the activity."""
    about = {"grouping": {"id": ACTIVITY}}
    context = {"registration": REGISTRATION.upper(), "contextActivities": about}
    made = statement("answered", defined=False, object={"id": f"{ACTIVITY}/q1"}, context=context)
    return {**made, **other}


@pytest.mark.parametrize("verb", ["initialized", "completed", "passed", "failed", "terminated"])
def test_an_assignable_unit_records_what_cmi5_defines(verb: str) -> None:
    rules.may_write(SESSION, [statement(verb)])


def test_an_assignable_unit_records_what_cmi5_allows() -> None:
    rules.may_write(SESSION, [question(), statement("experienced", defined=False)])


REFUSED = [
    (statement("voided", object={"objectType": "StatementRef", "id": REGISTRATION}), "must not be voided"),
    (statement("voided", defined=False), "must not be voided"),
    (statement(actor=OTHER_AGENT), "the actor must be the agent"),
    (statement(actor=GROUP), "the actor must be the agent"),
    (statement(actor=None), "the actor must be the agent"),
    (statement(object=AGENT), "the object must be an activity"),
    (statement(object={"objectType": "StatementRef", "id": REGISTRATION}), "the object must be an activity"),
    (question(object={"objectType": "SubStatement", "actor": AGENT}), "the object must be an activity"),
    (statement(object={"id": f"{ACTIVITY}/q1"}), "the object of a cmi5 defined statement"),
    (statement("launched"), "one of its verbs"),
    (statement("experienced"), "one of its verbs"),
    (question(context={"registration": REGISTRATION}), "the object or a context activity"),
    (question(context={"contextActivities": {"parent": [{"id": ACTIVITY}]}}), "the registration must be"),
    (statement(context={"registration": OTHER_REGISTRATION}), "the registration must be"),
]


@pytest.mark.parametrize(("refused", "reason"), REFUSED)
def test_an_assignable_unit_may_not_record(refused: dict[str, Any], reason: str) -> None:
    with pytest.raises(Forbidden, match=reason):
        rules.may_write(SESSION, [refused])


def test_one_statement_that_is_refused_is_named_among_many() -> None:
    with pytest.raises(Forbidden, match="in statement 1, the actor"):
        rules.may_write(SESSION, [statement(), statement(actor=OTHER_AGENT)])


@given(st.dictionaries(st.text(max_size=3), st.none() | st.text(max_size=3) | st.lists(st.none())))
def test_whatever_is_no_statement_of_the_session_is_refused(made: dict[str, Any]) -> None:
    with pytest.raises(Forbidden):
        rules.may_write(SESSION, [{**statement(), "actor": made}])


def test_a_query_is_for_the_agent_the_activity_and_the_registration_of_the_session() -> None:
    own = StatementQuery(agent=agent_key(AGENT), activity=ACTIVITY, registration=REGISTRATION)
    assert rules.narrowed(SESSION, StatementQuery()) == own
    assert rules.narrowed(SESSION, own) == own
    free = rules.narrowed(ANY_REGISTRATION, StatementQuery(registration=OTHER_REGISTRATION))
    assert free.registration == OTHER_REGISTRATION


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (StatementQuery(agent=agent_key(OTHER_AGENT)), "the agent must be that of the session"),
        (StatementQuery(related_agents=True), "related_agents not be set"),
        (StatementQuery(activity="http://other.example.com"), "the activity must be"),
        (StatementQuery(registration=OTHER_REGISTRATION), "the registration must be"),
    ],
)
def test_a_query_for_what_is_anothers_is_refused(query: StatementQuery, reason: str) -> None:
    with pytest.raises(Forbidden, match=reason):
        rules.narrowed(SESSION, query)


def test_one_statement_is_shown_where_it_is_of_the_session() -> None:
    rules.may_read(SESSION, statement())
    rules.may_read(SESSION, question())
    rules.may_read(ANY_REGISTRATION, statement(context={}))


@pytest.mark.parametrize(
    "other",
    [
        statement(actor=OTHER_AGENT),
        statement(object={"id": "http://other.example.com"}),
        statement(context={"registration": OTHER_REGISTRATION}),
        {},
    ],
)
def test_one_statement_of_another_session_is_not_shown(other: dict[str, Any]) -> None:
    with pytest.raises(Forbidden, match="not of its agent and activity"):
        rules.may_read(SESSION, other)
