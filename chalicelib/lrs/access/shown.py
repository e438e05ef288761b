"""Stores, clients and connections as JSON without secrets, the same in the API and on the command line."""

from collections.abc import Mapping

from chalicelib.lrs.access.addresses import endpoints
from chalicelib.lrs.access.permissions import PERMISSIONS
from chalicelib.ports.lrs_access import ClientRecord, ConnectionRecord, StoreRecord


def shown_store(store: StoreRecord) -> Mapping[str, object]:
    """A store."""
    return {
        "id": store.id,
        "slug": store.slug,
        "name": store.name,
        "status": store.status,
        "timezone": store.timezone,
        "xapi_version": store.xapi_version,
    }


def shown_client(client: ClientRecord, root: str) -> Mapping[str, object]:
    """A client, with neither user name nor password; `root`: the address of the stage, such as `https://host/api`."""
    return {
        "id": client.id,
        "slug": client.slug,
        "name": client.name,
        "store": client.store,
        "guard": client.guard,
        "cors": list(client.cors),
        "permissions": {name: name in client.permissions for name in PERMISSIONS},
        **endpoints(root, client.slug, client.store),
    }


def shown_connection(connection: ConnectionRecord) -> Mapping[str, object]:
    """A connection without its secrets."""
    return {
        "id": connection.id,
        "name": connection.name,
        "type": connection.type,
        "settings": connection.settings,
    }
