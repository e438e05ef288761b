"""The functions: roles, logs, environment, event sources. Chalice writes the rest of them."""

from dataclasses import dataclass, field

from infra.policies import policy_document
from infra.template.intrinsics import Json, att, ref, sub
from infra.template.parameters import TIMEOUTS
from infra.template.queues import PARKING_ID, QUEUES
from infra.template.search import URL

RUNTIME = "python3.11"

# Lambda gives CPU by memory: one whole core at 1,769 MB.
_SMALL, _MIDDLE, _CORE = 512, 1024, 1769

# The application reads its settings as a whole. An address is no right: the policies say who may use it.
SETTINGS: Json = {
    "LEDGER_TABLE": ref("LedgerTable"),
    "ACCOUNTS_TABLE": ref("AccountsTable"),
    "RECORDS_TABLE": ref("RecordsTable"),
    "ACCESS_TABLE": ref("AccessTable"),
    "JOBS_TABLE": ref("JobsTable"),
    "BUCKET": ref("Bucket"),
    "FILE_QUEUE_URL": ref("DeltaFileQueue"),
    "ARTICLE_QUEUE_URL": ref("DeltaArticleQueue"),
    "MAINTENANCE_QUEUE_URL": ref("MaintenanceQueue"),
    "PARKING_QUEUE_URL": ref(PARKING_ID),
    "JOB_QUEUE_URL": ref("RecordJobsQueue"),
    "OPENSEARCH_URL": URL,
    "OPENSEARCH_SIGNED": ref("OpenSearchSigned"),
    "ARTICLE_INDEX": ref("ArticleIndex"),
    "LRS_INDEX": ref("LrsIndex"),
    "DELTA_BLOCK_SCOPE": ref("BlockScope"),
    "DELTA_STRICT": ref("DeltaStrict"),
    "ENTRIES_PER_MESSAGE": ref("EntriesPerMessage"),
    "FETCH_SCHEMES": ref("FetchSchemes"),
    "FETCH_ALLOWED_HOSTS": ref("FetchAllowedHosts"),
    "FETCH_TIMEOUT_SECONDS": ref("FetchTimeoutSeconds"),
    "FETCH_MAX_BYTES": ref("FetchMaxBytes"),
    "FETCH_MAX_UNPACKED_BYTES": ref("FetchMaxUnpackedBytes"),
    "FETCH_MAX_RATIO": ref("FetchMaxRatio"),
    "DELETIONS_KNOWN_DAYS": ref("DeletionsKnownDays"),
    "CORS_ORIGINS": ref("CorsOrigins"),
    "JOBS_API": ref("JobsApi"),
    "DATA_API": ref("DataApi"),
    "LOGGING_API": ref("LoggingApi"),
    "ACCESS_API": ref("AccessApi"),
    "LRS_PIPELINE_DEFAULTS": ref("LrsPipelineDefaults"),
    "LRS_PIPELINE_FORCED": ref("LrsPipelineForced"),
    "LRS_PSEUDONYM_HOMEPAGE": ref("LrsPseudonymHomepage"),
    "LOG_LEVEL": ref("LogLevel"),
}


@dataclass(frozen=True)
class Function:
    """A function as the template adds to it; the logical id is made by Chalice from the handler's name."""

    logical_id: str
    name: str
    memory: int
    events: Json = field(default_factory=dict)

    @property
    def timeout(self) -> int:
        return TIMEOUTS[self.logical_id]


def _queue_event(queue_id: str, batch_size: int) -> Json:
    return {
        "Type": "SQS",
        "Properties": {
            "Queue": att(queue_id, "Arn"),
            "BatchSize": batch_size,
            # Without it, a batch with one failed message is taken as done, or is repeated as a whole.
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        },
    }


def _work_events(consumer: str) -> Json:
    return {
        queue.logical_id: _queue_event(queue.logical_id, queue.batch_size)
        for queue in QUEUES
        if queue.consumer == consumer
    }


def _at_once(events: Json, most: object) -> Json:
    """The same events, so many batches at the same time at most."""
    for event in events.values():
        event["Properties"]["ScalingConfig"] = {"MaximumConcurrency": most}
    return events


_EACH_MINUTE: Json = {"EachMinute": {"Type": "Schedule", "Properties": {"Schedule": "rate(1 minute)"}}}

FUNCTIONS = (
    Function("APIHandler", "api", _MIDDLE),
    Function("Intake", "intake", _SMALL, _work_events("Intake")),
    Function("FileWorker", "file-worker", _CORE, _work_events("FileWorker")),
    Function("Apply", "apply", _MIDDLE, _at_once(_work_events("Apply"), ref("ApplyConcurrency"))),
    # A page of a delta file, which these two read as a whole, may have 100 MiB, and be held as six times that.
    Function("Maintenance", "maintenance", _MIDDLE, _work_events("Maintenance")),
    Function(
        "DeadLetters",
        "dead-letters",
        _MIDDLE,
        {queue.dead_id: _queue_event(queue.dead_id, 10) for queue in QUEUES},
    ),
    Function(
        "Sweep",
        "sweep",
        _SMALL,
        _EACH_MINUTE,
    ),
    Function("RecordSweep", "record-sweep", _SMALL, _EACH_MINUTE),
    Function("JobTick", "job-tick", _SMALL, _EACH_MINUTE),
    Function("JobWorker", "job-worker", _CORE, _at_once(_work_events("JobWorker"), ref("JobConcurrency"))),
)


def _function(function: Function) -> Json:
    properties: Json = {
        # A name of its own lets its log group, and so its role, be made before it.
        "FunctionName": sub("${AWS::StackName}-" + function.name),
        "Runtime": RUNTIME,
        "Timeout": function.timeout,
        "MemorySize": function.memory,
        "Role": att(f"{function.logical_id}Role", "Arn"),
        "LoggingConfig": {"LogGroup": ref(f"{function.logical_id}LogGroup")},
        "Environment": {"Variables": SETTINGS},
    }
    if function.events:
        properties["Events"] = function.events
    if function.events == _EACH_MINUTE:
        # The next minute is the retry.
        properties["EventInvokeConfig"] = {"MaximumRetryAttempts": 0}
    return {"Properties": properties}


def _role(function: Function) -> Json:
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [
                {"PolicyName": function.name, "PolicyDocument": policy_document(function.logical_id)},
            ],
        },
    }


def _log_group(function: Function) -> Json:
    return {
        "Type": "AWS::Logs::LogGroup",
        "Properties": {
            "LogGroupName": sub("/aws/lambda/${AWS::StackName}-" + function.name),
            "RetentionInDays": ref("LogRetentionDays"),
        },
    }


def resources() -> Json:
    """What is laid over Chalice's functions, and a role and a log group for each."""
    made: Json = {}
    for function in FUNCTIONS:
        made[function.logical_id] = _function(function)
        made[f"{function.logical_id}Role"] = _role(function)
        made[f"{function.logical_id}LogGroup"] = _log_group(function)
    return made
