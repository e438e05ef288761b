"""Idempotency keys in DynamoDB, in the table of accounts, which the API alone can reach: one item per key.

Item: `pk` = `idempotency#<id>`, `sk` = `key`, `schema`, `version`, `fingerprint`, `write_id`, `lease_until`, `ends_at`,
`done`; of a kept answer `status`, `headers` (JSON) and `body` (compressed); `expires_at` (whole seconds: the table's
TTL).
"""

import json
import math
import zlib
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.aws_answers import answered
from chalicelib.adapters.dynamodb_schema import check_schema
from chalicelib.ports.idempotency import KeptAnswer, KeyRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SCHEMA = 1
PART = "The store of idempotency keys"
_COMPRESSION = 1  # what a write costs goes by its size; more would take longer than it saves

Item = dict[str, Any]


class DynamoDBIdempotency:
    """The `IdempotencyStore` on a table with string keys `pk` and `sk`; the client brings its own time-outs."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    def get(self, key_id: str) -> KeyRecord | None:
        """One strongly consistent GetItem."""
        with answered(PART):
            answer = self._client.get_item(TableName=self._table, Key=_key(key_id), ConsistentRead=True)
        item = answer.get("Item")
        return None if item is None else _read(key_id, item)

    def put(self, record: KeyRecord, expected: str | None) -> bool:
        """Writes the item if its version is `expected` (None: if there is none)."""
        condition: Item = {"ConditionExpression": "attribute_not_exists(pk)"}
        if expected is not None:
            condition = {
                "ConditionExpression": "#version = :expected",
                "ExpressionAttributeNames": {"#version": "version"},
                "ExpressionAttributeValues": {":expected": {"S": expected}},
            }
        with answered(PART):
            try:
                self._client.put_item(TableName=self._table, Item=_write(record), **condition)
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True


def _key(key_id: str) -> Item:
    return {"pk": {"S": f"idempotency#{key_id}"}, "sk": {"S": "key"}}


def _write(record: KeyRecord) -> Item:
    item: Item = {
        **_key(record.id),
        "schema": {"N": str(SCHEMA)},
        "version": {"S": record.version},
        "fingerprint": {"S": record.fingerprint},
        "write_id": {"S": record.write_id},
        "lease_until": {"N": repr(float(record.lease_until))},
        "ends_at": {"N": repr(float(record.expires_at))},
        "done": {"BOOL": record.done},
        "expires_at": {"N": str(math.ceil(record.expires_at))},
    }
    answer = record.answer
    if answer is not None:
        item["status"] = {"N": str(answer.status)}
        item["headers"] = {"S": json.dumps(dict(answer.headers))}
        if answer.body is not None:
            item["body"] = {"B": zlib.compress(answer.body, _COMPRESSION)}
    return item


def _read(key_id: str, item: Item) -> KeyRecord:
    check_schema(item, SCHEMA, PART)
    answer = None
    if "status" in item:
        body = zlib.decompress(item["body"]["B"]) if "body" in item else None
        answer = KeptAnswer(int(item["status"]["N"]), json.loads(item["headers"]["S"]), body)
    return KeyRecord(
        id=key_id,
        version=item["version"]["S"],
        fingerprint=item["fingerprint"]["S"],
        write_id=item["write_id"]["S"],
        lease_until=float(item["lease_until"]["N"]),
        expires_at=float(item["ends_at"]["N"]),
        done=item["done"]["BOOL"],
        answer=answer,
    )
