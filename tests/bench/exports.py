"""(i) Exports: a run beside a raw scan of the same index, and the memory that it takes.

The raw scan reads all articles by a point in time and parses the answers, as any client would; it writes nothing. A run
is what a worker does from its wake-up to the end, its file in the emulator's bucket and its checkpoints included.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

from chalicelib.adapters.opensearch_articles import OpenSearchArticles
from chalicelib.adapters.opensearch_connection import Transport, connect
from chalicelib.adapters.opensearch_scan import ANSWER_BYTES, OpenSearchScan
from chalicelib.bootstrap import Services
from chalicelib.bootstrap_exports import ExportAdapters
from chalicelib.exports.baselines import EXPORT, exports_of
from chalicelib.exports.results import results_of
from chalicelib.garbage import collect_less
from chalicelib.jobs import runs
from chalicelib.ports.article_store import Article, Hidden
from chalicelib.ports.jobs import JobRecord
from chalicelib.settings import Settings
from chalicelib.times import microseconds
from tests.bench.catalogue import features
from tests.bench.ground import Ground
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

ARTICLES = int(os.environ.get("BENCH_EXPORTED", "100000"))
FEW = 10_000
ROUNDS = 5
PER_SCAN = 2000
OF_SCAN = Goal("at least", 0.5)
SAME_MEMORY = Goal("at most", 1.1)
ALIAS = "bench-exports"
FORMATS = ("csv", "xml", "bc-batch")
_PER_WRITE = 500
_CALLS = {
    "article_scan": {"page": "waiting for articles", "take": "picture", "count": "picture"},
    "uploads": {"put_part": "storing parts", "complete": "storing parts", "begin": "storing parts"},
    "job_store": {"put": "checkpoints", "get": "checkpoints", "add_event": "checkpoints"},
    "blobs": {"put": "other objects", "read": "other objects", "size": "other objects"},
}


def measure(ground: Ground) -> None:
    """Measures and prints."""
    ground.use_environment()
    services, transport = Services(), ground.raw_transport()
    with unread_log():
        services.logger.info("the bench begins")
    collect_less()  # as every function does
    _fill(transport, ARTICLES)
    _speed(services, transport)
    _memory(ground, transport)
    _made_anew(transport)


def _speed(services: Services, transport: Transport) -> None:
    exporting = _exporting(services)
    scans = Series("raw scan, point in time and search_after", "articles/s")
    exported = [Series(f"export as {name}", "articles/s") for name in FORMATS]
    turns = [lambda _: _scan(transport), *(_run_of(exporting, name) for name in FORMATS)]
    for series, seconds in zip((scans, *exported), in_turns(ROUNDS, turns, warm_up=1), strict=True):
        series.values += [ARTICLES / spent for spent in seconds]
    heading(f"(i) exporting {ARTICLES:,} articles")
    for series in (scans, *exported):
        line(series, digits=0)
    for series in exported:
        line(ratios(f"{series.name} ÷ raw scan", series, scans), OF_SCAN, digits=2)
    watch = Stopwatch()
    watched = _exporting(services)
    for port, names in _CALLS.items():
        watched.__dict__[port] = watch.around(getattr(watched, port), names)
    watched.__dict__["ahead"] = lambda read: read  # so that waiting is counted where it happens
    shares("export as csv, nothing read ahead", watch, timed(lambda: _run(watched, "csv")))
    for job in exports_of(exporting.job_store):
        exporting.exports.delete(job.id)


def _memory(ground: Ground, transport: Transport) -> None:
    heading("(i) memory of a run, in a process of its own")
    peaks = []
    for count in (FEW, ARTICLES):
        _fill(transport, count)
        peak = Series(f"peak memory, {count:,} articles", "MB")
        for _ in range(2):
            program = "from tests.bench.exports import peak_of_run; print(peak_of_run())"
            done = subprocess.run(
                [sys.executable, "-c", program],
                env={**os.environ, **ground.environment},
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            peak.values.append(float(done.stdout.splitlines()[-1]))
        line(peak)
        peaks.append(peak)
    few, many = peaks
    line(ratios(f"{ARTICLES:,} ÷ {FEW:,} articles", many, few), SAME_MEMORY, digits=2)


def peak_of_run() -> float:
    """Megabytes that this process held at most, once it has exported the articles of the bench as CSV."""
    from tests.unit.test_exports_memory import peak_kilobytes

    services = Services()
    with unread_log():
        services.logger.info("the run begins")
        _run(_exporting(services), "csv")
    return peak_kilobytes() / 1024


def _exporting(services: Services) -> Any:
    """Exports of the articles of the bench."""
    settings: Settings = services.settings
    exporting: Any = ExportAdapters(services)
    transport = connect(settings.opensearch_url, signed=False, timeout=60, most_bytes=ANSWER_BYTES)
    exporting.__dict__["article_scan"] = OpenSearchScan(transport, ALIAS)
    return exporting


def _run_of(exporting: Any, name: str) -> Any:
    return lambda _: _run(exporting, name)


def _run(exporting: Any, name: str) -> None:
    """What a worker does with a run, which must write every article."""
    now = microseconds(time.time())
    job = JobRecord(
        f"bench-{time.time_ns()}",
        EXPORT,
        f"export {name}",
        "",
        now,
        {"repeat": "now"},
        {"format": name, "mapping": "default", "since": "", "since_at": None, "filter": {}},
    )
    assert exporting.job_store.put(runs.started(job, "run", now, None), None) is not None
    with unread_log():
        exporting.job_worker.work(job.type, job.id, "run", lambda: 900.0)
    ended = exporting.job_store.get(EXPORT, job.id)
    assert ended.success is True, ended.feedback
    assert ended.progress.total == ended.progress.done == results_of(ended)[0].rows, ended.progress


def _scan(transport: Transport) -> None:
    """Reads and parses all articles, in pages as long as those of an export."""
    pit = transport.perform_request("POST", f"/{ALIAS}/_search/point_in_time?keep_alive=5m")["pit_id"]
    seen, after = 0, None
    while True:
        query: dict[str, Any] = {
            "size": PER_SCAN,
            "pit": {"id": pit, "keep_alive": "5m"},
            "query": {"match_all": {}},
            "sort": [{"number": "asc"}],
            "track_total_hits": False,
            "_source": ["number", "deleted", "updated_at", "document"],
        }
        if after is not None:
            query["search_after"] = [after]
        answer = transport.perform_request("POST", "/_search", body=json.dumps(query).encode())
        hits = answer["hits"]["hits"]
        seen += len(hits)
        if len(hits) < PER_SCAN:
            break
        after = hits[-1]["_source"]["number"]
    transport.perform_request("DELETE", "/_search/point_in_time", body=json.dumps({"pit_id": [pit]}).encode())
    assert seen == ARTICLES, seen


def _fill(transport: Transport, count: int) -> None:
    _made_anew(transport)
    store = OpenSearchArticles(transport, ALIAS, replicas=0)
    for first in range(0, count, _PER_WRITE):
        numbers = [f"{number:08d}" for number in range(first, min(first + _PER_WRITE, count))]
        store.write_many(
            [
                Article(
                    number,
                    {
                        "id": number,
                        "F_1": number,
                        **features(number),
                        "F_80004": "248,28",
                        "F_80006": "20/06/2022",
                    },
                    Hidden(updated_at=time.time()),
                )
                for number in numbers
            ]
        )
    transport.perform_request("POST", f"/{ALIAS}/_refresh")


def _made_anew(transport: Transport) -> None:
    transport.perform_request("DELETE", f"/{ALIAS}-1?ignore_unavailable=true")
