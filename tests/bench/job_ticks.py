"""(g) What a tick calls and reads, with as many jobs due among few schedules and among many.

Each tick has a table and a queue of its own on the emulator, which no deployed function looks at.
"""

import time
from collections import Counter
from typing import Any
from uuid import uuid4

from chalicelib.adapters.dynamodb_job_items import write_job
from chalicelib.adapters.dynamodb_jobs import DynamoJobs
from chalicelib.bootstrap import Services
from chalicelib.bootstrap_lrs import LrsServices
from chalicelib.ports.jobs import JobRecord
from chalicelib.times import microseconds
from tests.bench.ground import Ground
from tests.bench.measuring import Series, heading, line

DUE = 10
SCHEDULES = (100, 10_000)
ROUNDS = 5
_PER_CALL = 25  # BatchWriteItem
_MINUTE = 60_000_000  # microseconds


class _Counted(Services):
    """Clients that count their calls, and the items that DynamoDB read for them."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.items = 0

    def dynamodb_client(self, attempts: int) -> Any:
        client = super().dynamodb_client(attempts)
        client.meta.events.register("after-call.dynamodb", self._note)
        return client

    def sqs_client(self) -> Any:
        client = super().sqs_client()
        client.meta.events.register("after-call.sqs", self._note)
        return client

    def _note(self, model: Any, parsed: Any, **rest: object) -> None:
        self.calls[model.name] += 1
        self.items += int(parsed.get("ScannedCount", "Item" in parsed))


def measure(ground: Ground) -> None:
    """Measures and prints."""
    told = [_ticks(ground, schedules) for schedules in SCHEDULES]
    heading(f"(g) a tick with {DUE} jobs due")
    for series, _ in told:
        line(series)
    for schedules, (_, reads) in zip(SCHEDULES, told, strict=True):
        print(f"  among {schedules:,}: {reads}", flush=True)
    assert told[0][1] == told[1][1], "the cost of a tick follows the number of schedules"


def _ticks(ground: Ground, schedules: int) -> tuple[Series, str]:
    """Milliseconds of ticks, and what each of them called and read."""
    services: Any = _Counted()
    name = f"bench-ticks-{uuid4().hex[:8]}"
    queue = ground.deployment.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    services.__dict__ |= {
        "job_store": DynamoJobs(services.dynamodb_client(1), _table(ground, name)),
        "job_queue": services.queue(queue),
    }
    tick = LrsServices(services).job_tick
    now = microseconds(time.time())
    _write(ground, name, [_job(number, now + 60 * _MINUTE) for number in range(schedules - DUE)])
    series, told = Series(f"among {schedules:,} schedules", "ms"), set[str]()
    for number in range(ROUNDS):
        _write(ground, name, [_job(schedules + number * DUE + each, now - _MINUTE) for each in range(DUE)])
        services.calls.clear()
        services.items = 0
        started = time.perf_counter()
        ticked = tick.run()
        series.values.append((time.perf_counter() - started) * 1000)
        assert (ticked.started, ticked.woken, ticked.failed) == (DUE, 0, 0), ticked
        calls = ", ".join(f"{count} {call}" for call, count in sorted(services.calls.items()))
        told.add(f"{calls}; {services.items} items read")
    assert len(told) == 1, told
    return series, told.pop()


def _table(ground: Ground, name: str) -> str:
    """A table as that of the deployment, with nothing in it."""
    client = ground.deployment.client("dynamodb")
    found = client.describe_table(TableName=ground.settings.jobs_table)["Table"]
    [index] = found["GlobalSecondaryIndexes"]
    client.create_table(
        TableName=name,
        KeySchema=found["KeySchema"],
        AttributeDefinitions=found["AttributeDefinitions"],
        BillingMode="PAY_PER_REQUEST",
        GlobalSecondaryIndexes=[{part: index[part] for part in ("IndexName", "KeySchema", "Projection")}],
    )
    return name


def _job(number: int, due_at: int) -> JobRecord:
    """A job on a schedule."""
    return JobRecord(
        f"{number:012d}",
        "clearing",
        f"Job {number}",
        "bench",
        0,
        {"repeat": "everyMinute", "timezone": "UTC"},
        {"until": "now"},
        store="bench-jobs",
        service="statements",
        next_run_at=due_at,
        due_at=due_at,
        version=1,
    )


def _write(ground: Ground, table: str, jobs: list[JobRecord]) -> None:
    client = ground.deployment.client("dynamodb")
    for first in range(0, len(jobs), _PER_CALL):
        puts = [{"PutRequest": {"Item": write_job(job, "bench")}} for job in jobs[first : first + _PER_CALL]]
        answer = client.batch_write_item(RequestItems={table: puts})
        assert not answer.get("UnprocessedItems"), answer
