"""Uploads part by part to a bucket in memory."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from chalicelib.ports.uploads import LEAST_PART, UploadGone
from tests.doubles.blobs import MemoryBlobs


@dataclass
class MemoryUploads:
    """An `Uploads` over a `MemoryBlobs`; `open`: parts of the uploads that are neither completed nor given up.

    `least_part`: bytes of every part but the last; tests of small files set less than S3 does.
    """

    blobs: MemoryBlobs
    least_part: int = LEAST_PART
    open: dict[str, dict[int, bytes]] = field(default_factory=dict)
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def begin(self, key: str, media_type: str) -> str:
        upload = f"upload-{next(self._ids)}"
        self.open[upload] = {}
        return upload

    def put_part(self, key: str, upload: str, number: int, data: bytes | bytearray) -> None:
        assert data, "S3 takes no empty part"
        self._parts(upload)[number] = bytes(data)

    def complete(self, key: str, upload: str, parts: int, size: int) -> None:
        if not parts:
            self.blobs.put(key, b"")
            self.give_up(key, upload)
            return
        try:
            found = self._parts(upload)
            stored = [found[number] for number in sorted(found)]
            if any(len(part) < self.least_part for part in stored[:-1]):
                raise UploadGone(upload)
            if len(stored) != parts or sum(map(len, stored)) != size:
                raise UploadGone(upload)
        except UploadGone:
            if self.blobs.size(key) != size:
                raise
            return
        self.blobs.put(key, b"".join(stored))
        del self.open[upload]

    def give_up(self, key: str, upload: str) -> None:
        self.open.pop(upload, None)

    def link(self, key: str, name: str, seconds: int) -> str:
        return f"https://bucket.example.com/{key}?name={name}&seconds={seconds}"

    def _parts(self, upload: str) -> dict[int, bytes]:
        if upload not in self.open:
            raise UploadGone(upload)
        return self.open[upload]
