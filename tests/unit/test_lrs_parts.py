"""Which agents, activities and verbs a statement is found by."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.lrs.keys import LONGEST_KEY_BYTES
from chalicelib.lrs.statements.parts import keys_of, parts

REGISTRATION = "EC531277-B57B-4C15-8D91-D292C5B2B8F7"


def agent(name: str) -> dict[str, object]:
    return {"objectType": "Agent", "mbox": f"mailto:{name}@example.com"}


def group(name: str | None, *members: str) -> dict[str, object]:
    identified = {} if name is None else {"account": {"homePage": "http://example.com", "name": name}}
    return {"objectType": "Group", **identified, "member": [agent(member) for member in members]}


def activity(name: str) -> dict[str, object]:
    return {"id": f"http://example.com/{name}"}


def keys(*names: str) -> tuple[str, ...]:
    return tuple(f"mbox:mailto:{name}@example.com" for name in names)


def iris(*names: str) -> tuple[str, ...]:
    return tuple(f"http://example.com/{name}" for name in names)


VERB = {"id": "http://example.com/did", "display": {"en": "did"}}


def body(prefix: str = "") -> dict[str, object]:
    return {
        "actor": group(None, f"{prefix}actor"),
        "verb": VERB,
        "object": agent(f"{prefix}object"),
        "context": {
            "registration": REGISTRATION,
            "instructor": agent(f"{prefix}instructor"),
            "team": group(f"{prefix}team", f"{prefix}member"),
            "contextAgents": [{"objectType": "contextAgent", "agent": agent(f"{prefix}agents")}],
            "contextGroups": [{"objectType": "contextGroup", "group": group(None, f"{prefix}groups")}],
            "contextActivities": {
                "parent": activity(f"{prefix}parent"),
                "grouping": [activity(f"{prefix}grouping")],
                "category": [activity(f"{prefix}category")],
                "other": [activity(f"{prefix}other"), activity(f"{prefix}other")],
            },
        },
        "attachments": [{"usageType": f"http://example.com/{prefix}usage"}],
    }


def test_a_statement_is_found_by_actor_object_and_their_members_and_broadly_by_all_others() -> None:
    found = keys_of({**body(), "authority": agent("authority")})
    assert found.verb == "http://example.com/did"
    assert found.registration == REGISTRATION.lower()
    assert found.agents == keys("actor", "object")
    assert set(found.related_agents) == {
        *keys("actor", "object", "authority", "instructor", "member", "agents", "groups"),
        "account:18:http://example.com|team",
    }
    assert found.activities == ()
    assert found.related_activities == iris("parent", "grouping", "category", "other")


def test_what_stands_in_a_substatement_is_only_related() -> None:
    inner = {"objectType": "SubStatement", **body("sub-")}
    found = keys_of({"actor": agent("actor"), "verb": {"id": "http://example.com/planned"}, "object": inner})
    assert found.verb == "http://example.com/planned"
    assert found.registration is None
    assert found.agents == keys("actor")
    assert {*keys("actor", "sub-actor", "sub-object", "sub-member")} <= set(found.related_agents)
    assert found.activities == ()
    assert found.related_activities == iris("sub-parent", "sub-grouping", "sub-category", "sub-other")


def test_the_activity_of_a_substatement_is_not_the_statements_object() -> None:
    inner = {"objectType": "SubStatement", "actor": agent("a"), "verb": VERB, "object": activity("inner")}
    found = keys_of({"actor": agent("b"), "verb": VERB, "object": inner})
    assert (found.activities, found.related_activities) == ((), iris("inner"))


def test_an_object_without_a_type_is_an_activity_and_a_reference_is_none() -> None:
    assert keys_of({"object": activity("one")}).activities == iris("one")
    assert keys_of({"object": {"objectType": "StatementRef", "id": REGISTRATION}}).related_activities == ()


def test_each_part_says_its_role() -> None:
    found = parts({**body(), "authority": agent("authority"), "object": activity("object")})
    assert [(part.role, part.member) for part in found.agents] == [
        ("actor", False),
        ("actor", True),
        ("authority", False),
        ("instructor", False),
        ("team", False),
        ("team", True),
        ("contextAgents", False),
        ("contextGroups", False),
        ("contextGroups", True),
    ]
    assert [part.role for part in found.activities] == [
        "object",
        "parent",
        "grouping",
        "category",
        "other",
        "other",
    ]
    assert found.verb_ids == ("http://example.com/did",)
    assert found.usage_types == ("http://example.com/usage",)
    assert not any(part.within for part in found.agents)


def test_the_parts_of_a_substatement_are_named_as_such() -> None:
    found = parts({"verb": VERB, "object": {"objectType": "SubStatement", **body("sub-")}})
    assert all(part.within for part in found.agents)
    assert all(part.within for part in found.activities)
    assert [verb.within for verb in found.verbs] == [False, True]
    assert found.usage_types == ("http://example.com/sub-usage",)


def test_a_long_id_has_a_short_key() -> None:
    found = keys_of({"object": activity("x" * 5000)})
    assert len(found.activities[0].encode()) <= LONGEST_KEY_BYTES


NAMES = [
    *("actor", "verb", "object", "objectType", "context", "member", "id", "team", "instructor"),
    *("contextActivities", "parent", "contextAgents", "agent", "mbox", "account", "attachments"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES) | st.text(max_size=4),
            inner | st.sampled_from(["Agent", "Group", "SubStatement", "Activity"]),
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(st.dictionaries(st.sampled_from(["actor", "verb", "object", "context", "attachments"]), JSON))
def test_no_json_object_is_too_strange_to_be_walked_over(statement: Mapping[str, object]) -> None:
    found = keys_of(statement)
    assert set(found.agents) <= set(found.related_agents)
    assert set(found.activities) <= set(found.related_activities)
