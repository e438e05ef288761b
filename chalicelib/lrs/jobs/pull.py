"""Copies one service of another place into a store, from where the last run ended, through the recording pipeline."""

from __future__ import annotations

import weakref
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, cast

from chalicelib.jobs.run_type import Done, Json, Plan
from chalicelib.lrs.jobs.machine.job_type import JobType, Work
from chalicelib.lrs.jobs.machine.parameters import Parameter, until
from chalicelib.lrs.jobs.machine.services import JobServices
from chalicelib.lrs.remotes.connections import check_service, place_of, remote_of, services_of
from chalicelib.lrs.remotes.shape import RemotePage
from chalicelib.ports.jobs import JobRecord

if TYPE_CHECKING:
    from chalicelib.lrs.options import PipelineOptions
    from chalicelib.ports.lrs_access import OptionValue

FLAGS = (
    "validate_statements",
    "check_conflicts",
    "void_statements",
    "update_activities",
    "update_agents",
    "update_vocab",
    "update_activity_ids",
    "update_agent_ids",
)
TEXTS = ("authority_name", "authority_homepage")
SHOWN = 10  # of what failed in a page


class Pull(JobType):
    """The type `pull`."""

    name = "pull"
    parameters = (
        until(),
        Parameter("connection", "connection", "The connection to the other place.", required=True),
        *(Parameter(name, "boolean", f"The option {name} of the pipeline.") for name in FLAGS),
        Parameter("authority_name", "text", "The name of the authority written on every statement."),
        Parameter("authority_homepage", "url", "The home page of the authority written on every statement."),
    )
    services = True
    store = "required"

    def __init__(self) -> None:
        self._read: tuple[weakref.ref[Work], Json | None, RemotePage] | None = None

    def check(self, lrs: JobServices, job: JobRecord) -> Mapping[str, Sequence[str]]:
        return check_service(lrs, job)

    def every_service(self, lrs: JobServices, job: JobRecord) -> Sequence[str]:
        return services_of(lrs, job) or super().every_service(lrs, job)

    def plan(self, work: Work, position: Json | None) -> Plan:
        at = position if position is not None else _begins(work)
        page = self._page(work, at)
        if not page.items and page.last:
            return Plan({}, page.next, last=True)
        return Plan({"at": at, "count": len(page.items)}, page.next, page.last)

    def apply(self, work: Work, items: Json) -> Done:
        from chalicelib.lrs.remotes.taking import taken

        at = items["at"]
        page = self._page(work, at if isinstance(at, dict) else None)
        # What came to the other place since the page was decided is on a page of the next run.
        chosen = page.items[: int(str(items["count"]))]
        failed = taken(work, chosen, _options(work))
        return Done(done=len(chosen) - len(failed), failed=len(failed), notes=failed[:SHOWN])

    def memory(self, work: Work, position: Json | None) -> Json:
        return {} if position is None else {"position": position, "place": place_of(work)}

    def _page(self, work: Work, at: Json | None) -> RemotePage:
        """The page at a position; the one that was decided last is not read again to be done."""
        if self._read is not None and self._read[0]() is work and self._read[1] == at:
            return self._read[2]
        self._read = None
        page = remote_of(work).page(work.job.service, work.store, at, work.cutoff)
        self._read = (weakref.ref(work), at, page)
        return page


def _options(work: Work) -> PipelineOptions:
    """The pipeline options of a job, between those of the deployment."""
    own = {name: value for name, value in work.settings.items() if name in (*FLAGS, *TEXTS)}
    return work.lrs.effective_options.of(cast("Mapping[str, OptionValue]", own))


def _begins(work: Work) -> Json | None:
    """Where the last run ended, if that was at this place."""
    kept = work.job.memory.get("position")
    return kept if isinstance(kept, dict) and work.job.memory.get("place") == place_of(work) else None


JOB = Pull()
