"""What every store of the general log promises, held by the one in memory and the one on DynamoDB."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from mypy_boto3_dynamodb import DynamoDBClient

from chalicelib.adapters.dynamodb_logs import MOST_QUERIES, SCHEMA, DynamoLogs
from chalicelib.errors import Unavailable
from chalicelib.ports.logs import LogEntry, LogSearch, LogStore
from tests.contract.ledger_table import dynamodb_client
from tests.doubles.log_store import MemoryLogStore

TODAY = datetime(2026, 3, 1, 0, 0, 5, tzinfo=UTC)
NOW = int(TODAY.timestamp())
LATER = NOW + 1000


@pytest.fixture(scope="module")
def client() -> Iterator[DynamoDBClient]:
    with dynamodb_client() as client:
        yield client


@pytest.fixture
def table(client: DynamoDBClient) -> Iterator[str]:
    name = f"records-{uuid4().hex[:12]}"
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    yield name
    client.delete_table(TableName=name)


@pytest.fixture
def dynamodb(client: DynamoDBClient, table: str) -> DynamoLogs:
    return DynamoLogs(client, table, page_size=3)


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> LogStore:
    if request.param == "memory":
        return MemoryLogStore()
    store = request.getfixturevalue("dynamodb")
    assert isinstance(store, DynamoLogs)
    return store


def entry(days_ago: float = 0, name: str = "a", **more: object) -> LogEntry:
    at = int((TODAY - timedelta(days=days_ago)).timestamp() * 1_000_000)
    values = {"type": "xapi", "level": 3, "message": "refused", "store": "one", "client": "lms", **more}
    return LogEntry(f"{at:017d}-{name}", at, **values)  # type: ignore[arg-type]


def added(store: LogStore, *entries: LogEntry) -> list[LogEntry]:
    for each in entries:
        store.add(each, LATER)
    return list(entries)


def everything(logs: LogStore, limit: int = 2, **filters: object) -> list[LogEntry]:
    """All pages of a search, one after another."""
    found: list[LogEntry] = []
    after = None
    for _ in range(100):
        page = logs.page(LogSearch(limit, after, **filters), NOW)  # type: ignore[arg-type]
        assert len(page.entries) <= limit
        found += page.entries
        after = page.next
        if after is None:
            return found
    raise AssertionError("the pages never ended")


def test_an_empty_log_has_one_empty_page(store: LogStore) -> None:
    assert store.page(LogSearch(10), NOW).entries == ()
    assert everything(store) == []


def test_entries_come_back_whole_newest_first_over_months(store: LogStore) -> None:
    days = [80, 59.5, 31, 28, 0.01, 0.00001, 0]
    entries = added(store, *(entry(day, details={"ø": "½"}) for day in days), entry(0, "b"))
    assert everything(store, 100) == entries[::-1]
    assert everything(store, 2) == entries[::-1]
    assert everything(store, 1) == entries[::-1]


def test_what_is_expired_is_not_shown(store: LogStore) -> None:
    store.add(entry(1, "old"), NOW)
    kept = added(store, entry(1, "kept"))
    assert everything(store) == kept


def test_a_search_finds_what_holds_all_that_is_given(store: LogStore) -> None:
    a, b, c, d = added(
        store,
        entry(40, "a", level=0),
        entry(30, "b", type="console", store="two"),
        entry(20, "c", level=7),
        entry(10, "d", type="console", level=4),
    )
    assert everything(store, types=("console",)) == [d, b]
    assert everything(store, types=("console", "xapi")) == [d, c, b, a]
    assert everything(store, levels=(0, 4, 5)) == [d, a]
    assert everything(store, store="two") == [b]
    assert everything(store, until=b.at) == [b, a]
    assert everything(store, until=b.at - 1) == [a]
    assert everything(store, types=("console",), levels=(4,), store="one", until=a.at) == []


def test_a_page_goes_on_where_the_last_one_ended_whatever_comes_meanwhile(store: LogStore) -> None:
    entries = added(store, *(entry(day) for day in (5, 4, 3, 2)))
    first = store.page(LogSearch(2), NOW)
    added(store, entry(1))
    rest = store.page(LogSearch(9, first.next), NOW)
    assert [*first.entries, *rest.entries] == entries[::-1]


def test_what_is_removed_is_gone_and_may_be_removed_again(store: LogStore) -> None:
    entries = added(store, *(entry(day / 10, str(day)) for day in range(60)))
    store.remove(entries[:55])
    store.remove(entries[:55])
    assert everything(store, 100) == entries[55:]
    store.remove([])


# What only the adapter has.


def test_one_page_looks_at_so_much_and_no_more(dynamodb: DynamoLogs) -> None:
    wanted = entry(3, "wanted", level=7)
    added(dynamodb, wanted, *(entry(2 - n / 100, str(n)) for n in range(3 * MOST_QUERIES + 5)))
    page = dynamodb.page(LogSearch(10, levels=(7,)), NOW)
    assert page.entries == ()
    assert page.next is not None
    assert everything(dynamodb, levels=(7,)) == [wanted]


def test_a_table_that_does_not_answer_is_unavailable(client: DynamoDBClient) -> None:
    away = DynamoLogs(client, "no-such-table")
    with pytest.raises(Unavailable):
        away.add(entry(), LATER)
    with pytest.raises(Unavailable):
        away.page(LogSearch(1), NOW)
    with pytest.raises(Unavailable):
        away.remove([entry()])


def test_an_entry_that_a_newer_release_wrote_is_not_judged(
    dynamodb: DynamoLogs, client: DynamoDBClient, table: str
) -> None:
    [made] = added(dynamodb, entry())
    client.update_item(
        TableName=table,
        Key={"pk": {"S": "logs#2026-03"}, "sk": {"S": made.id}},
        UpdateExpression="SET #schema = :next",
        ExpressionAttributeNames={"#schema": "schema"},
        ExpressionAttributeValues={":next": {"N": str(SCHEMA + 1)}},
    )
    with pytest.raises(Unavailable) as raised:
        dynamodb.page(LogSearch(9), NOW)
    assert "schema" in raised.value.reason
