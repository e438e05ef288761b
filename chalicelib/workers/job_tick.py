"""Trigger: the schedule, once a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.errors import Unavailable
from chalicelib.workers.batch import Event

if TYPE_CHECKING:
    from chalicelib.bootstrap import Services


def handle(event: Event, context: Any, services: Services) -> None:
    """Starts the jobs that are due, and says what it did."""
    ticked = services.lrs.job_tick.run()
    if ticked.started or ticked.woken:
        counts = {"started": ticked.started, "woken": ticked.woken}
        services.logger.info("runs of jobs were started", extra=counts)
    if ticked.failed:  # seen by the alarm on errors of this function
        raise Unavailable("The job store", f"{ticked.failed} jobs are left to the next tick")
