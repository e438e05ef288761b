"""What this process told the registries not long ago, so that what statements repeat costs no call."""

import hashlib
from itertools import islice

from chalicelib.lrs.registries.entries import Told

MOST_KNOWN = 50_000  # about 10 MB
# What a job deleted, or another process told otherwise meanwhile, is told again after this time.
SECONDS_KNOWN = 300


class Known:
    """A bounded memory of facets: digest of the entry and the facet's name → digest of its value, and when."""

    def __init__(self, most: int = MOST_KNOWN) -> None:
        self._most = most
        self._told: dict[bytes, tuple[bytes, int]] = {}

    def knows(self, told: Told, at: int) -> bool:
        """Whether the registries were told all of this within the last minutes (`at`: microseconds)."""
        oldest = at - SECONDS_KNOWN * 1_000_000
        for facet, value in _facets(told):
            found = self._told.get(facet)
            if found is None or found[0] != value or found[1] < oldest:
                return False
        return True

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


def _facets(told: Told) -> list[tuple[bytes, bytes]]:
    entry = told.entry
    name = f"{entry.store}\n{entry.registry}\n{entry.key}\n"
    return [
        (_digest(name), b""),
        *((_digest(name + facet), _digest(value) if value else b"") for facet, value in told.facets),
    ]


def _digest(text: str) -> bytes:
    # a lone half of a surrogate pair, which an unchecked statement may hold, has a digest too
    return hashlib.blake2b(text.encode(errors="surrogatepass"), digest_size=16).digest()
