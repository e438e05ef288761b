"""Trigger: the article queue (FIFO, batches of up to ten messages)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.articles.delivery import Delivered
from chalicelib.workers.batch import Answer, Event, answer, records, time_left

if TYPE_CHECKING:
    from chalicelib.bootstrap import Services


def handle(event: Event, context: Any, services: Services) -> Answer:
    """Applies the entries of a batch."""
    batch = [
        Delivered(
            record["messageId"],
            record["body"],
            record["attributes"]["MessageGroupId"],
            int(record["attributes"]["ApproximateReceiveCount"]),
        )
        for record in records(event)
    ]
    return answer(services.delivery.handle(batch, time_left(context)))
