"""Persons in the Data API: which agents are the same human being, to read and to say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.errors import Invalid
from chalicelib.lrs import strict_json
from chalicelib.lrs.registries.persons import Person
from chalicelib.lrs.versions import V2
from chalicelib.ports.logs import INFO
from chalicelib.times import microseconds
from chalicelib.web.call import Answer, Call
from chalicelib.web.lrs.data import DATA, PERMISSIONS, list_name
from chalicelib.web.lrs.listing import LIMIT, MOST_PER_PAGE, fitting, listed, opened, sealed
from chalicelib.web.lrs.parameters import Parameters
from chalicelib.web.lrs.route import LrsRoute

MOST_PERSONS = (
    100  # of one call: each is some requests to the search engine, and the gateway waits 29 seconds
)
MOST_AGENTS = 100  # of one inner array

Agents = list[Mapping[str, Any]]


def list_persons(call: Call) -> Answer:
    """Lists persons with all their agents; with `agent` the one to whom that belongs."""
    parameters = Parameters(call)
    agent = parameters.agent("agent")
    limit = parameters.whole("limit", 1, MOST_PER_PAGE, LIMIT)
    after = parameters.cursor(opened)
    parameters.check()
    persons, store = call.services.lrs.persons, call.principal.store
    if agent is not None:
        found = persons.agents_of(store, agent)
        return listed([_shown(Person(found[0].person, tuple(found)))] if found else [], None)
    page = persons.page(store, after or "", limit + 1)
    items = [_shown(person) for person in page[:limit]]
    items = items[: fitting(items)]
    more = len(page) > len(items)
    return listed(items, sealed(page[len(items) - 1].id) if more else None)


def make_persons(call: Call) -> Answer:
    """Makes one person of each inner array of agents."""
    groups = _groups(strict_json.parse_bytes(call.raw_body, refuse_nul=True))
    services, principal = call.services.lrs, call.principal
    at = microseconds(services.clock.now())
    made = {}
    for agents in groups:
        person = services.persons.make_one(principal.store, agents, principal.client, at)
        made[person.id] = person
    said = f"{sum(map(len, groups))} agents were made {len(made)} persons."
    services.logs.write("data", INFO, said, store=principal.store, client=principal.client)
    return Answer(200, {"data": [_shown(person) for person in made.values()]})


def _groups(value: object) -> list[Agents]:
    """The inner arrays. Raises `Invalid` with every fault."""
    from chalicelib.lrs.validation import validate_agent

    if not isinstance(value, list) or not 1 <= len(value) <= MOST_PERSONS:
        raise Invalid({"body": [f"The body must be an array of 1 to {MOST_PERSONS} arrays of agents."]})
    faults: dict[str, list[str]] = {}
    for place, agents in enumerate(value):
        if not isinstance(agents, list) or not 1 <= len(agents) <= MOST_AGENTS:
            faults[f"[{place}]"] = [f"This must be an array of 1 to {MOST_AGENTS} agents."]
            continue
        for inner, agent in enumerate(agents):
            for fault in validate_agent(agent, V2):
                at = fault.under(f"[{place}][{inner}]")
                faults.setdefault(at.path, []).append(at.rule)
    if faults:
        raise Invalid(faults)
    return value


def _shown(person: Person) -> dict[str, object]:
    shown = []
    for entry in person.agents:
        known = json.loads(entry.text)
        names = known.pop("names")
        known.pop("members", None)
        shown.append({**known, **({"name": names[-1]} if names else {})})
    return {"id": person.id, "agents": shown}


ROUTES = (
    LrsRoute(
        "GET",
        f"{DATA}/persons",
        list_name("persons"),
        list_persons,
        PERMISSIONS,
        frozenset(("agent", "limit", "cursor")),
        switch="data_api",
    ),
    LrsRoute("POST", f"{DATA}/persons", "dataMakePersons", make_persons, PERMISSIONS, switch="data_api"),
)
