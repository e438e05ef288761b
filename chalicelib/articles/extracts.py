"""What is drawn from a delta file that was sent: its results, one line an entry; and those of its entries that failed,
as a delta file that can be sent again as it is.

Both are read from where the file's bytes lie, some pages at a time, so that memory does not grow with the file.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.articles.delta_format import DeltaEntry
from chalicelib.articles.snapshots import Snapshots
from chalicelib.articles.work import gate_key
from chalicelib.errors import NotFound
from chalicelib.ledger.job_view import Job, JobReader
from chalicelib.ledger.states import BLOCKED, FAILED, letters_as_read
from chalicelib.ports.article_store import Entry
from chalicelib.ports.blobs import BlobNotFound
from chalicelib.ports.ledger import Ledger
from chalicelib.ports.ledger_records import Control, ExtractKind, File, Page, Scope

HELD = FAILED + BLOCKED
"""What `failed` draws: entries that were not applied, and that nobody has given up yet."""

_PAGES_A_READ = 50
_BYTES_A_READ = 4 * 1024 * 1024  # of the file; a single page may have more
_SPACES = bytes.maketrans(b"\r\n", b"  ")
_to_json = json.JSONEncoder(separators=(",", ":")).encode


class Form(Protocol):
    """How lines become a document, part by part; `begun`: whether something was written already."""

    def part(self, lines: Sequence[bytes], begun: bool) -> bytes: ...
    def end(self, begun: bool) -> bytes: ...


class _Lines:
    """One line after the other."""

    def part(self, lines: Sequence[bytes], begun: bool) -> bytes:
        return b"".join(line + b"\n" for line in lines)

    def end(self, begun: bool) -> bytes:
        return b""


class _Array:
    """A JSON array: a delta file may hold what is no object only there."""

    def part(self, lines: Sequence[bytes], begun: bool) -> bytes:
        return ((b",\n" if begun else b"[") + b",\n".join(lines)) if lines else b""

    def end(self, begun: bool) -> bytes:
        return b"]\n" if begun else b"[]\n"


FORMS: dict[ExtractKind, Form] = {"results": _Lines(), "failed": _Array()}


@dataclass
class _Batch:
    """The entries of neighbouring pages; none where the bytes of their file are gone."""

    entries: dict[Entry, DeltaEntry] = field(default_factory=dict)

    def entry(self, page: Page, entry: Entry) -> DeltaEntry | None:
        return self.entries.get(entry)

    def key_of(self, page: Page, entry: Entry, scope: Scope) -> str | None:
        delta = self.entries.get(entry)
        return None if delta is None else gate_key(scope, delta.number, entry)


class Extracts:
    """Draws from files. Every method raises `Unavailable`."""

    def __init__(self, ledger: Ledger, snapshots: Snapshots) -> None:
        self._ledger, self._snapshots = ledger, snapshots

    def lines(self, kind: ExtractKind, file: File, first: int = 0) -> Iterator[tuple[int, list[bytes]]]:
        """What is drawn of the pages from `first` on, some of them at a time: the next page, and the lines up to it.

        Raises `NotFound` where entries are to be drawn and the bytes of the file are not kept any more.
        """
        control = self._ledger.control()
        pages_in_all = (
            file.pages if file.total else 0
        )  # what was read of a file that failed then was never sent
        while first < pages_in_all:
            read = self._ledger.pages_of(file.n, first, min(_PAGES_A_READ, pages_in_all - first))
            for pages in _together(read):
                first = pages[-1].p + 1
                draw = (
                    self._results(file, pages, control) if kind == "results" else self._held(pages, control)
                )
                yield first, list(draw)

    def whole(self, kind: ExtractKind, file: File, most_bytes: int) -> bytes | None:
        """All that is drawn of a file, None where it is larger. Raises `NotFound` as `lines` does."""
        form = FORMS[kind]
        data = bytearray()
        for _, lines in self.lines(kind, file):
            data += form.part(lines, bool(data))
            if len(data) > most_bytes:
                return None
        return bytes(data + form.end(bool(data)))

    def span(self, file: File) -> int:
        """How many bytes of a file have to be read for all of it."""
        ends = self._ledger.pages({(file.n, 0), (file.n, max(file.pages - 1, 0))})
        return max((page.end for page in ends.values()), default=0)

    def check_kept(self, file: File) -> None:
        """Raises `NotFound` where the bytes of a file are not kept any more."""
        if not self._snapshots.are_kept(file.n):
            raise _gone(file.n)

    def _results(self, file: File, pages: Sequence[Page], control: Control) -> Iterator[bytes]:
        batch = _Batch()
        with suppress(BlobNotFound):  # what became of the entries is known still
            batch.entries = {Entry(file.n, delta.pos): delta for delta in self._snapshots.pages(pages)}
        reader = JobReader(self._ledger, batch.entry, batch.key_of)
        for page in pages:
            entries = [Entry(page.n, page.first_pos + index) for index in range(len(page.states))]
            for entry, job in zip(entries, reader.of_page(file, page, entries, control), strict=True):
                yield _line(entry, job, batch.entries.get(entry))

    def _held(self, pages: Iterable[Page], control: Control) -> Iterator[bytes]:
        for page in pages:
            held = [index for index, letter in enumerate(letters_as_read(page, control)) if letter in HELD]
            if held:
                yield from self._bytes_of(page, held)

    def _bytes_of(self, page: Page, places: Sequence[int]) -> Iterator[bytes]:
        """Entries of a page as they were submitted, each on one line: line ends stand between tokens only."""
        try:
            deltas, data = self._snapshots.page_with_bytes(page)
        except BlobNotFound:
            raise _gone(page.n) from None
        for delta in (deltas[index] for index in places):
            yield data[delta.start - page.start : delta.end - page.start].translate(_SPACES)


def _gone(n: int) -> NotFound:
    return NotFound("What was sent as delta file", str(n))


def _together(pages: Sequence[Page]) -> Iterator[list[Page]]:
    """Neighbouring pages that are read from the bucket by one call."""
    batch: list[Page] = []
    for page in pages:
        if batch and page.end - batch[0].start > _BYTES_A_READ:
            yield batch
            batch = []
        batch.append(page)
    if batch:
        yield batch


def _line(entry: Entry, job: Job, delta: DeltaEntry | None) -> bytes:
    """What became of an entry, as one line of JSON in ASCII."""
    line = {
        "id": job.id,
        "number": entry.pos + 1,
        "operation": job.operation,
        "article": job.article,
        "state": job.state,
        "errors": list(job.errors),
        "cause": job.cause or None,
        "blocked_by": job.blocked_by,
        "warnings": list(delta.warnings) if delta else [],
    }
    return _to_json(line).encode()
