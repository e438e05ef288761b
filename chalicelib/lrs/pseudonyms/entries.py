"""Puts pseudonyms into the registries in the place of agents that no statement names any more."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from chalicelib.errors import Unavailable
from chalicelib.lrs.data.shape import DataPage, whole
from chalicelib.lrs.keys import agent_key
from chalicelib.lrs.registries.entries import AGENT_ID, Telling, Told, agent_entry
from chalicelib.lrs.registries.merging import merged
from chalicelib.lrs.statements.parts import AgentPart, Json
from chalicelib.ports.registries import PART, EntryName, Position, RegistryEntry, RegistrySearch
from chalicelib.ports.statement_store import Rejected, StatementSearch, Stored, Taken

if TYPE_CHECKING:
    from chalicelib.lrs.jobs.machine.services import JobServices

TRIES = 20  # at an entry that others change at the same moment
PAUSE_SECONDS = 0.02
EVER = 2**62
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class EntriesUnderPseudonyms:
    """Agents, or the terms by which ids of agents are found (`terms`). Every call raises `Unavailable`."""

    def __init__(self, registry: Literal["agents", "terms"], lrs: JobServices) -> None:
        self._registry: Literal["agents", "terms"] = registry
        self._lrs = lrs

    def page(self, store: str, cutoff: int, position: Json | None, limit: int) -> DataPage:
        """A page of those first told up to the cutoff that are no pseudonyms, with what is to become of each.

        One whom a statement names still stays: as authority, or in a statement beyond the cutoff.
        """
        if position is None:
            self._lrs.registry_store.refresh(self._registry)
        self._lrs.statement_store.refresh()
        search = RegistrySearch(
            self._registry,
            store,
            limit,
            after=_after(position),
            until=cutoff,
            kind=AGENT_ID if self._registry == "terms" else None,
        )
        found = self._lrs.registry_store.search(search)
        items = []
        for entry in found:
            key = _agent_of(entry)
            if key is not None and not self._lrs.pseudonyms.is_pseudonym(key):
                stays = self._is_named(store, key)
                named = not stays or self._is_named(store, self._lrs.pseudonyms.key_for(key))
                items.append({"key": entry.key, "stays": stays, "named": named})
        end = found[-1].position if found else _after(position)
        return DataPage(items, {"after": None if end is None else list(end)}, len(found) < limit)

    def replace(self, store: str, items: Sequence[Json], at: int) -> None:
        """Writes their pseudonyms, and removes those that go; may be done again. `at`: when, microseconds."""
        names = {EntryName(self._registry, str(item["key"])): item for item in items}
        for name, item in names.items():
            self._replace(store, name, bool(item["stays"]), bool(item["named"]), at)
        self._lrs.registries.forget()
        self._lrs.registry_store.refresh(self._registry)  # from now on no search shows those that went

    def _is_named(self, store: str, key: str) -> bool:
        search = StatementSearch(
            store, EVER, 1, agent=key, related_agents=True, targeting=False, voided=None, brief=True
        )
        return bool(self._lrs.statement_store.search(search))

    def _replace(self, store: str, name: EntryName, stays: bool, named: bool, at: int) -> None:
        for _ in range(TRIES):
            entry = self._lrs.registry_store.get_many(store, [name]).get(name)
            if entry is None:
                return
            if named:
                self._write(store, self._under_pseudonym(entry, at))
            if self._is_settled(entry, stays):
                return
            self._lrs.clock.sleep(PAUSE_SECONDS)
        raise Unavailable(PART, "entries kept being changed")

    def _is_settled(self, entry: RegistryEntry, stays: bool) -> bool:
        """Whether the entry is gone now, or stays as it may; False: it changed since it was read."""
        if stays:
            left = self._without_members(entry)
            outcome = None if left is entry else self._lrs.registry_store.write([left])[0]
        else:
            outcome = self._lrs.registry_store.remove([entry])[0]
        if outcome is None or isinstance(outcome, (Stored, Rejected)):
            return True
        if isinstance(outcome, Taken):
            return False
        raise Unavailable(PART, outcome.reason)

    def _without_members(self, entry: RegistryEntry) -> RegistryEntry:
        """A group that stays, with pseudonyms as members: who of them is still named stands in statements."""
        value = json.loads(entry.text)
        members = value.get("members")
        if not isinstance(members, list):
            return entry
        made = [self._lrs.pseudonyms.agent(member) for member in members if isinstance(member, dict)]
        return entry if made == members else replace(entry, text=_encode({**value, "members": made}))

    def _write(self, store: str, made: RegistryEntry) -> None:
        """Creates the entry, or merges it into the one that is there."""
        write = made
        for _ in range(TRIES):
            outcome = self._lrs.registry_store.write([write])[0]
            if isinstance(outcome, (Stored, Rejected)):
                return
            if not isinstance(outcome, Taken):
                raise Unavailable(PART, outcome.reason)
            known = self._lrs.registry_store.get_many(store, [made.name]).get(made.name)
            write = made if known is None else _joined(known, made)
            if write is known:
                return
        raise Unavailable(PART, "entries kept being changed")

    def _under_pseudonym(self, entry: RegistryEntry, at: int) -> RegistryEntry:
        own = self._lrs.pseudonyms
        key = own.key_for(_agent_of(entry) or "")
        identity = own.identity(key)
        telling = Telling(entry.store, entry.client, at)
        if self._registry == "terms":
            told = Told(telling, AgentPart("actor", identity, key), ())
            [made] = [each for each in told.entries() if each.registry == "terms"]
            return replace(made, stored=entry.stored)
        value = json.loads(entry.text)
        agent = {"objectType": value.get("objectType"), **identity}
        if isinstance(value.get("members"), list):
            agent["member"] = [own.agent(member) for member in value["members"] if isinstance(member, dict)]
        made = replace(agent_entry(agent, key, telling, pseudonymized=True), stored=entry.stored)
        return replace(made, person=own.person(entry.person), merged=True) if entry.merged else made


def _joined(known: RegistryEntry, made: RegistryEntry) -> RegistryEntry:
    """What is known of a pseudonym with what was made of its agent; itself where that adds nothing."""
    both = merged(known, made)
    if made.merged and not known.merged:
        both = replace(both, person=made.person, merged=True)
    if made.registry == "agents" and not known.pseudonymized:
        both = replace(both, pseudonymized=True)
    return both


def _agent_of(entry: RegistryEntry) -> str | None:
    """The key of the agent that an entry speaks of."""
    if entry.registry == "agents":
        return entry.key
    identity = json.loads(entry.text).get("id")
    return agent_key(identity) if isinstance(identity, dict) else None


def _after(position: Json | None) -> Position | None:
    after = None if position is None else position["after"]
    return Position(whole(after[0]), str(after[1])) if isinstance(after, list) else None
