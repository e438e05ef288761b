"""Finds the CloudFormation stack of a deployment, and what it says of itself."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.cli.console import CommandFailed
from infra.cli.deployment import LocalDeployment
from infra.local import description
from infra.local.stack import default_root

MakeClient = Callable[[Any], Any]


@dataclass(frozen=True)
class StackFacts:
    """The outputs and parameters of a stack."""

    outputs: Mapping[str, str]
    parameters: Mapping[str, str]


def find_stack(stage: str | None, stack_of_stage: str) -> tuple[MakeClient, StackFacts]:
    """Return what makes clients for a stage on AWS (None: for the local stack), and the facts of its stack.

    Raises CommandFailed, or LocalStackError where no local stack has been made.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        if stage:
            return _aws_client, read_facts(_aws_client, stack_of_stage.format(stage=stage))
        local = description.read(default_root() / "stack.json")
        if not local.stack_name:
            raise CommandFailed("nothing is deployed on the local stack; `make up` deploys it")
        client = LocalDeployment(local).client
        return client, read_facts(client, local.stack_name)
    except ClientError as error:
        told = error.response.get("Error", {})
        raise CommandFailed(
            f"AWS refuses: {told.get('Message', 'no reason given')} ({told.get('Code', 'no code')}); "
            "check the stage, the region and the credentials"
        ) from error
    except (BotoCoreError, ValueError) as error:
        where = "AWS cannot be reached" if stage else "the local stack does not answer"
        hint = "" if stage else "; `make up` starts and deploys it"
        raise CommandFailed(f"{where}: {error}{hint}") from error


def read_facts(client: MakeClient, name: str) -> StackFacts:
    """Return outputs and parameters of the stack of that name; errors of the client go through."""
    stack = client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    return StackFacts(
        {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])},
        {item["ParameterKey"]: item["ParameterValue"] for item in stack.get("Parameters", [])},
    )


def _aws_client(service: Any) -> Any:
    """A client with the credentials of the AWS CLI; a person waits, so it gives up within half a minute."""
    import boto3
    from botocore.config import Config

    retries: Any = {"mode": "standard", "total_max_attempts": 3}
    return boto3.client(service, config=Config(connect_timeout=3, read_timeout=8, retries=retries))
