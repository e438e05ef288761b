"""The records of attachments in DynamoDB: one item per store and content.

Item: `pk` = `attachment#<store>#<sha256>`, `sk` = `attachment`, `schema`, `store`, `sha256`, `generation`, `stored`,
`size`, `claims` (a map batch → lease), `revision`; where they say something `freeing`, `freeing_until`, `leftovers`,
`wanted`. One that the sweep should look at is in the index: `listing_pk` = `attachments-due#<0 to 3>` (from the hash:
every claim writes there), `listing_sk` = when, in microseconds with leading zeros.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.aws_answers import answered, code_of
from chalicelib.adapters.dynamodb_schema import check_schema
from chalicelib.errors import Unavailable
from chalicelib.ports.attachments import PART, AttachmentRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SCHEMA = 1
PARTITIONS = 4  # stored in the keys: a change would lose what is due
PER_BATCH = 100  # DynamoDB: keys of one BatchGetItem
TRIES = 5

Item = dict[str, Any]


class DynamoAttachmentRecords:
    """`ports.attachments.AttachmentRecords` on a table with keys `pk`, `sk` and the index `listing`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    def get_many(self, store: str, sha256s: Sequence[str]) -> dict[str, AttachmentRecord]:
        found: dict[str, AttachmentRecord] = {}
        unique = list(dict.fromkeys(sha256s))
        for start in range(0, len(unique), PER_BATCH):
            keys = [_key(store, sha256) for sha256 in unique[start : start + PER_BATCH]]
            for item in self._items(keys):
                record = _read(item)
                found[record.sha256] = record
        return found

    def claim(
        self, store: str, sha256: str, batch: str, lease_until: int, generation: str
    ) -> AttachmentRecord:
        for _ in range(TRIES):
            _, item = self._update(
                store,
                sha256,
                "SET claims.#batch = :lease, listing_pk = :listing, listing_sk = :due ADD revision :one",
                "attribute_exists(pk) AND attribute_not_exists(freeing)",
                {"#batch": batch},
                {
                    ":lease": _number(lease_until),
                    ":listing": {"S": _listing(sha256)},
                    ":due": {"S": _time(lease_until)},
                    ":one": _number(1),
                },
            )
            if item is not None:  # claimed, or as it is while it is freed
                return _read(item)
            record = AttachmentRecord(store, sha256, generation, claims={batch: lease_until}, due=lease_until)
            if self._put(record, "attribute_not_exists(pk)", {}):
                return record
        raise Unavailable(PART, "a record that comes and goes")

    def mark_stored(self, store: str, sha256: str, batch: str, generation: str, size: int) -> bool:
        done, _ = self._update(
            store,
            sha256,
            "SET #stored = :true, #size = :size ADD revision :one",
            "generation = :generation AND attribute_not_exists(freeing) AND attribute_exists(claims.#batch)",
            {"#batch": batch, "#stored": "stored", "#size": "size"},
            {
                ":true": {"BOOL": True},
                ":size": _number(size),
                ":generation": {"S": generation},
                ":one": _number(1),
            },
        )
        return done

    def release(self, store: str, sha256: str, batch: str) -> None:
        held = "attribute_exists(claims.#batch)"
        alone = " AND ".join(
            (
                held,
                "size(claims) = :one",
                "attribute_not_exists(wanted)",
                "attribute_not_exists(leftovers)",
            )
        )
        gone = "REMOVE claims.#batch, listing_pk, listing_sk ADD revision :one"
        names, values = {"#batch": batch}, {":one": _number(1)}
        done, item = self._update(store, sha256, gone, alone, names, values)
        if not done and item is not None:
            self._update(store, sha256, "REMOVE claims.#batch ADD revision :one", held, names, values)

    def replace(self, record: AttachmentRecord) -> AttachmentRecord | None:
        changed = replace(record, revision=record.revision + 1)
        expected = {":revision": _number(record.revision)}
        return changed if self._put(changed, "revision = :revision", expected) else None

    def remove(self, record: AttachmentRecord) -> bool:
        with answered(PART):
            try:
                self._client.delete_item(
                    TableName=self._table,
                    Key=_key(record.store, record.sha256),
                    ConditionExpression="revision = :revision",
                    ExpressionAttributeValues={":revision": _number(record.revision)},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def due(self, before: int, limit: int) -> list[AttachmentRecord]:
        found: list[AttachmentRecord] = []
        for partition in range(PARTITIONS):
            with answered(PART):
                answer = self._client.query(
                    TableName=self._table,
                    IndexName="listing",
                    KeyConditionExpression="listing_pk = :listing AND listing_sk < :before",
                    ExpressionAttributeValues={
                        ":listing": {"S": f"attachments-due#{partition}"},
                        ":before": {"S": _time(before)},
                    },
                    Limit=limit,
                )
            found += [_read(item) for item in answer["Items"]]
        return sorted(found, key=lambda record: record.due or 0)[:limit]

    def _items(self, keys: list[Item]) -> list[Item]:
        items: list[Item] = []
        for _ in range(TRIES):
            with answered(PART):
                answer: Any = self._client.batch_get_item(
                    RequestItems={self._table: {"Keys": keys, "ConsistentRead": True}}
                )
            items += answer["Responses"].get(self._table, [])
            keys = answer.get("UnprocessedKeys", {}).get(self._table, {}).get("Keys", [])
            if not keys:
                return items
        raise Unavailable(PART, "UnprocessedKeys")

    def _update(
        self, store: str, sha256: str, update: str, condition: str, names: dict[str, str], values: Item
    ) -> tuple[bool, Item | None]:
        """Whether it was done, and the item: after it, or as it is where the condition does not hold."""
        from botocore.exceptions import ClientError

        with answered(PART):
            try:
                answer: Any = self._client.update_item(
                    TableName=self._table,
                    Key=_key(store, sha256),
                    UpdateExpression=update,
                    ConditionExpression=condition,
                    ExpressionAttributeNames=names,
                    ExpressionAttributeValues=values,
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except ClientError as error:
                if code_of(error) != "ConditionalCheckFailedException":
                    raise
                failed: Any = error.response
                return False, failed.get("Item")
        return True, answer["Attributes"]

    def _put(self, record: AttachmentRecord, condition: str, values: Item) -> bool:
        given: Item = {"ExpressionAttributeValues": values} if values else {}
        with answered(PART):
            try:
                self._client.put_item(
                    TableName=self._table, Item=_written(record), ConditionExpression=condition, **given
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True


def _key(store: str, sha256: str) -> Item:
    return {"pk": {"S": f"attachment#{store}#{sha256}"}, "sk": {"S": "attachment"}}


def _listing(sha256: str) -> str:
    return f"attachments-due#{int(sha256[0], 16) % PARTITIONS}"


def _number(value: int) -> Item:
    return {"N": str(value)}


def _time(microseconds: int) -> str:
    return f"{microseconds:020d}"


def _written(record: AttachmentRecord) -> Item:
    item: Item = {
        **_key(record.store, record.sha256),
        "schema": _number(SCHEMA),
        "store": {"S": record.store},
        "sha256": {"S": record.sha256},
        "generation": {"S": record.generation},
        "stored": {"BOOL": record.stored},
        "size": _number(record.size),
        "claims": {"M": {batch: _number(lease) for batch, lease in record.claims.items()}},
        "revision": _number(record.revision),
    }
    if record.freeing is not None:
        item |= {"freeing": {"S": record.freeing}, "freeing_until": _number(record.freeing_until)}
    if record.leftovers:
        item["leftovers"] = {"L": [{"S": generation} for generation in record.leftovers]}
    if record.wanted:
        item["wanted"] = {"BOOL": True}
    if record.due is not None:
        item |= {"listing_pk": {"S": _listing(record.sha256)}, "listing_sk": {"S": _time(record.due)}}
    return item


def _read(item: Item) -> AttachmentRecord:
    check_schema(item, SCHEMA, PART)
    return AttachmentRecord(
        store=item["store"]["S"],
        sha256=item["sha256"]["S"],
        generation=item["generation"]["S"],
        stored=item["stored"]["BOOL"],
        size=int(item["size"]["N"]),
        claims={batch: int(lease["N"]) for batch, lease in item["claims"]["M"].items()},
        freeing=item["freeing"]["S"] if "freeing" in item else None,
        freeing_until=int(item["freeing_until"]["N"]) if "freeing" in item else 0,
        leftovers=tuple(generation["S"] for generation in item.get("leftovers", {}).get("L", [])),
        wanted="wanted" in item,
        due=int(item["listing_sk"]["S"]) if "listing_sk" in item else None,
        revision=int(item["revision"]["N"]),
    )
