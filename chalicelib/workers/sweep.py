"""Triggers: the schedule, once a minute; each deployment (`indexes`)."""

from __future__ import annotations

import json
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
    report = services.sweep.run(time_left(context))
    for mismatch in report.mismatches:
        services.logger.error("counts do not add up", extra={"what": mismatch})
    figures = {
        "CountMismatch": len(report.mismatches),
        "OpenFiles": report.open_files,
        "Unsent": report.unsent,
        "Posted": report.posted,
        "LostWakeUps": report.lost_wake_ups,
    }
    print(json.dumps(embedded_metrics(figures, services.settings.ledger_table, services.clock.now())))
    if report.lost_wake_ups:  # seen by the alarm on errors of this function
        raise Unavailable("The queue", f"{report.lost_wake_ups} wake-ups were not accepted")


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
