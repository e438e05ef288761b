"""The clock of a store: which `stored` times are taken, and which batches of statements are still being written.

Times are microseconds since 1970. One record per store; every call is one conditional write on it.
docs/record-store.md has the states and what a crash between any two calls leaves behind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

PART = "The record clock"
"""Its name in errors and in the log, whoever finds that it does not answer."""


class BatchState(Enum):
    """How far an open batch came; a batch that is not open is finished or was undone."""

    WRITING = "writing"
    COMMITTED = "committed"
    UNDOING = "undoing"


@dataclass(frozen=True)
class Batch:
    """Statements that are written together: it took the `stored` times `first` to `last` (inclusive).

    `lease_until`: from then on (microseconds) the sweep ends it, one way or the other. `off`: the pipeline options
    that are off for it, of those that count after the commit; None: not known, by those of its client.
    """

    id: str
    first: int
    last: int
    lease_until: int
    state: BatchState = BatchState.WRITING
    off: tuple[str, ...] | None = None


@dataclass(frozen=True)
class ClockReading:
    """A store's clock as it was at one moment.

    `last`: the highest `stored` that was taken, or promised to a reader to stay free. `finished`: rises whenever a
    batch ends, or `touch` says so; an index that was refreshed since is up to date. `undone`: batches that were
    undone not long ago; what a late write of theirs brings is not there.
    """

    last: int = 0
    open: Mapping[str, Batch] = field(default_factory=dict)
    undone: frozenset[str] = frozenset()
    finished: int = 0

    @property
    def horizon(self) -> int:
        """Everything stored up to here is decided: visible, or never to be."""
        undecided = (batch.first - 1 for batch in self.open.values() if batch.state is not BatchState.UNDOING)
        return min(undecided, default=self.last)

    @property
    def hidden(self) -> frozenset[str]:
        """The batches of which nothing is shown, whatever stands in the index: undone, or being undone."""
        undoing = (batch.id for batch in self.open.values() if batch.state is BatchState.UNDOING)
        return self.undone.union(undoing)

    def shows(self, stored: int, batch: str) -> bool | None:
        """Whether a statement of this batch is there; None: it is younger than this reading, which cannot tell."""
        if batch in self.undone:
            return False
        found = self.open.get(batch)
        if found is not None:
            return found.state is BatchState.COMMITTED
        return True if stored <= self.last else None


class RecordClock(Protocol):
    """Every call raises `Unavailable` without an answer; it may have happened then."""

    def read(self, store: str) -> ClockReading:
        """The clock as it is now (strongly consistent); a store without one has an empty clock."""
        ...

    def raise_to(self, store: str, at: int) -> ClockReading:
        """Promises that no `stored` up to `at` will be taken from now on; the clock after that, in one round trip."""
        ...

    def register(
        self,
        store: str,
        batch: str,
        count: int,
        now: int,
        lease_until: int,
        off: tuple[str, ...] | None = None,
    ) -> Batch:
        """Takes `count` times, all above any taken or promised and none below `now`, and opens the batch.

        A batch of this id that is open already is returned as it is (an answer was lost).
        """
        ...

    def commit(self, store: str, batch: str) -> bool:
        """`writing` → `committed`; True also where it is committed already. False: it is being undone, or gone."""
        ...

    def finish(self, store: str, batch: str, *, writing: bool = False) -> ClockReading | None:
        """Closes a committed batch, and (`writing`) one that is still written, which commits it in the same step.

        The clock after that; None: the batch is being undone, or is not open.
        """
        ...

    def begin_undo(self, store: str, batch: str) -> bool:
        """`writing` → `undoing`; True also where it is being undone already. False: it is committed, or not open."""
        ...

    def end_undo(self, store: str, batch: str, now: int, *, late: bool = True) -> None:
        """Closes a batch that is `undoing`; nothing where it is not open any more.

        `late`: something that it wrote may arrive yet, so its id is kept in `undone`.
        """
        ...

    def touch(self, store: str) -> None:
        """Raises `finished`: statements were changed or removed outside of a batch, and readers should refresh.

        Nothing where the store has no clock: then there is nothing to read either.
        """
        ...

    def forget_undone(self, store: str, before: int, only: Sequence[str] | None = None) -> None:
        """Drops from `undone` what was undone before that time; `only`: of these."""
        ...

    def undone_before(self, store: str, before: int) -> list[str]:
        """The ids in `undone` that were undone before that time, for one last look at what they left."""
        ...

    def forget_store(self, store: str) -> None:
        """Removes the clock of a store that is deleted."""
        ...
