"""(b) The packaged pipeline on the local stack: from `put_object` until every entry has its outcome.

Beside it the emulator's own FIFO queue: as many messages of the same size sent, received and deleted by this process,
ten a call. Every run begins with an emulator that has forgotten everything, and a small file that warms all functions.
"""

import json
import time
from typing import Any
from uuid import uuid4

from chalicelib.ledger.posting import exact_counts
from chalicelib.ledger.states import SUCCEEDED
from tests.bench.catalogue import features
from tests.bench.ground import Ground, deployed_anew
from tests.bench.measuring import Goal, Series, heading, line, ratios

ENTRIES = 10_000
WARM_UP_ENTRIES = 500
SETTINGS = ((25, 3, Goal("at least", 2000)), (1, 1, Goal("at least", 150)))
"""Entries per message, runs, goal in entries/s."""

PATIENCE_SECONDS = 240.0
_POLL_SECONDS = 0.05
_CALL = 10  # SQS: messages in one call


def measure(ground: Ground) -> None:
    """Measures and prints."""
    for packing, runs, goal in SETTINGS:
        through: list[float] = []
        raw: list[float] = []
        again: list[float] = []
        for _ in range(runs):
            ground = deployed_anew(ground, EntriesPerMessage=str(packing))
            raw.append(ENTRIES / _raw_queue(ground, packing))
            _apply_file(ground, WARM_UP_ENTRIES)
            through.append(ENTRIES / _apply_file(ground, ENTRIES))
            again.append(ENTRIES / _raw_queue(ground, packing))
            calls = _calls(ground)
        heading(f"(b) packaged pipeline on the local stack, {ENTRIES:,} entries, {packing} per message")
        series = Series("from put_object to the last outcome", "entries/s", through)
        queue = Series("the emulator's queue alone, before", "entries/s", raw)
        after = Series("the emulator's queue alone, after", "entries/s", again)
        line(series, goal, digits=0)
        line(queue, digits=0)
        line(after, digits=0)
        line(ratios("pipeline ÷ queue alone", series, queue), digits=2)
        line(ratios("noise: queue alone, after ÷ before", after, queue), digits=2)
        print(f"  in the functions, last run with its warm-up: {calls}", flush=True)


def delta_file(entries: int, mark: str) -> bytes:
    """A file that adds so many articles."""
    return json.dumps(
        [
            {"operation": "add-article", "articleData": {"F_1": f"{mark}-{i}", **features(i)}}
            for i in range(entries)
        ],
        ensure_ascii=False,
    ).encode()


def _apply_file(ground: Ground, entries: int) -> float:
    """Seconds from the upload of a file until all its entries have succeeded."""
    mark = uuid4().hex[:8]
    body = delta_file(entries, mark)
    s3, ledger = ground.deployment.client("s3"), ground.deployment.ledger()
    n = ledger.control().seq + 1
    started = time.perf_counter()
    s3.put_object(Bucket=ground.description.bucket, Key=f"delta/bench-{mark}.json", Body=body)
    counts: Any = None
    while time.perf_counter() - started < PATIENCE_SECONDS:
        time.sleep(_POLL_SECONDS)
        found = ledger.file(n)
        if found is None or found[1].counts.get(SUCCEEDED, 0) < entries:
            continue
        spent = time.perf_counter() - started
        counts = exact_counts(ledger, *found, ledger.control())
        assert counts == {SUCCEEDED: entries}, counts
        return spent
    raise AssertionError(f"not done within {PATIENCE_SECONDS:.0f} s: {ledger.file(n)}")


def _calls(ground: Ground) -> str:
    """How long the functions ran, by their own log lines since the deployment."""
    logs = ground.deployment.client("logs")
    found = []
    for function in ("intake", "file-worker", "apply"):
        group = f"/aws/lambda/{ground.description.stack_name}-{function}"
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        lines = [
            event["message"] for page in pages for event in page["events"] if '"records"' in event["message"]
        ]
        seconds = [json.loads(text[text.index("{") :])["ms"] / 1000 for text in lines]
        found.append(f"{function} {len(seconds)} calls {sum(seconds):.1f} s")
    return ", ".join(found)


def _raw_queue(ground: Ground, packing: int) -> float:
    """Seconds to take as many messages through a queue of its own: send, receive, delete, ten a call."""
    sqs = ground.deployment.client("sqs")
    attributes = {"FifoQueue": "true", "VisibilityTimeout": "600"}
    url = sqs.create_queue(QueueName=f"bench-{uuid4().hex[:8]}.fifo", Attributes=attributes)["QueueUrl"]
    body = "x" * 700 * packing
    messages = ENTRIES // packing
    started = time.perf_counter()
    for first in range(0, messages, _CALL):
        entries = [
            {
                "Id": str(i),
                "MessageBody": body,
                "MessageGroupId": str(first + i) if packing == 1 else f"lane-{i % 8}",
                "MessageDeduplicationId": str(first + i),
            }
            for i in range(_CALL)
        ]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    left = messages
    while left:
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=_CALL).get("Messages", [])
        handles = [{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(received)]
        sqs.delete_message_batch(QueueUrl=url, Entries=handles)
        left -= len(received)
    spent = time.perf_counter() - started
    sqs.delete_queue(QueueUrl=url)
    return spent
