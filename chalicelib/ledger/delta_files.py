"""Delta files as their senders see them: one by its number, or the newest first, each with its state and counts."""

from collections import Counter
from dataclasses import dataclass

from chalicelib.errors import NotFound
from chalicelib.ledger.job_view import job_id
from chalicelib.ledger.listing import requested
from chalicelib.ledger.posting import PAGES_COUNTED, bounded_counts
from chalicelib.ledger.states import (
    CLEARED,
    FAILED,
    NAMES,
    QUEUED,
    RETRYING,
    ShownState,
    is_cleared,
    shown_state,
)
from chalicelib.ports.article_store import Entry
from chalicelib.ports.ledger import Ledger
from chalicelib.ports.ledger_records import Control, File, Gate, Tally

ERRORS_SHOWN = 10
"""Errors that one look at a file shows; its results have them all."""

COUNTED = tuple(name for letter, name in NAMES.items() if letter != RETRYING)
"""The states in which entries are shown, and counted."""

_WINDOW = 200  # numbers looked at by one read
_WINDOWS = 25
_PAGES = 5_000  # pages counted of files that are being worked on, before an answer ends early


@dataclass(frozen=True)
class DeltaFile:
    """A file, its counts by state letter (they add up to its entries, once these are known) and its state.

    was_cleared: something of it was cleared, or will be as it surfaces.
    """

    file: File
    counts: Counter[str]
    state: ShownState
    was_cleared: bool

    @property
    def shown_counts(self) -> dict[str, int]:
        """Its entries by the name of their state; what a retry is about to run again is queued."""
        shown = dict.fromkeys(COUNTED, 0)
        for letter, count in self.counts.items():
            shown[NAMES[QUEUED if letter == RETRYING else letter]] += count
        return shown

    @property
    def finished_at(self) -> float:
        """When each of its entries had its outcome; 0: not yet, or it was not noticed yet."""
        if self.file.stage in ("faulted", "cleared") or (self.file.stage == "sent" and not self.file.total):
            return self.file.ended_at
        return self.file.finished_at

    @property
    def may_be_cleared(self) -> bool:
        """Whether something of it waits that a cancel would clear; a retry that has begun finishes."""
        return bool(self.counts[QUEUED]) or (self.state in ("queued", "running") and not self.file.ended)


@dataclass(frozen=True)
class Failed:
    """Why a job failed: of an entry, or of the file as a whole. article None: there is none, or it cannot be read."""

    job: str
    article: str | None
    errors: tuple[str, ...]
    cause: str


@dataclass(frozen=True)
class Part:
    """A part of the list of files. before: the next part has numbers below it; None at the end."""

    files: list[DeltaFile]
    before: int | None


def find_file(ledger: Ledger, n: int, control: Control) -> DeltaFile | None:
    """The file of that number; None where there is none, or it was forgotten long ago."""
    if not 1 <= n <= control.seq:
        return None
    found = next(iter(_numbered(ledger, n, n, control)), None)
    return None if found is None else _seen(ledger, *found, control)


def just_accepted(file: File) -> DeltaFile:
    """A file at the moment of its acceptance."""
    return DeltaFile(file, Counter(), "queued", False)


class DeltaFiles:
    """Reads delta files from the ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def find(self, n: int) -> DeltaFile:
        """The file of that number. Raises `NotFound`, `Unavailable`."""
        found = find_file(self._ledger, n, self._ledger.control())
        if found is None:
            raise NotFound("Delta file", str(n))
        return found

    def newest(self, before: int | None, limit: int, state: str | None = None) -> Part:
        """Files with numbers below `before` in that state, the one accepted last first; forgotten ones are left out.

        A part may hold fewer than `limit`, even none, and not be the last: what one call reads is bounded.
        """
        control = self._ledger.control()
        last = control.seq if before is None else min(before - 1, control.seq)
        files: list[DeltaFile] = []
        pages = 0
        for _ in range(_WINDOWS):
            first = max(last - _WINDOW + 1, 1)
            for file, tally in reversed(_numbered(self._ledger, first, last, control)):
                if file.forgotten:
                    continue
                seen = _seen(self._ledger, file, tally, control)
                pages += min(file.pages, PAGES_COUNTED) if sum(tally.counts.values()) < file.total else 0
                if state in (None, seen.state):
                    files.append(seen)
                if len(files) == limit or pages > _PAGES:
                    return Part(files, file.n if file.n > 1 else None)
            last = first - 1
            if last < 1:
                return Part(files, None)
        return Part(files, last + 1)

    def first_errors(self, found: DeltaFile) -> list[Failed]:
        """Why a file failed as a whole, or its first entries in its order; what was flushed has no error any more."""
        file = found.file
        if file.errors:
            return [Failed(str(file.n), None, file.errors, file.cause)]
        if not found.counts[FAILED]:
            return []
        failures = self._ledger.failures(self._ledger.control().epoch, Entry(file.n, -1), ERRORS_SHOWN)
        return [
            Failed(job_id(gate.owner), gate.number, gate.errors, gate.cause)
            for gate in failures
            if isinstance(gate, Gate) and gate.owner.n == file.n
        ]


def _numbered(ledger: Ledger, first: int, last: int, control: Control) -> list[tuple[File, Tally]]:
    """The files with numbers in that range, in order; those without a record yet from their requests."""
    found = {file.n: (file, tally) for file, tally in ledger.files(first, last, last - first + 1)}
    for file in requested(ledger, max(first, control.sent_to + 1), last):
        if file.n <= last:  # a request may hold more files
            found.setdefault(file.n, (file, Tally(file.n)))
    return [found[n] for n in sorted(found)]


def _seen(ledger: Ledger, file: File, tally: Tally, control: Control) -> DeltaFile:
    counts = bounded_counts(ledger, file, tally, control)
    state = shown_state(file, counts, control)
    cleared = bool(counts[CLEARED]) or file.stage == "cleared" or is_cleared(file.n, control)
    return DeltaFile(file, counts, state, cleared)
