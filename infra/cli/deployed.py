"""What operators' commands work on: the services of a deployment, on the local stack or on AWS.

They go to the ledger, the bucket and the queues directly, with the credentials of the person who runs them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from chalicelib.bootstrap import Services
from chalicelib.errors import Invalid, LightrailError, Unavailable
from chalicelib.settings import Settings, SettingsError
from infra.cli.console import CommandFailed
from infra.cli.queue_desk import QueueDesk, SqsDesk
from infra.cli.stack_outputs import MakeClient, find_stack
from infra.template.functions import SETTINGS
from infra.template.parameters import PARAMETERS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from chalicelib.joined import Joined

FROM_OUTPUTS = {
    "LEDGER_TABLE": "LedgerTableName",
    "ACCOUNTS_TABLE": "AccountsTableName",
    "RECORDS_TABLE": "RecordsTableName",
    "ACCESS_TABLE": "AccessTableName",
    "JOBS_TABLE": "JobsTableName",
    "BUCKET": "BucketName",
    "FILE_QUEUE_URL": "DeltaFileQueueUrl",
    "ARTICLE_QUEUE_URL": "DeltaArticleQueueUrl",
    "MAINTENANCE_QUEUE_URL": "MaintenanceQueueUrl",
    "PARKING_QUEUE_URL": "ParkingQueueUrl",
    "JOB_QUEUE_URL": "RecordJobsQueueUrl",
    "OPENSEARCH_URL": "OpenSearchUrl",
}
"""Settings that the outputs of a stack give."""

FROM_PARAMETERS = {name: given["Ref"] for name, given in SETTINGS.items() if given.get("Ref") in PARAMETERS}
"""Settings that the parameters of a stack give."""


@dataclass(frozen=True)
class Deployment:
    """A deployment as a command works on it.

    `put` stores an object of the bucket and returns its version; `name` is how texts call it.
    """

    services: Joined
    queues: QueueDesk
    put: Callable[[str, BinaryIO], str]
    name: str = "the local stack"


Open = Callable[[str | None], Deployment]
Command = Callable[[Deployment, argparse.Namespace], int]


def add_command(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    does: str,
    command: Command,
    opened: Open,
) -> argparse.ArgumentParser:
    """Add a command that works on a deployment, with `--stage` and `--json`."""
    parser = subparsers.add_parser(name, help=does, description=f"{does[0].upper()}{does[1:]}.")
    parser.add_argument(
        "--stage", help="a deployment in the AWS account of your credentials (default: the local stack)"
    )
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.set_defaults(run=lambda args: run(command, opened, args))
    return parser


def run(command: Command, opened: Open, args: argparse.Namespace) -> int:
    """Run a command and return its exit code; a refusal of the domain becomes a text for the person."""
    try:
        return command(opened(args.stage), args)
    except Invalid as error:
        raise CommandFailed("\n".join(text for texts in error.faults.values() for text in texts)) from error
    except Unavailable as error:
        why = f" ({error.reason})" if error.reason else ""
        look = "" if args.stage else "; `lightrail stack status` shows what runs"
        raise CommandFailed(f"{error}{why}{look}") from error
    except LightrailError as error:
        raise CommandFailed(str(error)) from error


class DeployedServices(Services):
    """The services of a deployment, with clients that `client` makes."""

    def __init__(self, client: MakeClient, settings: Settings) -> None:
        """`settings`: those with which the functions are deployed."""
        self._client = client
        self.settings = settings

    def dynamodb_client(self, attempts: int) -> DynamoDBClient:
        """A client that makes so many attempts at a call."""
        client: DynamoDBClient = self._client("dynamodb", attempts)
        return client

    def s3_client(self) -> S3Client:
        """A client of the bucket."""
        client: S3Client = self._client("s3")
        return client

    def sqs_client(self) -> SQSClient:
        """A client of the queues."""
        client: SQSClient = self._client("sqs")
        return client


def open_deployment(stage: str | None) -> Deployment:
    """Open the deployment of a stage on AWS, else the local stack's.

    Raises CommandFailed, or LocalStackError where no local stack has been made.
    """
    client, stack = find_stack(stage)
    settings = settings_of(stack.outputs, stack.parameters)

    def put(key: str, content: BinaryIO) -> str:
        from chalicelib.adapters.aws_answers import answered

        with answered("The bucket"):
            stored = client("s3").put_object(Bucket=settings.bucket, Key=key, Body=content)
        return str(stored.get("VersionId", ""))

    desk = SqsDesk(client("sqs"), stack.outputs)
    name = f"stage {stage}" if stage else "the local stack"
    return Deployment(DeployedServices(client, settings), desk, put, name)


def settings_of(outputs: Mapping[str, str], parameters: Mapping[str, str]) -> Settings:
    """Return the settings of a deployed stack. Raises CommandFailed."""
    given = {name: outputs.get(output, "") for name, output in FROM_OUTPUTS.items()}
    given |= {name: parameters.get(parameter, "") for name, parameter in FROM_PARAMETERS.items()}
    try:
        return Settings.from_environment(given)
    except SettingsError as error:
        missing = [output for output in FROM_OUTPUTS.values() if not outputs.get(output)]
        what = f"it has no {', '.join(missing)}" if missing else str(error)
        raise CommandFailed(f"the stack cannot be worked on: {what}; deploy it again") from error
