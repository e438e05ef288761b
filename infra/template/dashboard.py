"""One page that shows whether work flows."""

import json

from infra.template.alarms import COUNT_MISMATCH, NAMESPACE
from infra.template.api import STAGE
from infra.template.functions import FUNCTIONS
from infra.template.intrinsics import Json, sub
from infra.template.queues import PARKING_ID, QUEUES

_WIDTH, _HEIGHT = 12, 6


def _widget(title: str, metrics: list[list[object]], statistic: str, position: int) -> Json:
    return {
        "type": "metric",
        "x": _WIDTH * (position % 2),
        "y": _HEIGHT * (position // 2),
        "width": _WIDTH,
        "height": _HEIGHT,
        "properties": {
            "title": title,
            "metrics": metrics,
            "stat": statistic,
            "period": 60,
            "region": "${AWS::Region}",
            "view": "timeSeries",
        },
    }


def _queue_metrics(metric: str, *queue_ids: str) -> list[list[object]]:
    return [["AWS/SQS", metric, "QueueName", f"${{{queue}.QueueName}}"] for queue in queue_ids]


def _function_metrics(metric: str) -> list[list[object]]:
    return [["AWS/Lambda", metric, "FunctionName", f"${{{function.logical_id}}}"] for function in FUNCTIONS]


def _api_metrics(*metrics: str) -> list[list[object]]:
    return [["AWS/ApiGateway", metric, "ApiName", "${AWS::StackName}", "Stage", STAGE] for metric in metrics]


def resources() -> Json:
    """The dashboard."""
    work = [queue.logical_id for queue in QUEUES]
    dead = [queue.dead_id for queue in QUEUES]
    charts: list[tuple[str, list[list[object]], str]] = [
        ("Oldest message (s)", _queue_metrics("ApproximateAgeOfOldestMessage", *work), "Maximum"),
        ("Waiting messages", _queue_metrics("ApproximateNumberOfMessagesVisible", *work), "Maximum"),
        (
            "Dead letters and parked messages",
            _queue_metrics("ApproximateNumberOfMessagesVisible", *dead, PARKING_ID),
            "Maximum",
        ),
        ("Counts that do not add up", [[NAMESPACE, COUNT_MISMATCH, "Ledger", "${LedgerTable}"]], "Maximum"),
        ("Errors", _function_metrics("Errors"), "Sum"),
        ("Throttles", _function_metrics("Throttles"), "Sum"),
        ("Duration (ms, p99)", _function_metrics("Duration"), "p99"),
        ("API calls", _api_metrics("Count", "4XXError", "5XXError"), "Sum"),
    ]
    widgets = [_widget(*chart, position) for position, chart in enumerate(charts)]
    body = json.dumps({"widgets": widgets}, separators=(",", ":"))
    return {
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardName": sub("${AWS::StackName}"), "DashboardBody": sub(body)},
        }
    }
