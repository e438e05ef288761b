"""What the ledger on DynamoDB does beyond the contract: lost answers, refusals of the moment, sizes, forms of items."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from mypy_boto3_dynamodb import DynamoDBClient

from chalicelib.adapters.dynamodb_ledger import DynamoLedger
from chalicelib.adapters.dynamodb_ledger_changes import action_of
from chalicelib.adapters.dynamodb_ledger_items import (
    SCHEMA,
    UnknownSchema,
    file_key,
    item_of,
    key_of,
    record_of,
    size,
    tally_key,
)
from chalicelib.errors import Unavailable
from chalicelib.ledger.commands import MOST_CANCELLED
from chalicelib.ports.article_store import Entry
from chalicelib.ports.ledger import Change, Conflict, Count, Delete, EpochIs, Move, Put
from chalicelib.ports.ledger_records import (
    PAGE_SIZE,
    Blocked,
    Control,
    File,
    Gate,
    Page,
    Record,
    Retry,
    Tally,
)
from tests.contract.ledger_table import TableOfTest, dynamodb_client, ledger_table
from tests.doubles.ledger import stored

FILE = File(7, "delta/a.json", False, 1000.25)
PAGE = Page(7, 0, "qqqqq", 0, 50)
GATE = Gate("a", "failure", Entry(7, 0))
DAY = 86_400
Call = Callable[..., Any]
Way = Callable[[str, Call, dict[str, Any]], Any]


class Interposed:
    """A client whose next calls go, one after the other, by the ways given; the rest go straight."""

    def __init__(self, client: DynamoDBClient) -> None:
        self.client, self.ways = client, list[Way]()
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Call:
        def call(**request: Any) -> Any:
            self.calls.append((operation, request))
            straight = getattr(self.client, operation)
            return self.ways.pop(0)(operation, straight, request) if self.ways else straight(**request)

        return call


def answer_lost(operation: str, call: Call, request: dict[str, Any]) -> Any:
    call(**request)
    raise ConnectionClosedError(endpoint_url="http://dynamodb")


def sent_twice(operation: str, call: Call, request: dict[str, Any]) -> Any:
    """As botocore does by itself when an answer is lost."""
    call(**request)
    return call(**request)


def times_out(operation: str, call: Call, request: dict[str, Any]) -> Any:
    raise ReadTimeoutError(endpoint_url="http://dynamodb")


def refuses(code: str, *reasons: str, status: int = 400) -> Way:
    def way(operation: str, call: Call, request: dict[str, Any]) -> Any:
        answer: Any = {
            "Error": {"Code": code, "Message": code},
            "ResponseMetadata": {"HTTPStatusCode": status},
            "CancellationReasons": [{"Code": reason} for reason in reasons],
        }
        raise ClientError(answer, operation)

    return way


@pytest.fixture(scope="module")
def client() -> Iterator[DynamoDBClient]:
    with dynamodb_client() as client:
        yield client


@pytest.fixture
def table(client: DynamoDBClient) -> Iterator[TableOfTest]:
    with ledger_table(client) as table:
        yield table


@pytest.fixture
def between(table: TableOfTest) -> Interposed:
    return Interposed(table.client)


@pytest.fixture
def ledger(between: Interposed, table: TableOfTest) -> DynamoLedger:
    interposed: Any = between
    return DynamoLedger(interposed, table.name, table.clock)


# --- lost answers


@pytest.mark.parametrize("way", [answer_lost, sent_twice])
def test_a_write_alone_whose_answer_is_lost_has_happened_once(
    ledger: DynamoLedger, between: Interposed, way: Way
) -> None:
    ledger.commit(Put(FILE), Put(PAGE))
    for change in (Put(GATE), Put(replace(FILE, version=1))):
        between.ways = [way]
        ledger.commit(change)
    between.ways = [way]
    page = ledger.move(Move(7, 0, {0: ("q", "s")}))
    assert page == replace(PAGE, states="sqqqq", version=2)
    assert ledger.pages([(7, 0)]) == {(7, 0): page}
    assert ledger.file(7) == (replace(FILE, version=2), Tally(7))
    assert ledger.gates(["a"]) == {"a": stored(GATE)}


def test_the_same_record_written_by_another_is_not_taken_for_ones_own(
    ledger: DynamoLedger, table: TableOfTest
) -> None:
    DynamoLedger(table.client, table.name, table.clock).commit(Put(Control(seq=1)))
    with pytest.raises(Conflict):
        ledger.commit(Put(Control(seq=1)))


def test_a_write_that_was_written_over_before_it_is_sent_again_is_a_conflict(
    ledger: DynamoLedger, between: Interposed, table: TableOfTest
) -> None:
    other = DynamoLedger(table.client, table.name, table.clock)

    def overtaken(operation: str, call: Call, request: dict[str, Any]) -> Any:
        call(**request)
        other.commit(Put(replace(stored(GATE), tries=1)))
        raise ConnectionClosedError(endpoint_url="http://dynamodb")

    between.ways = [overtaken]
    with pytest.raises(Conflict):
        ledger.commit(Put(GATE))
    assert ledger.gates(["a"])["a"].version == stored(stored(GATE)).version


@pytest.mark.parametrize(
    "changes",
    [(Put(GATE), Put(FILE)), (Delete(GATE),), (Count(7, {"s": 1}, 0),), (EpochIs(0),)],
    ids=["two", "delete", "count", "check"],
)
def test_a_transaction_is_sent_again_under_the_same_token(
    ledger: DynamoLedger, between: Interposed, changes: tuple[Change, ...]
) -> None:
    ledger.commit(Put(Tally(7)))
    between.calls.clear()
    between.ways = [refuses("InternalServerError", status=500), refuses("TransactionInProgressException")]
    ledger.commit(*changes)
    ledger.commit(EpochIs(0))
    assert {operation for operation, _ in between.calls} == {"transact_write_items"}
    tokens = [request["ClientRequestToken"] for _, request in between.calls]
    assert tokens[0] == tokens[1] == tokens[2] != tokens[3]
    assert len(tokens) == 4


# --- refusals of the moment and failures that stay

TRANSIENT = [
    refuses("ProvisionedThroughputExceededException"),
    refuses("ThrottlingException"),
    refuses("RequestLimitExceeded"),
    refuses("TransactionConflictException"),
    refuses("InternalServerError", status=500),
]


@pytest.mark.parametrize("way", TRANSIENT)
def test_a_refusal_of_the_moment_is_waited_out_but_not_for_ever(
    ledger: DynamoLedger, between: Interposed, table: TableOfTest, way: Way
) -> None:
    between.ways = [way] * 5
    ledger.commit(Put(GATE))
    between.ways = [way] * 5
    assert ledger.control() == Control()
    assert len(table.clock.slept) == 10
    table.clock.slept.clear()
    between.ways = [way] * 6
    with pytest.raises(Unavailable):
        ledger.commit(Delete(stored(GATE)))
    assert 0.7 < sum(table.clock.slept) <= 1.5
    assert ledger.gates(["a"]) == {"a": stored(GATE)}


def test_a_transaction_that_meets_another_is_sent_again(ledger: DynamoLedger, between: Interposed) -> None:
    between.ways = [refuses("TransactionCanceledException", "None", "TransactionConflict")] * 3
    ledger.commit(Put(GATE), Put(FILE))
    assert ledger.gates(["a"]) == {"a": stored(GATE)}


def test_a_transaction_that_lost_is_not_sent_again(ledger: DynamoLedger, between: Interposed) -> None:
    between.ways = [
        refuses("TransactionCanceledException", "TransactionConflict", "ConditionalCheckFailed", "None")
    ]
    with pytest.raises(Conflict) as raised:
        ledger.commit(Put(GATE), Put(FILE), Put(PAGE))
    assert raised.value.lost == {1}
    assert len(between.calls) == 1


def test_a_time_out_is_reported_at_once(
    ledger: DynamoLedger, between: Interposed, table: TableOfTest
) -> None:
    attempts: list[Callable[[], object]] = [
        lambda: ledger.commit(Put(GATE)),
        lambda: ledger.commit(Put(GATE), Put(FILE)),
        lambda: ledger.move(Move(7, 0, {0: ("q", "s")})),
        lambda: ledger.create_pages([PAGE]),
        ledger.control,
        lambda: ledger.gates(["a"]),
        lambda: ledger.files(1, 9, 9),
    ]
    for attempt in attempts:
        between.ways = [times_out]
        with pytest.raises(Unavailable, match="ledger"):
            attempt()
    assert len(between.calls) == len(attempts)
    assert table.clock.slept == []


def never_connected(operation: str, call: Call, request: dict[str, Any]) -> Any:
    raise EndpointConnectionError(endpoint_url="http://dynamodb")


def test_a_connection_that_is_not_taken_is_tried_again(ledger: DynamoLedger, between: Interposed) -> None:
    between.ways = [never_connected, never_connected]
    ledger.commit(Put(FILE))
    assert ledger.file(7) is not None


@pytest.mark.parametrize("error", [EndpointConnectionError, ConnectTimeoutError, SSLError])
def test_without_a_connection_the_ledger_is_unavailable(
    error: Callable[..., Exception], ledger: DynamoLedger, between: Interposed
) -> None:
    def way(operation: str, call: Call, request: dict[str, Any]) -> Any:
        raise error(endpoint_url="http://dynamodb", error="x")

    for attempt in (ledger.control, lambda: ledger.commit(Put(FILE)), lambda: ledger.files(1, 9, 9)):
        between.ways = [way] * 10
        with pytest.raises(Unavailable, match="ledger"):
            attempt()


@pytest.mark.parametrize(
    "way",
    [refuses("ValidationException"), refuses("TransactionCanceledException", "ValidationError", "None")],
)
def test_a_request_that_dynamodb_does_not_understand_is_no_conflict(
    ledger: DynamoLedger, between: Interposed, way: Way
) -> None:
    between.ways = [way]
    with pytest.raises(ClientError):
        ledger.commit(Put(GATE), Put(FILE))


def test_keys_left_unprocessed_are_asked_for_again(ledger: DynamoLedger, between: Interposed) -> None:
    ledger.create_pages([replace(PAGE, p=p) for p in range(10)])

    def half(operation: str, call: Call, request: dict[str, Any]) -> Any:
        [(name, wanted)] = request["RequestItems"].items()
        kept, left = wanted["Keys"][::2], wanted["Keys"][1::2]
        answer = call(RequestItems={name: {**wanted, "Keys": kept}})
        return {**answer, "UnprocessedKeys": {name: {**wanted, "Keys": left}}}

    between.ways = [half, half]
    assert set(ledger.pages([(7, p) for p in range(10)])) == {(7, p) for p in range(10)}
    between.ways = [half] * 6
    with pytest.raises(Unavailable):
        ledger.pages([(7, p) for p in range(100, 200)])


def test_every_read_but_the_index_is_consistent(ledger: DynamoLedger, between: Interposed) -> None:
    ledger.control(), ledger.request_of(1), ledger.requests(0, 9), ledger.announcement("k", "v")
    ledger.files(0, 9, 9), ledger.pages_of(1, 0, 9), ledger.blocked("a", None, 9)
    ledger.retries(9), ledger.retry(9), ledger.pages([(1, 0)]), ledger.gates(["a"])
    for _, request in between.calls:
        [wanted] = request.get("RequestItems", {"": request}).values()
        assert wanted["ConsistentRead"] is True
    assert len(between.calls) == 11


def test_a_list_asks_for_no_more_than_it_needs(ledger: DynamoLedger, between: Interposed) -> None:
    for n in range(1, 9):
        ledger.commit(Put(replace(FILE, n=n)), Put(Tally(n)), Put(Blocked("a", Entry(n, 0))))
    between.calls.clear()
    assert len(ledger.files(1, 99, 3)) == 3
    assert len(ledger.blocked("a", None, 4)) == 4
    assert [request["Limit"] for _, request in between.calls] == [6, 4]


# --- forms of items


def test_a_form_that_this_release_does_not_know_is_refused(ledger: DynamoLedger, table: TableOfTest) -> None:
    item: dict[str, Any] = {**item_of(Control(seq=3), "w", 0.0), "schema": {"N": str(SCHEMA + 1)}}
    table.client.put_item(TableName=table.name, Item=item)
    with pytest.raises(UnknownSchema, match=f"control has schema {SCHEMA + 1}; this release reads"):
        ledger.control()


def test_a_field_that_an_earlier_form_lacks_gets_its_default() -> None:
    item = {**item_of(FILE, "w", 0.0), "schema": {"N": str(SCHEMA - 1)}}
    del item["read_pages"]
    assert record_of(File, item) == replace(FILE, version=1, read_pages=0)


def expiry(table: TableOfTest, record: Record) -> int | None:
    item: Any = table.client.get_item(TableName=table.name, Key=key_of(record).item)["Item"]
    return int(item["expires_at"]["N"]) if "expires_at" in item else None


def test_what_nobody_asks_for_any_more_goes_after_thirty_days(
    ledger: DynamoLedger, table: TableOfTest
) -> None:
    ledger.commit(Put(FILE), Put(Tally(7)), Put(PAGE), Put(Retry(9)))
    assert [expiry(table, record) for record in (FILE, Tally(7), PAGE, Retry(9))] == [None] * 4
    ledger.commit(Put(replace(FILE, forgotten=True, version=1)), Put(Retry(9, done=True, version=1)))
    at = int(table.clock.now()) + 30 * DAY
    assert [expiry(table, record) for record in (FILE, Tally(7), Retry(9))] == [at] * 3
    assert expiry(table, PAGE) is None
    ledger.commit(Count(7, {"s": 1}, 0))
    assert ledger.file(7) == (replace(FILE, forgotten=True, version=2), Tally(7, {"s": 1}, version=2))


def test_a_forgotten_file_without_a_tally_gets_none(
    ledger: DynamoLedger, table: TableOfTest, between: Interposed
) -> None:
    ledger.commit(Put(replace(FILE, forgotten=True)))
    assert ledger.file(7) == (replace(FILE, forgotten=True, version=1), Tally(7))
    assert "Item" not in table.client.get_item(TableName=table.name, Key=tally_key(7).item)
    assert "Item" in table.client.get_item(TableName=table.name, Key=file_key(7).item)
    between.ways = [lambda operation, call, request: call(**request), times_out]
    ledger.commit(Put(replace(FILE, forgotten=True, version=1)))
    assert ledger.file(7) == (replace(FILE, forgotten=True, version=2), Tally(7))


# --- sizes

LAST = 10**12 - 1
COUNTS = dict.fromkeys("qrsfbcx", 10**7)


@pytest.mark.parametrize("states", ["q" * PAGE_SIZE, ("qrsfbcx" * 15)[:PAGE_SIZE]])
def test_the_largest_page_is_well_under_a_write_unit(states: str) -> None:
    page = Page(LAST, 10**9 - 1, states, 10**15, 10**15, 10**9, COUNTS, 10**9, 10**9)
    assert size(item_of(page, "w" * 12, 0.0)) < 512


@pytest.mark.parametrize(
    "record",
    [
        Control(LAST, LAST, LAST, LAST, (), LAST, LAST, "article/25", 10**9),
        Tally(LAST, COUNTS, 10**9, 10**9),
        Blocked("é" * 200, Entry(LAST, 10**9 - 2), "é" * 200, 10**9),
        Gate(
            "4711", "failure", Entry(LAST, 10**9 - 2), ("e" * 500,), "fault", 3, 9, LAST, LAST, "4711", 10**9
        ),
    ],
    ids=lambda record: type(record).__name__,
)
def test_what_is_written_for_each_entry_fits_into_a_write_unit(record: Record) -> None:
    assert size(item_of(record, "w" * 12, 0.0)) <= 1024


def test_control_with_as_many_cancelled_files_as_may_be_is_one_read_unit() -> None:
    cancelled = (LAST,) * MOST_CANCELLED
    assert (
        size(item_of(Control(LAST, LAST, LAST, LAST, cancelled, LAST, LAST, "article/25"), "w", 0.0)) <= 4096
    )


def test_sizes_are_counted_as_dynamodb_does() -> None:
    assert size({"pk": {"S": "é"}}) == 4
    assert size({"a": {"N": "1000"}}) == 3
    assert size({"a": {"N": "-123"}}) == 5
    assert size({"a": {"BOOL": True}}) == 2
    assert size({"a": {"L": []}}) == 4
    assert size({"a": {"L": [{"S": "q"}, {"S": "s"}]}}) == 8
    assert size({"a": {"M": {"k": {"N": "12"}}}}) == 8


def test_a_move_of_a_whole_page_fits_into_the_limits_of_expressions() -> None:
    letters = "qrsfbcx"
    places = {i: (letters[i % 7], letters[(i + 1) % 7]) for i in range(PAGE_SIZE)}
    request = action_of(Move(LAST, 10**9 - 1, places, epoch=10**9), "w" * 12, 0.0).request
    for expression in (request["ConditionExpression"], request["UpdateExpression"]):
        assert len(expression) < 4096
        operators = sum(expression.count(sign) for sign in ("=", "AND", "+", "attribute_exists"))
        assert operators < 300
