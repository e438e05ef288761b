"""What a statement tells of the agents, activities and terms in it: the entries that it makes in the registries."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from chalicelib.lrs.keys import key
from chalicelib.lrs.options import PipelineOptions
from chalicelib.lrs.statements.parts import ActivityPart, AgentPart, Json, Parts
from chalicelib.ports.registries import RegistryEntry

VERB = "verb"
ACTIVITY_TYPE = "activity-type"
ATTACHMENT_USAGE_TYPE = "attachment-usage-type"
ACTIVITY_ID = "activity-id"
AGENT_ID = "agent-id"
LONGEST_SEARCH = (
    200  # characters of a text by which an entry is found: far below what OpenSearch takes as a term
)

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")


@dataclass(frozen=True, slots=True)
class Told:
    """An entry as one statement tells it, and the facets by which a repetition is known.

    `facets`: name of the facet → its value. An empty one only says that the entry is there.
    """

    entry: RegistryEntry
    facets: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Telling:
    """Who tells, and when."""

    store: str
    client: str
    at: int


def told_by(found: Parts, options: PipelineOptions, telling: Telling) -> Iterator[Told]:
    """Everything that the parts of a statement tell, as far as the options want it kept."""
    if options.update_agents or options.update_agent_ids:
        for agent in found.agents:
            if agent.key is not None:
                yield from _agent(agent, agent.key, options, telling)
    for activity in found.activities:
        yield from _activity(activity, options, telling)
    if options.update_vocab:
        for verb in found.verbs:
            display = _texts(verb.value.get("display"))
            text = _encode({"id": verb.id, **({"display": display} if display else {})})
            yield _term(VERB, verb.id, text, telling, (("display", _encode(display)),) if display else ())
        for usage in found.usage_types:
            yield _term(ATTACHMENT_USAGE_TYPE, usage, _encode({"id": usage}), telling)


def agent_entry(agent: Json, agent_id: str, telling: Telling, pseudonymized: bool = False) -> RegistryEntry:
    """The entry of an agent or identified group; unless someone says otherwise it is a person of its own."""
    names = [name] if isinstance(name := agent.get("name"), str) and name else []
    members = agent.get("member")
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


def _agent(part: AgentPart, agent_id: str, options: PipelineOptions, telling: Telling) -> Iterator[Told]:
    if options.update_agents:
        facets = [("group", "")] if part.value.get("objectType") == "Group" else []
        if isinstance(name := part.value.get("name"), str) and name:
            facets.append((f"name:{name}", ""))
        if isinstance(members := part.value.get("member"), list) and members:
            facets.append(("members", _encode(members)))
        yield Told(agent_entry(part.value, agent_id, telling), tuple(facets))
    if options.update_agent_ids:
        text = _encode({"id": identity(part.value)})
        yield _term(AGENT_ID, agent_id, text, telling, search=_identifying(part.value))


def _activity(part: ActivityPart, options: PipelineOptions, telling: Telling) -> Iterator[Told]:
    value = part.value.get("definition")
    definition = value if isinstance(value, Mapping) else None
    kind = definition.get("type") if definition else None
    if options.update_activities:
        text = activity_text(part.id, definition)
        entry = RegistryEntry(
            "activities",
            telling.store,
            key(part.id),
            telling.client,
            telling.at,
            telling.at,
            text,
            kind=key(kind) if isinstance(kind, str) else "",
            search=search_texts([part.id, *_texts(definition.get("name") if definition else None).values()]),
        )
        yield Told(entry, (("definition", text),) if definition else ())
    if options.update_activity_ids:
        yield _term(ACTIVITY_ID, part.id, _encode({"id": part.id}), telling)
    if options.update_vocab and isinstance(kind, str):
        yield _term(ACTIVITY_TYPE, kind, _encode({"id": kind}), telling)


def _term(
    kind: str,
    term: str,
    text: str,
    telling: Telling,
    facets: tuple[tuple[str, str], ...] = (),
    search: Iterable[str] | None = None,
) -> Told:
    entry = RegistryEntry(
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
    return Told(entry, facets)


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
