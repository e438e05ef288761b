"""Deletes the data of one service up to a time; statements take their attachments along.

Then those that refer to statements that have gone are found through them no more.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.jobs.run_type import Done, Json, Plan
from chalicelib.lrs.data.shape import whole
from chalicelib.lrs.jobs.machine.data import PER_PAGE, data_of, planned, removed
from chalicelib.lrs.jobs.machine.job_type import JobType, Work
from chalicelib.lrs.jobs.machine.parameters import until
from chalicelib.lrs.statements.retargeting import Retargeting
from chalicelib.ports.statement_store import StatementSearch
from chalicelib.times import written

REFERRING = "referring"
LATEST = 2**62  # microseconds: beyond every `stored`


class Clearing(JobType):
    """The type `clearing`."""

    name = "clearing"
    parameters = (until(),)
    services = True
    store = "each"
    destroys = True

    def total(self, work: Work) -> int:
        return data_of(work.lrs, work.job.service).count(work.store, work.cutoff)

    def plan(self, work: Work, position: Json | None) -> Plan:
        if position is not None and REFERRING in position:
            return _referring(work, position[REFERRING])
        data = data_of(work.lrs, work.job.service)
        page = data.page(work.store, work.cutoff, position, data.per_page)
        plan = planned(page, position)
        nothing = position is None and not page.items
        if not plan.last or nothing or work.dry_run or work.job.service != "statements":
            return plan
        return replace(plan, next={REFERRING: None}, last=False)

    def apply(self, work: Work, items: Json) -> Done:
        if REFERRING in items:
            return _found_by_what_is_there(work, items[REFERRING])
        return removed(work, data_of(work.lrs, work.job.service), work.store, items)

    def finish(self, work: Work) -> Json:
        left = data_of(work.lrs, work.job.service).count(work.store, work.cutoff)
        return {"up_to": written(work.cutoff), "left": left}


def _referring(work: Work, after: object) -> Plan:
    """Statements that are found through others, the newest first: once what they refer to has gone.

    A range tells no ids, by which to ask who refers to them.
    """
    store = work.lrs.statement_store
    if after is None:
        # Who was committed before this may have read what has gone; who commits later reads that it is not there.
        _retargeting(work).wait(work.store)
        store.refresh()
    found = store.search(
        StatementSearch(
            work.store,
            LATEST,
            PER_PAGE,
            after=None if after is None else whole(after),
            voided=None,
            targeted=True,
            brief=True,
        )
    )
    items = {REFERRING: [record.id for record in found]} if found else {}
    last = len(found) < PER_PAGE
    return Plan(items, {REFERRING: None if last else found[-1].stored}, last=last)


def _found_by_what_is_there(work: Work, names: object) -> Done:
    if names and isinstance(names, list):
        _retargeting(work).renew(work.store, (), [str(name) for name in names])
        work.lrs.record_clock.touch(work.store)
    return Done()


def _retargeting(work: Work) -> Retargeting:
    return Retargeting(work.lrs.statement_store, work.lrs.record_clock, work.lrs.clock)


JOB = Clearing()
