"""Queues carry work; they cannot be listed, and they deliver everything at least once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

MESSAGES_PER_CALL = 10  # SQS: SendMessageBatch takes ten messages
# SQS: and 256 KiB in all (1 MiB in some regions since 2025; the old limit holds everywhere)
BYTES_PER_CALL = 256 * 1024


@dataclass(frozen=True)
class Message:
    """One message of an ordered queue.

    `group`: messages of one group are delivered in the order in which they were accepted.
    `deduplication`: a second message with the same id within five minutes is accepted and dropped.
    """

    body: str
    group: str
    deduplication: str


class OrderedQueue(Protocol):
    """A queue that keeps order within a group."""

    def send(self, messages: Sequence[Message]) -> list[bool]:
        """Sends at most ten messages in one call; True for each one accepted, in order.

        Raises `Unavailable` when the call has no answer: any of them may have been accepted.
        """
        ...


class Queue(Protocol):
    """A queue without order."""

    def send(self, body: str) -> None:
        """Sends one message. Raises `Unavailable` when the call has no answer: it may have been accepted."""
        ...
