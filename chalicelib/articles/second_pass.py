"""Pass two of the file worker: sends what is queued on a file's pages; once it is cleared marks what was never sent.

`read_pages` is written before any page from there on is sent, `sent_pages` after the queue accepted all before it.
"""

from collections.abc import Iterator
from dataclasses import replace

from chalicelib.articles.file_records import SECONDS_KEPT, FileRecords, OutOfTime, TimeLeft
from chalicelib.articles.sending import KEPT_ENTRIES, Sender
from chalicelib.articles.snapshots import Snapshots
from chalicelib.errors import Unavailable
from chalicelib.ledger.posting import settle
from chalicelib.ledger.states import CLEARED, QUEUED, is_cleared, lanes
from chalicelib.ports.clock import Clock
from chalicelib.ports.ledger import Conflict, Ledger, Put
from chalicelib.ports.ledger_records import PAGE_SIZE, File, Page
from chalicelib.ports.queue import OrderedQueue

_PAGES_A_STEP = 20  # pages between two checkpoints
_REACH = _PAGES_A_STEP + KEPT_ENTRIES // PAGE_SIZE + 1
_TRIES = 40  # to write control, against those who accept files at the same moment


class SecondPass:
    """Brings an indexed file into the article queue."""

    def __init__(
        self, ledger: Ledger, records: FileRecords, snapshots: Snapshots, queue: OrderedQueue, clock: Clock
    ) -> None:
        self._ledger, self._records, self._snapshots = ledger, records, snapshots
        self._queue, self._clock = queue, clock

    def send(self, file: File, time_left: TimeLeft) -> File:
        """Sends from `sent_pages` on what still waits. Raises `OutOfTime`, `Unavailable`, `Conflict`."""
        self._spread(file)
        sender = Sender(self._queue, self._clock, file.n, file.scope, file.packing)
        p, sent_before = file.sent_pages, file.read_pages
        while p < file.pages:
            cleared = is_cleared(file.n, self._ledger.control())
            if cleared and p >= sent_before:
                sender.flush()
                return self._mark_cleared(file, p, time_left)
            if p + _PAGES_A_STEP > file.read_pages or sender.sent_pages >= file.sent_pages + _PAGES_A_STEP:
                file = self._checkpoint(file, p, sender)
            end = min(p + _PAGES_A_STEP, sent_before if cleared else file.pages)
            pages = self._ledger.pages_of(file.n, p, end - p)
            self._send_pages(sender, pages)
            p += len(pages)
            if time_left() < SECONDS_KEPT:
                sender.flush()
                self._records.store(file, sent_pages=p, tries=0)
                raise OutOfTime
        sender.flush()
        return self._sent(file)

    def _sent(self, file: File) -> File:
        """The file with nothing left to send."""
        return self._records.store(
            file, stage="sent", sent_pages=file.pages, tries=0, ended_at=self._clock.now()
        )

    def _spread(self, file: File) -> None:
        """Notes the lanes of a file before its first message, so that drains go into them from then on."""
        spread = lanes(file.scope, file.packing)
        for _ in range(_TRIES):
            control = self._ledger.control()
            if control.lanes == spread:
                return
            try:
                self._ledger.commit(Put(replace(control, lanes=spread)))
            except Conflict:
                continue
            return
        raise Unavailable("The ledger", "control is being changed")

    def _checkpoint(self, file: File, p: int, sender: Sender) -> File:
        """Before pages from `p` on are sent. Only what the queue accepted since the last one is progress."""
        reach = min(max(p + _REACH, file.read_pages), file.pages)
        sent = max(sender.sent_pages, file.sent_pages)
        tries = 0 if sent > file.sent_pages else file.tries
        return self._records.store(file, sent_pages=sent, read_pages=reach, tries=tries)

    def _send_pages(self, sender: Sender, pages: list[Page]) -> None:
        deltas = self._snapshots.pages(pages)
        states = "".join(page.states for page in pages)
        for delta, letter in zip(deltas, states, strict=True):
            if letter == QUEUED:  # others were sent and recorded before a run was cut off
                sender.add(delta)
        sender.page_read(pages[-1].p)

    def _mark_cleared(self, file: File, p: int, time_left: TimeLeft) -> File:
        """Pages that were never sent end here; what was sent is recorded as its messages surface."""
        file = self._records.store(file, sent_pages=p, read_pages=p, tries=0)
        for page in self._pages_from(file, p):
            if time_left() < SECONDS_KEPT:
                self._records.store(file, sent_pages=page.p, read_pages=page.p, tries=0)
                raise OutOfTime
            self._clear_page(page)
            file = self._records.renewed(file, sent_pages=page.p, read_pages=page.p, tries=0)
        return self._sent(file)

    def clear_pages(self, file: File, p: int) -> None:
        """What is queued on the pages from `p` on ends here: its file failed while it was sent."""
        for page in self._pages_from(file, p):
            self._clear_page(page)

    def _clear_page(self, page: Page) -> None:
        settle(self._ledger, page, page.states.replace(QUEUED, CLEARED), page.epoch)

    def _pages_from(self, file: File, p: int) -> Iterator[Page]:
        while pages := self._ledger.pages_of(file.n, p, 500):
            yield from (page for page in pages if page.p < file.pages)
            p = pages[-1].p + 1
