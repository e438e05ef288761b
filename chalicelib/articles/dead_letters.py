"""Dead letters: what killed its workers, or found no part that answered, for longer than the queue is patient.

| dead letter of | is | its consumer |
|---|---|---|
| article queue, entries | work that waits | records each: succeeded if applied, cleared, blocked, else failed |
| article queue, a drain | a retry in progress | sends it again once, then ends it: its entries are blocked again |
| file queue, maintenance | a wake-up | drops it: the sweep wakes again |
| jobs of the record store | a wake-up | drops it: the tick wakes again |
| notices of the bucket | a file nobody accepted | accepts it |
| anything unreadable | | goes to the parking queue, for a person |
"""

import json
from collections.abc import Callable
from dataclasses import replace

from chalicelib.articles.applying import Applier
from chalicelib.articles.draining import Drainer
from chalicelib.articles.intake import Intake, UnreadableNotice
from chalicelib.articles.snapshots import Snapshots
from chalicelib.articles.work import Drain, UnreadableMessage, Work, read_message
from chalicelib.errors import Unavailable
from chalicelib.ports.ledger import Conflict
from chalicelib.ports.queue import Queue

_TEXT = (
    "The entry came to the dead-letter queue: its workers died, or a part that it needs was down for hours; "
    "look at the alarms of that time, then retry."
)


class DeadLetters:
    """Records what became of dead letters, and so empties their queues."""

    def __init__(
        self,
        applier: Applier,
        drainer: Drainer,
        snapshots: Snapshots,
        intake: Callable[[], Intake],
        parking: Queue,
    ) -> None:
        self._applier, self._drainer, self._snapshots = applier, drainer, snapshots
        self._intake, self._parking = intake, parking

    def take(self, source: str, body: str) -> str:
        """Handles one dead letter of the queue named `source`; returns a word for what was done.

        Words: `recorded`, `resent`, `abandoned`, `accepted`, `dropped`, `parked`. Raises `Unavailable`.
        """
        if source.startswith("delta-article"):
            return self._article(source, body)
        if source.startswith("delta-notices"):
            return self._notice(source, body)
        if source.startswith(("delta-file", "maintenance", "record-jobs")):
            return "dropped"
        return self._park(source, body, "its queue is unknown")

    def _article(self, source: str, body: str) -> str:
        try:
            content = read_message(body, self._snapshots.entry_at)
        except UnreadableMessage as error:
            return self._park(source, body, type(error).__name__)
        return self._drain(content) if isinstance(content, Drain) else self._entries(content)

    def _entries(self, works: list[Work]) -> str:
        if self._applier.apply(works, {work.entry: (_TEXT, "dead-letter") for work in works}):
            raise Unavailable("The ledger", "a dead letter could not be recorded")
        return "recorded"

    def _drain(self, drain: Drain) -> str:
        if not drain.again:
            self._drainer.send(replace(drain, again=True))
            return "resent"
        try:
            self._drainer.abandon(drain)
        except Conflict as error:
            raise Unavailable("The ledger", "the gate was changed meanwhile") from error
        return "abandoned"

    def _notice(self, source: str, body: str) -> str:
        try:
            self._intake().take(body)
        except UnreadableNotice as error:
            return self._park(source, body, str(error))
        return "accepted"

    def _park(self, source: str, body: str, why: str) -> str:
        self._parking.send(json.dumps({"source": source, "why": why, "body": body}))
        return "parked"
