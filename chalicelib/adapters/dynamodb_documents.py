"""Documents in DynamoDB, and the notes of those bodies that are objects of the bucket.

`dynamodb_document_items` has the forms of both.
"""

import heapq
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from chalicelib.adapters.aws_answers import answered, code_of
from chalicelib.adapters.dynamodb_document_items import (
    DUE,
    PARTITIONS,
    Item,
    document_item,
    document_key,
    if_version,
    note_item,
    note_key,
    partition_of,
    read_document,
    sortable,
)
from chalicelib.ports.documents import (
    PART,
    BodyObject,
    Document,
    DocumentContext,
    DocumentName,
    DocumentService,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_BEATEN = frozenset(("ConditionalCheckFailed", "TransactionConflict"))
# All but the body; each under an alias, as some are words of DynamoDB's own.
_FIELDS = (
    *("schema", "store", "service", "agent_key", "activity", "registration", "id", "client", "agent"),
    *("content_type", "etag", "size", "stored", "updated", "write", "replaced", "pseudonymized", "object"),
)
_NAMES = {f"#{field}": field for field in _FIELDS}
_BODILESS = ", ".join(_NAMES)


class DynamoDocuments:
    """`ports.documents.DocumentStore` on a table with keys `pk`, `sk` and the index `listing`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    def get(self, name: DocumentName) -> Document | None:
        with answered(PART):
            answer = self._client.get_item(TableName=self._table, Key=document_key(name), ConsistentRead=True)
        item = answer.get("Item")
        return None if item is None else read_document(item)

    def put(self, document: Document, over: Document | None, now: int) -> bool:
        actions = [self._put_action(document, over)]
        if document.object:
            actions.append(self._had_action(document))
        return self._do([*actions, *self._let_go(over, now)])

    def move(self, document: Document, moved: Document, over: Document | None, now: int) -> bool:
        actions = [self._delete_action(document), self._put_action(moved, over)]
        return self._do([*actions, *self._let_go(over, now)])

    def delete(self, documents: Sequence[Document], now: int) -> bool:
        actions: list[Item] = []
        for document in documents:
            actions += [self._delete_action(document), *self._let_go(document, now)]
        return self._do(actions) if actions else True

    def in_context(self, context: DocumentContext, registration: str | None) -> list[Document]:
        condition, values = "pk = :pk", {":pk": {"S": partition_of(context)}}
        if registration is not None:
            condition += " AND begins_with(sk, :registration)"
            values[":registration"] = {"S": f"{registration or '-'}#"}
        query: Item = {
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ConsistentRead": True,
        }
        return list(self._query(query))

    def listing(
        self, store: str, service: DocumentService, after: tuple[int, str] | None, limit: int
    ) -> list[Document]:
        behind = "" if after is None else f"{sortable(after[0])}#{after[1]}"
        parts = []
        for partition in range(PARTITIONS):
            query: Item = {
                "IndexName": "listing",
                "KeyConditionExpression": "listing_pk = :listing AND listing_sk > :after",
                "ExpressionAttributeValues": {
                    ":listing": {"S": f"documents#{store}#{service}#{partition}"},
                    ":after": {"S": behind or " "},
                },
            }
            parts.append(self._query(query, limit))
        return list(heapq.merge(*parts, key=lambda document: document.position))[:limit]

    def count(self, store: str, service: DocumentService, until: int) -> int:
        return sum(self._count(f"documents#{store}#{service}#{each}", until) for each in range(PARTITIONS))

    def begin_object(self, item: BodyObject) -> None:
        with answered(PART):
            self._client.put_item(TableName=self._table, Item=note_item(item.store, item.id, item.due))

    def due_objects(self, before: int, limit: int) -> list[BodyObject]:
        with answered(PART):
            answer = self._client.query(
                TableName=self._table,
                IndexName="listing",
                KeyConditionExpression="listing_pk = :due AND listing_sk < :before",
                ExpressionAttributeValues={":due": {"S": DUE}, ":before": {"S": sortable(before)}},
                Limit=limit,
            )
        return [
            BodyObject(item["store"]["S"], item["id"]["S"], int(item["listing_sk"]["S"]))
            for item in answer["Items"]
        ]

    def claim_deletion(self, item: BodyObject) -> bool:
        with answered(PART):
            try:
                self._client.update_item(
                    TableName=self._table,
                    Key=note_key(item.store, item.id),
                    UpdateExpression="SET deleting = :true",
                    ConditionExpression="attribute_exists(listing_pk)",
                    ExpressionAttributeValues={":true": {"BOOL": True}},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def forget_object(self, item: BodyObject) -> None:
        with answered(PART):
            self._client.delete_item(TableName=self._table, Key=note_key(item.store, item.id))

    def _query(self, query: Item, limit: int | None = None) -> Iterator[Document]:
        """Documents without bodies, page by page, at most `limit`."""
        bounds: Item = {} if limit is None else {"Limit": limit}
        count = 0
        while True:
            with answered(PART):
                answer: Any = self._client.query(
                    TableName=self._table,
                    ProjectionExpression=_BODILESS,
                    ExpressionAttributeNames=_NAMES,
                    **query,
                    **bounds,
                )
            for item in answer["Items"]:
                yield read_document(item)
                count += 1
            last = answer.get("LastEvaluatedKey")
            if not last or count == limit:
                return
            bounds |= {"ExclusiveStartKey": last}

    def _count(self, listing: str, until: int) -> int:
        query: Item = {
            "TableName": self._table,
            "IndexName": "listing",
            "Select": "COUNT",
            "KeyConditionExpression": "listing_pk = :listing AND listing_sk < :end",
            "ExpressionAttributeValues": {":listing": {"S": listing}, ":end": {"S": sortable(until + 1)}},
        }
        count = 0
        while True:
            with answered(PART):
                answer: Any = self._client.query(**query)
            count += int(answer["Count"])
            if not answer.get("LastEvaluatedKey"):
                return count
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def _put_action(self, document: Document, over: Document | None) -> Item:
        put: Item = {
            "TableName": self._table,
            "Item": document_item(document),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        return {"Put": put if over is None else put | if_version(over)}

    def _delete_action(self, document: Document) -> Item:
        return {
            "Delete": {"TableName": self._table, "Key": document_key(document.name), **if_version(document)},
        }

    def _had_action(self, document: Document) -> Item:
        """The object has a document now: nobody may delete it."""
        return {
            "Update": {
                "TableName": self._table,
                "Key": note_key(document.name.context.store, document.object),
                "UpdateExpression": "REMOVE listing_pk, listing_sk",
                "ConditionExpression": "attribute_exists(listing_pk) AND attribute_not_exists(deleting)",
            }
        }

    def _let_go(self, document: Document | None, now: int) -> list[Item]:
        """The object of this version has no document any more."""
        if document is None or not document.object:
            return []
        note = note_item(document.name.context.store, document.object, now)
        return [{"Put": {"TableName": self._table, "Item": note}}]

    def _do(self, actions: list[Item]) -> bool:
        """All of the actions or none: one as a plain write, several as a transaction; False: a condition failed."""
        from botocore.exceptions import ClientError

        with answered(PART):
            try:
                if len(actions) > 1:
                    self._client.transact_write_items(TransactItems=cast(Any, actions))
                elif "Put" in actions[0]:
                    self._client.put_item(**actions[0]["Put"])
                else:
                    self._client.delete_item(**actions[0]["Delete"])
            except ClientError as error:
                if _is_beaten(error):
                    return False
                raise
        return True


def _is_beaten(error: Any) -> bool:
    """Whether nothing was written because another writer changed, or is changing, one of the items."""
    code = code_of(error)
    if code in ("ConditionalCheckFailedException", "TransactionConflictException"):
        return True
    reasons = {reason.get("Code", "None") for reason in error.response.get("CancellationReasons", [])}
    return (
        code == "TransactionCanceledException" and bool(reasons & _BEATEN) and reasons <= {*_BEATEN, "None"}
    )
