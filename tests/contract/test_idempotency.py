"""What every store of idempotency keys promises, held by the one in memory and the one on DynamoDB."""

from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest
from botocore.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from moto import mock_aws

from chalicelib.adapters.dynamodb_accounts import PARTITIONS
from chalicelib.adapters.dynamodb_idempotency import DynamoDBIdempotency
from chalicelib.errors import Unavailable
from chalicelib.idempotency import KEPT_BYTES
from chalicelib.ports.idempotency import IdempotencyStore, KeptAnswer, KeyRecord
from tests.doubles.idempotency import MemoryIdempotency

TABLE = "accounts"
ID = "a" * 64
OPEN = KeyRecord(ID, "v1", "f" * 64, "w1", 1_700_000_060.25, 1_700_086_400.5)
ANSWER = KeptAnswer(201, {"Link": '</x>; rel="½"'}, '{"data":"45° 漢"}'.encode())


def make_client():
    return boto3.client(
        "dynamodb", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )


@pytest.fixture
def client():
    with mock_aws():
        client = make_client()
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


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> Iterator[IdempotencyStore]:
    if request.param == "memory":
        yield MemoryIdempotency()
        return
    yield DynamoDBIdempotency(request.getfixturevalue("client"), TABLE)


@pytest.mark.parametrize(
    "record",
    [
        OPEN,
        replace(OPEN, done=True),
        replace(OPEN, done=True, lease_until=0.0, answer=ANSWER),
        replace(OPEN, done=True, answer=KeptAnswer(204, {}, None)),
        replace(OPEN, done=True, answer=KeptAnswer(200, {}, b"")),
        replace(OPEN, done=True, answer=KeptAnswer(200, {}, b"\xff\x00")),
    ],
)
def test_a_record_comes_back_as_written(store: IdempotencyStore, record: KeyRecord) -> None:
    assert store.put(record, None)
    assert store.get(ID) == record


def test_what_is_not_there_is_none(store: IdempotencyStore) -> None:
    assert store.put(OPEN, None)
    assert store.get("b" * 64) is None


def test_a_write_that_names_another_version_changes_nothing(store: IdempotencyStore) -> None:
    other = replace(OPEN, version="v2", done=True)
    assert not store.put(other, "v1")
    assert store.put(OPEN, None)
    assert not store.put(other, None)
    assert not store.put(other, "v0")
    assert store.get(ID) == OPEN
    assert store.put(other, "v1")
    assert store.get(ID) == other


def test_the_largest_answer_that_is_kept_fits(store: IdempotencyStore) -> None:
    # what no compression makes smaller
    body = bytes(
        (number * number * 31 + number * 7 + (number >> 5) ** 3) % 251 for number in range(KEPT_BYTES)
    )
    record = replace(OPEN, done=True, answer=KeptAnswer(200, {}, body))
    assert store.put(record, None)
    assert store.get(ID) == record


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.one_of(st.none(), st.binary(max_size=200)),
    headers=st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
)
def test_any_answer_comes_back(client, body: bytes | None, headers: dict[str, str]) -> None:
    store = DynamoDBIdempotency(client, TABLE)
    found = store.get(ID)
    record = replace(
        OPEN, version=f"{found.version if found else ''}+", done=True, answer=KeptAnswer(200, headers, body)
    )
    assert store.put(record, found.version if found else None)
    assert store.get(ID) == record


def test_an_item_goes_by_itself_and_is_no_user(client) -> None:
    DynamoDBIdempotency(client, TABLE).put(OPEN, None)
    (item,) = client.scan(TableName=TABLE)["Items"]
    assert item["expires_at"] == {"N": "1700086401"}
    assert item["pk"]["S"] not in {f"users#{number}" for number in range(PARTITIONS)}


def test_an_item_of_a_newer_release_is_a_store_that_does_not_answer(client) -> None:
    store = DynamoDBIdempotency(client, TABLE)
    store.put(OPEN, None)
    client.update_item(
        TableName=TABLE,
        Key={"pk": {"S": f"idempotency#{ID}"}, "sk": {"S": "key"}},
        UpdateExpression="SET #schema = :new",
        ExpressionAttributeNames={"#schema": "schema"},
        ExpressionAttributeValues={":new": {"N": "2"}},
    )
    with pytest.raises(Unavailable):
        store.get(ID)


def test_a_table_that_does_not_answer_is_unavailable_at_every_call() -> None:
    nowhere = boto3.client(
        "dynamodb",
        region_name="eu-west-1",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}),
    )
    store = DynamoDBIdempotency(nowhere, TABLE)
    for call in (lambda: store.get(ID), lambda: store.put(OPEN, None)):
        with pytest.raises(Unavailable):
            call()
