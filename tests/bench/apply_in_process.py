"""(a) The apply function in this process, beside raw reads and writes of the same documents.

Both sides talk to the same OpenSearch node. The raw side sends one multi-get and one `_bulk` whose bodies are made
beforehand and reads their answers, nothing else: what any program that reads and writes these documents has to pay.
"""

import json
import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from chalicelib.adapters.opensearch_article_queries import search_fields
from chalicelib.adapters.opensearch_connection import Transport
from chalicelib.articles.delta_format import DeltaEntry
from chalicelib.articles.work import entries_message
from chalicelib.bootstrap import Services
from chalicelib.call_log import logged_call
from chalicelib.ledger.states import QUEUED
from chalicelib.ports.article_store import ArticleStore
from chalicelib.ports.ledger import Ledger, Put
from chalicelib.ports.ledger_records import PAGE_SIZE, Control, File, Page, Tally
from chalicelib.workers import apply
from tests.bench.catalogue import features
from tests.bench.ground import Context, Ground, bulk_body
from tests.bench.measuring import (
    Goal,
    Series,
    Stopwatch,
    heading,
    in_turns,
    line,
    ratios,
    shares,
    timed,
    unread_log,
)
from tests.contract.ledger_table import ledger_table
from tests.doubles.ledger import MemoryLedger

MESSAGES = 10  # Lambda: a batch of a FIFO queue holds at most ten
BATCHES = ((10, 60), (250, 12), (500, 12))
"""Entries of a batch, and rounds: 1, 25 and 50 entries per message."""

WARM_UP = 3
GOAL = Goal("at least", 0.5)
_STORE = {"get_many": "multi-get", "write_many": "_bulk"}
_LEDGER = {name: f"ledger.{name}" for name in ("pages", "control", "gates", "move", "commit", "file")}


class _Services(Services):
    """The deployed application, but for its ledger; the time of its parts is added up."""

    def __init__(self, ledger: Ledger) -> None:
        self.watch = Stopwatch()
        self._ledger = self.watch.around(ledger, _LEDGER)

    @cached_property
    def ledger(self) -> Ledger:
        found: Ledger = self._ledger
        return found

    @cached_property
    def article_store(self) -> ArticleStore:
        found: ArticleStore = self.watch.around(super().article_store, _STORE)
        return found


class _Subject:
    """The apply function with one ledger, in which one file of enough entries waits."""

    def __init__(self, name: str, ledger: Ledger, batch: int, rounds: int) -> None:
        self.name, self.batch, self.spent = name, batch, 0.0
        self.services = _Services(ledger)
        total = batch * rounds
        pages = -(-total // PAGE_SIZE)
        file = File(1, "bench", False, 0.0, stage="sent", total=total, pages=pages, sent_pages=pages)
        ledger.commit(Put(Control(seq=1, sent_to=1)), Put(file), Put(Tally(1)))
        ledger.create_pages(
            [Page(1, p, QUEUED * min(PAGE_SIZE, total - p * PAGE_SIZE), 0, 0) for p in range(pages)]
        )
        self._events = [self._event(number) for number in range(rounds)]
        self._apply(0)  # makes the articles, so that every measured batch reads and changes them
        self.services.watch.spent.clear()

    def numbers(self) -> list[str]:
        """The articles that every batch changes, one entry each."""
        return [f"bench-{self.name}-{i}" for i in range(self.batch)]

    def run(self, number: int) -> None:
        """Applies the next batch."""
        self.spent += timed(lambda: self._apply(number + 1))

    def _apply(self, number: int) -> None:
        answer = logged_call("apply", apply.handle, self._events[number], Context(), self.services)
        assert answer == {"batchItemFailures": []}, answer

    def check(self) -> None:
        """Every entry was applied, and recorded."""
        found = self.services.ledger.file(1)
        assert found is not None
        assert dict(found[1].counts) == {"s": found[0].total}, found

    def _event(self, number: int) -> dict[str, object]:
        """A batch as Lambda passes it."""
        packed = self.batch // MESSAGES
        first = number * self.batch
        operation = "replace-article" if number else "add-article"
        deltas = [_delta(first + i, operation, article) for i, article in enumerate(self.numbers())]
        messages = [
            entries_message(1, "article", deltas[i : i + packed], "group")
            for i in range(0, self.batch, packed)
        ]
        return {"Records": [_record(message.body, message.deduplication) for message in messages]}


class _Raw:
    """One multi-get and one `_bulk` of documents such as the apply function writes in the same round."""

    def __init__(self, transport: Transport, like: _Subject, rounds: int) -> None:
        self._transport = transport
        sources = _sources(transport, like.numbers())
        self._bulks = [
            bulk_body(
                {
                    f"raw-{number}": _changed(source, round_ * like.batch + i)
                    for i, (number, source) in enumerate(sources.items())
                }
            )
            for round_ in range(rounds)
        ]
        self._ids = json.dumps({"ids": [f"raw-{number}" for number in sources]}).encode()
        self.run(0)

    def run(self, number: int) -> None:
        """One of each."""
        self._transport.perform_request("POST", "/articles/_mget", body=self._ids)
        answer = self._transport.perform_request("POST", "/articles/_bulk", body=self._bulks[number])
        assert not answer["errors"]


def measure(ground: Ground) -> None:
    """Measures and prints."""
    ground.use_environment()
    for batch, rounds in BATCHES:
        with ledger_table(ground.deployment.client("dynamodb")) as table:
            os.environ["LEDGER_TABLE"] = table.name
            _measure(ground.raw_transport(), Services().ledger, batch, rounds)


def _measure(transport: Transport, dynamo: Ledger, batch: int, rounds: int) -> None:
    in_all = rounds + WARM_UP
    with unread_log():
        double = _Subject(f"double-{batch}", MemoryLedger(), batch, in_all + 1)
        adapter = _Subject(f"adapter-{batch}", dynamo, batch, in_all + 1)
        raw = _Raw(transport, double, in_all)
        seconds = in_turns(rounds, [raw.run, double.run, raw.run, adapter.run], warm_up=WARM_UP)
    names = (
        "raw multi-get and _bulk",
        "apply, ledger on the double",
        "raw again",
        "apply, ledger on the emulator",
    )
    first, on_double, again, on_adapter = (
        Series(name, "entries/s", [batch / spent for spent in of])
        for name, of in zip(names, seconds, strict=True)
    )
    heading(f"(a) apply in process, batches of {batch}: ten messages of {batch // MESSAGES}")
    for series in (first, again, on_double, on_adapter):
        line(series, digits=0)
    line(ratios("noise: raw again ÷ raw", again, first), digits=2)
    line(ratios("apply ÷ raw", on_double, first), GOAL if batch == 500 else None, digits=2)
    added = [(with_it - without) * 1000 for with_it, without in zip(seconds[3], seconds[1], strict=True)]
    line(Series("what the ledger adapter adds to a batch", "ms", added))
    for subject in (double, adapter):
        shares(subject.name, subject.services.watch, subject.spent)
        subject.check()


def _sources(transport: Transport, numbers: list[str]) -> dict[str, Mapping[str, Any]]:
    body = json.dumps({"ids": numbers}).encode()
    answer = transport.perform_request("POST", "/articles/_mget", body=body)
    return {stored["_id"]: stored["_source"] for stored in answer["docs"]}


def _changed(source: Mapping[str, Any], place: int) -> Mapping[str, Any]:
    """What is stored of an article, once its features are those of this place of the catalogue."""
    document = {**source["document"], **features(place)}
    return {**source, "document": document, **search_fields(document, len(json.dumps(document)))}


def _delta(pos: int, operation: str, number: str) -> DeltaEntry:
    changes: dict[str, str | None] = {**features(pos)}
    data: dict[str, str | None] = {"F_1": number, **changes}
    return DeltaEntry(pos, 0, 0, operation, operation, number, data, changes, (), ())


def _record(body: str, name: str) -> dict[str, object]:
    attributes = {"MessageGroupId": "group", "ApproximateReceiveCount": "1"}
    return {"messageId": name, "body": body, "attributes": attributes}
