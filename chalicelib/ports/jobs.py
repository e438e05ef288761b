"""Where jobs are kept: one record per job, which holds its schedule, its run and its outcome.

One record is what makes the promises simple: a job never overlaps itself, because starting it is one conditional
write; a page is counted once, because its counts and the plan of the next are one conditional write. Times are
microseconds since 1970. docs/jobs.md has the states and what a crash between any two writes leaves behind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

Json = Mapping[str, object]

LARGEST_RECORD = 350_000  # DynamoDB takes items of 400 KB


class RunState(Enum):
    """What becomes of a run; a job without a run waits for its next slot."""

    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Progress:
    """How far a run is. `total`: expected; at the end it is `done` + `skipped` + `failed`."""

    total: int = 0
    done: int = 0
    skipped: int = 0
    failed: int = 0

    @property
    def seen(self) -> int:
        """Items that have an outcome."""
        return self.done + self.skipped + self.failed


@dataclass(frozen=True)
class Run:
    """One run of a job.

    `plan`: the page that is being worked on, decided before its effect; None: none is decided. `position`: where the
    page after it begins; None: at the start. `worker`: who works on it, empty: nobody yet; until `lease_until` it is
    taken to be alive. `attempts`: how often a worker began without finishing a page since. `pauses`: how often the
    run waited for a part that did not answer. `beginnings`: how often it began again from the start.
    """

    id: str
    state: RunState
    started_at: int
    lease_until: int
    position: Json | None = None
    plan: Json | None = None
    last: bool = False
    worker: str = ""
    pages: int = 0
    attempts: int = 0
    pauses: int = 0
    beginnings: int = 0


@dataclass(frozen=True)
class JobRecord:
    """A job. Ids sort as jobs were made.

    `schedule`: its parameters as they were read (`chalicelib.schedule`). `settings`: those of its type.
    `next_run_at`: the slot it waits for, None: none. `due_at`: when the tick looks at it: its slot, or the end of its
    run's lease. `run`: the one that is going on or was stopped. `progress`, `feedback`, `success`, `started_at`,
    `completed_at`: of the run that goes on, else of the last. `evidence`: what the last run leaves as proof, without
    personal data. `memory`: what its type keeps from run to run. `version` rises with every write.
    """

    id: str
    type: str
    name: str
    created_by: str
    created_at: int
    schedule: Json
    settings: Json
    store: str = ""
    service: str = ""
    client: str = ""
    connection: str = ""
    replay: bool = False
    next_run_at: int | None = None
    due_at: int | None = None
    run: Run | None = None
    ran: bool = False
    success: bool | None = None
    started_at: int | None = None
    completed_at: int | None = None
    progress: Progress = field(default_factory=Progress)
    feedback: str = ""
    evidence: Json = field(default_factory=dict)
    memory: Json = field(default_factory=dict)
    version: int = 0


@dataclass(frozen=True)
class JobEvent:
    """A line of a job's log. `id` sorts as lines were made, and is derived from run and page: none stands twice."""

    id: str
    event: str
    at: int
    success: bool | None = None
    feedback: str = ""


@dataclass(frozen=True)
class JobPage:
    """Jobs in the order in which they were made; `next`: where to go on, None: there are no more."""

    jobs: Sequence[JobRecord]
    next: str | None = None


@dataclass(frozen=True)
class DueJob:
    """A job that the tick should look at: only its record says whether it is still due."""

    type: str
    id: str
    due_at: int


class JobStore(Protocol):
    """Reads are strongly consistent, but for `due`. Every call raises `Unavailable` without an answer.

    A record is kept up to `LARGEST_RECORD` bytes as JSON: `put` raises `ValueError` for a larger one.
    """

    def get(self, kind: str, job_id: str) -> JobRecord | None:
        """The job of this type with this id."""
        ...

    def put(self, job: JobRecord, expected: int | None) -> JobRecord | None:
        """Writes the job if its stored version is `expected` (None: if there is none); as it is stored then.

        None: it is another version, or gone; nothing was written by this call.
        """
        ...

    def delete(self, job: JobRecord) -> bool:
        """Removes the job if it still has this version, and then its log; False: it has not, or is gone."""
        ...

    def page(self, kind: str, cursor: str | None, limit: int) -> JobPage:
        """A page of the jobs of a type."""
        ...

    def due(self, now: int, limit: int) -> list[DueJob]:
        """Up to `limit` jobs with `due_at` ≤ `now`, most overdue first; reads no other job, and may lag behind."""
        ...

    def add_event(self, job: JobRecord, event: JobEvent) -> None:
        """Adds a line to the job's log, over the one with the same id."""
        ...

    def events(
        self, kind: str, job_id: str, cursor: str | None, limit: int
    ) -> tuple[list[JobEvent], str | None]:
        """A page of the job's log, oldest first, and where to go on."""
        ...
