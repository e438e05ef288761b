"""JSON lines in the bucket: `files/{prefix_}{service}_{store}.jsonl`, one item a line.

S3 has no append. A run writes each page as an object of its own, under a name that run and page make, so that a page
written twice stands there once; at its end the pages are put behind the file in one replacement of it, on condition
that nobody else replaced the file since it was read. The file notes the runs that were joined last: who comes again
after a lost answer, or a crash, finds that its pages are there.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

from chalicelib.errors import Unavailable
from chalicelib.jobs.run_type import RunFailed
from chalicelib.lrs import strict_json
from chalicelib.lrs.remotes.records import item_of, record_of, stored_of
from chalicelib.lrs.remotes.shape import MOST_VALUES, Item, Json, Remote, RemotePage, Target
from chalicelib.ports.blobs import Blobs, ObjectState

FOLDER = "files/"  # nothing else of the bucket can be named by a connection
PARTS_FOLDER = "push-parts/"  # pages that are not joined yet; what a dead run leaves here, the bucket deletes
PART = "The bucket"
TRIES = 5  # at a file that others replace at the same moment
MOST_NOTED = 20  # runs
PER_PAGE = 200  # lines
CHUNK_BYTES = 1024 * 1024
LARGEST_LINE = 64 * 1024 * 1024
COPIED_BYTES = 8 * 1024 * 1024


def file_key(prefix: str, service: str, store: str) -> str:
    """The key of the file; what a prefix ends with parts it from the name, or an underscore does."""
    between = "" if not prefix or prefix[-1] in "/_-." else "_"
    return f"{FOLDER}{prefix}{between}{service}_{store}.jsonl"


class RemoteFiles(Remote):
    """The files under a prefix; of jobs that write the same file at the same time, each adds its own lines."""

    def __init__(self, blobs: Blobs, prefix: str, keep: Callable[[], None] = lambda: None) -> None:
        self._blobs, self._prefix, self._keep = blobs, prefix, keep

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
        for _ in range(TRIES):
            file = self._blobs.state(key)
            if target.run in _joined_before(file) or not self._are_there(parts):
                break
            over = None if file is None else file.tag
            size = 0 if file is None else file.size
            note = " ".join([*_joined_before(file), target.run][-MOST_NOTED:])
            if self._blobs.replace(key, self._joined(key, size, parts), over, note):
                break
        else:
            raise Unavailable(PART, "others kept writing the file")
        self.abandon(target, pages)

    def abandon(self, target: Target, pages: int) -> None:
        for number in range(pages):
            self._keep()
            self._blobs.delete(self._part(target, number))

    def _are_there(self, parts: Sequence[str]) -> bool:
        """Whether the pages are to be joined. The first goes first, once all are in the file."""
        there = [self._is_there(part) for part in parts]
        if not parts or not there[0]:
            return False
        if not all(there):
            raise RunFailed("Pages of this run are missing in the bucket; send replay to write them again.")
        return True

    def _is_there(self, key: str) -> bool:
        self._keep()
        return self._blobs.size(key) is not None

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
        name = file_key(self._prefix, target.service, target.store).removeprefix(FOLDER)
        return f"{PARTS_FOLDER}{name}.{target.run}.{number:08d}"

    def _joined(self, key: str, size: int, parts: Sequence[str]) -> Iterator[bytes]:
        """The file as it was with the pages behind it; if it changes meanwhile, it is not replaced."""
        last = b"\n"
        for at in range(0, size, COPIED_BYTES):
            self._keep()
            chunk = self._blobs.read_range(key, at, min(at + COPIED_BYTES, size))
            last = chunk[-1:] or last
            yield chunk
        if last != b"\n":
            yield b"\n"
        for part in parts:
            self._keep()
            yield from self._blobs.read(part)


def _joined_before(file: ObjectState | None) -> list[str]:
    """The runs that were joined last, the latest at the end."""
    return [] if file is None else file.note.split()


def _split(data: bytes) -> list[bytes]:
    """Lines with their ends, which are LF alone; `splitlines` would take a CR for one too."""
    *lines, rest = data.split(b"\n")
    return [line + b"\n" for line in lines] + ([rest] if rest else [])


def _item(line: bytes, at: int) -> Item:
    place = f"The line at byte {at}"
    try:
        value = strict_json.parse_bytes(line, most_values=MOST_VALUES) if line.strip() else {}
    except strict_json.InvalidJson as error:
        return Item(place, fault=f"cannot be used: {error.reason}")
    return item_of(value, place)
