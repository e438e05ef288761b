"""The Data API: statements, agents, activities and terms of a store as they are kept, to read.

Filters have the names that xAPI gives them; `type`, `pseudonymized`, `voided`, `validated` and `valid` beside those.
`search` finds agents, activities and terms by the beginning of an id or name. `since` (exclusive) and `until`
(inclusive) compare with the time when something was stored first.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.lrs.keys import agent_key, key
from chalicelib.lrs.registries import entries
from chalicelib.ports.registries import Position, Registry, RegistryEntry, RegistrySearch
from chalicelib.ports.statement_store import StatementRecord, StatementSearch
from chalicelib.times import written
from chalicelib.web.lrs.listing import LIMIT, MOST_PER_PAGE, fitting, listed, opened, sealed
from chalicelib.web.lrs.parameters import Parameters
from chalicelib.web.lrs.route import STORE, LrsRoute

if TYPE_CHECKING:
    from chalicelib.web.call import Answer, Call, Handler

DATA = f"{STORE}/data"
PERMISSIONS = ("data/all",)
TERMS = {
    "verbs": entries.VERB,
    "activity-types": entries.ACTIVITY_TYPE,
    "attachment-usage-types": entries.ATTACHMENT_USAGE_TYPE,
    "activity-ids": entries.ACTIVITY_ID,
    "agent-ids": entries.AGENT_ID,
}
"""Services that list terms → what the registry calls them."""

_PAGES = frozenset(("limit", "cursor"))
_TIMES = _PAGES | {"since", "until"}
_OF_STATEMENTS = _TIMES | {
    *("statementId", "agent", "related_agents", "activity", "related_activities", "verb", "registration"),
    *("ascending", "voided", "validated", "valid", "pseudonymized"),
}


def statements(call: Call) -> Answer:
    """Lists statements, newest first: with `voided` left open, voided ones too."""
    parameters = Parameters(call)
    search = _statement_search(call, parameters)
    wanted, cursor = parameters.uuid("statementId"), parameters.text("cursor")
    if wanted is not None and len(call.query) > 1:
        parameters.refuse("statementId", "The parameter statementId stands alone: it names one statement.")
    parameters.check()
    reader = call.services.lrs.reader
    if wanted is not None:
        found = reader.find(call.principal.store, [wanted])
        return listed([_statement(record) for record in found.values()], None)
    page = reader.page(search, cursor)
    return listed([_statement(record) for record in page.records], page.cursor)


def agents(call: Call) -> Answer:
    """Lists agents and identified groups, the one that was known first in front."""
    parameters = Parameters(call)
    agent = parameters.agent("agent", groups=True)
    search = replace(
        _registry_search(call, parameters, "agents"),
        kind=parameters.choice("type", ("Agent", "Group")),
        pseudonymized=parameters.flag("pseudonymized"),
        keys=() if agent is None else (agent_key(agent) or "",),
    )
    return _registry_page(call, parameters, search, _agent)


def activities(call: Call) -> Answer:
    """Lists activities with their merged definitions, the one that was known first in front."""
    parameters = Parameters(call)
    activity_id, kind = parameters.iri("activityId"), parameters.iri("type")
    search = replace(
        _registry_search(call, parameters, "activities"),
        kind=None if kind is None else key(kind),
        keys=() if activity_id is None else (key(activity_id),),
    )
    return _registry_page(call, parameters, search, _activity)


def terms_of(kind: str) -> Handler:
    """The call that lists the terms of a kind, for look-up and completion."""

    def terms(call: Call) -> Answer:
        parameters = Parameters(call)
        search = replace(_registry_search(call, parameters, "terms"), kind=kind)
        return _registry_page(call, parameters, search, _term)

    return terms


def _statement_search(call: Call, parameters: Parameters) -> StatementSearch:
    agent = parameters.agent("agent", groups=True)
    verb, activity = parameters.iri("verb"), parameters.iri("activity")
    registration = parameters.uuid("registration")
    from chalicelib.lrs.statements.parts import registration_key

    return StatementSearch(
        store=call.principal.store,
        upto=0,  # the reader puts its horizon there
        limit=parameters.whole("limit", 1, MOST_PER_PAGE, LIMIT),
        since=parameters.time("since"),
        until=parameters.time("until"),
        ascending=parameters.flag("ascending") or False,
        agent=None if agent is None else agent_key(agent),
        related_agents=parameters.flag("related_agents") or False,
        activity=None if activity is None else key(activity),
        related_activities=parameters.flag("related_activities") or False,
        verb=None if verb is None else key(verb),
        registration=None if registration is None else registration_key(registration),
        targeting=call.principal.options.query_targeting,
        voided=parameters.flag("voided"),
        validated=parameters.flag("validated"),
        valid=parameters.flag("valid"),
        pseudonymized=parameters.flag("pseudonymized"),
    )


def _registry_search(call: Call, parameters: Parameters, registry: Registry) -> RegistrySearch:
    beginning = parameters.text("search")
    return RegistrySearch(
        registry=registry,
        store=call.principal.store,
        limit=parameters.whole("limit", 1, MOST_PER_PAGE, LIMIT),
        after=parameters.cursor(_position),
        since=parameters.time("since"),
        until=parameters.time("until"),
        beginning=None if beginning is None else beginning.lower()[: entries.LONGEST_SEARCH],
    )


def _registry_page(
    call: Call, parameters: Parameters, search: RegistrySearch, shown: Callable[[RegistryEntry], object]
) -> Answer:
    parameters.check()
    found = call.services.lrs.registries.page(
        replace(search, limit=search.limit + 1), fresh=search.after is None
    )
    items = [shown(entry) for entry in found[: search.limit]]
    items = items[: fitting(items)]
    more = len(found) > len(items)
    last = found[len(items) - 1].position if items else None
    return listed(items, sealed(f"{last.stored}\n{last.key}") if more and last else None)


def _position(cursor: str) -> Position | None:
    stored, line, name = (opened(cursor) or "").partition("\n")
    if not line or not (stored.isascii() and stored.isdigit() and len(stored) < 19):
        return None
    return Position(int(stored), name)


def _statement(record: StatementRecord) -> dict[str, object]:
    return {
        "id": record.id,
        "statement": json.loads(record.text),
        "client": record.client,
        "stored": written(record.stored),
        "updated": written(record.updated),
        "voided": record.voided,
        "validated": record.validated,
        "valid": record.valid,
        "faults": list(record.faults),
        "pseudonymized": record.pseudonymized,
    }


def _agent(entry: RegistryEntry) -> dict[str, object]:
    known = json.loads(entry.text)
    names, members = known.pop("names"), known.pop("members", None)
    return {
        "agent": known,
        "names": names,
        **({} if members is None else {"members": members}),
        "person": entry.person,
        "pseudonymized": entry.pseudonymized,
        **_record(entry),
    }


def _activity(entry: RegistryEntry) -> dict[str, object]:
    return {"activity": json.loads(entry.text), **_record(entry)}


def _term(entry: RegistryEntry) -> dict[str, object]:
    return {**json.loads(entry.text), **_record(entry)}


def _record(entry: RegistryEntry) -> dict[str, object]:
    return {"client": entry.client, "stored": written(entry.stored), "updated": written(entry.updated)}


def list_name(service: str) -> str:
    """The name of the call that lists a service, as logs and the OpenAPI document have it."""
    return f"dataList{service.title().replace('-', '')}"


def _route(service: str, handler: Handler, query: frozenset[str]) -> LrsRoute:
    return LrsRoute(
        "GET", f"{DATA}/{service}", list_name(service), handler, PERMISSIONS, query, switch="data_api"
    )


ROUTES = (
    _route("statements", statements, _OF_STATEMENTS),
    _route("agents", agents, _TIMES | {"agent", "type", "pseudonymized", "search"}),
    _route("activities", activities, _TIMES | {"activityId", "type", "search"}),
    *(_route(service, terms_of(kind), _TIMES | {"search"}) for service, kind in TERMS.items()),
)
