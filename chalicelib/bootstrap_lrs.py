"""Picks the adapters of the learning record store; everything is made, and imported, on first use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from chalicelib.joined_lrs import JoinedLrs

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from chalicelib.adapters.opensearch_connection import Transport
    from chalicelib.ports.blobs import Blobs
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.record_clock import RecordClock
    from chalicelib.ports.statement_store import StatementStore
    from chalicelib.settings import Settings


class Ground(Protocol):
    """What the record store shares with all services: settings, clock, bucket, and what makes clients."""

    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def blobs(self) -> Blobs: ...
    @property
    def search_transport(self) -> Transport: ...
    def dynamodb_client(self, attempts: int) -> DynamoDBClient: ...
    def s3_client(self) -> S3Client: ...
    def log_failure(self, what: str, error: Exception) -> None: ...


class LrsServices(JoinedLrs):
    """The record store on AWS and OpenSearch; settings, clock, bucket and clients are those of all services."""

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

    @cached_property
    def record_clock(self) -> RecordClock:
        """The clocks of the stores, in DynamoDB."""
        from chalicelib.adapters.dynamodb_record_clock import DynamoRecordClock

        return DynamoRecordClock(self._services.dynamodb_client(1), self.settings.records_table)

    @cached_property
    def statement_store(self) -> StatementStore:
        """The statements in OpenSearch."""
        from chalicelib.adapters.opensearch_statements import OpenSearchStatements

        return OpenSearchStatements(self._services.search_transport, self.settings.lrs_index)
