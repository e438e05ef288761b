"""Stores, clients and connections in DynamoDB: one item each, and one that finds a client by its user name."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from chalicelib.adapters import dynamodb_access_items as items
from chalicelib.adapters.aws_answers import answered, code_of
from chalicelib.adapters.dynamodb_access_items import PART, Item
from chalicelib.errors import Unavailable
from chalicelib.ports.lrs_access import (
    Addressed,
    ClientRecord,
    ConnectionRecord,
    ConnectionType,
    StoreRecord,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

READS = 3  # rounds of a read of a few items; DynamoDB may leave some out when it is busy


class DynamoAccess:
    """The `AccessStore` on a table with string keys `pk` and `sk`; the client brings its own time-outs.

    A transport that sends a write twice, because the first answer was lost, is told that the version has changed, by
    that write itself; the version written, read once more, tells that case from a lost race.
    """

    def __init__(self, client: "DynamoDBClient", table: str, page_size: int | None = None) -> None:
        """`page_size`: items looked at per page; None: as many as DynamoDB takes in a page (1 MB)."""
        self._client, self.table = client, table
        self._limit: Item = {} if page_size is None else {"Limit": page_size}

    def read(self, client: str, store: str = "") -> Addressed:
        """Both in one strongly consistent BatchGetItem."""
        client_key, store_key = items.client_key(client), items.store_key(store)
        found = self._get([key for slug, key in ((client, client_key), (store, store_key)) if slug])
        client_item, store_item = found.get(_name(client_key)), found.get(_name(store_key))
        return Addressed(
            None if client_item is None else items.read_client(client_item),
            None if store_item is None else items.read_store(store_item),
        )

    def clients_named(self, username: str, most: int) -> Sequence[ClientRecord]:
        """A strongly consistent Query for the slugs, then a BatchGetItem."""
        with answered(PART):
            answer = self._client.query(
                TableName=self.table,
                ConsistentRead=True,
                KeyConditionExpression="pk = :partition",
                ExpressionAttributeValues={":partition": {"S": items.username_partition(username)}},
                Limit=most,
            )
        keys = [items.client_key(item["sk"]["S"]) for item in answer["Items"]]
        found = [items.read_client(item) for item in self._get(keys).values()]
        return sorted(
            (client for client in found if client.username == username), key=lambda client: client.slug
        )

    def stores(self) -> Sequence[StoreRecord]:
        """All partitions, one after the other."""
        found = [items.read_store(item) for item in self._all("stores")]
        return sorted(found, key=lambda store: store.slug)

    def clients(self, store: str = "") -> Sequence[ClientRecord]:
        """All partitions, one after the other."""
        found = [items.read_client(item) for item in self._all("clients")]
        return sorted(
            (client for client in found if store in ("", client.store)), key=lambda client: client.slug
        )

    def connections(self, kind: ConnectionType) -> Sequence[ConnectionRecord]:
        """One partition."""
        return [items.read_connection(item) for item in self._query(f"connections#{kind}")]

    def connection(self, kind: ConnectionType, connection_id: str) -> ConnectionRecord | None:
        """One strongly consistent GetItem."""
        item = self._get_one(items.connection_key(kind, connection_id))
        return None if item is None else items.read_connection(item)

    def put_store(self, store: StoreRecord, expected: str | None) -> bool:
        """One conditional PutItem."""
        return self._put(items.store_item(store), expected)

    def put_connection(self, connection: ConnectionRecord, expected: str | None) -> bool:
        """One conditional PutItem."""
        return self._put(items.connection_item(connection), expected)

    def put_client(self, client: ClientRecord, expected: str | None) -> bool:
        """One transaction: the client, the item of its user name, and a look at its store."""
        before = self.read(client.slug).client if expected is not None else None
        named = {**items.username_key(client), "schema": {"N": str(items.SCHEMA)}}
        steps: list[Any] = [
            {"Put": {"TableName": self.table, "Item": items.client_item(client), **_if(expected)}},
            {"Put": {"TableName": self.table, "Item": named}},
            {
                "ConditionCheck": {
                    "TableName": self.table,
                    "Key": items.store_key(client.store),
                    "ConditionExpression": "#status = :ready",
                    "ExpressionAttributeNames": {"#status": "status"},
                    "ExpressionAttributeValues": {":ready": {"S": "ready"}},
                }
            },
        ]
        if before is not None and before.username != client.username:
            steps.append({"Delete": {"TableName": self.table, "Key": items.username_key(before)}})
        return self._transact(steps) or self._stands(items.client_item(client))

    def delete_store(self, slug: str, expected: str) -> bool:
        """One conditional DeleteItem."""
        return self._delete(items.store_key(slug), expected)

    def delete_client(self, client: ClientRecord) -> bool:
        """One transaction: the client and the item of its user name."""
        gone: Item = {"TableName": self.table, "Key": items.client_key(client.slug), **_if(client.version)}
        named = {"TableName": self.table, "Key": items.username_key(client)}
        return self._transact([{"Delete": gone}, {"Delete": named}])

    def delete_connection(self, kind: ConnectionType, connection_id: str, expected: str) -> bool:
        """One conditional DeleteItem."""
        return self._delete(items.connection_key(kind, connection_id), expected)

    def secret(self, name: str, fresh: str) -> str:
        """A strongly consistent GetItem; where there is none, a conditional PutItem and another."""
        key = items.secret_key(name)
        item = self._get_one(key)
        if item is None:
            refused = self._client.exceptions.ConditionalCheckFailedException
            # Refused: made by another, or by this very call, which was sent twice.
            with answered(PART), suppress(refused):
                self._client.put_item(TableName=self.table, Item=items.secret_item(name, fresh), **_if(None))
            item = self._get_one(key)
        if item is None:
            raise Unavailable(PART, "a secret that is gone again")
        return items.read_secret(item)

    def _get(self, keys: list[Item]) -> dict[str, Item]:
        """The items with these keys, by name."""
        found: dict[str, Item] = {}
        left = keys
        for _ in range(READS):
            if not left:
                return found
            asked: Item = {self.table: {"Keys": left, "ConsistentRead": True}}
            with answered(PART):
                answer = self._client.batch_get_item(RequestItems=asked)
            for item in answer["Responses"].get(self.table, []):
                found[_name(item)] = item
            unread = answer.get("UnprocessedKeys", {})
            left = list(unread[self.table]["Keys"]) if self.table in unread else []
        if left:
            raise Unavailable(PART, "items left out")
        return found

    def _get_one(self, key: Item) -> Item | None:
        with answered(PART):
            answer = self._client.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return answer.get("Item")

    def _all(self, kind: str) -> Iterator[Item]:
        for number in range(items.PARTITIONS):
            yield from self._query(f"{kind}#{number}")

    def _query(self, partition: str) -> Iterator[Item]:
        start: Item = {}
        while True:
            with answered(PART):
                answer = self._client.query(
                    TableName=self.table,
                    ConsistentRead=True,
                    KeyConditionExpression="pk = :partition",
                    ExpressionAttributeValues={":partition": {"S": partition}},
                    **self._limit,
                    **start,
                )
            yield from answer["Items"]
            last = answer.get("LastEvaluatedKey")
            if not last:
                return
            start = {"ExclusiveStartKey": last}

    def _put(self, item: Item, expected: str | None) -> bool:
        with answered(PART):
            try:
                self._client.put_item(TableName=self.table, Item=item, **_if(expected))
            except self._client.exceptions.ConditionalCheckFailedException:
                return self._stands(item)
        return True

    def _stands(self, item: Item) -> bool:
        """Whether this very version is stored: then the write that was refused had happened before."""
        current = self._get_one({"pk": item["pk"], "sk": item["sk"]})
        return current is not None and bool(current["version"] == item["version"])

    def _delete(self, key: Item, expected: str) -> bool:
        with answered(PART):
            try:
                self._client.delete_item(TableName=self.table, Key=key, **_if(expected))
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def _transact(self, steps: list[Any]) -> bool:
        with answered(PART):
            try:
                self._client.transact_write_items(TransactItems=steps)
            except self._client.exceptions.TransactionCanceledException as error:
                reasons = {reason.get("Code", "None") for reason in error.response["CancellationReasons"]}
                if reasons <= {"None", "ConditionalCheckFailed"}:
                    return False
                raise Unavailable(PART, code_of(error)) from error
        return True


def _name(item: Item) -> str:
    return f"{item['pk']['S']} {item['sk']['S']}"


def _if(expected: str | None) -> Item:
    if expected is None:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "ConditionExpression": "#version = :expected",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":expected": {"S": expected}},
    }
