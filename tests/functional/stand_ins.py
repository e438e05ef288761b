"""The system behind the HTTP application on doubles: real rules, memory instead of AWS."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any, TypeVar

from chalicelib.accounts.service import Accounts
from chalicelib.articles.searching import ArticleFinder
from chalicelib.articles.service import ArticleService
from chalicelib.errors import Forbidden, NotFound, Unauthenticated
from chalicelib.idempotency import Idempotency
from chalicelib.ledger.listing import FailedJob, Listed
from chalicelib.lrs.access.principal import Principal
from chalicelib.lrs.versions import V2, XapiVersion
from chalicelib.passwords import ScryptCost
from chalicelib.settings import Settings
from tests.doubles.accounts import InMemoryAccounts
from tests.doubles.article_search import MemoryArticleSearch
from tests.doubles.article_store import MemoryArticleStore
from tests.doubles.clock import FakeClock
from tests.doubles.export_world import ExportGround, ExportWorld
from tests.doubles.idempotency import MemoryIdempotency
from tests.doubles.world import ENVIRONMENT, World

T = TypeVar("T")


class FixedClock:
    """A clock that stands, and never waits."""

    def now(self) -> float:
        return 1_700_000_000.0

    def sleep(self, seconds: float) -> None:
        return


class Lines:
    """A logger that keeps its lines: level, message and extra fields."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def info(self, message: str, extra: dict[str, Any]) -> None:
        self.lines.append({"level": "info", "message": message, **extra})

    def warning(self, message: str, extra: dict[str, Any]) -> None:
        self.lines.append({"level": "warning", "message": message, **extra})

    def error(self, message: str, extra: dict[str, Any]) -> None:
        self.lines.append({"level": "error", "message": message, **extra})


class OpenFetcher:
    """Checks URLs by one rule: what names `forbidden` may not be fetched."""

    def check(self, url: str) -> str | None:
        return "this address is not allowed." if "forbidden" in url else None


@dataclass
class RecordingAcceptance:
    """Keeps what was accepted."""

    accepted: list[tuple[list[str], bool]] = field(default_factory=list)

    def accept_urls(self, urls: Sequence[str], strict: bool, write_id: str | None = None) -> list[int]:
        self.accepted.append((list(urls), strict))
        return list(range(1, len(urls) + 1))


@dataclass
class Lists:
    """The ledger's lists over plain Python lists."""

    jobs: list[dict[str, object]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    failed: list[FailedJob] = field(default_factory=list)
    articles_failed: list[str] = field(default_factory=list)
    files_failed: list[str] = field(default_factory=list)
    files_successful: list[str] = field(default_factory=list)

    def waiting(self, page: int, per_page: int) -> Listed[dict[str, object]]:
        return _page(self.jobs, page, per_page)

    def waiting_files(self, page: int, per_page: int) -> Listed[str]:
        return _page(self.files, page, per_page)

    def first_failure(self) -> FailedJob | None:
        return self.failed[0] if self.failed else None

    def failures(self, page: int, per_page: int) -> Listed[FailedJob]:
        return _page(self.failed, page, per_page)

    def failed_articles(self, page: int, per_page: int) -> Listed[str]:
        return _page(self.articles_failed, page, per_page)

    def failed_files(self, page: int, per_page: int) -> Listed[str]:
        return _page(self.files_failed, page, per_page)

    def successful_files(self, page: int, per_page: int) -> Listed[str]:
        return _page(self.files_successful, page, per_page)


def _page(items: list[T], page: int, per_page: int) -> Listed[T]:
    start = (page - 1) * per_page
    return Listed(items[start : start + per_page], len(items))


@dataclass(frozen=True)
class Receipt:
    ticket: int


@dataclass
class RecordingCommands:
    """Keeps which commands were given."""

    given: list[Any] = field(default_factory=list)
    done: bool = True

    def clear(self) -> None:
        self.given.append("clear")

    def clear_successful(self) -> bool:
        self.given.append("clear_successful")
        return self.done

    def cancel(self, n: int) -> None:
        self.given.append(("cancel", n))

    def flush(self) -> None:
        self.given.append("flush")

    def retry(self, ids: Sequence[str] | None, file: str | None, article: str | None) -> Receipt:
        self.given.append(("retry", ids, file, article))
        return Receipt(17)


CLIENT = "lms"
STORE = "main"
PASSWORD = "a long password"


@dataclass
class OneClientGuard:
    """Lets one client into one store, with its password."""

    permissions: frozenset[str] = frozenset(("xapi/all",))
    xapi_version: XapiVersion = V2
    allowed: tuple[str, ...] = ("*",)

    def authenticate(self, authorization: str | None, client: str, store: str) -> Principal:
        credentials = base64.b64encode(f"{CLIENT}:{PASSWORD}".encode()).decode()
        if authorization != f"Basic {credentials}":
            raise Unauthenticated
        if client != CLIENT:
            raise Forbidden("These are the credentials of another client.")
        if store not in (STORE, ""):
            raise NotFound("store", store)
        authority = {"objectType": "Agent", "account": {"homePage": "https://lrs.example", "name": client}}
        return Principal(
            client, store, self.permissions, authority, xapi_version=self.xapi_version, cors=self.allowed
        )

    def allowed_origins(self, client: str) -> tuple[str, ...]:
        return self.allowed if client == CLIENT else ("https://other.example",)


@dataclass
class LrsStandIns:
    """The record store's services that calls of every kind need."""

    guard: Any = field(default_factory=OneClientGuard)


class StandIns:
    """The services of an application under test."""

    def __init__(self, **environment: str) -> None:
        self._environment = {**ENVIRONMENT, **environment}
        self.logger: Any = Lines()
        self.fetcher: Any = OpenFetcher()
        self.acceptance: Any = RecordingAcceptance()
        self.listing: Any = Lists()
        self.commands: Any = RecordingCommands()
        self.article_store = MemoryArticleStore()
        self.idempotency_store: Any = MemoryIdempotency()
        self.clock: Any = FakeClock()
        self.article_search = MemoryArticleSearch(self.article_store)
        self.article_finder: Any = ArticleFinder(self.article_search)
        self.lrs: Any = LrsStandIns()

    @cached_property
    def settings(self) -> Settings:
        return Settings.from_environment(self._environment)

    @cached_property
    def clock(self) -> FixedClock:
        return FixedClock()

    @cached_property
    def submissions(self) -> Any:
        return World().submissions

    @cached_property
    def exporting(self) -> ExportGround:
        """What exports are made of, and the processes that make them."""
        return ExportGround(articles=self.article_store)

    @cached_property
    def exports(self) -> Any:
        return ExportWorld(self.exporting).exports

    @cached_property
    def extract_maker(self) -> Any:
        return World().extract_maker

    @cached_property
    def delta_files(self) -> Any:
        return World().delta_files

    @cached_property
    def job_search(self) -> Any:
        return World().job_search

    @cached_property
    def accounts(self) -> Any:
        return Accounts(InMemoryAccounts(), FixedClock(), ScryptCost(n=2, r=1, p=1))

    @cached_property
    def idempotency(self) -> Any:
        numbers = count(1)
        return Idempotency(
            self.idempotency_store, self.clock, lambda: f"k{next(numbers)}", ScryptCost(n=2, r=1, p=1)
        )

    @cached_property
    def articles(self) -> Any:
        numbers = count(1)
        return ArticleService(self.article_store, FixedClock(), lambda: f"w{next(numbers)}")

    def token(self, email: str, admin: bool = False) -> str:
        """Creates a user and returns the token."""
        fields = {"name": email.split("@")[0], "email": email, "password": "long enough"}
        _, token = self.accounts.create_user(fields, admin=admin)
        return str(token.reveal())

    def log_text(self) -> str:
        """All that was logged, as text."""
        return json.dumps(self.logger.lines)
