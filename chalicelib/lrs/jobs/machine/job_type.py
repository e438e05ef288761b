"""What a type of job of the record store declares, beside what it does in a run, and what it is given there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from chalicelib.jobs.run_type import Json, RunType
from chalicelib.lrs.jobs.machine.cutoff import cutoff_of
from chalicelib.lrs.jobs.machine.parameters import ALL, DRY_RUN, OF_THE_JOB, SERVICE, STORE, Parameter

if TYPE_CHECKING:
    from chalicelib.lrs.access.principal import Principal
    from chalicelib.lrs.jobs.machine.services import JobServices
    from chalicelib.lrs.options import PipelineOptions
    from chalicelib.ports.jobs import JobRecord, Run

SERVICES = ("statements", "activities", "agents", "activity-profiles", "agent-profiles", "states")
_STORES = {
    "each": "The slug of a store; without it, one job is made per store that is ready.",
    "all": "The slug of a store; without it, the job is about all stores.",
    "required": "The slug of a store.",
}


@dataclass(frozen=True)
class Work:
    """What a type is given: the job, the store's services, when the run began, up to when items count.

    `started_at` and `cutoff` are microseconds since 1970; `cutoff` is inclusive, and never beyond `started_at`.
    `seconds_left` tells how long this invocation may still go on. `run`: the run's id, from which made ids are
    derived. `keep`: to be called between the steps of a page that may take longer than a minute; it renews the lease
    of the worker.
    """

    job: JobRecord
    lrs: JobServices
    run: str
    started_at: int
    cutoff: int
    dry_run: bool
    seconds_left: Callable[[], float] = field(default=lambda: 60.0)
    keep: Callable[[], None] = field(default=lambda: None)

    @property
    def store(self) -> str:
        """The slug of the store that the job is about."""
        return self.job.store

    @property
    def settings(self) -> Json:
        """The type's own parameters."""
        return self.job.settings

    def principal(self, options: PipelineOptions) -> Principal:
        """Who records in a run: the client that made the job, in the authority that the options name."""
        from chalicelib.lrs.access.authority import authority_of
        from chalicelib.lrs.access.principal import Principal

        client = self.job.created_by
        return Principal(client, self.store, frozenset(), authority_of(client, options), options)

    def digest_of(self, request: Json) -> str:
        """A digest of what was asked for, which tells nothing to who does not know it: it is made with the job's id."""
        text = json.dumps({"job": self.job.id, **request}, sort_keys=True, ensure_ascii=False)
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def work_of(
    lrs: JobServices, job: JobRecord, run: Run, seconds_left: Callable[[], float], keep: Callable[[], None]
) -> Work:
    """What the type of a job is given in a run. Raises `Unavailable`."""
    return Work(
        job=job,
        lrs=lrs,
        run=run.id,
        started_at=run.started_at,
        cutoff=cutoff_of(job, run.started_at, lrs),
        dry_run=bool(job.settings.get("dry_run")),
        seconds_left=seconds_left,
        keep=keep,
    )


class JobType(RunType[Work]):
    """One type of job of the record store.

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


def parameters_of(kind: JobType) -> tuple[Parameter, ...]:
    """All parameters of a type but those of the schedule: its own, then what it says of store, service, dry run."""
    found = list(kind.parameters)
    if kind.services:
        found.append(Parameter(SERVICE, "service", "What is worked on.", True, (ALL, *SERVICES)))
    if kind.store != "none":
        found.append(Parameter(STORE, "store", _STORES[kind.store], kind.store == "required"))
    if kind.destroys:
        found.append(DRY_RUN)
    return tuple(found)


def settings_of(kind: JobType) -> tuple[str, ...]:
    """The names of the settings of a type, as they are sent and shown."""
    found = (name for parameter in parameters_of(kind) for name in parameter.fields)
    return tuple(name for name in found if name not in OF_THE_JOB)
