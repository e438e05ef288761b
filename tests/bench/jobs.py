"""(g) Jobs: clearing beside the engine's own deletion by query, checking, pseudonyms; then transfers and ticks.

A run is what a worker does from its wake-up to the end, checkpoints on the emulator's DynamoDB included. Both sides of
clearing delete the same statements from an index of their own, which is made anew for each round.
"""

import http.client
import os
import time
from typing import Any

from chalicelib.adapters.opensearch_connection import Transport
from chalicelib.adapters.opensearch_statements import OpenSearchStatements
from chalicelib.bootstrap import Services
from chalicelib.bootstrap_lrs import LrsServices
from chalicelib.ports.jobs import JobRecord
from tests.bench import job_ticks, job_transfers
from tests.bench.ground import Ground
from tests.bench.job_ground import carry, fill, job
from tests.bench.measuring import Goal, Series, Stopwatch, heading, line, ratios, shares, timed, unread_log

STATEMENTS = int(os.environ.get("BENCH_CLEARED", "100000"))
CHANGED = 20_000
ROUNDS = 3
OF_ENGINE = Goal("at least", 0.5)
STORE = "bench-jobs"
_CALLS = {
    "statement_store": (
        "search",
        "matches",
        "page_end",
        "remove",
        "remove_found",
        "update",
        "get_many",
        "referring_to",
        "refresh",
    ),
    "registry_store": ("search", "get_many", "write", "remove", "refresh"),
    "access_store": ("connection", "read", "secret"),
    "document_store": ("count", "listing"),
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
    # Recorded unchecked, all of them valid.
    _changing(services, transport, "validation", "checking", validated=False, valid=None)
    _changing(services, transport, "pseudo", "putting pseudonyms into")
    job_transfers.measure(services, transport)
    job_ticks.measure(ground)


def _clearing(services: Services, transport: Transport) -> None:
    jobs, engine, again = (
        Series(name, "statements/s")
        for name in ("clearing", "_delete_by_query of the same", "_delete_by_query again")
    )
    for _ in range(ROUNDS):
        for series in (engine, jobs, again):
            prefix = f"bench-jobs-{series.name.split()[0].strip('_').replace('_', '-')}"
            _made_anew(services, transport, prefix)
            fill(transport, f"{prefix}-statements", STORE, STATEMENTS)
            started = time.perf_counter()
            if series is jobs:
                carry(_lrs(services, prefix), _clearing_job(), STATEMENTS)
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
    fill(transport, "bench-jobs-clearing-statements", STORE, STATEMENTS)
    lrs = _watched(_lrs(services, "bench-jobs-clearing"), watch)
    shares("clearing", watch, timed(lambda: carry(lrs, _clearing_job(), STATEMENTS)))


def _changing(services: Services, transport: Transport, kind: str, doing: str, **fields: Any) -> None:
    """A job that rewrites each statement; `fields`: what of the statements it finds so."""
    rates, processor = Series(kind, "statements/s"), Series("this process on a processor", "% of the time")
    watch, whole = Stopwatch(), 0.0
    for _ in range(ROUNDS):
        _made_anew(services, transport, "bench-jobs-changed")
        fill(transport, "bench-jobs-changed-statements", STORE, CHANGED, **fields)
        lrs = _watched(_lrs(services, "bench-jobs-changed"), watch)
        cost = carry(lrs, job(kind, STORE, clear=False, dry_run=False), CHANGED)
        rates.values.append(CHANGED / cost.seconds)
        processor.values.append(100 * cost.processor / cost.seconds)
        whole += cost.seconds
    heading(f"(g) {doing} {CHANGED:,} statements")
    line(rates, digits=0)
    line(processor, digits=0)
    shares(kind, watch, whole)


def _clearing_job() -> JobRecord:
    return job("clearing", STORE, "statements", clear=False, dry_run=False)


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


def _by_query(transport: Transport, alias: str) -> None:
    # The engine's answer has a header for each of its own pages, of which there are a hundred.
    setattr(http.client, "_MAXHEADERS", 10_000)  # noqa: B010 - a name that its module keeps to itself
    path = f"/{alias}/_delete_by_query?conflicts=proceed&timeout=5m"
    body = b'{"query":{"bool":{"filter":[{"term":{"store":"%s"}}]}}}' % STORE.encode()
    answer = transport.perform_request("POST", path, body=body)
    assert answer["deleted"] == STATEMENTS, answer
