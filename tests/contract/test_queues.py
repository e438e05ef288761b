"""What every queue promises its sender, held by the ones in memory and the ones on SQS.

moto stands in for SQS. It deduplicates and keeps the order of a first delivery, so the sender's side is held
against it. It gives out a group wrongly after a visibility timeout, so the receiver's side of the double has
tests of its own in `tests/unit/test_memory_queues.py`.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber
from moto import mock_aws
from mypy_boto3_sqs import SQSClient

from chalicelib.adapters.sqs_queues import SqsOrderedQueue, SqsQueue
from chalicelib.errors import Unavailable
from chalicelib.ports.queue import BYTES_PER_CALL, Message, OrderedQueue, Queue
from tests.doubles.clock import FakeClock
from tests.doubles.queues import MemoryOrderedQueue, MemoryQueue

URL = "https://sqs.eu-west-1.amazonaws.com/123456789012/work.fifo"


class Ordered(NamedTuple):
    """An ordered queue and what a receiver finds in it: (group, body), in order of delivery."""

    queue: OrderedQueue
    held: Callable[[], list[tuple[str, str]]]


class Plain(NamedTuple):
    """A queue without order and the bodies that a receiver finds in it."""

    queue: Queue
    held: Callable[[], list[str]]


def make_client() -> SQSClient:
    return boto3.client(
        "sqs", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )


@pytest.fixture(params=["memory", "sqs"])
def ordered(request: pytest.FixtureRequest) -> Iterator[Ordered]:
    if request.param == "memory":
        memory = MemoryOrderedQueue(FakeClock())
        yield Ordered(memory, lambda: [(received.group, received.body) for received in memory.receive()])
        return
    with mock_aws():
        client = make_client()
        url = client.create_queue(QueueName="work.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]

        def held() -> list[tuple[str, str]]:
            answer = client.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["MessageGroupId"]
            )
            return [
                (item["Attributes"]["MessageGroupId"], item["Body"]) for item in answer.get("Messages", [])
            ]

        yield Ordered(SqsOrderedQueue(client, url), held)


@pytest.fixture(params=["memory", "sqs"])
def plain(request: pytest.FixtureRequest) -> Iterator[Plain]:
    if request.param == "memory":
        memory = MemoryQueue(FakeClock())
        yield Plain(memory, lambda: [received.body for received in memory.receive()])
        return
    with mock_aws():
        client = make_client()
        url = client.create_queue(QueueName="notices")["QueueUrl"]

        def held() -> list[str]:
            answer = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
            return [item["Body"] for item in answer.get("Messages", [])]

        yield Plain(SqsQueue(client, url), held)


def test_messages_arrive_whole_and_in_order(ordered: Ordered) -> None:
    texts = ['{"a": "½ 灯"}', " \t\r\n", "x" * 100_000]
    assert (
        ordered.queue.send([Message(text, "g", str(place)) for place, text in enumerate(texts)]) == [True] * 3
    )
    assert ordered.queue.send([Message("last", "g", "last")]) == [True]
    assert ordered.held() == [("g", text) for text in [*texts, "last"]]


def test_ten_messages_go_in_one_call(ordered: Ordered) -> None:
    assert ordered.queue.send([Message(str(n), f"g{n}", str(n)) for n in range(10)]) == [True] * 10
    assert sorted(ordered.held()) == [(f"g{n}", str(n)) for n in range(10)]


def test_the_same_deduplication_id_is_accepted_and_dropped(ordered: Ordered) -> None:
    assert ordered.queue.send([Message("one", "g", "1")]) == [True]
    assert ordered.queue.send([Message("one again", "g", "1"), Message("two", "g", "2")]) == [True, True]
    assert ordered.held() == [("g", "one"), ("g", "two")]


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [Message("x", "g", str(number)) for number in range(11)],
        [
            Message("é" * (BYTES_PER_CALL // 4), "g", "1"),
            Message("é" * (BYTES_PER_CALL // 4) + "!", "g", "2"),
        ],
    ],
)
def test_a_call_that_no_queue_takes_is_a_mistake_of_the_caller(
    ordered: Ordered, messages: list[Message]
) -> None:
    with pytest.raises(ValueError, match="in one call"):
        ordered.queue.send(messages)
    assert ordered.held() == []


def test_a_queue_without_order_delivers_what_it_was_sent(plain: Plain) -> None:
    plain.queue.send('{"a": "½ 灯"}')
    plain.queue.send('{"a": "½ 灯"}')
    assert plain.held() == ['{"a": "½ 灯"}'] * 2


def test_a_call_accepted_in_part_says_which() -> None:
    client = make_client()
    answer = {
        "Successful": [{"Id": "2", "MessageId": "m", "MD5OfMessageBody": "d"}],
        "Failed": [
            {"Id": "0", "Code": "InternalError", "SenderFault": False},
            {"Id": "1", "Code": "InvalidMessageContents", "SenderFault": True},
        ],
    }
    with Stubber(client) as stub:
        stub.add_response("send_message_batch", answer)
        queue = SqsOrderedQueue(client, URL)
        assert queue.send([Message("x", "g", str(n)) for n in range(3)]) == [False, False, True]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("RequestThrottled", 403),
        ("ServiceUnavailable", 503),
        ("AWS.SimpleQueueService.NonExistentQueue", 400),
    ],
)
def test_a_refused_call_is_unavailable_and_names_the_kind(code: str, status: int) -> None:
    client = make_client()
    with Stubber(client) as stub:
        stub.add_client_error("send_message_batch", code, "inner detail", http_status_code=status)
        stub.add_client_error("send_message", code, "inner detail", http_status_code=status)
        with pytest.raises(Unavailable) as ordered:
            SqsOrderedQueue(client, URL).send([Message("x", "g", "1")])
        with pytest.raises(Unavailable) as plain:
            SqsQueue(client, URL).send("x")
    for caught in (ordered.value, plain.value):
        assert caught.reason == code
        assert "inner detail" not in str(caught)


@pytest.mark.parametrize(
    "error", [ReadTimeoutError(endpoint_url="x"), EndpointConnectionError(endpoint_url="x")]
)
def test_a_call_without_an_answer_is_unavailable(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make_client()

    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(client, "send_message_batch", fail)
    monkeypatch.setattr(client, "send_message", fail)
    with pytest.raises(Unavailable):
        SqsOrderedQueue(client, URL).send([Message("x", "g", "1")])
    with pytest.raises(Unavailable):
        SqsQueue(client, URL).send("x")
