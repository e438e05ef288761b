"""Where stores, clients and connections of the learning record store are kept.

Stores and clients are addressed by their slugs, which never change; connections by type and id. Every record has a
version that was never used before, chosen by whoever writes it: a write names the version that it replaces.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

StoreStatus = Literal["ready", "deleting"]
StoreVersion = Literal["1.0", "2.0"]
GuardName = Literal["basic-http", "cmi5-token"]
ConnectionType = Literal["lrs", "file", "db"]
OptionValue = bool | str


@dataclass(frozen=True)
class StoreRecord:
    """A store; `timezone` is an IANA name, `xapi_version` what a request without version header is told.

    `created_at`: seconds since 1970.
    """

    id: str
    slug: str
    version: str
    name: str
    created_at: float
    status: StoreStatus = "ready"
    timezone: str = "UTC"
    xapi_version: StoreVersion = "2.0"


@dataclass(frozen=True)
class ClientRecord:
    """A client of one store (`store`: its slug).

    `permissions`: those that are on. `pipeline`: the options that the client sets itself. `cors`: origins, or `*`.
    """

    id: str
    slug: str
    version: str
    name: str
    store: str
    created_at: float
    username: str
    password_hash: str = field(repr=False)
    guard: GuardName = "basic-http"
    permissions: frozenset[str] = frozenset()
    pipeline: Mapping[str, OptionValue] = field(default_factory=dict)
    cors: tuple[str, ...] = ("*",)


@dataclass(frozen=True)
class ConnectionRecord:
    """Another place that records come from or go to; `secrets` are the settings that never come back."""

    id: str
    type: ConnectionType
    version: str
    name: str
    created_at: float
    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Addressed:
    """What a path names, as it was at one moment; None: there is no such client or store."""

    client: ClientRecord | None = None
    store: StoreRecord | None = None


class AccessStore(Protocol):
    """Every read sees every write answered before it. Every call raises `Unavailable` without an answer.

    `expected` is the version that a write replaces (None: there must be no such record); a write or delete that
    answers False found another version, and changed nothing.
    """

    def read(self, client: str, store: str = "") -> Addressed:
        """The client and the store with these slugs, in one round trip (an empty slug: none is asked for)."""
        ...

    def clients_named(self, username: str, most: int) -> Sequence[ClientRecord]:
        """Up to `most` clients with this user name; those of one name are rarely more than one."""
        ...

    def stores(self) -> Sequence[StoreRecord]:
        """All stores, by slug."""
        ...

    def clients(self, store: str = "") -> Sequence[ClientRecord]:
        """All clients, or those of a store, by slug."""
        ...

    def connections(self, kind: ConnectionType) -> Sequence[ConnectionRecord]:
        """All connections of a type, by id."""
        ...

    def connection(self, kind: ConnectionType, connection_id: str) -> ConnectionRecord | None:
        """One connection."""
        ...

    def put_store(self, store: StoreRecord, expected: str | None) -> bool:
        """Writes a store; its status is part of it."""
        ...

    def put_client(self, client: ClientRecord, expected: str | None) -> bool:
        """Writes a client, if its store is `ready` at that moment too."""
        ...

    def put_connection(self, connection: ConnectionRecord, expected: str | None) -> bool:
        """Writes a connection."""
        ...

    def delete_store(self, slug: str, expected: str) -> bool:
        """Removes a store's record, and nothing else."""
        ...

    def delete_client(self, client: ClientRecord) -> bool:
        """Removes a client, if it still has the version of this record."""
        ...

    def delete_connection(self, kind: ConnectionType, connection_id: str, expected: str) -> bool:
        """Removes a connection."""
        ...

    def secret(self, name: str, fresh: str) -> str:
        """The secret of the deployment with this name: `fresh` if there is none yet, and always that from then on."""
        ...
