"""Queues on SQS.

The client may repeat a send whose answer did not arrive. On a FIFO queue the deduplication id makes that
harmless (what was accepted is dropped, and the next call is made only after this one); on a standard queue a
message may come twice, which every receiver must stand anyway.
"""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.adapters.aws_answers import answered, bounded
from chalicelib.ports.queue import BYTES_PER_CALL, MESSAGES_PER_CALL, Message

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

READ_SECONDS = 5.0
PART = "The queue"
_log = logging.getLogger(__name__)


def make_client() -> "SQSClient":
    """A client with bounded time-outs; region, keys and endpoint come from the environment."""
    import boto3

    return boto3.client("sqs", config=bounded(READ_SECONDS))


class SqsOrderedQueue:
    """`ports.queue.OrderedQueue` on a FIFO queue."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, messages: Sequence[Message]) -> list[bool]:
        if not 1 <= len(messages) <= MESSAGES_PER_CALL:
            raise ValueError(
                f"{len(messages)} messages in one call, where 1 to {MESSAGES_PER_CALL} are allowed"
            )
        if sum(len(message.body.encode()) for message in messages) > BYTES_PER_CALL:
            raise ValueError(f"more than {BYTES_PER_CALL} bytes in one call")
        with answered(PART):
            answer = self._client.send_message_batch(
                QueueUrl=self._url,
                Entries=[
                    {
                        "Id": str(place),
                        "MessageBody": message.body,
                        "MessageGroupId": message.group,
                        "MessageDeduplicationId": message.deduplication,
                    }
                    for place, message in enumerate(messages)
                ],
            )
        for refused in answer.get("Failed", []):
            _log.warning(
                "the queue refused a message: %s%s",
                refused["Code"],
                " (it will refuse it again)" if refused["SenderFault"] else "",
            )
        accepted = {entry["Id"] for entry in answer.get("Successful", [])}
        return [str(place) in accepted for place in range(len(messages))]


class SqsQueue:
    """`ports.queue.Queue` on a standard queue."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def send(self, body: str) -> None:
        with answered(PART):
            self._client.send_message(QueueUrl=self._url, MessageBody=body)
