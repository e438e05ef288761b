"""The states of a job. An entry's state is one letter on its page; a file's state follows from its counts.

    entry:  queued ──> succeeded | failed | blocked | cleared
            failed, blocked ──> retrying ──> succeeded | failed | blocked | flushed
            failed, blocked ──> flushed

Three of the moves happen at once for all entries that they are about, by one write of control: *clear* (`cleared_to`),
*cancel* of one file (`cancelled`) and *flush* (`epoch`). `as_read` gives a stored letter the meaning it has under them;
the letters follow when somebody writes.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Literal

from chalicelib.ports.ledger_records import Control, Counts, File, Page, Scope, Tally

QUEUED, RETRYING, SUCCEEDED, FAILED, BLOCKED, CLEARED, FLUSHED = "qrsfbcx"

NAMES: Mapping[str, str] = {
    QUEUED: "queued",
    RETRYING: "retrying",
    SUCCEEDED: "succeeded",
    FAILED: "failed",
    BLOCKED: "blocked",
    CLEARED: "cleared",
    FLUSHED: "flushed",
}
WAITING = frozenset({QUEUED, RETRYING})
HELD = frozenset({FAILED, BLOCKED})

MOVES: frozenset[tuple[str, str]] = frozenset(
    {
        *((QUEUED, to) for to in (SUCCEEDED, FAILED, BLOCKED, CLEARED)),
        *((held, to) for held in (FAILED, BLOCKED) for to in (RETRYING, FLUSHED)),
        *((RETRYING, to) for to in (SUCCEEDED, FAILED, BLOCKED, FLUSHED)),
    }
)
"""Every move that a stored letter may make."""

JOB_STATES = ("queued", "running", "succeeded", "failed", "blocked", "cleared", "flushed")
"""What the job of a file or an entry may be shown as. An entry that a retry is about to run again is queued."""

FileState = Literal["queued", "running", "succeeded", "failed", "cleared"]
ShownState = FileState | Literal["flushed"]


def is_cleared(n: int, control: Control) -> bool:
    """Whether the waiting work of file `n` is cleared, by a clear or since the file was cancelled."""
    return n <= control.cleared_to or n in control.cancelled


def as_read(letter: str, n: int, page_epoch: int, control: Control) -> str:
    """What a stored letter of file `n` means now."""
    if letter == QUEUED and is_cleared(n, control):
        return CLEARED
    if letter in HELD and page_epoch < control.epoch:
        return FLUSHED
    return letter


def letters_as_read(page: Page, control: Control) -> str:
    """The states of a page as they are to be read now."""
    return "".join(as_read(letter, page.n, page.epoch, control) for letter in page.states)


def turned(states: str, page_epoch: int, control: Control) -> str:
    """Stored letters with failed and blocked of an epoch that is over written as flushed."""
    if page_epoch >= control.epoch:
        return states
    return "".join(FLUSHED if letter in HELD else letter for letter in states)


def flushed_counts(counts: Counts) -> Counter[str]:
    """Counts whose epoch is over: failed and blocked are flushed."""
    result = Counter(counts)
    result[FLUSHED] += result.pop(FAILED, 0) + result.pop(BLOCKED, 0)
    return +result


def tally_as_read(tally: Tally, control: Control) -> Counter[str]:
    """The posted counts as they are to be read now."""
    return flushed_counts(tally.counts) if tally.epoch < control.epoch else +Counter(tally.counts)


def file_state(file: File, counts: Counts, control: Control) -> FileState:
    """The state of a file from its counts as read (the counts of all its entries)."""
    if file.stage == "faulted":
        return "failed"
    unsent = file.stage != "sent" and file.stage != "cleared"
    if unsent and not is_cleared(file.n, control):
        return "queued" if file.stage == "queued" and not file.tries else "running"
    if file.stage == "cleared" or (unsent and not file.total):
        return "cleared"
    return _state_of_counts(counts)


def shown_state(file: File, counts: Counts, control: Control) -> ShownState:
    """The state of a file as it is shown: a fault that was flushed, or retried under another number, is flushed."""
    if file.stage == "faulted" and file.epoch < control.epoch:
        return "flushed"
    return file_state(file, counts, control)


def _state_of_counts(counts: Counts) -> FileState:
    if any(counts.get(letter, 0) for letter in WAITING):
        return "running"
    if any(counts.get(letter, 0) for letter in (FAILED, BLOCKED, FLUSHED)):
        return "failed"
    return "cleared" if counts.get(CLEARED, 0) else "succeeded"


def is_finished(file: File, counts: Counts, control: Control) -> bool:
    """Whether nothing of a file is waiting, failed or blocked any more (a flushed fault is finished)."""
    if file.stage == "faulted" and file.epoch >= control.epoch:
        return False
    if file.stage == "cleared":
        return True
    if file.stage not in ("sent", "faulted"):
        return False
    return not any(counts.get(letter, 0) for letter in WAITING | HELD)


def lanes(scope: Scope, packing: int) -> str:
    """How entries are spread over message groups, in one word; files with other lanes wait for one another."""
    return f"{scope}:{packing}"


def packing_of(control: Control) -> int:
    """The packing under which what waits in the queue was sent."""
    return int(control.lanes.rpartition(":")[2] or 1)


def scope_of(control: Control) -> Scope:
    """The scope under which what waits in the queue was sent."""
    return "global" if control.lanes.startswith("global") else "article"
