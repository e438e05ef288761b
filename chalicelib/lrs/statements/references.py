"""What a statement that refers to others is found by, and what those who will come are told. Pure, and bounded."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from chalicelib.ports.statement_store import Keys, Mark, StatementRecord

MOST_TARGETS = 100  # of one statement: a longer chain of references is found by its nearest hundred
MOST_TARGET_KEYS = (
    10_000  # of agents and activities in all targets of a statement: its document stays below 10 MiB
)
MOST_REFERRERS = 1000  # of statements that wait for one target
PER_CHANGE = 100  # statements of up to 512 KiB that are held at once


def pieces(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """The names in parts of as many statements as are held at once."""
    return (names[start : start + PER_CHANGE] for start in range(0, len(names), PER_CHANGE))


def marked(mark: Mark, referrers: Sequence[str], voided: bool) -> Mark:
    """The mark with these referrers too, as far as there is room, and voided if it was or is said to be."""
    every = tuple(dict.fromkeys((*mark.referrers, *referrers)))[:MOST_REFERRERS]
    return replace(mark, referrers=every, voided=mark.voided or voided)


def targets_from(name: str | None, known: Mapping[str, StatementRecord]) -> list[Keys]:
    """The keys of a statement and of all that it refers to, as far as they are known."""
    targets: list[Keys] = []
    followed: set[str] = set()
    while name is not None and name in known and name not in followed and len(targets) < MOST_TARGETS:
        followed.add(name)
        found = known[name]
        targets += (found.keys, *found.targets)
        name = found.refers_to
    return targets


def with_targets(found: StatementRecord, targets: Sequence[Keys]) -> StatementRecord | None:
    """The statement with these targets too, as far as there is room; None: it has them."""
    kept: list[Keys] = []
    size = 0
    for keys in list(dict.fromkeys((*found.targets, *targets)))[:MOST_TARGETS]:
        size += len(keys.related_agents) + len(keys.related_activities)
        if kept and size > MOST_TARGET_KEYS:
            break
        kept.append(keys)
    every = tuple(kept)
    return None if every == found.targets else replace(found, targets=every)
