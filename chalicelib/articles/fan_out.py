"""The file worker: takes files in order of acceptance and brings each to *sent*, or to a fault, or to *cleared*.

    queued ──fetch──> snapshot ──1──> indexing ──pass one: check all, write pages──2──> sending ──pass two──3──> sent
       └──── fault ──────┴──────────────── fault ────────┘                                  └─ clear: pages marked

Every arrow with a number is one write of the file's record under the version that was read, so a second worker on the
same file loses; all between two of them may be done again. A message to this worker is only a wake-up. While a worker
has a file in hand it holds a lease on it, so that the sweep's wake-ups leave it alone, and take over when it died.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from chalicelib.articles.delta_format import DeltaEntry, Limits, read_entries, unpack
from chalicelib.articles.file_records import SECONDS_KEPT, FileRecords, OutOfTime, TimeLeft
from chalicelib.articles.second_pass import SecondPass
from chalicelib.articles.snapshots import Snapshots
from chalicelib.errors import FileFault, Unavailable
from chalicelib.ledger.acceptance import wake_file_worker
from chalicelib.ledger.posting import is_over
from chalicelib.ledger.states import QUEUED, is_cleared, lanes
from chalicelib.ports.blobs import BlobNotFound, Blobs
from chalicelib.ports.clock import Clock
from chalicelib.ports.fetcher import Fetcher
from chalicelib.ports.ledger import Conflict, Ledger, Put
from chalicelib.ports.ledger_records import PAGE_SIZE, Control, File, Page, Scope
from chalicelib.ports.queue import OrderedQueue

FETCHES = 4
_IN_WORK = ("queued", "indexing", "sending")
_PAGES_A_WRITE = 50
_FAULTS_LISTED = 20


class _NoAnswer(Exception):
    """The address of a file did not answer as it should."""


@dataclass(frozen=True)
class FanOutSettings:
    """How files that are begun now are spread over messages, and the limits on their size."""

    scope: Scope = "article"
    packing: int = 1
    limits: Limits = field(default_factory=Limits)
    fetch_seconds: float = 240.0
    """The longest that one fetch may take."""


class FanOut:
    """Brings accepted files into the article queue."""

    def __init__(
        self,
        ledger: Ledger,
        blobs: Blobs,
        fetcher: Fetcher,
        file_queue: OrderedQueue,
        article_queue: OrderedQueue,
        clock: Clock,
        settings: FanOutSettings,
    ) -> None:
        self._ledger, self._blobs, self._fetcher, self._clock = ledger, blobs, fetcher, clock
        self._file_queue, self._settings = file_queue, settings
        self._records = FileRecords(ledger, clock, settings.fetch_seconds)
        self._second = SecondPass(ledger, self._records, Snapshots(blobs), article_queue, clock)

    def work(self, time_left: TimeLeft) -> None:
        """Works on files, oldest first, until none is left to send or little time is left. Raises `Unavailable`."""
        while True:
            control = self._ledger.control()
            n = control.sent_to + 1
            if n > control.seq:
                return
            try:
                if time_left() < SECONDS_KEPT:
                    raise OutOfTime
                file = self._records.find(n)
                if file is not None:
                    file = self._bring_on(file, control, time_left)
                    if file is None:
                        return  # it waits, or another worker has it in hand; the sweep wakes us
                self._advance(control)
            except OutOfTime:
                self._records.release(n)
                wake_file_worker(self._file_queue, f"{n}-{self._clock.now():.3f}")
                return
            except Conflict:
                self._records.release(n, forgiven=1)  # another worker was faster, or moved a page: look again

    def _advance(self, control: Control) -> None:
        """The next file's turn. Only now may it send: all of this file is accepted, or never will be."""
        now = self._ledger.control()
        if now.sent_to == control.sent_to:
            self._ledger.commit(Put(replace(now, sent_to=control.sent_to + 1)))

    def _bring_on(self, file: File, control: Control, time_left: TimeLeft) -> File | None:
        """Brings a file to its end; None if it has to wait."""
        if file.stage in _IN_WORK and file.lease_until > self._clock.now():
            return None
        if file.stage in ("queued", "indexing") and is_cleared(file.n, control):
            return self._records.store(file, stage="cleared", ended_at=self._clock.now())
        if file.stage == "queued" and self._has_to_wait(file, control):
            return None
        try:
            if file.stage in _IN_WORK:
                file = self._records.begin(file, self._settings.scope, self._settings.packing)
            if file.stage == "queued":
                file = self._fetch(file, time_left)
            if file.stage == "indexing":
                file = self._index(file, time_left)
            if file.stage == "sending":
                file = self._second.send(file, time_left)
        except FileFault as fault:
            return self._fail(file, (str(fault),), fault.cause)
        except Unavailable:
            self._records.release(file.n, forgiven=1)
            raise
        return file

    def _has_to_wait(self, file: File, control: Control) -> bool:
        """Under another scope or packing, entries would not stand in line behind those of earlier files."""
        if control.lanes in ("", lanes(self._settings.scope, self._settings.packing)):
            return False
        first = control.settled_to + 1
        while earlier := self._ledger.files(first, file.n - 1, 100):
            for other, tally in earlier:
                if other.stage == "faulted" and not other.total:
                    continue  # nothing of it was sent
                if not is_over(other, tally, control):
                    return True
            first = earlier[-1][0].n + 1
        return False

    def _fail(self, file: File, errors: tuple[str, ...], cause: str) -> File:
        epoch = self._ledger.control().epoch
        current = self._ledger.file(file.n)
        assert current is not None
        if current[0].stage == "sending":  # what is not known to be in the queue ends here
            self._second.clear_pages(current[0], current[0].sent_pages)
        return self._records.store(
            current[0], stage="faulted", errors=errors, cause=cause, epoch=epoch, ended_at=self._clock.now()
        )

    def _fetch(self, file: File, time_left: TimeLeft) -> File:
        for attempt in range(FETCHES):
            if time_left() < self._settings.fetch_seconds + SECONDS_KEPT:
                raise OutOfTime
            file = self._records.store(file) if attempt else file
            try:
                self._blobs.write_once(file.snapshot, unpack(self._source(file), self._settings.limits))
                return self._records.store(file, stage="indexing", tries=0)
            except BlobNotFound as error:
                raise FileFault("The object is not in the bucket any more.", "fetch") from error
            except _NoAnswer:
                self._clock.sleep(2.0**attempt)
        text = f"The address did not answer as it should in {FETCHES} tries; send the file again later."
        raise FileFault(text, "fetch")

    def _source(self, file: File) -> Iterator[bytes]:
        if file.object is not None:
            yield from self._blobs.read(*file.object)
            return
        try:
            yield from self._fetcher.fetch(file.name)
        except Unavailable as error:
            raise _NoAnswer from error

    def _index(self, file: File, time_left: TimeLeft) -> File:
        """Pass one: reads all of the snapshot, so that a fault on the last line is found before anything is sent."""
        epoch = self._ledger.control().epoch
        faults: list[str] = []
        faulty = 0
        pages: list[Page] = []
        total = 0
        for page_entries in _paged(
            read_entries(self._blobs.read(file.snapshot), limits=self._settings.limits)
        ):
            p = total // PAGE_SIZE
            total += len(page_entries)
            if file.strict:
                faulty += sum(1 for entry in page_entries if entry.faults)
                faults += _strict_faults(page_entries)[: _FAULTS_LISTED - len(faults)]
            if p >= file.pages:  # earlier ones were written by a run that was cut off
                start, end = page_entries[0].start, page_entries[-1].end
                pages.append(Page(file.n, p, QUEUED * len(page_entries), start, end, epoch))
            if len(pages) == _PAGES_A_WRITE:
                self._ledger.create_pages(pages)
                pages = []
                if time_left() < SECONDS_KEPT:
                    self._records.store(file, pages=p + 1, tries=0)
                    raise OutOfTime
                file = self._records.renewed(file, pages=p + 1, tries=0)
        if faulty:
            listed = "; ".join(faults)
            raise FileFault(f"Nothing was applied, since {faulty} entries are faulty: {listed}", "strict")
        self._ledger.create_pages(pages)
        pages_in_all = -(-total // PAGE_SIZE)
        return self._records.store(file, stage="sending", total=total, pages=pages_in_all, tries=0)


def _paged(entries: Iterable[DeltaEntry]) -> Iterator[list[DeltaEntry]]:
    page: list[DeltaEntry] = []
    for entry in entries:
        page.append(entry)
        if len(page) == PAGE_SIZE:
            yield page
            page = []
    if page:
        yield page


def _strict_faults(entries: Iterable[DeltaEntry]) -> list[str]:
    return [f"Entry {entry.pos + 1}: {fault}" for entry in entries for fault in entry.faults]
