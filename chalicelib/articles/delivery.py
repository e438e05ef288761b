"""A batch of the article queue: entries are applied, drains are run, and what has to come again is named.

Within a message group nothing overtakes: once a message of a group has to come again, so has all of the group behind
it. A drain cuts the batch: what stands before it is finished first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chalicelib.articles.applying import Applier
from chalicelib.articles.draining import Drainer
from chalicelib.articles.snapshots import Snapshots
from chalicelib.articles.work import Drain, UnreadableMessage, Work, read_message
from chalicelib.errors import Unavailable

CAREFUL_FROM = 3
"""From this receive on something in the batch may be killing its workers: entries run one by one."""


@dataclass(frozen=True)
class Delivered:
    """A message as it was delivered; `receive_count`: how often, this time included."""

    message_id: str
    body: str
    group: str
    receive_count: int


class Delivery:
    """Handles batches of the article queue."""

    def __init__(self, applier: Applier, drainer: Drainer, snapshots: Snapshots) -> None:
        self._applier, self._drainer, self._snapshots = applier, drainer, snapshots

    def handle(self, batch: Sequence[Delivered], time_left: Callable[[], float]) -> list[str]:
        """Does the work of a batch, given in the order of delivery; returns the ids of messages that must come again.

        `time_left`: seconds until the worker is stopped.
        """
        careful = any(message.receive_count >= CAREFUL_FROM for message in batch)
        failed: dict[str, str] = {}
        waiting: list[tuple[Delivered, list[Work]]] = []
        for message in batch:
            if message.group in failed.values():
                failed[message.message_id] = message.group
                continue
            try:
                content = read_message(message.body, self._snapshots.entry_at)
            except (UnreadableMessage, Unavailable):
                self._apply(waiting, careful, failed)
                failed[message.message_id] = message.group
                continue
            if not isinstance(content, Drain):
                waiting.append((message, content))
                continue
            self._apply(waiting, careful, failed)
            if message.group in failed.values() or not self._drain(content, message, time_left):
                failed[message.message_id] = message.group
        self._apply(waiting, careful, failed)
        return list(failed)

    def _drain(self, drain: Drain, message: Delivered, time_left: Callable[[], float]) -> bool:
        try:
            self._drainer.drain(drain, message.receive_count >= CAREFUL_FROM, time_left)
        except Unavailable:
            return False
        return True

    def _apply(
        self, waiting: list[tuple[Delivered, list[Work]]], careful: bool, failed: dict[str, str]
    ) -> None:
        works = [work for _, of_message in waiting for work in of_message]
        if works:
            apply = self._applier.apply_carefully if careful else self._applier.apply
            unfinished = apply(works)
            for message, of_message in waiting:
                if message.group in failed.values() or any(work.entry in unfinished for work in of_message):
                    failed[message.message_id] = message.group
        waiting.clear()
