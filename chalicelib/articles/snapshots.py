"""Entries read again from the snapshot of a file, by the byte range of their page."""

from collections import OrderedDict
from collections.abc import Sequence

from chalicelib.articles.delta_format import DeltaEntry, read_range
from chalicelib.articles.work import gate_key
from chalicelib.ports.article_store import Entry
from chalicelib.ports.blobs import BlobNotFound, Blobs
from chalicelib.ports.ledger_records import PAGE_SIZE, Page, Scope, snapshot_key

_PAGES_KEPT = 16


class Snapshots:
    """Reads entries of sent files; the last few pages are kept, since neighbours are asked for together."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._kept: OrderedDict[tuple[int, int], list[DeltaEntry]] = OrderedDict()

    def are_kept(self, n: int) -> bool:
        """Whether the bytes of a file are there still. Raises `Unavailable`."""
        return self._blobs.size(snapshot_key(n)) is not None

    def entry_at(self, n: int, pos: int, start: int, end: int) -> DeltaEntry:
        """One entry by its own byte range. Raises `BlobNotFound`, `Unavailable`."""
        return read_range(self._blobs.read_range(snapshot_key(n), start, end), pos, start)[0]

    def page(self, page: Page) -> list[DeltaEntry]:
        """The entries of a page. Raises `BlobNotFound`, `Unavailable`."""
        if page.id not in self._kept:
            self._kept[page.id] = self.pages([page])
            while len(self._kept) > _PAGES_KEPT:
                self._kept.popitem(last=False)
        return self._kept[page.id]

    def pages(self, pages: Sequence[Page]) -> list[DeltaEntry]:
        """The entries of neighbouring pages of one file, by one read. Raises `BlobNotFound`, `Unavailable`."""
        first, last = pages[0], pages[-1]
        data = self._blobs.read_range(snapshot_key(first.n), first.start, last.end)
        return read_range(data, first.first_pos, first.start)

    def page_with_bytes(self, page: Page) -> tuple[list[DeltaEntry], bytes]:
        """The entries of a page and its bytes, from `page.start` on. Raises `BlobNotFound`, `Unavailable`."""
        data = self._blobs.read_range(snapshot_key(page.n), page.start, page.end)
        return read_range(data, page.first_pos, page.start), data

    def entry(self, page: Page, entry: Entry) -> DeltaEntry:
        """One entry of a page. Raises `BlobNotFound`, `Unavailable`."""
        return self.page(page)[entry.pos % PAGE_SIZE]

    def entry_or_none(self, page: Page, entry: Entry) -> DeltaEntry | None:
        """One entry of a page; None when the snapshot is gone. Raises `Unavailable`."""
        try:
            return self.entry(page, entry)
        except BlobNotFound:
            return None

    def key_of(self, page: Page, entry: Entry, scope: Scope) -> str | None:
        """The gate that an entry stands behind; None when the snapshot is gone. Raises `Unavailable`."""
        delta = self.entry_or_none(page, entry)
        return None if delta is None else gate_key(scope, delta.number, entry)
