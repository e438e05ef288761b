"""The registries as the rest of the record store uses them: told by recording, read by calls, cleared by jobs."""

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.errors import Unavailable
from chalicelib.lrs.options import PipelineOptions
from chalicelib.lrs.registries.entries import Telling, Told, told_by
from chalicelib.lrs.registries.memory import Memory
from chalicelib.lrs.registries.merging import merged
from chalicelib.lrs.statements.parts import Parts, parts
from chalicelib.ports.registries import (
    PART,
    EntryName,
    Registry,
    RegistryEntry,
    RegistrySearch,
    RegistryStore,
)
from chalicelib.ports.statement_store import Rejected, Stored

ROUNDS = 8  # lost races after which a batch is left to its sweep


class Registries:
    """Agents, activities and terms; one per process, for it remembers what it told."""

    def __init__(self, store: RegistryStore, known: Memory | None = None) -> None:
        self._store = store
        self._known = Memory() if known is None else known

    def note(
        self,
        store: str,
        statements: Sequence[Mapping[str, object]],
        options: PipelineOptions,
        at: int,
        client: str = "",
    ) -> None:
        """Takes in what recorded statements tell; may run again for the same ones without another effect.

        `at`: when they were stored, microseconds since 1970. Costs no call where all of it is known, one where all
        of it is new. Raises `Unavailable`; then it must run again.
        """
        self.tell(store, self.news(store, [parts(each) for each in statements], options, at, client), at)

    def news(
        self,
        store: str,
        statements: Sequence[Parts],
        options: PipelineOptions,
        at: int,
        client: str = "",
    ) -> list[Told]:
        """What statements of these parts tell that this process has not told the registries lately; makes no call."""
        telling = Telling(store, client, at, options)
        batch = Memory()  # what the statements before tell already
        news: list[Told] = []
        for statement in statements:
            for told in told_by(statement, telling):
                known = batch if news and batch.heard_of(told) else self._known
                if not known.knows(told, at):
                    news.append(told)
                    batch.remember(told, at)
        return news

    def tell(self, store: str, news: Sequence[Told], at: int) -> None:
        """Takes news in. Raises `Unavailable`; then they must be told again."""
        if not news:
            return
        self._write(store, list(_as_one(news).values()))
        for told in news:
            self._known.remember(told, at)

    def get(self, store: str, name: EntryName) -> RegistryEntry | None:
        """The entry as it is now. Raises `Unavailable`."""
        return self._store.get_many(store, [name]).get(name)

    def get_many(self, store: str, names: Sequence[EntryName]) -> Mapping[EntryName, RegistryEntry]:
        """Those of the entries that there are, as they are now. Raises `Unavailable`."""
        return self._store.get_many(store, names)

    def page(self, search: RegistrySearch, fresh: bool = False) -> list[RegistryEntry]:
        """A page of entries; with `fresh` all that was written before is in it. Raises `Unavailable`."""
        if fresh:
            self._store.refresh(search.registry)
        return self._store.search(search)

    def clear(self, registry: Registry, store: str, until: int | None, limit: int) -> int:
        """Deletes a page of what was first stored up to that time (None: ever); how many; 0: nothing is left.

        May be killed and run again. Raises `Unavailable`, also where an entry kept being changed.
        """
        self._store.refresh(registry)
        found = self._store.search(RegistrySearch(registry, store, limit, until=until))
        self.remove(found)
        return len(found)

    def remove(self, entries: Sequence[RegistryEntry]) -> None:
        """Deletes entries, also where they changed since they were read. Raises `Unavailable`."""
        left = list(entries)
        for _ in range(ROUNDS):
            if not left:
                self._known.clear()
                return
            outcomes = self._store.remove(left)
            again = [each for each, outcome in zip(left, outcomes, strict=True) if not _settled(outcome)]
            left = []
            for store in {each.store for each in again}:
                names = [each.name for each in again if each.store == store]
                left += self._store.get_many(store, names).values()
        if left:
            raise Unavailable(PART, "entries kept being changed")
        self._known.clear()

    def forget(self) -> None:
        """From here on everything is told again: something was deleted."""
        self._known.clear()

    def _write(self, store: str, entries: list[RegistryEntry]) -> None:
        """Creates the entries; what is there already is read, merged and written over as it was read."""
        left = {entry.name: entry for entry in entries}
        writes = entries
        for _ in range(ROUNDS):
            outcomes = self._store.write(writes)
            for entry, outcome in zip(writes, outcomes, strict=True):
                # Refused for good: the statement is recorded all the same, and a repetition would be refused too.
                if _settled(outcome) or isinstance(outcome, Rejected):
                    left.pop(entry.name, None)
            if not left:
                return
            found = self._store.get_many(store, list(left))
            writes = []
            for name, told in list(left.items()):
                known = found.get(name)
                entry = told if known is None else merged(known, told)
                if entry is known:
                    del left[name]
                else:
                    writes.append(entry)
            if not writes:
                return
        raise Unavailable(PART, "entries kept being changed")


def _settled(outcome: object) -> bool:
    return isinstance(outcome, Stored)


def _as_one(news: Iterable[Told]) -> dict[EntryName, RegistryEntry]:
    """What several parts of a batch tell of the same thing, in one entry."""
    entries: dict[EntryName, RegistryEntry] = {}
    for told in news:
        for entry in told.entries():
            known = entries.get(entry.name)
            entries[entry.name] = entry if known is None else merged(known, entry)
    return entries
