"""Agents and activities as data: what the registries know of them.

An entry counts by its last change: what was told anew beyond the cutoff is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.errors import Unavailable
from chalicelib.lrs.data.shape import DataPage, DataService, Json, fitting, whole
from chalicelib.ports.registries import PART, Position, Registry, RegistryEntry, RegistrySearch
from chalicelib.ports.statement_store import Revision, Stored, Taken
from chalicelib.times import written

if TYPE_CHECKING:
    from chalicelib.lrs.registries.service import Registries
    from chalicelib.ports.registries import RegistryStore


class Entries(DataService):
    """The entries of one registry in a store."""

    def __init__(self, registry: Registry, store: RegistryStore, registries: Registries) -> None:
        self.name = registry
        self._registry: Registry = registry
        self._store, self._registries = store, registries

    def count(self, store: str, cutoff: int) -> int:
        """What was first told up to the cutoff."""
        self._store.refresh(self._registry)
        return self._store.matches(RegistrySearch(self._registry, store, 0, until=cutoff))

    def page(self, store: str, cutoff: int, position: Json | None, limit: int) -> DataPage:
        """Entries in the order in which they were first told."""
        if position is None:
            self._store.refresh(self._registry)
        search = RegistrySearch(self._registry, store, limit, after=_after(position), until=cutoff)
        found = self._store.search(search)
        chosen = [entry for entry in found if entry.updated <= cutoff]
        items = fitting(chosen, item_of)
        if len(items) < len(chosen):
            return DataPage(items, {"after": list(chosen[len(items) - 1].position)}, False)
        end = found[-1].position if found else _after(position)
        return DataPage(items, {"after": None if end is None else list(end)}, len(found) < limit)

    def remove(self, store: str, items: Sequence[Json]) -> list[str]:
        """Removes entries as they were read; one that was told anew since stays."""
        entries = [entry_of(store, self._registry, item) for item in items]
        outcomes = self._store.remove(entries)
        self._registries.forget()
        if not all(isinstance(outcome, (Stored, Taken)) for outcome in outcomes):
            raise Unavailable(PART, "a removal without answer")
        taken = [
            entry for entry, outcome in zip(entries, outcomes, strict=True) if isinstance(outcome, Taken)
        ]
        there = self._store.get_many(store, [entry.name for entry in taken]) if taken else {}
        return [self.shown(item) for item, entry in zip(items, entries, strict=True) if entry.name in there]

    def shown(self, item: Json) -> str:
        """The id of an activity; of an agent no more than tells it from others."""
        if self._registry == "activities":
            return str(item["key"])
        digest = hashlib.sha256(str(item["key"]).encode()).hexdigest()
        return f"agent {digest[:12]}, known since {written(whole(item['stored']))}"


def item_of(entry: RegistryEntry) -> Json:
    """The item of an entry that was read."""
    if entry.revision is None:
        raise ValueError("not a stored entry")
    revision = [entry.revision.seq_no, entry.revision.primary_term]
    return {"key": entry.key, "stored": entry.stored, "revision": revision}


def entry_of(store: str, registry: Registry, item: Json) -> RegistryEntry:
    """As much of the entry of an item as its removal needs."""
    revision = item["revision"]
    if not isinstance(revision, list):
        raise ValueError("no item of an entry")
    return RegistryEntry(
        registry=registry,
        store=store,
        key=str(item["key"]),
        client="",
        stored=whole(item["stored"]),
        updated=0,
        text="",
        revision=Revision(whole(revision[0]), whole(revision[1])),
    )


def _after(position: Json | None) -> Position | None:
    after = None if position is None else position["after"]
    return Position(whole(after[0]), str(after[1])) if isinstance(after, list) else None
