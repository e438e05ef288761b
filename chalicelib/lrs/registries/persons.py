"""Persons: agents that are the same human being. An agent is in exactly one person, because it names that one.

An agent that was never said to be the same as another is a person of its own. Persons are made one by moving the
agents of all of them to the one with the lowest id: whatever merges run at once, ids only fall, and all agents meet.
Agents that a call does not name are moved before those that it names; so when a call dies halfway, the same call sent
again still sees through the named ones who is left to be moved.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.errors import Unavailable
from chalicelib.lrs.keys import agent_key
from chalicelib.lrs.registries.entries import Telling, agent_entry, identity
from chalicelib.ports.registries import PART, EntryName, RegistryEntry, RegistrySearch, RegistryStore
from chalicelib.ports.statement_store import Stored

ROUNDS = 8
PAGE = 1000
_IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Person:
    """A person's id, and its agents, the one that was known first in front."""

    id: str
    agents: tuple[RegistryEntry, ...]


class Persons:
    """Finds, lists and merges persons."""

    def __init__(self, store: RegistryStore) -> None:
        self._store = store

    def describe(self, store: str, agent: Json) -> dict[str, object]:
        """The Person Object of an agent (xAPI 1.0.3 Communication 2.4; IEEE 9274.1.1 4.1.6.3), also of an unknown one.

        Raises `Unavailable`.
        """
        known = [_value(entry) for entry in self.agents_of(store, agent)]
        return person_object(known or [_unknown(agent)])

    def agents_of(self, store: str, agent: Json) -> list[RegistryEntry]:
        """All agents of the person to whom this one belongs; none for an unknown one. Raises `Unavailable`."""
        name = EntryName("agents", agent_key(agent) or "")
        entry = self._store.get_many(store, [name]).get(name)
        if entry is None:
            return []
        if not entry.merged:
            return [entry]
        # The search tells who they are, not always what was said of them a moment ago.
        names = [each.name for each in self._all(store, [entry.person]) if each.key != entry.key]
        others = self._store.get_many(store, names).values() if names else ()
        same = [each for each in others if each.person == entry.person]
        return sorted([entry, *same], key=lambda each: each.position)

    def page(self, store: str, after: str, limit: int) -> list[Person]:
        """Up to `limit` persons by their ids, from after that one (empty: from the first). Raises `Unavailable`."""
        if not after:
            self._store.refresh("agents")
        ids = self._store.persons(store, after, limit)
        agents: dict[str, list[RegistryEntry]] = {each: [] for each in ids}
        if ids:
            for entry in self._all(store, ids):
                agents[entry.person].append(entry)
        return [Person(each, tuple(found)) for each, found in agents.items() if found]

    def make_one(self, store: str, agents: Sequence[Json], client: str, at: int) -> Person:
        """Makes one person of these agents and of all who are the same person as one of them.

        Agents that are unknown are created. May run again, or at once with others. Raises `Unavailable`; what was
        moved until then stays, and the same call again moves the rest.
        """
        telling = Telling(store, client, at)
        told = {
            EntryName("agents", key): agent_entry(agent, key, telling)
            for agent in agents
            if (key := agent_key(agent)) is not None
        }
        for _ in range(ROUNDS):
            named = self._store.get_many(store, list(told))
            unknown = [entry for name, entry in told.items() if name not in named]
            if unknown:
                self._store.write(unknown)
                continue
            ids = {entry.person for entry in named.values()}
            if len(ids) == 1 and (len(named) == 1 or all(entry.merged for entry in named.values())):
                self._store.refresh("agents")
                (person,) = ids
                return Person(person, tuple(self._all(store, [person])))
            self._move(store, named, ids)
        raise Unavailable(PART, "agents kept being changed")

    def rename(self, store: str, person: str, name: str) -> None:
        """Gives a person another id, for the agents that there are; may run again. Raises `Unavailable`."""
        for _ in range(ROUNDS):
            self._store.refresh("agents")
            found = list(self._all(store, [person]))
            if not found:
                return
            self._store.write([replace(entry, person=name) for entry in found])
        raise Unavailable(PART, "agents kept being changed")

    def _move(self, store: str, named: Mapping[EntryName, RegistryEntry], ids: set[str]) -> None:
        """Moves all agents of these persons to the one with the lowest id, as far as nobody else changes them."""
        target = min(ids)
        self._store.refresh("agents")
        found = {entry.name: entry for entry in self._all(store, sorted(ids))}
        others = [entry for name, entry in found.items() if name not in named]
        steps = (
            # Those who stay learn first that they are no longer alone: else nobody would look for the others.
            [entry for entry in (*others, *named.values()) if entry.person == target and not entry.merged],
            [entry for entry in others if entry.person != target],
            [entry for entry in named.values() if entry.person != target],
        )
        for entries in steps:
            writes = [replace(entry, person=target, merged=True) for entry in entries]
            if writes and not all(isinstance(outcome, Stored) for outcome in self._store.write(writes)):
                return

    def _all(self, store: str, persons: Sequence[str]) -> Iterable[RegistryEntry]:
        """Every agent of these persons, by their positions."""
        after = None
        while True:
            search = RegistrySearch("agents", store, PAGE, after=after, persons=tuple(persons))
            found = self._store.search(search)
            yield from found
            if len(found) < PAGE:
                return
            after = found[-1].position


def person_object(agents: Iterable[Json]) -> dict[str, object]:
    """A Person Object of what is known of these agents: arrays, and only those that hold something."""
    arrays: dict[str, list[object]] = {name: [] for name in ("name", *_IDENTIFIERS)}
    for agent in agents:
        arrays["name"] += agent.get("names", ())
        for name in _IDENTIFIERS:
            if name in agent:
                arrays[name].append(agent[name])
    shown = {name: _distinct(values) for name, values in arrays.items() if values}
    return {"objectType": "Person", **shown}


def _value(entry: RegistryEntry) -> Json:
    value: Json = json.loads(entry.text)
    return value


def _unknown(agent: Json) -> Json:
    return {"names": [agent["name"]] if agent.get("name") else [], **identity(agent)}


def _distinct(values: list[object]) -> list[object]:
    """Each once, in order; accounts are objects."""
    return list({json.dumps(value, sort_keys=True): value for value in values}.values())
