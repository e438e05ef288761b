"""Accepting files: numbers are given in one transaction with the record of the request; all else follows from it.

read control ─> commit(control.seq + k, request)  ─> wake-up message
                 crash before: nothing happened      crash before: the sweep wakes the file worker
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from chalicelib.errors import Unavailable, WriteConflict
from chalicelib.ports.blobs import Blobs
from chalicelib.ports.clock import Clock
from chalicelib.ports.ledger import Change, Conflict, Ledger, Put
from chalicelib.ports.ledger_records import Announcement, File, Request, Upload
from chalicelib.ports.queue import Message, OrderedQueue

FILE_GROUP = "files"
"""The message group of all wake-ups but the sweep's: they make one file worker after the other."""

_TRIES = 40
_CONTROL, _REQUEST = 0, 1
_CALL = "call"  # in the place of an object's key: those begin with `delta/`

Marks = Sequence[tuple[str, str]]
"""What is accepted once: keys and versions of objects, or the ids of calls."""


def wake_file_worker(queue: OrderedQueue, reason: str, group: str = FILE_GROUP) -> bool:
    """Sends the file worker a wake-up; False for one that may be lost: the sweep makes up for it."""
    try:
        return all(queue.send([Message(json.dumps({"v": 1, "wake": reason}), group, f"wake-{reason}")]))
    except Unavailable:
        return False


class Acceptance:
    """Takes files in, in an order that every later step keeps."""

    def __init__(
        self,
        ledger: Ledger,
        queue: OrderedQueue,
        clock: Clock,
        new_id: Callable[[], str],
        jitter: Callable[[], float],
    ) -> None:
        """`new_id` makes random names; `jitter` gives seconds to wait before another try."""
        self._ledger, self._queue, self._clock = ledger, queue, clock
        self._new_id, self._jitter = new_id, jitter

    def accept_urls(self, urls: Sequence[str], strict: bool, write_id: str | None = None) -> list[int]:
        """Accepts files by URL, in that order; returns their numbers.

        `write_id`: the same in every run of one call; where an earlier run has accepted the files, nothing is done and
        returned. Raises `WriteConflict`, `Unavailable`.
        """
        request = Request(0, write_id or self._new_id(), tuple(urls), strict, self._clock.now())
        return self._accept(request, () if write_id is None else ((_CALL, write_id),))

    def accept_object(self, blobs: Blobs, bucket: str, key: str, version_id: str, strict: bool) -> list[int]:
        """Accepts a version of an object of the bucket, once however often it is announced.

        Versions of the key that were written before it and not announced yet are accepted first, in order.
        Returns the numbers given now. Raises `WriteConflict`, `Unavailable`.
        """
        accepted = []
        for version in self._unannounced(blobs, key, version_id):
            request = Request(
                0, self._new_id(), (f"s3://{bucket}/{key}",), strict, self._clock.now(), ((key, version),)
            )
            accepted += self._accept(request, request.objects)
        return accepted

    def accept_body(self, name: str, key: str, strict: bool) -> File:
        """Accepts a file whose bytes were stored under a key of its own; once more it is the same file.

        Raises `WriteConflict`, `Unavailable`.
        """
        found = self._ledger.announcement(key, "")
        if found is None:
            mark = (key, "")
            request = Request(0, self._new_id(), (name,), strict, self._clock.now(), (mark,))
            if numbers := self._accept(request, (mark,)):
                return File(numbers[0], name, strict, request.accepted_at, mark)
            found = self._ledger.announcement(key, "")  # another run of the same call was faster
        if found is None:
            raise WriteConflict("acceptance", "of files")
        return File(found.n, name, strict, self._clock.now(), (key, ""))

    def accept_upload(self, id: str, key: str, version_id: str) -> list[int]:
        """Accepts what was uploaded with that leave, the first time that something comes; returns its number.

        What comes again, or without leave, is left alone. Raises `WriteConflict`, `Unavailable`.
        """
        upload = self._ledger.upload(id)
        if upload is None or upload.n or upload.withdrawn:
            return []
        request = Request(
            0, self._new_id(), (upload.name,), upload.strict, self._clock.now(), ((key, version_id),)
        )
        return self._accept(request, request.objects, upload)

    def _unannounced(self, blobs: Blobs, key: str, version_id: str) -> list[str]:
        if self._ledger.announcement(key, version_id):
            return []
        versions = [version.version_id for version in blobs.versions(key)]
        if version_id not in versions:
            return [version_id]  # removed since: the fetch says so on record
        older: list[str] = []
        for version in versions[versions.index(version_id) :]:
            if self._ledger.announcement(key, version):
                break
            older.append(version)
        return older[::-1]

    def _accept(self, request: Request, announced: Marks, upload: Upload | None = None) -> list[int]:
        for _ in range(_TRIES):
            control = self._ledger.control()
            numbers = list(range(control.seq + 1, control.seq + 1 + len(request.names)))
            request = replace(request, first=numbers[0])
            changes: list[Change] = [Put(replace(control, seq=numbers[-1])), Put(request)]
            changes += [Put(Announcement(key, version, numbers[0])) for key, version in announced]
            changes += [Put(replace(upload, n=numbers[0]))] if upload else []
            try:
                self._ledger.commit(*changes)
            except Conflict as conflict:
                if not conflict.lost & {_CONTROL, _REQUEST}:
                    return []  # accepted before, by another intake or an earlier run, or taken back
                self._clock.sleep(self._jitter())
                if self._announced(announced):
                    return []
                continue
            except Unavailable:
                if not self._happened(request):
                    raise
            wake_file_worker(self._queue, str(numbers[-1]))
            return numbers
        raise WriteConflict("acceptance", "of files")

    def _announced(self, announced: Marks) -> bool:
        return any(self._ledger.announcement(key, version) for key, version in announced)

    def _happened(self, request: Request) -> bool:
        """Whether the commit without an answer took place: then the request bears our id."""
        stored = self._ledger.request_of(request.first)
        return stored is not None and stored.id == request.id
