"""What operators' commands find of a deployment: its stack, its settings, its queues."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.cli import stack_outputs
from infra.cli.console import CommandFailed
from infra.cli.deployed import FROM_OUTPUTS, FROM_PARAMETERS, open_deployment, settings_of
from infra.cli.queue_desk import SqsDesk
from infra.template.build import merge_template
from infra.template.queues import QUEUES

OUTPUTS = dict.fromkeys(FROM_OUTPUTS.values(), "https://queue.example.com/1/q")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield


@pytest.fixture
def outputs(aws: None) -> Mapping[str, str]:
    sqs = boto3.client("sqs")

    def make(name: str, fifo: bool) -> str:
        attributes: Any = {"FifoQueue": "true"} if fifo else {}
        name = f"{name}.fifo" if fifo else name
        return str(sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    made = {f"{queue.logical_id}Url": make(queue.name, queue.fifo) for queue in QUEUES}
    made |= {f"{queue.dead_id}Url": make(f"{queue.name}-dead", queue.fifo) for queue in QUEUES}
    return made | {"ParkingQueueUrl": make("parking", False)}


def test_the_template_has_every_output_and_parameter_that_the_commands_read() -> None:
    template = merge_template()
    assert set(FROM_OUTPUTS.values()) <= set(template["Outputs"])
    assert set(FROM_PARAMETERS.values()) <= set(template["Parameters"])
    urls = {f"{queue.logical_id}Url" for queue in QUEUES} | {f"{queue.dead_id}Url" for queue in QUEUES}
    assert urls | {"ParkingQueueUrl"} <= set(template["Outputs"])


def test_the_settings_are_those_of_the_stack() -> None:
    settings = settings_of(
        OUTPUTS, {"BlockScope": "global", "EntriesPerMessage": "25", "DeltaStrict": "true"}
    )
    assert (settings.delta_block_scope, settings.entries_per_message, settings.delta_strict) == (
        "global",
        25,
        True,
    )


def test_a_stack_without_its_outputs_is_to_be_deployed_again() -> None:
    with pytest.raises(CommandFailed, match=r"it has no LedgerTableName, BucketName; deploy it again"):
        settings_of({**OUTPUTS, "LedgerTableName": "", "BucketName": ""}, {})


@pytest.mark.usefixtures("aws")
def test_a_stage_that_was_never_deployed_is_named() -> None:
    with pytest.raises(CommandFailed, match=r"AWS refuses: .*lightrail-nowhere.*check the stage"):
        open_deployment("nowhere")


@pytest.mark.usefixtures("aws")
def test_a_stage_is_found_by_the_name_of_its_stack() -> None:
    template = {
        "Parameters": {"BlockScope": {"Type": "String", "Default": "global"}},
        "Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "files"}}},
        "Outputs": {name: {"Value": url} for name, url in OUTPUTS.items()}
        | {"BucketName": {"Value": "files"}},
    }
    boto3.client("cloudformation").create_stack(StackName="lightrail-test", TemplateBody=json.dumps(template))
    _, facts = stack_outputs.find_stack("test")
    assert facts.parameters == {"BlockScope": "global"}
    deployment = open_deployment("test")
    assert deployment.name == "stage test"
    assert deployment.services.settings.bucket == "files"
    assert deployment.services.settings.delta_block_scope == "global"


def test_the_depths_of_all_queues(outputs: Mapping[str, str]) -> None:
    sqs = boto3.client("sqs")
    sqs.send_message(QueueUrl=outputs["MaintenanceDeadQueueUrl"], MessageBody="x")
    depths = {
        depth.name: (depth.kind, depth.waiting, depth.in_hand) for depth in SqsDesk(sqs, outputs).depths()
    }
    assert len(depths) == 2 * len(QUEUES) + 1
    assert depths["maintenance-dead"] == ("dead letters", 1, 0)
    assert depths["delta-article"] == ("work", 0, 0)
    assert depths["parking"] == ("parking", 0, 0)


def test_parked_messages_are_seen_hidden_put_back_and_removed(outputs: Mapping[str, str]) -> None:
    sqs = boto3.client("sqs")
    for number in range(12):
        body = json.dumps({"source": "delta-article-dead", "why": "w", "body": str(number)})
        sqs.send_message(QueueUrl=outputs["ParkingQueueUrl"], MessageBody=body)
    desk = SqsDesk(sqs, outputs)
    seen = desk.parked(100)
    assert sorted(int(parked.body) for parked in seen) == list(range(12))
    assert seen[0].parked_at > 1_600_000_000
    assert desk.parked(100) == []
    desk.remove(seen[0])
    for parked in seen[1:]:
        desk.release(parked)
    assert {parked.id for parked in desk.parked(100)} == {parked.id for parked in seen[1:]}


def test_a_notice_is_sent_again(outputs: Mapping[str, str]) -> None:
    sqs = boto3.client("sqs")
    SqsDesk(sqs, outputs).send_notice("a notice")
    [message] = sqs.receive_message(QueueUrl=outputs["DeltaNoticesQueueUrl"])["Messages"]
    assert message["Body"] == "a notice"
