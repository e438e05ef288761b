"""Trigger: the file queue (FIFO, one group, one wake-up at a time)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.workers.batch import Answer, Event, answer, time_left

if TYPE_CHECKING:
    from chalicelib.bootstrap import Services


def handle(event: Event, context: Any, services: Services) -> Answer:
    """Brings accepted files into the article queue, oldest first; the message says only that there is work."""
    services.fan_out.work(time_left(context))
    return answer([])
