"""What every store of clients promises, held by the one in memory and the one on DynamoDB."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from chalicelib.adapters.dynamodb_access import DynamoAccess
from chalicelib.errors import Unavailable
from chalicelib.ports.lrs_access import AccessStore, ClientRecord, ConnectionRecord, StoreRecord
from tests.contract.ledger_table import dynamodb_client
from tests.doubles.access_store import InMemoryAccess

TABLE = f"access-{uuid4().hex[:12]}"
STORE = StoreRecord("s1", "north", "v1", "North ½ 灯", 1000.25, timezone="Europe/Paris", xapi_version="1.0")
CLIENT = ClientRecord(
    "c1",
    "lms",
    "v1",
    "The LMS",
    "north",
    1000.25,
    "user ½",
    "scrypt$…",
    "cmi5-token",
    frozenset({"xapi/all", "cmi5/tokens"}),
    {"void_statements": False, "authority_name": "LMS"},
    ("https://lms.example.com",),
)
CONNECTION = ConnectionRecord(
    "k1", "lrs", "v1", "Other", 1000.25, {"endpoint": "https://lrs.example.com/xapi"}, {"password": "s3cr3t"}
)


def make_client(**options: Any) -> Any:
    return boto3.client(
        "dynamodb",
        region_name="eu-west-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        **options,
    )


@pytest.fixture
def client() -> Iterator[Any]:
    """A client of moto, or of the emulator that the environment names, with an empty table."""
    with dynamodb_client() as client:
        client.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
        )
        yield client
        client.delete_table(TableName=TABLE)


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> AccessStore:
    if request.param == "memory":
        return InMemoryAccess()
    return DynamoAccess(request.getfixturevalue("client"), TABLE, page_size=2)


@pytest.fixture
def filled(store: AccessStore) -> AccessStore:
    """With one record of each kind."""
    assert store.put_store(STORE, None)
    assert store.put_client(CLIENT, None)
    assert store.put_connection(CONNECTION, None)
    return store


def test_records_come_back_as_written(filled: AccessStore) -> None:
    found = filled.read("lms", "north")
    assert (found.client, found.store) == (CLIENT, STORE)
    assert filled.connection("lrs", "k1") == CONNECTION
    assert list(filled.stores()) == [STORE]
    assert list(filled.clients()) == [CLIENT]
    assert list(filled.connections("lrs")) == [CONNECTION]


@pytest.mark.parametrize(
    ("client_slug", "store_slug", "known"),
    [
        ("lms", "", (True, False)),
        ("", "north", (False, True)),
        ("", "", (False, False)),
        ("LMS", "nort", (False, False)),
        ("north", "lms", (False, False)),
        ("lms", "lms", (True, False)),
    ],
)
def test_a_read_finds_what_is_named_and_nothing_else(
    filled: AccessStore, client_slug: str, store_slug: str, known: tuple[bool, bool]
) -> None:
    found = filled.read(client_slug, store_slug)
    assert (found.client is not None, found.store is not None) == known


def test_a_secret_is_made_once_and_stays(store: AccessStore) -> None:
    assert store.secret("first", "one") == "one"
    assert store.secret("first", "another") == "one"
    assert store.secret("second", "two") == "two"


def test_unknown_connections_are_none(filled: AccessStore) -> None:
    assert filled.connection("lrs", "k2") is None
    assert filled.connection("db", "k1") is None
    assert list(filled.connections("file")) == []


def test_a_slug_is_taken_once(filled: AccessStore) -> None:
    assert filled.put_store(replace(STORE, id="s2", version="v2"), None) is False
    assert filled.put_client(replace(CLIENT, id="c2", version="v2"), None) is False
    assert filled.put_connection(replace(CONNECTION, version="v2"), None) is False
    assert filled.read("lms", "north").client == CLIENT
    assert filled.read("lms", "north").store == STORE


@pytest.mark.parametrize("expected", ["v0", "v2", ""])
def test_a_write_against_another_version_changes_nothing(filled: AccessStore, expected: str) -> None:
    assert filled.put_store(replace(STORE, name="lost", version="v9"), expected) is False
    assert filled.put_client(replace(CLIENT, username="lost", version="v9"), expected) is False
    assert filled.put_connection(replace(CONNECTION, name="lost", version="v9"), expected) is False
    assert filled.delete_store("north", expected) is False
    assert filled.delete_client(replace(CLIENT, version=expected)) is False
    assert filled.delete_connection("lrs", "k1", expected) is False
    found = filled.read("lms", "north")
    assert (found.client, found.store) == (CLIENT, STORE)
    assert filled.connection("lrs", "k1") == CONNECTION
    assert list(filled.clients_named("lost", 4)) == []


def test_an_expected_version_never_creates(store: AccessStore) -> None:
    assert store.put_store(STORE, "v1") is False
    assert store.put_client(CLIENT, "v1") is False
    assert store.put_connection(CONNECTION, "v1") is False
    assert store.read("lms", "north").client is None
    assert store.delete_client(CLIENT) is False


def test_a_write_against_the_version_read_replaces_everything(filled: AccessStore) -> None:
    changed = ClientRecord("c1", "lms", "v2", "New", "north", 1000.25, "another", "scrypt$2")
    assert filled.put_client(changed, "v1")
    assert filled.read("lms").client == changed
    deleting = replace(STORE, version="v2", status="deleting")
    assert filled.put_store(deleting, "v1")
    assert filled.read("", "north").store == deleting
    plain = replace(CONNECTION, version="v2", settings={}, secrets={})
    assert filled.put_connection(plain, "v1")
    assert filled.connection("lrs", "k1") == plain


@pytest.mark.parametrize("slug", ["nowhere", "south"])
def test_a_client_belongs_to_a_store_that_is_ready(filled: AccessStore, slug: str) -> None:
    assert filled.put_store(replace(STORE, slug="south", status="deleting"), None)
    assert filled.put_client(replace(CLIENT, slug="new", store=slug), None) is False
    assert filled.put_client(replace(CLIENT, version="v2", store=slug), "v1") is False
    assert filled.read("new").client is None
    assert filled.read("lms").client == CLIENT


def test_what_is_deleted_is_gone_and_may_come_again(filled: AccessStore) -> None:
    assert filled.delete_client(CLIENT)
    assert filled.delete_store("north", "v1")
    assert filled.delete_connection("lrs", "k1", "v1")
    found = filled.read("lms", "north")
    assert (found.client, found.store) == (None, None)
    assert [*filled.stores(), *filled.clients(), *filled.connections("lrs")] == []
    assert list(filled.clients_named("user ½", 4)) == []
    assert filled.put_store(replace(STORE, version="v2"), None)
    assert filled.put_client(replace(CLIENT, version="v2"), None)


def test_clients_are_found_by_their_present_user_name(filled: AccessStore) -> None:
    for slug in ("a", "b", "z"):
        assert filled.put_client(replace(CLIENT, slug=slug, id=slug), None)
    assert [found.slug for found in filled.clients_named("user ½", 4)] == ["a", "b", "lms", "z"]
    assert [found.slug for found in filled.clients_named("user ½", 2)] == ["a", "b"]
    assert list(filled.clients_named("USER ½", 4)) == []
    assert filled.put_client(replace(CLIENT, version="v2", username="renamed"), "v1")
    assert [found.slug for found in filled.clients_named("user ½", 4)] == ["a", "b", "z"]
    assert [found.slug for found in filled.clients_named("renamed", 4)] == ["lms"]


@pytest.mark.parametrize("count", [0, 1, 5, 30])
def test_lists_name_every_record_once_by_slug(store: AccessStore, count: int) -> None:
    assert store.put_store(STORE, None)
    assert store.put_store(replace(STORE, slug="south"), None)
    slugs = sorted(f"{'cab'[number % 3]}{number}" for number in range(count))
    for slug in slugs:
        home = "south" if slug.startswith("a") else "north"
        assert store.put_client(replace(CLIENT, slug=slug, store=home), None)
        assert store.put_connection(replace(CONNECTION, id=slug), None)
    assert [found.slug for found in store.clients()] == slugs
    assert [found.slug for found in store.clients("south")] == [slug for slug in slugs if slug[0] == "a"]
    assert [found.id for found in store.connections("lrs")] == slugs
    assert [found.slug for found in store.stores()] == ["north", "south"]


def test_other_items_of_the_table_are_no_records(client: Any) -> None:
    store = DynamoAccess(client, TABLE)
    store.put_store(STORE, None)
    for pk in ("cmi5#north", "store#north", "clients", "connections"):
        client.put_item(TableName=TABLE, Item={"pk": {"S": pk}, "sk": {"S": "x"}})
    assert list(store.stores()) == [STORE]
    assert list(store.clients()) == []
    assert list(store.connections("lrs")) == []


def test_items_say_their_schema_and_are_never_expired_by_the_table(client: Any) -> None:
    store = DynamoAccess(client, TABLE)
    store.put_store(STORE, None)
    store.put_client(CLIENT, None)
    store.put_connection(CONNECTION, None)
    found = client.scan(TableName=TABLE)["Items"]
    assert len(found) == 4
    for item in found:
        assert item["schema"] == {"N": "1"}
        assert "expires_at" not in item


@pytest.mark.parametrize("partition", ["stores", "clients"])
def test_an_item_of_a_newer_release_lets_nobody_in(client: Any, partition: str) -> None:
    store = DynamoAccess(client, TABLE)
    store.put_store(STORE, None)
    store.put_client(CLIENT, None)
    for item in client.scan(TableName=TABLE)["Items"]:
        if item["pk"]["S"].startswith(partition):
            client.put_item(TableName=TABLE, Item={**item, "schema": {"N": "2"}})
    with pytest.raises(Unavailable):
        store.read("lms", "north")


class Repeating:
    """A client that sends each write twice, as a transport does that lost the first answer."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in ("put_item", "transact_write_items"):
            return found

        def twice(**arguments: Any) -> Any:
            found(**arguments)
            return found(**arguments)

        return twice


def test_a_write_that_is_sent_twice_has_happened(client: Any) -> None:
    store = DynamoAccess(Repeating(client), TABLE)  # type: ignore[arg-type]
    assert store.put_store(STORE, None)
    assert store.put_client(CLIENT, None)
    assert store.put_client(replace(CLIENT, version="v2", username="renamed"), "v1")
    assert store.put_connection(CONNECTION, None)


class LeavingOut:
    """A client whose first answers leave items out of a read of several."""

    def __init__(self, inner: Any, times: int) -> None:
        self._inner, self._times = inner, times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def batch_get_item(self, RequestItems: Any) -> Any:
        self._times -= 1
        if self._times < 0:
            return self._inner.batch_get_item(RequestItems=RequestItems)
        return {"Responses": {}, "UnprocessedKeys": json.loads(json.dumps(RequestItems))}


def test_items_that_are_left_out_are_asked_for_again(client: Any) -> None:
    DynamoAccess(client, TABLE).put_store(STORE, None)
    assert DynamoAccess(LeavingOut(client, 2), TABLE).read("lms", "north").store == STORE  # type: ignore[arg-type]
    with pytest.raises(Unavailable):
        DynamoAccess(LeavingOut(client, 3), TABLE).read("lms", "north")  # type: ignore[arg-type]


CALLS: dict[str, Callable[[AccessStore], object]] = {
    "read": lambda store: store.read("lms", "north"),
    "clients_named": lambda store: store.clients_named("user", 4),
    "stores": lambda store: store.stores(),
    "clients": lambda store: store.clients(),
    "connections": lambda store: store.connections("lrs"),
    "connection": lambda store: store.connection("lrs", "k1"),
    "put_store": lambda store: store.put_store(STORE, None),
    "put_client": lambda store: store.put_client(CLIENT, None),
    "change_client": lambda store: store.put_client(CLIENT, "v1"),
    "put_connection": lambda store: store.put_connection(CONNECTION, None),
    "delete_store": lambda store: store.delete_store("north", "v1"),
    "delete_client": lambda store: store.delete_client(CLIENT),
    "delete_connection": lambda store: store.delete_connection("lrs", "k1", "v1"),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_error_of_the_service_is_unavailable_and_tells_no_detail(name: str) -> None:
    with mock_aws():  # no table: ResourceNotFoundException
        store = DynamoAccess(make_client(), "secret-table-name")
        with pytest.raises(Unavailable) as caught:
            CALLS[name](store)
    assert "secret-table-name" not in str(caught.value)


@pytest.mark.parametrize("name", CALLS)
def test_a_service_that_does_not_answer_is_unavailable(name: str) -> None:
    client = make_client(
        endpoint_url="http://127.0.0.1:9",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=1),
    )
    with pytest.raises(Unavailable) as caught:
        CALLS[name](DynamoAccess(client, TABLE))
    assert caught.value.reason == "EndpointConnectionError"


def test_no_secret_of_a_record_shows_itself() -> None:
    assert "s3cr3t" not in repr(CONNECTION)
    assert "scrypt" not in repr(CLIENT)
