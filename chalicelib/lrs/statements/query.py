"""What a client may ask of the statements, and the pages that it gets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chalicelib.ports.statement_store import StatementRecord

MOST_PER_PAGE = 100  # what `limit=0` and no limit mean, and the most that one page holds


@dataclass(frozen=True)
class StatementQuery:
    """The filters of a statement query; `agent`, `activity`, `verb`, `registration` are keys (`chalicelib.lrs.keys`).

    Times are microseconds since 1970, `since` exclusive, `until` inclusive. `limit` 0: as many as a page holds.
    """

    agent: str | None = None
    related_agents: bool = False
    activity: str | None = None
    related_activities: bool = False
    verb: str | None = None
    registration: str | None = None
    since: int | None = None
    until: int | None = None
    ascending: bool = False
    limit: int = 0


@dataclass(frozen=True)
class Page:
    """A part of the answer to a query; `more`: whether anything follows.

    `consistent_through`: all that was stored up to this time, and that the query asks for, is in its pages.
    """

    records: Sequence[StatementRecord]
    more: bool
    consistent_through: int

    @property
    def cursor(self) -> str | None:
        """Where the next page begins; None: nothing follows."""
        return f"{self.consistent_through}-{self.records[-1].stored}" if self.more and self.records else None

    def cut(self, most: int) -> "Page":
        """The same page with so many records at most; what is cut off comes with the next."""
        if len(self.records) <= most:
            return self
        return replace(self, records=self.records[:most], more=True)


@dataclass(frozen=True)
class Cursor:
    """The place of a page in a fixed set: `horizon` is that of the first page, `after` the last `stored` seen."""

    horizon: int
    after: int

    @classmethod
    def read(cls, text: str) -> "Cursor | None":
        """The cursor of an answer's `more`; None for anything else."""
        horizon, dash, after = text.partition("-")
        parts = (horizon, after)
        if not dash or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts):
            return None
        return cls(int(horizon), int(after))
