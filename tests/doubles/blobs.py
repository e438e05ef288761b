"""A versioned bucket in memory."""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chalicelib.ports.blobs import BlobNotFound, ObjectState, ObjectVersion

CHUNK = 1024 * 1024


@dataclass(frozen=True)
class _Stored:
    version_id: str
    data: bytes | None
    """None: a delete marker."""
    note: str = ""


class MemoryBlobs:
    """Stands in for `ports.blobs.Blobs`; `put` and `delete` are what people do to the bucket."""

    def __init__(self, chunk: int = CHUNK) -> None:
        self._chunk = chunk
        self._objects: dict[str, list[_Stored]] = {}
        self._ids = itertools.count(1)

    def put(self, key: str, data: bytes) -> str:
        """Stores a new version; its id."""
        return self._store(key, data)

    def delete(self, key: str) -> None:
        """Lays a delete marker over the versions."""
        self._store(key, None)

    @property
    def keys(self) -> list[str]:
        """The keys under which something is stored now, in order."""
        return sorted(key for key, stored in self._objects.items() if stored[-1].data is not None)

    def read(self, key: str, version_id: str = "") -> Iterator[bytes]:
        data = self._data(key, version_id)
        for at in range(0, len(data), self._chunk):
            yield data[at : at + self._chunk]

    def read_range(self, key: str, start: int, end: int) -> bytes:
        return self._data(key)[start:end]

    def size(self, key: str) -> int | None:
        stored = self._objects.get(key)
        data = stored[-1].data if stored else None
        return None if data is None else len(data)

    def write_once(self, key: str, chunks: Iterable[bytes]) -> int:
        size = self.size(key)
        if size is not None:
            return size
        data = b"".join(chunks)
        size = self.size(key)  # another writer may have come first meanwhile
        if size is not None:
            return size
        self._store(key, data)
        return len(data)

    def state(self, key: str) -> ObjectState | None:
        stored = self._objects.get(key, [])[-1:]
        if not stored or stored[0].data is None:
            return None
        return ObjectState(len(stored[0].data), stored[0].version_id, stored[0].note)

    def replace(self, key: str, chunks: Iterable[bytes], over: str | None, note: str = "") -> bool:
        data = b"".join(chunks)
        found = self.state(key)  # another writer may have come meanwhile
        if (None if found is None else found.tag) != over:
            return False
        self._store(key, data, note)
        return True

    def versions(self, key: str) -> list[ObjectVersion]:
        return [
            ObjectVersion(key, stored.version_id, len(stored.data))
            for stored in reversed(self._objects.get(key, []))
            if stored.data is not None
        ]

    def _store(self, key: str, data: bytes | None, note: str = "") -> str:
        version_id = f"v{next(self._ids)}"
        self._objects.setdefault(key, []).append(_Stored(version_id, data, note))
        return version_id

    def _data(self, key: str, version_id: str = "") -> bytes:
        stored = self._objects.get(key, [])
        found = [item for item in stored if item.version_id == version_id] if version_id else stored[-1:]
        if not found or found[0].data is None:
            raise BlobNotFound(key)
        return found[0].data
