"""The sweep, once a minute: wakes what lost its wake-up, posts what was not posted, compares counts with states.

It re-sends no entry: a queue loses none.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from chalicelib.errors import Unavailable
from chalicelib.ledger.acceptance import wake_file_worker
from chalicelib.ledger.commands import FLUSH, RETRY, maintenance_message
from chalicelib.ledger.posting import is_over, post
from chalicelib.ports.article_store import Article, ArticleStore
from chalicelib.ports.clock import Clock
from chalicelib.ports.export_baselines import PURGED, ExportBaselines
from chalicelib.ports.ledger import Conflict, Ledger, Put
from chalicelib.ports.ledger_records import Control, File, Page, Tally
from chalicelib.ports.queue import OrderedQueue, Queue

DAY_SECONDS = 24 * 3600.0
LEAST_MARK_SECONDS = 15 * DAY_SECONDS
"""A mark of a deleted article stays for longer than a message may stay in a queue (SQS: 14 days at most)."""

RETRY_SECONDS = 60.0
_READ = 200
_MARKS = 200


@dataclass
class Report:
    """What a sweep found and did. `mismatches`: files whose counts do not add up; each is an alarm.

    unsent: numbers given and not sent yet. open_files: sent files that are not finished. lost_wake_ups: messages that
    no queue accepted; the next sweep sends them again.
    """

    unsent: int = 0
    retries: int = 0
    posted: int = 0
    open_files: int = 0
    purged: int = 0
    lost_wake_ups: int = 0
    mismatches: list[str] = field(default_factory=list)
    complete: bool = True


class Sweep:
    """Goes over what is not finished."""

    def __init__(
        self,
        ledger: Ledger,
        file_queue: OrderedQueue,
        maintenance: Queue,
        articles: Callable[[], ArticleStore],
        baselines: Callable[[], ExportBaselines],
        clock: Clock,
        deletions_known_days: int,
    ) -> None:
        """`articles` is asked for only when marks may be purged, `baselines` when some are.

        Exports tell of deletions for so many days.
        """
        self._ledger, self._file_queue, self._maintenance = ledger, file_queue, maintenance
        self._articles, self._baselines, self._clock = articles, baselines, clock
        # A day more than is promised: the clocks of those who look may differ.
        self._mark_seconds = max(LEAST_MARK_SECONDS, (deletions_known_days + 1) * DAY_SECONDS)

    def run(self, time_left: Callable[[], float]) -> Report:
        """One sweep; stops early (`complete` is False) when less than 5 s are left. Raises `Unavailable`."""
        report = Report()
        control = self._ledger.control()
        self._wake(control, report)
        self._audit(control, report, time_left)
        self._forget_cancelled()
        if report.complete:
            self._purge(report)
        return report

    def _wake(self, control: Control, report: Report) -> None:
        report.unsent = control.seq - control.sent_to
        if report.unsent:
            # in a group of its own: a worker that died keeps its group hidden for as long as the queue is patient
            reason = f"sweep-{int(self._clock.now())}"
            report.lost_wake_ups += not wake_file_worker(self._file_queue, reason, reason)
        for retry in self._ledger.retries(_READ):
            if retry.asked_at < self._clock.now() - RETRY_SECONDS:
                self._send(maintenance_message(RETRY, ticket=retry.ticket), report)
                report.retries += 1
        if control.flushed_to < control.epoch:
            self._send(maintenance_message(FLUSH), report)

    def _send(self, body: str, report: Report) -> None:
        try:
            self._maintenance.send(body)
        except Unavailable:
            report.lost_wake_ups += 1

    def _audit(self, control: Control, report: Report, time_left: Callable[[], float]) -> None:
        """Looks at every file that is not known to be finished, and moves the mark up to which all are."""
        settled, all_before = control.settled_to, True
        first = control.settled_to + 1
        while files := self._ledger.files(first, control.sent_to, _READ):
            for file, tally in files:
                if time_left() < 5:
                    report.complete = False
                    self._settle(settled)
                    return
                finished = self._look_at(file, tally, control, report)
                report.open_files += not finished
                all_before = all_before and finished
                settled = file.n if all_before else settled
            first = files[-1][0].n + 1
        self._settle(control.sent_to if all_before else settled)

    def _look_at(self, file: File, tally: Tally, control: Control, report: Report) -> bool:
        if file.stage in ("sent", "faulted") and not file.audited:
            pages = self._pages(file)
            report.posted += sum(1 for page in pages if page.posted is None and post(self._ledger, page))
            if not _adds_up(file, pages, tally) and not self._adds_up_now(file):
                report.mismatches.append(f"file {file.n}: {file.total} entries")
            elif all(page.posted is not None for page in pages):
                self._put(replace(file, audited=True, finished_at=self._clock.now()))
        return is_over(*(self._ledger.file(file.n) or (file, tally)), control)

    def _adds_up_now(self, file: File) -> bool:
        """Looked at again, between two equal readings of the tally: nothing moved meanwhile."""
        for _ in range(5):
            before = self._ledger.file(file.n)
            pages = list(self._pages(file))
            after = self._ledger.file(file.n)
            if before is not None and before == after:
                return _adds_up(file, pages, before[1])
        return True

    def _pages(self, file: File) -> list[Page]:
        found: list[Page] = []
        while pages := self._ledger.pages_of(file.n, len(found), _READ):
            found += pages
        return found[: file.pages]

    def _settle(self, settled: int) -> None:
        control = self._ledger.control()
        if settled > control.settled_to:
            self._put(replace(control, settled_to=settled))

    def _forget_cancelled(self) -> None:
        """Takes files off the list of cancelled ones whose waiting entries are all recorded as cleared by now."""
        control = self._ledger.control()
        if control.cancelled:
            left = tuple(n for n in control.cancelled if self._has_unrecorded(n, control))
            if left != control.cancelled:
                self._put(replace(control, cancelled=left))

    def _has_unrecorded(self, n: int, control: Control) -> bool:
        """Whether an entry of a file may be stored as queued; none is on a page once that is posted."""
        found = self._ledger.file(n)
        if found is None:
            return n > control.sent_to
        file, tally = found
        return not file.ended or sum(tally.counts.values()) < file.total

    def _put(self, record: Control | File) -> None:
        try:
            self._ledger.commit(Put(record))
        except Conflict:
            return  # the next sweep

    def _purge(self, report: Report) -> None:
        """Removes marks of deleted articles that nothing can refer to any more."""
        control = self._ledger.control()
        articles = self._articles()
        old = articles.find_marks(self._clock.now() - self._mark_seconds, _MARKS)
        marks = [mark for mark in old if _last_entry(mark) <= control.settled_to]
        if marks:
            # Before they go: an export that would need one says so, also where the setting is raised after this.
            last = max(mark.hidden.updated_at for mark in marks)
            self._baselines().advance(PURGED, round(last * 1_000_000))
        for mark in marks:
            articles.purge_mark(mark)
            report.purged += 1


def _last_entry(mark: Article) -> int:
    """The number of the last file that wrote an article; 0: none did."""
    return 0 if mark.hidden.applied is None else mark.hidden.applied.last.n


def _adds_up(file: File, pages: list[Page], tally: Tally) -> bool:
    """Every entry stands on a page, and the tally holds just what was posted of the pages."""
    posted: Counter[str] = Counter()
    for page in pages:
        posted.update(page.posted or {})
    return (
        sum(len(page.states) for page in pages) == file.total
        and posted.total() == Counter(tally.counts).total()
    )
