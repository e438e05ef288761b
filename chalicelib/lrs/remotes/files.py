"""JSON lines in the bucket: `files/{prefix_}{service}_{store}.jsonl`, one item a line.

S3 has no append. A run writes each page as an object of its own, under a name that run and page make, so that a page
written twice stands there once; at its end the pages are put behind the file in one replacement of it. A file whose
end is these pages has them already.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from chalicelib.errors import Unavailable
from chalicelib.jobs.run_type import RunFailed
from chalicelib.lrs import strict_json
from chalicelib.lrs.remotes.records import item_of, record_of, stored_of
from chalicelib.lrs.remotes.shape import Item, Json, Remote, RemotePage, Target
from chalicelib.ports.blobs import Blobs

FOLDER = "files/"  # nothing else of the bucket can be named by a connection
PART = "The bucket"
PER_PAGE = 200  # lines
CHUNK_BYTES = 1024 * 1024
LARGEST_LINE = 64 * 1024 * 1024
COPIED_BYTES = 8 * 1024 * 1024


def file_key(prefix: str, service: str, store: str) -> str:
    """The key of the file; what a prefix ends with parts it from the name, or an underscore does."""
    between = "" if not prefix or prefix[-1] in "/_-." else "_"
    return f"{FOLDER}{prefix}{between}{service}_{store}.jsonl"


class RemoteFiles(Remote):
    """The files under a prefix. Two jobs that write the same file should not run at the same time."""

    def __init__(self, blobs: Blobs, prefix: str) -> None:
        self._blobs, self._prefix = blobs, prefix

    def page(self, service: str, store: str, position: Json | None, cutoff: int) -> RemotePage:
        key = file_key(self._prefix, service, store)
        at = int(str(position["offset"])) if position is not None else 0
        size = self._blobs.size(key) or 0
        if size < at:  # another file has its place
            at = 0
        lines = self._lines(key, at, size)
        items: list[Item] = []
        for line in lines[:PER_PAGE]:
            item = _item(line, at)
            stored = stored_of(item)
            if stored is not None and stored > cutoff:
                return RemotePage(items, {"offset": at}, True)
            if line.strip():
                items.append(item)
            at += len(line)
        return RemotePage(items, {"offset": at}, at >= size)

    def write(self, target: Target, number: int, items: Sequence[Item]) -> list[str]:
        lines = [json.dumps(record_of(item), ensure_ascii=False, separators=(",", ":")) for item in items]
        self._blobs.put(self._part(target, number), "".join(f"{line}\n" for line in lines).encode())
        return []

    def end(self, target: Target, pages: int) -> None:
        key = file_key(self._prefix, target.service, target.store)
        parts = [self._part(target, number) for number in range(pages)]
        sizes = [self._blobs.size(part) for part in parts]
        if parts and sizes[0] is not None:  # the first goes first, once all are in the file
            known = [size for size in sizes if size is not None]
            if len(known) < len(sizes):
                raise RunFailed(
                    "Pages of this run are missing in the bucket; send replay to write them again."
                )
            if not self._ends_with(key, parts, known):
                self._blobs.replace(key, self._joined(key, parts))
        for part in parts:
            self._blobs.delete(part)

    def _lines(self, key: str, at: int, size: int) -> list[bytes]:
        """The lines that begin at a place, one at least where there is one; the last one perhaps without its end."""
        wanted = CHUNK_BYTES
        while True:
            data = self._blobs.read_range(key, at, min(at + wanted, size)) if at < size else b""
            if at + len(data) < size:
                if len(data) < min(wanted, size - at):
                    raise Unavailable(PART, "the file changed while it was read")
                data = data[: data.rfind(b"\n") + 1]
            if data or at >= size:
                return _split(data)
            if wanted >= LARGEST_LINE:
                raise RunFailed(f"The line at byte {at} of {key} is longer than {LARGEST_LINE} bytes.")
            wanted = min(wanted * 4, LARGEST_LINE)

    def _part(self, target: Target, number: int) -> str:
        return f"{file_key(self._prefix, target.service, target.store)}.{target.run}.{number:08d}"

    def _ends_with(self, key: str, parts: Sequence[str], sizes: Sequence[int]) -> bool:
        """Whether the pages stand at the end of the file already: all of it is compared, page by page."""
        at = (self._blobs.size(key) or 0) - sum(sizes)
        if at < 0:
            return False
        for part, size in zip(parts, sizes, strict=True):
            if self._blobs.read_range(key, at, at + size) != self._blobs.read_range(part, 0, size):
                return False
            at += size
        return True

    def _joined(self, key: str, parts: Sequence[str]) -> Iterator[bytes]:
        size = self._blobs.size(key) or 0
        last = b"\n"
        for at in range(0, size, COPIED_BYTES):
            chunk = self._blobs.read_range(key, at, min(at + COPIED_BYTES, size))
            last = chunk[-1:]
            yield chunk
        if last != b"\n":
            yield b"\n"
        for part in parts:
            yield from self._blobs.read(part)


def _split(data: bytes) -> list[bytes]:
    """Lines with their ends, which are LF alone; `splitlines` would take a CR for one too."""
    *lines, rest = data.split(b"\n")
    return [line + b"\n" for line in lines] + ([rest] if rest else [])


def _item(line: bytes, at: int) -> Item:
    place = f"The line at byte {at}"
    try:
        value = strict_json.parse_bytes(line) if line.strip() else {}
    except strict_json.InvalidJson as error:
        return Item(place, fault=f"cannot be used: {error.reason}")
    return item_of(value, place)
