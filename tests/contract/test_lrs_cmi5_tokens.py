"""What every token store promises, held by the one in memory and the one on DynamoDB."""

from collections.abc import Iterator
from dataclasses import replace

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from chalicelib.adapters.dynamodb_cmi5_tokens import ITEMS_PER_BATCH, KEPT_SECONDS, SCHEMA, DynamoCmi5Tokens
from chalicelib.errors import Unavailable
from chalicelib.ports.cmi5_tokens import TokenRecord, TokenStore
from tests.doubles.cmi5_tokens import MemoryCmi5Tokens

TABLE = "access"
AT = 1_790_000_000_000_000
AGENT = {"objectType": "Agent", "name": "Ada ½ 灯 \ud800", "mbox": "mailto:ada@example.com"}


def token(at: int = AT, number: int = 0, **more: object) -> TokenRecord:
    made = TokenRecord(
        id=f"{at:013x}{number:010x}",
        store="main",
        client_id="c-1",
        digest=f"{number:064x}",
        agent=AGENT,
        activity_id="http://activity.example.com/½",
        origin="https://content.example.com",
        created_at=at,
        expires_at=at + 7_000_000,
    )
    return replace(made, **more)


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
def store(request: pytest.FixtureRequest) -> Iterator[TokenStore]:
    if request.param == "memory":
        yield MemoryCmi5Tokens()
        return
    yield DynamoCmi5Tokens(request.getfixturevalue("client"), TABLE)


@pytest.mark.parametrize(
    "made", [token(), token(registration="760e3480-ba55-4991-94b0-01820dbd23a2", spent=True)]
)
def test_a_token_comes_back_as_written(store: TokenStore, made: TokenRecord) -> None:
    assert store.add(made)
    assert store.get("main", made.id) == made


def test_what_is_not_there_is_none(store: TokenStore) -> None:
    assert store.add(token())
    assert store.get("main", token(number=1).id) is None
    assert store.get("other", token().id) is None


def test_an_id_is_given_once_and_a_write_that_is_sent_again_is_the_same_write(store: TokenStore) -> None:
    assert store.add(token())
    assert store.add(token())
    assert not store.add(token(digest="f" * 64))
    assert store.get("main", token().id) == token()


def test_an_exchange_happens_once(store: TokenStore) -> None:
    spent, fresh, later = token(), token(number=1), token(number=2)
    assert store.add(spent)
    assert store.exchange(spent, fresh)
    assert store.get("main", spent.id) == replace(spent, spent=True)
    assert store.get("main", fresh.id) == fresh
    assert not store.exchange(spent, later)
    assert store.get("main", later.id) is None


def test_an_exchange_that_is_sent_again_is_the_same_exchange(store: TokenStore) -> None:
    assert store.add(token())
    assert store.exchange(token(), token(number=1))
    assert store.exchange(token(), token(number=1))


def test_what_is_gone_cannot_be_exchanged(store: TokenStore) -> None:
    assert not store.exchange(token(), token(number=1))
    assert store.get("main", token(number=1).id) is None


def test_tokens_up_to_a_time_come_oldest_first_in_pages(store: TokenStore) -> None:
    made = [token(AT + number, number) for number in (2, 0, 1, 3)]
    for each in made:
        assert store.add(each)
    assert store.add(token(AT, 9, store="other"))
    oldest = sorted(made, key=lambda each: each.id)
    assert list(store.created_until("main", AT + 2, 10)) == oldest[:3]
    assert list(store.created_until("main", AT + 2, 2)) == oldest[:2]
    assert list(store.created_until("main", AT - 1, 2)) == []
    assert list(store.created_until("main", AT + 2, 10, oldest[0].id)) == oldest[1:3]
    assert list(store.created_until("main", AT + 2, 10, oldest[2].id)) == []
    assert list(store.created_until("main", AT, 10, oldest[2].id)) == []


def test_what_is_removed_is_gone_and_what_is_gone_may_be_removed(store: TokenStore) -> None:
    made = [token(AT, number) for number in range(ITEMS_PER_BATCH + 2)]
    for each in made:
        assert store.add(each)
    store.remove("main", [each.id for each in made[1:]] + [made[1].id, "0" * 23])
    store.remove("main", [])
    assert list(store.created_until("main", AT, 100)) == [made[0]]


def test_an_item_goes_by_itself_a_day_after_its_end(client) -> None:
    DynamoCmi5Tokens(client, TABLE).add(token())
    item = client.get_item(TableName=TABLE, Key={"pk": {"S": "cmi5#main"}, "sk": {"S": token().id}})["Item"]
    assert int(item["expires_at"]["N"]) == AT // 1_000_000 + 7 + KEPT_SECONDS


def test_an_item_of_another_form_is_a_store_that_does_not_answer(client) -> None:
    client.put_item(TableName=TABLE, Item={"pk": {"S": "cmi5#main"}, "sk": {"S": "0"}})
    with pytest.raises(Unavailable):
        DynamoCmi5Tokens(client, TABLE).get("main", "0")


def test_a_table_that_does_not_answer_is_unavailable_at_every_call() -> None:
    nowhere = boto3.client(
        "dynamodb",
        region_name="eu-west-1",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"total_max_attempts": 1}),
    )
    store = DynamoCmi5Tokens(nowhere, TABLE)
    calls = (
        lambda: store.get("main", "0"),
        lambda: store.add(token()),
        lambda: store.exchange(token(), token(number=1)),
        lambda: store.created_until("main", AT, 1),
        lambda: store.remove("main", ["0"]),
    )
    for call in calls:
        with pytest.raises(Unavailable):
            call()


def test_a_token_that_a_newer_release_wrote_is_not_judged(client) -> None:
    store, made = DynamoCmi5Tokens(client, TABLE), token()
    store.add(made)
    client.update_item(
        TableName=TABLE,
        Key={"pk": {"S": "cmi5#main"}, "sk": {"S": made.id}},
        UpdateExpression="SET #schema = :next",
        ExpressionAttributeNames={"#schema": "schema"},
        ExpressionAttributeValues={":next": {"N": str(SCHEMA + 1)}},
    )
    for read in (lambda: store.get("main", made.id), lambda: store.created_until("main", AT, 9)):
        with pytest.raises(Unavailable) as raised:
            read()
        assert "schema" in raised.value.reason
