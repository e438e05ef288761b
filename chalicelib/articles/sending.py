"""Sending a file's entries: each only when every older entry of its article has been accepted by the queue.

A call holds at most one message of a group, so that a part of it that is refused overtakes nothing; refused messages
go again before anything newer of their group. Messages are kept back until they are full, and calls until ten messages
are ready, within a bound on what is kept.
"""

from collections import Counter, OrderedDict, deque

from chalicelib.articles.delta_format import DeltaEntry
from chalicelib.articles.work import entries_message, gate_key, group_of
from chalicelib.errors import Unavailable
from chalicelib.ports.article_store import Entry
from chalicelib.ports.clock import Clock
from chalicelib.ports.ledger_records import PAGE_SIZE, Scope
from chalicelib.ports.queue import BYTES_PER_CALL, MESSAGES_PER_CALL, Message, OrderedQueue

KEPT_ENTRIES = 1000
"""Entries kept back at most; so what is not accepted yet lies within few pages of what was read last."""

_TRIES = 6


class Sender:
    """Sends the entries of one file, in file order."""

    def __init__(self, queue: OrderedQueue, clock: Clock, n: int, scope: Scope, packing: int) -> None:
        self._queue, self._clock = queue, clock
        self._n, self._scope, self._packing = n, scope, packing
        self._waiting: OrderedDict[str, deque[DeltaEntry]] = OrderedDict()
        self._kept = 0
        self._of_page: Counter[int] = Counter()
        self._next_page = 0

    def add(self, delta: DeltaEntry) -> None:
        """Takes the next entry, and sends what is ready. Raises `Unavailable`."""
        key = gate_key(self._scope, delta.number, Entry(self._n, delta.pos))
        self._waiting.setdefault(group_of(key, self._packing), deque()).append(delta)
        self._of_page[delta.pos // PAGE_SIZE] += 1
        self._kept += 1
        if len(self._waiting) >= MESSAGES_PER_CALL:
            full = [group for group, deltas in self._waiting.items() if len(deltas) >= self._packing]
            if len(full) >= MESSAGES_PER_CALL:
                self._call(full)
        while self._kept >= KEPT_ENTRIES:
            self._call(list(self._waiting))

    def page_read(self, p: int) -> None:
        """Notes that all entries of page `p` that are to be sent were given to `add`."""
        self._next_page = p + 1

    def flush(self) -> None:
        """Sends all that is kept. Raises `Unavailable`."""
        while self._waiting:
            self._call(list(self._waiting))

    @property
    def sent_pages(self) -> int:
        """Pages from the first on whose entries are all accepted."""
        open_pages = [p for p, count in self._of_page.items() if count]
        return min(open_pages, default=self._next_page)

    def _call(self, groups: list[str]) -> None:
        """One call with the next message of up to ten groups, the longest waiting first."""
        batch: list[tuple[str, int, Message]] = []
        size = 0
        for group in groups:
            message, count = self._message(group)
            size += len(message.body)
            if batch and size > BYTES_PER_CALL:
                break
            batch.append((group, count, message))
            if len(batch) == MESSAGES_PER_CALL:
                break
        accepted = self._send([message for _, _, message in batch])
        for (group, count, _), taken in zip(batch, accepted, strict=True):
            if taken:
                self._accepted(group, count)
        if not any(accepted):
            raise Unavailable("The queue", "nothing was accepted")

    def _message(self, group: str) -> tuple[Message, int]:
        deltas = list(self._waiting[group])[: self._packing]
        message = entries_message(self._n, self._scope, deltas, group)
        while len(message.body) > BYTES_PER_CALL and len(deltas) > 1:
            deltas = deltas[: len(deltas) // 2]
            message = entries_message(self._n, self._scope, deltas, group)
        return message, len(deltas)

    def _send(self, messages: list[Message]) -> list[bool]:
        """Sends; a call without an answer is made again, its messages are known by their deduplication ids."""
        for attempt in range(_TRIES):
            try:
                accepted = self._queue.send(messages)
            except Unavailable:
                if attempt == _TRIES - 1:
                    raise
                accepted = []
            if any(accepted):
                return accepted
            self._clock.sleep(0.1 * 2**attempt)
        return [False] * len(messages)

    def _accepted(self, group: str, count: int) -> None:
        deltas = self._waiting[group]
        for _ in range(count):
            p = deltas.popleft().pos // PAGE_SIZE
            self._of_page[p] -= 1
            if not self._of_page[p]:
                del self._of_page[p]
        self._kept -= count
        if not deltas:
            del self._waiting[group]
