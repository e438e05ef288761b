"""What every store of jobs promises, held by the one in memory and the one on DynamoDB."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mypy_boto3_dynamodb import DynamoDBClient

from chalicelib.adapters.dynamodb_job_items import LOG_DAYS, SCHEMA, SHARDS
from chalicelib.adapters.dynamodb_jobs import DELETES_PER_CALL, DynamoJobs
from chalicelib.errors import Unavailable
from chalicelib.ports.jobs import (
    LARGEST_RECORD,
    DueJob,
    JobEvent,
    JobRecord,
    JobStore,
    Progress,
    Run,
    RunState,
)
from tests.contract.ledger_table import dynamodb_client
from tests.doubles.job_store import MemoryJobStore

NOW = 1_795_324_595_123_456
MINUTE = 60_000_000


@pytest.fixture(scope="module")
def client() -> Iterator[DynamoDBClient]:
    with dynamodb_client() as client:
        yield client


@pytest.fixture
def table(client: DynamoDBClient) -> Iterator[str]:
    name = f"jobs-{uuid4().hex[:12]}"
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk", "due_pk", "due_at")
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "due",
                "KeySchema": [
                    {"AttributeName": "due_pk", "KeyType": "HASH"},
                    {"AttributeName": "due_at", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    yield name
    client.delete_table(TableName=name)


@pytest.fixture
def dynamodb(client: DynamoDBClient, table: str) -> DynamoJobs:
    return DynamoJobs(client, table)


@pytest.fixture(params=["memory", "dynamodb"])
def store(request: pytest.FixtureRequest) -> JobStore:
    if request.param == "memory":
        return MemoryJobStore()
    found = request.getfixturevalue("dynamodb")
    assert isinstance(found, DynamoJobs)
    return found


def job(job_id: str = "a", kind: str = "clearing", **more: Any) -> JobRecord:
    return JobRecord(job_id, kind, "Clearing", "lms", NOW, {"repeat": "now"}, {}, **more)


WHOLE = job(
    store="s",
    service="statements",
    client="c",
    connection="k",
    replay=True,
    next_run_at=NOW + 1,
    due_at=NOW,
    run=Run(
        "r", RunState.STOPPING, NOW, NOW + 2, {"after": ["ø", 1, None]}, {"ids": ["½"]}, True, "w", 3, 2, 1
    ),
    ran=True,
    success=False,
    started_at=NOW,
    completed_at=NOW + 5,
    progress=Progress(6, 3, 2, 1),
    feedback="No.",
    evidence={"counted": 3},
    memory={"at": {"n": 1.5}},
)


def made(store: JobStore, record: JobRecord) -> JobRecord:
    stored = store.put(record, None)
    assert stored is not None
    return stored


@pytest.mark.parametrize("record", [job(), WHOLE], ids=["new", "whole"])
def test_a_job_comes_back_as_it_was_written(store: JobStore, record: JobRecord) -> None:
    assert store.get(record.type, record.id) is None
    stored = made(store, record)
    assert stored == replace(record, version=stored.version)
    assert store.get(record.type, record.id) == stored
    assert store.get("pseudo", record.id) is None
    assert store.page(record.type, None, 10).jobs == (stored,)


def test_a_job_is_made_once_and_changed_by_who_has_seen_it(store: JobStore) -> None:
    first = made(store, job())
    assert store.put(job(feedback="other"), None) is None
    second = store.put(replace(first, feedback="changed"), first.version)
    assert second is not None
    assert second.version > first.version
    assert store.put(replace(first, feedback="late"), first.version) is None
    assert store.get("clearing", "a") == second


def test_a_job_that_is_gone_is_not_written_again(store: JobStore) -> None:
    stored = made(store, WHOLE)
    assert store.delete(stored)
    assert store.put(stored, stored.version) is None
    assert store.get(stored.type, stored.id) is None
    assert store.due(NOW + MINUTE, 10) == []


def test_a_job_is_deleted_by_who_has_seen_it_and_takes_its_log_along(store: JobStore) -> None:
    first = made(store, WHOLE)
    other = made(store, replace(WHOLE, id="b"))
    for index in range(DELETES_PER_CALL + 3):
        store.add_event(first, JobEvent(f"{index:03d}", "progress", NOW))
    store.add_event(other, JobEvent("1", "started", NOW))
    second = store.put(first, first.version)
    assert second is not None
    assert not store.delete(first)
    assert store.get(first.type, "a") == second
    assert store.delete(second)
    assert not store.delete(second)
    assert store.get(first.type, "a") is None
    assert store.events(first.type, "a", None, 100) == ([], None)
    assert len(store.events(first.type, "b", None, 100)[0]) == 1
    assert [each.id for each in store.due(NOW, 10)] == ["b"]


def test_a_record_too_large_to_be_kept_is_refused_and_what_is_allowed_is_kept(store: JobStore) -> None:
    largest = LARGEST_RECORD - 2_000
    stored = made(store, replace(WHOLE, memory={"m": "½" * (largest // 2)}))
    assert store.get(stored.type, "a") == stored
    with pytest.raises(ValueError, match="too large"):
        store.put(replace(stored, memory={"m": "½" * (LARGEST_RECORD // 2)}), stored.version)
    assert store.get(stored.type, "a") == stored


def all_pages(turn: Callable[[str | None], tuple[Any, str | None]]) -> list[Any]:
    found: list[Any] = []
    cursor = None
    for _ in range(100):
        page, cursor = turn(cursor)
        found += page
        if cursor is None:
            return found
    raise AssertionError("the pages never ended")


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_jobs_of_a_type_are_listed_page_by_page(store: JobStore, limit: int) -> None:
    names = [f"{index:02d}" for index in (3, 0, 2, 1)]
    for name in names:
        made(store, job(name))
    made(store, job("01", "pseudo"))

    def turn(cursor: str | None) -> tuple[Any, str | None]:
        page = store.page("clearing", cursor, limit)
        assert len(page.jobs) <= limit
        return page.jobs, page.next

    assert [each.id for each in all_pages(turn)] == sorted(names)
    assert store.page("pull", None, limit).jobs == ()


def test_large_jobs_are_listed_whole(store: JobStore) -> None:
    for index in range(8):
        made(store, job(str(index), memory={"m": "x" * 300_000}))
    assert [each.id for each in store.page("clearing", None, 7).jobs] == list("0123456")
    assert store.page("clearing", "6", 7).next is None


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_a_log_is_read_in_order_and_a_line_told_twice_stands_once(store: JobStore, limit: int) -> None:
    stored = made(store, job())
    lines = [
        JobEvent("1", "started", NOW),
        JobEvent("2", "progress", NOW + 1, None, "½"),
        JobEvent("3", "failed", NOW + 2, False, "Why"),
        JobEvent("4", "passed", NOW + 3, True),
    ]
    for line in (lines[2], lines[0], lines[3], lines[1]):
        store.add_event(stored, replace(line, feedback="told before"))
        store.add_event(stored, line)
    assert all_pages(lambda cursor: store.events("clearing", "a", cursor, limit)) == lines
    assert store.events("clearing", "b", None, limit) == ([], None)


def test_what_is_due_is_found_most_overdue_first_and_nothing_else(store: JobStore) -> None:
    for name, due_at in (("d", 0), ("b", -MINUTE), ("c", -1), ("later", 1), ("a", -2 * MINUTE)):
        made(store, job(name, due_at=NOW + due_at))
    made(store, job("never"))
    made(store, job("e", "pseudo", due_at=NOW - 2))
    expected = [("a", "clearing"), ("b", "clearing"), ("e", "pseudo"), ("c", "clearing"), ("d", "clearing")]
    found = store.due(NOW, 100)
    assert [(each.id, each.type) for each in found] == expected
    assert found[-1] == DueJob("clearing", "d", NOW)
    assert store.due(NOW, 2) == found[:2]
    assert store.due(NOW - 3 * MINUTE, 100) == []


def test_what_is_not_due_any_more_is_not_found(store: JobStore) -> None:
    stored = made(store, job(due_at=NOW))
    moved = store.put(replace(stored, due_at=NOW + MINUTE), stored.version)
    assert moved is not None
    assert store.due(NOW, 10) == []
    assert [each.due_at for each in store.due(NOW + MINUTE, 10)] == [NOW + MINUTE]
    assert store.put(replace(moved, due_at=None), moved.version)
    assert store.due(NOW + 9 * MINUTE, 10) == []


def test_due_jobs_are_found_however_they_are_spread(store: JobStore) -> None:
    names = {f"{index:03d}" for index in range(40)}
    for name in names:
        made(store, job(name, due_at=NOW))
    assert {each.id for each in store.due(NOW, 100)} == names
    assert len(store.due(NOW, 7)) == 7


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(max_size=5), json_values, max_size=4)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(schedule=objects, own=objects, plan=objects)
def test_whatever_a_type_keeps_comes_back(
    dynamodb: DynamoJobs, schedule: dict[str, object], own: dict[str, object], plan: dict[str, object]
) -> None:
    run = Run("r", RunState.RUNNING, NOW, NOW, position=own, plan=plan)
    record = replace(job(uuid4().hex), schedule=schedule, settings=own, run=run)
    for store in (dynamodb, MemoryJobStore()):
        stored = made(store, record)
        assert store.get(record.type, record.id) == stored == replace(record, version=stored.version)


# Of DynamoDB alone.


def lose_answer(client: DynamoDBClient, operation: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The first call of an operation happens and has no answer; the client sends it again, as botocore does."""
    real, sent = getattr(client, operation), []

    def call(**request: Any) -> Any:
        sent.append(operation)
        if len(sent) == 1:
            real(**request)
        return real(**request)

    monkeypatch.setattr(client, operation, call)
    return sent


def test_a_write_sent_twice_for_want_of_an_answer_was_made(
    dynamodb: DynamoJobs, client: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        lose_answer(client, "put_item", patch)
        stored = made(dynamodb, WHOLE)
    with monkeypatch.context() as patch:
        lose_answer(client, "put_item", patch)
        changed = dynamodb.put(replace(stored, feedback="changed"), stored.version)
    assert changed is not None
    assert dynamodb.get(stored.type, "a") == changed


@pytest.mark.parametrize("method", ["get", "put", "delete", "page", "due", "add_event", "events"])
def test_a_call_without_an_answer_is_unavailable(
    dynamodb: DynamoJobs, client: DynamoDBClient, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    stored = made(dynamodb, WHOLE)

    def fail(**_: Any) -> Any:
        raise ReadTimeoutError(endpoint_url="https://dynamodb.example.com")

    for operation in ("get_item", "put_item", "delete_item", "query", "batch_write_item"):
        monkeypatch.setattr(client, operation, fail)
    arguments: dict[str, tuple[Any, ...]] = {
        "get": (stored.type, stored.id),
        "put": (stored, stored.version),
        "delete": (stored,),
        "page": (stored.type, None, 5),
        "due": (NOW, 5),
        "add_event": (stored, JobEvent("1", "started", NOW)),
        "events": (stored.type, stored.id, None, 5),
    }
    with pytest.raises(Unavailable):
        getattr(dynamodb, method)(*arguments[method])


def test_what_a_newer_release_wrote_is_not_judged(
    dynamodb: DynamoJobs, client: DynamoDBClient, table: str
) -> None:
    stored = made(dynamodb, job())
    client.update_item(
        TableName=table,
        Key={"pk": {"S": "jobs#clearing"}, "sk": {"S": "a"}},
        UpdateExpression="SET #schema = :next",
        ExpressionAttributeNames={"#schema": "schema"},
        ExpressionAttributeValues={":next": {"N": str(SCHEMA + 1)}},
    )
    with pytest.raises(Unavailable) as raised:
        dynamodb.get(stored.type, stored.id)
    assert "schema" in raised.value.reason


def test_lines_of_a_log_expire_and_jobs_do_not(
    dynamodb: DynamoJobs, client: DynamoDBClient, table: str
) -> None:
    stored = made(dynamodb, job())
    dynamodb.add_event(stored, JobEvent("1", "started", NOW))
    items = {each["pk"]["S"]: each for each in client.scan(TableName=table)["Items"]}
    assert items["log#clearing#a"]["expires_at"] == {"N": str(NOW // 1_000_000 + LOG_DAYS * 86_400)}
    assert "expires_at" not in items["jobs#clearing"]


def test_asking_for_what_is_due_costs_the_same_whatever_waits(
    dynamodb: DynamoJobs, client: DynamoDBClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cost() -> tuple[int, int]:
        real, answers = client.query, []

        def query(**request: Any) -> Any:
            answers.append(real(**request))
            return answers[-1]

        with monkeypatch.context() as patch:
            patch.setattr(client, "query", query)
            assert len(dynamodb.due(NOW, 100)) == 3
        return len(answers), sum(answer["ScannedCount"] for answer in answers)

    for index in range(3):
        made(dynamodb, job(f"due{index}", due_at=NOW - index))
    few = cost()
    for index in range(60):
        made(dynamodb, job(f"wait{index}", due_at=NOW + 1 + index))
        made(dynamodb, job(f"none{index}"))
    assert cost() == few == (SHARDS, 3)
