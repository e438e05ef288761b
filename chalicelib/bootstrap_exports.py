"""Picks the adapters of exports; everything is made, and imported, on first use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from chalicelib.joined_exports import JoinedExports

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools import Logger
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from chalicelib.exports.scanning import Ahead
    from chalicelib.ports.article_scan import ArticleScan, ScanPage
    from chalicelib.ports.blobs import Blobs
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.export_baselines import ExportBaselines
    from chalicelib.ports.jobs import JobRecord, JobStore
    from chalicelib.ports.queue import Queue
    from chalicelib.ports.uploads import Uploads
    from chalicelib.settings import Settings

BASELINE_ATTEMPTS = 3  # a baseline only ever moves forward


class Ground(Protocol):
    """What exports share with all services: settings, clock, bucket, jobs, and what makes clients."""

    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def blobs(self) -> Blobs: ...
    @property
    def uploads(self) -> Uploads: ...
    @property
    def job_store(self) -> JobStore: ...
    @property
    def job_queue(self) -> Queue: ...
    @property
    def logger(self) -> Logger: ...
    def dynamodb_client(self, attempts: int) -> DynamoDBClient: ...
    def s3_client(self) -> S3Client: ...
    def log_failure(self, what: str, error: Exception) -> None: ...


class ExportAdapters(JoinedExports):
    """Exports on AWS and OpenSearch."""

    def __init__(self, services: Ground) -> None:
        self._services = services

    @property
    def settings(self) -> Settings:
        return self._services.settings

    @property
    def clock(self) -> Clock:
        return self._services.clock

    @property
    def blobs(self) -> Blobs:
        return self._services.blobs

    @property
    def job_store(self) -> JobStore:
        return self._services.job_store

    @property
    def job_queue(self) -> Queue:
        return self._services.job_queue

    def log_failure(self, what: str, error: Exception) -> None:
        """Notes work that another will do again, in the log of all services."""
        self._services.log_failure(what, error)

    def tell(self, job: JobRecord, level: int, message: str) -> None:
        """A line of the log of all services."""
        from chalicelib.ports.logs import WARNING

        run = "" if job.run is None else job.run.id
        write = self._services.logger.warning if level >= WARNING else self._services.logger.info
        write(message, extra={"job": job.id, "run": run})

    @cached_property
    def uploads(self) -> Uploads:
        """Uploads to the bucket, part by part."""
        return self._services.uploads

    @cached_property
    def article_scan(self) -> ArticleScan:
        """All articles, by a point in time of OpenSearch."""
        from chalicelib.adapters.opensearch_connection import connect
        from chalicelib.adapters.opensearch_scan import ANSWER_BYTES, SCAN_SECONDS, OpenSearchScan

        settings = self.settings
        transport = connect(
            settings.opensearch_url,
            signed=settings.opensearch_signed,
            timeout=SCAN_SECONDS,
            most_bytes=ANSWER_BYTES,
        )
        return OpenSearchScan(transport, settings.article_index)

    @cached_property
    def export_baselines(self) -> ExportBaselines:
        """Baselines, in DynamoDB."""
        from chalicelib.adapters.dynamodb_export_baselines import DynamoExportBaselines

        return DynamoExportBaselines(
            self._services.dynamodb_client(BASELINE_ATTEMPTS), self.settings.jobs_table
        )

    @cached_property
    def ahead(self) -> Ahead:
        """A thread that waits for the search engine while the page before is written."""
        from concurrent.futures import ThreadPoolExecutor

        threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="scan")

        def begin(read: Callable[[], ScanPage]) -> Callable[[], ScanPage]:
            return threads.submit(read).result

        return begin
