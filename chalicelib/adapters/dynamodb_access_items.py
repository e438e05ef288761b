"""The items of stores, clients and connections, and their keys.

`pk` = `stores#<0 to 7>` or `clients#<0 to 7>` (from the slug), `sk` = slug: few enough partitions to list all by
Query, enough that one busy client does not throttle all others. `pk` = `username#<SHA-256>`, `sk` = slug of a client:
which clients have a user name. `pk` = `connections#<type>`, `sk` = id. `pk` = `secrets`, `sk` = name: a secret of the
deployment. No item has the attribute of the table's TTL.
"""

import hashlib
import json
import zlib
from typing import Any, Final, cast

from chalicelib.adapters.dynamodb_schema import check_schema
from chalicelib.ports.lrs_access import (
    ClientRecord,
    ConnectionRecord,
    ConnectionType,
    GuardName,
    StoreRecord,
    StoreStatus,
    StoreVersion,
)

SCHEMA = 1
PART: Final = "The store of clients"
PARTITIONS = 8  # stored in the keys: a change would lose the records

Item = dict[str, Any]


def store_key(slug: str) -> Item:
    """The key of a store."""
    return {"pk": {"S": f"stores#{_partition(slug)}"}, "sk": {"S": slug}}


def client_key(slug: str) -> Item:
    """The key of a client."""
    return {"pk": {"S": f"clients#{_partition(slug)}"}, "sk": {"S": slug}}


def username_partition(username: str) -> str:
    """The partition of the items that say which clients have a user name."""
    return f"username#{hashlib.sha256(username.encode()).hexdigest()}"


def username_key(client: ClientRecord) -> Item:
    """The key of the item that says that this client has its user name."""
    return {"pk": {"S": username_partition(client.username)}, "sk": {"S": client.slug}}


def connection_key(kind: ConnectionType, connection_id: str) -> Item:
    """The key of a connection."""
    return {"pk": {"S": f"connections#{kind}"}, "sk": {"S": connection_id}}


def secret_key(name: str) -> Item:
    """The key of a secret of the deployment."""
    return {"pk": {"S": "secrets"}, "sk": {"S": name}}


def secret_item(name: str, secret: str) -> Item:
    """A secret as it is written."""
    return {**secret_key(name), "secret": {"S": secret}, "schema": {"N": str(SCHEMA)}}


def store_item(store: StoreRecord) -> Item:
    """A store as it is written."""
    return {
        **store_key(store.slug),
        **_head(store.id, store.version, store.name, store.created_at),
        "status": {"S": store.status},
        "timezone": {"S": store.timezone},
        "xapi_version": {"S": store.xapi_version},
    }


def client_item(client: ClientRecord) -> Item:
    """A client as it is written."""
    return {
        **client_key(client.slug),
        **_head(client.id, client.version, client.name, client.created_at),
        "store": {"S": client.store},
        "username": {"S": client.username},
        "password_hash": {"S": client.password_hash},
        "guard": {"S": client.guard},
        "permissions": {"L": [{"S": name} for name in sorted(client.permissions)]},
        "pipeline": {"S": json.dumps(dict(client.pipeline))},
        "cors": {"L": [{"S": origin} for origin in client.cors]},
    }


def connection_item(connection: ConnectionRecord) -> Item:
    """A connection as it is written."""
    return {
        **connection_key(connection.type, connection.id),
        **_head(connection.id, connection.version, connection.name, connection.created_at),
        "settings": {"S": json.dumps(dict(connection.settings))},
        "secrets": {"S": json.dumps(dict(connection.secrets))},
    }


def read_store(item: Item) -> StoreRecord:
    """The store in an item."""
    _check_schema(item)
    return StoreRecord(
        id=item["id"]["S"],
        slug=item["sk"]["S"],
        version=item["version"]["S"],
        name=item["name"]["S"],
        created_at=float(item["created_at"]["N"]),
        status=cast(StoreStatus, item["status"]["S"]),
        timezone=item["timezone"]["S"],
        xapi_version=cast(StoreVersion, item["xapi_version"]["S"]),
    )


def read_client(item: Item) -> ClientRecord:
    """The client in an item."""
    _check_schema(item)
    return ClientRecord(
        id=item["id"]["S"],
        slug=item["sk"]["S"],
        version=item["version"]["S"],
        name=item["name"]["S"],
        store=item["store"]["S"],
        created_at=float(item["created_at"]["N"]),
        username=item["username"]["S"],
        password_hash=item["password_hash"]["S"],
        guard=cast(GuardName, item["guard"]["S"]),
        permissions=frozenset(name["S"] for name in item["permissions"]["L"]),
        pipeline=json.loads(item["pipeline"]["S"]),
        cors=tuple(origin["S"] for origin in item["cors"]["L"]),
    )


def read_connection(item: Item) -> ConnectionRecord:
    """The connection in an item."""
    _check_schema(item)
    return ConnectionRecord(
        id=item["id"]["S"],
        type=cast(ConnectionType, item["pk"]["S"].partition("#")[2]),
        version=item["version"]["S"],
        name=item["name"]["S"],
        created_at=float(item["created_at"]["N"]),
        settings=json.loads(item["settings"]["S"]),
        secrets=json.loads(item["secrets"]["S"]),
    )


def read_secret(item: Item) -> str:
    """A secret of the deployment, from its item."""
    _check_schema(item)
    return str(item["secret"]["S"])


def _head(record_id: str, version: str, name: str, created_at: float) -> Item:
    return {
        "schema": {"N": str(SCHEMA)},
        "id": {"S": record_id},
        "version": {"S": version},
        "name": {"S": name},
        "created_at": {"N": repr(float(created_at))},
    }


def _check_schema(item: Item) -> None:
    # One of a newer release is neither let in nor told that the password is wrong.
    check_schema(item, SCHEMA, PART)


def _partition(slug: str) -> int:
    return zlib.crc32(slug.encode()) % PARTITIONS
