"""Jobs by state, file and article, in parts of bounded cost; and one job by its id.

    asked for                       read
    failures, of any file           the index of failures
    what is blocked, of any file    the index of failures, and what is listed behind each
    an article, of any file         its gate, and what is listed behind it
    anything else                   files in order of acceptance, and pages of those that may hold such a job

A part ends after `limit` jobs, or when its share of reads is used up, and names the place at which the next one goes
on. Places are positions in an order that never changes, so work that moves meanwhile shifts nothing.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from chalicelib.errors import NotFound
from chalicelib.ledger.held_jobs import HeldJobs
from chalicelib.ledger.job_filter import JobFilter, JobPart, Share, Step, unknown_place
from chalicelib.ledger.job_view import Job, JobReader, stands_in_lists
from chalicelib.ledger.listing import Payload, requested
from chalicelib.ledger.states import letters_as_read, tally_as_read
from chalicelib.ports.article_store import Entry
from chalicelib.ports.ledger import Ledger
from chalicelib.ports.ledger_records import PAGE_SIZE, Control, File, Page, Tally, page_id

_FILES_A_READ = 200
_PAGES_A_READ = 50
_WHOLE = -1  # the place of a file's own job, before its entries
_OF_UNFINISHED_FILES = frozenset(("queued", "running", "failed", "blocked"))
_JOB_ID = re.compile(r"([0-9]{1,12})(?:-([0-9]{1,9}))?")
_PLACE = re.compile(r"([0-9]{1,12}):(-?[0-9]{1,9})")


class JobSearch:
    """Finds jobs. Every method raises `Unavailable` when the ledger or the bucket does not answer."""

    def __init__(self, ledger: Ledger, reader: JobReader, gate_keys: Callable[[str], Sequence[str]]) -> None:
        """`gate_keys`: the gates that may hold an article back, by its number."""
        self._ledger, self._reader = ledger, reader
        self._held = HeldJobs(ledger, reader, gate_keys)

    def part(
        self,
        limit: int,
        place: str | None = None,
        state: str | None = None,
        file: str | None = None,
        article: str | None = None,
    ) -> JobPart:
        """At most `limit` jobs from a place on (None: from the first), with these filters (None: any).

        state: one of `JOB_STATES`. file: the id of a file, or its name. article: a number; without `file` only what
        holds it back and what is held back is found. Raises `Invalid` for a place that is none.
        """
        wanted, share = JobFilter(state, file, article), Share()
        found: list[Step] = []
        for step in self._steps(wanted, limit, place, share):
            if step.job is not None:
                found.append(step)
                ends = len(found) == limit
            else:
                ends = share.is_used_up  # looked at between two reads: what was read is shown
            if ends:
                return JobPart(found, step.place)
        return JobPart(found, None)

    def find(self, job: str) -> tuple[Job, Payload]:
        """A job by its id, with its payload as documented. Raises `NotFound`."""
        match = _JOB_ID.fullmatch(job)
        control = self._ledger.control()
        found = self._file(int(match[1]), control) if match else None
        if match is None or found is None or found[0].forgotten:
            raise NotFound("Job", job)
        file, tally = found
        if match[2] is None:
            return self._reader.of_file(file, tally, control), self._reader.payload_of_file(file)
        entry = Entry(file.n, int(match[2]))
        page = self._ledger.pages([page_id(entry)]).get(page_id(entry))
        if page is None or entry.pos >= file.total:
            raise NotFound("Job", job)
        [shown] = self._reader.of_page(file, page, [entry], control)
        return shown, self._reader.payload_of_entry(file, page, entry)

    def _steps(self, wanted: JobFilter, limit: int, place: str | None, share: Share) -> Iterator[Step]:
        control = self._ledger.control()
        if wanted.file is None and wanted.article is not None:
            yield from self._held.of_article(wanted.article, wanted.state, place, control, share, limit)
        elif wanted.file is None and wanted.state == "failed":
            yield from self._held.failed(place, control, share, limit)
        elif wanted.file is None and wanted.state == "blocked":
            yield from self._held.blocked(place, control, share, limit)
        else:
            yield from self._walk(wanted, _read_place(place), control, share)

    def _walk(self, wanted: JobFilter, start: Entry, control: Control, share: Share) -> Iterator[Step]:
        for file, tally in self._files(wanted, start.n, control, share):
            if wanted.takes_file(file):
                first = start.pos if file.n == start.n else _WHOLE
                yield from self._of_file(file, tally, first, wanted, control, share)
            yield _step(file.n + 1, _WHOLE)

    def _files(
        self, wanted: JobFilter, first: int, control: Control, share: Share
    ) -> Iterator[tuple[File, Tally]]:
        """The files in which jobs may be, oldest first; also those whose record is not made yet."""
        if wanted.file_number is not None:
            named = self._file(wanted.file_number, control) if first <= wanted.file_number else None
            if named is not None:
                yield named
            return
        if wanted.state in _OF_UNFINISHED_FILES:
            first = max(first, control.settled_to + 1)
        while files := self._ledger.files(first, control.seq, _FILES_A_READ):
            for found in files:
                share.take_records(1)
                yield found
            first = files[-1][0].n + 1
        for file in requested(self._ledger, max(first, control.sent_to + 1), control.seq):
            share.take_records(1)
            yield file, Tally(file.n)

    def _file(self, n: int, control: Control) -> tuple[File, Tally] | None:
        """One file, also before its record is made."""
        found = self._ledger.file(n)
        if found is None and control.sent_to < n <= control.seq:
            asked = next(requested(self._ledger, n, n), None)
            found = (asked, Tally(n)) if asked is not None else None
        return found

    def _of_file(
        self, file: File, tally: Tally, first: int, wanted: JobFilter, control: Control, share: Share
    ) -> Iterator[Step]:
        if first == _WHOLE and wanted.article is None and stands_in_lists(file):
            job = self._reader.of_file(file, tally, control)
            if wanted.takes_state(job):
                yield _step(file.n, 0, job)
        if not _may_hold(file, tally, wanted.letters, control):
            return
        p = max(first, 0) // PAGE_SIZE
        while pages := self._ledger.pages_of(file.n, p, min(_PAGES_A_READ, max(file.pages - p, 0))):
            for page in pages:
                share.take_records(1)
                yield from self._of_page(file, page, first, wanted, control, share)
                yield _step(file.n, (page.p + 1) * PAGE_SIZE)
            p = pages[-1].p + 1

    def _of_page(
        self, file: File, page: Page, first: int, wanted: JobFilter, control: Control, share: Share
    ) -> Iterator[Step]:
        entries = [
            Entry(file.n, pos)
            for pos, letter in enumerate(letters_as_read(page, control), page.first_pos)
            if pos >= first and letter in wanted.letters
        ]
        if not entries:
            return
        share.take_bytes_of(page)
        if wanted.article is not None:
            entries = [entry for entry in entries if self._reader.number(page, entry) == wanted.article]
        for entry, job in zip(entries, self._reader.of_page(file, page, entries, control), strict=True):
            yield _step(file.n, entry.pos + 1, job)


def _may_hold(file: File, tally: Tally, letters: frozenset[str], control: Control) -> bool:
    """Whether an entry of the file may be in one of these states; a tally that holds them all answers at once.

    What was indexed of a file that then failed was never sent: it has pages, and no total.
    """
    if not file.total or not letters:
        return False
    counts = tally_as_read(tally, control)
    return counts.total() != file.total or any(counts[letter] for letter in letters)


def _step(n: int, pos: int, job: Job | None = None) -> Step:
    return Step(f"{n}:{pos}", job)


def _read_place(place: str | None) -> Entry:
    """The first job that is to be looked at."""
    if place is None:
        return Entry(1, _WHOLE)
    match = _PLACE.fullmatch(place)
    if match is None:
        raise unknown_place()
    return Entry(int(match[1]), int(match[2]))
