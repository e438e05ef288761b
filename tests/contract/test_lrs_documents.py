"""What the document stores promise, held by the one in memory and the one on DynamoDB (moto)."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib.adapters.dynamodb_documents import DynamoDocuments
from chalicelib.errors import Unavailable
from chalicelib.ports.documents import BodyObject, Document, DocumentContext, DocumentName, DocumentStore
from tests.contract.ledger_table import dynamodb_client
from tests.contract.records_table import records_table
from tests.doubles.documents import MemoryDocuments

COURSE = "http://example.com/course/é"
CONTEXT = DocumentContext("s", "states", "mbox:mailto:ann@example.com", COURSE)
NAME = DocumentName(CONTEXT, "bookmark")
OBJECT = BodyObject("s", "o1", 1000)


def made(
    name: DocumentName = NAME, write: str = "w1", body: bytes | None = b"\x00\xff{}", **more: object
) -> Document:
    document = Document(
        name=name,
        client="client",
        agent='{"mbox":"mailto:ann@example.com"}',
        content_type="text/plain;charset=utf-8",
        etag="ab" * 20,
        size=4,
        stored=100,
        updated=200,
        write=write,
        body=body,
    )
    return replace(document, **more)  # type: ignore[arg-type]


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[DocumentStore]:
    if request.param == "memory":
        yield MemoryDocuments()
        return
    with records_table() as (client, table):
        yield DynamoDocuments(client, table)


def test_a_document_comes_back_as_written(store: DocumentStore) -> None:
    document = made(replaced="cd" * 20, pseudonymized=True)
    assert store.put(document, None, 0) is True
    assert store.get(NAME) == document
    assert store.get(replace(NAME, id="other")) is None
    assert store.get(replace(NAME, registration="r")) is None


def test_an_empty_body_is_a_body(store: DocumentStore) -> None:
    store.put(made(body=b""), None, 0)
    found = store.get(NAME)
    assert found is not None
    assert found.body == b""


@pytest.mark.parametrize("text", ["", "#", "a#b", "é" * 500, "sha256:x", "-#bookmark", "\n"])
def test_any_id_is_its_own(store: DocumentStore, text: str) -> None:
    store.put(made(), None, 0)
    other = replace(NAME, id=text)
    assert store.get(other) is None
    assert store.put(made(other, "w2"), None, 0) is True
    assert store.get(other) == made(other, "w2")
    assert store.get(NAME) == made()


def test_a_version_is_written_over_the_one_that_was_read(store: DocumentStore) -> None:
    first, second = made(), made(write="w2", body=b"second")
    assert store.put(first, first, 0) is False
    assert store.put(first, None, 0) is True
    assert store.put(second, None, 0) is False
    assert store.put(second, made(write="w0"), 0) is False
    assert store.get(NAME) == first
    assert store.put(second, first, 0) is True
    assert store.put(made(write="w3"), first, 0) is False
    assert store.get(NAME) == second


def test_versions_are_deleted_all_or_none(store: DocumentStore) -> None:
    other = made(replace(NAME, id="other"), "w2")
    store.put(made(), None, 0)
    store.put(other, None, 0)
    assert store.delete([made(), replace(other, write="w9")], 0) is False
    assert store.get(NAME) == made()
    assert store.delete([made(), other], 0) is True
    assert store.get(NAME) is None
    assert store.get(other.name) is None
    assert store.delete([made()], 0) is False
    assert store.delete([], 0) is True


def test_forty_documents_with_objects_are_deleted_in_one_step(store: DocumentStore) -> None:
    documents = []
    for number in range(40):
        store.begin_object(BodyObject("s", f"o{number}", 1000))
        documents.append(made(replace(NAME, id=str(number)), f"w{number}", None, object=f"o{number}"))
        store.put(documents[-1], None, 0)
    assert store.delete(documents, 50) is True
    assert store.in_context(CONTEXT, None) == []
    assert len(store.due_objects(51, 100)) == 40


def test_a_context_lists_what_belongs_to_it_without_bodies(store: DocumentStore) -> None:
    own = [made(replace(NAME, id=text), text) for text in ("a", "b")]
    registered = made(replace(NAME, id="a", registration="7d2a"), "r")
    others = [
        made(DocumentName(replace(CONTEXT, **change), "a"), "x")  # type: ignore[arg-type]
        for change in (
            {"store": "t"},
            {"agent": "mbox:mailto:ben@example.com"},
            {"activity": "http://example.com/x"},
        )
    ]
    for document in (*own, registered, *others):
        assert store.put(document, None, 0)
    listed = [replace(document, body=None) for document in (*own, registered)]
    assert sorted(store.in_context(CONTEXT, None), key=str) == sorted(listed, key=str)
    assert store.in_context(CONTEXT, "7d2a") == [listed[2]]
    assert sorted(store.in_context(CONTEXT, ""), key=str) == sorted(listed[:2], key=str)
    assert store.in_context(CONTEXT, "7d2") == []


def test_a_service_is_listed_in_the_order_of_its_first_writes(store: DocumentStore) -> None:
    names = [
        DocumentName(replace(CONTEXT, agent=f"mbox:mailto:{number}@example.com"), str(number))
        for number in range(12)
    ]
    for number, name in enumerate(names):
        store.put(made(name, f"w{number}", stored=500 - number // 2), None, 0)
    store.put(made(replace(NAME, context=replace(CONTEXT, store="t")), "other"), None, 0)
    whole = store.listing("s", "states", None, 100)
    assert {document.name for document in whole} == set(names)
    assert [document.position for document in whole] == sorted(document.position for document in whole)
    assert whole[0].body is None
    pages, after = [], None
    while page := store.listing("s", "states", after, 5):
        pages += page
        after = page[-1].position
    assert pages == whole
    assert store.listing("s", "agent-profiles", None, 5) == []
    assert [store.count("s", "states", until) for until in (493, 494, 499, 500, 10**16)] == [0, 0, 10, 12, 12]
    assert store.count("s", "agent-profiles", 10**16) == 0


def test_a_later_version_keeps_its_place(store: DocumentStore) -> None:
    store.put(made(), None, 0)
    store.put(made(write="w2", updated=999), made(), 0)
    [listed] = store.listing("s", "states", None, 5)
    assert (listed.position, listed.updated) == (made().position, 999)


def test_an_object_is_due_until_a_document_has_it(store: DocumentStore) -> None:
    document = made(object="o1", body=None)
    assert store.put(document, None, 0) is False  # was not begun
    store.begin_object(OBJECT)
    assert store.due_objects(1000, 5) == []
    assert store.due_objects(1001, 5) == [OBJECT]
    assert store.put(document, None, 0) is True
    assert store.get(NAME) == document
    assert store.due_objects(9999, 5) == []
    assert store.claim_deletion(OBJECT) is False
    assert (
        store.put(replace(document, name=replace(NAME, id="other")), None, 0) is False
    )  # one object, one version


@pytest.mark.parametrize("way", ["put", "delete", "move"])
def test_an_object_is_due_again_once_no_document_has_it(store: DocumentStore, way: str) -> None:
    document = made(object="o1", body=None)
    store.begin_object(OBJECT)
    store.put(document, None, 0)
    if way == "put":
        assert store.put(made(write="w2"), document, 2000)
    elif way == "delete":
        assert store.delete([document], 2000)
    else:
        other = made(replace(NAME, id="other"), "w2")
        store.put(other, None, 0)
        assert store.move(other, made(write="w3"), document, 2000)
    again = replace(OBJECT, due=2000)
    assert store.due_objects(2001, 5) == [again]
    assert store.claim_deletion(again) is True
    store.forget_object(again)
    assert store.due_objects(9999, 5) == []
    assert store.claim_deletion(again) is False


def test_an_object_that_is_being_deleted_can_have_no_document(store: DocumentStore) -> None:
    store.begin_object(OBJECT)
    assert store.claim_deletion(OBJECT) is True
    assert store.claim_deletion(OBJECT) is True  # the one who began may have died
    assert store.put(made(object="o1", body=None), None, 0) is False
    assert store.get(NAME) is None
    assert store.due_objects(9999, 5) == [OBJECT]


def test_a_document_moves_with_its_object(store: DocumentStore) -> None:
    document = made(object="o1", body=None)
    store.begin_object(OBJECT)
    store.put(document, None, 0)
    moved = replace(document, name=replace(NAME, context=replace(CONTEXT, agent="pseudonym")), write="w2")
    assert store.move(replace(document, write="w0"), moved, None, 0) is False
    assert store.move(document, moved, made(moved.name, "w0"), 0) is False
    assert store.get(NAME) == document
    assert store.move(document, moved, None, 0) is True
    assert store.get(NAME) is None
    assert store.get(moved.name) == moved
    assert store.due_objects(9999, 5) == []


def test_an_item_of_a_newer_release_is_not_read() -> None:
    with records_table() as (client, table):
        store = DynamoDocuments(client, table)
        store.put(made(), None, 0)
        item = client.scan(TableName=table)["Items"][0]
        client.put_item(TableName=table, Item={**item, "schema": {"N": "2"}})
        with pytest.raises(Unavailable):
            store.get(NAME)


CALLS = {
    "get": lambda store: store.get(NAME),
    "put": lambda store: store.put(made(), None, 0),
    "put over": lambda store: store.put(made(), made(object="o"), 0),
    "delete": lambda store: store.delete([made()], 0),
    "in_context": lambda store: store.in_context(CONTEXT, None),
    "listing": lambda store: store.listing("s", "states", None, 5),
    "begin_object": lambda store: store.begin_object(OBJECT),
    "due_objects": lambda store: store.due_objects(5, 5),
    "claim_deletion": lambda store: store.claim_deletion(OBJECT),
    "forget_object": lambda store: store.forget_object(OBJECT),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_error_of_the_service_is_unavailable(name: str) -> None:
    with dynamodb_client() as client, pytest.raises(Unavailable) as caught:  # no table
        CALLS[name](DynamoDocuments(client, "secret-table-name"))
    assert "secret-table-name" not in str(caught.value)
