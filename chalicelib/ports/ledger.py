"""The ledger: every piece of work and its one state. All reads are consistent unless said otherwise."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from chalicelib.ports.article_store import Entry
from chalicelib.ports.ledger_records import (
    Announcement,
    Blocked,
    Control,
    Counts,
    Extract,
    ExtractKind,
    File,
    Gate,
    Page,
    Record,
    Request,
    Retry,
    Tally,
    Upload,
)

CHANGES_PER_COMMIT = 100  # DynamoDB: TransactWriteItems takes 100 items


@dataclass(frozen=True)
class Put:
    """Stores a record if the stored version is still the record's (0: if there is none), under `next_version`."""

    record: Record


@dataclass(frozen=True)
class Delete:
    """Removes a record if the stored version is still the record's."""

    record: Record


@dataclass(frozen=True)
class Move:
    """Moves places of a page: index in the page → (letter it must have, letter it gets). Raises the page's version.

    epoch: if given, the page must bear it.
    """

    n: int
    p: int
    places: Mapping[int, tuple[str, str]]
    epoch: int | None = None


@dataclass(frozen=True)
class Count:
    """Adds to the counts of a tally, which must bear that epoch. Raises the tally's version."""

    n: int
    delta: Counts
    epoch: int


@dataclass(frozen=True)
class EpochIs:
    """Holds if control bears that epoch; changes nothing."""

    epoch: int


Change = Put | Delete | Move | Count | EpochIs


class Conflict(Exception):
    """A commit did not happen, because these of its changes (by index) did not find what they expect."""

    def __init__(self, lost: Collection[int]) -> None:
        self.lost = frozenset(lost)
        super().__init__(f"changes {sorted(self.lost)} lost")


class Ledger(Protocol):
    """Every method raises `Unavailable` when the store does not answer; a commit may then have happened."""

    def commit(self, *changes: Change) -> None:
        """All of the changes (at most 100, each on another record) or none of them. Raises `Conflict`."""
        ...

    def move(self, move: Move) -> Page:
        """One `Move` by itself; returns the page after it. Raises `Conflict`."""
        ...

    def create_pages(self, pages: Sequence[Page]) -> None:
        """Stores new pages; those that exist already stay as they are."""
        ...

    def control(self) -> Control:
        """The control item; its defaults before the first write."""
        ...

    def request_of(self, n: int) -> Request | None:
        """The request with the highest first number up to `n`."""
        ...

    def requests(self, first: int, last: int) -> list[Request]:
        """Requests whose first number lies in that range, in order."""
        ...

    def announcement(self, key: str, version_id: str) -> Announcement | None:
        """Whether that version of an object was accepted."""
        ...

    def upload(self, id: str) -> Upload | None:
        """One leave to upload a file."""
        ...

    def extract(self, n: int, kind: ExtractKind) -> Extract | None:
        """What is drawn, or was, from a file."""
        ...

    def file(self, n: int) -> tuple[File, Tally] | None:
        """A file and its tally."""
        ...

    def files(self, first: int, last: int, limit: int) -> list[tuple[File, Tally]]:
        """At most `limit` files with numbers in that range, in order."""
        ...

    def pages(self, ids: Collection[tuple[int, int]]) -> dict[tuple[int, int], Page]:
        """Those pages, absent ones left out."""
        ...

    def pages_of(self, n: int, first: int, limit: int) -> list[Page]:
        """At most `limit` pages of a file from page `first` on, in order."""
        ...

    def gates(self, keys: Collection[str]) -> dict[str, Gate]:
        """Those gates, absent ones left out."""
        ...

    def blocked(self, key: str, after: Entry | None, limit: int) -> list[Blocked]:
        """At most `limit` entries behind a gate, in order, those after `after`."""
        ...

    def failures(self, epoch: int, after: Entry | None, limit: int) -> list[Gate | File]:
        """Failures of exactly that epoch, oldest first: gates of kind `failure`, and files with a fault (`(n, -1)`).

        From an index that follows within about a second: a listed one may be gone, a new one may be missing.
        """
        ...

    def retries(self, limit: int) -> list[Retry]:
        """Retries that are not done, oldest first."""
        ...

    def retry(self, ticket: int) -> Retry | None:
        """One retry."""
        ...
