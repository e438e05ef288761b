"""Stores, clients and connections in memory."""

import threading
from collections.abc import Sequence

from chalicelib.ports.lrs_access import (
    Addressed,
    ClientRecord,
    ConnectionRecord,
    ConnectionType,
    StoreRecord,
)


class InMemoryAccess:
    """The `AccessStore` in memory; `calls` names every call in order."""

    def __init__(self) -> None:
        self._stores: dict[str, StoreRecord] = {}
        self._clients: dict[str, ClientRecord] = {}
        self._connections: dict[tuple[str, str], ConnectionRecord] = {}
        self._secrets: dict[str, str] = {}
        self._lock = threading.Lock()
        self.calls: list[str] = []

    def read(self, client: str, store: str = "") -> Addressed:
        with self._lock:
            self.calls.append("read")
            return Addressed(self._clients.get(client), self._stores.get(store))

    def clients_named(self, username: str, most: int) -> Sequence[ClientRecord]:
        with self._lock:
            self.calls.append("clients_named")
            found = sorted(
                (client for client in self._clients.values() if client.username == username),
                key=lambda client: client.slug,
            )
            return found[:most]

    def stores(self) -> Sequence[StoreRecord]:
        with self._lock:
            self.calls.append("stores")
            return sorted(self._stores.values(), key=lambda store: store.slug)

    def clients(self, store: str = "") -> Sequence[ClientRecord]:
        with self._lock:
            self.calls.append("clients")
            found = (client for client in self._clients.values() if store in ("", client.store))
            return sorted(found, key=lambda client: client.slug)

    def connections(self, kind: ConnectionType) -> Sequence[ConnectionRecord]:
        with self._lock:
            self.calls.append("connections")
            found = (one for one in self._connections.values() if one.type == kind)
            return sorted(found, key=lambda one: one.id)

    def connection(self, kind: ConnectionType, connection_id: str) -> ConnectionRecord | None:
        with self._lock:
            self.calls.append("connection")
            return self._connections.get((kind, connection_id))

    def put_store(self, store: StoreRecord, expected: str | None) -> bool:
        with self._lock:
            self.calls.append("put_store")
            if _version(self._stores.get(store.slug)) != expected:
                return False
            self._stores[store.slug] = store
            return True

    def put_client(self, client: ClientRecord, expected: str | None) -> bool:
        with self._lock:
            self.calls.append("put_client")
            store = self._stores.get(client.store)
            if store is None or store.status != "ready":
                return False
            if _version(self._clients.get(client.slug)) != expected:
                return False
            self._clients[client.slug] = client
            return True

    def put_connection(self, connection: ConnectionRecord, expected: str | None) -> bool:
        with self._lock:
            self.calls.append("put_connection")
            key = (connection.type, connection.id)
            if _version(self._connections.get(key)) != expected:
                return False
            self._connections[key] = connection
            return True

    def delete_store(self, slug: str, expected: str) -> bool:
        with self._lock:
            self.calls.append("delete_store")
            if _version(self._stores.get(slug)) != expected:
                return False
            del self._stores[slug]
            return True

    def delete_client(self, client: ClientRecord) -> bool:
        with self._lock:
            self.calls.append("delete_client")
            if _version(self._clients.get(client.slug)) != client.version:
                return False
            del self._clients[client.slug]
            return True

    def delete_connection(self, kind: ConnectionType, connection_id: str, expected: str) -> bool:
        with self._lock:
            self.calls.append("delete_connection")
            if _version(self._connections.get((kind, connection_id))) != expected:
                return False
            del self._connections[kind, connection_id]
            return True

    def secret(self, name: str, fresh: str) -> str:
        with self._lock:
            self.calls.append("secret")
            return self._secrets.setdefault(name, fresh)


def _version(record: StoreRecord | ClientRecord | ConnectionRecord | None) -> str | None:
    return None if record is None else record.version
