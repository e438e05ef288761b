"""Trigger: the article queue (FIFO, batches of up to ten messages)."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

from chalicelib.articles.delivery import Delivered
from chalicelib.workers.batch import Answer, Event, answer, records, time_left

if TYPE_CHECKING:
    from chalicelib.bootstrap import Services

# A batch makes thousands of objects that live as long as it does. The collector's own threshold (700) has it walk
# through them time and again: a fifth of our own time at batches of 500.
gc.set_threshold(50_000, 10, 10)


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
