"""The queues as an operator sees them: how deep they are, and what lies in the parking queue."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from infra.template.queues import QUEUES

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

PEEK_SECONDS = 60
"""How long a parked message is hidden from others while a person looks at it."""

PART = "The queue"
_DEPTHS: Any = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
]
_MESSAGES_A_CALL = 10  # SQS: ReceiveMessage hands out ten at most

Kind = Literal["work", "dead letters", "parking"]


@dataclass(frozen=True)
class Depth:
    """About how many messages a queue holds. `in_hand`: handed out and not acknowledged yet."""

    name: str
    kind: Kind
    waiting: int
    in_hand: int


@dataclass(frozen=True)
class Parked:
    """A parked message. `source`: the dead-letter queue that it came from; `receipt`: good for this look at it."""

    id: str
    receipt: str
    source: str
    why: str
    body: str
    parked_at: float


class QueueDesk(Protocol):
    """What an operator does with queues. Every method raises `Unavailable` when the queue does not answer."""

    def depths(self) -> list[Depth]:
        """Return the depth of every queue."""
        ...

    def parked(self, limit: int) -> list[Parked]:
        """Return up to `limit` parked messages, hidden from others for PEEK_SECONDS."""
        ...

    def release(self, parked: Parked) -> None:
        """Put a parked message back at once."""
        ...

    def remove(self, parked: Parked) -> None:
        """Remove a parked message for good."""
        ...

    def send_notice(self, body: str) -> None:
        """Send a notice of the bucket again."""
        ...


def read_parked(message_id: str, receipt: str, text: str, parked_at: float) -> Parked:
    """Return a message of the parking queue; one that nobody here has written is shown as it is."""
    try:
        content = json.loads(text)
        source, why, body = str(content["source"]), str(content["why"]), str(content["body"])
    except (ValueError, KeyError, TypeError, RecursionError):
        source, why, body = "", "it was not put here by the dead-letter consumer", text
    return Parked(message_id, receipt, source, why, body, parked_at)


class SqsDesk:
    """The queues of a deployment, by the outputs of its stack."""

    def __init__(self, client: "SQSClient", outputs: Mapping[str, str]) -> None:
        self._client, self._outputs = client, outputs

    def depths(self) -> list[Depth]:
        return [
            *(self._depth(queue.name, "work", queue.logical_id) for queue in QUEUES),
            *(self._depth(f"{queue.name}-dead", "dead letters", queue.dead_id) for queue in QUEUES),
            self._depth("parking", "parking", "ParkingQueue"),
        ]

    def parked(self, limit: int) -> list[Parked]:
        from chalicelib.adapters.aws_answers import answered

        found: dict[str, Parked] = {}
        while len(found) < limit:
            with answered(PART):
                answer = self._client.receive_message(
                    QueueUrl=self._outputs["ParkingQueueUrl"],
                    MaxNumberOfMessages=min(_MESSAGES_A_CALL, limit - len(found)),
                    VisibilityTimeout=PEEK_SECONDS,
                    WaitTimeSeconds=1,
                    MessageSystemAttributeNames=["SentTimestamp"],
                )
            fresh = [m for m in answer.get("Messages", []) if m["MessageId"] not in found]
            if not fresh:
                break
            for message in fresh:
                sent = float(message.get("Attributes", {}).get("SentTimestamp", 0)) / 1000
                key, receipt = message["MessageId"], message["ReceiptHandle"]
                found[key] = read_parked(key, receipt, message["Body"], sent)
        return sorted(found.values(), key=lambda parked: parked.parked_at)

    def release(self, parked: Parked) -> None:
        from chalicelib.adapters.aws_answers import answered

        with answered(PART):
            self._client.change_message_visibility(
                QueueUrl=self._outputs["ParkingQueueUrl"], ReceiptHandle=parked.receipt, VisibilityTimeout=0
            )

    def remove(self, parked: Parked) -> None:
        from chalicelib.adapters.aws_answers import answered

        with answered(PART):
            self._client.delete_message(
                QueueUrl=self._outputs["ParkingQueueUrl"], ReceiptHandle=parked.receipt
            )

    def send_notice(self, body: str) -> None:
        from chalicelib.adapters.sqs_queues import SqsQueue

        SqsQueue(self._client, self._outputs["DeltaNoticesQueueUrl"]).send(body)

    def _depth(self, name: str, kind: Kind, logical_id: str) -> Depth:
        from chalicelib.adapters.aws_answers import answered

        with answered(PART):
            answer = self._client.get_queue_attributes(
                QueueUrl=self._outputs[f"{logical_id}Url"], AttributeNames=_DEPTHS
            )
        visible, hidden, delayed = (int(answer["Attributes"].get(name, "0")) for name in _DEPTHS)
        return Depth(name, kind, visible + delayed, hidden)
