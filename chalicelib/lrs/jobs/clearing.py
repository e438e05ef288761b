"""Deletes the data of one service up to a time; statements take their attachments along."""

from __future__ import annotations

from chalicelib.jobs.run_type import Done, Json, Plan
from chalicelib.lrs.jobs.machine.data import PER_PAGE, data_of, planned, removed
from chalicelib.lrs.jobs.machine.job_type import JobType, Work
from chalicelib.lrs.jobs.machine.parameters import until
from chalicelib.times import written


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
        page = data_of(work.lrs, work.job.service).page(work.store, work.cutoff, position, PER_PAGE)
        return planned(page, position)

    def apply(self, work: Work, items: Json) -> Done:
        return removed(work, data_of(work.lrs, work.job.service), work.store, items)

    def finish(self, work: Work) -> Json:
        left = data_of(work.lrs, work.job.service).count(work.store, work.cutoff)
        return {"up_to": written(work.cutoff), "left": left}


JOB = Clearing()
