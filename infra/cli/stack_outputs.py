"""Finds the CloudFormation stack of a deployment, and what it says of itself."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from infra.cli.console import CommandFailed
from infra.cli.deployment import ATTEMPTS, LocalDeployment
from infra.deployment import STACK_OF_STAGE
from infra.local import description
from infra.local.stack import default_root

MakeClient = Callable[..., Any]
"""Makes the client of a service, given its name and how many attempts it makes at a call."""


@dataclass(frozen=True)
class StackFacts:
    """The outputs and parameters of a stack."""

    outputs: Mapping[str, str]
    parameters: Mapping[str, str]


def find_stack(stage: str | None) -> tuple[MakeClient, StackFacts]:
    """Return what makes clients for a stage on AWS (None: for the local stack), and the facts of its stack.

    Raises CommandFailed, or LocalStackError where no local stack has been made.
    """
    if stage:
        with answers_of_aws():
            return aws_client, read_facts(aws_client, STACK_OF_STAGE.format(stage=stage))
    local = description.read(default_root() / "stack.json")
    if not local.stack_name:
        raise CommandFailed("nothing is deployed on the local stack; `make up` deploys it")
    client = LocalDeployment(local).client
    with answers_of_aws("the local stack does not answer", "; `make up` starts and deploys it"):
        return client, read_facts(client, local.stack_name)


@contextmanager
def answers_of_aws(silent: str = "AWS cannot be reached", hint: str = "") -> Iterator[None]:
    """Turn what a client raises into CommandFailed; `silent`: what it says where nothing answers."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        told = error.response.get("Error", {})
        raise CommandFailed(
            f"AWS refuses: {told.get('Message', 'no reason given')} ({told.get('Code', 'no code')}); "
            "check the stage, the region and the credentials"
        ) from error
    except (BotoCoreError, ValueError) as error:
        raise CommandFailed(f"{silent}: {error}{hint}") from error


def read_facts(client: MakeClient, name: str) -> StackFacts:
    """Return outputs and parameters of the stack of that name; errors of the client go through."""
    stack = client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    return StackFacts(
        {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])},
        {item["ParameterKey"]: item["ParameterValue"] for item in stack.get("Parameters", [])},
    )


def aws_client(service: Any, attempts: int = ATTEMPTS) -> Any:
    """Return a client with the credentials of the AWS CLI; a person waits, so it gives up within half a minute."""
    import boto3
    from botocore.config import Config

    retries: Any = {"mode": "standard", "total_max_attempts": attempts}
    return boto3.client(service, config=Config(connect_timeout=3, read_timeout=8, retries=retries))
