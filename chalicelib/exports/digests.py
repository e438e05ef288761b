"""SHA-256 of files that are written part by part: as they are written, or read again where another process wrote."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash

FILES = 4  # that one process has digests of


class Digests:
    """Digests that this process has begun, of the last few files. A digest cannot leave its process."""

    def __init__(self) -> None:
        self._begun: OrderedDict[str, tuple[int, _Hash]] = OrderedDict()

    def add(self, key: str, start: int, data: bytes | bytearray) -> None:
        """Bytes of a file from `start` on; of use where all before them were added here too, each once."""
        done, digest = self._begun.get(key, (0, None))
        if start == 0:
            done, digest = 0, hashlib.sha256()
        if digest is None or done != start:
            return
        digest.update(data)
        self._begun[key] = (done + len(data), digest)
        self._begun.move_to_end(key)
        if len(self._begun) > FILES:
            self._begun.popitem(last=False)

    def done(self, key: str) -> int:
        """How many bytes from the start the digest of a file has."""
        return self._begun.get(key, (0, None))[0]

    def of(self, key: str, size: int) -> str | None:
        """The digest of a file of so many bytes, in hexadecimal digits; None: some are not in it."""
        if size == 0:
            return hashlib.sha256().hexdigest()
        done, digest = self._begun.get(key, (0, None))
        return digest.hexdigest() if digest is not None and done == size else None
