"""The queues, their dead-letter queues, and who may use them."""

from dataclasses import dataclass

from infra.template.intrinsics import Json, att, ref, sub
from infra.template.parameters import TIMEOUTS, VISIBILITY_FACTOR

# SQS's longest. Nothing may be forgotten because an operator was on holiday.
RETENTION_SECONDS = 14 * 24 * 3600


@dataclass(frozen=True)
class Queue:
    """A work queue; its dead-letter queue is of the same kind."""

    name: str
    consumer: str
    visibility_parameter: str
    batch_size: int
    receives: int
    fifo: bool
    oldest_alarm_seconds: int
    high_throughput: bool = False

    @property
    def logical_id(self) -> str:
        return "".join(word.capitalize() for word in self.name.split("-")) + "Queue"

    @property
    def dead_id(self) -> str:
        return self.logical_id.removesuffix("Queue") + "DeadQueue"


QUEUES = (
    Queue("delta-notices", "Intake", "NoticeVisibility", 10, 10, False, 300),
    # One wake-up at a time: a wake-up is worth one file, and a file can take the whole timeout.
    Queue("delta-file", "FileWorker", "FileVisibility", 1, 10, True, 3600),
    # The worker deals with a poisoned entry from the third receive on: only what kills workers goes further.
    Queue("delta-article", "Apply", "ArticleVisibility", 10, 50, True, 900, high_throughput=True),
    Queue("maintenance", "Maintenance", "MaintenanceVisibility", 1, 10, False, 3600),
    # One wake-up at a time: a run takes the whole timeout. What kills workers is counted by the run itself.
    Queue("record-jobs", "JobWorker", "JobVisibility", 1, 10, False, 3600),
)

PARKING_ID = "ParkingQueue"


def dead_letter_ids() -> list[str]:
    """The logical ids of all dead-letter queues."""
    return [queue.dead_id for queue in QUEUES]


def _queue(name: str, fifo: bool, visibility: object) -> Json:
    properties: Json = {
        # The role comes first: by it the dead-letter consumer knows what a message was.
        "QueueName": sub(name + "-${AWS::StackName}" + (".fifo" if fifo else "")),
        "MessageRetentionPeriod": RETENTION_SECONDS,
        "SqsManagedSseEnabled": True,
        "VisibilityTimeout": visibility,
    }
    if fifo:
        properties["FifoQueue"] = True
    return {"Type": "AWS::SQS::Queue", "Properties": properties}


def _work_queue(queue: Queue) -> Json:
    resource = _queue(queue.name, queue.fifo, ref(queue.visibility_parameter))
    resource["Properties"]["RedrivePolicy"] = {
        "deadLetterTargetArn": att(queue.dead_id, "Arn"),
        "maxReceiveCount": queue.receives,
    }
    if queue.high_throughput:
        resource["Properties"] |= {
            "DeduplicationScope": "messageGroup",
            "FifoThroughputLimit": "perMessageGroupId",
        }
    return resource


def _dead_letter_queue(queue: Queue) -> Json:
    return _queue(f"{queue.name}-dead", queue.fifo, VISIBILITY_FACTOR * TIMEOUTS["DeadLetters"])


def _queue_policy(queue_id: str, *statements: Json) -> Json:
    tls_only = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": att(queue_id, "Arn"),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    document = {"Version": "2012-10-17", "Statement": [tls_only, *statements]}
    return {
        "Type": "AWS::SQS::QueuePolicy",
        "Properties": {"Queues": [ref(queue_id)], "PolicyDocument": document},
    }


def _bucket_may_send() -> Json:
    # The bucket is named by its account: it cannot be named by its ARN, because it is made after this policy.
    return {
        "Sid": "BucketNotices",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": att("DeltaNoticesQueue", "Arn"),
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")},
            "ArnLike": {"aws:SourceArn": sub("arn:${AWS::Partition}:s3:::*")},
        },
    }


def resources() -> Json:
    """All queues and a policy for each."""
    made: Json = {PARKING_ID: _queue("parking", False, 30)}
    for queue in QUEUES:
        made[queue.logical_id] = _work_queue(queue)
        made[queue.dead_id] = _dead_letter_queue(queue)
    extra = {"DeltaNoticesQueue": [_bucket_may_send()]}
    policies = {f"{name}Policy": _queue_policy(name, *extra.get(name, [])) for name in made}
    return made | policies
