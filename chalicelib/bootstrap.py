"""The one place that picks adapters and joins them to the domain; all is made, and imported, on first use."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

    from chalicelib.accounts.service import Accounts
    from chalicelib.articles.applying import Applier
    from chalicelib.articles.dead_letters import DeadLetters
    from chalicelib.articles.delivery import Delivery
    from chalicelib.articles.delta_format import DeltaEntry
    from chalicelib.articles.draining import Drainer
    from chalicelib.articles.fan_out import FanOut
    from chalicelib.articles.intake import Intake
    from chalicelib.articles.service import ArticleService
    from chalicelib.articles.snapshots import Snapshots
    from chalicelib.ledger.acceptance import Acceptance
    from chalicelib.ledger.commands import Commands
    from chalicelib.ledger.listing import Listing
    from chalicelib.ledger.sweep import Sweep
    from chalicelib.ports.article_store import ArticleStore, Entry
    from chalicelib.ports.blobs import Blobs
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.fetcher import Fetcher
    from chalicelib.ports.ledger import Ledger
    from chalicelib.ports.ledger_records import Page
    from chalicelib.ports.queue import OrderedQueue, Queue

# DynamoDB answers in milliseconds; one that takes longer than this is in trouble, and the gateway gives up after 29 s.
DYNAMODB_READ_SECONDS = 5.0
LONGEST_JITTER_SECONDS = 0.05  # about two conditional writes: enough for two who met to part


class Services:
    """What the handlers use, one attribute each; reading one makes it and what it is made of, and nothing else."""

    @cached_property
    def settings(self) -> Settings:
        """The settings of this deployment. Raises `SettingsError`."""
        return Settings.from_environment(os.environ)

    @cached_property
    def logger(self) -> Logger:
        """The structured log: one JSON object a line."""
        from aws_lambda_powertools import Logger

        return Logger(service="lightrail", level=self.settings.log_level)

    def log_failure(self, what: str, error: Exception) -> None:
        """Notes work that goes back to its queue; the text of an error may repeat data, so only its kind is kept."""
        reason = getattr(error, "reason", "")
        self.logger.warning(
            "goes back to its queue", extra={"id": what, "error": type(error).__name__, "reason": reason}
        )

    @cached_property
    def clock(self) -> Clock:
        """Real time."""
        from chalicelib.adapters.system_clock import SystemClock

        return SystemClock()

    # What the HTTP calls use.

    @cached_property
    def accounts(self) -> Accounts:
        """Users and tokens."""
        from chalicelib.accounts.service import Accounts
        from chalicelib.adapters.dynamodb_accounts import DynamoDBAccounts

        store = DynamoDBAccounts(_dynamodb_client(attempts=3), self.settings.accounts_table)
        return Accounts(store, self.clock)

    @cached_property
    def articles(self) -> ArticleService:
        """Single articles, for API clients."""
        from chalicelib.articles.service import ArticleService

        return ArticleService(self.article_store, self.clock, _new_id)

    @cached_property
    def fetcher(self) -> Fetcher:
        """Guarded reading of URLs."""
        from chalicelib.adapters.guarded_http import make_fetcher

        return make_fetcher(self.settings)

    @cached_property
    def acceptance(self) -> Acceptance:
        """Takes delta files in."""
        from chalicelib.ledger.acceptance import Acceptance

        return Acceptance(self.ledger, self.file_queue, self.clock, _new_id, _jitter)

    @cached_property
    def listing(self) -> Listing:
        """The lists of the job calls."""
        from chalicelib.ledger.listing import Listing

        return Listing(self.ledger, self._read_entry)

    @cached_property
    def commands(self) -> Commands:
        """Clear, flush, retry and clearsuccessful."""
        from chalicelib.ledger.commands import Commands

        return Commands(self.ledger, self.maintenance_queue, self.clock, _jitter)

    # What the workers use.

    @cached_property
    def intake(self) -> Intake:
        """Accepts files that the bucket announces."""
        from chalicelib.articles.intake import Intake

        settings = self.settings
        return Intake(self.acceptance, self.blobs, settings.bucket, settings.delta_strict)

    @cached_property
    def fan_out(self) -> FanOut:
        """Brings accepted files into the article queue."""
        from chalicelib.articles.delta_format import Limits
        from chalicelib.articles.fan_out import FanOut, FanOutSettings

        settings = self.settings
        limits = Limits(settings.fetch_max_bytes, settings.fetch_max_unpacked_bytes, settings.fetch_max_ratio)
        return FanOut(
            self.ledger,
            self.blobs,
            self.fetcher,
            self.file_queue,
            self.article_queue,
            self.clock,
            FanOutSettings(
                settings.delta_block_scope,
                settings.entries_per_message,
                limits,
                settings.fetch_timeout_seconds,
            ),
        )

    @cached_property
    def applier(self) -> Applier:
        """Applies entries to articles and records what became of them."""
        from chalicelib.articles.applying import Applier

        return Applier(self.ledger, self.article_store, self.clock)

    @cached_property
    def drainer(self) -> Drainer:
        """Runs what stands behind a gate again."""
        from chalicelib.articles.draining import Drainer

        return Drainer(self.ledger, self.article_store, self.snapshots, self.article_queue, self.clock)

    @cached_property
    def delivery(self) -> Delivery:
        """Takes batches of the article queue."""
        from chalicelib.articles.delivery import Delivery

        return Delivery(self.applier, self.drainer, self.snapshots)

    @cached_property
    def dead_letters(self) -> DeadLetters:
        """Records what became of dead letters."""
        from chalicelib.articles.dead_letters import DeadLetters

        return DeadLetters(
            self.applier, self.drainer, self.snapshots, lambda: self.intake, self.parking_queue
        )

    @cached_property
    def sweep(self) -> Sweep:
        """Goes over what is not finished."""
        from chalicelib.ledger.sweep import Sweep

        return Sweep(
            self.ledger, self.file_queue, self.maintenance_queue, lambda: self.article_store, self.clock
        )

    # What these are made of.

    @cached_property
    def snapshots(self) -> Snapshots:
        """Entries read again from the bytes of their file."""
        from chalicelib.articles.snapshots import Snapshots

        return Snapshots(self.blobs)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger; it repeats calls by itself, so its client does not."""
        from chalicelib.adapters.dynamodb_ledger import DynamoLedger

        return DynamoLedger(_dynamodb_client(attempts=1), self.settings.ledger_table, self.clock)

    @cached_property
    def article_store(self) -> ArticleStore:
        """The articles in OpenSearch."""
        from chalicelib.adapters.opensearch_articles import OpenSearchArticles
        from chalicelib.adapters.opensearch_connection import connect

        settings = self.settings
        return OpenSearchArticles(
            connect(settings.opensearch_url, signed=settings.opensearch_signed), settings.article_index
        )

    @cached_property
    def blobs(self) -> Blobs:
        """The bucket."""
        from chalicelib.adapters import s3_blobs

        return s3_blobs.S3Blobs(s3_blobs.make_client(), self.settings.bucket)

    @cached_property
    def file_queue(self) -> OrderedQueue:
        """The queue that wakes the file worker."""
        return self._ordered_queue(self.settings.file_queue_url)

    @cached_property
    def article_queue(self) -> OrderedQueue:
        """The queue of entries."""
        return self._ordered_queue(self.settings.article_queue_url)

    @cached_property
    def maintenance_queue(self) -> Queue:
        """The queue of long work on the ledger."""
        return self._queue(self.settings.maintenance_queue_url)

    @cached_property
    def parking_queue(self) -> Queue:
        """The queue of what nobody can read."""
        return self._queue(self.settings.parking_queue_url)

    @cached_property
    def _sqs_client(self) -> SQSClient:
        from chalicelib.adapters import sqs_queues

        return sqs_queues.make_client()

    def _ordered_queue(self, url: str) -> OrderedQueue:
        from chalicelib.adapters.sqs_queues import SqsOrderedQueue

        return SqsOrderedQueue(self._sqs_client, url)

    def _queue(self, url: str) -> Queue:
        from chalicelib.adapters.sqs_queues import SqsQueue

        return SqsQueue(self._sqs_client, url)

    def _read_entry(self, page: Page, entry: Entry) -> DeltaEntry | None:
        from chalicelib.ports.blobs import BlobNotFound

        try:
            return self.snapshots.entry(page, entry)
        except BlobNotFound:
            return None


def _dynamodb_client(attempts: int) -> DynamoDBClient:
    import boto3
    from botocore.config import Config

    from chalicelib.adapters.aws_answers import CONNECT_SECONDS

    return boto3.client(
        "dynamodb",
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=DYNAMODB_READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": attempts},
        ),
    )


def _new_id() -> str:
    from uuid import uuid4

    return uuid4().hex


def _jitter() -> float:
    from random import uniform

    return uniform(0, LONGEST_JITTER_SECONDS)  # noqa: S311 - it keeps no secret
