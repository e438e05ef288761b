"""Deletes what belongs to an agent, or to all agents of the same person, under their pseudonyms too."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.jobs.run_type import Done, Json, Plan, RunFailed
from chalicelib.lrs.data.documents import OF_AGENTS
from chalicelib.lrs.data.shape import DataPage, fitting
from chalicelib.lrs.data.statements import item_of
from chalicelib.lrs.jobs.machine.data import documents_of, kept, only_listed, statements_of
from chalicelib.lrs.jobs.machine.job_type import JobType, Work
from chalicelib.lrs.jobs.machine.parameters import Parameter
from chalicelib.lrs.jobs.machine.steps import Step, applied, planned
from chalicelib.lrs.keys import agent_key
from chalicelib.lrs.registries.entries import AGENT_ID, person_of_its_own, term_key
from chalicelib.lrs.statements.parts import parts
from chalicelib.ports.registries import EntryName, RegistryEntry, RegistrySearch
from chalicelib.ports.statement_store import StatementRecord, StatementSearch
from chalicelib.times import written

if TYPE_CHECKING:
    from chalicelib.ports.documents import DocumentService

STATEMENTS_PER_PAGE = 100  # of up to 512 KiB
DOCUMENTS_PER_PAGE = 500
TOKENS_PER_PAGE = 500
MOST_AGENTS = 300  # of one person: they stand in the record of the job while it runs
DIGEST = "digest"


class AgentDeletion(JobType):
    """The type `agent-deletion`. Statements, documents, tokens and the records of agents are counted."""

    name = "agent-deletion"
    parameters = (
        Parameter("agent", "agent", "An xAPI agent, as JSON in a string or as an object.", required=True),
        Parameter(
            "person", "boolean", "Whether all agents of the same person are deleted too.", required=True
        ),
    )
    store = "each"
    destroys = True

    def plan(self, work: Work, position: Json | None) -> Plan:
        keys = _agents(work) if position is None else _listed(position["agents"])
        return planned(_steps(work, keys), position, {"agents": keys})

    def apply(self, work: Work, items: Json) -> Done:
        return applied(_steps(work, []), items)

    def finish(self, work: Work) -> Json:
        return {"up_to": written(work.cutoff), "request": _digest(work)}

    def kept_after(self, work: Work) -> Json | None:
        if work.job.next_run_at is not None:
            return None
        return {**work.settings, "agent": {DIGEST: _digest(work)}}


def _digest(work: Work) -> str:
    return work.digest_of({"agent": _key(work), "person": bool(work.settings["person"])})


def _key(work: Work) -> str:
    """The key of the agent that was sent. Raises `RunFailed` where it was forgotten."""
    agent = work.settings["agent"]
    key = agent_key(agent) if isinstance(agent, Mapping) else None
    if key is None:
        raise RunFailed("Whose data is to be deleted is not kept once it is done; send the agent again.")
    return key


def _agents(work: Work) -> list[str]:
    """The keys of all agents that this run is about, in the clear and as pseudonyms."""
    own, key = work.lrs.pseudonyms, _key(work)
    found = dict.fromkeys((key, own.key_for(key)))
    if work.settings["person"]:
        agent = work.settings["agent"]
        persons: dict[str, None] = {}
        for each in (agent, own.identity(key)):
            if isinstance(each, Mapping):
                for entry in work.lrs.persons.agents_of(work.store, each):
                    found |= dict.fromkeys((entry.key, own.key_for(entry.key)))
                    if entry.merged:
                        persons |= dict.fromkeys((entry.person, own.person(entry.person)))
        found |= dict.fromkeys(_of_persons(work, list(persons)))
    if len(found) > MOST_AGENTS:
        raise RunFailed(
            f"The person has more than {MOST_AGENTS} agents and pseudonyms; delete them by agent."
        )
    return list(found)


def _of_persons(work: Work, persons: Sequence[str]) -> list[str]:
    """The keys of all agents of these persons; those that were put under pseudonyms before have a person there."""
    if not persons:
        return []
    work.lrs.registry_store.refresh("agents")
    search = RegistrySearch("agents", work.store, MOST_AGENTS + 1, persons=tuple(persons))
    return [entry.key for entry in work.lrs.registry_store.search(search)]


def _steps(work: Work, keys: Sequence[str]) -> list[Step]:
    """The registries last: they tell who belongs to the person, to a run that is begun anew."""
    return [
        *(_statements(work, key, keys) for key in keys or ("",)),
        *(_documents(work, service, keys) for service in OF_AGENTS),
        _tokens(work, keys),
        _entries(work, keys),
    ]


def _statements(work: Work, key: str, keys: Sequence[str]) -> Step:
    """Those whose actor or object is this agent, and none of those before it."""
    data = statements_of(work.lrs)
    search = StatementSearch(
        work.store, work.cutoff, STATEMENTS_PER_PAGE, agent=key, targeting=False, voided=None
    )

    def page(position: Json | None) -> DataPage:
        records, page = data.records_of(search, position)
        found = [record for record in records if _owner(record, keys) == key]
        items = fitting(found, item_of)
        if len(items) < len(found):
            return DataPage(items, {**page.next, "after": found[len(items) - 1].stored}, False)
        return replace(page, items=items)

    def apply(items: Sequence[Json]) -> Done:
        until = f"what belongs to the agent, stored up to {written(work.cutoff)}"
        if work.dry_run:
            intro = f"A dry run, nothing is deleted. Would delete {until}."
            return only_listed(items, "statement", [data.shown(item) for item in items], intro)
        if items:
            data.remove(work.store, items)
        return Done(done=len(items), notes=[f"Deletes {until}."])

    return Step("statements", page, apply)


def _owner(record: StatementRecord, keys: Sequence[str]) -> str | None:
    """The first of the agents that is actor or object of a statement; a member of a group is not."""
    named = {
        part.key
        for part in parts(json.loads(record.text)).agents
        if part.role in ("actor", "object") and not part.member and not part.within
    }
    return next((key for key in keys if key in named), None)


def _documents(work: Work, service: DocumentService, keys: Sequence[str]) -> Step:
    data = documents_of(work.lrs, service)

    def page(position: Json | None) -> DataPage:
        page = data.page(work.store, work.cutoff, position, DOCUMENTS_PER_PAGE)
        return replace(page, items=[item for item in page.items if item["agent"] in keys])

    def apply(items: Sequence[Json]) -> Done:
        if work.dry_run:
            return only_listed(items, service, [data.shown(item) for item in items])
        stay = data.remove(work.store, items)
        return Done(done=len(items) - len(stay), skipped=len(stay), notes=kept(stay))

    return Step(service, page, apply)


def _tokens(work: Work, keys: Sequence[str]) -> Step:
    """cmi5 tokens that were issued for the agent."""
    store = work.lrs.token_store

    def page(position: Json | None) -> DataPage:
        after = "" if position is None else str(position["after"])
        found = store.created_until(work.store, work.cutoff, TOKENS_PER_PAGE, after)
        items = [{"id": token.id} for token in found if agent_key(token.agent) in keys]
        return DataPage(items, {"after": found[-1].id if found else after}, len(found) < TOKENS_PER_PAGE)

    def apply(items: Sequence[Json]) -> Done:
        if work.dry_run:
            return only_listed(items, "cmi5 token", [str(item["id"]) for item in items])
        store.remove(work.store, [str(item["id"]) for item in items])
        return Done(done=len(items))

    return Step("tokens", page, apply)


def _entries(work: Work, keys: Sequence[str]) -> Step:
    """What the registries know of the agents; an agent's record is an item, the term that finds its id is not.

    A person is named after one of its agents, by a hash that anyone can make: where that one goes and others stay, the
    person gets another name, that tells nothing without the key of the deployment and is no pseudonym's.
    """
    lrs = work.lrs

    def page(position: Json | None) -> DataPage:
        names = [
            name
            for key in keys
            for name in (EntryName("agents", key), EntryName("terms", term_key(AGENT_ID, key)))
        ]
        found = lrs.registry_store.get_many(work.store, names)
        items = [
            {"registry": name.registry, "key": name.key, **_person_after(found[name])}
            for name in names
            if name in found
        ]
        return DataPage(items, {}, True)

    def apply(items: Sequence[Json]) -> Done:
        agents = [item for item in items if item["registry"] == "agents"]
        if work.dry_run:
            return Done(skipped=len(agents), notes=[f"{len(agents)} records of agents"])
        for registry in ("agents", "terms"):
            names = [EntryName(registry, str(item["key"])) for item in items if item["registry"] == registry]
            found = lrs.registry_store.get_many(work.store, names) if names else {}
            lrs.registries.remove(list(found.values()))
            lrs.registry_store.refresh(registry)
        for item in agents:
            if "person" in item:
                person = str(item["person"])
                lrs.persons.rename(work.store, person, lrs.pseudonyms.person(f"left:{person}"))
        return Done(done=len(agents))

    return Step("agents", page, apply)


def _person_after(entry: RegistryEntry) -> Json:
    """The person of an agent with others, where it is named after this one."""
    named = entry.registry == "agents" and entry.merged and entry.person == person_of_its_own(entry.key)
    return {"person": entry.person} if named else {}


def _listed(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


JOB = AgentDeletion()
