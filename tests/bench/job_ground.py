"""What the measurements of jobs share: stores full of statements, and runs as a worker carries them."""

import random
import time
import uuid
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.adapters.opensearch_connection import Transport
from chalicelib.jobs import runs
from chalicelib.ports.jobs import JobRecord
from chalicelib.times import microseconds
from tests.bench.lrs_ground import FIRST_STORED, bulk, records, statement
from tests.bench.measuring import unread_log

PER_REQUEST, _POOL = 1000, 5000


@dataclass(frozen=True)
class Cost:
    """Seconds that a run took, and seconds of this process's processor time among them."""

    seconds: float
    processor: float


def fill(transport: Transport, alias: str, store: str, count: int, **fields: Any) -> None:
    """Writes so many statements, each with an id and a `stored` of its own."""
    made = random.Random(1)
    pool = list(records(store, [statement(made) for _ in range(_POOL)], 0))
    for first in range(0, count, PER_REQUEST):
        batch = []
        for number in range(first, min(first + PER_REQUEST, count)):
            like, name = pool[number % _POOL], str(uuid.UUID(int=number, version=4))
            at, text = FIRST_STORED + number, like.text.replace(like.id, name)
            batch.append(replace(like, id=name, stored=at, updated=at, text=text, **fields))
        answer = transport.perform_request("POST", f"/{alias}/_bulk", body=bulk(batch))
        assert not answer["errors"], answer
    transport.perform_request("POST", f"/{alias}/_refresh")


def job(kind: str, store: str, service: str = "", connection: str = "", **settings: object) -> JobRecord:
    """A job of this type as its API leaves it, to be run now."""
    name = f"bench-{time.time_ns()}"
    return JobRecord(
        name,
        kind,
        name,
        "bench",
        0,
        {"repeat": "now"},
        {"until": "now", **settings},
        store=store,
        service=service,
        connection=connection,
    )


def carry(lrs: Any, job: JobRecord, expected: int) -> Cost:
    """What a worker does with a run, which must do so many items and fail at none."""
    now = microseconds(time.time())
    lrs.record_clock.raise_to(job.store, now)
    started = runs.started(job, "run", now, None)
    assert lrs.job_store.put(started, None) is not None
    before, cpu = time.perf_counter(), time.process_time()
    with unread_log():
        lrs.job_worker.work(job.type, job.id, "run", lambda: 900.0)
    cost = Cost(time.perf_counter() - before, time.process_time() - cpu)
    ended = lrs.job_store.get(job.type, job.id)
    assert ended.success is True, ended
    assert (ended.progress.total, ended.progress.done) == (expected, expected), ended
    return cost
