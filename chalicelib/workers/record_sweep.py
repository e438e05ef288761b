"""Triggers: the schedule, once a minute; each deployment (`indexes`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chalicelib.errors import Unavailable
from chalicelib.workers import indexes
from chalicelib.workers.batch import Event

if TYPE_CHECKING:
    from chalicelib.bootstrap import Services


PER_MINUTE = 200  # bodies that are looked at


def handle(event: Event, context: Any, services: Services) -> None:
    """Sweeps every store and its attachments, and says what it ended; then the bodies that nothing refers to."""
    lrs = services.lrs
    if indexes.asked_for(event):
        lrs.statement_store.ensure_indexes()
        lrs.registry_store.ensure_indexes()
        return
    swept = lrs.sweep.run(store.slug for store in lrs.access_store.stores())
    if swept.finished or swept.undone or swept.cleared:
        ended = {"finished": swept.finished, "undone": swept.undone, "cleared": swept.cleared}
        services.logger.warning("batches of statements were left open by their writers", extra=ended)
    if swept.finished or swept.undone:
        lrs.logs.tell_of_batches(swept.finished, swept.undone)
    failed = [f"{swept.failed} sweeps of stores and attachments"] if swept.failed else []
    sweeps: dict[str, Callable[[], int]] = {
        "bodies of documents": lambda: lrs.documents.sweep(PER_MINUTE),
    }
    for name, sweep in sweeps.items():
        try:
            sweep()
        except Unavailable as error:
            lrs.log_failure(f"sweep of {name}", error)
            failed.append(name)
    if failed:  # seen by the alarm on errors of this function
        raise Unavailable("The record store", f"not swept: {', '.join(failed)}")
