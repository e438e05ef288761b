"""Trigger: all dead-letter queues."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chalicelib.workers.batch import Answer, Event, each, queue_name

if TYPE_CHECKING:
    from chalicelib.bootstrap import Services


def handle(event: Event, context: Any, services: Services) -> Answer:
    """Records what became of each dead letter."""

    def take(record: Mapping[str, Any]) -> None:
        source = queue_name(record)
        done = services.dead_letters.take(source.removesuffix(".fifo"), record["body"])
        services.logger.warning(
            "dead letter", extra={"queue": source, "done": done, "id": record["messageId"]}
        )

    return each(event, take, services.log_failure)
