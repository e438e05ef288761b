"""Commands over work: clear, cancel of one file, flush, clearsuccessful, retry. Each is one write of the control item
that takes effect at once; what is long goes on in the maintenance queue, and the sweep makes up for a message that is
lost.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.errors import NotFound, NothingToCancel, TooManyCancelled, Unavailable, WriteConflict
from chalicelib.ledger.delta_files import find_file
from chalicelib.ledger.posting import exact_counts
from chalicelib.ledger.states import file_state, is_cleared
from chalicelib.ports.clock import Clock
from chalicelib.ports.ledger import Change, Conflict, Ledger, Put
from chalicelib.ports.ledger_records import Control, ExtractKind, Retry
from chalicelib.ports.queue import Queue

FORGET_SUCCEEDED, FLUSH, RETRY = "forget-succeeded", "flush", "retry"
DRAW: Mapping[ExtractKind, str] = {"results": "draw-results", "failed": "draw-failed"}
"""What a message of the maintenance queue asks for; the last two, with the number of a file as ticket."""

MOST_CANCELLED = 200
"""Cancelled files of which something waits still: their numbers stand on control, which every worker reads."""

_TRIES = 40
_FILES_A_READ = 200


@dataclass(frozen=True)
class RetryReceipt:
    """A retry that was taken: its number in the order of acceptance."""

    ticket: int


def maintenance_message(do: str, ticket: int = 0, last: int = 0) -> str:
    """The body of a message to the maintenance queue. `last`: the last file that it is about."""
    return json.dumps({"v": 1, "do": do, "ticket": ticket, "last": last})


class Commands:
    """What an operator or client may ask of all work at once."""

    def __init__(
        self,
        ledger: Ledger,
        maintenance: Queue,
        clock: Clock,
        jitter: Callable[[], float],
        seconds: float = 15.0,
    ) -> None:
        """`jitter`: seconds to wait before another try; `seconds`: how long a command may work before it answers."""
        self._ledger, self._maintenance, self._clock = ledger, maintenance, clock
        self._jitter, self._seconds = jitter, seconds

    def clear(self) -> None:
        """Drops waiting work: all that was accepted so far and has no outcome yet. What a worker holds may finish."""
        self._write(lambda control: replace(control, cleared_to=control.seq, cancelled=()))

    def cancel(self, n: int) -> None:
        """Drops what waits of one file, as `clear` does of all; once more changes nothing.

        Raises `NotFound`, `NothingToCancel`, `TooManyCancelled`, `WriteConflict`.
        """
        found = find_file(self._ledger, n, self._ledger.control())
        if found is None:
            raise NotFound("Delta file", str(n))
        if found.may_be_cleared:
            self._write(lambda control: _with_cancelled(control, n))
        elif not found.was_cleared:
            raise NothingToCancel(str(n), found.state)

    def flush(self) -> None:
        """Forgets failed and blocked work and opens all gates; re-queues nothing."""
        self._write(lambda control: replace(control, epoch=control.epoch + 1))
        self._send(maintenance_message(FLUSH))

    def clear_successful(self) -> bool:
        """Forgets the files that are successful now, with their jobs; returns whether that is done already.

        Else it goes on in the maintenance queue.
        """
        last = self._ledger.control().seq
        deadline = self._clock.now() + self._seconds
        done = self.forget_succeeded(last, lambda: deadline - self._clock.now())
        if not done:
            self._send(maintenance_message(FORGET_SUCCEEDED, last=last))
        return done

    def forget_succeeded(self, last: int, time_left: Callable[[], float]) -> bool:
        """Forgets successful files up to number `last`; returns whether it came to the end."""
        first = 1
        control = self._ledger.control()
        while files := self._ledger.files(first, last, _FILES_A_READ):
            for file, tally in files:
                if time_left() <= 0:
                    return False
                if file.forgotten or file.stage != "sent":
                    continue
                if file_state(file, exact_counts(self._ledger, file, tally, control), control) == "succeeded":
                    self._forget(file.n)
            first = files[-1][0].n + 1
        return True

    def retry(
        self, ids: Sequence[str] | None = None, file: str | None = None, article: str | None = None
    ) -> RetryReceipt:
        """Runs failed and blocked entries of the selected articles again (of all, where nothing is selected).

        `ids`: of jobs, `file` or `file-position`. `file`: its name. Raises `NotFound` for a file that nobody sent.
        """
        retry = Retry(0, tuple(ids or ()), file or "", article or "", asked_at=self._clock.now())
        self._check(retry)
        for _ in range(_TRIES):
            control = self._ledger.control()
            retry = replace(retry, ticket=control.seq + 1)
            try:
                self._ledger.commit(Put(replace(control, seq=retry.ticket)), Put(retry))
            except Conflict:
                self._clock.sleep(self._jitter())
                continue
            self._send(maintenance_message(RETRY, ticket=retry.ticket))
            return RetryReceipt(retry.ticket)
        raise WriteConflict("the ledger", "of jobs")

    def _check(self, retry: Retry) -> None:
        for job in retry.ids:
            n, _, pos = job.partition("-")
            if not n.isdecimal() or not (pos or "0").isdecimal() or len(job) > 40:
                raise NotFound("Job", job)
            found = self._ledger.file(int(n))
            if found is None or int(pos or 0) >= max(found[0].total, 1):
                raise NotFound("Job", job)
        if retry.file and not self._knows(retry.file):
            raise NotFound("File", retry.file)

    def _knows(self, name: str) -> bool:
        control = self._ledger.control()
        first = 1
        while files := self._ledger.files(first, control.seq, _FILES_A_READ):
            if any(file.name == name for file, _ in files):
                return True
            first = files[-1][0].n + 1
        return False

    def _forget(self, n: int) -> None:
        found = self._ledger.file(n)
        if found is not None and not found[0].forgotten:
            try:
                self._ledger.commit(Put(replace(found[0], forgotten=True)))
            except Conflict:
                return  # somebody changes it at this moment: it is not what it was a moment ago

    def _write(self, change: Callable[[Control], Control]) -> None:
        for _ in range(_TRIES):
            control = self._ledger.control()
            changes: list[Change] = [Put(change(control))]
            try:
                self._ledger.commit(*changes)
                return
            except Conflict:
                self._clock.sleep(self._jitter())
        raise WriteConflict("the ledger", "of jobs")

    def _send(self, body: str) -> None:
        try:
            self._maintenance.send(body)
        except Unavailable:
            return  # the sweep finds what there is to do


def _with_cancelled(control: Control, n: int) -> Control:
    if is_cleared(n, control):
        return control
    if len(control.cancelled) >= MOST_CANCELLED:
        raise TooManyCancelled(MOST_CANCELLED)
    return replace(control, cancelled=(*control.cancelled, n))
