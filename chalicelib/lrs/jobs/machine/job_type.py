"""What a type of job declares and does; everything else comes from the machine.

A run asks its type for a plan (the next page, decided but not done), keeps it, has it done, and counts it: so a page
that was cut off is done again from the same plan. `apply` must bear that: done twice, it has the effect of once and
tells the same counts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from chalicelib.lrs.jobs.machine.parameters import Parameter
    from chalicelib.lrs.jobs.machine.services import JobServices
    from chalicelib.ports.jobs import JobRecord

Json = Mapping[str, object]

SERVICES = ("statements", "activities", "agents", "activity-profiles", "agent-profiles", "states")


@dataclass(frozen=True)
class Plan:
    """A page that is decided: what it is about (as JSON, below 200 KB), and where the next begins.

    `last`: nothing follows. An empty `items` with `last` ends the run.
    """

    items: Json
    next: Json
    last: bool = False


@dataclass(frozen=True)
class Done:
    """What became of a page. `notes`: what a person should know, such as why items failed; the first few are kept."""

    done: int = 0
    skipped: int = 0
    failed: int = 0
    notes: Sequence[str] = ()


class RunFailed(Exception):
    """The run cannot go on; `feedback` says why and what to do, in words for a person.

    `resumable`: the position stays, and `resume`, or the next slot, goes on from it.
    """

    def __init__(self, feedback: str, resumable: bool = False) -> None:
        self.feedback, self.resumable = feedback, resumable
        super().__init__(feedback)


@dataclass(frozen=True)
class Work:
    """What a type is given: the job, the store's services, when the run began, up to when items count.

    `started_at` and `cutoff` are microseconds since 1970; `cutoff` is inclusive, and never beyond `started_at`.
    `seconds_left` tells how long this invocation may still go on. `run`: the run's id, from which made ids are
    derived.
    """

    job: JobRecord
    lrs: JobServices
    run: str
    started_at: int
    cutoff: int
    dry_run: bool
    seconds_left: Callable[[], float] = field(default=lambda: 60.0)

    @property
    def store(self) -> str:
        """The slug of the store that the job is about."""
        return self.job.store

    @property
    def settings(self) -> Json:
        """The type's own parameters."""
        return self.job.settings


class JobType(ABC):
    """One type of job.

    `name`: as in the address. `parameters`: its own, beside those of the schedule. `services`: it takes `service`,
    and `all` stands for one job per service. `store`: `"each"` (omitted: one job per ready store), `"all"` (omitted:
    one job over all stores), `"required"`, `"none"`. `destroys`: it takes `dry_run`. `repeats`: the values of
    `repeat` that it takes; empty: all. So `store`, `service` and `dry_run` do not stand among `parameters`.
    """

    name: ClassVar[str]
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    services: ClassVar[bool] = False
    store: ClassVar[str] = "each"
    destroys: ClassVar[bool] = False
    repeats: ClassVar[tuple[str, ...]] = ()

    def check(self, lrs: JobServices, job: JobRecord) -> Mapping[str, Sequence[str]]:
        """Faults that only a look at what is stored can find, by field; none: the job may be made."""
        return {}

    def every_service(self, lrs: JobServices, job: JobRecord) -> Sequence[str]:
        """The services that `service: all` stands for in this job, which is one of `all` still."""
        return SERVICES

    def kept(self, lrs: JobServices, job: JobRecord, root: str) -> Json:
        """The settings that are kept of a job, which has those that were sent.

        `root`: the address under which the APIs were called, such as `https://host/api`.
        """
        return job.settings

    def total(self, work: Work) -> int:
        """How many items the run expects to see; 0: it cannot tell yet."""
        return 0

    @abstractmethod
    def plan(self, work: Work, position: Json | None) -> Plan:
        """Decides the next page from a position (None: the start); reads, and changes nothing.

        Raises `RunFailed`; `Unavailable`: the page is tried again.
        """

    @abstractmethod
    def apply(self, work: Work, items: Json) -> Done:
        """Does a page, or with `work.dry_run` tells what it would do; may be called again for the same items.

        Raises `RunFailed`; `Unavailable`: the page is tried again.
        """

    def finish(self, work: Work) -> Json:
        """What the run leaves as evidence, without personal data; called at the end, perhaps again."""
        return {}

    def kept_after(self, work: Work) -> Json | None:
        """The settings that are kept of a job whose run passed, where some must go; None: all of them."""
        return None

    def memory(self, work: Work, position: Json | None) -> Json:
        """What the job keeps for its next run, of one that passed and ended at this position."""
        return {}
