"""What a statement tells of the agents, activities and terms in it: the entries that it makes in the registries."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from chalicelib.lrs.keys import key
from chalicelib.lrs.options import PipelineOptions
from chalicelib.lrs.statements.parts import ActivityPart, AgentPart, Json, Parts, VerbPart
from chalicelib.ports.registries import RegistryEntry

VERB = "verb"
ACTIVITY_TYPE = "activity-type"
ATTACHMENT_USAGE_TYPE = "attachment-usage-type"
ACTIVITY_ID = "activity-id"
AGENT_ID = "agent-id"
# Characters of a text by which an entry is found: far below what OpenSearch takes as a term.
LONGEST_SEARCH = 200

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")


@dataclass(frozen=True)
class Telling:
    """Who tells, when, and what of it is kept."""

    store: str
    client: str
    at: int
    options: PipelineOptions = field(default_factory=PipelineOptions)

    @cached_property
    def of_agents(self) -> str:
        """What is kept of agents: who told less before has not told this."""
        return f"agent {self.options.update_agents} {self.options.update_agent_ids}"

    @cached_property
    def of_activities(self) -> str:
        """What is kept of activities."""
        options = self.options
        return f"activity {options.update_activities} {options.update_activity_ids} {options.update_vocab}"


class Told(NamedTuple):
    """What one part of a statement tells; its entries are made only where they are not known yet.

    `subject`: what it speaks of. `facets`: name of the facet → its value, by which a repetition is known; without any
    it only says that the subject is there.
    """

    telling: Telling
    part: AgentPart | ActivityPart | VerbPart | str
    subject: tuple[str, ...]
    facets: tuple[tuple[str, str], ...] = ()

    def entries(self) -> Iterator[RegistryEntry]:
        """What the registries are told."""
        part = self.part
        if isinstance(part, AgentPart):
            yield from _of_agent(part, self.telling)
        elif isinstance(part, ActivityPart):
            yield from _of_activity(part, self.telling)
        elif isinstance(part, VerbPart):
            display = _texts(part.value.get("display"))
            text = _encode({"id": part.id, **({"display": display} if display else {})})
            yield _term(VERB, part.id, text, self.telling)
        else:
            yield _term(ATTACHMENT_USAGE_TYPE, part, _encode({"id": part}), self.telling)


def told_by(found: Parts, telling: Telling) -> Iterator[Told]:
    """Everything that the parts of a statement tell, as far as the options want it kept."""
    store, options = telling.store, telling.options
    if options.update_agents or options.update_agent_ids:
        for agent in found.agents:
            if agent.key is not None:
                subject = (store, telling.of_agents, agent.key)
                yield Told(telling, agent, subject, _facets_of_agent(agent.value))
    if options.update_activities or options.update_activity_ids or options.update_vocab:
        for activity in found.activities:
            definition = activity.value.get("definition")
            facets = (("definition", repr(definition)),) if definition else ()
            yield Told(telling, activity, (store, telling.of_activities, activity.id), facets)
    if options.update_vocab:
        for verb in found.verbs:
            display = verb.value.get("display")
            facets = (("display", repr(display)),) if display else ()
            yield Told(telling, verb, (store, "verb", verb.id), facets)
        for usage in found.usage_types:
            yield Told(telling, usage, (store, "usage", usage))


def agent_entry(agent: Json, agent_id: str, telling: Telling, pseudonymized: bool = False) -> RegistryEntry:
    """The entry of an agent or identified group; unless someone says otherwise it is a person of its own."""
    names = [name] if isinstance(name := agent.get("name"), str) and name else []
    members = agent.get("member") if agent.get("objectType") == "Group" else None
    known = {
        "objectType": "Group" if agent.get("objectType") == "Group" else "Agent",
        **identity(agent),
        "names": names,
        **({"members": members} if isinstance(members, list) and members else {}),
    }
    return RegistryEntry(
        "agents",
        telling.store,
        agent_id,
        telling.client,
        telling.at,
        telling.at,
        _encode(known),
        kind=str(known["objectType"]),
        search=search_texts([*_identifying(agent), *names]),
        person=person_of_its_own(agent_id),
        pseudonymized=pseudonymized,
    )


def identity(agent: Json) -> dict[str, object]:
    """The inverse functional identifier of an agent, alone; an account without any property of another name."""
    for name in _IDENTIFIERS:
        value = agent.get(name)
        if isinstance(value, Mapping):
            return {name: {part: value[part] for part in ("homePage", "name") if part in value}}
        if value is not None:
            return {name: value}
    return {}


def person_of_its_own(agent_id: str) -> str:
    """The person of an agent that was never said to be the same as another."""
    return hashlib.sha256(agent_id.encode()).hexdigest()[:32]


def search_texts(texts: Iterable[str]) -> tuple[str, ...]:
    """What the beginnings of these texts are compared with."""
    return tuple(dict.fromkeys(text.lower()[:LONGEST_SEARCH] for text in texts))


def term_key(kind: str, term: str) -> str:
    """The key of a term of this kind."""
    return f"{kind}:{key(term)}"


def activity_text(activity_id: str, definition: Mapping[str, object] | None) -> str:
    """An activity as it is shown."""
    shown: dict[str, object] = {"objectType": "Activity", "id": activity_id}
    if definition:
        shown["definition"] = definition
    return _encode(shown)


def _facets_of_agent(agent: Json) -> tuple[tuple[str, str], ...]:
    facets = []
    if agent.get("objectType") == "Group":
        facets.append(("group", ""))
        if isinstance(members := agent.get("member"), list) and members:
            facets.append(("members", repr(members)))
    if isinstance(name := agent.get("name"), str) and name:
        facets.append((f"name:{name}", ""))
    return tuple(facets)


def _of_agent(part: AgentPart, telling: Telling) -> Iterator[RegistryEntry]:
    agent_id = part.key or ""
    if telling.options.update_agents:
        yield agent_entry(part.value, agent_id, telling)
    if telling.options.update_agent_ids:
        text = _encode({"id": identity(part.value)})
        yield _term(AGENT_ID, agent_id, text, telling, _identifying(part.value))


def _of_activity(part: ActivityPart, telling: Telling) -> Iterator[RegistryEntry]:
    options = telling.options
    value = part.value.get("definition")
    definition = value if isinstance(value, Mapping) else None
    kind = definition.get("type") if definition else None
    if options.update_activities:
        yield RegistryEntry(
            "activities",
            telling.store,
            key(part.id),
            telling.client,
            telling.at,
            telling.at,
            activity_text(part.id, definition),
            kind=key(kind) if isinstance(kind, str) else "",
            search=search_texts([part.id, *_texts(definition.get("name") if definition else None).values()]),
        )
    if options.update_activity_ids:
        yield _term(ACTIVITY_ID, part.id, _encode({"id": part.id}), telling)
    if options.update_vocab and isinstance(kind, str):
        yield _term(ACTIVITY_TYPE, kind, _encode({"id": kind}), telling)


def _term(
    kind: str, term: str, text: str, telling: Telling, search: Iterable[str] | None = None
) -> RegistryEntry:
    return RegistryEntry(
        "terms",
        telling.store,
        term_key(kind, term),
        telling.client,
        telling.at,
        telling.at,
        text,
        kind=kind,
        search=search_texts([term] if search is None else search),
    )


def _identifying(agent: Json) -> list[str]:
    """The texts that someone who looks for an agent may begin to write."""
    found: list[str] = []
    for value in identity(agent).values():
        if isinstance(value, Mapping):
            found += [str(value[part]) for part in ("name", "homePage") if part in value]
        else:
            text = str(value)
            found += [text, text.removeprefix("mailto:")]
    return found


def _texts(value: object) -> dict[str, str]:
    """A language map, without what is none."""
    if not isinstance(value, Mapping):
        return {}
    return {language: text for language, text in value.items() if isinstance(text, str) and text}
