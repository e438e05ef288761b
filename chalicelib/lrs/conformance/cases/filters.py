"""Filters of statements (Communication 2.1.3; 2.0: 4.1.6.1)."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.lrs.conformance.check import Checks
from chalicelib.lrs.conformance.probe import Probe, statement_ids
from chalicelib.lrs.conformance.samples import HOME
from chalicelib.lrs.conformance.times import shifted

CHECKS = Checks()
BAD_AGENTS = ("anna", "{}", '{"name":"Anna"}', '{"mbox":"anna@example.org"}', '{"mbox":', "[]", "")


def finds(probe: Probe, query: Mapping[str, str], wanted: Iterable[str]) -> None:
    """Fails unless exactly these statements are found."""
    ids = sorted(wanted)
    found = sorted(probe.ids(query))
    probe.page(query).must(found == ids, f"the statements {ids}", str(found))


def refuses(probe: Probe, name: str, values: Iterable[str]) -> None:
    """Fails unless each of these values is refused."""
    for value in values:
        probe.get("/statements", {name: value}).refused(f"this is no value of {name}")


def places_of_agent(probe: Probe, agent: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Statements that have an agent in each of the places beyond actor and object."""
    other, group = probe.agent("other"), {"objectType": "Group", "member": [agent]}
    marked = probe.context()
    sub = {"objectType": "SubStatement", "verb": {"id": f"{HOME}/verbs/planned"}}
    activity = {"id": probe.iri("activity")}
    return {
        "instructor": probe.statement("instructor", actor=other, context={**marked, "instructor": agent}),
        "team": probe.statement("team", actor=other, context={**marked, "team": group}),
        "actor of a SubStatement": probe.statement(
            "sub actor", actor=other, object={**sub, "actor": agent, "object": activity}
        ),
        "object of a SubStatement": probe.statement(
            "sub object", actor=other, object={**sub, "actor": other, "object": agent}
        ),
        "instructor of a SubStatement": probe.statement(
            "sub instructor",
            actor=other,
            object={**sub, "actor": other, "object": activity, "context": {"instructor": agent}},
        ),
    }


@CHECKS.that("XAPI-00181")
def agent_as_actor_or_object(probe: Probe) -> None:
    """`agent` finds it as actor, as object, and as member of a group there; nowhere else."""
    agent, other = probe.agent("wanted"), probe.agent("other")
    group = {"objectType": "Group", "member": [other, agent]}
    named = {**agent, "name": "Another name"}
    matching = [
        probe.statement("actor", actor=agent),
        probe.statement("object", object=agent),
        probe.statement("member", actor=group),
        probe.statement("named", actor=named),
    ]
    probe.record(*matching, probe.statement("no", actor=other), *places_of_agent(probe, agent).values())
    finds(probe, {"agent": json.dumps(agent)}, statement_ids(matching))
    finds(probe, {"agent": json.dumps(named)}, statement_ids(matching))
    refuses(probe, "agent", BAD_AGENTS)


@CHECKS.that("XAPI-00181")
def group_by_its_identifier(probe: Probe) -> None:
    """`agent` finds an identified group too."""
    group = {**probe.agent("group"), "objectType": "Group"}
    statement = probe.statement("group", actor=group)
    probe.record(statement, probe.statement("no"))
    finds(probe, {"agent": json.dumps(group)}, [statement["id"]])


@CHECKS.that("XAPI-00176")
def related_agents(probe: Probe) -> None:
    """`related_agents=true` finds the agent in all its places too."""
    agent = probe.agent("wanted")
    actor = probe.statement("actor", actor=agent)
    others = places_of_agent(probe, agent)
    probe.record(actor, *others.values(), probe.statement("no", actor=probe.agent("no")))
    query = {"agent": json.dumps(agent), "related_agents": "true"}
    found = set(probe.ids(query))
    for place, statement in others.items():
        probe.page(query).must(statement["id"] in found, f"the statement with the agent as {place}")
    finds(probe, query, [actor["id"], *statement_ids(list(others.values()))])
    finds(probe, {**query, "related_agents": "false"}, [actor["id"]])
    refuses(probe, "related_agents", ("yes", "", "1", "True"))


@CHECKS.that("XAPI-00176")
def agent_as_authority(probe: Probe) -> None:
    """`related_agents=true` finds what the agent is the authority of; without it that does not count."""
    statement = probe.statement(verb={"id": probe.iri("verb")})
    answer = probe.record(statement)
    authority = probe.stored(statement["id"]).get("authority")
    answer.must(isinstance(authority, dict), "a statement with its authority", str(authority))
    query = {"agent": json.dumps(authority), "verb": probe.iri("verb")}
    finds(probe, {**query, "related_agents": "true"}, [statement["id"]])
    finds(probe, query, [])


@CHECKS.that("XAPI-00179")
def activity_as_object(probe: Probe) -> None:
    """`activity` finds what has it as object."""
    wanted = probe.statement("wanted", object={"id": probe.iri("wanted")})
    context = {"registration": probe.mark, "contextActivities": {"parent": [{"id": probe.iri("wanted")}]}}
    probe.record(wanted, probe.statement("no"), probe.statement("context", context=context))
    finds(probe, {"activity": probe.iri("wanted")}, [wanted["id"]])
    refuses(probe, "activity", ("course", "", "/course"))


@CHECKS.that("XAPI-00177")
def related_activities(probe: Probe) -> None:
    """`related_activities=true` finds the activity in the context and in SubStatements too."""
    activity = {"id": probe.iri("wanted")}
    sub = {"objectType": "SubStatement", "actor": probe.agent(), "verb": {"id": f"{HOME}/verbs/planned"}}
    matching = [probe.statement("object", object=activity)]
    for key in ("parent", "grouping", "category", "other"):
        context = {"registration": probe.mark, "contextActivities": {key: [activity]}}
        matching.append(probe.statement(key, context=context))
    matching.append(probe.statement("sub object", object={**sub, "object": activity}))
    inner = {**sub, "object": {"id": probe.iri()}, "context": {"contextActivities": {"other": [activity]}}}
    matching.append(probe.statement("sub context", object=inner))
    probe.record(*matching, probe.statement("no"))
    finds(probe, {"activity": activity["id"], "related_activities": "true"}, statement_ids(matching))
    finds(probe, {"activity": activity["id"], "related_activities": "false"}, [matching[0]["id"]])
    refuses(probe, "related_activities", ("yes", "", "1", "True"))


@CHECKS.that("XAPI-00180")
def verb_by_its_id(probe: Probe) -> None:
    """`verb` finds what has it."""
    wanted = probe.statement("wanted", verb={"id": probe.iri("verb"), "display": {"en": "done"}})
    probe.record(wanted, probe.statement("no"))
    finds(probe, {"verb": probe.iri("verb")}, [wanted["id"]])
    refuses(probe, "verb", ("tested", "", "/tested"))


@CHECKS.that("XAPI-00178")
def registration_of_the_context(probe: Probe) -> None:
    """`registration` finds what has it."""
    registration = probe.uuid("registration")
    wanted = probe.statement("wanted", context=probe.context(registration=registration))
    none = probe.context()
    del none["registration"]
    probe.record(wanted, probe.statement("no"), probe.statement("none", context=none))
    finds(probe, {"registration": registration}, [wanted["id"]])
    refuses(probe, "registration", ("7", "", "7ccd3322-e1a5-411a-a67d"))


def _three(probe: Probe) -> tuple[list[str], list[str]]:
    """Records three statements one after the other: their ids, and when they were stored."""
    statements = [probe.statement(number) for number in range(3)]
    for statement in statements:
        probe.record(statement)
    ids = statement_ids(statements)
    return ids, [probe.stored(each)["stored"] for each in ids]


@CHECKS.that("XAPI-00175")
def since_is_exclusive(probe: Probe) -> None:
    """`since` finds what was stored later than it."""
    ids, stored = _three(probe)
    query = {"agent": json.dumps(probe.agent())}
    finds(probe, {**query, "since": stored[0]}, ids[1:])
    finds(probe, {**query, "since": stored[2]}, [])
    finds(probe, {**query, "since": "2015-01-01T00:00:00+01:00"}, ids)
    refuses(probe, "since", ("yesterday", "", "2024-13-01T00:00:00Z"))


@CHECKS.that("XAPI-00174")
def until_is_inclusive(probe: Probe) -> None:
    """`until` finds what was stored at that time or before."""
    ids, stored = _three(probe)
    query = {"agent": json.dumps(probe.agent())}
    finds(probe, {**query, "until": stored[0]}, ids[:1])
    finds(probe, {**query, "until": shifted(stored[0], -1)}, [])
    finds(probe, {**query, "until": stored[1], "since": stored[0]}, ids[1:2])
    refuses(probe, "until", ("tomorrow", "", "2024-13-01T00:00:00Z"))


@CHECKS.that("XAPI-00164")
def all_filters_together(probe: Probe) -> None:
    """Where filters stand together a statement matches them all."""
    verb, activity = probe.iri("verb"), probe.iri("wanted")
    registration = probe.uuid("registration")
    whole = {
        "verb": {"id": verb},
        "object": {"id": activity},
        "context": probe.context(registration=registration),
    }
    wanted = probe.statement("wanted", **whole)
    others = [
        probe.statement(name, **{**whole, **change})
        for name, change in (
            ("verb", {"verb": {"id": probe.iri("other")}}),
            ("activity", {"object": {"id": probe.iri("other")}}),
            ("registration", {"context": probe.context()}),
            ("agent", {"actor": probe.agent("other")}),
        )
    ]
    probe.record(wanted, *others)
    agent = json.dumps(probe.agent())
    query = {"agent": agent, "verb": verb, "activity": activity, "registration": registration}
    finds(probe, query, [wanted["id"]])
    stored = probe.stored(wanted["id"])["stored"]
    finds(probe, {**query, "until": stored}, [wanted["id"]])
    finds(probe, {**query, "since": stored}, [])


@CHECKS.that("XAPI-00164")
def what_refers_to_a_match_matches(probe: Probe) -> None:
    """A statement whose object refers to a match, directly or through others, matches too."""
    wanted = probe.statement("wanted", verb={"id": probe.iri("verb")})
    first = probe.statement("first", object={"objectType": "StatementRef", "id": wanted["id"]})
    second = probe.statement("second", object={"objectType": "StatementRef", "id": first["id"]})
    for each in (wanted, first, second, probe.statement("no")):
        probe.record(each)
    finds(probe, {"verb": probe.iri("verb")}, statement_ids([wanted, first, second]))


@CHECKS.that("XAPI-00012")
def parameters_are_checked(probe: Probe) -> None:
    """Each parameter is held to the rules of its type."""
    bad = {
        "statementId": ("7",),
        "agent": BAD_AGENTS[:4],
        "verb": ("tested",),
        "activity": ("course",),
        "registration": ("7",),
        "since": ("yesterday", "2024-02-30T00:00:00Z"),
        "until": ("yesterday",),
        "limit": ("many",),
    }
    for name, values in bad.items():
        refuses(probe, name, values)
