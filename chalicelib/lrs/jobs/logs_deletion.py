"""Deletes entries of the general log up to a level and a time, of one store or of all."""

from __future__ import annotations

from chalicelib.jobs.run_type import Done, Json, Plan, RunFailed
from chalicelib.lrs.jobs.machine.job_type import JobType, Work
from chalicelib.lrs.jobs.machine.parameters import Parameter, until
from chalicelib.ports.logs import LEVELS, LogEntry, LogSearch
from chalicelib.times import written

PER_PAGE = 500
SHOWN = 10  # of what a dry run would remove
_LEVELS = ", ".join(f"{level} ({name})" for level, name in enumerate(LEVELS))


class LogsDeletion(JobType):
    """The type `logs-deletion`."""

    name = "logs-deletion"
    parameters = (
        Parameter(
            "max_level",
            "whole number",
            f"Entries up to this level are deleted: {_LEVELS}.",
            required=True,
            lowest=0,
            highest=len(LEVELS) - 1,
        ),
        until(),
    )
    store = "all"
    destroys = True

    def plan(self, work: Work, position: Json | None) -> Plan:
        after = None if position is None else str(position["after"])
        page = work.lrs.logs.page(
            LogSearch(PER_PAGE, after, levels=_levels(work), store=work.store or None, until=work.cutoff)
        )
        items: dict[str, object] = {}
        if page.entries or position is None:
            entries = [[entry.id, entry.at] for entry in page.entries]
            items = {"entries": entries, "first": position is None}
        return Plan(items, {"after": page.next or ""}, last=page.next is None)

    def apply(self, work: Work, items: Json) -> Done:
        found = items["entries"]
        if not isinstance(found, list):
            raise RunFailed("The page of this run cannot be read; replay the job.")
        entries = [_entry(name, int(at)) for name, at in found]
        notes = _notes(work, entries) if items["first"] else []
        if work.dry_run:
            return Done(skipped=len(entries), notes=notes)
        work.lrs.log_store.remove(entries)
        return Done(done=len(entries), notes=notes)

    def finish(self, work: Work) -> Json:
        return {"up_to": written(work.cutoff), "max_level": max(_levels(work))}


def _levels(work: Work) -> tuple[int, ...]:
    return tuple(range(int(str(work.settings["max_level"])) + 1))


def _entry(name: str, at: int) -> LogEntry:
    """As much of an entry as its removal needs."""
    return LogEntry(name, at, "console", 0, "")


def _notes(work: Work, entries: list[LogEntry]) -> list[str]:
    of = f"of the store {work.store}" if work.store else "of all stores"
    what = f"log entries {of} up to level {LEVELS[max(_levels(work))]} and up to {written(work.cutoff)}"
    if not entries and work.dry_run:
        return [f"A dry run. There may be no {what}; further pages are looked at."]
    if not work.dry_run:
        return [f"Deletes the {what}."]
    shown = [written(entry.at) for entry in entries[:SHOWN]]
    return [f"A dry run, nothing is deleted. Would delete the {what}, such as those of:", *shown]


JOB = LogsDeletion()
