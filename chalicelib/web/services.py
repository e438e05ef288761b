"""What the HTTP calls need from the rest of the system; `chalicelib.bootstrap` provides it, made on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger

    from chalicelib.accounts.service import Accounts
    from chalicelib.articles.extract_making import ExtractMaker
    from chalicelib.articles.searching import ArticleFinder
    from chalicelib.articles.service import ArticleService
    from chalicelib.articles.submission import Submissions
    from chalicelib.exports.service import Exports
    from chalicelib.idempotency import Idempotency
    from chalicelib.joined_lrs import JoinedLrs
    from chalicelib.ledger.acceptance import Acceptance
    from chalicelib.ledger.commands import Commands
    from chalicelib.ledger.delta_files import DeltaFiles
    from chalicelib.ledger.job_search import JobSearch
    from chalicelib.ledger.listing import Listing
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.fetcher import Fetcher
    from chalicelib.settings import Settings


class Services(Protocol):
    """One attribute a service; reading one makes it, and nothing else."""

    @property
    def settings(self) -> Settings: ...
    @property
    def logger(self) -> Logger: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def accounts(self) -> Accounts: ...
    @property
    def idempotency(self) -> Idempotency: ...
    @property
    def articles(self) -> ArticleService: ...
    @property
    def article_finder(self) -> ArticleFinder: ...
    @property
    def exports(self) -> Exports: ...
    @property
    def fetcher(self) -> Fetcher: ...
    @property
    def acceptance(self) -> Acceptance: ...
    @property
    def listing(self) -> Listing: ...
    @property
    def job_search(self) -> JobSearch: ...
    @property
    def submissions(self) -> Submissions: ...
    @property
    def extract_maker(self) -> ExtractMaker: ...
    @property
    def delta_files(self) -> DeltaFiles: ...
    @property
    def commands(self) -> Commands: ...
    @property
    def lrs(self) -> JoinedLrs: ...
