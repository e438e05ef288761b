"""Lists of jobs and files: each reads control first, then files in order of acceptance; payloads from snapshots."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Generic, Protocol, TypeVar

from chalicelib.ledger.posting import exact_counts
from chalicelib.ledger.states import (
    BLOCKED,
    FAILED,
    HELD,
    WAITING,
    as_read,
    file_state,
    is_cleared,
    scope_of,
)
from chalicelib.ports.article_store import Entry
from chalicelib.ports.ledger import Ledger
from chalicelib.ports.ledger_records import Blocked, Control, Counts, File, Gate, Page, page_id

T = TypeVar("T")
Payload = dict[str, object]

_READ = 1000


@dataclass(frozen=True)
class Listed(Generic[T]):
    """A part of a list. `total`: how many there are in all."""

    items: list[T]
    total: int


@dataclass(frozen=True)
class FailedJob:
    """A job that failed, with its errors and the payload as documented."""

    errors: list[str]
    payload: Payload


class Submitted(Protocol):
    """An entry as it was submitted."""

    @property
    def raw_operation(self) -> str: ...
    @property
    def article_data(self) -> Mapping[str, str | None]: ...


ReadEntry = Callable[[Page, Entry], Submitted | None]
"""Reads an entry from where the file's bytes lie; None when these are gone."""


def file_payload(name: str) -> Payload:
    """The payload of a file's job, keys in the documented order."""
    return {
        "file": name,
        "tries": 1,
        "timeout": 300,
        "failOnTimeout": True,
        "queue": "delta-file",
        "middleware": [],
        "chained": [],
    }


def entry_payload(name: str, submitted: Submitted | None) -> Payload:
    """The payload of an entry's job, keys in the documented order."""
    return {
        "articleData": dict(submitted.article_data) if submitted else {},
        "file": name,
        "operation": submitted.raw_operation if submitted else "",
        "tries": 1,
        "timeout": 60,
        "failOnTimeout": True,
        "queue": "delta-article",
        "middleware": [],
        "chained": [],
    }


class Listing:
    """The lists of the job calls."""

    def __init__(self, ledger: Ledger, read_entry: ReadEntry) -> None:
        self._ledger, self._read_entry = ledger, read_entry

    def waiting(self, page: int, per_page: int) -> Listed[Payload]:
        """Waiting and running jobs, oldest first: a file that is not sent yet, then its waiting entries."""
        control = self._ledger.control()
        skip, items, total = (page - 1) * per_page, list[Payload](), 0
        for file, counts in self._open_files(control):
            here = _waiting_jobs(file, counts, control)
            if total + here > skip and len(items) < per_page:
                start = max(skip - total, 0)
                items += islice(self._jobs_of(file, control), start, start + per_page - len(items))
            total += here
        return Listed(items, total)

    def waiting_files(self, page: int, per_page: int) -> Listed[str]:
        """Names of files with waiting or running jobs, each once."""
        control = self._ledger.control()
        return _cut(
            (file.name for file, counts in self._open_files(control) if _waiting_jobs(file, counts, control)),
            page,
            per_page,
        )

    def first_failure(self) -> FailedJob | None:
        """The oldest failure, never a blocked entry."""
        control = self._ledger.control()
        first = next(self._failures(control, checked=True), None)
        return None if first is None else self._failed_job(first)

    def failures(self, page: int, per_page: int) -> Listed[FailedJob]:
        """Failures, oldest first, without what is blocked behind them."""
        control = self._ledger.control()
        found = list(self._failures(control))
        start = (page - 1) * per_page
        items = [self._failed_job(failure) for failure in found[start : start + per_page]]
        return Listed(items, len(found))

    def failed_articles(self, page: int, per_page: int) -> Listed[str]:
        """Numbers of articles with failed or blocked jobs, first failure first, each once."""
        return _cut(self._failed_numbers(self._ledger.control()), page, per_page)

    def failed_files(self, page: int, per_page: int) -> Listed[str]:
        """Names of files that failed or have failed or blocked jobs, each once."""
        control = self._ledger.control()
        return _cut(
            (file.name for file, counts in self._open_files(control) if _is_held(file, counts, control)),
            page,
            per_page,
        )

    def successful_files(self, page: int, per_page: int) -> Listed[str]:
        """Names of files whose every entry succeeded and that were not forgotten, each once."""
        control = self._ledger.control()
        return _cut(
            (
                file.name
                for file, counts in self._files(control, 1)
                if not file.forgotten and file_state(file, counts, control) == "succeeded"
            ),
            page,
            per_page,
        )

    def _open_files(self, control: Control) -> Iterator[tuple[File, Counts]]:
        """Files that may have something waiting, failed or blocked; also those whose record is not made yet."""
        yield from self._files(control, control.settled_to + 1)
        yield from ((file, {}) for file in upcoming(self._ledger, control))

    def _files(self, control: Control, first: int) -> Iterator[tuple[File, Counts]]:
        while files := self._ledger.files(first, control.seq, _READ):
            for file, tally in files:
                yield file, exact_counts(self._ledger, file, tally, control)
            first = files[-1][0].n + 1

    def _jobs_of(self, file: File, control: Control) -> Iterator[Payload]:
        if _file_waits(file, control):
            yield file_payload(file.name)
        if file.stage in ("sending", "sent", "faulted"):
            p = 0
            while pages := self._ledger.pages_of(file.n, p, _READ):
                for page in pages:
                    for index, letter in enumerate(page.states):
                        if as_read(letter, file.n, page.epoch, control) in WAITING:
                            entry = Entry(file.n, page.first_pos + index)
                            yield entry_payload(file.name, self._read_entry(page, entry))
                p = pages[-1].p + 1

    def _failures(self, control: Control, checked: bool = False) -> Iterator[Gate | File]:
        """From the index; `checked`: each is looked up, since the index follows a little later."""
        after: Entry | None = None
        while found := self._ledger.failures(control.epoch, after, _READ):
            for failure in found:
                after = failure.owner if isinstance(failure, Gate) else Entry(failure.n, -1)
                if not checked or self._still_fails(failure, control):
                    yield failure

    def _still_fails(self, failure: Gate | File, control: Control) -> bool:
        if isinstance(failure, Gate):
            gate = self._ledger.gates([failure.key]).get(failure.key)
            return gate is not None and gate.kind == "failure" and gate.valid(control.epoch)
        found = self._ledger.file(failure.n)
        return found is not None and found[0].epoch >= control.epoch

    def _failed_job(self, failure: Gate | File) -> FailedJob:
        if isinstance(failure, File):
            return FailedJob(list(failure.errors), file_payload(failure.name))
        found = self._ledger.file(failure.owner.n)
        page = self._ledger.pages([page_id(failure.owner)]).get(page_id(failure.owner))
        submitted = None if page is None else self._read_entry(page, failure.owner)
        return FailedJob(list(failure.errors), entry_payload(found[0].name if found else "", submitted))

    def _failed_numbers(self, control: Control) -> Iterator[str]:
        for failure in self._failures(control):
            if isinstance(failure, Gate):
                if failure.number is not None:
                    yield failure.number
                if scope_of(control) == "global":
                    yield from (
                        item.number for item in self._behind(failure, control) if item.number is not None
                    )

    def _behind(self, gate: Gate, control: Control) -> Iterator[Blocked]:
        after: Entry | None = None
        while found := self._ledger.blocked(gate.key, after, _READ):
            pages = self._ledger.pages({page_id(item.entry) for item in found})
            for item in found:
                page = pages.get(page_id(item.entry))
                if page and as_read(page.state(item.entry), page.n, page.epoch, control) in HELD:
                    yield item
            after = found[-1].entry


def upcoming(ledger: Ledger, control: Control) -> Iterator[File]:
    """The files that are accepted and that the file worker has no record of yet, oldest first."""
    for file in requested(ledger, control.sent_to + 1, control.seq):
        if not _is_begun(ledger, file.n, control):
            yield file


def requested(ledger: Ledger, n: int, seq: int) -> Iterator[File]:
    """The accepted files with numbers from `n` to `seq` as they were before the file worker saw them, oldest first."""
    if n > seq:
        return
    first_asked = n
    begun = ledger.request_of(n)
    while n <= seq:
        last = min(n + _READ - 1, seq)
        requests = ledger.requests(n, last)
        if begun is not None and begun.first < n:
            requests = [begun, *requests]
        begun = None
        for request in requests:
            for number, name in enumerate(request.names, request.first):
                if number >= first_asked:
                    object = request.objects[number - request.first] if request.objects else None
                    yield File(number, name, request.strict, request.accepted_at, object)
        n = last + 1


def _is_begun(ledger: Ledger, n: int, control: Control) -> bool:
    """Only the next file to be sent can have a record before its turn is over."""
    return n == control.sent_to + 1 and ledger.file(n) is not None


def _file_waits(file: File, control: Control) -> bool:
    return file.stage in ("queued", "indexing", "sending") and not is_cleared(file.n, control)


def _waiting_jobs(file: File, counts: Counts, control: Control) -> int:
    return _file_waits(file, control) + sum(counts.get(letter, 0) for letter in WAITING)


def _is_held(file: File, counts: Counts, control: Control) -> bool:
    if file.stage == "faulted":
        return file.epoch >= control.epoch
    return bool(counts.get(FAILED, 0) or counts.get(BLOCKED, 0))


def _cut(names: Iterator[str], page: int, per_page: int) -> Listed[str]:
    distinct = list(dict.fromkeys(names))
    start = (page - 1) * per_page
    return Listed(distinct[start : start + per_page], len(distinct))
