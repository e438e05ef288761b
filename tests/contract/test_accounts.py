"""What every account store promises, held by the one in memory and the one on DynamoDB."""

from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from chalicelib.adapters.dynamodb_accounts import DynamoDBAccounts
from chalicelib.errors import Unavailable
from chalicelib.ports.accounts import AccountStore, TokenRecord, UserRecord
from tests.doubles.accounts import InMemoryAccounts

TABLE = "accounts"
TOKEN = TokenRecord("t1", "ab" * 32, "api", 1000.25, expires_at=5000.5)
OTHER_TOKEN = TokenRecord("t2", "cd" * 32, "second", 1001.0)
USER = UserRecord(
    "ada", "v1", "Ada@Example.org", "Ada ½ 灯", "scrypt$…", False, 1000.25, (TOKEN, OTHER_TOKEN)
)


def make_client():
    return boto3.client(
        "dynamodb", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )


def make_table(client) -> None:
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
    )


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[AccountStore]:
    if request.param == "memory":
        yield InMemoryAccounts()
        return
    with mock_aws():
        client = make_client()
        make_table(client)
        yield DynamoDBAccounts(client, TABLE, page_size=2)


@pytest.fixture
def client():
    with mock_aws():
        client = make_client()
        make_table(client)
        yield client


def listed_keys(store: AccountStore) -> list[str]:
    page = store.page()
    keys = [user.key for user in page.users]
    while page.cursor is not None:
        page = store.page(page.cursor)
        keys.extend(user.key for user in page.users)
    return keys


def test_a_user_comes_back_as_written(store: AccountStore) -> None:
    assert store.put(USER, None) is True
    found = store.get("ada")
    assert found is not None
    assert replace(found, tokens=()) == replace(USER, tokens=())
    assert {token.id: token for token in found.tokens} == {"t1": TOKEN, "t2": OTHER_TOKEN}


def test_a_user_without_tokens_comes_back(store: AccountStore) -> None:
    store.put(replace(USER, tokens=(), is_admin=True), None)
    assert store.get("ada") == replace(USER, tokens=(), is_admin=True)


def test_an_unknown_key_is_nobody(store: AccountStore) -> None:
    store.put(USER, None)
    assert store.get("ad") is None
    assert store.get("adaa") is None


def test_a_user_is_created_once(store: AccountStore) -> None:
    assert store.put(USER, None) is True
    assert store.put(replace(USER, name="Second", version="v2"), None) is False
    found = store.get("ada")
    assert found is not None
    assert (found.name, found.version) == (USER.name, "v1")


@pytest.mark.parametrize("expected", ["v0", "v2", "", "V1"])
def test_a_write_against_another_version_changes_nothing(store: AccountStore, expected: str) -> None:
    store.put(USER, None)
    assert store.put(replace(USER, name="Lost", version="v9"), expected) is False
    assert store.delete("ada", expected) is False
    found = store.get("ada")
    assert found is not None
    assert found.name == USER.name


def test_a_write_against_the_version_read_replaces_everything(store: AccountStore) -> None:
    store.put(USER, None)
    renewed = replace(USER, version="v2", tokens=(replace(OTHER_TOKEN, id="t3"),))
    assert store.put(renewed, "v1") is True
    assert store.get("ada") == renewed
    assert store.put(replace(USER, version="v3"), "v1") is False


def test_an_expected_version_never_creates(store: AccountStore) -> None:
    assert store.put(USER, "v1") is False
    assert store.delete("ada", "v1") is False
    assert store.get("ada") is None


def test_a_deleted_user_is_gone_and_may_come_again(store: AccountStore) -> None:
    store.put(USER, None)
    assert store.delete("ada", "v1") is True
    assert store.get("ada") is None
    assert listed_keys(store) == []
    assert store.put(replace(USER, version="v2"), None) is True


def test_the_last_use_is_noted_without_a_new_version(store: AccountStore) -> None:
    store.put(USER, None)
    assert store.mark_used("ada", "t1", at=2000.5, unless_since=1940.5) is True
    found = store.get("ada")
    assert found is not None
    assert found.version == "v1"
    assert found.token("t1") == replace(TOKEN, last_used_at=2000.5)
    assert found.token("t2") == OTHER_TOKEN


@pytest.mark.parametrize(("since", "noted"), [(1999.9, False), (2000.0, True), (2000.1, True)])
def test_the_last_use_is_noted_again_only_when_the_mark_is_old(
    store: AccountStore, since: float, noted: bool
) -> None:
    store.put(USER, None)
    store.mark_used("ada", "t1", at=2000.0, unless_since=0.0)
    assert store.mark_used("ada", "t1", at=3000.0, unless_since=since) is noted
    found = store.get("ada")
    assert found is not None
    token = found.token("t1")
    assert token is not None
    assert token.last_used_at == (3000.0 if noted else 2000.0)


def test_a_mark_brings_back_neither_token_nor_user(store: AccountStore) -> None:
    assert store.mark_used("ada", "t1", at=2000.0, unless_since=0.0) is False
    assert store.get("ada") is None
    store.put(replace(USER, tokens=(OTHER_TOKEN,)), None)
    assert store.mark_used("ada", "t1", at=2000.0, unless_since=0.0) is False
    assert store.get("ada") == replace(USER, tokens=(OTHER_TOKEN,))


@pytest.mark.parametrize("count", [0, 1, 2, 5, 21])
def test_pages_name_every_user_once(store: AccountStore, count: int) -> None:
    keys = [f"{'abca'[number % 4]}{number}" for number in range(count)]
    for key in keys:
        store.put(replace(USER, key=key), None)
    assert sorted(listed_keys(store)) == sorted(keys)


def test_other_items_of_the_table_are_no_users(client) -> None:
    store = DynamoDBAccounts(client, TABLE)
    store.put(USER, None)
    for pk, sk in (("client#1", "ada"), ("users", "ada"), ("users#ada", "note")):
        client.put_item(TableName=TABLE, Item={"pk": {"S": pk}, "sk": {"S": sk}})
    assert listed_keys(store) == ["ada"]


def test_a_real_key_may_start_with_any_letter_of_its_alphabet(client) -> None:
    store = DynamoDBAccounts(client, TABLE)
    for letter in "abcdefghijklmnopqrstuvwxyz234567":
        assert store.put(replace(USER, key=letter * 26), None)
    assert {key[0] for key in listed_keys(store)} == set("abcdefghijklmnopqrstuvwxyz234567")
    partitions = {item["pk"]["S"] for item in client.scan(TableName=TABLE)["Items"]}
    assert len(partitions) == 8


def test_an_item_says_its_schema_and_is_never_expired_by_the_table(client) -> None:
    DynamoDBAccounts(client, TABLE).put(USER, None)
    item = client.scan(TableName=TABLE)["Items"][0]
    assert item["schema"] == {"N": "1"}
    assert "expires_at" not in item


def test_an_item_of_a_newer_release_lets_nobody_in(client) -> None:
    store = DynamoDBAccounts(client, TABLE)
    store.put(USER, None)
    client.update_item(
        TableName=TABLE,
        Key={"pk": {"S": "users#1"}, "sk": {"S": "ada"}},
        UpdateExpression="SET #schema = :new",
        ExpressionAttributeNames={"#schema": "schema"},
        ExpressionAttributeValues={":new": {"N": "2"}},
    )
    with pytest.raises(Unavailable):
        store.get("ada")


CALLS = {
    "get": lambda store: store.get("ada"),
    "create": lambda store: store.put(USER, None),
    "put": lambda store: store.put(USER, "v1"),
    "delete": lambda store: store.delete("ada", "v1"),
    "mark_used": lambda store: store.mark_used("ada", "t1", 1.0, 0.0),
    "page": lambda store: store.page(),
}


@pytest.mark.parametrize("name", CALLS)
def test_an_error_of_the_service_is_unavailable_and_tells_no_detail(name: str) -> None:
    with mock_aws():  # no table: ResourceNotFoundException
        store = DynamoDBAccounts(make_client(), "secret-table-name")
        with pytest.raises(Unavailable) as caught:
            CALLS[name](store)
    assert caught.value.reason == "ResourceNotFoundException"
    assert "secret-table-name" not in str(caught.value)


@pytest.mark.parametrize("name", CALLS)
def test_a_service_that_does_not_answer_is_unavailable(name: str) -> None:
    client = boto3.client(
        "dynamodb",
        region_name="eu-west-1",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=1),
    )
    with pytest.raises(Unavailable) as caught:
        CALLS[name](DynamoDBAccounts(client, TABLE))
    assert caught.value.reason == "EndpointConnectionError"
