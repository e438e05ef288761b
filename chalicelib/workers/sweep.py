"""Triggers: the schedule, once a minute; each deployment (`indexes`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from chalicelib.errors import Unavailable
from chalicelib.workers import indexes
from chalicelib.workers.batch import Event, time_left

if TYPE_CHECKING:
    from chalicelib.bootstrap import Services

NAMESPACE = "Lightrail"


def handle(event: Event, context: Any, services: Services) -> None:
    """Sweeps, and leaves the figures that alarms watch in the log."""
    if indexes.asked_for(event):
        services.article_store.ensure_index()
        return
    seconds = time_left(context)
    report = services.sweep.run(seconds)
    for mismatch in report.mismatches:
        services.logger.error("counts do not add up", extra={"what": mismatch})
    figures = {
        "CountMismatch": len(report.mismatches),
        "OpenFiles": report.open_files,
        "Unsent": report.unsent,
        "Posted": report.posted,
        "LostWakeUps": report.lost_wake_ups,
    }
    _tell(figures, services)
    if report.lost_wake_ups:  # seen by the alarm on errors of this function
        raise Unavailable("The queue", f"{report.lost_wake_ups} wake-ups were not accepted")
    _renew(services, seconds)


def _renew(services: Services, seconds: Callable[[], float]) -> None:
    renewed = services.renewal.run(seconds)
    _tell({"OutdatedArticles": renewed.left}, services)
    if renewed.written:
        said = (
            "articles of another release renewed"
            if renewed.left
            else "all articles of other releases renewed"
        )
        services.logger.info(said, extra={"written": renewed.written, "left": renewed.left})


def _tell(figures: dict[str, int], services: Services) -> None:
    print(json.dumps(embedded_metrics(figures, services.settings.ledger_table, services.clock.now())))


def embedded_metrics(figures: dict[str, int], ledger: str, now: float) -> dict[str, object]:
    """Figures in CloudWatch's embedded metric format: a log line that becomes metrics, without a call.

    `ledger`: name of the ledger's table, which tells the stages of an account apart.
    """
    metrics = [{"Name": name, "Unit": "Count"} for name in figures]
    described = {"Namespace": NAMESPACE, "Dimensions": [["Ledger"]], "Metrics": metrics}
    return {
        "_aws": {"Timestamp": int(now * 1000), "CloudWatchMetrics": [described]},
        "Ledger": ledger,
        **figures,
    }
