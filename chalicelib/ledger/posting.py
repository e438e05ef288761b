"""Counts of a file: what its pages hold is added to its tally once none of a page's entries waits any more.

A page is *posted* when the tally holds its counts. From then on each of its moves goes together with the difference
to the tally, in one transaction (`settle`); so a tally whose sum is the file's total is exact, and otherwise the
pages themselves are counted (`exact_counts`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace

from chalicelib.errors import Unavailable
from chalicelib.ledger.states import (
    QUEUED,
    WAITING,
    as_read,
    flushed_counts,
    is_finished,
    letters_as_read,
    tally_as_read,
)
from chalicelib.ports.ledger import Change, Conflict, Count, Ledger, Put
from chalicelib.ports.ledger_records import Control, Counts, File, Page, Tally

PAGES_COUNTED = 2000
"""Pages that are counted one by one, while a client waits: reading more would take seconds."""

_TRIES = 8
_PAGES_A_READ = 500
_PAGES_A_POST = 50


def settle(ledger: Ledger, page: Page, states: str, epoch: int, *extra: Change) -> None:
    """Gives a page these states, and the tally the difference, in one transaction with `extra`.

    `epoch` is that of the failed and blocked among `states`. A page with queued entries that was never posted is only
    written. Raises `Conflict` when the page (index 0) or one of `extra` (from 1 on) is not as it was read.
    """
    for _ in range(_TRIES):
        changed = replace(page, states=states, epoch=epoch)
        counting: list[Change] = []
        if page.posted is not None or not WAITING & set(states):
            tally = _tally(ledger, page.n, epoch)
            if tally is None:
                continue
            changed, delta = _posted(changed, tally.epoch)
            counting = [Count(page.n, delta, tally.epoch)] if delta else []
        try:
            ledger.commit(Put(changed), *extra, *counting)
        except Conflict as conflict:
            if counting and conflict.lost == {len(extra) + 1}:
                continue  # the tally was turned to a newer epoch meanwhile
            raise
        return
    raise Unavailable("The ledger", f"tally of file {page.n}")


def post(ledger: Ledger, page: Page) -> bool:
    """Adds the counts of a page to the tally, if no entry of it waits and it was not posted before.

    Returns whether there is nothing left to post. A page that others change at this moment is left to them.
    """
    if page.posted is not None or WAITING & set(page.states):
        return page.posted is not None
    try:
        settle(ledger, page, page.states, page.epoch)
    except Conflict:
        return False
    return True


def post_all(ledger: Ledger, pages: Iterable[Page]) -> None:
    """Posts the pages of which no entry waits; those of one file in one transaction, so with one write of its tally."""
    ready: dict[int, list[Page]] = defaultdict(list)
    for page in pages:
        if page.posted is None and not WAITING & set(page.states):
            ready[page.n].append(page)
    for n, of_file in ready.items():
        for start in range(0, len(of_file), _PAGES_A_POST):
            _post_together(ledger, n, of_file[start : start + _PAGES_A_POST])


def _post_together(ledger: Ledger, n: int, pages: list[Page]) -> None:
    tally = _tally(ledger, n, max(page.epoch for page in pages)) if len(pages) > 1 else None
    if tally is not None:
        posted = [_posted(page, tally.epoch) for page in pages]
        delta = Counter[str]()
        for _, counting in posted:
            delta.update(counting)
        try:
            ledger.commit(Count(n, delta, tally.epoch), *(Put(page) for page, _ in posted))
        except Conflict:
            pass  # others change one of them: each by itself
        else:
            return
    for page in pages:
        post(ledger, page)


def exact_counts(ledger: Ledger, file: File, tally: Tally, control: Control) -> Counter[str]:
    """How many entries of a file are in each state, as read now; they add up to the file's total."""
    counts = tally_as_read(tally, control)
    if file.stage in ("queued", "indexing") or file.total == counts.total():
        return counts
    # Every page counts, posted or not: one that was posted after the tally was read would stand in neither.
    counts = Counter()
    first = 0
    while pages := ledger.pages_of(file.n, first, _PAGES_A_READ):
        for page in pages:
            counts.update(letters_as_read(page, control))
        first = pages[-1].p + 1
    return counts


def bounded_counts(ledger: Ledger, file: File, tally: Tally, control: Control) -> Counter[str]:
    """Counts as `exact_counts` gives them, of a file of any size without reading all of its pages.

    Of a large file that is being worked on, all entries of a page wait (or are cleared) until the page is posted, which
    is when none of its entries waits; so these counts add up to the total as well.
    """
    if file.pages <= PAGES_COUNTED:
        return exact_counts(ledger, file, tally, control)
    counts = tally_as_read(tally, control)
    if file.total:
        counts[as_read(QUEUED, file.n, 0, control)] += file.total - counts.total()
    return +counts


def is_over(file: File, tally: Tally, control: Control) -> bool:
    """Whether nothing of a file is waiting, failed or blocked, and no message of it can change that.

    An entry that a clear made read as cleared may be in a worker's hands still: only what is posted has its outcome.
    """
    posted = sum(tally.counts.values()) == file.total
    return posted and is_finished(file, tally_as_read(tally, control), control)


def page_counts(page: Page, epoch: int) -> Counter[str]:
    """The counts of a page under an epoch."""
    return flushed_counts(page.counts()) if page.epoch < epoch else page.counts()


def _posted(page: Page, epoch: int) -> tuple[Page, Counter[str]]:
    """The page as posted under an epoch, and the difference that the tally gets."""
    now = page_counts(page, epoch)
    before: Counts = page.posted or {}
    if page.posted_epoch < epoch:
        before = flushed_counts(before)
    delta = Counter(now)
    delta.subtract(before)
    delta = Counter({letter: by for letter, by in delta.items() if by})
    return replace(page, posted=dict(now), posted_epoch=epoch), delta


def _tally(ledger: Ledger, n: int, epoch: int) -> Tally | None:
    """The tally of a file, turned to that epoch if it is older; None when another writer was in between."""
    found = ledger.file(n)
    if found is None:
        raise Unavailable("The ledger", f"file {n} has no tally")
    tally = found[1]
    if tally.epoch >= epoch:
        return tally
    turned = replace(tally, counts=dict(flushed_counts(tally.counts)), epoch=epoch)
    try:
        ledger.commit(Put(turned))
    except Conflict:
        return None
    return replace(turned, version=tally.version + 1)
