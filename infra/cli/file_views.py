"""Delta files as commands show them: found by number or name, with states, counts and the entries that failed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.articles.work import gate_key
from chalicelib.ledger.listing import upcoming
from chalicelib.ledger.states import BLOCKED, FAILED, NAMES, is_finished, letters_as_read
from chalicelib.ports.article_store import Entry
from chalicelib.ports.ledger_records import Control, File, Gate, Page, Tally
from infra.cli.console import CommandFailed
from infra.cli.file_progress import FileProgress, progress_of

if TYPE_CHECKING:
    from chalicelib.joined import Joined
    from chalicelib.ports.ledger import Ledger

_READ = 200

STATES = tuple(NAMES.values())
"""The states of entries, in the order in which they are shown."""


@dataclass(frozen=True)
class FileView:
    """A file of the ledger and how far it is."""

    file: File
    progress: FileProgress

    @property
    def n(self) -> int:
        """Its number in the order of acceptance."""
        return self.file.n

    @property
    def name(self) -> str:
        """Its name, as it was submitted."""
        return self.file.name

    @property
    def succeeded(self) -> bool:
        """Whether all of it was applied."""
        return self.progress.state == "succeeded"

    def is_finished(self, control: Control) -> bool:
        """Whether nothing of it waits, failed or is blocked any more."""
        counts = {letter: self.progress.counts.get(name, 0) for letter, name in NAMES.items()}
        return is_finished(self.file, counts, control)

    def as_json(self) -> dict[str, object]:
        """The file for a script."""
        progress = self.progress
        return {
            "number": self.n,
            "name": self.name,
            "state": progress.state,
            "entries": progress.total,
            "counts": {state: progress.counts.get(state, 0) for state in STATES},
            "errors": list(progress.errors),
            "cause": self.file.cause,
        }


@dataclass(frozen=True)
class EntryFailure:
    """An entry that failed. `errors` and `cause` are those of its gate; none where an older failure has it."""

    id: str
    position: int
    article: str | None
    errors: tuple[str, ...]
    cause: str


def view(ledger: "Ledger", n: int) -> FileView | None:
    """Return the file of that number; None where nobody sent one. Raises `Unavailable`."""
    control = ledger.control()
    found = ledger.file(n)
    if found is not None:
        return _view(ledger, *found, control)
    request = ledger.request_of(n)
    if request is None or not request.first <= n < request.first + len(request.names):
        return None
    file = File(n, request.names[n - request.first], request.strict, request.accepted_at)
    return _view(ledger, file, Tally(n), control)


def unfinished(ledger: "Ledger") -> Iterator[FileView]:
    """Yield the files that are not known to be finished, oldest first: some work of theirs waits or is held."""
    control = ledger.control()
    first = control.settled_to + 1
    while files := ledger.files(first, control.seq, _READ):
        for file, tally in files:
            yield _view(ledger, file, tally, control)
        first = files[-1][0].n + 1
    for file in upcoming(ledger, control):
        yield _view(ledger, file, Tally(file.n), control)


def newest_first(ledger: "Ledger") -> Iterator[FileView]:
    """Yield all files, the one that was accepted last first."""
    control = ledger.control()
    for file in reversed(list(upcoming(ledger, control))):
        yield _view(ledger, file, Tally(file.n), control)
    last = control.seq
    while last > 0:
        first = max(last - _READ + 1, 1)
        for file, tally in reversed(ledger.files(first, last, _READ)):
            yield _view(ledger, file, tally, control)
        last = first - 1


def resolve(ledger: "Ledger", text: str) -> FileView:
    """Return the file of that number, else the newest of that name (or of that last part of its name).

    Raises CommandFailed where there is none.
    """
    if text.isdecimal() and len(text) < 20:
        by_number = view(ledger, int(text))
        if by_number is not None:
            return by_number
    for found in newest_first(ledger):
        if found.name == text or found.name.endswith(f"/{text}"):
            return found
    raise CommandFailed(f"nobody sent a file {text}; `lightrail files` lists what was sent")


def failures_of(services: "Joined", found: FileView, limit: int) -> list[EntryFailure]:
    """Return up to `limit` failed entries of a file, in its order. Raises `Unavailable`."""
    failures: list[EntryFailure] = []
    if not found.progress.counts.get("failed"):
        return failures
    ledger, control, p = services.ledger, services.ledger.control(), 0
    while len(failures) < limit and (pages := ledger.pages_of(found.n, p, _READ)):
        for page in pages:
            failures += _failures_of_page(services, found.file, page, control)
        p = pages[-1].p + 1
    return failures[:limit]


def first_blocked(services: "Joined", found: FileView) -> str | None:
    """Return the article of the first blocked entry of a file; None where there is none. Raises `Unavailable`."""
    if not found.progress.counts.get("blocked"):
        return None
    ledger, control, p = services.ledger, services.ledger.control(), 0
    while pages := ledger.pages_of(found.n, p, _READ):
        for page in pages:
            index = letters_as_read(page, control).find(BLOCKED)
            if index >= 0:
                delta = services.snapshots.entry_or_none(page, Entry(page.n, page.first_pos + index))
                return delta.number if delta else None
        p = pages[-1].p + 1
    return None


def _failures_of_page(services: "Joined", file: File, page: Page, control: Control) -> Iterator[EntryFailure]:
    failed = [
        Entry(page.n, page.first_pos + index)
        for index, letter in enumerate(letters_as_read(page, control))
        if letter == FAILED
    ]
    if not failed:
        return
    read = {entry: services.snapshots.entry_or_none(page, entry) for entry in failed}
    keys = {e: gate_key(file.scope, delta.number if delta else None, e) for e, delta in read.items()}
    gates = services.ledger.gates(set(keys.values()))
    for entry, delta in read.items():
        errors, cause = _of_gate(gates.get(keys[entry]), entry)
        number = delta.number if delta else None
        yield EntryFailure(f"{entry.n}-{entry.pos}", entry.pos + 1, number, errors, cause)


def _of_gate(gate: Gate | None, entry: Entry) -> tuple[tuple[str, ...], str]:
    if gate is not None and gate.owner == entry:
        return gate.errors, gate.cause
    if gate is None:
        return ("Its gate was opened at this moment; look again.",), ""
    older = f"entry {gate.owner.pos + 1} of file {gate.owner.n}"
    return (f"An older failure ({older}) came later and holds the article now.",), ""


def _view(ledger: "Ledger", file: File, tally: Tally, control: Control) -> FileView:
    return FileView(file, progress_of(ledger, file, tally, control))
