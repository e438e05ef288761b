"""Up to when the changes of articles have been exported, per format, mapping and filter; and are not known any more."""

from typing import Protocol

PURGED = "purged"
"""The key of the time up to which deletions may be forgotten: marks from before it have been purged."""


class ExportBaselines(Protocol):
    """A time (microseconds since 1970) per key. Reads are strongly consistent. Every call raises `Unavailable`."""

    def get(self, key: str) -> int | None:
        """The time of a key; None: there is none."""
        ...

    def advance(self, key: str, time: int) -> None:
        """Moves the time of a key forward; one that is further already stays."""
        ...
