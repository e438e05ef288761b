"""Writers and readers of one store at the same time, and writers that died: what holds on the packaged record store."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.adapters.dynamodb_record_clock import DynamoRecordClock
from chalicelib.adapters.opensearch_connection import connect
from chalicelib.adapters.opensearch_statements import OpenSearchStatements
from chalicelib.ports.record_clock import Batch
from chalicelib.ports.statement_store import StatementRecord, Stored
from chalicelib.times import microseconds, written
from tests.end_to_end.lrs_client import LrsCaller
from tests.end_to_end.lrs_statements import ANN, BOB, iri, statement, voiding
from tests.end_to_end.system import System, eventually

THROUGH = "x-experience-api-consistent-through"
LONG_AGO = "1970-01-01T00:00:00Z"
WRITERS, REQUESTS, EACH = 3, 6, 4
LEASE_SECONDS = 3


@pytest.fixture
def lrs(system: System) -> LrsCaller:
    return LrsCaller(system.description.lrs[0])


class Follower:
    """Follows a store from one time to the next, as a dashboard does."""

    def __init__(self, lrs: LrsCaller, activity: str) -> None:
        self.lrs, self.activity = lrs, activity
        self.seen: list[str] = []
        self.since = LONG_AGO

    def look(self) -> None:
        """All that was stored since the last look, in pages; the next one begins where this one is complete."""
        query = {"activity": self.activity, "since": self.since, "ascending": "true", "limit": "5"}
        answer = self.lrs.xapi("GET", "statements", query)
        through = answer.headers[THROUGH]
        while True:
            assert answer.status == 200, answer.body
            told = [(each["id"], each["stored"]) for each in answer.json["statements"]]
            assert all(self.since < stored <= through for _, stored in told)
            self.seen += [name for name, _ in told]
            if not answer.json["more"]:
                break
            answer = self.lrs.call("GET", answer.json["more"])
        self.since = through


def test_who_follows_while_others_write_misses_nothing_and_sees_nothing_twice(lrs: LrsCaller) -> None:
    activity = iri()

    def write() -> list[str]:
        names = []
        for _ in range(REQUESTS):
            batch = [statement(activity) for _ in range(EACH)]
            answer = lrs.xapi("POST", "statements", body=batch)
            assert answer.status == 200, answer.body
            names += answer.json
        return names

    by_since, by_more = Follower(lrs, activity), list[list[str]]()
    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(write) for _ in range(WRITERS)]
        while not all(writer.done() for writer in writers):
            by_since.look()
            by_more.append(lrs.find(activity=activity, limit="3"))
        recorded = [name for writer in writers for name in writer.result()]
    by_since.look()
    assert len(recorded) == WRITERS * REQUESTS * EACH
    assert sorted(by_since.seen) == sorted(recorded)
    by_more.append(lrs.find(activity=activity, limit="3"))
    assert sorted(by_more[-1]) == sorted(recorded)
    order = {name: place for place, name in enumerate(reversed(by_more[-1]))}
    for pages in by_more:  # each shows a fixed set: all that was stored up to some time, newest first
        assert [order[name] for name in reversed(pages)] == list(range(len(pages)))


def test_of_two_writers_of_the_same_id_one_wins_whole(lrs: LrsCaller) -> None:
    for _ in range(4):
        contested, mine, yours = str(uuid4()), statement(actor=ANN), statement(actor=BOB)
        batches = [
            [statement(id=contested, actor=ANN), mine],
            [yours, statement(id=contested, actor=BOB)],
        ]
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda batch: lrs.xapi("POST", "statements", body=batch), batches))
        assert sorted(answer.status for answer in answers) == [200, 409]
        winner, loser = (mine, yours) if answers[0].status == 200 else (yours, mine)
        assert lrs.read(contested)["actor"] == winner["actor"]
        assert lrs.read(winner["id"])["actor"] == winner["actor"]
        assert lrs.xapi("GET", "statements", {"statementId": loser["id"]}).status == 404
        assert lrs.find(activity=loser["object"]["id"]) == []


def test_two_who_send_the_same_at_once_are_both_told_so(lrs: LrsCaller) -> None:
    batch = [statement() for _ in range(3)]
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda body: lrs.xapi("POST", "statements", body=body), [batch, batch]))
    assert [(answer.status, answer.json) for answer in answers] == [(200, [each["id"] for each in batch])] * 2
    assert lrs.find(activity=batch[0]["object"]["id"]) == [batch[0]["id"]]


class DeadWriter:
    """Writes to the homes of a store as the functions do, and stops in the middle."""

    def __init__(self, system: System, store: str) -> None:
        self._system, self.store, self.name = system, store, uuid4().hex

    @cached_property
    def clock(self) -> DynamoRecordClock:
        table = self._system.deployment.outputs["RecordsTableName"]
        return DynamoRecordClock(self._system.client("dynamodb"), table)

    @cached_property
    def statements(self) -> OpenSearchStatements:
        transport = connect(self._system.description.opensearch_url, signed=False)
        return OpenSearchStatements(transport, "lrs")

    def write(self, like: str, change: Callable[[StatementRecord], StatementRecord]) -> Batch:
        """Opens a batch and creates a statement like another one."""
        now = microseconds(time.time())
        batch = self.clock.register(self.store, self.name, 1, now, now + microseconds(LEASE_SECONDS))
        (other,) = self.statements.get_many(self.store, [like]).values()
        record = change(replace(other, batch=self.name, stored=batch.first, revision=None))
        (outcome,) = self.statements.create([record])
        assert isinstance(outcome, Stored)
        return batch

    def swept(self) -> None:
        """Has the deployed function sweep once the lease is over (its schedule may have been faster)."""
        time.sleep(LEASE_SECONDS)
        self._system.invoke("record-sweep")
        assert self.name not in self.clock.read(self.store).open


def test_what_a_writer_left_before_its_commit_is_undone(system: System, lrs: LrsCaller) -> None:
    activity, lost = iri(), str(uuid4())
    before = lrs.record(statement(activity))
    writer = DeadWriter(system, lrs.ready.store)
    batch = writer.write(before, lambda record: replace(record, id=lost))
    after = lrs.record(statement(activity))
    # The open batch holds up what is told to be complete, and nothing of it is shown.
    answer = lrs.xapi("GET", "statements", {"activity": activity})
    assert [each["id"] for each in answer.json["statements"]] == [before]
    assert answer.headers[THROUGH] < written(batch.first)
    assert lrs.xapi("GET", "statements", {"statementId": lost}).status == 404
    assert lrs.read(after)["id"] == after
    writer.swept()
    assert writer.statements.get_many(lrs.ready.store, [lost]) == {}
    assert lrs.find(activity=activity) == [after, before]
    assert lrs.record(statement(activity, id=lost, actor=BOB)) == lost  # the id is free
    assert lrs.read(lost)["actor"] == BOB


def test_what_a_writer_left_after_its_commit_is_finished(system: System, lrs: LrsCaller) -> None:
    target, other = lrs.record(statement()), lrs.record(voiding(str(uuid4())))
    writer, name = DeadWriter(system, lrs.ready.store), str(uuid4())

    def void(record: StatementRecord) -> StatementRecord:
        text = record.text.replace(record.id, name).replace(str(record.refers_to), target)
        return replace(record, id=name, refers_to=target, text=text)

    batch = writer.write(other, void)
    assert writer.clock.commit(writer.store, batch.id)
    assert lrs.read(name)["object"]["id"] == target  # recorded, its effect is still to come
    assert lrs.read(target)["id"] == target
    writer.swept()
    assert lrs.xapi("GET", "statements", {"statementId": target}).status == 404
    assert lrs.xapi("GET", "statements", {"voidedStatementId": target}).status == 200


def test_the_general_log_tells_of_the_dead(system: System, lrs: LrsCaller) -> None:
    writer = DeadWriter(system, lrs.ready.store)
    writer.write(lrs.record(statement()), lambda record: replace(record, id=str(uuid4())))
    writer.swept()

    def told() -> Any:
        return lrs.call("GET", f"{lrs.ready.base_endpoint}/logs?types=records&limit=1").json["data"]

    eventually("the log tells of it", told, 5)
