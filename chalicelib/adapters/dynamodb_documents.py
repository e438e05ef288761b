"""Documents in DynamoDB, and the notes of those bodies that are objects of the bucket.

Document: `pk` = `document#<store>#<service>#<hash of agent and activity>`, so that a context is one Query; `sk` =
`<registration or ->#<hash of the id>`. In the index: `listing_pk` = `documents#<store>#<service>#<0 to 3>` (from the
hash of its name), `listing_sk` = first stored, then that hash.
Note of an object: `pk` = `document-object#<store>#<id>`, `sk` = `object`. While no document has it, it is in the
index: `listing_pk` = `document-objects-due`, `listing_sk` = from when on it may be deleted.
"""

import hashlib
import heapq
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast

from chalicelib.adapters.aws_answers import answered, code_of
from chalicelib.errors import Unavailable
from chalicelib.ports.documents import (
    BodyObject,
    Document,
    DocumentContext,
    DocumentName,
    DocumentService,
    position_name,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

SCHEMA = 1
PART = "The document store"
PARTITIONS = 4  # stored in the keys: a change would lose what is listed
DUE = "document-objects-due"
_BEATEN = frozenset(("ConditionalCheckFailed", "TransactionConflict"))
# All but the body; each under an alias, as some are words of DynamoDB's own.
_FIELDS = (
    *("schema", "store", "service", "agent_key", "activity", "registration", "id", "client", "agent"),
    *("content_type", "etag", "size", "stored", "updated", "write", "replaced", "pseudonymized", "object"),
)
_NAMES = {f"#{field}": field for field in _FIELDS}
_BODILESS = ", ".join(_NAMES)

Item = dict[str, Any]


class DynamoDocuments:
    """`ports.documents.DocumentStore` on a table with keys `pk`, `sk` and the index `listing`."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client, self._table = client, table

    def get(self, name: DocumentName) -> Document | None:
        with answered(PART):
            answer = self._client.get_item(TableName=self._table, Key=_key(name), ConsistentRead=True)
        item = answer.get("Item")
        return None if item is None else _read(item)

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
        condition, values = "pk = :pk", {":pk": {"S": _partition(context)}}
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
        behind = "" if after is None else f"{_time(after[0])}#{after[1]}"
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
            self._client.put_item(TableName=self._table, Item=_note(item.store, item.id, item.due))

    def due_objects(self, before: int, limit: int) -> list[BodyObject]:
        with answered(PART):
            answer = self._client.query(
                TableName=self._table,
                IndexName="listing",
                KeyConditionExpression="listing_pk = :due AND listing_sk < :before",
                ExpressionAttributeValues={":due": {"S": DUE}, ":before": {"S": _time(before)}},
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
                    Key=_note_key(item.store, item.id),
                    UpdateExpression="SET deleting = :true",
                    ConditionExpression="attribute_exists(listing_pk)",
                    ExpressionAttributeValues={":true": {"BOOL": True}},
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def forget_object(self, item: BodyObject) -> None:
        with answered(PART):
            self._client.delete_item(TableName=self._table, Key=_note_key(item.store, item.id))

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
                yield _read(item)
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
            "ExpressionAttributeValues": {":listing": {"S": listing}, ":end": {"S": _time(until + 1)}},
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
            "Item": _written(document),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        return {"Put": put if over is None else put | _if_version(over)}

    def _delete_action(self, document: Document) -> Item:
        return {
            "Delete": {"TableName": self._table, "Key": _key(document.name), **_if_version(document)},
        }

    def _had_action(self, document: Document) -> Item:
        """The object has a document now: nobody may delete it."""
        return {
            "Update": {
                "TableName": self._table,
                "Key": _note_key(document.name.context.store, document.object),
                "UpdateExpression": "REMOVE listing_pk, listing_sk",
                "ConditionExpression": "attribute_exists(listing_pk) AND attribute_not_exists(deleting)",
            }
        }

    def _let_go(self, document: Document | None, now: int) -> list[Item]:
        """The object of this version has no document any more."""
        if document is None or not document.object:
            return []
        note = _note(document.name.context.store, document.object, now)
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


def _partition(context: DocumentContext) -> str:
    digest = hashlib.sha256(json.dumps([context.agent, context.activity]).encode()).hexdigest()[:32]
    return f"document#{context.store}#{context.service}#{digest}"


def _key(name: DocumentName) -> Item:
    sort = f"{name.registration or '-'}#{hashlib.sha256(name.id.encode()).hexdigest()[:32]}"
    return {"pk": {"S": _partition(name.context)}, "sk": {"S": sort}}


def _note_key(store: str, name: str) -> Item:
    return {"pk": {"S": f"document-object#{store}#{name}"}, "sk": {"S": "object"}}


def _note(store: str, name: str, due: int) -> Item:
    return {
        **_note_key(store, name),
        "schema": {"N": str(SCHEMA)},
        "store": {"S": store},
        "id": {"S": name},
        "listing_pk": {"S": DUE},
        "listing_sk": {"S": _time(due)},
    }


def _if_version(document: Document) -> Item:
    return {
        "ConditionExpression": "#write = :write",
        "ExpressionAttributeNames": {"#write": "write"},
        "ExpressionAttributeValues": {":write": {"S": document.write}},
    }


def _time(microseconds: int) -> str:
    return f"{microseconds:020d}"


def _written(document: Document) -> Item:
    name, context = document.name, document.name.context
    place = position_name(name)
    texts = {
        "store": context.store,
        "service": context.service,
        "agent_key": context.agent,
        "activity": context.activity,
        "registration": name.registration,
        "id": name.id,
        "client": document.client,
        "agent": document.agent,
        "content_type": document.content_type,
        "etag": document.etag,
        "write": document.write,
        "replaced": document.replaced,
        "object": document.object,
        "listing_pk": f"documents#{context.store}#{context.service}#{int(place[0], 16) % PARTITIONS}",
        "listing_sk": f"{_time(document.stored)}#{place}",
    }
    numbers = {
        "schema": SCHEMA,
        "size": document.size,
        "stored": document.stored,
        "updated": document.updated,
    }
    item: Item = {
        **_key(name),
        **{field: {"S": text} for field, text in texts.items()},
        **{field: {"N": str(number)} for field, number in numbers.items()},
        "pseudonymized": {"BOOL": document.pseudonymized},
    }
    if document.body is not None:
        item["body"] = {"B": document.body}
    return item


def _read(item: Item) -> Document:
    schema = int(item["schema"]["N"])
    if schema > SCHEMA:
        raise Unavailable(PART, f"item of schema {schema}, this release reads up to {SCHEMA}")
    context = DocumentContext(
        store=item["store"]["S"],
        service=item["service"]["S"],
        agent=item["agent_key"]["S"],
        activity=item["activity"]["S"],
    )
    return Document(
        name=DocumentName(context, id=item["id"]["S"], registration=item["registration"]["S"]),
        client=item["client"]["S"],
        agent=item["agent"]["S"],
        content_type=item["content_type"]["S"],
        etag=item["etag"]["S"],
        size=int(item["size"]["N"]),
        stored=int(item["stored"]["N"]),
        updated=int(item["updated"]["N"]),
        write=item["write"]["S"],
        replaced=item["replaced"]["S"],
        pseudonymized=item["pseudonymized"]["BOOL"],
        object=item["object"]["S"],
        body=bytes(item["body"]["B"]) if "body" in item else None,
    )
