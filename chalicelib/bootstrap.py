"""The one place that picks adapters; everything is made, and imported, on first use."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.joined import Joined
from chalicelib.settings import Settings

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

    from chalicelib.adapters.opensearch_connection import Transport
    from chalicelib.bootstrap_exports import ExportAdapters
    from chalicelib.bootstrap_lrs import LrsServices
    from chalicelib.exports.service import Exports
    from chalicelib.ports.accounts import AccountStore
    from chalicelib.ports.article_search import ArticleSearch
    from chalicelib.ports.article_store import ArticleStore
    from chalicelib.ports.blobs import Blobs
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.export_baselines import ExportBaselines
    from chalicelib.ports.fetcher import Fetcher
    from chalicelib.ports.idempotency import IdempotencyStore
    from chalicelib.ports.jobs import JobStore
    from chalicelib.ports.ledger import Ledger
    from chalicelib.ports.queue import OrderedQueue, Queue
    from chalicelib.ports.upload_links import UploadLinks
    from chalicelib.ports.uploads import Uploads

# DynamoDB answers in milliseconds; one that takes this long is in trouble, and the gateway gives up after 29 s.
DYNAMODB_READ_SECONDS = 5.0
ACCOUNTS_ATTEMPTS = 3
JOB_ATTEMPTS = 3  # every write is conditional, and knows itself when it is sent twice
LEDGER_ATTEMPTS = 1  # the ledger repeats calls by itself: it must know of each


class Services(Joined):
    """The domain on AWS and OpenSearch, as the environment describes them."""

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
        """Notes work that goes back to its queue: the kind of the error, not its text, which may repeat data."""
        extra = {"id": what, "error": type(error).__name__, "reason": getattr(error, "reason", "")}
        self.logger.warning("goes back to its queue", extra=extra)

    @cached_property
    def clock(self) -> Clock:
        """Real time."""
        from chalicelib.adapters.system_clock import SystemClock

        return SystemClock()

    @cached_property
    def lrs(self) -> LrsServices:
        """The learning record store."""
        from chalicelib.bootstrap_lrs import LrsServices

        return LrsServices(self)

    @cached_property
    def exporting(self) -> ExportAdapters:
        """Exports of articles."""
        from chalicelib.bootstrap_exports import ExportAdapters

        return ExportAdapters(self)

    @property
    def exports(self) -> Exports:
        """Exports, as their API makes and deletes them."""
        return self.exporting.exports

    @property
    def export_baselines(self) -> ExportBaselines:
        """Up to when changes have been exported, and are not known any more."""
        return self.exporting.export_baselines

    @cached_property
    def job_store(self) -> JobStore:
        """Jobs of all APIs and their logs, in DynamoDB."""
        from chalicelib.adapters.dynamodb_jobs import DynamoJobs

        return DynamoJobs(self.dynamodb_client(JOB_ATTEMPTS), self.settings.jobs_table)

    @cached_property
    def job_queue(self) -> Queue:
        """The queue that wakes the workers of jobs."""
        return self.queue(self.settings.job_queue_url)

    @cached_property
    def account_store(self) -> AccountStore:
        """Users and tokens in DynamoDB."""
        from chalicelib.adapters.dynamodb_accounts import DynamoDBAccounts

        return DynamoDBAccounts(self.dynamodb_client(ACCOUNTS_ATTEMPTS), self.settings.accounts_table)

    @cached_property
    def idempotency_store(self) -> IdempotencyStore:
        """Idempotency keys in DynamoDB, in the table that no other function can reach."""
        from chalicelib.adapters.dynamodb_idempotency import DynamoDBIdempotency

        return DynamoDBIdempotency(self.dynamodb_client(ACCOUNTS_ATTEMPTS), self.settings.accounts_table)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger in DynamoDB."""
        from chalicelib.adapters.dynamodb_ledger import DynamoLedger

        return DynamoLedger(self.dynamodb_client(LEDGER_ATTEMPTS), self.settings.ledger_table, self.clock)

    @cached_property
    def article_store(self) -> ArticleStore:
        """The articles in OpenSearch."""
        from chalicelib.adapters.opensearch_articles import OpenSearchArticles

        return OpenSearchArticles(self.search_transport, self.settings.article_index)

    @cached_property
    def article_search(self) -> ArticleSearch:
        """Searches of articles in OpenSearch."""
        from chalicelib.adapters.opensearch_article_search import OpenSearchArticleSearch

        return OpenSearchArticleSearch(self.search_transport, self.settings.article_index)

    @cached_property
    def blobs(self) -> Blobs:
        """The bucket."""
        from chalicelib.adapters.s3_blobs import S3Blobs

        return S3Blobs(self.s3_client(), self.settings.bucket)

    @cached_property
    def uploads(self) -> Uploads:
        """Objects of the bucket that are written part by part, and links to them."""
        from chalicelib.adapters.s3_uploads import S3Uploads

        return S3Uploads(self.s3_client(), self.settings.bucket)

    @cached_property
    def upload_links(self) -> UploadLinks:
        """Presigned uploads to the bucket."""
        from chalicelib.adapters import s3_upload_links

        return s3_upload_links.S3UploadLinks(s3_upload_links.make_client(), self.settings.bucket)

    @cached_property
    def fetcher(self) -> Fetcher:
        """Guarded reading of URLs."""
        from chalicelib.adapters.address_guard import FetchPolicy
        from chalicelib.adapters.guarded_http import FetchLimits, GuardedFetcher

        settings = self.settings
        policy = FetchPolicy.of(settings.fetch_schemes, settings.fetch_allowed_hosts, settings.bucket)
        limits = FetchLimits(total_seconds=settings.fetch_timeout_seconds, max_bytes=settings.fetch_max_bytes)
        return GuardedFetcher(policy, limits, lambda: self.blobs)

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
        return self.queue(self.settings.maintenance_queue_url)

    @cached_property
    def parking_queue(self) -> Queue:
        """The queue of what nobody can read."""
        return self.queue(self.settings.parking_queue_url)

    # The clients are those of a function; the command line puts those of a person in their place.

    def dynamodb_client(self, attempts: int) -> DynamoDBClient:
        """A client that makes so many attempts at a call."""
        import boto3
        from botocore.config import Config

        from chalicelib.adapters.aws_answers import CONNECT_SECONDS

        return boto3.client(
            "dynamodb",
            config=Config(
                connect_timeout=CONNECT_SECONDS,
                read_timeout=DYNAMODB_READ_SECONDS,
                retries={"mode": "standard", "total_max_attempts": attempts},
                # DynamoDB checks each request itself; here it would cost as much again as writing the request.
                parameter_validation=False,
                # Without a name of its own, botocore would write itself up anew for each request: a tenth of its cost.
                user_agent="lightrail",
            ),
        )

    def s3_client(self) -> S3Client:
        """A client of the bucket."""
        from chalicelib.adapters import s3_blobs

        return s3_blobs.make_client()

    def sqs_client(self) -> SQSClient:
        """A client of the queues."""
        from chalicelib.adapters import sqs_queues

        return sqs_queues.make_client()

    @cached_property
    def search_transport(self) -> Transport:
        """The connection to OpenSearch, which the articles and the record store share."""
        from chalicelib.adapters.opensearch_connection import connect

        settings = self.settings
        return connect(settings.opensearch_url, signed=settings.opensearch_signed)

    @cached_property
    def _queues_client(self) -> SQSClient:
        return self.sqs_client()

    def _ordered_queue(self, url: str) -> OrderedQueue:
        from chalicelib.adapters.sqs_queues import SqsOrderedQueue

        return SqsOrderedQueue(self._queues_client, url)

    def queue(self, url: str) -> Queue:
        """A queue without order."""
        from chalicelib.adapters.sqs_queues import SqsQueue

        return SqsQueue(self._queues_client, url)
