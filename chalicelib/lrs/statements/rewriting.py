"""Statements that are stored are read, changed and written until nobody else was faster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.errors import Unavailable
from chalicelib.ports.statement_store import PART, Rejected, StatementRecord, Stored, Taken

if TYPE_CHECKING:
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.statement_store import StatementStore

TRIES = 20  # at statements that others change at the same moment
PAUSE_SECONDS = 0.01


@dataclass
class Rewritten:
    """The ids of the statements that were changed, and of those that the store never takes, with the reason."""

    changed: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)

    def check(self) -> None:
        """Raises `Unavailable` where one was refused."""
        for reason in self.refused.values():
            raise Unavailable(PART, reason)


def rewrite(
    store: StatementStore,
    clock: Clock,
    slug: str,
    names: Sequence[str],
    change: Callable[[Sequence[StatementRecord]], Sequence[StatementRecord]],
) -> Rewritten:
    """Writes what `change` makes of these statements, as they are in the store `slug`.

    `change` is given those that are there, and returns those that are to be written; again for those that somebody
    else changed meanwhile. Raises `Unavailable`; then some may be written.
    """
    done, left = Rewritten(), names
    for _ in range(TRIES):
        made = change(list(store.get_many(slug, left).values()))
        if not made:
            return done
        left = []
        for record, outcome in zip(made, store.update(made), strict=True):
            if isinstance(outcome, Stored):
                done.changed.add(record.id)
            elif isinstance(outcome, Taken):
                left.append(record.id)
            elif isinstance(outcome, Rejected):
                done.refused[record.id] = outcome.reason
            else:
                raise Unavailable(PART, outcome.reason)
        if not left:
            return done
        clock.sleep(PAUSE_SECONDS)
    raise Unavailable(PART, "others kept changing statements")
