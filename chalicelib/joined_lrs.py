"""The learning record store joined over its ports, each service made on first use, whatever stands behind them.

`chalicelib.bootstrap_lrs` puts the real adapters behind the ports; tests put their doubles there.
"""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.joined_jobs import JoinedJobs

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.lrs.access.effective import EffectiveOptions
    from chalicelib.lrs.access.guard import Guard
    from chalicelib.lrs.access.run_tokens import RunTokens
    from chalicelib.lrs.access.service import Access
    from chalicelib.lrs.attachments.service import Attachments
    from chalicelib.lrs.cmi5.tokens import Cmi5Tokens
    from chalicelib.lrs.documents.service import Documents
    from chalicelib.lrs.jobs.machine.job_type import JobType, Work
    from chalicelib.lrs.jobs.machine.service import Jobs
    from chalicelib.lrs.logs.service import Logs
    from chalicelib.lrs.options import PipelineOptions
    from chalicelib.lrs.pseudonyms.identities import Pseudonyms
    from chalicelib.lrs.registries.persons import Persons
    from chalicelib.lrs.registries.service import Registries
    from chalicelib.lrs.statements.effects import Effects
    from chalicelib.lrs.statements.reading import Reader
    from chalicelib.lrs.statements.recording import Recording
    from chalicelib.lrs.statements.settling import Settling
    from chalicelib.lrs.statements.sweep import RecordSweep
    from chalicelib.ports.attachments import AttachmentRecords
    from chalicelib.ports.blobs import Blobs
    from chalicelib.ports.cmi5_tokens import TokenStore
    from chalicelib.ports.documents import DocumentStore
    from chalicelib.ports.jobs import JobRecord, Run
    from chalicelib.ports.logs import LogStore
    from chalicelib.ports.lrs_access import AccessStore
    from chalicelib.ports.outgoing import Outgoing
    from chalicelib.ports.record_clock import RecordClock
    from chalicelib.ports.registries import RegistryStore
    from chalicelib.ports.statement_store import StatementStore
    from chalicelib.settings import Settings


class JoinedLrs(JoinedJobs["Work"]):
    """The services of the record store, one attribute each; the abstract ones are the ports."""

    @property
    @abstractmethod
    def settings(self) -> Settings: ...
    @property
    @abstractmethod
    def blobs(self) -> Blobs: ...
    @property
    @abstractmethod
    def record_clock(self) -> RecordClock: ...
    @property
    @abstractmethod
    def statement_store(self) -> StatementStore: ...
    @property
    @abstractmethod
    def registry_store(self) -> RegistryStore: ...
    @property
    @abstractmethod
    def attachment_records(self) -> AttachmentRecords: ...
    @property
    @abstractmethod
    def document_store(self) -> DocumentStore: ...

    @property
    @abstractmethod
    def access_store(self) -> AccessStore: ...
    @property
    @abstractmethod
    def token_store(self) -> TokenStore: ...
    @property
    @abstractmethod
    def log_store(self) -> LogStore: ...
    @property
    @abstractmethod
    def outgoing(self) -> Outgoing: ...
    @property
    @abstractmethod
    def own_endpoint(self) -> Outgoing: ...

    @cached_property
    def attachments(self) -> Attachments:
        """The bytes of attachments."""
        from chalicelib.lrs.attachments.service import Attachments

        return Attachments(self.attachment_records, self.blobs, self.clock, self.new_id)

    @cached_property
    def documents(self) -> Documents:
        """States and profiles."""
        from chalicelib.lrs.documents.service import Documents

        return Documents(self.document_store, self.blobs, self.clock, self.new_id)

    @cached_property
    def reader(self) -> Reader:
        """Reads statements."""
        from chalicelib.lrs.statements.reading import Reader

        return Reader(self.record_clock, self.statement_store, self.clock)

    @cached_property
    def recording(self) -> Recording:
        """Records statements."""
        from chalicelib.lrs.statements.recording import Recording

        return Recording(
            self.record_clock,
            self.statement_store,
            self.attachments,
            self.effects,
            self.settling,
            self.clock,
            self.new_id,
            self.log_failure,
        )

    @cached_property
    def effects(self) -> Effects:
        """What committed statements do to others."""
        from chalicelib.lrs.statements.effects import Effects

        return Effects(self.statement_store, self.record_clock, self.registries, self.attachments, self.clock)

    @cached_property
    def settling(self) -> Settling:
        """Ends batches."""
        from chalicelib.lrs.statements.settling import Settling

        return Settling(
            self.record_clock,
            self.statement_store,
            self.attachments,
            self.effects,
            self.clock,
            self.options_of,
        )

    @cached_property
    def sweep(self) -> RecordSweep:
        """Ends the batches that their writers left open."""
        from chalicelib.lrs.statements.sweep import RecordSweep

        return RecordSweep(
            self.record_clock,
            self.attachments,
            self.settling,
            self.clock,
            self.log_failure,
        )

    @cached_property
    def guard(self) -> Guard:
        """Lets clients in."""
        from chalicelib.lrs.access.guard import Guard

        return Guard(
            self.access_store,
            lambda: self.cmi5_tokens,
            self.effective_options,
            runs=lambda: self.run_tokens,
        )

    @cached_property
    def access(self) -> Access:
        """Stores, clients and connections."""
        from chalicelib.lrs.access.service import Access

        return Access(
            self.access_store,
            self.clock,
            self.effective_options,
            used_by=self.job_using,
        )

    def job_using(self, connection: str) -> str | None:
        """The name of a job that uses the connection with this id; None: there is none."""
        found = self.jobs.using(connection)
        return None if found is None else f"{found.name} ({found.id})"

    @cached_property
    def cmi5_tokens(self) -> Cmi5Tokens:
        """Tokens of assignable units."""
        from chalicelib.lrs.cmi5.tokens import Cmi5Tokens

        return Cmi5Tokens(self.token_store, self.access_store, self.clock)

    @cached_property
    def run_tokens(self) -> RunTokens:
        """Credentials that runs of jobs give themselves."""
        from chalicelib.lrs.access.run_tokens import RunTokens

        return RunTokens(self.token_store, self.clock)

    @cached_property
    def effective_options(self) -> EffectiveOptions:
        """The pipeline options of the deployment around those of a client."""
        from chalicelib.lrs.access.effective import EffectiveOptions

        settings = self.settings
        return EffectiveOptions(settings.lrs_pipeline_defaults, settings.lrs_pipeline_forced)

    def options_of(self, client: str) -> PipelineOptions:
        """The options that hold for a client, by its slug; of one that is gone, those of the deployment."""
        found = self.access_store.read(client).client
        return self.effective_options.of({} if found is None else found.pipeline)

    @cached_property
    def registries(self) -> Registries:
        """Agents, activities and terms."""
        from chalicelib.lrs.registries.service import Registries

        return Registries(self.registry_store)

    @cached_property
    def persons(self) -> Persons:
        """Agents that are the same person."""
        from chalicelib.lrs.registries.persons import Persons

        return Persons(self.registry_store)

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        """Identities that stand for agents."""
        from chalicelib.lrs.pseudonyms.identities import pseudonyms_of

        return pseudonyms_of(self.access_store, self.settings.lrs_pseudonym_homepage)

    @cached_property
    def logs(self) -> Logs:
        """The general log."""
        from chalicelib.lrs.logs.service import Logs

        return Logs(self.log_store, self.clock, self.new_id, self.log_failure)

    @cached_property
    def jobs(self) -> Jobs:
        """Jobs, as their API makes and changes them."""
        from chalicelib.lrs.jobs.machine.service import Jobs

        return Jobs(self.job_store, self.wake_ups, self, self.telling, self.log_failure)

    def job_type(self, name: str) -> JobType:
        """The type of job of this name. Raises `NotFound`."""
        from chalicelib.lrs.jobs.machine import types

        return types.job_type(name)

    def work_of(
        self, job: JobRecord, run: Run, seconds_left: Callable[[], float], keep: Callable[[], None]
    ) -> Work:
        """What the type of a job is given in a run. Raises `Unavailable`."""
        from chalicelib.lrs.jobs.machine.job_type import work_of

        return work_of(self, job, run, seconds_left, keep)

    def timezone_of(self, store: str) -> str | None:
        """The time zone of a store; None: there is no such store."""
        found = self.access_store.read("", store).store
        return None if found is None else found.timezone

    def tell(self, job: JobRecord, level: int, message: str) -> None:
        """A line of the general log about the run of a job."""
        run = "" if job.run is None else job.run.id
        details = {"job": job.id, "type": job.type, "run": run}
        self.logs.write("console", level, message, store=job.store, client=job.created_by, details=details)
