"""Copies one service of a store to another place, from where the last run ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib.jobs.run_type import Done, Json, Plan
from chalicelib.lrs.jobs.machine.job_type import JobType, Work
from chalicelib.lrs.jobs.machine.parameters import Parameter, until
from chalicelib.lrs.remotes.connections import check_service, place_of, remote_of, services_of
from chalicelib.lrs.remotes.shape import Target

if TYPE_CHECKING:
    from chalicelib.lrs.jobs.machine.services import JobServices
    from chalicelib.ports.jobs import JobRecord

SHOWN = 10  # of what failed in a page
PSEUDONYMIZE = "pseudonymize_statements"


class Push(JobType):
    """The type `push`.

    A position is where the store's items go on (`local`), how many pages were written (`number`), and whether only
    the end of writing is left (`end`). What goes by `updated` also knows up to when the run before saw (`since`).
    """

    name = "push"
    parameters = (
        until(),
        Parameter("connection", "connection", "The connection to the other place.", required=True),
        Parameter("raw", "boolean", "Writes the statements alone, and nothing that is known of them."),
        Parameter("sync_updates", "boolean", "Goes by when items were last changed, not first stored."),
        Parameter(PSEUDONYMIZE, "boolean", "Puts pseudonyms in the place of agents on the way out."),
    )
    services = True
    store = "required"

    def check(self, lrs: JobServices, job: JobRecord) -> Mapping[str, Sequence[str]]:
        return check_service(lrs, job)

    def every_service(self, lrs: JobServices, job: JobRecord) -> Sequence[str]:
        return services_of(lrs, job) or super().every_service(lrs, job)

    def plan(self, work: Work, position: Json | None) -> Plan:
        from chalicelib.lrs.remotes.leaving import leaving

        at = position if position is not None else {"local": _begins(work), "number": 0}
        number = int(str(at["number"]))
        if at.get("end"):
            return Plan({"pages": number} if number else {}, at, last=True)
        local = at["local"]
        page = leaving(
            work, local if isinstance(local, dict) else None, bool(work.settings.get("sync_updates"))
        )
        after = {"local": page.next, "number": number + bool(page.items), "end": page.last}
        return Plan({"items": list(page.items), "number": number} if page.items else {}, after)

    def apply(self, work: Work, items: Json) -> Done:
        target = Target(work.job.service, work.store, work.run)
        if "pages" in items:
            remote_of(work).end(target, int(str(items["pages"])))
            return Done()
        from chalicelib.lrs.remotes.giving import given, under_pseudonyms

        chosen = items["items"]
        listed = chosen if isinstance(chosen, list) else []
        found = given(work.lrs, work.job.service, work.store, listed, bool(work.settings.get("raw")))
        if _pseudonymizes(work):
            found = [under_pseudonyms(each, work.job.service, work.lrs.pseudonyms) for each in found]
        failed = remote_of(work).write(target, int(str(items["number"])), found)
        return Done(
            done=len(found) - len(failed),
            skipped=len(listed) - len(found),
            failed=len(failed),
            notes=failed[:SHOWN],
        )

    def abandon(self, work: Work, position: Json | None) -> None:
        if position is not None and int(str(position["number"])):
            target = Target(work.job.service, work.store, work.run)
            remote_of(work).abandon(target, int(str(position["number"])))

    def memory(self, work: Work, position: Json | None) -> Json:
        return {} if position is None else {"local": position["local"], "place": place_of(work)}


def _begins(work: Work) -> object:
    """Where the last run ended, if that was at this place."""
    return work.job.memory.get("local") if work.job.memory.get("place") == place_of(work) else None


def _pseudonymizes(work: Work) -> bool:
    """Whether agents go out under pseudonyms: by the job, between what the deployment says."""
    own = work.settings.get(PSEUDONYMIZE)
    options = work.lrs.effective_options.of({PSEUDONYMIZE: own} if isinstance(own, bool) else {})
    return options.pseudonymize_statements


JOB = Push()
