"""Picks the adapters of the learning record store; everything is made, and imported, on first use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.joined_lrs import JoinedLrs

if TYPE_CHECKING:
    from chalicelib.bootstrap import Services
    from chalicelib.ports.blobs import Blobs
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.record_clock import RecordClock
    from chalicelib.ports.statement_store import StatementStore
    from chalicelib.settings import Settings


class LrsServices(JoinedLrs):
    """The record store on AWS and OpenSearch; settings, clock, bucket and clients are those of all services."""

    def __init__(self, services: Services) -> None:
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
