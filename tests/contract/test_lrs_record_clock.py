"""What every record clock promises, held by the one in memory and the one on DynamoDB."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from threading import Lock
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st
from mypy_boto3_dynamodb import DynamoDBClient

from chalicelib.adapters.dynamodb_record_clock import DynamoRecordClock
from chalicelib.errors import Unavailable
from chalicelib.ports.record_clock import Batch, BatchState, ClockReading, RecordClock
from tests.contract.ledger_table import dynamodb_client
from tests.doubles.record_clock import MemoryRecordClock

NOW = 1_795_324_595_123_456
LEASE = NOW + 60_000_000


@pytest.fixture(scope="module")
def client() -> Iterator[DynamoDBClient]:
    with dynamodb_client() as client:
        yield client


def make_table(client: DynamoDBClient) -> str:
    name = f"records-{uuid4().hex[:12]}"
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    return name


@pytest.fixture
def table(client: DynamoDBClient) -> Iterator[str]:
    name = make_table(client)
    yield name
    client.delete_table(TableName=name)


@pytest.fixture(params=["memory", "dynamodb"])
def clock(request: pytest.FixtureRequest) -> RecordClock:
    if request.param == "memory":
        return MemoryRecordClock()
    return DynamoRecordClock(request.getfixturevalue("client"), request.getfixturevalue("table"))


def register(clock: RecordClock, batch: str = "b", count: int = 1, now: int = NOW) -> Batch:
    return clock.register("s", batch, count, now, LEASE)


def test_a_store_without_a_clock_has_an_empty_one(clock: RecordClock) -> None:
    assert clock.read("s") == ClockReading(0, {}, frozenset(), 0)
    assert clock.read("s").horizon == 0
    assert clock.undone_before("s", NOW) == []
    clock.forget_undone("s", NOW)
    clock.forget_store("s")
    assert clock.read("s") == ClockReading()


def test_what_is_changed_outside_of_a_batch_has_readers_refresh(clock: RecordClock) -> None:
    clock.touch("s")
    assert clock.read("s") == ClockReading()
    batch = register(clock)
    before = clock.read("s")
    clock.touch("s")
    clock.touch("s")
    assert clock.read("s") == replace(before, finished=before.finished + 2)
    assert clock.read("s").open == {"b": batch}
    assert clock.read("other") == ClockReading()


@pytest.mark.parametrize("method", ["commit", "finish", "begin_undo"])
def test_nothing_is_moved_in_a_store_without_a_clock(clock: RecordClock, method: str) -> None:
    assert not getattr(clock, method)("s", "b")
    clock.end_undo("s", "b", NOW)
    assert clock.read("s") == ClockReading()


def test_a_batch_takes_its_times_from_now_on_and_is_open(clock: RecordClock) -> None:
    batch = register(clock, count=3)
    assert batch == Batch("b", NOW, NOW + 2, LEASE, BatchState.WRITING)
    assert clock.read("s") == ClockReading(NOW + 2, {"b": batch}, frozenset(), 0)
    assert clock.read("s").horizon == NOW - 1


@pytest.mark.parametrize("off", [None, (), ("void_statements", "update_vocab")])
def test_a_batch_keeps_which_options_are_off_for_it(clock: RecordClock, off: tuple[str, ...] | None) -> None:
    made = clock.register("s", "b", 1, NOW, LEASE, off)
    assert made == Batch("b", NOW, NOW, LEASE, BatchState.WRITING, off)
    clock.commit("s", "b")
    assert clock.read("s").open["b"].off == off


@pytest.mark.parametrize("behind", [0, 1, 5_000_000])
def test_times_rise_where_the_wall_clock_does_not(clock: RecordClock, behind: int) -> None:
    register(clock, "a", 3)
    second = register(clock, "b", 2, NOW - behind)
    assert (second.first, second.last) == (NOW + 3, NOW + 4)
    assert clock.read("s").last == NOW + 4
    third = register(clock, "c", 1, NOW + 5)
    assert third.first == third.last == NOW + 5


@pytest.mark.parametrize(("ahead", "first"), [(0, NOW + 1), (-1, NOW), (1, NOW + 2), (-2, NOW)])
def test_no_time_up_to_a_promise_is_taken(clock: RecordClock, ahead: int, first: int) -> None:
    assert clock.raise_to("s", NOW + ahead) == ClockReading(NOW + ahead)
    assert register(clock).first == first


def test_a_promise_tells_the_whole_clock_and_never_lowers_it(clock: RecordClock) -> None:
    batch = register(clock, count=2)
    for at in (NOW - 1, NOW + 1):
        assert clock.raise_to("s", at) == ClockReading(NOW + 1, {"b": batch}) == clock.read("s")
    raised = clock.raise_to("s", NOW + 9)
    assert raised == ClockReading(NOW + 9, {"b": batch}) == clock.read("s")
    assert raised.horizon == NOW - 1


def test_a_batch_that_is_open_already_is_returned_as_it_is(clock: RecordClock) -> None:
    batch = register(clock, count=2)
    assert clock.register("s", "b", 2, NOW + 70, LEASE + 70) == batch
    assert clock.register("s", "b", 2, NOW - 70, LEASE) == batch
    clock.commit("s", "b")
    assert register(clock).state is BatchState.COMMITTED
    assert clock.read("s").last == NOW + 1


def test_the_horizon_is_before_the_oldest_open_batch(clock: RecordClock) -> None:
    for index, name in enumerate("abc"):
        register(clock, name, 2, NOW + 10 * index)
    assert clock.read("s").horizon == NOW - 1
    clock.finish("s", "b", writing=True)
    assert clock.read("s").horizon == NOW - 1
    clock.finish("s", "a", writing=True)
    assert clock.read("s").horizon == NOW + 19
    clock.finish("s", "c", writing=True)
    assert clock.read("s").horizon == clock.read("s").last == NOW + 21


def test_a_batch_is_committed_once_and_stays_so(clock: RecordClock) -> None:
    register(clock)
    assert clock.read("s").shows(NOW, "b") is False
    assert [clock.commit("s", "b") for _ in range(2)] == [True, True]
    assert clock.read("s").open["b"].state is BatchState.COMMITTED
    assert clock.read("s").shows(NOW, "b") is True
    assert clock.begin_undo("s", "b") is False
    assert clock.read("s").finished == 0


def test_a_committed_batch_is_finished_once(clock: RecordClock) -> None:
    register(clock)
    assert clock.finish("s", "b") is None
    assert clock.read("s").open["b"].state is BatchState.WRITING
    clock.commit("s", "b")
    assert clock.finish("s", "b") == clock.read("s") == ClockReading(NOW, {}, frozenset(), 1)
    assert clock.read("s").shows(NOW, "b") is True
    assert [clock.finish("s", "b"), clock.finish("s", "b", writing=True)] == [None, None]
    assert [clock.commit("s", "b"), clock.begin_undo("s", "b")] == [False, False]
    assert clock.read("s").finished == 1


@pytest.mark.parametrize("committed", [False, True])
def test_a_batch_is_committed_and_finished_in_one_step(clock: RecordClock, committed: bool) -> None:
    register(clock)
    if committed:
        clock.commit("s", "b")
    assert clock.finish("s", "b", writing=True) == clock.read("s") == ClockReading(NOW, {}, frozenset(), 1)


def test_a_batch_is_undone_and_remembered(clock: RecordClock) -> None:
    register(clock)
    clock.end_undo("s", "b", NOW)  # it is not being undone
    assert set(clock.read("s").open) == {"b"}
    assert [clock.begin_undo("s", "b") for _ in range(2)] == [True, True]
    assert clock.read("s").open["b"].state is BatchState.UNDOING
    assert clock.read("s").shows(NOW, "b") is False
    refused = [clock.commit("s", "b"), clock.finish("s", "b"), clock.finish("s", "b", writing=True)]
    assert refused == [False, None, None]
    assert clock.read("s").finished == 0
    clock.end_undo("s", "b", NOW + 5)
    assert clock.read("s") == ClockReading(NOW, {}, frozenset({"b"}), 1)
    assert clock.read("s").shows(NOW, "b") is False
    clock.end_undo("s", "b", NOW + 9)
    assert clock.read("s").finished == 1
    assert clock.undone_before("s", NOW + 6) == ["b"]


def undo(clock: RecordClock, batch: str, at: int) -> None:
    register(clock, batch)
    clock.begin_undo("s", batch)
    clock.end_undo("s", batch, at)


def test_what_was_undone_is_forgotten_by_its_time(clock: RecordClock) -> None:
    for index, name in enumerate("abc"):
        undo(clock, name, NOW + index)
    assert clock.undone_before("s", NOW) == []
    assert sorted(clock.undone_before("s", NOW + 2)) == ["a", "b"]
    assert clock.read("s").undone == {"a", "b", "c"}
    clock.forget_undone("s", NOW + 2)
    assert clock.read("s").undone == {"c"}
    clock.forget_undone("s", NOW + 2)
    clock.forget_undone("s", NOW + 3)
    assert clock.read("s").undone == frozenset()


def test_some_of_what_was_undone_are_forgotten(clock: RecordClock) -> None:
    for index, name in enumerate("abc"):
        undo(clock, name, NOW + index)
    clock.forget_undone("s", NOW + 2, ["b", "c", "d"])  # c is too young, d was never there
    assert clock.read("s").undone == {"a", "c"}


def test_a_batch_of_which_nothing_can_arrive_any_more_is_not_kept(clock: RecordClock) -> None:
    register(clock)
    clock.begin_undo("s", "b")
    clock.end_undo("s", "b", NOW + 5, late=False)
    assert clock.read("s") == ClockReading(NOW, {}, frozenset(), 1)


def test_hundreds_that_were_undone_are_forgotten(clock: RecordClock) -> None:
    for index in range(130):
        undo(clock, f"batch-{index:016x}", NOW + index)
    clock.forget_undone("s", NOW + 129)
    assert clock.read("s").undone == {f"batch-{129:016x}"}


def test_stores_have_clocks_of_their_own_and_lose_them(clock: RecordClock) -> None:
    register(clock, count=5)
    other = clock.register("t", "b", 1, NOW, LEASE)
    assert other.first == NOW
    assert clock.commit("t", "b") is True
    assert clock.read("s").open["b"].state is BatchState.WRITING
    clock.forget_store("s")
    assert clock.read("s") == ClockReading()
    assert clock.read("t").open["b"].state is BatchState.COMMITTED
    assert register(clock, now=NOW - 9).first == NOW - 9


def test_any_name_of_a_batch_is_its_own(clock: RecordClock) -> None:
    names = ["a.b", "#open", ":one", "a b", "ø", "0", "a-b[0]", "if_not_exists(x)"]
    for name in names:
        register(clock, name)
        assert clock.commit("s", name) is True
    assert set(clock.read("s").open) == set(names)
    assert all(clock.finish("s", name) for name in names)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["register", "raise", "commit", "finish", "end", "begin_undo", "end_undo", "forget"]
            ),
            st.integers(0, 3),
            st.integers(1, 12),
        ),
        max_size=25,
    )
)
def test_both_clocks_are_the_same_whatever_is_done(
    client: DynamoDBClient, steps: list[tuple[str, int, int]]
) -> None:
    clocks: list[RecordClock] = [MemoryRecordClock(), DynamoRecordClock(client, shared_table(client))]
    store = uuid4().hex
    for name, index, at in steps:
        assert do(clocks[0], store, name, f"b{index}", at) == do(clocks[1], store, name, f"b{index}", at)
        assert clocks[0].read(store) == clocks[1].read(store)


_TABLES: dict[int, str] = {}


def shared_table(client: DynamoDBClient) -> str:
    if id(client) not in _TABLES:
        _TABLES[id(client)] = make_table(client)
    return _TABLES[id(client)]


def do(clock: RecordClock, store: str, name: str, batch: str, at: int) -> object:
    steps: dict[str, Callable[[], object]] = {
        "register": lambda: clock.register(store, batch, 1 + at % 3, at, at + 5),
        "raise": lambda: clock.raise_to(store, at),
        "commit": lambda: clock.commit(store, batch),
        "finish": lambda: clock.finish(store, batch),
        "end": lambda: clock.finish(store, batch, writing=True),
        "begin_undo": lambda: clock.begin_undo(store, batch),
        "end_undo": lambda: clock.end_undo(store, batch, at),
        "forget": lambda: clock.forget_undone(store, at),
    }
    return steps[name]()


class Connection:
    """A client that loses answers: `lost` says of each call, from the first on, whether it happens before that."""

    def __init__(self, inner: Any, *lost: bool | None) -> None:
        self._inner, self._lost, self.calls = inner, list(lost), 0
        self.late: list[Callable[[], object]] = []

    @property
    def exceptions(self) -> Any:
        return self._inner.exceptions

    def __getattr__(self, name: str) -> Any:
        target = getattr(self._inner, name)

        def call(**request: Any) -> Any:
            self.calls += 1
            happens = self._lost.pop(0) if self._lost else None
            if happens is None:
                return target(**request)
            if happens:
                target(**request)
            else:
                self.late.append(lambda: target(**request))
            raise ReadTimeoutError(endpoint_url="dynamodb")

        return call


class OneByOne:
    """A client whose calls of many threads go one after the other: moto mixes them up."""

    def __init__(self, inner: Any) -> None:
        self._inner, self._lock = inner, Lock()

    def __getattr__(self, name: str) -> Any:
        target = getattr(self._inner, name)

        def call(**request: Any) -> Any:
            with self._lock:
                return target(**request)

        return target if name == "exceptions" else call


CALLS: dict[str, Callable[[RecordClock], object]] = {
    "read": lambda clock: clock.read("s"),
    "raise_to": lambda clock: clock.raise_to("s", NOW + 50),
    "register": lambda clock: clock.register("s", "new", 2, NOW + 50, LEASE),
    "register next": lambda clock: clock.register("s", "open", 2, NOW, LEASE),
    "commit": lambda clock: clock.commit("s", "open"),
    "begin_undo": lambda clock: clock.begin_undo("s", "open"),
    "end_undo": lambda clock: clock.end_undo("s", "undoing", NOW),
    "forget_undone": lambda clock: clock.forget_undone("s", NOW + 9),
    "undone_before": lambda clock: clock.undone_before("s", NOW + 9),
}


def prepared(clock: RecordClock) -> RecordClock:
    undo(clock, "undone", NOW)
    register(clock, "open")
    register(clock, "undoing")
    clock.begin_undo("s", "undoing")
    return clock


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("happens", [True, False])
def test_a_call_whose_answer_was_lost_is_made_once_more(
    client: DynamoDBClient, table: str, call: Callable[[RecordClock], object], happens: bool
) -> None:
    memory = prepared(MemoryRecordClock())
    real = DynamoRecordClock(client, table)
    prepared(real)
    connection: Any = Connection(client, happens)
    assert call(DynamoRecordClock(connection, table)) == call(memory)
    assert real.read("s") == memory.read("s")
    for late in connection.late:  # the first one arrives after the second: refused, or of no effect
        with suppress(client.exceptions.ConditionalCheckFailedException):
            late()
    assert real.read("s") == memory.read("s")


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_without_any_answer_a_clock_is_unavailable(
    client: DynamoDBClient, table: str, call: Callable[[RecordClock], object]
) -> None:
    prepared(DynamoRecordClock(client, table))
    connection: Any = Connection(client, *[False] * 9)
    with pytest.raises(Unavailable):
        call(DynamoRecordClock(connection, table))
    assert connection.calls == 2


def test_a_registration_that_arrives_after_its_batch_has_ended_opens_nothing(
    client: DynamoDBClient, table: str
) -> None:
    real = DynamoRecordClock(client, table)
    real.raise_to("s", NOW - 5)
    connection: Any = Connection(client, False)
    DynamoRecordClock(connection, table).register("s", "b", 1, NOW, LEASE)
    real.finish("s", "b", writing=True)
    [late] = connection.late
    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        late()
    assert real.read("s") == ClockReading(NOW, {}, frozenset(), 1)


def test_a_registration_behind_the_clock_is_not_sent_twice(client: DynamoDBClient, table: str) -> None:
    DynamoRecordClock(client, table).raise_to("s", NOW)
    connection: Any = Connection(client, None, False)
    with pytest.raises(Unavailable):
        DynamoRecordClock(connection, table).register("s", "b", 1, NOW, LEASE)
    assert connection.calls == 2


def test_a_registration_is_one_call_and_behind_the_clock_two(client: DynamoDBClient, table: str) -> None:
    for now, calls in [(NOW, 2), (NOW + 1, 1), (NOW, 2)]:  # the first one makes the item
        connection: Any = Connection(client)
        DynamoRecordClock(connection, table).register("s", uuid4().hex, 1, now, LEASE)
        assert connection.calls == calls


def test_writers_at_once_take_different_times(client: DynamoDBClient, table: str) -> None:
    one_by_one: Any = OneByOne(client)
    clock = DynamoRecordClock(one_by_one, table)

    def write(index: int) -> list[int]:
        batch = clock.register("s", f"b{index}", 3, NOW - index % 5, LEASE)
        return list(range(batch.first, batch.last + 1))

    with ThreadPoolExecutor(8) as pool:
        taken = [time for times in pool.map(write, range(60)) for time in times]
    assert len(set(taken)) == 180
    assert len(clock.read("s").open) == 60
    assert clock.read("s").last == max(taken)


def test_a_clock_of_a_newer_release_is_left_alone(client: DynamoDBClient, table: str) -> None:
    clock = DynamoRecordClock(client, table)
    clock.raise_to("s", NOW)
    client.update_item(
        TableName=table,
        Key={"pk": {"S": "clock#s"}, "sk": {"S": "clock"}},
        UpdateExpression="SET #schema = :two",
        ExpressionAttributeNames={"#schema": "schema"},
        ExpressionAttributeValues={":two": {"N": "2"}},
    )
    calls: list[Callable[[], object]] = [
        lambda: clock.read("s"),
        lambda: clock.raise_to("s", NOW),
        lambda: clock.commit("s", "b"),
        lambda: clock.finish("s", "b"),
    ]
    for call in calls:
        with pytest.raises(Unavailable) as refused:
            call()
        assert "schema 2" in refused.value.reason


def test_a_table_that_is_not_there_makes_the_clock_unavailable(client: DynamoDBClient) -> None:
    with pytest.raises(Unavailable):
        DynamoRecordClock(client, "none").read("s")


def test_an_open_batch_is_about_a_hundred_bytes(client: DynamoDBClient, table: str) -> None:
    clock = DynamoRecordClock(client, table)
    for index in range(40):
        clock.register("s", f"{index:016x}", 100, NOW + index * 100, LEASE)
    item = client.get_item(TableName=table, Key={"pk": {"S": "clock#s"}, "sk": {"S": "clock"}})["Item"]
    size = len(repr({name: item[name] for name in ("open", "first")}))
    assert size / 40 < 250  # as Python writes it; DynamoDB counts names and digits alone
