"""Deletes cmi5 tokens that were created up to a time, in one store or in all; who has one is out from then on."""

from __future__ import annotations

from chalicelib.jobs.run_type import Done, Json, Plan
from chalicelib.lrs.jobs.machine.job_type import JobType, Work
from chalicelib.lrs.jobs.machine.parameters import until
from chalicelib.times import written

UNTIL = ("now", "1_hour", "1_day", "1_week")
PER_PAGE = 500


class Cmi5TokensDeletion(JobType):
    """The type `cmi5-tokens-deletion`."""

    name = "cmi5-tokens-deletion"
    parameters = (until(UNTIL),)
    store = "all"
    destroys = True

    def plan(self, work: Work, position: Json | None) -> Plan:
        store = "" if position is None else str(position["store"])
        after = "" if position is None else str(position["after"])
        while True:
            if not after:
                following = _store_after(work, store)
                if following is None:
                    return Plan({}, {"store": store, "after": ""}, last=True)
                store = following
            # What is deleted does not come again, and a token may be exchanged for one that sorts before those that
            # went: so only a dry run goes on behind the last.
            found = work.lrs.token_store.created_until(
                store, work.cutoff, PER_PAGE, after if work.dry_run else ""
            )
            if found:
                tokens = [token.id for token in found]
                items = {"store": store, "tokens": tokens}
                return Plan(items, {"store": store, "after": tokens[-1]})
            after = ""

    def apply(self, work: Work, items: Json) -> Done:
        store, tokens = str(items["store"]), items["tokens"]
        names = [str(each) for each in tokens] if isinstance(tokens, list) else []
        until_then = f"cmi5 tokens created up to {written(work.cutoff)}"
        if work.dry_run:
            notes = [f"A dry run, nothing is deleted. Would delete the {until_then} in the store {store}."]
            return Done(skipped=len(names), notes=notes)
        work.lrs.token_store.remove(store, names)
        return Done(done=len(names), notes=[f"Deletes the {until_then}."])

    def finish(self, work: Work) -> Json:
        return {"up_to": written(work.cutoff)}


def _store_after(work: Work, slug: str) -> str | None:
    """The next of the stores that the job is about."""
    if work.store:
        return None if slug else work.store
    return min((each.slug for each in work.lrs.access_store.stores() if each.slug > slug), default=None)


JOB = Cmi5TokensDeletion()
