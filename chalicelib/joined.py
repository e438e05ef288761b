"""The domain joined over its ports: every service is made from them on first use, whatever stands behind them.

`chalicelib.bootstrap` puts the real adapters behind the ports; tests put their doubles there.
"""

from __future__ import annotations

import random
import secrets
from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.settings import Settings

if TYPE_CHECKING:
    from chalicelib.accounts.service import Accounts
    from chalicelib.articles.applying import Applier
    from chalicelib.articles.dead_letters import DeadLetters
    from chalicelib.articles.delivery import Delivery
    from chalicelib.articles.draining import Drainer
    from chalicelib.articles.extract_making import ExtractMaker
    from chalicelib.articles.fan_out import FanOut
    from chalicelib.articles.intake import Intake
    from chalicelib.articles.renewal import Renewal
    from chalicelib.articles.searching import ArticleFinder
    from chalicelib.articles.service import ArticleService
    from chalicelib.articles.snapshots import Snapshots
    from chalicelib.articles.submission import Submissions
    from chalicelib.idempotency import Idempotency
    from chalicelib.ledger.acceptance import Acceptance
    from chalicelib.ledger.commands import Commands
    from chalicelib.ledger.delta_files import DeltaFiles
    from chalicelib.ledger.job_search import JobSearch
    from chalicelib.ledger.listing import Listing
    from chalicelib.ledger.maintenance import Maintenance
    from chalicelib.ledger.sweep import Sweep
    from chalicelib.ports.accounts import AccountStore
    from chalicelib.ports.article_search import ArticleSearch
    from chalicelib.ports.article_store import ArticleStore
    from chalicelib.ports.blobs import Blobs
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.export_baselines import ExportBaselines
    from chalicelib.ports.fetcher import Fetcher
    from chalicelib.ports.idempotency import IdempotencyStore
    from chalicelib.ports.ledger import Ledger
    from chalicelib.ports.queue import OrderedQueue, Queue
    from chalicelib.ports.upload_links import UploadLinks
    from chalicelib.ports.uploads import Uploads


class Joined(ABC):
    """The services, one attribute each; the abstract ones are the ports."""

    @property
    @abstractmethod
    def settings(self) -> Settings: ...
    @property
    @abstractmethod
    def clock(self) -> Clock: ...
    @property
    @abstractmethod
    def account_store(self) -> AccountStore: ...
    @property
    @abstractmethod
    def idempotency_store(self) -> IdempotencyStore: ...
    @property
    @abstractmethod
    def article_store(self) -> ArticleStore: ...
    @property
    @abstractmethod
    def article_search(self) -> ArticleSearch: ...
    @property
    @abstractmethod
    def export_baselines(self) -> ExportBaselines: ...
    @property
    @abstractmethod
    def ledger(self) -> Ledger: ...
    @property
    @abstractmethod
    def blobs(self) -> Blobs: ...
    @property
    @abstractmethod
    def uploads(self) -> Uploads: ...
    @property
    @abstractmethod
    def upload_links(self) -> UploadLinks: ...
    @property
    @abstractmethod
    def fetcher(self) -> Fetcher: ...
    @property
    @abstractmethod
    def file_queue(self) -> OrderedQueue: ...
    @property
    @abstractmethod
    def article_queue(self) -> OrderedQueue: ...
    @property
    @abstractmethod
    def maintenance_queue(self) -> Queue: ...
    @property
    @abstractmethod
    def parking_queue(self) -> Queue: ...

    def new_id(self) -> str:
        """A random name by which a writer knows its own write."""
        return secrets.token_hex(8)

    def jitter(self) -> float:
        """Seconds to wait before another try after a lost race."""
        return random.uniform(0.005, 0.05)  # noqa: S311 - spreads writers, hides nothing

    @cached_property
    def accounts(self) -> Accounts:
        """Users and tokens."""
        from chalicelib.accounts.service import Accounts

        return Accounts(self.account_store, self.clock)

    @cached_property
    def idempotency(self) -> Idempotency:
        """Calls that may be sent again."""
        from chalicelib.idempotency import Idempotency

        return Idempotency(self.idempotency_store, self.clock, self.new_id)

    @cached_property
    def articles(self) -> ArticleService:
        """Articles as clients read and write them."""
        from chalicelib.articles.service import ArticleService

        return ArticleService(self.article_store, self.clock, self.new_id)

    @cached_property
    def article_finder(self) -> ArticleFinder:
        """Lists of articles."""
        from chalicelib.articles.searching import ArticleFinder

        return ArticleFinder(self.article_search)

    @cached_property
    def renewal(self) -> Renewal:
        """Brings stored articles up to what this release searches by."""
        from chalicelib.articles.renewal import Renewal

        return Renewal(self.article_store)

    @cached_property
    def acceptance(self) -> Acceptance:
        """Takes files in."""
        from chalicelib.ledger.acceptance import Acceptance

        return Acceptance(self.ledger, self.file_queue, self.clock, self.new_id, self.jitter)

    @cached_property
    def submissions(self) -> Submissions:
        """Takes in files that clients hand over themselves."""
        from chalicelib.articles.submission import Submissions

        return Submissions(
            self.acceptance,
            self.ledger,
            self.blobs,
            lambda: self.upload_links,
            self.clock,
            self.new_id,
            self.settings.bucket,
        )

    @cached_property
    def snapshots(self) -> Snapshots:
        """Entries read again."""
        from chalicelib.articles.snapshots import Snapshots

        return Snapshots(self.blobs)

    @cached_property
    def listing(self) -> Listing:
        """Lists of jobs and files."""
        from chalicelib.ledger.listing import Listing

        return Listing(self.ledger, self.snapshots.entry_or_none)

    @cached_property
    def job_search(self) -> JobSearch:
        """Jobs by state, file, article and id."""
        from chalicelib.articles.work import EVERYTHING
        from chalicelib.ledger.job_search import JobSearch
        from chalicelib.ledger.job_view import JobReader

        reader = JobReader(self.ledger, self.snapshots.entry_or_none, self.snapshots.key_of)
        return JobSearch(self.ledger, reader, lambda number: (number, EVERYTHING))

    @cached_property
    def delta_files(self) -> DeltaFiles:
        """Delta files, one by one and listed."""
        from chalicelib.ledger.delta_files import DeltaFiles

        return DeltaFiles(self.ledger)

    @cached_property
    def extract_maker(self) -> ExtractMaker:
        """Results of a file, and its failed entries."""
        from chalicelib.articles.extract_making import ExtractMaker
        from chalicelib.articles.extracts import Extracts

        return ExtractMaker(
            self.ledger,
            Extracts(self.ledger, self.snapshots),
            lambda: self.uploads,
            self.blobs,
            self.maintenance_queue,
            self.clock,
        )

    @cached_property
    def commands(self) -> Commands:
        """Clear, flush, clearsuccessful, retry."""
        from chalicelib.ledger.commands import Commands

        return Commands(self.ledger, self.maintenance_queue, self.clock, self.jitter)

    @cached_property
    def intake(self) -> Intake:
        """Notices of the bucket."""
        from chalicelib.articles.intake import Intake

        return Intake(self.acceptance, self.blobs, self.settings.bucket, self.settings.delta_strict)

    @cached_property
    def fan_out(self) -> FanOut:
        """The file worker."""
        from chalicelib.articles.delta_format import Limits
        from chalicelib.articles.fan_out import FanOut, FanOutSettings

        settings = self.settings
        limits = Limits(
            max_bytes=settings.fetch_max_bytes,
            max_unpacked_bytes=settings.fetch_max_unpacked_bytes,
            max_ratio=settings.fetch_max_ratio,
        )
        spread = FanOutSettings(
            settings.delta_block_scope, settings.entries_per_message, limits, settings.fetch_timeout_seconds
        )
        return FanOut(
            self.ledger, self.blobs, self.fetcher, self.file_queue, self.article_queue, self.clock, spread
        )

    @cached_property
    def applier(self) -> Applier:
        """Applies entries."""
        from chalicelib.articles.applying import Applier

        return Applier(self.ledger, self.article_store, self.clock)

    @cached_property
    def drainer(self) -> Drainer:
        """Runs what stands behind a gate."""
        from chalicelib.articles.draining import Drainer

        return Drainer(self.ledger, self.article_store, self.snapshots, self.article_queue, self.clock)

    @cached_property
    def delivery(self) -> Delivery:
        """Batches of the article queue."""
        from chalicelib.articles.delivery import Delivery

        return Delivery(self.applier, self.drainer, self.snapshots)

    @cached_property
    def dead_letters(self) -> DeadLetters:
        """What the queues gave up."""
        from chalicelib.articles.dead_letters import DeadLetters

        return DeadLetters(
            self.applier, self.drainer, self.snapshots, lambda: self.intake, self.parking_queue
        )

    @cached_property
    def maintenance(self) -> Maintenance:
        """Long work on the ledger."""
        from chalicelib.articles.work import Drain
        from chalicelib.ledger.maintenance import Maintenance

        return Maintenance(
            self.ledger,
            self.commands,
            self.snapshots.key_of,
            self.maintenance_queue,
            self.file_queue,
            lambda key, ticket: self.drainer.send(Drain(key, ticket, run=self.new_id())),
            self.clock,
            self.new_id,
            lambda n, kind, spare: self.extract_maker.make(n, kind, spare),
        )

    @cached_property
    def sweep(self) -> Sweep:
        """What goes over all work once a minute."""
        from chalicelib.ledger.sweep import Sweep

        return Sweep(
            self.ledger,
            self.file_queue,
            self.maintenance_queue,
            lambda: self.article_store,
            lambda: self.export_baselines,
            self.clock,
            self.settings.deletions_known_days,
        )
