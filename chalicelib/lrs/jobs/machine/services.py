"""What jobs need from the rest of the record store; `chalicelib.joined_lrs` provides it, made on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chalicelib.jobs.slots import Slots
    from chalicelib.lrs.access.effective import EffectiveOptions
    from chalicelib.lrs.access.run_tokens import RunTokens
    from chalicelib.lrs.access.service import Access
    from chalicelib.lrs.attachments.service import Attachments
    from chalicelib.lrs.cmi5.tokens import Cmi5Tokens
    from chalicelib.lrs.documents.service import Documents
    from chalicelib.lrs.logs.service import Logs
    from chalicelib.lrs.pseudonyms.identities import Pseudonyms
    from chalicelib.lrs.registries.persons import Persons
    from chalicelib.lrs.registries.service import Registries
    from chalicelib.lrs.statements.reading import Reader
    from chalicelib.lrs.statements.recording import Recording
    from chalicelib.lrs.statements.settling import Settling
    from chalicelib.ports.blobs import Blobs
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.cmi5_tokens import TokenStore
    from chalicelib.ports.documents import DocumentStore
    from chalicelib.ports.jobs import JobStore
    from chalicelib.ports.logs import LogStore
    from chalicelib.ports.lrs_access import AccessStore
    from chalicelib.ports.outgoing import Outgoing
    from chalicelib.ports.record_clock import RecordClock
    from chalicelib.ports.registries import RegistryStore
    from chalicelib.ports.statement_store import StatementStore


class JobServices(Protocol):
    """One attribute a service or port; reading one makes it, and nothing else."""

    @property
    def clock(self) -> Clock: ...
    @property
    def blobs(self) -> Blobs: ...
    @property
    def record_clock(self) -> RecordClock: ...
    @property
    def statement_store(self) -> StatementStore: ...
    @property
    def registry_store(self) -> RegistryStore: ...
    @property
    def document_store(self) -> DocumentStore: ...
    @property
    def access_store(self) -> AccessStore: ...
    @property
    def token_store(self) -> TokenStore: ...
    @property
    def log_store(self) -> LogStore: ...
    @property
    def job_store(self) -> JobStore: ...
    @property
    def outgoing(self) -> Outgoing: ...
    @property
    def own_endpoint(self) -> Outgoing: ...
    @property
    def access(self) -> Access: ...
    @property
    def attachments(self) -> Attachments: ...
    @property
    def cmi5_tokens(self) -> Cmi5Tokens: ...
    @property
    def documents(self) -> Documents: ...
    @property
    def effective_options(self) -> EffectiveOptions: ...
    @property
    def logs(self) -> Logs: ...
    @property
    def persons(self) -> Persons: ...
    @property
    def pseudonyms(self) -> Pseudonyms: ...
    @property
    def reader(self) -> Reader: ...
    @property
    def recording(self) -> Recording: ...
    @property
    def registries(self) -> Registries: ...
    @property
    def settling(self) -> Settling: ...
    @property
    def run_tokens(self) -> RunTokens: ...
    @property
    def slots(self) -> Slots: ...

    def new_id(self) -> str:
        """A random name by which a writer knows its own write."""
        ...
