"""Trigger: the file queue (FIFO): one wake-up at a time, but for the sweep's, each in a group of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.errors import Unavailable
from chalicelib.workers.batch import Answer, Event, answer, time_left

if TYPE_CHECKING:
    from chalicelib.bootstrap import Services


def handle(event: Event, context: Any, services: Services) -> Answer:
    """Brings accepted files into the article queue, oldest first; the message says only that there is work.

    A wake-up is not given back where a part does not answer: it would stay hidden for as long as the queue is patient,
    and with it every later one of its group. The sweep sends another within a minute.
    """
    try:
        services.fan_out.work(time_left(context))
    except Unavailable as error:
        services.log_failure("wake-up", error)
    return answer([])
