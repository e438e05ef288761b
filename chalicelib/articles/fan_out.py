"""The file worker: takes files in order of acceptance and brings each to *sent*, or to a fault, or to *cleared*.

    queued ──fetch──> snapshot ──1──> indexing ──pass one: check all, write pages──2──> sending ──pass two──3──> sent
       └──── fault ──────┴──────────────── fault ────────┘                                  └─ clear: pages marked

Every arrow with a number is one write of the file's record under the version that was read, so a second worker on the
same file loses; all between two of them may be done again. A message to this worker is only a wake-up. While a worker
has a file in hand it holds a lease on it, so that the sweep's wake-ups leave it alone, and take over when it died.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from chalicelib.articles.delta_format import DeltaEntry, Limits, read_entries, unpack
from chalicelib.articles.sending import KEPT_ENTRIES, Sender
from chalicelib.articles.snapshots import Snapshots
from chalicelib.errors import FileFault, Unavailable
from chalicelib.ledger.acceptance import wake_file_worker
from chalicelib.ledger.posting import is_over, settle
from chalicelib.ledger.states import CLEARED, QUEUED, lanes
from chalicelib.ports.blobs import BlobNotFound, Blobs
from chalicelib.ports.clock import Clock
from chalicelib.ports.fetcher import Fetcher
from chalicelib.ports.ledger import Conflict, Ledger, Put
from chalicelib.ports.ledger_records import PAGE_SIZE, Control, File, Page, Scope, Tally
from chalicelib.ports.queue import OrderedQueue

STARTS = 5
"""A file that was begun so often without progress is failed: it ends its worker each time."""

FETCHES = 4
_IN_WORK = ("queued", "indexing", "sending")
_SECONDS_KEPT = 30.0
_LEASE_SECONDS = 120.0  # beyond the longest fetch; every write of the file's record renews it
_PAGES_A_WRITE = 50
_PAGES_A_STEP = 20  # pages between two checkpoints of the second pass
_REACH = _PAGES_A_STEP + KEPT_ENTRIES // PAGE_SIZE + 1
_FAULTS_LISTED = 20
_TRIES = 40  # to write control, against those who accept files at the same moment


class _OutOfTime(Exception):
    """Little time is left: the work goes on in another invocation."""


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
        self._file_queue, self._article_queue, self._settings = file_queue, article_queue, settings
        self._snapshots = Snapshots(blobs)

    def work(self, time_left: Callable[[], float]) -> None:
        """Works on files, oldest first, until none is left to send or little time is left. Raises `Unavailable`."""
        while True:
            control = self._ledger.control()
            n = control.sent_to + 1
            if n > control.seq:
                return
            if time_left() < _SECONDS_KEPT:
                wake_file_worker(self._file_queue, f"{n}-{self._clock.now():.3f}")
                return
            try:
                file = self._file(n)
                if file is not None:
                    file = self._bring_on(file, control, time_left)
                    if file is None:
                        return  # it waits, or another worker has it in hand; the sweep wakes us
                self._advance(control)
            except _OutOfTime:
                self._release(n)
                wake_file_worker(self._file_queue, f"{n}-{self._clock.now():.3f}")
                return
            except Conflict:
                continue  # another worker was faster: look again

    def _file(self, n: int) -> File | None:
        """The record of file `n`, made now if need be; None where the number belongs to a retry."""
        found = self._ledger.file(n)
        if found is not None:
            return found[0]
        request = self._ledger.request_of(n)
        if request is None or n >= request.first + len(request.names):
            return None
        index = n - request.first
        file = File(
            n=n,
            name=request.names[index],
            strict=request.strict,
            accepted_at=request.accepted_at,
            object=request.objects[index] if request.objects else None,
        )
        self._ledger.commit(Put(file), Put(Tally(n)))
        return replace(file, version=1)

    def _advance(self, control: Control) -> None:
        """The next file's turn. Only now may it send: all of this file is accepted, or never will be."""
        now = self._ledger.control()
        if now.sent_to == control.sent_to:
            self._ledger.commit(Put(replace(now, sent_to=control.sent_to + 1)))

    def _bring_on(self, file: File, control: Control, time_left: Callable[[], float]) -> File | None:
        """Brings a file to its end; None if it has to wait."""
        if file.stage in _IN_WORK and file.lease_until > self._clock.now():
            return None
        if file.stage in ("queued", "indexing") and file.n <= control.cleared_to:
            return self._store(file, stage="cleared", ended_at=self._clock.now())
        if file.stage == "queued" and self._has_to_wait(file, control):
            return None
        try:
            if file.stage in _IN_WORK:
                file = self._begin(file)
            if file.stage == "queued":
                file = self._fetch(file, time_left)
            if file.stage == "indexing":
                file = self._index(file, time_left)
            if file.stage == "sending":
                file = self._send(file, time_left)
        except FileFault as fault:
            return self._fail(file, (str(fault),), fault.cause)
        except Unavailable:
            self._release(file.n, forgiven=1)
            raise
        return file

    def _store(self, file: File, **changes: object) -> File:
        lease = self._clock.now() + self._settings.fetch_seconds + _LEASE_SECONDS
        changed = replace(file, **{"lease_until": lease, **changes})  # type: ignore[arg-type]
        self._ledger.commit(Put(changed))
        return replace(changed, version=file.version + 1)

    def _begin(self, file: File) -> File:
        """Counts a start; a start that ends its worker stays counted, and there is a bound on these."""
        if file.tries >= STARTS:
            raise FileFault(
                f"No progress in {STARTS} runs of its worker; send it in smaller parts.", "timeout"
            )
        started = file.started_at or self._clock.now()
        if file.stage != "queued":
            return self._store(file, tries=file.tries + 1, started_at=started)
        scope, packing = self._settings.scope, self._settings.packing
        return self._store(file, tries=file.tries + 1, started_at=started, scope=scope, packing=packing)

    def _renewed(self, file: File, **changes: object) -> File:
        """The file with its lease renewed, if half of it is over."""
        half = (self._settings.fetch_seconds + _LEASE_SECONDS) / 2
        return self._store(file, **changes) if file.lease_until < self._clock.now() + half else file

    def _release(self, n: int, forgiven: int = 0) -> None:
        """Gives up the lease; a run that ended for lack of a part is not counted (`forgiven`)."""
        try:
            found = self._ledger.file(n)
            if found is not None:
                tries = max(found[0].tries - forgiven, 0)
                self._store(found[0], tries=tries, lease_until=0.0)
        except (Unavailable, Conflict):
            return

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
            self._clear_pages(current[0], current[0].sent_pages)
        return self._store(
            current[0], stage="faulted", errors=errors, cause=cause, epoch=epoch, ended_at=self._clock.now()
        )

    def _fetch(self, file: File, time_left: Callable[[], float]) -> File:
        for attempt in range(FETCHES):
            if time_left() < self._settings.fetch_seconds + _SECONDS_KEPT:
                raise _OutOfTime
            file = self._store(file) if attempt else file
            try:
                self._blobs.write_once(file.snapshot, unpack(self._source(file), self._settings.limits))
                return self._store(file, stage="indexing", tries=0)
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

    def _index(self, file: File, time_left: Callable[[], float]) -> File:
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
                if time_left() < _SECONDS_KEPT:
                    self._store(file, pages=p + 1, tries=0)
                    raise _OutOfTime
                file = self._renewed(file, pages=p + 1, tries=0)
        if faulty:
            listed = "; ".join(faults)
            raise FileFault(f"Nothing was applied, since {faulty} entries are faulty: {listed}", "strict")
        self._ledger.create_pages(pages)
        pages_in_all = -(-total // PAGE_SIZE)
        return self._store(file, stage="sending", total=total, pages=pages_in_all, tries=0)

    def _send(self, file: File, time_left: Callable[[], float]) -> File:
        """Pass two. Written before any send of these pages: `read_pages`; after it: `sent_pages`."""
        self._spread(file)
        sender = Sender(self._article_queue, self._clock, file.n, file.scope, file.packing)
        p, sent_before = file.sent_pages, file.read_pages
        while p < file.pages:
            cleared = self._ledger.control().cleared_to >= file.n
            if cleared and p >= sent_before:
                sender.flush()
                return self._mark_cleared(file, p, time_left)
            if p + _PAGES_A_STEP > file.read_pages or sender.sent_pages >= file.sent_pages + _PAGES_A_STEP:
                file = self._checkpoint(file, p, sender)
            end = min(p + _PAGES_A_STEP, sent_before if cleared else file.pages)
            pages = self._ledger.pages_of(file.n, p, end - p)
            self._send_pages(sender, pages)
            p += len(pages)
            if time_left() < _SECONDS_KEPT:
                sender.flush()
                self._store(file, sent_pages=p, tries=0)
                raise _OutOfTime
        sender.flush()
        return self._store(file, stage="sent", sent_pages=file.pages, tries=0, ended_at=self._clock.now())

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
        raise Unavailable("ledger", "control is being changed")

    def _checkpoint(self, file: File, p: int, sender: Sender) -> File:
        """Before pages from `p` on are sent. Only what the queue accepted since the last one is progress."""
        reach = min(max(p + _REACH, file.read_pages), file.pages)
        sent = max(sender.sent_pages, file.sent_pages)
        tries = 0 if sent > file.sent_pages else file.tries
        return self._store(file, sent_pages=sent, read_pages=reach, tries=tries)

    def _send_pages(self, sender: Sender, pages: list[Page]) -> None:
        deltas = self._snapshots.pages(pages)
        states = "".join(page.states for page in pages)
        for delta, letter in zip(deltas, states, strict=True):
            if letter == QUEUED:  # others were sent and recorded before a run was cut off
                sender.add(delta)
        sender.page_read(pages[-1].p)

    def _mark_cleared(self, file: File, p: int, time_left: Callable[[], float]) -> File:
        """Pages that were never sent end here; what was sent is recorded as its messages surface."""
        file = self._store(file, sent_pages=p, read_pages=p, tries=0)
        for page in self._pages_from(file, p):
            if time_left() < _SECONDS_KEPT:
                self._store(file, sent_pages=page.p, read_pages=page.p, tries=0)
                raise _OutOfTime
            self._clear_page(page)
            file = self._renewed(file, sent_pages=page.p, read_pages=page.p, tries=0)
        return self._store(file, stage="sent", sent_pages=file.pages, tries=0, ended_at=self._clock.now())

    def _clear_pages(self, file: File, p: int) -> None:
        for page in self._pages_from(file, p):
            self._clear_page(page)

    def _clear_page(self, page: Page) -> None:
        settle(self._ledger, page, page.states.replace(QUEUED, CLEARED), page.epoch)

    def _pages_from(self, file: File, p: int) -> Iterator[Page]:
        while pages := self._ledger.pages_of(file.n, p, 500):
            yield from (page for page in pages if page.p < file.pages)
            p = pages[-1].p + 1


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
