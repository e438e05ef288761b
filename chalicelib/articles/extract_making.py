"""Large extracts: made in the background as an object of the bucket, part by part, for whoever asks again.

    asked for ──1──> record, message ──2──> upload begun ──3──> part, checkpoint ──…──> all parts ──4──> done
                                                  ^────────── another invocation ──────────┘

Every arrow with a number is one write of the record under the version that was read, so of two makers one stops. The
stamp names the state of the file: once that changes, what was made is not shown any more, and is made anew.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from chalicelib.articles.extracts import FORMS, HELD, Extracts
from chalicelib.errors import NotFound, StillRunning, Unavailable
from chalicelib.ledger.commands import DRAW, maintenance_message
from chalicelib.ledger.delta_files import find_file
from chalicelib.ledger.states import WAITING
from chalicelib.ports.blobs import BlobNotFound, Blobs
from chalicelib.ports.clock import Clock
from chalicelib.ports.ledger import Conflict, Delete, Ledger, Put
from chalicelib.ports.ledger_records import Extract, ExtractKind, File
from chalicelib.ports.queue import Queue
from chalicelib.ports.uploads import LEAST_PART, UploadGone, Uploads

SMALL_PAGES = 100
"""A file of so many pages is answered for at once, as far as the answer is not too large."""

SMALL_BYTES = 16 * 1024 * 1024
"""As long as no more bytes have to be read for it."""

LINK_SECONDS = 3600
"""How long a link holds; whoever asks again gets another."""

KEPT_SECONDS = 6 * 86_400.0  # the bucket keeps extracts for seven days
LEASE_SECONDS = 120.0  # whoever asks when there was no checkpoint for so long has the work taken up again
PART_BYTES = max(LEAST_PART, 8 * 1024 * 1024)

_NAMES: dict[ExtractKind, str] = {"results": "results.ndjson", "failed": "failed.json"}
_MEDIA_TYPES: dict[ExtractKind, str] = {"results": "application/x-ndjson", "failed": "application/json"}


@dataclass(frozen=True)
class Link:
    """An address under which an extract can be read, how many bytes it has, and until when."""

    url: str
    size: int
    until: float


class ExtractMaker:
    """Gives extracts of files: at once where they are small, else by a link once they are made."""

    def __init__(
        self,
        ledger: Ledger,
        extracts: Extracts,
        uploads: Callable[[], Uploads],
        blobs: Blobs,
        queue: Queue,
        clock: Clock,
    ) -> None:
        """`uploads` is asked for only where an extract is large."""
        self._ledger, self._extracts, self._uploads = ledger, extracts, uploads
        self._blobs, self._queue, self._clock = blobs, queue, clock

    def draw(self, n: int, kind: ExtractKind, most_bytes: int) -> bytes | Link | None:
        """The extract itself, or a link to it; None: it is being made.

        Raises `NotFound`; `StillRunning` for a file that is not read yet, or that is large and has entries that wait;
        `Unavailable`.
        """
        control = self._ledger.control()
        found = find_file(self._ledger, n, control)
        if found is None:
            raise NotFound("Delta file", str(n))
        file = found.file
        if not file.ended and file.stage != "sending":
            raise StillRunning(str(n))
        if file.pages <= SMALL_PAGES and self._extracts.span(file) <= SMALL_BYTES:
            data = self._extracts.whole(kind, file, most_bytes)
            if data is not None:
                return data
        if not file.ended or any(found.counts[letter] for letter in WAITING):
            raise StillRunning(str(n))
        if kind == "failed" and any(found.counts[letter] for letter in HELD):
            self._extracts.check_kept(file)
        return self._large(file, kind)

    def make(self, n: int, kind: ExtractKind, spare: Callable[[], float]) -> bool:
        """Goes on making an extract until it is done or no time is left; returns whether nothing is left to do."""
        extract = self._ledger.extract(n, kind)
        found = self._ledger.file(n)
        if extract is None or extract.done or found is None:
            return True
        try:
            if extract.stamp != self._stamp(n):
                self._drop(extract)  # whoever asks next has it made of what the file is then
                return True
            return self._go_on(extract, found[0], spare)
        except (UploadGone, BlobNotFound):
            self._begin_anew(n, kind)
            return True
        except NotFound:  # the bytes of the file are gone: whoever asks next is told
            self._forget(n, kind)
            return True
        except Conflict:
            return True  # another maker is at it

    def _forget(self, n: int, kind: ExtractKind) -> None:
        extract = self._ledger.extract(n, kind)
        if extract is not None:
            with suppress(Conflict):  # somebody asked at this moment
                self._drop(extract)

    def _begin_anew(self, n: int, kind: ExtractKind) -> None:
        """What was stored is gone: whoever asks next has it made from the beginning."""
        extract = self._ledger.extract(n, kind)
        if extract is not None and not extract.done:
            self._store(Extract(n, kind, extract.stamp, version=extract.version), seconds=0.0)

    def _large(self, file: File, kind: ExtractKind) -> Link | None:
        stamp, now = self._stamp(file.n), self._clock.now()
        extract = self._ledger.extract(file.n, kind)
        asked = Extract(file.n, kind, stamp, version=extract.version if extract else 0)
        if extract is not None and extract.stamp == stamp and extract.lease_until > now:
            return self._link(extract) if extract.done else None
        if extract is not None and not extract.done:
            if extract.stamp == stamp:
                asked = extract
            elif extract.upload:
                self._uploads().give_up(extract.key, extract.upload)
        with suppress(Conflict):  # somebody asked at this moment
            self._store(asked)
            with suppress(Unavailable):  # whoever asks after the lease sends it again
                self._queue.send(maintenance_message(DRAW[kind], file.n))
        return None

    def _link(self, extract: Extract) -> Link:
        name = f"delta-file-{extract.n}-{_NAMES[extract.kind]}"
        url = self._uploads().link(extract.key, name, LINK_SECONDS)
        return Link(url, extract.size, self._clock.now() + LINK_SECONDS)

    def _go_on(self, extract: Extract, file: File, spare: Callable[[], float]) -> bool:
        uploads, form = self._uploads(), FORMS[extract.kind]
        if not extract.upload:
            upload = uploads.begin(extract.key, _MEDIA_TYPES[extract.kind])
            extract = self._store(replace(extract, upload=upload))
        data = bytearray(b"".join(self._blobs.read(extract.rest_key)) if extract.rest else b"")
        for page, lines in self._extracts.lines(extract.kind, file, extract.next_page):
            data += form.part(lines, bool(extract.size or data))
            if len(data) >= PART_BYTES:
                extract = self._checkpoint(extract, data, page)
                data = bytearray()
            if spare() <= 0:
                self._keep(extract, data, page)
                return False
        if extract.next_page <= file.pages:  # beyond it, all parts are stored
            data += form.end(bool(extract.size or data))
            extract = self._checkpoint(extract, data, file.pages + 1)
        uploads.complete(extract.key, extract.upload, extract.parts, extract.size)
        if extract.stamp != self._stamp(extract.n):
            self._drop(extract)  # entries moved while it was made
        else:
            self._store(replace(extract, done=True), KEPT_SECONDS)
        return True

    def _checkpoint(self, extract: Extract, data: bytearray, page: int) -> Extract:
        parts = extract.parts
        if data:
            parts += 1
            self._uploads().put_part(extract.key, extract.upload, parts, bytes(data))
        return self._store(
            replace(extract, parts=parts, size=extract.size + len(data), rest=0, next_page=page)
        )

    def _keep(self, extract: Extract, data: bytearray, page: int) -> None:
        """Notes how far a maker came that has no time left: few lines may be drawn of very many pages."""
        kept = replace(extract, rest=len(data), next_page=page)
        if data:
            self._blobs.put(kept.rest_key, bytes(data))
        self._store(kept)

    def _stamp(self, n: int) -> str:
        """Another one whenever an entry of an ended file has moved."""
        found, control = self._ledger.file(n), self._ledger.control()
        return f"{found[1].version if found else 0}-{control.epoch}"

    def _store(self, extract: Extract, seconds: float = LEASE_SECONDS) -> Extract:
        leased = replace(extract, lease_until=self._clock.now() + seconds)
        self._ledger.commit(Put(leased))
        return replace(leased, version=extract.version + 1)

    def _drop(self, extract: Extract) -> None:
        if extract.upload:
            self._uploads().give_up(extract.key, extract.upload)
        self._ledger.commit(Delete(extract))
