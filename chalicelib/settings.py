"""The settings of a deployment: read from the environment, once, here and nowhere else."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Literal, TypeVar, cast

from chalicelib.lrs.options import PipelineOptions

Scope = Literal["article", "global"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
Option = bool | str
"""The value of a pipeline option of the record store."""
T = TypeVar("T")

MEBIBYTE = 1024 * 1024
LONGEST_HOMEPAGE = 100  # the key of an account holds it beside a digest, and has 200 bytes
LAMBDA_SECONDS = 900  # Lambda: a function runs for at most 15 minutes


class SettingsError(Exception):
    """The environment does not describe a deployment; the text names every fault."""

    def __init__(self, faults: list[str]) -> None:
        self.faults = faults
        super().__init__("The settings are not usable: " + "; ".join(faults))


@dataclass(frozen=True)
class Settings:
    """Everything that differs between deployments; the names are those of the environment in lower case."""

    ledger_table: str
    accounts_table: str
    records_table: str
    access_table: str
    jobs_table: str
    bucket: str
    file_queue_url: str
    article_queue_url: str
    maintenance_queue_url: str
    parking_queue_url: str
    job_queue_url: str
    opensearch_url: str
    opensearch_signed: bool
    article_index: str
    lrs_index: str
    delta_block_scope: Scope
    entries_per_message: int
    delta_strict: bool
    fetch_schemes: tuple[str, ...]
    fetch_allowed_hosts: tuple[str, ...]
    fetch_timeout_seconds: float
    fetch_max_bytes: int
    fetch_max_unpacked_bytes: int
    fetch_max_ratio: int
    deletions_known_days: int
    cors_origins: tuple[str, ...]
    jobs_api: bool
    data_api: bool
    logging_api: bool
    access_api: bool
    lrs_pipeline_defaults: Mapping[str, Option]
    lrs_pipeline_forced: Mapping[str, Option]
    lrs_pseudonym_homepage: str
    log_level: LogLevel

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Reads and checks all settings. Raises `SettingsError` with every fault at once."""
        read = _Reader(environment)
        settings = cls(
            ledger_table=read.required("LEDGER_TABLE"),
            accounts_table=read.required("ACCOUNTS_TABLE"),
            records_table=read.required("RECORDS_TABLE"),
            access_table=read.required("ACCESS_TABLE"),
            jobs_table=read.required("JOBS_TABLE"),
            bucket=read.required("BUCKET"),
            file_queue_url=read.url("FILE_QUEUE_URL"),
            article_queue_url=read.url("ARTICLE_QUEUE_URL"),
            maintenance_queue_url=read.url("MAINTENANCE_QUEUE_URL"),
            parking_queue_url=read.url("PARKING_QUEUE_URL"),
            job_queue_url=read.url("JOB_QUEUE_URL"),
            opensearch_url=read.url("OPENSEARCH_URL"),
            opensearch_signed=read.flag("OPENSEARCH_SIGNED", False),
            article_index=read.optional("ARTICLE_INDEX", "articles"),
            lrs_index=read.optional("LRS_INDEX", "lrs"),
            delta_block_scope=cast(Scope, read.choice("DELTA_BLOCK_SCOPE", "article", ("article", "global"))),
            entries_per_message=read.integer("ENTRIES_PER_MESSAGE", 1, 1, 100),
            delta_strict=read.flag("DELTA_STRICT", False),
            fetch_schemes=read.words("FETCH_SCHEMES", "https,s3", ("http", "https", "s3")),
            fetch_allowed_hosts=read.words("FETCH_ALLOWED_HOSTS", "*"),
            fetch_timeout_seconds=read.seconds("FETCH_TIMEOUT_SECONDS", 240.0, LAMBDA_SECONDS),
            fetch_max_bytes=read.integer("FETCH_MAX_BYTES", 512 * MEBIBYTE, 1),
            fetch_max_unpacked_bytes=read.integer("FETCH_MAX_UNPACKED_BYTES", 4096 * MEBIBYTE, 1),
            fetch_max_ratio=read.integer("FETCH_MAX_RATIO", 200, 1),
            deletions_known_days=read.integer("DELETIONS_KNOWN_DAYS", 90, 15, 3650),
            cors_origins=read.words("CORS_ORIGINS", "*"),
            jobs_api=read.flag("JOBS_API", True),
            data_api=read.flag("DATA_API", True),
            logging_api=read.flag("LOGGING_API", True),
            access_api=read.flag("ACCESS_API", True),
            lrs_pipeline_defaults=read.options("LRS_PIPELINE_DEFAULTS"),
            lrs_pipeline_forced=read.options("LRS_PIPELINE_FORCED"),
            lrs_pseudonym_homepage=read.homepage("LRS_PSEUDONYM_HOMEPAGE", "https://pseudonyms.invalid"),
            log_level=cast(
                LogLevel,
                read.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")),
            ),
        )
        if read.faults:
            raise SettingsError(read.faults)
        return settings


class _Reader:
    """Reads one variable at a time and remembers what was wrong; a faulty one gets a stand-in value."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.faults: list[str] = []

    def optional(self, name: str, default: str) -> str:
        return self._environment.get(name, "").strip() or default

    def required(self, name: str) -> str:
        value = self.optional(name, "")
        if not value:
            self.faults.append(f"{name} is missing")
        return value

    def url(self, name: str) -> str:
        value = self.required(name)
        if value and not value.startswith(("http://", "https://")):
            self.faults.append(f"{name} must begin with http:// or https://")
        return value.rstrip("/")

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.optional(name, default)
        if value not in choices:
            self.faults.append(f"{name} must be one of {', '.join(choices)}")
        return value

    def flag(self, name: str, default: bool) -> bool:
        value = self.optional(name, str(default)).lower()
        if value not in ("true", "false"):
            self.faults.append(f"{name} must be true or false")
        return value == "true"

    def words(self, name: str, default: str, choices: tuple[str, ...] = ()) -> tuple[str, ...]:
        values = tuple(word.strip() for word in self.optional(name, default).split(",") if word.strip())
        unknown = [value for value in values if choices and value not in choices]
        if not values or unknown:
            allowed = f" of {', '.join(choices)}" if choices else ""
            self.faults.append(f"{name} must be a comma-separated list{allowed}")
        return values

    def options(self, name: str) -> Mapping[str, Option]:
        """Some pipeline options by name, each of its type; one fault for each that is not."""
        try:
            given = json.loads(self.optional(name, "{}"))
        except ValueError:
            given = None
        if not isinstance(given, dict):
            self.faults.append(f"{name} must be a JSON object of pipeline options")
            return {}
        kinds = {field.name: type(field.default) for field in fields(PipelineOptions)}
        unknown = [option for option in given if option not in kinds]
        if unknown:
            self.faults.append(
                f"{name} must not name {', '.join(unknown)}; the options are {', '.join(kinds)}"
            )
        for option, value in given.items():
            if option in kinds and not isinstance(value, kinds[option]):
                what = "true or false" if kinds[option] is bool else "a text"
                self.faults.append(f"{name} must give {what} as {option}")
        self._check_homepage(name, given.get("authority_homepage"))
        return given

    def _check_homepage(self, name: str, homepage: object) -> None:
        if not homepage or not isinstance(homepage, str):
            return
        from chalicelib.lrs.validation.data_types import is_iri  # for the few that set one

        if not is_iri(homepage):
            self.faults.append(f"{name} must give an absolute address (IRI) as authority_homepage")

    def homepage(self, name: str, default: str) -> str:
        """The home page of accounts; below 100 characters, so that the key of an account holds it as it is."""
        value = self.optional(name, default)
        if value == default:
            return value
        from chalicelib.lrs.validation.data_types import is_iri

        if not (is_iri(value) and value.isascii() and len(value) < LONGEST_HOMEPAGE):
            self.faults.append(
                f"{name} must be an absolute address (IRI) of less than {LONGEST_HOMEPAGE} bytes"
            )
        return value

    def integer(self, name: str, default: int, low: int, high: int | None = None) -> int:
        upto = f" to {high}" if high is not None else " or more"
        return self._number(name, default, int, low, high, f"a whole number, {low}{upto}")

    def seconds(self, name: str, default: float, high: int) -> float:
        return self._number(name, default, float, 0.1, high, f"a number of seconds, 0.1 to {high}")

    def _number(
        self, name: str, default: T, parse: Callable[[str], T], low: float, high: float | None, what: str
    ) -> T:
        text = self.optional(name, "")
        if not text:
            return default
        try:
            value = parse(text)
        except ValueError:
            value = cast(T, math.nan)
        if not low <= cast(float, value) <= (math.inf if high is None else high):
            self.faults.append(f"{name} must be {what}")
            return default
        return value
