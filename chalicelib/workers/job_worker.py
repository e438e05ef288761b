"""Trigger: the queue `record-jobs`, which wakes for one run of a job at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.errors import Unavailable
from chalicelib.exports.baselines import EXPORT
from chalicelib.jobs.wake_up import WakeUp
from chalicelib.workers.batch import Answer, Event, each, time_left

if TYPE_CHECKING:
    from chalicelib.bootstrap import Services


def handle(event: Event, context: Any, services: Services) -> Answer:
    """Works on the run as long as there is time."""

    def take(record: Mapping[str, Any]) -> None:
        wake_up = WakeUp.read(record["body"])
        try:
            worker = services.exporting.job_worker if wake_up.type == EXPORT else services.lrs.job_worker
            worker.work(wake_up.type, wake_up.job, wake_up.run, time_left(context))
        except Unavailable as error:
            # The tick wakes another when the lease is over: much sooner than this message would come again.
            services.log_failure(f"run of job {wake_up.job}", error)

    return each(event, take, services.log_failure)
