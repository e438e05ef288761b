"""What an export has come to: the files of its last runs, and up to when they tell of changes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from chalicelib.ports.article_search import ArticleQuery
from chalicelib.ports.jobs import JobRecord

KEPT = 10
"""Results of an export that are kept; the files of older ones go."""


@dataclass(frozen=True)
class Result:
    """The file of a run that passed. Times are microseconds since 1970.

    `since`: only what was written then or later is in it, None: everything. `until`: every write that was answered
    before is in it. `baseline`: the key of what it is a result of, empty where later exports must not build on it.
    `file`, `failures`: keys of objects, the latter empty where no row failed.
    """

    run: str
    since: int | None
    until: int
    completed_at: int
    rows: int
    deleted: int
    left_out: int
    failed: int
    bytes: int
    sha256: str
    baseline: str
    file: str
    failures: str

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Result:
        """The result that was kept."""
        return cls(**{field.name: value[field.name] for field in fields(cls)})


def results_of(job: JobRecord) -> list[Result]:
    """The results of an export, newest first."""
    kept = job.memory.get("results")
    return [Result.from_json(value) for value in kept] if isinstance(kept, list) else []


def dropped_of(job: JobRecord) -> list[str]:
    """Keys of files that belong to no result any more."""
    kept = job.memory.get("dropped")
    return [str(key) for key in kept] if isinstance(kept, list) else []


def with_result(job: JobRecord, result: Result) -> dict[str, object]:
    """What a job keeps once this result is its newest: done again, it keeps it once."""
    earlier = [each for each in results_of(job) if each.run != result.run]
    kept = [result, *earlier][:KEPT]
    dropped = [key for each in earlier[KEPT - 1 :] for key in (each.file, each.failures) if key]
    return {"results": [asdict(each) for each in kept], "dropped": dropped}


def baseline_key(format_name: str, mapping_digest: str, query: ArticleQuery) -> str:
    """What exports have in common that build on each other: format, mapping and filter."""
    text = json.dumps([format_name, mapping_digest, query.to_json()], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def baselines_in(jobs: Sequence[JobRecord]) -> dict[str, int]:
    """Up to when the published results of these exports tell of changes, by key."""
    found: dict[str, int] = {}
    for result in (each for job in jobs for each in results_of(job)):
        if result.baseline:
            found[result.baseline] = max(result.until, found.get(result.baseline, 0))
    return found
