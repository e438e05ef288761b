"""Makes anew what statements are found by through those they refer to, after these were changed or removed.

A batch that was committed before may have read a statement as it was, and still add that to others. So what was open
then is waited for first; whoever begins later reads what is there now.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.errors import Unavailable
from chalicelib.lrs.statements.references import MOST_TARGETS, pieces, with_targets
from chalicelib.lrs.statements.rewriting import rewrite
from chalicelib.ports.record_clock import BatchState
from chalicelib.ports.statement_store import PART, Keys, StatementRecord

if TYPE_CHECKING:
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.record_clock import RecordClock
    from chalicelib.ports.statement_store import StatementStore

PAUSE_SECONDS = 0.05
WAIT_SECONDS = (
    10.0  # for batches to end; one whose writer died is ended by the sweep, and the page is tried again
)
MOST_ROUNDS = 100  # of a chain of references that is followed upwards
PER_READ = 1000
MOST_REFERRERS = 10_000  # to one statement: what a search finds in one page


class Retargeting:
    """May be done again, and beside those who record."""

    def __init__(self, store: StatementStore, record_clock: RecordClock, clock: Clock) -> None:
        self._store, self._record_clock, self._clock = store, record_clock, clock

    def renew(
        self, store: str, names: Sequence[str], also: Sequence[str] = (), *, waiting: bool = True
    ) -> None:
        """Makes the targets anew of all who refer to these statements, directly or through others.

        `also`: of these, whoever they refer to: what was undone since they read it may be left in them. `waiting`:
        for batches that read them before; False where those look again themselves, as they do for statements that
        were replaced. Raises `Unavailable`: to be done again.
        """
        if waiting:
            self.wait(store)
        for some in pieces(also):
            self._renew(store, some)
        level, seen = list(names), set[str]()
        for _ in range(MOST_ROUNDS):
            above = [
                name
                for start in range(0, len(level), PER_READ)
                for name in self._above(store, level[start : start + PER_READ])
                if name not in seen
            ]
            if not above:
                return
            for some in pieces(above):
                self._renew(store, some)
            seen.update(above)
            level = list(dict.fromkeys(above))
            if waiting:
                self.wait(store)  # for who read the targets of these as they were

    def wait(self, store: str) -> None:
        """Returns when no batch is at work any more that was committed before this call; raises `Unavailable`."""
        waiting = _committed(self._record_clock, store)
        until = self._clock.now() + WAIT_SECONDS
        while waiting:
            if self._clock.now() >= until:
                raise Unavailable(PART, "a batch has not ended yet")
            self._clock.sleep(PAUSE_SECONDS)
            waiting &= _committed(self._record_clock, store)

    def _above(self, store: str, names: Sequence[str]) -> list[str]:
        """Those that refer to one of these."""
        limit = MOST_REFERRERS if len(names) == 1 else PER_READ
        found = self._store.referring_to(store, names, limit)
        if len(found) < limit or len(names) == 1:
            return list(found)
        half = len(names) // 2
        return [*self._above(store, names[:half]), *self._above(store, names[half:])]

    def _renew(self, store: str, names: Sequence[str]) -> None:
        def renewed(found: Sequence[StatementRecord]) -> list[StatementRecord]:
            known = self._below(store, found)
            return [each for record in found if (each := _renewed(record, known)) is not None]

        rewrite(self._store, self._clock, store, names, renewed).check()

    def _below(self, store: str, records: Sequence[StatementRecord]) -> dict[str, StatementRecord]:
        """What these refer to, directly or through others, as far as it is there, without texts."""
        known: dict[str, StatementRecord] = {}
        asked: set[str] = set()
        names = [record.refers_to for record in records if record.refers_to is not None]
        for _ in range(MOST_TARGETS):
            wanted = [name for name in dict.fromkeys(names) if name not in asked]
            if not wanted:
                break
            asked.update(wanted)
            found = {
                name: replace(record, text="") for name, record in self._store.get_many(store, wanted).items()
            }
            known |= found
            names = [record.refers_to for record in found.values() if record.refers_to is not None]
        return known


def _renewed(record: StatementRecord, known: dict[str, StatementRecord]) -> StatementRecord | None:
    """The statement with the targets that it should have; None: it has them."""
    targets: list[Keys] = []
    followed: set[str] = set()
    name = record.refers_to
    while name is not None and name in known and name not in followed and len(targets) < MOST_TARGETS:
        followed.add(name)
        targets.append(known[name].keys)
        name = known[name].refers_to
    bare = replace(record, targets=())
    made = with_targets(bare, targets) or bare
    return None if set(made.targets) == set(record.targets) else made


def _committed(record_clock: RecordClock, store: str) -> set[str]:
    reading = record_clock.read(store)
    return {name for name, batch in reading.open.items() if batch.state is BatchState.COMMITTED}
