"""(f) Queries of statements: each filter at 10,000 statements and at many, and `more` at page 1 and at page 500.

Each is a whole query of the reader, that is one call of the store's clock and one search, asked of both stores in
turns. The statements are of 300 learners, 20 courses of ten units each and 8 verbs, whatever their number.
"""

import json
import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from statistics import quantiles

from chalicelib.adapters.opensearch_connection import Transport
from chalicelib.adapters.opensearch_statements import OpenSearchStatements
from chalicelib.bootstrap import Services
from chalicelib.lrs.access.principal import Principal
from chalicelib.lrs.keys import agent_key, key
from chalicelib.lrs.statements.query import StatementQuery
from chalicelib.lrs.statements.reading import Reader
from tests.bench.ground import Ground
from tests.bench.lrs_ground import (
    FIRST_STORED,
    Caller,
    bulk,
    course,
    learner,
    principal,
    records,
    registration,
    statement,
    unit,
    verb,
)
from tests.bench.measuring import Goal, Series, heading, in_turns, line, ratios, unread_log

FEW, MANY = 10_000, int(os.environ.get("BENCH_STATEMENTS", "1000000"))
PAGE = 20
DEEP = 500  # a page; what follows it begins after its last statement
ROUNDS = 60
GROWTH = Goal("at most", 1.3)
APART = 50_000  # microseconds between two statements: twenty a second
_POOL = 5000
_PER_REQUEST = 1000

Run = Callable[[int], object]


def measure(ground: Ground) -> None:
    """Measures and prints."""
    ground.use_environment()
    services, transport = Services(), ground.raw_transport()
    caller = principal(ground.description.lrs[0])
    runs: list[Run] = []
    names: list[str] = []
    for count in (FEW, MANY):
        prefix = f"bench-{count}"
        store = OpenSearchStatements(services.search_transport, prefix)
        store.ensure_indexes()
        _fill(transport, f"{prefix}-statements", caller.store, count)
        asked = _queries(Reader(services.lrs.record_clock, store, services.clock), caller, count)
        names = list(asked)
        runs += asked.values()
    seconds = in_turns(ROUNDS, runs, warm_up=10)
    every = [
        Series(name, "ms", [each * 1000 for each in of]) for name, of in zip(names * 2, seconds, strict=True)
    ]
    few, many = every[: len(names)], every[len(names) :]
    heading(f"(f) queries, pages of {PAGE}; p50 and p95 at {FEW:,} and {MANY:,} statements; growth")
    for before, after in zip(few, many, strict=True):
        middle = (
            f"{before.median:.1f} and {after.median:.1f} ms, p95 {_p95(before):.1f} and {_p95(after):.1f} ms"
        )
        print(f"  {before.name}: {middle}")
        line(ratios("", after, before), GROWTH, digits=2)
    at = {series.name: series for series in many}
    line(
        ratios(f"more: page {DEEP} ÷ page 1", at[f"more: page {DEEP}"], at["more: page 1"]), GROWTH, digits=2
    )
    line(ratios("noise: no filter, again ÷ before", at["no filter, again"], at["no filter"]), digits=2)
    _modules(ground)


def _p95(series: Series) -> float:
    return quantiles(series.values, n=20)[-1]


def _filters(count: int) -> Mapping[str, StatementQuery]:
    """Each filter alone, and some together; times that half of the statements are before."""
    middle = FIRST_STORED + count // 2 * APART
    who = agent_key(learner(7))
    base = StatementQuery(limit=PAGE)
    return {
        "no filter": base,
        "agent": replace(base, agent=who),
        "agent, related": replace(base, agent=who, related_agents=True),
        "agent of no statement": replace(base, agent=agent_key(learner(1_000_000))),
        "activity": replace(base, activity=key(unit(3, 4))),
        "activity, related": replace(base, activity=key(course(3)), related_activities=True),
        "verb": replace(base, verb=key(verb(3))),
        "registration": replace(base, registration=registration(7)),
        "since": replace(base, since=middle),
        "until": replace(base, until=middle),
        "ascending": replace(base, ascending=True),
        "since, ascending": replace(base, since=middle, ascending=True),
        "verb and related activity": replace(
            base, verb=key(verb(3)), activity=key(course(3)), related_activities=True
        ),
    }


def _queries(reader: Reader, caller: Principal, count: int) -> Mapping[str, Run]:
    """Each query of a store that holds so many statements."""
    filters = _filters(count)
    first = reader.query(caller, filters["no filter"])
    deep = f"{first.consistent_through}-{FIRST_STORED + (count - (DEEP - 1) * PAGE) * APART}"
    shallow = f"{first.consistent_through}-{FIRST_STORED + count * APART}"

    def asked(query: StatementQuery, cursor: str | None = None) -> Run:
        return lambda _: reader.query(caller, query, cursor)

    return {
        **{name: asked(query) for name, query in filters.items()},
        "more: page 1": asked(filters["no filter"], shallow),
        f"more: page {DEEP}": asked(filters["no filter"], deep),
        "no filter, again": asked(filters["no filter"]),
    }


def _fill(transport: Transport, alias: str, store: str, count: int) -> None:
    """Writes so many statements, each with an id and a `stored` of its own."""
    made = random.Random(1)
    pool = list(records(store, [statement(made) for _ in range(_POOL)], 0))
    for first in range(0, count, _PER_REQUEST):
        batch = []
        for number in range(first, min(first + _PER_REQUEST, count)):
            like, name = pool[made.randrange(_POOL)], str(uuid.UUID(int=number, version=4))
            at = FIRST_STORED + number * APART
            batch.append(replace(like, id=name, stored=at, updated=at, text=like.text.replace(like.id, name)))
        answer = transport.perform_request("POST", f"/{alias}/_bulk", body=bulk(batch))
        assert not answer["errors"], answer
    transport.perform_request("POST", f"/{alias}/_refresh")
    while _merges(transport, alias):  # what the writing has left to do would slow the first queries
        time.sleep(0.5)


def _merges(transport: Transport, alias: str) -> int:
    answer = transport.perform_request("GET", f"/{alias}/_stats/merge")
    return int(answer["_all"]["primaries"]["merges"]["current"])


_PROGRAM = """
import json, sys
import app
event, before = json.load(sys.stdin), len(sys.modules)
from tests.functional.gateway import Context
answer = app.app(event, Context())
own = sum(name.startswith("chalicelib.") for name in sys.modules)
print(json.dumps([answer["statusCode"], before, len(sys.modules), own]))
"""


def _modules(ground: Ground) -> None:
    """What a cold GET of a page of statements imports."""
    with unread_log():
        event = Caller(Services(), ground.description.lrs[0]).event("GET", "limit=1")
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], input=json.dumps(event), capture_output=True, text=True, check=True
    )
    status, before, after, own = json.loads(done.stdout.splitlines()[-1])
    assert status == 200, done.stdout
    print(
        f"\n(f) modules of a GET of statements: {before:,} with the application, {after:,} when it has answered,"
        f" of which {own} are the application's own"
    )
