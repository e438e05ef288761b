"""The registries in memory: reads by key at once, searches after a refresh, lost races, faults on demand."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from chalicelib.errors import Unavailable
from chalicelib.ports.registries import EntryName, Position, Registry, RegistryEntry, RegistrySearch
from chalicelib.ports.statement_store import Outcome, Rejected, Revision, Stored, Taken, Unsure
from tests.doubles.article_store import Fault, no_faults

Place = tuple[str, EntryName]


@dataclass
class MemoryRegistryStore:
    """A `RegistryStore` in memory.

    `plan` is asked before each read (its name and "") and before each entry of a write (its key). `calls` counts the
    calls by name. `always_fresh`: a search sees each write at once, as it may when the engine just refreshed.
    """

    plan: Callable[[str, str], Fault | None] = no_faults
    calls: Counter[str] = field(default_factory=Counter)
    always_fresh: bool = False
    _stored: dict[Place, RegistryEntry] = field(default_factory=dict)
    _refreshed: dict[Place, RegistryEntry] = field(default_factory=dict)
    _next_seq_no: int = 0

    def ensure_indexes(self) -> None:
        self._read("ensure_indexes")

    def write(self, entries: Sequence[RegistryEntry]) -> list[Outcome]:
        self.calls["write"] += 1
        return [self._try("write", entry, lambda entry=entry: self._put(entry)) for entry in entries]  # type: ignore[misc]

    def get_many(self, store: str, names: Sequence[EntryName]) -> dict[EntryName, RegistryEntry]:
        self._read("get_many")
        return {name: self._stored[store, name] for name in names if (store, name) in self._stored}

    def remove(self, entries: Sequence[RegistryEntry]) -> list[Outcome]:
        self.calls["remove"] += 1
        return [self._try("remove", entry, lambda entry=entry: self._take(entry)) for entry in entries]  # type: ignore[misc]

    def refresh(self, registry: Registry) -> None:
        self._read("refresh")
        others = {place: entry for place, entry in self._refreshed.items() if entry.registry != registry}
        fresh = {place: entry for place, entry in self._stored.items() if entry.registry == registry}
        self._refreshed = {**others, **fresh}

    def search(self, search: RegistrySearch) -> list[RegistryEntry]:
        self._read("search")
        found = [entry for entry in self._searched(search.store, search.registry) if _matches(search, entry)]
        return sorted(found, key=lambda entry: entry.position)[: search.limit]

    def matches(self, search: RegistrySearch) -> int:
        self._read("matches")
        every = replace(search, after=None)
        return sum(_matches(every, entry) for entry in self._searched(search.store, search.registry))

    def persons(self, store: str, after: str, limit: int) -> list[str]:
        self._read("persons")
        found = {entry.person for entry in self._searched(store, "agents")}
        return sorted(person for person in found if person > after)[:limit]

    def stored(self, store: str, registry: Registry) -> list[RegistryEntry]:
        """Every entry of a registry, past all faults and counts."""
        found = [e for e in self._stored.values() if (e.store, e.registry) == (store, registry)]
        return sorted(found, key=lambda entry: entry.position)

    def _searched(self, store: str, registry: Registry) -> list[RegistryEntry]:
        documents = self._stored if self.always_fresh else self._refreshed
        return [e for e in documents.values() if (e.store, e.registry) == (store, registry)]

    def _read(self, call: str) -> None:
        self.calls[call] += 1
        if self.plan(call, "") is not None:
            raise Unavailable("The registry of agents and activities", "planned")

    def _try(self, call: str, entry: RegistryEntry, write: Callable[[], Outcome]) -> Outcome:
        fault = self.plan(call, entry.key)
        if fault in (Fault.DOWN, Fault.LATE):
            return Unsure("planned")
        if fault is Fault.REFUSED:
            return Rejected("planned")
        if fault is Fault.BEATEN:
            return Taken()
        outcome = write()
        return Unsure("planned") if fault is Fault.ANSWER_LOST else outcome

    def _put(self, entry: RegistryEntry) -> Outcome:
        known = self._stored.get((entry.store, entry.name))
        if (None if known is None else known.revision) != entry.revision:
            return Taken()
        revision = self._new_revision()
        self._stored[entry.store, entry.name] = replace(entry, revision=revision)
        return Stored(revision)

    def _take(self, entry: RegistryEntry) -> Outcome:
        if entry.revision is None:
            raise ValueError("not a stored entry")
        known = self._stored.get((entry.store, entry.name))
        if known is None or known.revision != entry.revision:
            return Taken()
        del self._stored[entry.store, entry.name]
        return Stored(self._new_revision())

    def _new_revision(self) -> Revision:
        self._next_seq_no += 1
        return Revision(self._next_seq_no - 1, 1)


def _matches(search: RegistrySearch, entry: RegistryEntry) -> bool:
    return (
        (search.after is None or entry.position > Position(*search.after))
        and (search.since is None or entry.stored > search.since)
        and (search.until is None or entry.stored <= search.until)
        and (not search.keys or entry.key in search.keys)
        and (not search.persons or entry.person in search.persons)
        and search.kind in (None, entry.kind)
        and search.client in (None, entry.client)
        and search.pseudonymized in (None, entry.pseudonymized)
        and (search.beginning is None or any(text.startswith(search.beginning) for text in entry.search))
    )
