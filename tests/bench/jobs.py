"""(g) Jobs over many statements: clearing beside the engine's own deletion by query, and checking.

A run is what a worker does from its wake-up to the end, checkpoints on the emulator's DynamoDB included. Both sides of
clearing delete the same statements from an index of their own, which is made anew for each round.
"""

import http.client
import os
import random
import time
import uuid
from dataclasses import replace
from typing import Any

from chalicelib.adapters.opensearch_connection import Transport
from chalicelib.adapters.opensearch_statements import OpenSearchStatements
from chalicelib.bootstrap import Services
from chalicelib.bootstrap_lrs import LrsServices
from chalicelib.lrs.jobs.machine import runs
from chalicelib.lrs.times import microseconds
from chalicelib.ports.jobs import JobRecord
from tests.bench.ground import Ground
from tests.bench.lrs_ground import FIRST_STORED, bulk, records, statement
from tests.bench.measuring import Goal, Series, Stopwatch, heading, line, ratios, shares, timed, unread_log

STATEMENTS = int(os.environ.get("BENCH_CLEARED", "100000"))
CHECKED = 20_000
ROUNDS = 3
OF_ENGINE = Goal("at least", 0.5)
STORE = "bench-jobs"
PER_REQUEST, _POOL = 1000, 5000
_CALLS = {
    "statement_store": ("search", "matches", "remove", "update", "get_many", "refresh"),
    "job_store": ("put", "get", "add_event"),
    "record_clock": ("read", "touch"),
}


def measure(ground: Ground) -> None:
    """Measures and prints."""
    ground.use_environment()
    services, transport = Services(), ground.raw_transport()
    with unread_log():
        services.logger.info("the bench begins")
    _clearing(services, transport)
    _validation(services, transport)


def _clearing(services: Services, transport: Transport) -> None:
    jobs, engine, again = (
        Series(name, "statements/s")
        for name in ("clearing", "_delete_by_query of the same", "_delete_by_query again")
    )
    for number in range(ROUNDS):
        for series in (engine, jobs, again):
            prefix = f"bench-jobs-{series.name.split()[0].strip('_').replace('_', '-')}"
            _made_anew(services, transport, prefix)
            _fill(transport, f"{prefix}-statements", STATEMENTS)
            started = time.perf_counter()
            if series is jobs:
                _run(_lrs(services, prefix), _job("clearing", number), STATEMENTS)
            else:
                _by_query(transport, f"{prefix}-statements")
            spent = time.perf_counter() - started
            series.values.append(STATEMENTS / spent)
    heading(f"(g) deleting {STATEMENTS:,} statements")
    for series in (jobs, engine, again):
        line(series, digits=0)
    line(ratios("clearing ÷ _delete_by_query", jobs, engine), OF_ENGINE, digits=2)
    line(ratios("noise: _delete_by_query again ÷ before", again, engine), digits=2)
    watch = Stopwatch()
    _made_anew(services, transport, "bench-jobs-clearing")
    _fill(transport, "bench-jobs-clearing-statements", STATEMENTS)
    lrs = _watched(_lrs(services, "bench-jobs-clearing"), watch)
    shares("clearing", watch, timed(lambda: _run(lrs, _job("clearing", ROUNDS), STATEMENTS)))


def _validation(services: Services, transport: Transport) -> None:
    """Statements that were recorded unchecked, all of them valid."""
    rates, watch, whole = Series("validation", "statements/s"), Stopwatch(), 0.0
    for number in range(ROUNDS):
        _made_anew(services, transport, "bench-jobs-checked")
        _fill(transport, "bench-jobs-checked-statements", CHECKED, validated=False, valid=None)
        lrs = _watched(_lrs(services, "bench-jobs-checked"), watch)
        started = time.perf_counter()
        _run(lrs, _job("validation", number), CHECKED)
        spent = time.perf_counter() - started
        rates.values.append(CHECKED / spent)
        whole += spent
    heading(f"(g) checking {CHECKED:,} statements")
    line(rates, digits=0)
    shares("validation", watch, whole)


def _fill(transport: Transport, alias: str, count: int, **fields: Any) -> None:
    """Writes so many statements, each with an id and a `stored` of its own."""
    made = random.Random(1)
    pool = list(records(STORE, [statement(made) for _ in range(_POOL)], 0))
    for first in range(0, count, PER_REQUEST):
        batch = []
        for number in range(first, first + PER_REQUEST):
            like, name = pool[number % _POOL], str(uuid.UUID(int=number, version=4))
            at, text = FIRST_STORED + number, like.text.replace(like.id, name)
            batch.append(replace(like, id=name, stored=at, updated=at, text=text, **fields))
        answer = transport.perform_request("POST", f"/{alias}/_bulk", body=bulk(batch))
        assert not answer["errors"], answer
    transport.perform_request("POST", f"/{alias}/_refresh")


def _lrs(services: Services, prefix: str) -> Any:
    """The record store with its statements behind this prefix."""
    lrs = LrsServices(services)
    lrs.__dict__["statement_store"] = OpenSearchStatements(services.search_transport, prefix)
    return lrs


def _watched(lrs: Any, watch: Stopwatch) -> Any:
    for port, methods in _CALLS.items():
        names = {method: f"{port.replace('_', ' ')}: {method}" for method in methods}
        lrs.__dict__[port] = watch.around(getattr(lrs, port), names)
    return lrs


def _made_anew(services: Services, transport: Transport, prefix: str) -> None:
    for name in ("statements", "marks"):
        transport.perform_request("DELETE", f"/{prefix}-{name}-1?ignore_unavailable=true")
    OpenSearchStatements(services.search_transport, prefix).ensure_indexes()


def _job(kind: str, number: int) -> JobRecord:
    settings: dict[str, object] = {"until": "now", "clear": False, "dry_run": False}
    name = f"bench-{number}-{time.time_ns()}"
    service = "statements" if kind == "clearing" else ""
    return JobRecord(name, kind, name, "bench", 0, {"repeat": "now"}, settings, store=STORE, service=service)


def _run(lrs: Any, job: JobRecord, expected: int) -> None:
    """What a worker does with a run."""
    now = microseconds(time.time())
    lrs.record_clock.raise_to(STORE, now)
    started = runs.started(job, "run", now, None)
    assert lrs.job_store.put(started, None) is not None
    with unread_log():
        lrs.job_worker.work(job.type, job.id, "run", lambda: 900.0)
    ended = lrs.job_store.get(job.type, job.id)
    assert ended.success is True, ended
    assert ended.progress.done == expected, ended


def _by_query(transport: Transport, alias: str) -> None:
    # The engine's answer has a header for each of its own pages, of which there are a hundred.
    setattr(http.client, "_MAXHEADERS", 10_000)  # noqa: B010 - a name that its module keeps to itself
    path = f"/{alias}/_delete_by_query?conflicts=proceed&timeout=5m"
    body = b'{"query":{"bool":{"filter":[{"term":{"store":"%s"}}]}}}' % STORE.encode()
    answer = transport.perform_request("POST", path, body=body)
    assert answer["deleted"] == STATEMENTS, answer
