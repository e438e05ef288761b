"""What the next file waits for, where it waits for its predecessors: scope or packing was changed meanwhile."""

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from chalicelib.ledger.states import is_cleared, lanes
from chalicelib.ports.ledger_records import File, Gate
from infra.cli.file_views import FileView, view

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.joined import Joined
    from chalicelib.ports.ledger import Ledger
    from chalicelib.ports.ledger_records import Control

_READ = 200
_SHOWN = 5
_COUNTED = "queued", "retrying", "failed", "blocked"


@dataclass(frozen=True)
class Hold:
    """A file that is not begun, since earlier files have to be finished first.

    before, after: how entries were spread until now, and how they would be. earlier: unfinished files before it, the
    first ones. failures: failures of theirs that were neither retried nor flushed, the first ones.
    """

    file: FileView
    before: str
    after: str
    earlier: tuple[FileView, ...]
    failures: tuple[Gate | File, ...]

    def lines(self) -> list[str]:
        """The explanation, line by line."""
        told = [
            f"File {self.file.n} ({self.file.name}) waits until all earlier files are finished: "
            f"it will be sent with {_words(self.after)}, those were sent with {_words(self.before)}, "
            "and so their entries would not stand in line."
        ]
        for file in self.earlier:
            counts = [f"{file.progress.counts[s]} {s}" for s in _COUNTED if file.progress.counts.get(s)]
            told.append(
                f"  not finished: file {file.n} ({file.name}): {', '.join(counts) or file.progress.state}"
            )
        for failure in self.failures:
            told.append(f"  held by the failure of {name_of(failure)}: {'; '.join(failure.errors)}")
        if self.failures:
            told.append(
                "  `lightrail retry` or `lightrail flush` ends these failures; then the file goes on."
            )
        return told


def name_of(failure: Gate | File) -> str:
    """What failed, in words."""
    if isinstance(failure, File):
        return f"file {failure.n} ({failure.name})"
    what = "an entry without a number" if failure.number is None else f"article {failure.number}"
    return f"{what} (entry {failure.owner.pos + 1} of file {failure.owner.n})"


def find_hold(services: "Joined") -> Hold | None:
    """Return what holds the next file back; None where nothing does. Raises `Unavailable`."""
    ledger = services.ledger
    control = ledger.control()
    wanted = lanes(services.settings.delta_block_scope, services.settings.entries_per_message)
    if control.lanes in ("", wanted):
        return None
    waiting = _next_file(ledger, control)
    if waiting is None or waiting.file.stage != "queued" or is_cleared(waiting.n, control):
        return None
    earlier = tuple(islice(_unfinished(ledger, control, waiting.n), _SHOWN))
    if not earlier:
        return None
    return Hold(waiting, control.lanes, wanted, earlier, tuple(_failures(ledger, control, waiting.n)))


def _next_file(ledger: "Ledger", control: "Control") -> FileView | None:
    """The oldest file that is not sent; numbers in between may belong to retries."""
    for n in range(control.sent_to + 1, control.seq + 1):
        found = view(ledger, n)
        if found is not None:
            return found
    return None


def _unfinished(ledger: "Ledger", control: "Control", before: int) -> "Iterator[FileView]":
    first = control.settled_to + 1
    while files := ledger.files(first, before - 1, _READ):
        for file, _ in files:
            found = view(ledger, file.n)
            if found is not None and not found.is_finished(control):
                yield found
        first = files[-1][0].n + 1


def _failures(ledger: "Ledger", control: "Control", before: int) -> "Iterator[Gate | File]":
    for failure in ledger.failures(control.epoch, None, _SHOWN):
        if (failure.owner.n if isinstance(failure, Gate) else failure.n) < before:
            yield failure


def _words(spread: str) -> str:
    scope, _, packing = spread.partition(":")
    entries = "1 entry" if packing == "1" else f"{packing} entries"
    return f"block scope `{scope}` and {entries} a message"
