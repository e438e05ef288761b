"""Picks the adapters of the learning record store; everything is made, and imported, on first use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from chalicelib.joined_lrs import JoinedLrs

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from chalicelib.adapters.opensearch_connection import Transport
    from chalicelib.ports.attachments import AttachmentRecords
    from chalicelib.ports.blobs import Blobs
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.cmi5_tokens import TokenStore
    from chalicelib.ports.documents import DocumentStore
    from chalicelib.ports.jobs import JobStore
    from chalicelib.ports.logs import LogStore
    from chalicelib.ports.lrs_access import AccessStore
    from chalicelib.ports.outgoing import Outgoing
    from chalicelib.ports.queue import Queue
    from chalicelib.ports.record_clock import RecordClock
    from chalicelib.ports.registries import RegistryStore
    from chalicelib.ports.statement_store import StatementStore
    from chalicelib.settings import Settings

ACCESS_ATTEMPTS = 3
LOG_ATTEMPTS = 2  # what a call says of itself must not hold it up for long
RECORD_ATTEMPTS = 3  # every write is conditional or has the same effect twice


class Ground(Protocol):
    """What the record store shares with all services: settings, clock, bucket, jobs, and what makes clients."""

    @property
    def settings(self) -> Settings: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def blobs(self) -> Blobs: ...
    @property
    def job_store(self) -> JobStore: ...
    @property
    def job_queue(self) -> Queue: ...
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

    def log_failure(self, what: str, error: Exception) -> None:
        """Notes work that another will do again, in the log of all services."""
        self._services.log_failure(what, error)

    @cached_property
    def record_clock(self) -> RecordClock:
        """The clocks of the stores, in DynamoDB."""
        from chalicelib.adapters.dynamodb_record_clock import DynamoRecordClock

        return DynamoRecordClock(self._services.dynamodb_client(1), self.settings.records_table)

    @cached_property
    def attachment_records(self) -> AttachmentRecords:
        """Who holds which attachments, in DynamoDB."""
        from chalicelib.adapters.dynamodb_attachments import DynamoAttachmentRecords

        return DynamoAttachmentRecords(
            self._services.dynamodb_client(RECORD_ATTEMPTS), self.settings.records_table
        )

    @cached_property
    def document_store(self) -> DocumentStore:
        """States and profiles, in DynamoDB."""
        from chalicelib.adapters.dynamodb_documents import DynamoDocuments

        return DynamoDocuments(self._services.dynamodb_client(RECORD_ATTEMPTS), self.settings.records_table)

    @cached_property
    def statement_store(self) -> StatementStore:
        """The statements in OpenSearch."""
        from chalicelib.adapters.opensearch_statements import OpenSearchStatements

        return OpenSearchStatements(self._services.search_transport, self.settings.lrs_index)

    @cached_property
    def access_store(self) -> AccessStore:
        """Stores, clients and connections in DynamoDB."""
        from chalicelib.adapters.dynamodb_access import DynamoAccess

        return DynamoAccess(self._services.dynamodb_client(ACCESS_ATTEMPTS), self.settings.access_table)

    @cached_property
    def token_store(self) -> TokenStore:
        """cmi5 tokens in DynamoDB."""
        from chalicelib.adapters.dynamodb_cmi5_tokens import DynamoCmi5Tokens

        return DynamoCmi5Tokens(self._services.dynamodb_client(ACCESS_ATTEMPTS), self.settings.access_table)

    @cached_property
    def registry_store(self) -> RegistryStore:
        """What is known of agents, activities and terms, in OpenSearch."""
        from chalicelib.adapters.opensearch_registries import OpenSearchRegistries

        return OpenSearchRegistries(self._services.search_transport, self.settings.lrs_index)

    @cached_property
    def log_store(self) -> LogStore:
        """The general log, in DynamoDB."""
        from chalicelib.adapters.dynamodb_logs import DynamoLogs

        return DynamoLogs(self._services.dynamodb_client(LOG_ATTEMPTS), self.settings.records_table)

    @property
    def job_store(self) -> JobStore:
        return self._services.job_store

    @property
    def job_queue(self) -> Queue:
        return self._services.job_queue

    @cached_property
    def own_endpoint(self) -> Outgoing:
        """Requests to the APIs of this deployment."""
        from chalicelib.adapters.own_endpoint import OwnEndpoint

        return OwnEndpoint()

    @cached_property
    def outgoing(self) -> Outgoing:
        """Requests to other places: where files may be fetched from."""
        from chalicelib.adapters.address_guard import FetchPolicy
        from chalicelib.adapters.guarded_client import GuardedClient

        settings = self.settings
        web = [scheme for scheme in settings.fetch_schemes if scheme != "s3"]
        return GuardedClient(FetchPolicy.of(web, settings.fetch_allowed_hosts, settings.bucket))
