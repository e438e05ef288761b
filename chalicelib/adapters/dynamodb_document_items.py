"""Documents, and the notes of those bodies that are objects of the bucket, as items in DynamoDB.

Document: `pk` = `document#<store>#<service>#<hash of agent and activity>`, so that a context is one Query; `sk` =
`<registration or ->#<hash of the id>`. In the index: `listing_pk` = `documents#<store>#<service>#<0 to 3>` (from the
hash of its name), `listing_sk` = first stored, then that hash.
Note of an object: `pk` = `document-object#<store>#<id>`, `sk` = `object`. While no document has it, it is in the
index: `listing_pk` = `document-objects-due`, `listing_sk` = from when on it may be deleted.
"""

import hashlib
import json
from typing import Any

from chalicelib.adapters.dynamodb_schema import check_schema
from chalicelib.ports.documents import PART, Document, DocumentContext, DocumentName, position_name

SCHEMA = 1
PARTITIONS = 4  # stored in the keys: a change would lose what is listed
DUE = "document-objects-due"

Item = dict[str, Any]


def partition_of(context: DocumentContext) -> str:
    """The partition of all documents of a context."""
    digest = hashlib.sha256(json.dumps([context.agent, context.activity]).encode()).hexdigest()[:32]
    return f"document#{context.store}#{context.service}#{digest}"


def document_key(name: DocumentName) -> Item:
    """The key of a document."""
    sort = f"{name.registration or '-'}#{hashlib.sha256(name.id.encode()).hexdigest()[:32]}"
    return {"pk": {"S": partition_of(name.context)}, "sk": {"S": sort}}


def note_key(store: str, name: str) -> Item:
    """The key of the note of an object."""
    return {"pk": {"S": f"document-object#{store}#{name}"}, "sk": {"S": "object"}}


def note_item(store: str, name: str, due: int) -> Item:
    """The note of an object that no document has: from `due` on it may be deleted."""
    return {
        **note_key(store, name),
        "schema": {"N": str(SCHEMA)},
        "store": {"S": store},
        "id": {"S": name},
        "listing_pk": {"S": DUE},
        "listing_sk": {"S": sortable(due)},
    }


def if_version(document: Document) -> Item:
    """The condition that the item is still this version."""
    return {
        "ConditionExpression": "#write = :write",
        "ExpressionAttributeNames": {"#write": "write"},
        "ExpressionAttributeValues": {":write": {"S": document.write}},
    }


def sortable(microseconds: int) -> str:
    """A time as a text that sorts as times do."""
    return f"{microseconds:020d}"


def document_item(document: Document) -> Item:
    """A document as it is written."""
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
        "listing_sk": f"{sortable(document.stored)}#{place}",
    }
    numbers = {
        "schema": SCHEMA,
        "size": document.size,
        "stored": document.stored,
        "updated": document.updated,
    }
    item: Item = {
        **document_key(name),
        **{field: {"S": text} for field, text in texts.items()},
        **{field: {"N": str(number)} for field, number in numbers.items()},
        "pseudonymized": {"BOOL": document.pseudonymized},
    }
    if document.body is not None:
        item["body"] = {"B": document.body}
    return item


def read_document(item: Item) -> Document:
    """A document, from its item. Raises `Unavailable` for one of a newer release."""
    check_schema(item, SCHEMA, PART)
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
