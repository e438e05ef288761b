"""What this process told the registries not long ago, so that what statements repeat costs no call."""

from collections.abc import Iterator
from itertools import islice

from chalicelib.lrs.registries.entries import Told

MOST_KNOWN = 50_000  # about 10 MB
# What a job deleted, or another process told otherwise meanwhile, is told again after this time.
SECONDS_KNOWN = 300


class Memory:
    """A bounded memory: hash of a subject and a facet's name → hash of the facet's value, and when it was told.

    Python's hashes are 64 bits with a secret of the process. Two that met would keep one entry from being told for
    the time that the other is known: a chance of one to ten thousand million in a full memory.
    """

    def __init__(self, most: int = MOST_KNOWN) -> None:
        self._most = most
        self._told: dict[int, tuple[int, int]] = {}

    def knows(self, told: Told, at: int) -> bool:
        """Whether the registries were told all of this within the last minutes (`at`: microseconds)."""
        oldest = at - SECONDS_KNOWN * 1_000_000
        subject, told_lately = told.subject, self._told
        found = told_lately.get(hash(subject))
        if found is None or found[1] < oldest:
            return False
        for name, value in told.facets:
            found = told_lately.get(hash((subject, name)))
            if found is None or found[0] != hash(value) or found[1] < oldest:
                return False
        return True

    def heard_of(self, told: Told) -> bool:
        """Whether anything was told of the same subject."""
        return hash(told.subject) in self._told

    def remember(self, told: Told, at: int) -> None:
        """The registries were told this."""
        for facet, value in _facets(told):
            self._told.pop(facet, None)  # what is told anew is forgotten last
            self._told[facet] = (value, at)
        surplus = len(self._told) - self._most
        if surplus > 0:
            for facet in list(islice(self._told, surplus)):
                self._told.pop(facet, None)

    def clear(self) -> None:
        """Forgets all: something was deleted."""
        self._told.clear()


def _facets(told: Told) -> Iterator[tuple[int, int]]:
    subject = told.subject
    yield hash(subject), 0
    for name, value in told.facets:
        yield hash((subject, name)), hash(value)
