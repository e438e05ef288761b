"""Deletes a store with all that is in it; the job and its log are what stays.

The store is closed first: its calls are refused, and its jobs go. What was under way then may still write for a
while, so all data is gone through twice, the second time when nobody can be writing any more. docs/jobs.md has the
steps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib.jobs.run_type import Done, Json, Plan, RunFailed
from chalicelib.lrs.jobs.machine.data import items_of
from chalicelib.lrs.jobs.machine.job_type import JobType, Work
from chalicelib.lrs.jobs.machine.parameters import Parameter
from chalicelib.lrs.removal.store import FIRST, STEPS, Removal, is_last_ready

if TYPE_CHECKING:
    from chalicelib.lrs.jobs.machine.services import JobServices
    from chalicelib.ports.jobs import JobRecord

LAST = "This is the last store that is ready; make another one before it is deleted."


class StoresDeletion(JobType):
    """The type `stores-deletion`."""

    name = "stores-deletion"
    parameters = (Parameter("store_id", "store", "The internal id of a store.", required=True),)
    store = "none"
    destroys = True
    repeats = ("now", "on")

    def check(self, lrs: JobServices, job: JobRecord) -> Mapping[str, Sequence[str]]:
        last = is_last_ready(lrs.access_store.stores(), str(job.settings["store_id"]))
        return {"store_id": [LAST]} if last else {}

    def total(self, work: Work) -> int:
        removal = Removal(work)
        return sum(removal.counts().values()) if removal.store() is not None else 0

    def plan(self, work: Work, position: Json | None) -> Plan:
        removal = Removal(work)
        if position is None and (work.dry_run or removal.store() is None):
            return Plan({"step": 0, "items": []}, {}, last=True)
        at = FIRST if position is None else position
        while True:
            step = int(str(at["step"]))
            page = removal.page(at)
            following = {**page.next, "step": step + 1} if page.last else {**page.next, "step": step}
            last = page.last and step + 1 == len(STEPS)
            if page.items or last or not page.last:
                items = {"step": step, "items": list(page.items)} if page.items else {}
                return Plan(items, following, last=last)
            at = following

    def apply(self, work: Work, items: Json) -> Done:
        removal, step, found = Removal(work), int(str(items["step"])), items_of(items)
        if removal.store() is None:
            notes = [] if step else ["There is no such store any more."]
            return Done(done=removal.counted(step, found), notes=notes)
        if work.dry_run:
            counts = removal.counts()
            notes = [f"{count} {name}" for name, count in counts.items() if count]
            told = f"A dry run, nothing is deleted. Would delete the store {work.store} with:"
            return Done(skipped=sum(counts.values()), notes=[told, *notes])
        if is_last_ready(work.lrs.access_store.stores(), str(work.settings["store_id"])):
            raise RunFailed(LAST)
        return removal.remove(step, found)

    def finish(self, work: Work) -> Json:
        gone = Removal(work).store() is None
        return {"store": work.store, "store_id": str(work.settings["store_id"]), "deleted": gone}


JOB = StoresDeletion()
