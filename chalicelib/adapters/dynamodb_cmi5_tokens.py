"""cmi5 tokens in DynamoDB, in the table of access: one item per token.

Item: `pk` = `cmi5#<store>`, `sk` = the token's id, which begins with its time of creation: so the tokens created up to
a time are a range. `schema`, `client_id`, `digest`, `agent` (JSON), `activity_id`, `origin`, `registration`,
`created_at` and `ends_at` (microseconds), `spent`, `expires_at` (seconds: the table's TTL, a day after the end).
"""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.aws_answers import answered
from chalicelib.adapters.dynamodb_schema import check_schema
from chalicelib.errors import Unavailable
from chalicelib.ports.cmi5_tokens import TokenRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SCHEMA = 1
PART = "The token store"
ITEMS_PER_BATCH = 25  # DynamoDB: most writes in one BatchWriteItem
BATCH_TRIES = 10
KEPT_SECONDS = 86_400  # so that a token that is over is still told from one that never was

Item = dict[str, Any]


class DynamoCmi5Tokens:
    """The `TokenStore` on a table with string keys `pk` and `sk`; the client brings its own time-outs."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    def get(self, store: str, token_id: str) -> TokenRecord | None:
        """One strongly consistent GetItem."""
        with answered(PART):
            answer = self._client.get_item(
                TableName=self._table, Key=_key(store, token_id), ConsistentRead=True
            )
        item = answer.get("Item")
        return None if item is None else _read(store, item)

    def add(self, token: TokenRecord) -> bool:
        """A put that finds no item. Of a repeated call, the second finds its own."""
        with answered(PART):
            try:
                self._client.put_item(
                    TableName=self._table, Item=_write(token), ConditionExpression="attribute_not_exists(pk)"
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return self._holds(token)
        return True

    def exchange(self, spent: TokenRecord, fresh: TokenRecord) -> bool:
        """One transaction: a put that finds no item, and an update of one that is not spent."""
        put: Any = {
            "TableName": self._table,
            "Item": _write(fresh),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        update: Any = {
            "TableName": self._table,
            "Key": _key(spent.store, spent.id),
            "UpdateExpression": "SET spent = :yes",
            "ConditionExpression": "spent = :no",
            "ExpressionAttributeValues": {":yes": {"BOOL": True}, ":no": {"BOOL": False}},
        }
        with answered(PART):
            try:
                self._client.transact_write_items(TransactItems=[{"Put": put}, {"Update": update}])
            except self._client.exceptions.TransactionCanceledException as error:
                reasons = [reason.get("Code", "") for reason in error.response["CancellationReasons"]]
                if "ConditionalCheckFailed" in reasons:
                    return self._holds(fresh)
                raise
        return True

    def created_until(self, store: str, until: int, limit: int, after: str = "") -> Sequence[TokenRecord]:
        """A strongly consistent Query over the ids up to that time."""
        start, end = f"{after}\0" if after else "0", f"{until + 1:013x}"
        if start > end:
            return []
        with answered(PART):
            answer = self._client.query(
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :start AND :end",
                ExpressionAttributeValues={
                    ":pk": {"S": _partition(store)},
                    ":start": {"S": start},
                    ":end": {"S": end},
                },
                ConsistentRead=True,
                Limit=limit,
            )
        return [_read(store, item) for item in answer["Items"]]

    def remove(self, store: str, token_ids: Sequence[str]) -> None:
        """Batches of deletes, until none is left undone."""
        keys = [_key(store, token_id) for token_id in dict.fromkeys(token_ids)]
        for start in range(0, len(keys), ITEMS_PER_BATCH):
            wanted: Any = [{"DeleteRequest": {"Key": key}} for key in keys[start : start + ITEMS_PER_BATCH]]
            for _ in range(BATCH_TRIES):
                with answered(PART):
                    answer = self._client.batch_write_item(RequestItems={self._table: wanted})
                wanted = answer.get("UnprocessedItems", {}).get(self._table)
                if not wanted:
                    break
            else:
                raise Unavailable(PART, "deletes stay unprocessed")

    def _holds(self, token: TokenRecord) -> bool:
        """Whether this very token is stored: the answer to its write was lost."""
        found = self.get(token.store, token.id)
        return found is not None and found.digest == token.digest


def _partition(store: str) -> str:
    return f"cmi5#{store}"


def _key(store: str, token_id: str) -> Item:
    return {"pk": {"S": _partition(store)}, "sk": {"S": token_id}}


def _write(token: TokenRecord) -> Item:
    item = _key(token.store, token.id) | {
        "schema": {"N": str(SCHEMA)},
        "client_id": {"S": token.client_id},
        "digest": {"S": token.digest},
        "agent": {"S": json.dumps(token.agent)},
        "activity_id": {"S": token.activity_id},
        "origin": {"S": token.origin},
        "created_at": {"N": str(token.created_at)},
        "ends_at": {"N": str(token.expires_at)},
        "spent": {"BOOL": token.spent},
        "expires_at": {"N": str(token.expires_at // 1_000_000 + KEPT_SECONDS)},
    }
    if token.registration is not None:
        item["registration"] = {"S": token.registration}
    return item


def _read(store: str, item: Item) -> TokenRecord:
    try:
        check_schema(item, SCHEMA, PART)
        return TokenRecord(
            id=item["sk"]["S"],
            store=store,
            client_id=item["client_id"]["S"],
            digest=item["digest"]["S"],
            agent=json.loads(item["agent"]["S"]),
            activity_id=item["activity_id"]["S"],
            origin=item["origin"]["S"],
            created_at=int(item["created_at"]["N"]),
            expires_at=int(item["ends_at"]["N"]),
            registration=item["registration"]["S"] if "registration" in item else None,
            spent=item["spent"]["BOOL"],
        )
    except (KeyError, ValueError) as error:
        raise Unavailable(PART, "a token has another form than this version reads") from error
