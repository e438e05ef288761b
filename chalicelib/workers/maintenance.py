"""Trigger: the maintenance queue (standard)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.workers.batch import Answer, Event, each, time_left

if TYPE_CHECKING:
    from chalicelib.bootstrap import Services


def handle(event: Event, context: Any, services: Services) -> Answer:
    """Goes on with long work on the ledger."""
    left = time_left(context)
    return each(event, lambda record: services.maintenance.do(record["body"], left), services.log_failure)
