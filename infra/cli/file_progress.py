"""How far delta files are, as the ledger has it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.errors import Unavailable
from chalicelib.ledger.posting import exact_counts
from chalicelib.ledger.states import NAMES, file_state
from chalicelib.ports.ledger_records import Control, File, Tally
from infra.cli.console import CommandFailed

if TYPE_CHECKING:
    from chalicelib.ports.ledger import Ledger

_PAGE = 200
_TERMINAL = ("succeeded", "failed", "cleared")


@dataclass(frozen=True)
class FileProgress:
    """A delta file: its state, and how many of its entries are in each state; `errors` are the file's own."""

    name: str
    state: str
    total: int
    counts: Mapping[str, int]
    errors: tuple[str, ...]

    @property
    def is_terminal(self) -> bool:
        """Whether every entry has its outcome."""
        return self.state in _TERMINAL

    @property
    def waiting(self) -> int:
        """Entries without an outcome."""
        return self.counts.get("queued", 0) + self.counts.get("retrying", 0)


def progress_of(ledger: "Ledger", file: File, tally: Tally, control: Control) -> FileProgress:
    """Return how far a file of the ledger is. Raises `Unavailable`."""
    counts = exact_counts(ledger, file, tally, control)
    named = {NAMES[letter]: count for letter, count in counts.items()}
    return FileProgress(file.name, file_state(file, counts, control), file.total, named, file.errors)


def read(ledger: "Ledger", is_wanted: Callable[[str], bool], after: int = 0) -> list[FileProgress]:
    """Return the files accepted after number `after` whose name is wanted, in order of acceptance.

    Raises CommandFailed when the ledger does not answer.
    """
    found = []
    try:
        control = ledger.control()
        while files := ledger.files(after + 1, control.seq, _PAGE):
            for file, tally in files:
                if is_wanted(file.name):
                    found.append(progress_of(ledger, file, tally, control))
            after = files[-1][0].n
    except Unavailable as error:
        raise CommandFailed(f"{error} ({error.reason}); `lightrail stack status` shows what runs") from error
    return found
