"""What operators' commands work on: the services of a deployment, on the local stack or on AWS.

They go to the ledger, the bucket and the queues directly, with the credentials of the person who runs them.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, BinaryIO

from chalicelib.errors import Invalid, LightrailError, Unavailable
from chalicelib.joined import Joined
from chalicelib.settings import Settings, SettingsError
from infra.cli.account_store import STACK_OF_STAGE
from infra.cli.console import CommandFailed
from infra.cli.queue_desk import QueueDesk, SqsDesk

if TYPE_CHECKING:
    from chalicelib.ports.accounts import AccountStore
    from chalicelib.ports.article_store import ArticleStore
    from chalicelib.ports.blobs import Blobs
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.fetcher import Fetcher
    from chalicelib.ports.ledger import Ledger
    from chalicelib.ports.queue import OrderedQueue, Queue

FROM_OUTPUTS = {
    "LEDGER_TABLE": "LedgerTableName",
    "ACCOUNTS_TABLE": "AccountsTableName",
    "BUCKET": "BucketName",
    "FILE_QUEUE_URL": "DeltaFileQueueUrl",
    "ARTICLE_QUEUE_URL": "DeltaArticleQueueUrl",
    "MAINTENANCE_QUEUE_URL": "MaintenanceQueueUrl",
    "PARKING_QUEUE_URL": "ParkingQueueUrl",
    "OPENSEARCH_URL": "OpenSearchUrl",
}
"""Settings that the outputs of a stack give."""

FROM_PARAMETERS = {
    "DELTA_BLOCK_SCOPE": "BlockScope",
    "ENTRIES_PER_MESSAGE": "EntriesPerMessage",
    "DELTA_STRICT": "DeltaStrict",
    "FETCH_SCHEMES": "FetchSchemes",
    "FETCH_ALLOWED_HOSTS": "FetchAllowedHosts",
    "FETCH_TIMEOUT_SECONDS": "FetchTimeoutSeconds",
    "FETCH_MAX_BYTES": "FetchMaxBytes",
    "FETCH_MAX_UNPACKED_BYTES": "FetchMaxUnpackedBytes",
    "FETCH_MAX_RATIO": "FetchMaxRatio",
    "ARTICLE_INDEX": "ArticleIndex",
    "OPENSEARCH_SIGNED": "OpenSearchSigned",
}
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


class DeployedServices(Joined):
    """The domain over the adapters of a deployment, whose clients `client` makes."""

    def __init__(self, client: Callable[[Any], Any], settings: Settings) -> None:
        self._client, self._settings = client, settings

    @property
    def settings(self) -> Settings:
        """The settings with which the functions are deployed."""
        return self._settings

    @cached_property
    def clock(self) -> Clock:
        """Real time."""
        from chalicelib.adapters.system_clock import SystemClock

        return SystemClock()

    @cached_property
    def account_store(self) -> AccountStore:
        """Users and tokens."""
        from chalicelib.adapters.dynamodb_accounts import DynamoDBAccounts

        return DynamoDBAccounts(self._client("dynamodb"), self._settings.accounts_table)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger."""
        from chalicelib.adapters.dynamodb_ledger import DynamoLedger

        return DynamoLedger(self._client("dynamodb"), self._settings.ledger_table, self.clock)

    @cached_property
    def article_store(self) -> ArticleStore:
        """The articles."""
        from chalicelib.adapters.opensearch_articles import OpenSearchArticles
        from chalicelib.adapters.opensearch_connection import connect

        settings = self._settings
        transport = connect(settings.opensearch_url, signed=settings.opensearch_signed)
        return OpenSearchArticles(transport, settings.article_index)

    @cached_property
    def blobs(self) -> Blobs:
        """The bucket."""
        from chalicelib.adapters.s3_blobs import S3Blobs

        return S3Blobs(self._client("s3"), self._settings.bucket)

    @cached_property
    def fetcher(self) -> Fetcher:
        """The guard of URLs, with the deployment's rules."""
        from chalicelib.adapters.address_guard import FetchPolicy
        from chalicelib.adapters.guarded_http import FetchLimits, GuardedFetcher

        settings = self._settings
        policy = FetchPolicy.of(settings.fetch_schemes, settings.fetch_allowed_hosts, settings.bucket)
        limits = FetchLimits(total_seconds=settings.fetch_timeout_seconds, max_bytes=settings.fetch_max_bytes)
        return GuardedFetcher(policy, limits, lambda: self.blobs)

    @cached_property
    def file_queue(self) -> OrderedQueue:
        """Wake-ups of the file worker."""
        return self._ordered(self._settings.file_queue_url)

    @cached_property
    def article_queue(self) -> OrderedQueue:
        """Entries and drains."""
        return self._ordered(self._settings.article_queue_url)

    @cached_property
    def maintenance_queue(self) -> Queue:
        """Long work on the ledger."""
        return self._queue(self._settings.maintenance_queue_url)

    @cached_property
    def parking_queue(self) -> Queue:
        """What nobody can read."""
        return self._queue(self._settings.parking_queue_url)

    def _ordered(self, url: str) -> OrderedQueue:
        from chalicelib.adapters.sqs_queues import SqsOrderedQueue

        return SqsOrderedQueue(self._client("sqs"), url)

    def _queue(self, url: str) -> Queue:
        from chalicelib.adapters.sqs_queues import SqsQueue

        return SqsQueue(self._client("sqs"), url)


def open_deployment(stage: str | None) -> Deployment:
    """Open the deployment of a stage on AWS, else the local stack's.

    Raises CommandFailed, or LocalStackError where no local stack has been made.
    """
    from infra.cli.stack_outputs import find_stack

    client, stack = find_stack(stage, STACK_OF_STAGE)
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
