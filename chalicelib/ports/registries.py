"""Registries: what is known of the agents, activities and terms that recorded statements speak of.

Times are microseconds since 1970. An entry is found in real time by its key; a search shows what was written before
the last refresh, in the stable order of (`stored`, `key`), oldest first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from chalicelib.ports.statement_store import Outcome, Revision

PART = "The registry of agents and activities"
"""Its name in errors and in the log, whoever finds that it does not answer."""

Registry = Literal["agents", "activities", "terms"]
REGISTRIES: tuple[Registry, ...] = ("agents", "activities", "terms")


class EntryName(NamedTuple):
    """What names one entry in a store; keys are made by `chalicelib.lrs.registries.entries`."""

    registry: Registry
    key: str


@dataclass(frozen=True)
class RegistryEntry:
    """An agent, an activity or a term, and what is known of it.

    `client`: which first spoke of it. `stored`: when that was; it never changes. `updated`: when what is known last
    changed. `text`: what is known, as compact JSON. `kind`: `Agent` or `Group`; the key of an activity's type; what
    a term is. `search`: texts, in small letters, whose beginnings find it. `person`: whom an agent belongs to;
    `merged`: whether that person may have other agents. `revision` None: not stored yet.
    """

    registry: Registry
    store: str
    key: str
    client: str
    stored: int
    updated: int
    text: str = field(repr=False)
    kind: str = ""
    search: tuple[str, ...] = field(default=(), repr=False)
    person: str = ""
    merged: bool = False
    pseudonymized: bool = False
    revision: Revision | None = None

    @property
    def name(self) -> EntryName:
        """What names it in its store."""
        return EntryName(self.registry, self.key)

    @property
    def position(self) -> "Position":
        """Its place in a search; the next page begins after that of the last entry."""
        return Position(self.stored, self.key)


class Position(NamedTuple):
    """A place in the order of a search."""

    stored: int
    key: str


@dataclass(frozen=True)
class RegistrySearch:
    """All that is given must hold. `since` exclusive, `until` inclusive, both of `stored`; `after` exclusive.

    `beginning`: of one of the entry's texts, in small letters.
    """

    registry: Registry
    store: str
    limit: int
    after: Position | None = None
    since: int | None = None
    until: int | None = None
    keys: tuple[str, ...] = ()
    kind: str | None = None
    persons: tuple[str, ...] = ()
    client: str | None = None
    beginning: str | None = None
    pseudonymized: bool | None = None


class RegistryStore(Protocol):
    """Every write is conditional on the revision that was read."""

    def ensure_indexes(self) -> None:
        """Makes what holds the entries ready for what this release writes; for deployments. Raises `Unavailable`."""
        ...

    def write(self, entries: Sequence[RegistryEntry]) -> list[Outcome]:
        """Writes each over its `revision` (None: if there is none yet); one outcome each, in order.

        One request for all, whatever their registries, and never repeated. Raises nothing: a request without an
        answer is `Unsure` for all.
        """
        ...

    def get_many(self, store: str, names: Sequence[EntryName]) -> dict[EntryName, RegistryEntry]:
        """The entries as they are now; absent ones are left out. Raises `Unavailable`."""
        ...

    def remove(self, entries: Sequence[RegistryEntry]) -> list[Outcome]:
        """Deletes each if it still is the `revision` that was read; else, or if it is gone, `Taken`. Raises nothing."""
        ...

    def refresh(self, registry: Registry) -> None:
        """From here on a search shows everything that was written before. Raises `Unavailable`."""
        ...

    def search(self, search: RegistrySearch) -> list[RegistryEntry]:
        """Up to `limit` entries. Raises `Unavailable`."""
        ...

    def matches(self, search: RegistrySearch) -> int:
        """How many entries a search finds on all its pages; `after` counts for nothing. Raises `Unavailable`."""
        ...

    def persons(self, store: str, after: str, limit: int) -> list[str]:
        """Up to `limit` persons that have agents, by their ids, from after that one. Raises `Unavailable`."""
        ...
