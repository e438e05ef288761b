"""Which jobs a search wants, what it has found at each step, and how much it may read for one part of its answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.errors import Invalid
from chalicelib.ledger.job_view import Job
from chalicelib.ledger.states import JOB_STATES, NAMES, WAITING
from chalicelib.ports.ledger_records import File, Page

RECORDS_A_PART = 2000
"""Records of the ledger that one part looks at: some 2 MB of it."""

RECORDS_A_QUERY = 10
"""What a query that may find nothing counts for: by its time, not by its size."""

BYTES_A_PART = 32 * 1024 * 1024
"""Bytes of delta files that one part reads; an entry may have 1 MiB, and so a page of a hundred 100 MiB."""

_FILE_ID = re.compile(r"[0-9]{1,12}")
_ALL = frozenset(NAMES)
_LETTERS = {
    state: frozenset(letter for letter, name in NAMES.items() if name == state) for state in JOB_STATES
}
_LETTERS["queued"] = WAITING


@dataclass(frozen=True)
class JobFilter:
    """Which jobs are wanted; None: any. file: the id of a file, or its name. article: a number."""

    state: str | None = None
    file: str | None = None
    article: str | None = None

    @property
    def file_number(self) -> int | None:
        """The file, where it is named by its id."""
        return int(self.file) if self.file is not None and _FILE_ID.fullmatch(self.file) else None

    @property
    def letters(self) -> frozenset[str]:
        """The letters of entries that are wanted."""
        return _ALL if self.state is None else _LETTERS[self.state]

    def takes_state(self, job: Job) -> bool:
        """Whether the job is in the state that is wanted."""
        return self.state in (None, job.state)

    def takes_file(self, file: File) -> bool:
        """Whether jobs of the file are wanted."""
        return not file.forgotten and (self.file_number is not None or self.file in (None, file.name))


@dataclass(frozen=True)
class Step:
    """One step of a search: the job found, if any, and the place after it."""

    place: str
    job: Job | None = None


@dataclass(frozen=True)
class JobPart:
    """A part of what a search finds. `next`: where it goes on, None at its end; it may go on though nothing is found.

    `found` has one step a job.
    """

    found: Sequence[Step]
    next: str | None


class Share:
    """The reads that one part of a search may make."""

    def __init__(self) -> None:
        self._records, self._bytes = RECORDS_A_PART, BYTES_A_PART

    @property
    def is_used_up(self) -> bool:
        """Whether the part has to end here."""
        return self._records <= 0 or self._bytes <= 0

    def take_records(self, count: int) -> None:
        """Notes that so many records were read."""
        self._records -= count

    def take_query(self) -> None:
        """Notes a query that may find nothing."""
        self._records -= RECORDS_A_QUERY

    def take_bytes_of(self, page: Page) -> None:
        """Notes that the entries of a page are read from the bytes of its file."""
        self._bytes -= page.end - page.start


def unknown_place() -> Invalid:
    """What a search says of a place that it has not given."""
    return Invalid({"cursor": ["The cursor is not one that an answer to this list gave: send it as it is."]})
