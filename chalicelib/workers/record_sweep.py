"""Trigger: the schedule, once a minute."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.errors import Unavailable
from chalicelib.workers.batch import Event

if TYPE_CHECKING:
    from chalicelib.bootstrap import Services


def handle(event: Event, context: Any, services: Services) -> None:
    """Sweeps every store, and says what it ended."""
    lrs = services.lrs
    swept = lrs.sweep.run(store.slug for store in lrs.access_store.stores())
    if swept.finished or swept.undone or swept.cleared:
        ended = {"finished": swept.finished, "undone": swept.undone, "cleared": swept.cleared}
        services.logger.warning("batches of statements were left open by their writers", extra=ended)
    if swept.failed:  # seen by the alarm on errors of this function
        raise Unavailable("The record store", f"{swept.failed} of {swept.stores} stores could not be swept")
