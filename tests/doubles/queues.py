"""Queues in memory, with the delivery rules of SQS: both sides, where the port knows only the sender's.

Faults are not built in: wrap a queue to inject them.
"""

import itertools
import random
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from chalicelib.ports.clock import Clock
from chalicelib.ports.queue import BYTES_PER_CALL, MESSAGES_PER_CALL, Message

DEDUPLICATION_SECONDS = 300.0
_LEGAL_BODY = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
NAME_LENGTH = 128  # of a group or a deduplication id; printable ASCII without the space


@dataclass(frozen=True)
class Received:
    """A message in a receiver's hands. `receipt`: good for this delivery; `group`: empty without order."""

    message_id: str
    body: str
    group: str
    receive_count: int
    receipt: str


@dataclass
class _Held:
    sequence: int
    message_id: str
    body: str
    group: str
    visible_at: float = 0.0
    receive_count: int = 0
    receipt: str = ""


class _MemoryMessages:
    """What both kinds of queue share: messages in order of acceptance, visibility, receipts, dead letters."""

    def __init__(
        self,
        clock: Clock,
        visibility: float,
        max_receive_count: int | None,
        dead_letters: "_MemoryMessages | None",
    ) -> None:
        if (max_receive_count is None) != (dead_letters is None):
            raise ValueError("a limit on receives and a dead-letter queue go together")
        self._clock = clock
        self._visibility = visibility
        self._max_receive_count = max_receive_count
        self._dead_letters = dead_letters
        self._messages: dict[int, _Held] = {}
        self._groups: dict[str, dict[int, _Held]] = {}
        self._out: dict[str, _Held] = {}  # delivered at least once and not acknowledged, by receipt
        self._sequences = itertools.count(1)
        self.calls = 0

    def __len__(self) -> int:
        """Messages held, in flight or not."""
        return len(self._messages)

    @property
    def bodies(self) -> list[str]:
        """The bodies of the messages held, in order of acceptance."""
        return [held.body for held in self._messages.values()]

    @property
    def in_flight(self) -> int:
        """Messages that a receiver holds at this moment."""
        return sum(self._hidden(held) for held in self._out.values())

    def acknowledge(self, received: Received) -> bool:
        """Deletes a message; False where this delivery of it has run out."""
        held = self._find(received)
        if held is None:
            return False
        self._remove(held)
        return True

    def hide(self, received: Received, seconds: float) -> bool:
        """Keeps a message from other receivers for so long from now on; 0 returns it at once."""
        held = self._find(received)
        if held is None:
            return False
        held.visible_at = self._clock.now() + seconds
        return True

    def settle(self, batch: Iterable[Received], failed: Collection[str] = (), hidden: float = 0.0) -> None:
        """Ends a batch as Lambda does: acknowledges it but for the message ids that `failed`.

        Those come again after `hidden` seconds, in their place.
        """
        for received in batch:
            if received.message_id in failed:
                self.hide(received, hidden)
            else:
                self.acknowledge(received)

    def _accept(self, body: str, group: str, message_id: str = "") -> str:
        sequence = next(self._sequences)
        held = _Held(sequence, message_id or f"message-{id(self):x}-{sequence}", body, group)
        self._messages[sequence] = held
        self._groups.setdefault(group, {})[sequence] = held
        return held.message_id

    def _remove(self, held: _Held) -> None:
        del self._messages[held.sequence]
        self._out.pop(held.receipt, None)
        group = self._groups[held.group]
        del group[held.sequence]
        if not group:
            del self._groups[held.group]

    def _deliver(self, held: _Held) -> Received | None:
        """Hands a message out; None where it went to the dead-letter queue instead."""
        if self._dead_letters is not None and held.receive_count == self._max_receive_count:
            self._remove(held)
            self._dead_letters._accept(held.body, held.group, held.message_id)
            return None
        self._out.pop(held.receipt, None)
        held.receive_count += 1
        held.visible_at = self._clock.now() + self._visibility
        held.receipt = f"{held.sequence}#{held.receive_count}"
        self._out[held.receipt] = held
        return Received(held.message_id, held.body, held.group, held.receive_count, held.receipt)

    def _take(self, candidates: Iterable[_Held], limit: int) -> list[Received]:
        delivered = (self._deliver(held) for held in candidates)
        return list(itertools.islice((received for received in delivered if received is not None), limit))

    def _hidden(self, held: _Held) -> bool:
        return held.visible_at > self._clock.now()

    def _find(self, received: Received) -> _Held | None:
        held = self._out.get(received.receipt)
        return held if held is not None and self._hidden(held) else None


class MemoryOrderedQueue(_MemoryMessages):
    """Stands in for `ports.queue.OrderedQueue` and for the receiving side of an SQS FIFO queue.

    A group is locked while one of its messages is in flight. `calls` counts the calls of `send`.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        visibility: float = 60.0,
        max_receive_count: int | None = None,
        dead_letters: "MemoryOrderedQueue | None" = None,
    ) -> None:
        super().__init__(clock, visibility, max_receive_count, dead_letters)
        self._sent_at: dict[str, float] = {}

    def send(self, messages: Sequence[Message]) -> list[bool]:
        self.calls += 1
        if not 1 <= len(messages) <= MESSAGES_PER_CALL:
            raise ValueError(f"{len(messages)} messages in one call")
        if sum(len(message.body.encode()) for message in messages) > BYTES_PER_CALL:
            raise ValueError("too many bytes in one call")
        for message in messages:
            _check_name(message.group)
            _check_name(message.deduplication)
            _check_body(message.body)
        now = self._clock.now()
        for message in messages:
            sent_at = self._sent_at.get(message.deduplication)
            if sent_at is None or now - sent_at >= DEDUPLICATION_SECONDS:
                self._sent_at[message.deduplication] = now
                self._accept(message.body, message.group)
        return [True] * len(messages)

    def receive(self, limit: int = MESSAGES_PER_CALL) -> list[Received]:
        """At most ten messages: all there are of the group that waits longest, then of the next one."""
        limit = min(limit, MESSAGES_PER_CALL)
        passed = {held.group for held in self._out.values() if self._hidden(held)}
        batch: list[Received] = []
        for first in list(self._messages.values()):  # a copy: dead letters leave on the way
            if len(batch) >= limit:
                break
            if first.group not in passed:
                passed.add(first.group)
                group = list(self._groups.get(first.group, {}).values())
                batch += self._take(group, limit - len(batch))
        return batch


class MemoryQueue(_MemoryMessages):
    """Stands in for `ports.queue.Queue` and for the receiving side of an SQS standard queue.

    `twice`: every message is delivered twice. `shuffle`: messages come in the order that it draws.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        visibility: float = 60.0,
        max_receive_count: int | None = None,
        dead_letters: "MemoryQueue | None" = None,
        twice: bool = False,
        shuffle: random.Random | None = None,
    ) -> None:
        super().__init__(clock, visibility, max_receive_count, dead_letters)
        self._twice = twice
        self._shuffle = shuffle

    def send(self, body: str) -> None:
        self.calls += 1
        if len(body.encode()) > BYTES_PER_CALL:
            raise ValueError("too many bytes in one message")
        _check_body(body)
        message_id = self._accept(body, "")
        if self._twice:
            self._accept(body, "", message_id)

    def receive(self, limit: int = MESSAGES_PER_CALL) -> list[Received]:
        """At most ten messages."""
        visible = [held for held in self._messages.values() if not self._hidden(held)]
        if self._shuffle is not None:
            self._shuffle.shuffle(visible)
        return self._take(visible, min(limit, MESSAGES_PER_CALL))


def _check_name(name: str) -> None:
    if not 1 <= len(name) <= NAME_LENGTH or not all("!" <= character <= "~" for character in name):
        raise ValueError("no legal group or deduplication id")


def _check_body(body: str) -> None:
    """SQS takes the characters of XML 1.0 only, and at least one of them."""
    if not _LEGAL_BODY.fullmatch(body):
        raise ValueError("no legal body")
