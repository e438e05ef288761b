"""What the types of jobs that only tests have do: they count to `items`, in pages of ten, and touch nothing."""

from chalicelib.jobs.run_type import Done, Json, Plan
from chalicelib.lrs.jobs.machine.job_type import JobType, Work

PER_PAGE = 10


class CountingType(JobType):
    """Counts; with `dry_run` it skips."""

    def total(self, work: Work) -> int:
        return _items(work)

    def plan(self, work: Work, position: Json | None) -> Plan:
        begin = int(str((position or {"at": 0})["at"]))
        end = min(begin + PER_PAGE, _items(work))
        return Plan({"count": end - begin}, {"at": end}, last=end == _items(work))

    def apply(self, work: Work, items: Json) -> Done:
        count = int(str(items["count"]))
        return Done(skipped=count) if work.dry_run else Done(done=count)

    def memory(self, work: Work, position: Json | None) -> Json:
        return {"last": dict(position or {})}

    def finish(self, work: Work) -> Json:
        return {"counted": _items(work)}


def _items(work: Work) -> int:
    return int(str(work.settings.get("items", 25)))
