"""The general log of the record store: what its operators want to know, kept for a while and read newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

LogType = Literal["access", "cmi5", "console", "data", "records", "xapi"]
"""`access`: stores, clients, connections. `cmi5`: tokens. `console`: runs of jobs. `data`: persons and what else the
Data API changes. `records`: batches of statements that the sweep ended. `xapi`: calls that were refused or failed."""

LOG_TYPES: tuple[LogType, ...] = get_args(LogType)
LEVELS = ("debug", "info", "notice", "warning", "error", "critical", "alert", "emergency")
"""The names of the levels 0 to 7 (those of syslog, RFC 5424, the other way round: higher is worse)."""

DEBUG, INFO, NOTICE, WARNING, ERROR, CRITICAL, ALERT, EMERGENCY = range(len(LEVELS))


@dataclass(frozen=True)
class LogEntry:
    """One line. `id` sorts as entries were made. `at`: microseconds since 1970. `store`, `client`: empty if none."""

    id: str
    at: int
    type: LogType
    level: int
    message: str
    store: str = ""
    client: str = ""
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LogSearch:
    """All that is given must hold; empty `types`, `levels`: any. `after`: the id of the last one seen.

    `until`: microseconds, inclusive.
    """

    limit: int
    after: str | None = None
    types: tuple[str, ...] = ()
    levels: tuple[int, ...] = ()
    store: str | None = None
    until: int | None = None


@dataclass(frozen=True)
class LogPage:
    """Entries, newest first. `next`: where to go on; None: there are no more.

    A page may hold fewer entries than the limit, even none, and yet have a next one: only so much is looked at.
    """

    entries: tuple[LogEntry, ...]
    next: str | None


class LogStore(Protocol):
    """Where entries are kept."""

    def add(self, entry: LogEntry, expires_at: int) -> None:
        """Keeps an entry until that time (seconds since 1970), and somewhat longer. Raises `Unavailable`."""
        ...

    def page(self, search: LogSearch, now: int) -> LogPage:
        """A page of what is not expired at `now` (seconds since 1970). Raises `Unavailable`."""
        ...

    def remove(self, entries: Sequence[LogEntry]) -> None:
        """Deletes entries; those that are gone count as deleted. Raises `Unavailable`; some may be deleted then."""
        ...
