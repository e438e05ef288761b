"""Trigger: notices of the bucket (standard queue)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.workers.batch import Answer, Event, each

if TYPE_CHECKING:
    from chalicelib.bootstrap import Services


def handle(event: Event, context: Any, services: Services) -> Answer:
    """Accepts the files that notices announce."""
    return each(event, lambda record: services.intake.take(record["body"]), services.log_failure)
