"""A job as the modern job calls show it: of a file, or of one of its entries. `JobReader` makes it from the records.

A file's own job is shown in lists as long as no entries stand there for it: until all of them are sent, and where the
file ended without any (`stands_in_lists`).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from chalicelib.ledger.listing import Payload, entry_payload, file_payload
from chalicelib.ledger.posting import bounded_counts
from chalicelib.ledger.states import (
    BLOCKED,
    FAILED,
    HELD,
    NAMES,
    QUEUED,
    RETRYING,
    as_read,
    is_cleared,
    shown_state,
)
from chalicelib.ports.article_store import Entry
from chalicelib.ports.ledger import Ledger
from chalicelib.ports.ledger_records import Control, File, Gate, Page, Scope, Tally, page_id


@dataclass(frozen=True)
class Job:
    """A job of a file (`delta-file`) or of an entry (`delta-article`).

    id: `<file>` or `<file>-<position>`; position: from 0. operation, article: as submitted, None for a file and where
    they cannot be read (any more). errors, cause: of a failure. blocked_by: id of the failure that it stands behind.
    started_at, finished_at: of a file's own job; 0: not yet, or not known.
    """

    id: str
    queue: Literal["delta-file", "delta-article"]
    state: str
    file_id: str
    file: str
    accepted_at: float
    position: int | None = None
    operation: str | None = None
    article: str | None = None
    errors: tuple[str, ...] = ()
    cause: str = ""
    blocked_by: str | None = None
    started_at: float = 0.0
    finished_at: float = 0.0


class ReadableEntry(Protocol):
    """An entry as it was submitted, with the article number if that could be read."""

    @property
    def raw_operation(self) -> str: ...
    @property
    def number(self) -> str | None: ...
    @property
    def article_data(self) -> Mapping[str, str | None]: ...


ReadEntry = Callable[[Page, Entry], ReadableEntry | None]
"""Reads an entry from where the file's bytes lie; None when these are gone."""

KeyOf = Callable[[Page, Entry, Scope], str | None]
"""Reads the key of the gate that an entry stands behind; None when the file's bytes are gone."""


def job_id(entry: Entry) -> str:
    """The id of an entry's job."""
    return f"{entry.n}-{entry.pos}"


def stands_in_lists(file: File) -> bool:
    """Whether the file's own job is listed: once all its entries are sent, they stand there for it."""
    return file.stage != "sent" or not file.total


class JobReader:
    """Makes jobs from the records of the ledger and the bytes of their files."""

    def __init__(self, ledger: Ledger, read_entry: ReadEntry, key_of: KeyOf) -> None:
        self._ledger, self._read_entry, self._key_of = ledger, read_entry, key_of

    def of_file(self, file: File, tally: Tally, control: Control) -> Job:
        """The job of a file."""
        return Job(
            id=str(file.n),
            queue="delta-file",
            state=self._state_of(file, tally, control),
            file_id=str(file.n),
            file=file.name,
            accepted_at=file.accepted_at,
            errors=file.errors,
            cause=file.cause,
            started_at=file.started_at,
            finished_at=file.ended_at,
        )

    def of_page(self, file: File, page: Page, entries: Sequence[Entry], control: Control) -> list[Job]:
        """The jobs of these entries of a page, in their order."""
        letters = {entry: as_read(page.state(entry), page.n, page.epoch, control) for entry in entries}
        keys = {entry: self._key_of(page, entry, file.scope) for entry in entries if letters[entry] in HELD}
        gates = self._ledger.gates({key for key in keys.values() if key is not None}) if keys else {}
        return [
            self._of_entry(file, page, entry, letters[entry], gates.get(keys.get(entry) or ""))
            for entry in entries
        ]

    def of_entries(
        self,
        entries: Collection[Entry],
        control: Control,
        letters: Collection[str],
        note: Callable[[Page], None],
    ) -> dict[Entry, Job]:
        """The jobs of those of the entries that are in one of these states; each file and page is read once.

        `note` is told of each page whose bytes are read.
        """
        by_page = defaultdict[tuple[int, int], list[Entry]](list)
        for entry in sorted(entries):
            by_page[page_id(entry)].append(entry)
        files = dict[int, File | None]()
        found = dict[Entry, Job]()
        for page in self._ledger.pages(by_page).values():
            here = [
                entry
                for entry in by_page[page.id]
                if as_read(page.state(entry), page.n, page.epoch, control) in letters
            ]
            if not here:
                continue
            if page.n not in files:
                read = self._ledger.file(page.n)
                files[page.n] = read[0] if read else None
            file = files[page.n]
            if file is not None:
                note(page)
                found |= zip(here, self.of_page(file, page, here, control), strict=True)
        return found

    def payload_of_entry(self, file: File, page: Page, entry: Entry) -> Payload:
        """The documented payload of an entry's job."""
        return entry_payload(file.name, self._read_entry(page, entry))

    def payload_of_file(self, file: File) -> Payload:
        """The documented payload of a file's job."""
        return file_payload(file.name)

    def number(self, page: Page, entry: Entry) -> str | None:
        """The article number of an entry; None where it cannot be read."""
        read = self._read_entry(page, entry)
        return read.number if read else None

    def _state_of(self, file: File, tally: Tally, control: Control) -> str:
        ended = file.stage == "sent" or is_cleared(file.n, control)
        counts = bounded_counts(self._ledger, file, tally, control) if ended else {}
        return shown_state(file, counts, control)

    def _of_entry(self, file: File, page: Page, entry: Entry, letter: str, gate: Gate | None) -> Job:
        read = self._read_entry(page, entry)
        errors, cause = _failure_of(gate, entry) if letter == FAILED else ((), "")
        return Job(
            id=job_id(entry),
            queue="delta-article",
            state=NAMES[QUEUED if letter == RETRYING else letter],
            file_id=str(file.n),
            file=file.name,
            accepted_at=file.accepted_at,
            position=entry.pos,
            operation=read.raw_operation if read else None,
            article=read.number if read else None,
            errors=errors,
            cause=cause,
            blocked_by=job_id(gate.owner) if gate and letter == BLOCKED and gate.owner != entry else None,
        )


def _failure_of(gate: Gate | None, entry: Entry) -> tuple[tuple[str, ...], str]:
    if gate is not None and gate.owner == entry:
        return gate.errors, gate.cause
    if gate is None:
        return ("Its gate was opened at this moment; look again.",), ""
    older = f"entry {gate.owner.pos + 1} of file {gate.owner.n}"
    return (f"An older failure ({older}) came later and holds the article now.",), ""
