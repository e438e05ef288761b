"""The record store on doubles: what is stored is shared by processes, each with services of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any

from chalicelib.joined_lrs import JoinedLrs
from chalicelib.lrs.access.principal import Principal
from chalicelib.lrs.options import PipelineOptions
from chalicelib.settings import Settings
from tests.doubles.access_store import InMemoryAccess
from tests.doubles.attachments import MemoryAttachmentRecords
from tests.doubles.blobs import MemoryBlobs
from tests.doubles.clock import FakeClock
from tests.doubles.cmi5_tokens import MemoryCmi5Tokens
from tests.doubles.documents import MemoryDocuments
from tests.doubles.job_store import MemoryJobStore
from tests.doubles.log_store import MemoryLogStore
from tests.doubles.outgoing import MemoryOutgoing
from tests.doubles.queues import MemoryQueue
from tests.doubles.record_clock import MemoryRecordClock
from tests.doubles.registry_store import MemoryRegistryStore
from tests.doubles.statement_store import MemoryStatementStore
from tests.doubles.world import ENVIRONMENT

Around = Callable[[str, Any], Any]
"""Puts something before a port: its name, the port → what is called in its place."""

AUTHORITY = {"objectType": "Agent", "account": {"homePage": "https://lrs.example.com", "name": "client"}}


def principal(
    store: str = "store", client: str = "client", options: PipelineOptions | None = None, *permissions: str
) -> Principal:
    """A caller that may do everything, unless told otherwise."""
    return Principal(
        client=client,
        store=store,
        permissions=frozenset(permissions or ("xapi/all", "data/all")),
        authority=AUTHORITY,
        options=options or PipelineOptions(),
    )


@dataclass
class Stored:
    """What the homes of the record store hold."""

    clock: FakeClock = field(default_factory=FakeClock)
    record_clock: MemoryRecordClock = field(default_factory=MemoryRecordClock)
    statement_store: MemoryStatementStore = field(default_factory=MemoryStatementStore)
    registry_store: MemoryRegistryStore = field(default_factory=MemoryRegistryStore)
    blobs: MemoryBlobs = field(default_factory=MemoryBlobs)
    access_store: InMemoryAccess = field(default_factory=InMemoryAccess)
    attachment_records: MemoryAttachmentRecords = field(default_factory=MemoryAttachmentRecords)
    document_store: MemoryDocuments = field(default_factory=MemoryDocuments)
    token_store: MemoryCmi5Tokens = field(default_factory=MemoryCmi5Tokens)
    log_store: MemoryLogStore = field(default_factory=MemoryLogStore)
    job_store: MemoryJobStore = field(default_factory=MemoryJobStore)
    outgoing: MemoryOutgoing = field(default_factory=MemoryOutgoing)
    own_endpoint: MemoryOutgoing = field(default_factory=lambda: MemoryOutgoing(private=frozenset()))
    names: count[int] = field(default_factory=count)

    @cached_property
    def job_queue(self) -> MemoryQueue:
        """Wake-ups; hidden for an hour and a half once they are received, as in the template."""
        return MemoryQueue(self.clock, visibility=5400.0)


class LrsWorld(JoinedLrs):
    """One process; worlds made with the same `stored` are processes beside one another."""

    def __init__(self, stored: Stored | None = None, around: Around = lambda _, port: port) -> None:
        self.stored = stored or Stored()
        self._around = around
        self.failures: list[str] = []
        self.client_options: dict[str, PipelineOptions] = {}

    @property
    def settings(self) -> Settings:
        return Settings.from_environment(ENVIRONMENT)

    def new_id(self) -> str:
        return f"batch-{next(self.stored.names)}"

    def log_failure(self, what: str, error: Exception) -> None:
        self.failures.append(f"{what}: {error}")

    def options_of(self, client: str) -> PipelineOptions:
        return self.client_options.get(client, PipelineOptions())

    def _port(self, name: str) -> Any:
        return self._around(name, getattr(self.stored, name))

    @cached_property
    def clock(self) -> Any:
        return self._port("clock")

    @cached_property
    def blobs(self) -> Any:
        return self._port("blobs")

    @cached_property
    def record_clock(self) -> Any:
        return self._port("record_clock")

    @cached_property
    def statement_store(self) -> Any:
        return self._port("statement_store")

    @cached_property
    def registry_store(self) -> Any:
        return self._port("registry_store")

    @cached_property
    def access_store(self) -> Any:
        return self._port("access_store")

    @cached_property
    def attachment_records(self) -> Any:
        return self._port("attachment_records")

    @cached_property
    def document_store(self) -> Any:
        return self._port("document_store")

    @cached_property
    def token_store(self) -> Any:
        return self._port("token_store")

    @cached_property
    def log_store(self) -> Any:
        return self._port("log_store")

    @cached_property
    def job_store(self) -> Any:
        return self._port("job_store")

    @cached_property
    def job_queue(self) -> Any:
        return self._port("job_queue")

    @cached_property
    def outgoing(self) -> Any:
        return self._port("outgoing")

    @cached_property
    def own_endpoint(self) -> Any:
        return self._port("own_endpoint")
