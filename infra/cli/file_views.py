"""Delta files as operators' commands read them from the ledger, with states and counts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.ledger.listing import upcoming
from chalicelib.ledger.states import NAMES, is_finished
from chalicelib.ports.ledger_records import Control, File, Tally
from infra.cli.file_progress import FileProgress, progress_of

if TYPE_CHECKING:
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
    def id(self) -> str:
        """Its number as the API has it."""
        return str(self.file.n)

    @property
    def state(self) -> str:
        """What became of it."""
        return self.progress.state

    @property
    def entries(self) -> int:
        """How many it holds; 0 until that is known."""
        return self.progress.total

    @property
    def counts(self) -> Mapping[str, int]:
        """Its entries by state."""
        return {state: self.progress.counts.get(state, 0) for state in STATES}

    def is_finished(self, control: Control) -> bool:
        """Whether nothing of it waits, failed or is blocked any more."""
        counts = {letter: self.progress.counts.get(name, 0) for letter, name in NAMES.items()}
        return is_finished(self.file, counts, control)

    def as_json(self) -> dict[str, object]:
        """The file for a script."""
        progress = self.progress
        return {
            "id": self.id,
            "name": self.name,
            "state": self.state,
            "entries": self.entries,
            "counts": self.counts,
            "errors": list(progress.errors),
            "cause": self.file.cause,
        }


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


def _view(ledger: "Ledger", file: File, tally: Tally, control: Control) -> FileView:
    return FileView(file, progress_of(ledger, file, tally, control))
