"""Deploys the packaged application: to an AWS account by the name of a stage, or to the local emulator."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.deployment import STACK_OF_STAGE, emulator_gaps, indexes
from infra.deployment.artifacts import Artifacts
from infra.deployment.stack import CloudFormationStack, Deployed, DeploymentError
from infra.packaging import Packaged, PackagingError, package

Say = Callable[[str], None]

LOCAL_STACK = STACK_OF_STAGE.format(stage="local")

# Seconds between two looks at a deployment that is under way.
_AWS_POLL, _LOCAL_POLL = 5.0, 0.05

# A failed FIFO batch stays hidden for the whole visibility timeout: nobody waits 90 minutes here.
LOCAL_PARAMETERS: Mapping[str, str] = {
    "EntriesPerMessage": "25",
    "NoticeVisibility": "10",
    "FileVisibility": "30",
    "ArticleVisibility": "10",
    "MaintenanceVisibility": "30",
    "JobVisibility": "30",
    "FetchSchemes": "http,https,s3",
    "FetchAllowedHosts": "127.0.0.1,localhost,[::1],*",
    "OpenSearchSigned": "false",
}


def deploy_aws(
    stage: str,
    *,
    packaged: Packaged | None = None,
    parameters: Mapping[str, str] | None = None,
    session: boto3.Session | None = None,
    say: Say = print,
    poll_seconds: float = _AWS_POLL,
    leave_data: bool = False,
) -> Deployed:
    """Deploy to the account and region that the AWS CLI would use; `parameters` not named keep their values.

    A change that would remove or replace a table, the bucket or the search domain is refused unless `leave_data`.
    Raises DeploymentError, PackagingError.
    """
    session = session or boto3.Session()
    if not session.region_name:
        raise DeploymentError("no AWS region is set: run `aws configure`, or set AWS_REGION")
    stack_name = STACK_OF_STAGE.format(stage=stage)
    account = session.client("sts").get_caller_identity()["Account"]
    say(f"Deploying {stack_name} to account {account}, {session.region_name}")
    packaged = packaged or package(Path("build"), say=say)
    bucket = f"lightrail-artifacts-{account}-{session.region_name}"
    artifacts = Artifacts(session.client("s3"), bucket, session.region_name, account)
    artifacts.ensure_bucket()
    template_url = _upload(artifacts, packaged)
    client = session.client("cloudformation")
    stack = CloudFormationStack(client, stack_name, say, poll_seconds, leave_data=leave_data)
    deployed = stack.deploy(template_url, parameters or {})
    indexes.ensure(session.client("lambda"), stack_name, say)
    for name, value in sorted(deployed.outputs.items()):
        say(f"  {name}: {value}")
    return deployed


def deploy_local(
    packaged: Packaged,
    *,
    endpoint_url: str,
    region: str,
    access_key_id: str,
    secret_access_key: str,
    opensearch_url: str,
    parameters: Mapping[str, str] | None = None,
    stack_name: str = LOCAL_STACK,
    say: Say = print,
) -> Deployed:
    """Deploy to the emulator at `endpoint_url`, or update it; `parameters` go over LOCAL_PARAMETERS.

    The API is then at `endpoint_url` + `/api/v1/…`. Raises DeploymentError.
    """
    session = boto3.Session(
        aws_access_key_id=access_key_id, aws_secret_access_key=secret_access_key, region_name=region
    )

    def client(service: Any) -> Any:
        config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 3})
        return session.client(service, endpoint_url=endpoint_url, config=config)

    artifacts = Artifacts(client("s3"), "lightrail-artifacts-local", region, endpoint_url=endpoint_url)
    artifacts.ensure_bucket()
    template_url = _upload(artifacts, packaged, emulator_gaps.adapt)
    stack = CloudFormationStack(
        client("cloudformation"), stack_name, say, _LOCAL_POLL, show_events=False, leave_data=True
    )
    wanted = {**LOCAL_PARAMETERS, "OpenSearchEndpoint": opensearch_url, **(parameters or {})}
    deployed = stack.deploy(template_url, wanted)
    emulator_gaps.fill(client, deployed)
    indexes.ensure(client("lambda"), stack_name, say)
    return deployed


def _upload(
    artifacts: Artifacts, packaged: Packaged, adapt: Callable[[dict[str, Any]], None] | None = None
) -> str:
    """Upload the zip and the template that points at it; return the template's URL."""
    code = artifacts.upload(packaged.zip_path.read_bytes(), "code", ".zip")
    template = json.loads(packaged.template_path.read_text())
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = f"s3://{artifacts.bucket}/{code}"
    if adapt:
        adapt(template)
    text = json.dumps(template, separators=(",", ":"), sort_keys=True)
    return artifacts.url(artifacts.upload(text.encode(), "template", ".json"))


def _parameters(pairs: list[str]) -> dict[str, str]:
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals:
            raise DeploymentError(f"`{pair}` is no parameter; write Name=value")
        found[name] = value
    return found


def main(arguments: list[str]) -> int:
    """Deploy to AWS from the command line; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.deploy", description=deploy_aws.__doc__)
    parser.add_argument("stage", help="name of the stage, such as test or production")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a stack parameter")
    parser.add_argument(
        "--leave-data", action="store_true", help="a table, the bucket or the search domain may be given up"
    )
    chosen = parser.parse_args(arguments)
    try:
        deploy_aws(chosen.stage, parameters=_parameters(chosen.set), leave_data=chosen.leave_data)
    except (BotoCoreError, ClientError, DeploymentError, PackagingError) as error:
        print(f"Not deployed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
