"""Bytes: delta files as people drop them, the snapshots that every retry reads, attachments and large documents."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class ObjectVersion:
    """One version of an object; `version_id` is empty in a store that keeps no versions."""

    key: str
    version_id: str
    size: int


@dataclass(frozen=True)
class ObjectState:
    """An object as it is now. `tag`: changes with its content; `note`: what its writer left with it."""

    size: int
    tag: str
    note: str = ""


class BlobNotFound(Exception):
    """No such object (or no such version)."""


class Blobs(Protocol):
    """One bucket. Every call raises `Unavailable` when the store does not answer."""

    def read(self, key: str, version_id: str = "") -> Iterator[bytes]:
        """The bytes in chunks of at most 1 MiB. Raises `BlobNotFound` before the first chunk."""
        ...

    def read_range(self, key: str, start: int, end: int) -> bytes:
        """Bytes `start` to `end` (exclusive). Raises `BlobNotFound`."""
        ...

    def size(self, key: str) -> int | None:
        """Its size in bytes, None where there is none."""
        ...

    def write_once(self, key: str, chunks: Iterable[bytes]) -> int:
        """Stores the chunks (streamed, memory bounded) unless the key exists; the first writer wins.

        Returns the size of what is stored under the key. If `chunks` raises, nothing is stored and it is raised on.
        """
        ...

    def put(self, key: str, data: bytes) -> object:
        """Stores these bytes, whatever was under the key before; what it returns says nothing."""
        ...

    def state(self, key: str) -> ObjectState | None:
        """What is under the key now, None where there is nothing."""
        ...

    def replace(self, key: str, chunks: Iterable[bytes], over: str | None, note: str = "") -> bool:
        """Stores the chunks (streamed, memory bounded) with a note, at once or not at all, over what was read.

        `over`: the tag of the object that is replaced; None: there is none. False: that is not so any more, and
        nothing is changed. `note`: up to 1,000 ASCII characters. If `chunks` raises, nothing is changed and it is
        raised on.
        """
        ...

    def delete(self, key: str) -> None:
        """Takes the object away; nothing where there is none. A versioned bucket keeps its old version for a while."""
        ...

    def versions(self, key: str) -> list[ObjectVersion]:
        """All versions of exactly this key, newest first, delete markers left out."""
        ...
