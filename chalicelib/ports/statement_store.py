"""Where statements are kept: written once by id, found by keys that were made when they were written.

Times are microseconds since 1970. A `key` is what a filter compares: `chalicelib.lrs.keys` makes them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

PART = "The statement store"
"""Its name in errors and in the log, whoever finds that it does not answer."""


@dataclass(frozen=True)
class Keys:
    """What the filters of a query can match in one statement.

    `agents`: actor, object agent, and the members of either where it is a group. `related_agents`: these, and
    authority, instructor, team, contextAgents, contextGroups, and the same of a SubStatement. `activities`: the
    object. `related_activities`: that, contextActivities, and the same of a SubStatement.
    """

    verb: str = ""
    registration: str | None = None
    agents: tuple[str, ...] = ()
    related_agents: tuple[str, ...] = ()
    activities: tuple[str, ...] = ()
    related_activities: tuple[str, ...] = ()


@dataclass(frozen=True)
class Revision:
    """The version of a stored document as the store counts it; opaque to the domain."""

    seq_no: int
    primary_term: int


@dataclass(frozen=True)
class StatementRecord:
    """A statement and what is known of it.

    `text`: the statement as compact JSON, complete with what the LRS sets; what an answer shows. `digest`: of its
    content; the same one means the same content, another one means nothing. `batch`: which wrote it. `refers_to`: the
    id of the statement that its object names. `voiding`: whether its verb is `voided`. `targets`: the keys of all
    statements that it refers to, directly or through others. `attachments`: SHA-256 of the attachments whose bytes are
    stored. `validated`: whether it was checked, `valid` with which outcome, `faults` why not. `revision` None: not
    stored yet.
    """

    store: str
    id: str
    batch: str
    stored: int
    updated: int
    client: str
    authority: str
    text: str = field(repr=False)
    digest: str
    keys: Keys
    refers_to: str | None = None
    voiding: bool = False
    voided: bool = False
    targets: tuple[Keys, ...] = ()
    attachments: tuple[str, ...] = ()
    validated: bool = True
    valid: bool | None = True
    faults: tuple[str, ...] = ()
    pseudonymized: bool = False
    revision: Revision | None = None


@dataclass(frozen=True)
class StatementSearch:
    """A query: all that is given must hold.

    Times: `since` exclusive, `until` and `upto` (the horizon of the reader) inclusive. `after`: the `stored` of the
    last statement of the page before, exclusive in the direction of reading. `agent`, `activity`, `verb`,
    `registration` must hold together in the statement itself or, with `targeting`, in one of those it refers to.
    `undone`: batches that are left out. `brief`: of what is found only `id`, `stored`, `updated`, `batch`,
    `refers_to`, `attachments`, the flags and `revision` are told; the rest is empty. For who removes, or counts.
    `updated_after` (exclusive), `updated_upto` (inclusive): when a statement was last changed. `linked`: only those
    that refer to another or have attachments. `targeted`: only those that have targets.
    """

    store: str
    upto: int
    limit: int
    since: int | None = None
    until: int | None = None
    after: int | None = None
    ascending: bool = False
    agent: str | None = None
    related_agents: bool = False
    activity: str | None = None
    related_activities: bool = False
    verb: str | None = None
    registration: str | None = None
    targeting: bool = True
    authority: str | None = None
    client: str | None = None
    voided: bool | None = False
    validated: bool | None = None
    valid: bool | None = None
    pseudonymized: bool | None = None
    undone: frozenset[str] = frozenset()
    brief: bool = False
    updated_after: int | None = None
    updated_upto: int | None = None
    linked: bool = False
    targeted: bool = False


@dataclass(frozen=True)
class PageEnd:
    """How many statements a page has, and the `stored` of the last of them; None: the page is not full."""

    count: int
    stored: int | None


@dataclass(frozen=True)
class Mark:
    """What is known of a statement that is not stored yet: who voids it, who refers to it."""

    target: str
    voided: bool = False
    referrers: tuple[str, ...] = ()
    revision: Revision | None = None


@dataclass(frozen=True)
class Stored:
    """A write that happened."""

    revision: Revision


@dataclass(frozen=True)
class Taken:
    """A write that did not happen: the id is taken, or the document changed since it was read."""


@dataclass(frozen=True)
class Rejected:
    """A write that did not happen and never will: the store refuses the document."""

    reason: str


@dataclass(frozen=True)
class Unsure:
    """A write of which nothing is known (429, 5xx, time-out): it may have happened."""

    reason: str


Outcome = Stored | Taken | Rejected | Unsure


class StatementStore(Protocol):
    """Reads by id are real-time; a search shows what was written before the last refresh."""

    def ensure_indexes(self) -> None:
        """Makes what holds the statements ready for what this release writes; for deployments. Raises `Unavailable`."""
        ...

    def create(self, records: Sequence[StatementRecord]) -> list[Outcome]:
        """Writes each unless its id is taken in its store; one outcome each, in order. Never repeats a request.

        Raises nothing: a request without an answer is `Unsure` for all.
        """
        ...

    def get_many(self, store: str, ids: Sequence[str]) -> dict[str, StatementRecord]:
        """The statements stored under these ids, whatever their batch; absent ones are left out.

        Raises `Unavailable`.
        """
        ...

    def update(self, records: Sequence[StatementRecord]) -> list[Outcome]:
        """Writes each over the `revision` that was read; `Taken` where it changed or is gone. Raises nothing."""
        ...

    def remove(self, records: Sequence[StatementRecord]) -> list[Outcome]:
        """Deletes each if it still is the `revision` that was read; gone already counts as `Stored`. Raises nothing."""
        ...

    def refresh(self) -> None:
        """From here on a search shows everything that was written before. Raises `Unavailable`."""
        ...

    def search(self, search: StatementSearch) -> list[StatementRecord]:
        """Up to `limit` statements, newest `stored` first or (`ascending`) oldest first. Raises `Unavailable`."""
        ...

    def page_end(self, search: StatementSearch) -> PageEnd:
        """Where the page ends that `search` would find, without the page; a page has at most 10,000.

        For one without `agent`, `activity`, `verb` and `registration`. Raises `Unavailable`.
        """
        ...

    def remove_found(self, search: StatementSearch) -> bool:
        """Deletes whatever a search finds, however many, each by the revision that was found.

        False: some were changed or deleted since the last refresh, and those that were changed are still there;
        refresh, and call again. Raises `Unavailable`; then some may be deleted.
        """
        ...

    def matches(self, search: StatementSearch) -> int:
        """How many statements a search finds on all its pages from `after` on. Raises `Unavailable`.

        With `targeting`, one whose targets have only together what is asked for may be counted too.
        """
        ...

    def of_batch(self, store: str, batch: str, limit: int) -> list[StatementRecord]:
        """Up to `limit` statements that this batch wrote, after a refresh of its own. Raises `Unavailable`."""
        ...

    def of_batches(self, store: str, batches: Sequence[str], limit: int) -> list[StatementRecord]:
        """Up to `limit` statements that any of these batches wrote, after one refresh. Raises `Unavailable`."""
        ...

    def referring_to(self, store: str, ids: Sequence[str], limit: int) -> dict[str, str]:
        """Up to `limit` statements whose object names one of these: id → the one named. After a refresh.

        Raises `Unavailable`.
        """
        ...

    def attached(self, store: str, sha256: str) -> bool:
        """Whether any statement of the store has this attachment, after a refresh. Raises `Unavailable`."""
        ...

    def get_marks(self, store: str, targets: Sequence[str]) -> dict[str, Mark]:
        """The marks on these ids, real-time; absent ones are left out. Raises `Unavailable`."""
        ...

    def put_mark(self, store: str, mark: Mark) -> Outcome:
        """Writes a mark over its `revision` (None: if there is none yet). Raises nothing."""
        ...

    def clear_store(self, store: str, limit: int) -> int:
        """Deletes up to `limit` of whatever a store has: statements of any batch, marks; how many. 0: it has nothing.

        For a store that nobody writes to any more. Raises `Unavailable`; then some may be deleted.
        """
        ...

    def count(self, store: str) -> int:
        """How many statements the store holds, roughly: what was refreshed. Raises `Unavailable`."""
        ...
