"""The records of the ledger. Each bears the version under which it was read (0: not stored yet).

Who writes what: the control by acceptance, the file worker, clear, cancel, flush and the sweep; a file by the file
worker; a tally and the `posted` part of a page by `chalicelib.ledger.posting`; states and gates by apply, drain,
the dead-letter consumer and clear.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from chalicelib.ports.article_store import Entry

PAGE_SIZE = 100
"""Entries a page: its item stays under 1 KB, so that a move costs one write unit (DynamoDB: 1 KB a unit)."""

Scope = Literal["article", "global"]
Stage = Literal["queued", "indexing", "sending", "sent", "faulted", "cleared"]
ExtractKind = Literal["results", "failed"]
GateKind = Literal["failure", "attempt", "retry"]
Counts = Mapping[str, int]


@dataclass(frozen=True)
class Control:
    """The one item that orders all work.

    seq: the last acceptance number given (files and retry tickets share them). sent_to: every file up to it has all
    its messages accepted by the queue, or ended. settled_to: every file up to it is finished. cleared_to: waiting work
    up to it is cleared. cancelled: files above it whose waiting work is cleared too, until none of it waits. epoch:
    raised by each flush. flushed_to: epochs below it have no gate left. lanes: scope and packing of the last file that
    was sent.
    """

    seq: int = 0
    sent_to: int = 0
    settled_to: int = 0
    cleared_to: int = 0
    cancelled: tuple[int, ...] = ()
    epoch: int = 0
    flushed_to: int = 0
    lanes: str = ""
    version: int = 0


@dataclass(frozen=True)
class Request:
    """Files accepted in one call, with the neighbouring numbers `first` … reserved for them.

    id: a random name by which the writer knows its own write. objects: for files of the bucket, `(key, version id)`
    of each; empty for URLs.
    """

    first: int
    id: str
    names: tuple[str, ...]
    strict: bool
    accepted_at: float
    objects: tuple[tuple[str, str], ...] = ()
    version: int = 0


@dataclass(frozen=True)
class Announcement:
    """A version of an object of the bucket that was accepted, and its number; it makes the second notice harmless."""

    key: str
    version_id: str
    n: int
    version: int = 0


@dataclass(frozen=True)
class Upload:
    """Leave to upload one delta file, under a key of its own in the bucket, until `until`.

    size: its bytes. n: the number under which what came was accepted, 0: nothing has come yet. withdrawn: nothing that
    comes is accepted.
    """

    id: str
    name: str
    strict: bool
    size: int
    made_at: float
    until: float
    n: int = 0
    withdrawn: bool = False
    version: int = 0


@dataclass(frozen=True)
class Extract:
    """What is drawn from a large file into an object of the bucket, and how far its maker is.

    stamp: tells the state of the file that it is about. upload: under which its parts are stored; parts, size: of what
    is stored. rest: bytes that are drawn and in no part yet. next_page: with which it goes on. lease_until: until then
    somebody is at it, or is about to be.
    """

    n: int
    kind: ExtractKind
    stamp: str
    upload: str = ""
    parts: int = 0
    size: int = 0
    rest: int = 0
    next_page: int = 0
    lease_until: float = 0.0
    done: bool = False
    version: int = 0

    @property
    def key(self) -> str:
        """Where it lies in the bucket."""
        return f"extracts/{self.n}/{self.stamp}/{self.kind}"

    @property
    def rest_key(self) -> str:
        """Where the bytes lie that are in no part yet: the same ones, whoever draws them behind so many parts."""
        return f"{self.key}-rest-{self.parts}-{self.next_page}"


@dataclass(frozen=True)
class File:
    """A delta file and how far the file worker is with it.

    name: as submitted. object: `(key, version id)` for a file of the bucket, else None. tries: starts since the last
    progress. pages: pages written (indexing) or in all (later). sent_pages: pages whose entries are all accepted by
    the queue. read_pages: no page from here on was ever sent. lease_until: until then a worker has it in hand. errors,
    cause, epoch: of a fault of the whole file; epoch -1 when the fault was flushed or retried. audited: once complete,
    its pages and counts were found to agree; later moves keep them so. ended_at: when the file worker was done with it.
    finished_at: when it was found that each of its entries has its outcome, within a minute of the last one.
    """

    n: int
    name: str
    strict: bool
    accepted_at: float
    object: tuple[str, str] | None = None
    stage: Stage = "queued"
    scope: Scope = "article"
    packing: int = 1
    tries: int = 0
    total: int = 0
    pages: int = 0
    sent_pages: int = 0
    read_pages: int = 0
    lease_until: float = 0.0
    errors: tuple[str, ...] = ()
    cause: str = ""
    epoch: int = 0
    started_at: float = 0.0
    ended_at: float = 0.0
    forgotten: bool = False
    audited: bool = False
    finished_at: float = 0.0
    version: int = 0

    @property
    def ended(self) -> bool:
        """Whether the file worker is done with it."""
        return self.stage in ("sent", "faulted", "cleared")

    @property
    def snapshot(self) -> str:
        """Key of the unpacked bytes that every retry reads."""
        return snapshot_key(self.n)


@dataclass(frozen=True)
class Tally:
    """The posted counts of a file by state letter; `epoch`: below control's, its failed and blocked read as flushed."""

    n: int
    counts: Counts = field(default_factory=dict)
    epoch: int = 0
    version: int = 0


@dataclass(frozen=True)
class Page:
    """About a hundred neighbouring entries of a file: one letter a state (see `chalicelib.ledger.states`).

    epoch: of its failed and blocked entries. start, end: byte range in the snapshot. posted: the counts that the tally
    holds of it, None before the first post. posted_epoch: the epoch under which they were posted.
    """

    n: int
    p: int
    states: str
    start: int
    end: int
    epoch: int = 0
    posted: Counts | None = None
    posted_epoch: int = 0
    version: int = 0

    @property
    def id(self) -> tuple[int, int]:
        """File and page number."""
        return self.n, self.p

    @property
    def first_pos(self) -> int:
        """Position of its first entry in the file."""
        return self.p * PAGE_SIZE

    def state(self, entry: Entry) -> str:
        """The letter stored for that entry."""
        return self.states[entry.pos - self.first_pos]

    def with_states(self, moves: Mapping[int, str]) -> str:
        """Its states after moving those places (index in the page → letter)."""
        letters = list(self.states)
        for index, letter in moves.items():
            letters[index] = letter
        return "".join(letters)

    def counts(self) -> Counter[str]:
        """How many entries are in each state, as stored."""
        return Counter(self.states)


@dataclass(frozen=True)
class Gate:
    """What holds an article back (under global scope the gate `/*`: everything): later entries become blocked.

    kind: `failure` (owner failed), `attempt` (owner is being run after its worker died), `retry` (a drain is running
    what stands behind). errors, cause: of the failure. tries: runs that died. epoch: a failure below control's epoch is
    void. ticket: of the retry that was asked for, 0 for none. ended: of the last retry that ended in this failure.
    number: the owner's article number, if it could be read.
    """

    key: str
    kind: GateKind
    owner: Entry
    errors: tuple[str, ...] = ()
    cause: str = ""
    tries: int = 0
    epoch: int = 0
    ticket: int = 0
    ended: int = 0
    number: str | None = None
    version: int = 0

    def valid(self, epoch: int) -> bool:
        """Whether it holds anything back in that epoch."""
        return self.kind != "failure" or self.epoch >= epoch


@dataclass(frozen=True)
class Blocked:
    """An entry that stands behind a gate: only an index, the page's state decides."""

    key: str
    entry: Entry
    number: str | None = None
    version: int = 0


@dataclass(frozen=True)
class Retry:
    """A retry that was asked for: which articles, and how far it has handed them out.

    Nothing selected means all. after: the last failure handled, as `n:pos`.
    """

    ticket: int
    ids: tuple[str, ...] = ()
    file: str = ""
    article: str = ""
    after: str = ""
    done: bool = False
    asked_at: float = 0.0
    version: int = 0


Record = Control | Request | Announcement | Upload | Extract | File | Tally | Page | Gate | Blocked | Retry


def next_version(record: Record) -> int:
    """The version that a record gets when it is stored.

    Gates come and go under one key: a new one starts at a version that only its owner's gates have, so that nobody
    who read an earlier gate takes it for that one.
    """
    if isinstance(record, Gate) and record.version == 0:
        return ((record.owner.n << 32) + record.owner.pos << 10) + 1
    return record.version + 1


def snapshot_key(n: int) -> str:
    """Where in the bucket the unpacked bytes of file `n` lie."""
    return f"snapshots/{n}"


def page_id(entry: Entry) -> tuple[int, int]:
    """The page that holds an entry."""
    return entry.n, entry.pos // PAGE_SIZE
