"""Users and tokens in DynamoDB: one item per user, so that one call reads or changes a user with all tokens.

Item: `pk` = `users#<0 to 7>` (from the key), `sk` = key, `schema`, `version`, `email`, `name`,
`password_hash`, `is_admin`, `created_at`, `tokens` (a map by token id). Eight partitions: few enough to
list all users by Query (no Scan, so no function needs the right to it), enough that a flood of invented
tokens does not soon throttle one of them. A user item never has the attribute of the table's TTL: an
expired token is refused by its own time and goes at the next renewal.
"""

import json
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.aws_answers import answered
from chalicelib.adapters.dynamodb_schema import check_schema
from chalicelib.ports.accounts import TokenRecord, UserPage, UserRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SCHEMA = 1
PART = "The account store"
PARTITIONS = 8  # stored in the keys: a change would lose the users

Item = dict[str, Any]


class DynamoDBAccounts:
    """The `AccountStore` on a table with string keys `pk` and `sk`; the client brings its own time-outs."""

    def __init__(self, client: "DynamoDBClient", table: str, page_size: int | None = None) -> None:
        """`page_size`: items looked at per page; None: as many as DynamoDB takes in a page (1 MB)."""
        self._client, self.table = client, table
        self._limit: Item = {} if page_size is None else {"Limit": page_size}

    def get(self, key: str) -> UserRecord | None:
        """The user with this key: one strongly consistent GetItem."""
        with answered(PART):
            answer = self._client.get_item(TableName=self.table, Key=_key(key), ConsistentRead=True)
        item = answer.get("Item")
        return None if item is None else _read(item)

    def put(self, user: UserRecord, expected: str | None) -> bool:
        """Writes the item if its version is `expected` (None: if there is none)."""
        condition: Item = {"ConditionExpression": "attribute_not_exists(pk)"}
        if expected is not None:
            condition = _if_version(expected)
        with answered(PART):
            try:
                self._client.put_item(TableName=self.table, Item=_write(user), **condition)
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def delete(self, key: str, expected: str) -> bool:
        """Deletes the item if its version is `expected`."""
        with answered(PART):
            try:
                self._client.delete_item(TableName=self.table, Key=_key(key), **_if_version(expected))
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def mark_used(self, key: str, token_id: str, at: float, unless_since: float) -> bool:
        """Sets the token's `last_used_at` in place; the item's version stays."""
        used = "#tokens.#id.last_used_at"
        old = f"(attribute_not_exists({used}) OR {used} <= :since)"
        with answered(PART):
            try:
                self._client.update_item(
                    TableName=self.table,
                    Key=_key(key),
                    UpdateExpression=f"SET {used} = :at",
                    ConditionExpression=f"attribute_exists(#tokens.#id) AND {old}",
                    ExpressionAttributeNames={"#tokens": "tokens", "#id": token_id},
                    ExpressionAttributeValues={":at": _number(at), ":since": _number(unless_since)},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def page(self, cursor: str | None = None) -> UserPage:
        """A page of a strongly consistent Query; one partition after the other."""
        partition, after = (0, None) if cursor is None else json.loads(cursor)
        start: Item = {} if after is None else {"ExclusiveStartKey": after}
        with answered(PART):
            answer = self._client.query(
                TableName=self.table,
                ConsistentRead=True,
                KeyConditionExpression="pk = :partition",
                ExpressionAttributeValues={":partition": {"S": f"users#{partition}"}},
                **self._limit,
                **start,
            )
        users = [_read(item) for item in answer["Items"]]
        last = answer.get("LastEvaluatedKey")
        if last:
            return UserPage(users, json.dumps([partition, last]))
        more = partition + 1 < PARTITIONS
        return UserPage(users, json.dumps([partition + 1, None]) if more else None)


def _key(key: str) -> Item:
    return {"pk": {"S": f"users#{ord(key[0]) % PARTITIONS}"}, "sk": {"S": key}}


def _if_version(expected: str) -> Item:
    return {
        "ConditionExpression": "#version = :expected",
        "ExpressionAttributeNames": {"#version": "version"},
        "ExpressionAttributeValues": {":expected": {"S": expected}},
    }


def _number(seconds: float) -> Item:
    return {"N": repr(float(seconds))}


def _write(user: UserRecord) -> Item:
    return {
        **_key(user.key),
        "schema": {"N": str(SCHEMA)},
        "version": {"S": user.version},
        "email": {"S": user.email},
        "name": {"S": user.name},
        "password_hash": {"S": user.password_hash},
        "is_admin": {"BOOL": user.is_admin},
        "created_at": _number(user.created_at),
        "tokens": {"M": {token.id: {"M": _write_token(token)} for token in user.tokens}},
    }


def _write_token(token: TokenRecord) -> Item:
    item: Item = {
        "digest": {"S": token.digest},
        "name": {"S": token.name},
        "created_at": _number(token.created_at),
    }
    if token.expires_at is not None:
        item["expires_at"] = _number(token.expires_at)
    if token.last_used_at is not None:
        item["last_used_at"] = _number(token.last_used_at)
    return item


def _read(item: Item) -> UserRecord:
    # One of a newer release is neither let in nor told that the token is wrong
    check_schema(item, SCHEMA, PART)
    return UserRecord(
        key=item["sk"]["S"],
        version=item["version"]["S"],
        email=item["email"]["S"],
        name=item["name"]["S"],
        password_hash=item["password_hash"]["S"],
        is_admin=item["is_admin"]["BOOL"],
        created_at=float(item["created_at"]["N"]),
        tokens=tuple(_read_token(token_id, token["M"]) for token_id, token in item["tokens"]["M"].items()),
    )


def _read_token(token_id: str, item: Item) -> TokenRecord:
    return TokenRecord(
        id=token_id,
        digest=item["digest"]["S"],
        name=item["name"]["S"],
        created_at=float(item["created_at"]["N"]),
        expires_at=_optional(item, "expires_at"),
        last_used_at=_optional(item, "last_used_at"),
    )


def _optional(item: Item, name: str) -> float | None:
    return float(item[name]["N"]) if name in item else None
