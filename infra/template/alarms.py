"""Alarms, and the topic that they go to."""

from infra.template.api import STAGE
from infra.template.functions import FUNCTIONS
from infra.template.intrinsics import Json, att, ref, sub
from infra.template.queues import PARKING_ID, QUEUES

NAMESPACE = "Lightrail"
COUNT_MISMATCH = "CountMismatch"


def _alarm(
    what: str,
    metric: str,
    namespace: str,
    dimensions: Json,
    *,
    above: int,
    minutes: int = 1,
    statistic: str = "Sum",
) -> Json:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": f"{what}. What to do: docs/operations.md.",
            "Namespace": namespace,
            "MetricName": metric,
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            "Statistic": statistic,
            "Period": 60,
            "EvaluationPeriods": minutes,
            "Threshold": above,
            "ComparisonOperator": "GreaterThanThreshold",
            # An idle queue and an idle function send no figures.
            "TreatMissingData": "notBreaching",
            "AlarmActions": [ref("AlarmTopic")],
            "OKActions": [ref("AlarmTopic")],
        },
    }


def _queue_alarm(what: str, metric: str, queue_id: str, above: int, statistic: str, minutes: int = 1) -> Json:
    dimensions = {"QueueName": att(queue_id, "QueueName")}
    return _alarm(what, metric, "AWS/SQS", dimensions, above=above, statistic=statistic, minutes=minutes)


def _queue_alarms() -> Json:
    made: Json = {}
    for queue in QUEUES:
        made[f"{queue.logical_id}OldestAlarm"] = _queue_alarm(
            f"Work has waited in {queue.name} for more than {queue.oldest_alarm_seconds} seconds",
            "ApproximateAgeOfOldestMessage",
            queue.logical_id,
            queue.oldest_alarm_seconds,
            "Maximum",
            minutes=3,
        )
        # Its consumer empties a dead-letter queue within seconds: that something came is seen by its being
        # received (what SQS itself moves there is not counted as sent), that something stays by the depth.
        made[f"{queue.dead_id}ArrivedAlarm"] = _queue_alarm(
            f"A message of {queue.name} was given up and handed to the dead-letter consumer",
            "NumberOfMessagesReceived",
            queue.dead_id,
            0,
            "Sum",
        )
        made[f"{queue.dead_id}DepthAlarm"] = _queue_alarm(
            f"Messages stay in the dead-letter queue of {queue.name}: its consumer cannot record them",
            "ApproximateNumberOfMessagesVisible",
            queue.dead_id,
            0,
            "Maximum",
            minutes=5,
        )
    made[f"{PARKING_ID}DepthAlarm"] = _queue_alarm(
        "A message that nobody can read was parked",
        "ApproximateNumberOfMessagesVisible",
        PARKING_ID,
        0,
        "Maximum",
    )
    return made


def _function_alarms() -> Json:
    made: Json = {}
    for function in FUNCTIONS:
        dimensions = {"FunctionName": ref(function.logical_id)}
        for metric in ("Errors", "Throttles"):
            made[f"{function.logical_id}{metric}Alarm"] = _alarm(
                f"{metric} of the function {function.name}",
                metric,
                "AWS/Lambda",
                dimensions,
                above=0,
                minutes=1,
            )
    return made


def _topic() -> Json:
    # No key: CloudWatch may not publish to a topic under SNS's own key, and alarms carry no data.
    return {
        "AlarmTopic": {
            "Type": "AWS::SNS::Topic",
            "Properties": {"DisplayName": sub("${AWS::StackName} alarms")},
        },
        "AlarmSubscription": {
            "Type": "AWS::SNS::Subscription",
            "Condition": "AlarmsByEmail",
            "Properties": {"TopicArn": ref("AlarmTopic"), "Protocol": "email", "Endpoint": ref("AlarmEmail")},
        },
    }


def resources() -> Json:
    """The topic and all alarms."""
    api = {"ApiName": sub("${AWS::StackName}"), "Stage": STAGE}
    return (
        _topic()
        | _queue_alarms()
        | _function_alarms()
        | {
            "ApiServerErrorsAlarm": _alarm(
                "The API answered with 5xx", "5XXError", "AWS/ApiGateway", api, above=0
            ),
            "CountMismatchAlarm": _alarm(
                "The counts of a file and the states of its entries disagree",
                COUNT_MISMATCH,
                NAMESPACE,
                {"Ledger": ref("LedgerTable")},
                above=0,
                statistic="Maximum",
            ),
        }
    )
