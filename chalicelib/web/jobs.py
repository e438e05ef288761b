"""The job calls: what waits, what failed, what succeeded, and the commands over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from chalicelib.web import envelope
from chalicelib.web.call import Answer, Call
from chalicelib.web.job_selection import read_selection
from chalicelib.web.paging import PageRequest, cut, read_page

if TYPE_CHECKING:
    from chalicelib.ledger.listing import FailedJob

T_co = TypeVar("T_co", covariant=True)


class Found(Protocol[T_co]):
    """A page of a list as the ledger gives it."""

    @property
    def items(self) -> Iterable[T_co]: ...
    @property
    def total(self) -> int: ...


def first_waiting(call: Call) -> Answer:
    """The first waiting or running job: a list of at most one."""
    found = call.services.listing.waiting(1, 1)
    return envelope.success("Jobs found [job]", [{"payload": payload} for payload in found.items])


def waiting(call: Call) -> Answer:
    """The waiting and running jobs, the oldest first."""
    asked = read_page(call)
    found = call.services.listing.waiting(asked.page, asked.per_page)
    return _listed("Jobs found [jobs]", [{"payload": payload} for payload in found.items], found.total, asked)


def waiting_files(call: Call) -> Answer:
    """The files with waiting or running jobs."""
    return _names(call, call.services.listing.waiting_files, "files found")


def first_failure(call: Call) -> Answer:
    """The first failure, never a blocked job."""
    failed = call.services.listing.first_failure()
    if failed is None:
        return envelope.success("No failed job found", None)
    return envelope.success("Failed job found", _failure(failed))


def failures(call: Call) -> Answer:
    """The first failure as documented, and beside it all of them in pages."""
    asked = read_page(call)
    found = call.services.listing.failures(asked.page, asked.per_page)
    first = found.items[0] if asked.page == 1 and found.items else call.services.listing.first_failure()
    if first is None:
        return envelope.success("No failed jobs found", None)
    documented = _failure(first)
    reserved = len(envelope.to_json(documented).encode())
    page = cut([_failure(failed) for failed in found.items], found.total, asked, reserved)
    data = {**documented, "jobs": page.items, "pagination": page.pagination}
    return envelope.success("Failed jobs found", data)


def failed_articles(call: Call) -> Answer:
    """The articles with failed or blocked jobs, first failure first."""
    return _names(call, call.services.listing.failed_articles, "Failed articles found")


def failed_files(call: Call) -> Answer:
    """The files with failed or blocked jobs, first failure first."""
    return _names(call, call.services.listing.failed_files, "Failed files found")


def successful_files(call: Call) -> Answer:
    """The files whose every entry succeeded."""
    return _names(call, call.services.listing.successful_files, "successful files found")


def clear(call: Call) -> Answer:
    """Drops all waiting work."""
    call.services.commands.clear()
    return envelope.success("Clear of jobs queue successful", None)


def clear_successful(call: Call) -> Answer:
    """Forgets what succeeded."""
    call.services.commands.clear_successful()
    return envelope.success("Clear of finished jobs successful", None)


def flush(call: Call) -> Answer:
    """Forgets what failed or is blocked, and opens the gates."""
    call.services.commands.flush()
    return envelope.success("Flush of failed jobs queue successful", None)


def retry(call: Call) -> Answer:
    """Runs failed and blocked jobs again, the oldest first."""
    selection = read_selection(call)
    receipt = call.services.commands.retry(ids=selection.ids, file=selection.file, article=selection.article)
    return envelope.success("Retry of failed jobs accepted", {"ticket": receipt.ticket}, 202)


def _failure(failed: FailedJob) -> dict[str, object]:
    return {"errors": failed.errors, "payload": failed.payload}


def _names(call: Call, find: Callable[[int, int], Found[str]], found_text: str) -> Answer:
    asked = read_page(call)
    found = find(asked.page, asked.per_page)
    return _listed(f"{found_text} ({found.total})", list(found.items), found.total, asked)


def _listed(message: str, items: Sequence[object], total: int, asked: PageRequest) -> Answer:
    page = cut(items, total, asked)
    if asked.asked or page.shortened:
        return envelope.success(message, page.items, pagination=page.pagination)
    return envelope.success(message, page.items)
