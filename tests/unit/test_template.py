"""The packaged template: valid, closed, and complete where silence would lose work."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from cfnlint.api import lint
from cfnlint.core import get_rules
from samtranslator.translator.transform import transform

from chalicelib.settings import Settings
from infra.packaging import package
from infra.template.api import RESPONSES
from infra.template.build import merge_template
from infra.template.functions import FUNCTIONS
from infra.template.parameters import PARAMETERS, TIMEOUTS
from infra.template.queues import PARKING_ID, QUEUES

Json = dict[str, Any]


@pytest.fixture(scope="module")
def sam(tmp_path_factory: pytest.TempPathFactory) -> Json:
    """The template as it is packaged, its code in a bucket as it is deployed."""
    made = package(tmp_path_factory.mktemp("package"), say=lambda _: None)
    return _in_bucket(made.template_path)


def _in_bucket(path: Path) -> Json:
    template: Json = json.loads(path.read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://lightrail-artifacts/code.zip"
    return template


@pytest.fixture(scope="module")
def cloudformation(sam: Json) -> Json:
    """What CloudFormation makes of it, after the SAM transform."""
    offline = mock.Mock(load=lambda: {})
    with mock.patch.dict(os.environ, {"AWS_DEFAULT_REGION": "eu-west-1"}):
        translated: Json = transform(json.loads(json.dumps(sam)), {}, offline)
    return translated


@pytest.fixture(scope="module")
def merged() -> Json:
    return merge_template()["Resources"]


def of_type(resources: Json, kind: str) -> Json:
    return {name: each["Properties"] for name, each in resources.items() if each.get("Type") == kind}


def statements(resources: Json) -> Iterator[tuple[str, Json]]:
    """Every statement of every policy of a role."""
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        for policy in role["Policies"]:
            yield from ((name, each) for each in policy["PolicyDocument"]["Statement"])
    for name, policy in of_type(resources, "AWS::IAM::Policy").items():
        yield from ((name, each) for each in policy["PolicyDocument"]["Statement"])


def faults(template: Json) -> list[str]:
    found = lint(json.dumps(template), get_rules([], ["I"], ["W"]), ["eu-west-1", "us-east-1"])
    return [f"{match.rule.id} {match.message}" for match in found]


def test_cfn_lint_has_nothing_to_say_about_the_packaged_template(sam: Json) -> None:
    assert faults(sam) == []


def test_cfn_lint_has_nothing_to_say_about_what_sam_makes_of_it(cloudformation: Json) -> None:
    assert faults(cloudformation) == []


def test_a_fault_in_the_template_is_found(sam: Json) -> None:
    broken = json.loads(json.dumps(sam))
    broken["Resources"]["LedgerTable"]["Properties"]["BillingMode"] = "FOR_FREE"
    assert any("FOR_FREE" in fault for fault in faults(broken))


def test_every_handler_of_the_application_is_in_the_template_and_no_other(sam: Json) -> None:
    functions = of_type(sam["Resources"], "AWS::Serverless::Function")
    assert functions.keys() == {function.logical_id for function in FUNCTIONS} == TIMEOUTS.keys()
    assert all(each["Handler"].startswith("app.") for each in functions.values())


def test_every_function_has_a_role_and_a_log_of_its_own(sam: Json) -> None:
    for name, function in of_type(sam["Resources"], "AWS::Serverless::Function").items():
        assert function["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
        assert function["LoggingConfig"] == {"LogGroup": {"Ref": f"{name}LogGroup"}}
        group = sam["Resources"][f"{name}LogGroup"]["Properties"]
        log_name, function_name = group["LogGroupName"]["Fn::Sub"], function["FunctionName"]["Fn::Sub"]
        assert log_name == f"/aws/lambda/{function_name}"
        assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_every_queue_function_reports_the_messages_that_failed(cloudformation: Json) -> None:
    mappings = of_type(cloudformation["Resources"], "AWS::Lambda::EventSourceMapping")
    read = {each["EventSourceArn"]["Fn::GetAtt"][0] for each in mappings.values()}
    assert read == {name for queue in QUEUES for name in (queue.logical_id, queue.dead_id)}
    for mapping in mappings.values():
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_files_and_long_work_come_one_by_one_and_the_rest_in_batches_of_ten(cloudformation: Json) -> None:
    mappings = of_type(cloudformation["Resources"], "AWS::Lambda::EventSourceMapping").values()
    sizes = {each["EventSourceArn"]["Fn::GetAtt"][0]: each["BatchSize"] for each in mappings}
    one_by_one = {"DeltaFileQueue", "MaintenanceQueue", "RecordJobsQueue"}
    assert {name for name, size in sizes.items() if size == 1} == one_by_one
    assert {size for name, size in sizes.items() if name not in one_by_one} == {10}


def test_a_large_file_does_not_take_the_concurrency_that_the_api_needs(cloudformation: Json) -> None:
    mappings = of_type(cloudformation["Resources"], "AWS::Lambda::EventSourceMapping").values()
    (entries,) = [each for each in mappings if each["EventSourceArn"]["Fn::GetAtt"][0] == "DeltaArticleQueue"]
    assert entries["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "ApplyConcurrency"}}
    assert PARAMETERS["ApplyConcurrency"]["Default"] <= 100


def test_jobs_do_not_take_the_concurrency_that_the_api_needs(cloudformation: Json) -> None:
    mappings = of_type(cloudformation["Resources"], "AWS::Lambda::EventSourceMapping").values()
    (runs,) = [each for each in mappings if each["EventSourceArn"]["Fn::GetAtt"][0] == "RecordJobsQueue"]
    assert runs["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "JobConcurrency"}}
    assert PARAMETERS["JobConcurrency"]["Default"] <= 100


@pytest.mark.parametrize("queue", QUEUES, ids=lambda queue: queue.name)
def test_a_queue_has_a_dead_letter_queue_of_its_kind(merged: Json, queue: Any) -> None:
    work, dead = merged[queue.logical_id]["Properties"], merged[queue.dead_id]["Properties"]
    assert work["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": [queue.dead_id, "Arn"]}
    assert work["RedrivePolicy"]["maxReceiveCount"] >= 5
    assert work.get("FifoQueue") == dead.get("FifoQueue")
    for made in (work, dead):
        name = made["QueueName"]["Fn::Sub"]
        assert name.startswith(queue.name), "the dead-letter consumer goes by how the name begins"
        assert name.endswith(".fifo") == made.get("FifoQueue", False)


@pytest.mark.parametrize("queue", QUEUES, ids=lambda queue: queue.name)
def test_a_message_stays_hidden_for_six_timeouts_of_its_function(merged: Json, queue: Any) -> None:
    hidden = merged[queue.logical_id]["Properties"]["VisibilityTimeout"]
    assert hidden == {"Ref": queue.visibility_parameter}
    timeout = merged[queue.consumer]["Properties"]["Timeout"]
    assert PARAMETERS[queue.visibility_parameter]["Default"] >= 6 * timeout
    dead = merged[queue.dead_id]["Properties"]["VisibilityTimeout"]
    assert dead >= 6 * merged["DeadLetters"]["Properties"]["Timeout"]


def test_every_queue_is_encrypted_keeps_messages_for_14_days_and_refuses_plain_http(merged: Json) -> None:
    queues = of_type(merged, "AWS::SQS::Queue")
    assert len(queues) == 2 * len(QUEUES) + 1
    assert PARKING_ID in queues
    policies = of_type(merged, "AWS::SQS::QueuePolicy").values()
    for name, queue in queues.items():
        assert queue["SqsManagedSseEnabled"] is True
        assert queue["MessageRetentionPeriod"] == 14 * 86400
        (policy,) = [each for each in policies if each["Queues"] == [{"Ref": name}]]
        assert _refuses_plain_http(policy["PolicyDocument"])


def _refuses_plain_http(document: Json) -> bool:
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    return any(
        each["Effect"] == "Deny" and each["Principal"] == "*" and each["Condition"] == condition
        for each in document["Statement"]
    )


def test_articles_have_the_throughput_of_their_groups(merged: Json) -> None:
    queue = merged["DeltaArticleQueue"]["Properties"]
    assert queue["DeduplicationScope"] == "messageGroup"
    assert queue["FifoThroughputLimit"] == "perMessageGroupId"
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 50


@pytest.mark.parametrize(
    "table", ["LedgerTable", "AccountsTable", "RecordsTable", "AccessTable", "JobsTable"]
)
def test_a_table_can_be_restored_and_outlives_the_stack(merged: Json, table: str) -> None:
    made, properties = merged[table], merged[table]["Properties"]
    assert made["DeletionPolicy"] == made["UpdateReplacePolicy"] == "Retain"
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"


def test_failures_are_found_by_an_index_that_holds_them_whole(merged: Json) -> None:
    (index,) = merged["LedgerTable"]["Properties"]["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "failures"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["failures_pk", "failures_sk"]
    assert index["Projection"] == {"ProjectionType": "ALL"}


def test_what_the_record_store_lists_is_found_by_an_index(merged: Json) -> None:
    (index,) = merged["RecordsTable"]["Properties"]["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "listing"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["listing_pk", "listing_sk"]
    assert index["Projection"] == {"ProjectionType": "ALL"}


def test_jobs_that_are_due_are_found_by_an_index_without_their_plans(merged: Json) -> None:
    (index,) = merged["JobsTable"]["Properties"]["GlobalSecondaryIndexes"]
    assert index["IndexName"] == "due"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["due_pk", "due_at"]
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}


@pytest.mark.parametrize("prefix", ["attachments/", "documents/", "files/"])
def test_what_is_deleted_in_the_record_store_is_gone_after_a_day(merged: Json, prefix: str) -> None:
    rules = merged["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    (rule,) = [rule for rule in rules if rule.get("Prefix") == prefix]
    assert rule["Status"] == "Enabled"
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert rule["ExpiredObjectDeleteMarker"] is True
    assert "ExpirationInDays" not in rule


def test_files_of_exports_go_after_the_days_that_are_set(merged: Json) -> None:
    rules = merged["Bucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    kept, marks = (rule for rule in rules if rule.get("Prefix") == "exports/")
    assert kept["Status"] == marks["Status"] == "Enabled"
    assert kept["ExpirationInDays"] == {"Ref": "ExportRetentionDays"}
    assert kept["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert marks["ExpiredObjectDeleteMarker"] is True


def test_the_bucket_is_closed_versioned_encrypted_and_outlives_the_stack(merged: Json) -> None:
    bucket, properties = merged["Bucket"], merged["Bucket"]["Properties"]
    assert bucket["DeletionPolicy"] == bucket["UpdateReplacePolicy"] == "Retain"
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert _refuses_plain_http(merged["BucketPolicy"]["Properties"]["PolicyDocument"])


def test_only_what_is_dropped_or_uploaded_is_announced(merged: Json) -> None:
    notices = merged["Bucket"]["Properties"]["NotificationConfiguration"]["QueueConfigurations"]
    assert all(notice["Queue"] == {"Fn::GetAtt": ["DeltaNoticesQueue", "Arn"]} for notice in notices)
    assert [notice["Filter"]["S3Key"]["Rules"] for notice in notices] == [
        [{"Name": "prefix", "Value": "delta/"}],
        [{"Name": "prefix", "Value": "uploads/"}],
    ]
    statement = merged["DeltaNoticesQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"][1]
    assert statement["Principal"] == {"Service": "s3.amazonaws.com"}
    assert statement["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}


def test_no_policy_allows_a_kind_of_action_or_a_resource_that_is_not_named(merged: Json) -> None:
    for role, statement in statements(merged):
        assert statement["Effect"] == "Allow"
        for action in statement["Action"]:
            assert "*" not in action, f"{role}: {action}"
        for resource in statement["Resource"]:
            assert isinstance(resource, dict), f"{role}: {resource} is not of this stack"


# What each function may do, as an outsider reads it: action, then the resource's logical id and what follows it.
LOGS = {"logs:CreateLogStream", "logs:PutLogEvents"}
ITEMS = {
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:UpdateItem",
}
POLL = {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"}
LEDGER = {("LedgerTable", ""), ("LedgerTable", "/index/failures")}
RECORDS = {("RecordsTable", ""), ("RecordsTable", "/index/listing")}
JOBS = {("JobsTable", ""), ("JobsTable", "/index/due")}
READ_ITEMS = {"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"}
KEPT = {("Bucket", "/attachments/*"), ("Bucket", "/documents/*")}
SEEDING = ({"s3:GetObject"}, {("Bucket", "/seeding/*")})
MAPPINGS = ({"s3:GetObject"}, {("Bucket", "/mappings/*")})
EXPORTS = {("Bucket", "/exports/*")}
SNAPSHOTS = {("Bucket", "/snapshots/*")}
EXTRACTS = {("Bucket", "/extracts/*")}
SUBMITTED = {("Bucket", "/submitted/*"), ("Bucket", "/uploads/*")}
DROPPED = {("Bucket", "/delta/*"), *SUBMITTED}
MISSING = ({"s3:ListBucket"}, {("Bucket", "")})
DEAD = {(queue.dead_id, "") for queue in QUEUES}
EXPECTED: dict[str, list[tuple[set[str], set[tuple[str, str]]]]] = {
    "APIHandler": [
        (ITEMS, LEDGER),
        (ITEMS, {("AccountsTable", "")}),
        (ITEMS, {("AccessTable", "")}),
        (ITEMS, RECORDS),
        (ITEMS, JOBS),
        SEEDING,
        MAPPINGS,
        ({"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject"}, EXPORTS),
        ({"s3:DeleteObject", "s3:GetObject", "s3:PutObject"}, KEPT),
        (
            {"sqs:SendMessage"},
            {("DeltaFileQueue", ""), ("MaintenanceQueue", ""), ("RecordJobsQueue", "")},
        ),
        ({"s3:GetObject"}, SNAPSHOTS),
        ({"s3:PutObject"}, SUBMITTED),
        ({"s3:AbortMultipartUpload", "s3:GetObject"}, EXTRACTS),
        MISSING,
    ],
    "Intake": [
        (POLL, {("DeltaNoticesQueue", "")}),
        (ITEMS, LEDGER),
        ({"s3:ListBucketVersions"}, {("Bucket", "")}),
        ({"sqs:SendMessage"}, {("DeltaFileQueue", "")}),
    ],
    "FileWorker": [
        (POLL, {("DeltaFileQueue", "")}),
        (ITEMS, LEDGER),
        ({"s3:GetObject", "s3:GetObjectVersion"}, DROPPED),
        MISSING,
        ({"s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"}, SNAPSHOTS),
        ({"sqs:SendMessage"}, {("DeltaFileQueue", ""), ("DeltaArticleQueue", "")}),
    ],
    "Apply": [
        (POLL, {("DeltaArticleQueue", "")}),
        (ITEMS, LEDGER),
        ({"s3:GetObject"}, SNAPSHOTS),
        MISSING,
        ({"sqs:SendMessage"}, {("DeltaArticleQueue", "")}),
    ],
    "Maintenance": [
        (POLL, {("MaintenanceQueue", "")}),
        (ITEMS, LEDGER),
        ({"s3:GetObject"}, SNAPSHOTS),
        (
            {"s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"},
            EXTRACTS,
        ),
        MISSING,
        (
            {"sqs:SendMessage"},
            {("MaintenanceQueue", ""), ("DeltaArticleQueue", ""), ("DeltaFileQueue", "")},
        ),
    ],
    "DeadLetters": [
        (POLL, DEAD),
        (ITEMS, LEDGER),
        ({"s3:GetObject"}, SNAPSHOTS),
        MISSING,
        ({"s3:ListBucketVersions"}, {("Bucket", "")}),
        ({"sqs:SendMessage"}, {("ParkingQueue", ""), ("DeltaArticleQueue", ""), ("DeltaFileQueue", "")}),
    ],
    "Sweep": [
        (ITEMS, LEDGER),
        ({"dynamodb:PutItem"}, {("JobsTable", "")}),
        ({"sqs:SendMessage"}, {("DeltaFileQueue", ""), ("MaintenanceQueue", "")}),
    ],
    "RecordSweep": [
        (READ_ITEMS, {("AccessTable", "")}),
        (ITEMS, RECORDS),
        ({"s3:DeleteObject"}, KEPT),
    ],
    "JobTick": [
        (ITEMS, JOBS),
        (READ_ITEMS, {("AccessTable", "")}),
        ({"sqs:SendMessage"}, {("RecordJobsQueue", "")}),
    ],
    "JobWorker": [
        (POLL, {("RecordJobsQueue", "")}),
        (ITEMS, JOBS),
        SEEDING,
        MAPPINGS,
        (
            {
                "s3:AbortMultipartUpload",
                "s3:DeleteObject",
                "s3:GetObject",
                "s3:ListMultipartUploadParts",
                "s3:PutObject",
            },
            EXPORTS,
        ),
        (ITEMS, RECORDS),
        (ITEMS, {("AccessTable", "")}),
        ({"s3:DeleteObject", "s3:GetObject", "s3:PutObject"}, KEPT),
        (
            {"s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"},
            {("Bucket", "/files/*"), ("Bucket", "/push-parts/*")},
        ),
        MISSING,
        ({"sqs:SendMessage"}, {("RecordJobsQueue", "")}),
    ],
}


def _named(resource: Any) -> tuple[str, str]:
    if "Fn::Join" in resource:
        arn, rest = resource["Fn::Join"][1]
        return arn["Fn::GetAtt"][0], rest
    return resource["Fn::GetAtt"][0], ""


@pytest.mark.parametrize("function", EXPECTED)
def test_a_function_may_do_its_work_and_nothing_else(merged: Json, function: str) -> None:
    (policy,) = merged[f"{function}Role"]["Properties"]["Policies"]
    allowed = {
        (frozenset(each["Action"]), frozenset(_named(resource) for resource in each["Resource"]))
        for each in policy["PolicyDocument"]["Statement"]
    }
    expected = [*EXPECTED[function], (LOGS, {(f"{function}LogGroup", "")})]
    assert allowed == {(frozenset(actions), frozenset(resources)) for actions, resources in expected}


ARTICLES = ("${Domain}/${ArticleIndex}", "${Domain}/_alias/${ArticleIndex}")
STATEMENTS = ("${Domain}/${LrsIndex}-", "${Domain}/_alias/${LrsIndex}-")
SEARCHERS = {
    "APIHandler": ARTICLES + STATEMENTS,
    "Apply": ARTICLES,
    "DeadLetters": ARTICLES,
    "Sweep": ARTICLES,
    "RecordSweep": STATEMENTS,
    # A point in time of the articles is read without naming an index.
    "JobWorker": (*STATEMENTS, "${Domain}/${ArticleIndex}/_", "${Domain}/_search"),
}


def test_only_functions_that_search_may_use_their_aliases_and_nothing_else_of_the_domain(
    merged: Json,
) -> None:
    policies = of_type(merged, "AWS::IAM::Policy")
    assert policies.keys() == {f"{name}SearchPolicy" for name in SEARCHERS}
    for name, policy in policies.items():
        (statement,) = policy["PolicyDocument"]["Statement"]
        paths = {resource["Fn::Sub"][0] for resource in statement["Resource"]} - {"${Domain}/_aliases"}
        begins = SEARCHERS[name.removesuffix("SearchPolicy")]
        assert all(path.startswith(begins) for path in paths)
        assert all(any(path.startswith(begin) for path in paths) for begin in begins)


def test_the_domain_itself_allows_each_function_no_more_than_its_own_policy_does(merged: Json) -> None:
    """Within one account either of the two policies is enough."""
    allowed = merged["SearchDomain"]["Properties"]["AccessPolicies"]["Statement"]
    roles = [statement["Principal"]["AWS"] for statement in allowed]
    assert len(roles) == len(of_type(merged, "AWS::IAM::Policy"))
    for (role,), statement in zip(roles, allowed, strict=True):
        name = role["Fn::GetAtt"][0].removesuffix("Role")
        (own,) = merged[f"{name}SearchPolicy"]["Properties"]["PolicyDocument"]["Statement"]
        assert statement["Action"] == own["Action"]
        paths = [[resource["Fn::Sub"][0] for resource in each["Resource"]] for each in (statement, own)]
        assert paths[0] == paths[1]


def test_the_domain_is_encrypted_speaks_https_only_and_is_not_made_if_one_is_named(merged: Json) -> None:
    domain = merged["SearchDomain"]
    assert domain["Condition"] == "OwnDomain"
    assert domain["DeletionPolicy"] == domain["UpdateReplacePolicy"] == "Retain"
    assert domain["Properties"]["DomainEndpointOptions"]["EnforceHTTPS"] is True
    assert domain["Properties"]["EncryptionAtRestOptions"] == {"Enabled": True}
    assert domain["Properties"]["NodeToNodeEncryptionOptions"] == {"Enabled": True}


@pytest.mark.parametrize("function", EXPECTED)
def test_a_function_can_read_its_settings(merged: Json, function: str) -> None:
    variables = merged[function]["Properties"]["Environment"]["Variables"]
    environment = {name: _stand_in(name, value) for name, value in variables.items()}
    settings = Settings.from_environment(environment)
    unknown = {name for name in environment if not hasattr(settings, name.lower())}
    assert unknown == set()
    assert settings.opensearch_signed is True
    assert settings.entries_per_message == 1
    assert settings.fetch_schemes == ("https", "s3")


def _stand_in(name: str, value: Json) -> str:
    """What CloudFormation would fill in: a parameter's default, or something of the right kind."""
    default = PARAMETERS.get(value.get("Ref", ""), {}).get("Default")
    if default is not None:
        return str(default)
    return "https://example.com/x" if name.endswith("_URL") else "name"


@pytest.mark.parametrize("kind", RESPONSES)
def test_what_the_gateway_answers_by_itself_comes_in_the_envelope(cloudformation: Json, kind: str) -> None:
    body = cloudformation["Resources"]["RestAPI"]["Properties"]["Body"]
    answer = body["x-amazon-apigateway-gateway-responses"][kind]
    envelope = json.loads(answer["responseTemplates"]["application/json"])
    assert list(envelope) == ["status", "message", "data"]
    assert envelope["status"] == "error"
    assert envelope["message"]
    assert envelope["data"] is None
    assert "gatewayresponse.header.Access-Control-Allow-Origin" in answer["responseParameters"]


def test_the_gateway_says_not_found_too_large_and_come_back_later(sam: Json) -> None:
    answers = sam["Resources"]["RestAPI"]["Properties"]["GatewayResponses"]
    statuses = {kind: answer.get("StatusCode") for kind, answer in answers.items()}
    assert statuses["MISSING_AUTHENTICATION_TOKEN"] == 404
    assert statuses["REQUEST_TOO_LARGE"] == 413
    assert statuses["UNSUPPORTED_MEDIA_TYPE"] == 415
    assert statuses["THROTTLED"] == 429
    assert answers["THROTTLED"]["ResponseParameters"]["Headers"]["Retry-After"] == "'1'"
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= answers.keys()


def test_bodies_reach_the_application_as_bytes(cloudformation: Json) -> None:
    assert cloudformation["Resources"]["RestAPI"]["Properties"]["BinaryMediaTypes"] == ["*/*"]


def test_the_api_has_one_stage(cloudformation: Json) -> None:
    (stage,) = of_type(cloudformation["Resources"], "AWS::ApiGateway::Stage").values()
    (deployment,) = of_type(cloudformation["Resources"], "AWS::ApiGateway::Deployment").values()
    assert stage["StageName"] == "api"
    assert "StageName" not in deployment


def test_the_sweeps_run_each_minute(cloudformation: Json) -> None:
    rules = of_type(cloudformation["Resources"], "AWS::Events::Rule").values()
    assert [rule["ScheduleExpression"] for rule in rules] == ["rate(1 minute)"] * 3
    swept = {rule["Targets"][0]["Arn"]["Fn::GetAtt"][0] for rule in rules}
    assert swept == {"Sweep", "RecordSweep", "JobTick"}


def test_a_sweep_that_fails_is_repeated_by_the_next_minute_alone(merged: Json) -> None:
    functions = {function.logical_id: merged[function.logical_id]["Properties"] for function in FUNCTIONS}
    once = {name for name, made in functions.items() if "EventInvokeConfig" in made}
    assert once == {"Sweep", "RecordSweep", "JobTick"}
    assert all(functions[name]["EventInvokeConfig"] == {"MaximumRetryAttempts": 0} for name in once)


def test_what_waits_dies_fails_or_does_not_add_up_raises_an_alarm(merged: Json) -> None:
    alarms = of_type(merged, "AWS::CloudWatch::Alarm")
    watched = {
        (each["MetricName"], next((_dimension(item) for item in each["Dimensions"]), ""))
        for each in alarms.values()
    }
    for queue in QUEUES:
        assert ("ApproximateAgeOfOldestMessage", queue.logical_id) in watched
        assert ("ApproximateNumberOfMessagesVisible", queue.dead_id) in watched
        assert ("NumberOfMessagesReceived", queue.dead_id) in watched
    assert ("ApproximateNumberOfMessagesVisible", PARKING_ID) in watched
    for function in FUNCTIONS:
        assert ("Errors", function.logical_id) in watched
        assert ("Throttles", function.logical_id) in watched
    assert ("CountMismatch", "LedgerTable") in watched
    assert "5XXError" in {metric for metric, _ in watched}
    assert all(each["AlarmActions"] == [{"Ref": "AlarmTopic"}] for each in alarms.values())


def _dimension(item: Json) -> str:
    value = item["Value"]
    return value.get("Ref") or (value["Fn::GetAtt"][0] if "Fn::GetAtt" in value else value["Fn::Sub"])


def test_the_dashboard_is_valid_and_names_only_what_there_is(merged: Json) -> None:
    text = merged["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    named = {part.split("}")[0].split(".")[0] for part in text.split("${")[1:]}
    assert named <= merged.keys() | {"AWS::Region", "AWS::StackName"}
    assert len(json.loads(text)["widgets"]) == 8
