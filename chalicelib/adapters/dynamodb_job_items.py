"""Jobs and the lines of their logs as items of DynamoDB.

Job: `pk` = `jobs#<type>`, `sk` = its id; `schema`, `version`, `job` (its record as JSON), `writer` (a random name of
the write, by which a writer whose answer was lost knows its own), and while it is due once: `due_pk` = `due#<shard>`,
`due_at` (microseconds, 17 digits, then its type and id). Line: `pk` = `log#<type>#<id>`, `sk` = the line's id;
`schema`, `event`, `at`, `feedback`, `success` where it is known, `expires_at` (seconds; the table's TTL).
"""

import json
import zlib
from typing import Any

from chalicelib.adapters.dynamodb_schema import check_schema
from chalicelib.ports.jobs import LARGEST_RECORD, DueJob, JobEvent, JobRecord, Progress, Run, RunState

SCHEMA = 2
PART = "The job store"
SHARDS = 4  # a partition of an index takes 1,000 writes a second; every running job writes with each page
LOG_DAYS = 90  # as long as the general log
_SECONDS_PER_DAY = 86_400

Item = dict[str, Any]


def job_key(kind: str, job_id: str) -> Item:
    """The key of a job."""
    return {"pk": {"S": f"jobs#{kind}"}, "sk": {"S": job_id}}


def log_pk(kind: str, job_id: str) -> str:
    """The partition of a job's log."""
    return f"log#{kind}#{job_id}"


def write_job(job: JobRecord, writer: str) -> Item:
    """The item of a job. Raises `ValueError` for one that is too large."""
    item: Item = {
        **job_key(job.type, job.id),
        "schema": {"N": str(SCHEMA)},
        "version": {"N": str(job.version)},
        "writer": {"S": writer},
        "job": {"S": written(job)},
    }
    if job.due_at is not None:
        shard = zlib.crc32(job.id.encode()) % SHARDS
        item["due_pk"] = {"S": due_pk(shard)}
        item["due_at"] = {"S": f"{max(job.due_at, 0):017d}#{job.type}#{job.id}"}
    return item


def written(job: JobRecord) -> str:
    """A record as JSON. Raises `ValueError` for one that is too large."""
    run = job.run
    value = {
        **vars(job),
        "progress": vars(job.progress),
        "run": None if run is None else {**vars(run), "state": run.state.value},
    }
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    size = len(text.encode())
    if size > LARGEST_RECORD:
        raise ValueError(f"a job of {size} bytes, where {LARGEST_RECORD} are kept; its plan is too large")
    return text


def read_job(item: Item) -> JobRecord:
    """The job of an item. Raises `Unavailable` for one of a newer release."""
    _check(item)
    return restored(item["job"]["S"])


def restored(text: str) -> JobRecord:
    """A record from its JSON."""
    value = json.loads(text)
    run = value["run"]
    if run is not None:
        value["run"] = Run(**{**run, "state": RunState(run["state"])})
    value["progress"] = Progress(**value["progress"])
    return JobRecord(**value)


def due_pk(shard: int) -> str:
    """The partition of the index `due`."""
    return f"due#{shard}"


def read_due(item: Item) -> DueJob:
    """The due job that an item of the index stands for."""
    due_at = int(item["due_at"]["S"].partition("#")[0])
    return DueJob(item["pk"]["S"].removeprefix("jobs#"), item["sk"]["S"], due_at)


def write_event(job: JobRecord, event: JobEvent) -> Item:
    """The item of a line."""
    item: Item = {
        "pk": {"S": log_pk(job.type, job.id)},
        "sk": {"S": event.id},
        "schema": {"N": str(SCHEMA)},
        "event": {"S": event.event},
        "at": {"N": str(event.at)},
        "feedback": {"S": event.feedback},
        "expires_at": {"N": str(event.at // 1_000_000 + LOG_DAYS * _SECONDS_PER_DAY)},
    }
    if event.success is not None:
        item["success"] = {"BOOL": event.success}
    return item


def read_event(item: Item) -> JobEvent:
    """The line of an item. Raises `Unavailable` for one of a newer release."""
    _check(item)
    success = item.get("success")
    return JobEvent(
        id=item["sk"]["S"],
        event=item["event"]["S"],
        at=int(item["at"]["N"]),
        success=None if success is None else bool(success["BOOL"]),
        feedback=item["feedback"]["S"],
    )


def _check(item: Item) -> None:
    check_schema(item, SCHEMA, PART)
