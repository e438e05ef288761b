"""The record of a file in its worker's hands: begun under a lease, written under its version, given up at the end.

The lease says that a worker is alive; that two workers on one file do no harm is the version's doing.
"""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.errors import FileFault, Unavailable
from chalicelib.ports.clock import Clock
from chalicelib.ports.ledger import Conflict, Ledger, Put
from chalicelib.ports.ledger_records import File, Scope, Tally

STARTS = 5
"""A file that was begun so often without progress is failed: it ends its worker each time."""

SECONDS_KEPT = 30.0
"""A file worker with less time left goes on in another invocation."""

_LEASE_SECONDS = 120.0  # beyond the longest fetch

TimeLeft = Callable[[], float]
"""Seconds until the worker is stopped."""


class OutOfTime(Exception):
    """Little time is left: the work goes on in another invocation."""


class FileRecords:
    """Reads and writes the records of files for one worker."""

    def __init__(self, ledger: Ledger, clock: Clock, fetch_seconds: float) -> None:
        """`fetch_seconds`: the longest that a fetch may take; the lease outlasts it."""
        self._ledger, self._clock = ledger, clock
        self._lease_seconds = fetch_seconds + _LEASE_SECONDS
        self._held: tuple[int, int] | None = None

    def find(self, n: int) -> File | None:
        """The record of file `n`, made now if need be; None where the number belongs to a retry."""
        found = self._ledger.file(n)
        if found is not None:
            return found[0]
        request = self._ledger.request_of(n)
        if request is None or n >= request.first + len(request.names):
            return None
        index = n - request.first
        file = File(
            n=n,
            name=request.names[index],
            strict=request.strict,
            accepted_at=request.accepted_at,
            object=request.objects[index] if request.objects else None,
        )
        self._ledger.commit(Put(file), Put(Tally(n)))
        return replace(file, version=1)

    def begin(self, file: File, scope: Scope, packing: int) -> File:
        """Takes the lease and counts a start; scope and packing are those of the first start.

        A start that ends its worker stays counted. Raises `FileFault` when there were too many.
        """
        if file.tries >= STARTS:
            text = f"No progress in {STARTS} runs of its worker; send it in smaller parts."
            raise FileFault(text, "timeout")
        started = file.started_at or self._clock.now()
        if file.stage != "queued":
            return self.store(file, tries=file.tries + 1, started_at=started)
        return self.store(file, tries=file.tries + 1, started_at=started, scope=scope, packing=packing)

    def store(self, file: File, **changes: object) -> File:
        """Writes the file with these changes and a new lease. Raises `Conflict` when it is not as it was read."""
        lease = self._clock.now() + self._lease_seconds
        changed = replace(file, **{"lease_until": lease, **changes})  # type: ignore[arg-type]
        self._ledger.commit(Put(changed))
        stored = replace(changed, version=file.version + 1)
        self._held = stored.n, stored.version
        return stored

    def renewed(self, file: File, **changes: object) -> File:
        """The file with its lease renewed, if half of it is over; with these changes then."""
        half_over = file.lease_until < self._clock.now() + self._lease_seconds / 2
        return self.store(file, **changes) if half_over else file

    def release(self, n: int, forgiven: int = 0) -> None:
        """Gives up the lease, if it is this worker's. `forgiven`: starts that are not the file's fault."""
        try:
            found = self._ledger.file(n)
            if found is not None and (n, found[0].version) == self._held:
                self.store(found[0], tries=max(found[0].tries - forgiven, 0), lease_until=0.0)
        except (Unavailable, Conflict):
            return
