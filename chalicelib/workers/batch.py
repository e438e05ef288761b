"""What the workers share: the records of an SQS event, and the answer that names those that must come again."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

Event = Mapping[str, Any]
Answer = dict[str, list[dict[str, str]]]


def records(event: Event) -> Iterator[Mapping[str, Any]]:
    """The records of an event, in order of delivery."""
    yield from event.get("Records") or ()


def answer(failed: Iterable[str]) -> Answer:
    """The partial batch answer. Lambda fails the whole batch on an unknown id, so these are the records' own."""
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def time_left(context: Any) -> Callable[[], float]:
    """Seconds until Lambda stops this invocation."""
    return lambda: float(context.get_remaining_time_in_millis()) / 1000


def queue_name(record: Mapping[str, Any]) -> str:
    """The name of the queue that a record came from (last part of its ARN)."""
    return str(record.get("eventSourceARN", "")).rpartition(":")[2]


def each(
    event: Event, handle: Callable[[Mapping[str, Any]], object], log: Callable[[str, Exception], object]
) -> Answer:
    """Handles records one by one; those on which it raises are named in the answer and logged.

    For queues without order: the others of the batch are not held up.
    """
    failed = []
    for record in records(event):
        try:
            handle(record)
        except Exception as error:
            log(str(record["messageId"]), error)
            failed.append(str(record["messageId"]))
    return answer(failed)
