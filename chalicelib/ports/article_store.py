"""The store of articles: read by number in real time, written only against the version that was read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

Document = dict[str, str]
"""An article as clients see it: `{"id": …, "F_1": …, …}`, flat, in the order in which keys came."""


class Entry(NamedTuple):
    """The place of an entry in the order of all work: acceptance number of its file, position in it (from 0)."""

    n: int
    pos: int


class Applied(NamedTuple):
    """The first and the last entry of the last delta write on an article; a redelivered entry is known by it."""

    first: Entry
    last: Entry

    def holds(self, entry: Entry) -> bool:
        """Whether the write that left this mark applied `entry`."""
        return self.first <= entry <= self.last


@dataclass(frozen=True)
class Version:
    """The version of a stored article as the store counts it; opaque to the domain."""

    seq_no: int
    primary_term: int
    count: int = field(default=0, compare=False)
    """How often the article was written, as the store counts (`_version`): shown, never compared."""


@dataclass(frozen=True)
class Hidden:
    """What an article carries invisibly.

    `write_ids`: the ids of the last eight writes by API clients, newest first. `updated_at`: seconds since 1970.
    `source`: who wrote it last, `file:<number of the delta file>` or `api`.
    """

    applied: Applied | None = None
    write_ids: tuple[str, ...] = ()
    updated_at: float = 0.0
    source: str = "api"


@dataclass(frozen=True)
class Article:
    """A stored article, or (with `document` None) the mark that a deleted one leaves behind."""

    number: str
    document: Document | None
    hidden: Hidden = field(default_factory=Hidden)
    version: Version | None = None
    """None: not stored yet, the write must create it."""


@dataclass(frozen=True)
class Written:
    """A write that happened. `receipt` is the search engine's answer: `_index, _id, _version, _shards, _seq_no, …`."""

    version: Version
    receipt: Mapping[str, object]


@dataclass(frozen=True)
class Lost:
    """A write that did not happen: the article changed since it was read."""


@dataclass(frozen=True)
class Refused:
    """A write that did not happen and never will: the store refuses the document."""

    reason: str


@dataclass(frozen=True)
class Unknown:
    """A write of which nothing is known (429, 5xx, time-out): it may have happened."""

    reason: str


Outcome = Written | Lost | Refused | Unknown


class ArticleStore(Protocol):
    """Every read is real-time (by id, never through a search); every write is conditional on the version read."""

    def ensure_index(self) -> None:
        """Makes what holds the articles ready for what this release writes; for deployments. Raises `Unavailable`."""
        ...

    def get_many(self, numbers: Sequence[str]) -> dict[str, Article]:
        """The articles and marks stored under these numbers; absent ones are left out.

        Raises `Unavailable`.
        """
        ...

    def write_many(self, articles: Sequence[Article]) -> list[Outcome]:
        """Writes each whole article (or mark) against its `version`; one outcome each, in order.

        One request, never retried in the transport. Raises nothing: a request without an answer is `Unknown` for all.
        """
        ...

    def find_marks(self, older_than: float, limit: int) -> list[Article]:
        """Marks of deleted articles last written before that time, oldest first. Raises `Unavailable`."""
        ...

    def find_outdated(self, after: str, limit: int) -> list[Article]:
        """Articles stored by another release, without what this one finds them by, in order of number behind `after`.

        What was written within the last second may be missing, or be found as it was before. Raises `Unavailable`.
        """
        ...

    def count_outdated(self) -> int:
        """How many such articles there are, roughly: what a search sees. Raises `Unavailable`."""
        ...

    def purge_mark(self, article: Article) -> Outcome:
        """Removes a mark, if it is still the version that was read."""
        ...
