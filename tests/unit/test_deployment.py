"""Deploying to AWS: what is called, what is kept, and what a person is told."""

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from infra import deploy
from infra.deploy import deploy_aws, main
from infra.deployment.emulator_gaps import adapt
from infra.deployment.stack import CloudFormationStack, DeploymentError
from infra.packaging import Packaged
from infra.template.build import merge_template

Json = dict[str, Any]
REGION = "eu-west-1"
ACCOUNT = "123456789012"  # moto's


class CloudFormation:
    """CloudFormation as it answers: one stack, a script of the states that it goes through."""

    def __init__(self, status: str = "", *, states: tuple[str, ...] = (), refusal: str = "") -> None:
        self.status, self.refusal = status, refusal
        self.states = list(states)
        self.parameters: dict[str, str] = {}
        self.change_sets: list[Json] = []
        self.events: list[Json] = []
        self.changes: list[Json] = []
        self.deleted: list[str] = []
        self.executed: list[str] = []
        self.templates: list[str] = []

    def describe_stacks(self, StackName: str) -> Json:
        if self.executed and self.states:
            self._enter(self.states.pop(0))
        if not self.status:
            raise _error("ValidationError", f"Stack with id {StackName} does not exist")
        parameters = [{"ParameterKey": k, "ParameterValue": v} for k, v in self.parameters.items()]
        outputs = [{"OutputKey": "EndpointURL", "OutputValue": "https://example.com/api/"}]
        stack = {"StackStatus": self.status, "Parameters": parameters, "Outputs": outputs}
        return {"Stacks": [stack]}

    def _enter(self, state: str) -> None:
        self.status = state
        failed = "ROLLBACK" in state
        event = {
            "EventId": str(len(self.events)),
            "LogicalResourceId": "Bucket" if failed else "Stack",
            "ResourceStatus": "CREATE_FAILED" if failed else state,
            "ResourceStatusReason": "the name is taken" if failed else "",
        }
        self.events.insert(0, event)

    def describe_stack_events(self, StackName: str) -> Json:
        if not self.status:
            raise _error("ValidationError", f"Stack [{StackName}] does not exist")
        return {"StackEvents": self.events}

    def validate_template(self, TemplateURL: str) -> Json:
        self.templates.append(TemplateURL)
        return {"Parameters": [{"ParameterKey": name} for name in ("BlockScope", "AlarmEmail", "LogLevel")]}

    def create_change_set(self, **call: Any) -> None:
        self.change_sets.append(call)

    def describe_change_set(self, **_: str) -> Json:
        if self.refusal:
            return {"Status": "FAILED", "StatusReason": self.refusal}
        return {"Status": "CREATE_COMPLETE"}

    def get_paginator(self, call: str) -> "CloudFormation":
        assert call == "describe_change_set"
        return self

    def paginate(self, **_: str) -> list[Json]:
        return [{"Changes": [{"ResourceChange": change}]} for change in self.changes]

    def delete_change_set(self, ChangeSetName: str, **_: str) -> None:
        self.deleted.append(ChangeSetName)

    def execute_change_set(self, ChangeSetName: str, **_: str) -> None:
        self.executed.append(ChangeSetName)


def _error(code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "call")


def stack(client: CloudFormation, said: list[str] | None = None) -> CloudFormationStack:
    return CloudFormationStack(client, "lightrail-test", (said or []).append, 0.0)  # type: ignore[arg-type]


class Functions:
    """The deployed functions: who was called with what, and whether they fail."""

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.called: dict[str, object] = {}

    def invoke(self, FunctionName: str, Payload: bytes) -> Json:
        self.called[FunctionName] = json.loads(Payload)
        return {"StatusCode": 200, **({"FunctionError": "Unhandled"} if self.fails else {})}


class Session:
    """A session whose CloudFormation and functions are those above; S3 and STS are moto's."""

    def __init__(
        self,
        cloudformation: CloudFormation,
        region: str | None = REGION,
        functions: Functions | None = None,
    ) -> None:
        self.region_name, self.functions = region, functions or Functions()
        self._own = {"cloudformation": cloudformation, "lambda": self.functions}

    def client(self, service: str) -> Any:
        return self._own[service] if service in self._own else boto3.client(service, REGION)  # type: ignore[call-overload]


@pytest.fixture
def packaged(tmp_path: Path) -> Packaged:
    made = Packaged(tmp_path / "deployment.zip", tmp_path / "sam.json")
    made.zip_path.write_bytes(b"zip")
    function = {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "./deployment.zip"}}
    made.template_path.write_text(json.dumps({"Resources": {"Intake": function}}))
    return made


def test_a_stage_is_made_from_a_private_bucket_with_nothing_but_its_name(packaged: Packaged) -> None:
    client, said = CloudFormation(states=("CREATE_IN_PROGRESS", "CREATE_COMPLETE")), list[str]()
    with mock_aws():
        session: Any = Session(client)
        deployed = deploy_aws("test", packaged=packaged, session=session, say=said.append, poll_seconds=0)
        s3, bucket = boto3.client("s3", REGION), f"lightrail-artifacts-{ACCOUNT}-{REGION}"
        closed = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
        template_key = next(key for key in keys if key.startswith("template/"))
        template = json.loads(s3.get_object(Bucket=bucket, Key=template_key)["Body"].read())
    assert set(closed.values()) == {True}
    assert template["Resources"]["Intake"]["Properties"]["CodeUri"] == (
        f"s3://{bucket}/code/{packaged.digest}.zip"
    )
    (change_set,) = client.change_sets
    assert change_set["StackName"] == deployed.stack_name == "lightrail-test"
    assert change_set["ChangeSetType"] == "CREATE"
    assert change_set["TemplateURL"] == f"https://{bucket}.s3.{REGION}.amazonaws.com/{template_key}"
    assert change_set["Capabilities"] == ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    assert client.executed == [change_set["ChangeSetName"]]
    assert "  Stack: CREATE_COMPLETE" in said
    assert said[-1] == "  EndpointURL: https://example.com/api/"


def test_after_a_deployment_the_indexes_are_made_or_extended_by_those_who_use_them(
    packaged: Packaged,
) -> None:
    session: Any = Session(CloudFormation(states=("CREATE_COMPLETE",)))
    with mock_aws():
        deploy_aws("test", packaged=packaged, session=session, say=lambda _: None, poll_seconds=0)
    names = ("lightrail-test-sweep", "lightrail-test-record-sweep")
    assert session.functions.called == {name: {"task": "indexes"} for name in names}


def test_indexes_that_cannot_be_made_are_told(packaged: Packaged) -> None:
    session: Any = Session(CloudFormation(states=("CREATE_COMPLETE",)), functions=Functions(fails=True))
    with mock_aws(), pytest.raises(DeploymentError, match="lightrail-test is deployed, but sweep could not"):
        deploy_aws("test", packaged=packaged, session=session, say=lambda _: None, poll_seconds=0)


def test_what_is_there_is_not_uploaded_again(packaged: Packaged) -> None:
    with mock_aws():
        for _ in range(2):
            client = CloudFormation(
                "UPDATE_COMPLETE", refusal="The submitted information didn't contain changes."
            )
            session: Any = Session(client)
            deploy_aws("test", packaged=packaged, session=session, say=lambda _: None, poll_seconds=0)
        bucket = f"lightrail-artifacts-{ACCOUNT}-{REGION}"
        assert boto3.client("s3", REGION).list_objects_v2(Bucket=bucket)["KeyCount"] == 2


def test_without_a_region_nothing_is_done_and_the_remedy_is_named(packaged: Packaged) -> None:
    session: Any = Session(CloudFormation(), region=None)
    with pytest.raises(DeploymentError, match="run `aws configure`"):
        deploy_aws("test", packaged=packaged, session=session, say=lambda _: None)


def test_parameters_keep_their_values_unless_they_are_named() -> None:
    client = CloudFormation("UPDATE_COMPLETE", states=("UPDATE_COMPLETE",))
    client.parameters = {"BlockScope": "global", "AlarmEmail": "a@example.com", "Forgotten": "x"}
    stack(client).deploy("https://example.com/t", {"AlarmEmail": "b@example.com"})
    (change_set,) = client.change_sets
    assert change_set["ChangeSetType"] == "UPDATE"
    assert change_set["Parameters"] == [
        {"ParameterKey": "AlarmEmail", "ParameterValue": "b@example.com"},
        {"ParameterKey": "BlockScope", "UsePreviousValue": True},
    ]


LOSSES = [
    ({"Action": "Modify", "Replacement": "True"}, "AWS::DynamoDB::Table", "replaced"),
    ({"Action": "Modify", "Replacement": "True"}, "AWS::S3::Bucket", "replaced"),
    ({"Action": "Remove"}, "AWS::OpenSearchService::Domain", "removed"),
]


@pytest.mark.parametrize(("change", "kind", "word"), LOSSES)
def test_a_change_that_would_leave_data_behind_is_refused_unless_it_is_wanted(
    change: Json, kind: str, word: str
) -> None:
    client = CloudFormation("UPDATE_COMPLETE", states=("UPDATE_COMPLETE",))
    harmless = {"ResourceType": "AWS::Lambda::Function", "Action": "Remove"}
    client.changes = [harmless, {**change, "ResourceType": kind, "LogicalResourceId": "Precious"}]
    with pytest.raises(DeploymentError, match=f"Precious would be {word}.*add --leave-data"):
        stack(client).deploy("https://example.com/t", {})
    assert client.executed == []
    assert client.deleted == [client.change_sets[0]["ChangeSetName"]]
    any_client: Any = client
    CloudFormationStack(any_client, "lightrail-test", lambda _: None, 0.0, leave_data=True).deploy("t", {})
    assert len(client.executed) == 1


def test_what_holds_data_may_change_in_place() -> None:
    client = CloudFormation("UPDATE_COMPLETE", states=("UPDATE_COMPLETE",))
    client.changes = [{"ResourceType": "AWS::S3::Bucket", "Action": "Modify", "Replacement": "False"}]
    stack(client).deploy("https://example.com/t", {})
    assert len(client.executed) == 1


def test_after_a_first_deployment_that_was_refused_no_value_is_taken_for_known() -> None:
    client = CloudFormation("REVIEW_IN_PROGRESS", states=("CREATE_COMPLETE",))
    client.parameters = {"BlockScope": "article"}
    stack(client).deploy("https://example.com/t", {})
    (change_set,) = client.change_sets
    assert (change_set["ChangeSetType"], change_set["Parameters"]) == ("CREATE", [])


def test_a_parameter_that_the_stack_does_not_have_is_refused_before_anything_is_done() -> None:
    client = CloudFormation()
    with pytest.raises(
        DeploymentError, match="no parameter BlokScope; it has: AlarmEmail, BlockScope, LogLevel"
    ):
        stack(client).deploy("https://example.com/t", {"BlokScope": "global"})
    assert client.change_sets == []


def test_a_stack_without_changes_is_left_alone() -> None:
    client = CloudFormation("CREATE_COMPLETE", refusal="No updates are to be performed.")
    deployed = stack(client).deploy("https://example.com/t", {})
    assert client.executed == []
    assert deployed.outputs["EndpointURL"] == "https://example.com/api/"


def test_a_refused_change_says_why() -> None:
    client = CloudFormation("CREATE_COMPLETE", refusal="Unresolved resource dependencies [Nothing]")
    with pytest.raises(DeploymentError, match=r"Unresolved resource dependencies \[Nothing\]"):
        stack(client).deploy("https://example.com/t", {})


def test_a_failed_deployment_names_the_resource_and_the_reason() -> None:
    client = CloudFormation(states=("CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"))
    with pytest.raises(
        DeploymentError, match=r"state ROLLBACK_COMPLETE:\n  Bucket: CREATE_FAILED: the name is taken"
    ):
        stack(client).deploy("https://example.com/t", {})


def test_a_stack_that_was_never_made_is_to_be_deleted_first() -> None:
    client = CloudFormation("ROLLBACK_COMPLETE")
    with pytest.raises(DeploymentError, match="aws cloudformation delete-stack --stack-name lightrail-test"):
        stack(client).deploy("https://example.com/t", {})
    assert client.change_sets == []


def test_the_command_passes_the_stage_and_its_parameters_on(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, Any, bool]] = []
    monkeypatch.setattr(
        deploy,
        "deploy_aws",
        lambda stage, parameters, leave_data: calls.append((stage, parameters, leave_data)),
    )
    assert main(["production", "--set", "AlarmEmail=a@example.com", "--set", "BlockScope=global"]) == 0
    assert main(["production", "--leave-data"]) == 0
    assert calls == [
        ("production", {"AlarmEmail": "a@example.com", "BlockScope": "global"}, False),
        ("production", {}, True),
    ]


def test_the_command_says_what_is_wrong_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["production", "--set", "AlarmEmail"]) == 1
    assert capsys.readouterr().err == "Not deployed: `AlarmEmail` is no parameter; write Name=value\n"


def test_the_emulator_is_not_locked_out_by_plain_http_and_the_bucket_may_still_send() -> None:
    template = merge_template()
    adapt(template)
    resources = template["Resources"]
    policies = [name for name, each in resources.items() if each.get("Type") == "AWS::SQS::QueuePolicy"]
    assert policies == ["DeltaNoticesQueuePolicy"]
    (statement,) = resources["DeltaNoticesQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Sid"] == "BucketNotices"
    assert "BucketPolicy" not in resources


def test_the_emulator_wants_a_right_for_batches_that_aws_does_not_know() -> None:
    template = merge_template()
    assert "SendMessageBatch" not in json.dumps(template)
    adapt(template)
    (policy,) = template["Resources"]["IntakeRole"]["Properties"]["Policies"]
    actions = {each["Sid"]: each["Action"] for each in policy["PolicyDocument"]["Statement"]}
    assert actions["Send"] == ["sqs:SendMessage", "sqs:SendMessageBatch"]


def test_the_emulator_is_spared_a_bound_that_it_cannot_read() -> None:
    template = merge_template()
    assert "ScalingConfig" in json.dumps(template["Resources"]["JobWorker"])
    adapt(template)
    assert "ScalingConfig" not in json.dumps(template)
    assert template["Resources"]["JobWorker"]["Properties"]["Events"]["RecordJobsQueue"]["Type"] == "SQS"
