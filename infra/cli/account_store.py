"""Finds the users of a deployment: of a stage on AWS, of a named table, or of the local stack."""

import os
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb_accounts import DynamoDBAccounts
from infra.cli.console import CommandFailed
from infra.local import description
from infra.local.stack import default_root

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config

STACK_OF_STAGE = "lightrail-{stage}"
TABLE_OUTPUT = "AccountsTableName"


def open_store(stage: str | None) -> DynamoDBAccounts:
    """The accounts of the stage, else of the table named by ACCOUNTS_TABLE, else of the local stack.

    Raises `CommandFailed`, or `LocalStackError` where no local stack has been made.
    """
    import boto3  # here, because every command line loads this module
    from botocore.exceptions import BotoCoreError, ClientError

    table = os.environ.get("ACCOUNTS_TABLE")
    try:
        if stage:
            return _of_stack(boto3.Session(), None, STACK_OF_STAGE.format(stage=stage))
        if table:
            return DynamoDBAccounts(boto3.Session().client("dynamodb", config=_config()), table)
        local = description.read(default_root() / "stack.json")
        keys = (local.aws_access_key_id, local.aws_secret_access_key)
        return _of_stack(
            boto3.Session(*keys, region_name=local.region), local.aws_endpoint_url, local.stack_name
        )
    except ClientError as error:
        told = error.response.get("Error", {})
        raise CommandFailed(
            f"AWS refuses: {told.get('Message', 'no reason given')} ({told.get('Code', 'no code')}). "
            "Check the stage, the region and the credentials."
        ) from error
    except (BotoCoreError, ValueError) as error:
        raise CommandFailed(f"AWS cannot be reached: {error}") from error


def _of_stack(session: "boto3.Session", endpoint: str | None, stack: str) -> DynamoDBAccounts:
    if not stack:
        raise CommandFailed("The local stack does not say what is deployed on it; `make up` deploys it.")
    clouds = session.client("cloudformation", endpoint_url=endpoint, config=_config())
    outputs = clouds.describe_stacks(StackName=stack)["Stacks"][0].get("Outputs", [])
    names = [output["OutputValue"] for output in outputs if output.get("OutputKey") == TABLE_OUTPUT]
    if not names:
        raise CommandFailed(f"The stack {stack} has no output {TABLE_OUTPUT}; deploy it again.")
    return DynamoDBAccounts(session.client("dynamodb", endpoint_url=endpoint, config=_config()), names[0])


def _config() -> "Config":
    """A person waits: give up within half a minute."""
    from botocore.config import Config

    return Config(connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 3})
