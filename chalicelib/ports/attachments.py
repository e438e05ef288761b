"""What is known of the attachments of a store: who holds their bytes at this moment, and whether they are freed.

One record per store and content (SHA-256 in lower-case hex). Times are microseconds since 1970. docs/record-store.md
has the steps and what a crash between any two leaves behind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

PART = "The attachment store"
"""Its name in errors and in the log, whoever finds that it does not answer."""


@dataclass(frozen=True)
class AttachmentRecord:
    """The record of one content.

    `generation`: names its object; one that was begun to be freed and is wanted again gets a new one, so that a late
    deletion never hits bytes that are needed. `stored`: the object of this generation is there, `size` bytes of it.
    `claims`: batch → until when it holds the bytes, whatever refers to them. `freeing`: who frees them, until
    `freeing_until`; no claim is taken meanwhile. `leftovers`: generations whose objects are still to be deleted.
    `wanted`: freeing was asked for while a claim stood. `due`: when the sweep should look at it. `revision` rises
    with every change.
    """

    store: str
    sha256: str
    generation: str
    stored: bool = False
    size: int = 0
    claims: Mapping[str, int] = field(default_factory=dict)
    freeing: str | None = None
    freeing_until: int = 0
    leftovers: tuple[str, ...] = ()
    wanted: bool = False
    due: int | None = None
    revision: int = 1


class AttachmentRecords(Protocol):
    """Every call is one conditional write or consistent read; raises `Unavailable` without an answer."""

    def get_many(self, store: str, sha256s: Sequence[str]) -> dict[str, AttachmentRecord]:
        """The records of these contents; absent ones are left out."""
        ...

    def claim(
        self, store: str, sha256: str, batch: str, lease_until: int, generation: str
    ) -> AttachmentRecord:
        """Adds the claim, and `due` at its end, unless the content is being freed; the record as it is then.

        Where there is no record one is made, of this generation. The same claim again changes only its lease.
        """
        ...

    def mark_stored(self, store: str, sha256: str, batch: str, generation: str, size: int) -> bool:
        """Notes that the object is there. False: this batch has no claim, or the generation is freed or replaced."""
        ...

    def release(self, store: str, sha256: str, batch: str) -> None:
        """Takes the claim away, and `due` where nothing else is to be done; nothing where there is no such claim."""
        ...

    def replace(self, record: AttachmentRecord) -> AttachmentRecord | None:
        """Writes the record over its `revision`, as the next one; None where it changed or is gone."""
        ...

    def remove(self, record: AttachmentRecord) -> bool:
        """Deletes the record if it still has this `revision`."""
        ...

    def due(self, before: int, limit: int) -> list[AttachmentRecord]:
        """Up to `limit` records of all stores with `due` before that time; as an index shows them, a little late."""
        ...
