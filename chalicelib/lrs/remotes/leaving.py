"""Pages of what is to leave a store: the items of a service in a fixed order, and where a later run begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from chalicelib.lrs.data import documents, entries, statements
from chalicelib.lrs.data.shape import fitting, whole
from chalicelib.lrs.jobs.machine.data import statements_of
from chalicelib.ports.documents import DocumentService
from chalicelib.ports.registries import Position, Registry, RegistrySearch
from chalicelib.ports.statement_store import StatementSearch

if TYPE_CHECKING:
    from chalicelib.lrs.jobs.machine.job_type import Work
    from chalicelib.ports.statement_store import StatementRecord

Json = Mapping[str, object]

PER_PAGE = 100
# What happens to others than the statement of a batch is written a little after its time: until a batch's lease is
# over, something may still come that was changed before.
LAG = 120_000_000  # microseconds
HELD_BYTES = 32_000_000  # of attachments of one page
FIRST_WINDOW = 1_000_000  # microseconds
WIDER = 8


@dataclass(frozen=True)
class Leaving:
    """A page. `items` as `giving.given` takes them; `next` of the last page is where a later run begins."""

    items: Sequence[Json]
    next: Json
    last: bool


def leaving(work: Work, position: Json | None, by_update: bool) -> Leaving:
    """A page from a position (None: from the start). Raises `Unavailable`."""
    service = work.job.service
    upto = min(work.cutoff, work.started_at - LAG)
    if service == "statements":
        return _updated(work, position, upto) if by_update else _statements(work, position)
    if service in ("agents", "activities"):
        return _entries(work, cast(Registry, service), _place(position, by_update), upto)
    return _documents(work, cast(DocumentService, service), _place(position, by_update), upto)


def _statements(work: Work, position: Json | None) -> Leaving:
    """By `stored`; voided ones stay."""
    search = StatementSearch(work.store, upto=work.cutoff, limit=PER_PAGE, voided=False)
    page = statements_of(work.lrs).page_of(search, position)
    light = _light(work, page.items)
    if light < len(page.items):
        return Leaving(page.items[:light], {**page.next, "after": page.items[light - 1]["stored"]}, False)
    return Leaving(page.items, page.next, page.last)


def _light(work: Work, items: Sequence[Json]) -> int:
    """How many of the statements have attachments that a worker can hold together; one at least."""
    hashes = [sha256 for item in items for sha256 in _hashes(item)]
    sizes = work.lrs.attachments.sizes(work.store, hashes) if hashes else {}
    held = 0
    for count, item in enumerate(items):
        held += sum(sizes.get(sha256, 0) for sha256 in _hashes(item))
        if count and held > HELD_BYTES:
            return count
    return len(items)


def _hashes(item: Json) -> list[str]:
    listed = item.get("attachments")
    return [str(each) for each in listed] if isinstance(listed, list) else []


def _updated(work: Work, position: Json | None, upto: int) -> Leaving:
    """By `updated`, which is no order of the store: in windows that hold no more than a page, each put in order.

    Statements of one microsecond that are more than a page are taken by `stored`.
    """
    reading = work.lrs.record_clock.read(work.store)
    place = position or {}
    after, width = whole(place.get("updated", -1)), whole(place.get("width", FIRST_WINDOW))
    if "inner" not in place and (position is None or place.get("last")):
        work.lrs.statement_store.refresh()
    search = StatementSearch(
        work.store,
        # What an open batch wrote before is not decided: it is of the next run.
        upto=min(upto, *(batch.first - 1 for batch in reading.open.values()), upto),
        limit=PER_PAGE,
        ascending=True,
        voided=False,
        undone=reading.undone,
        brief=True,
    )
    if after >= search.upto:
        return Leaving((), {"updated": after, "last": True}, True)
    end = min(after + width, search.upto)
    if (
        "inner" not in place
        and work.lrs.statement_store.matches(replace(search, updated_after=after)) <= PER_PAGE
    ):
        end = search.upto
    inner = place.get("inner")
    window = replace(search, updated_after=after, after=None if inner is None else whole(inner))
    while True:
        window = replace(window, updated_upto=end)
        found = work.lrs.statement_store.search(window)
        ordered = found if end == after + 1 else sorted(found, key=_by_update)
        items = [statements.item_of(record) for record in ordered]
        light = _light(work, items)
        whole_window = len(found) < PER_PAGE or work.lrs.statement_store.matches(window) <= PER_PAGE
        if end == after + 1 or (light == len(items) and whole_window):
            break
        end = after + max(1, (end - after) // 2)
    if end == after + 1 and (light < len(items) or len(found) == PER_PAGE):
        return Leaving(
            items[:light], {"updated": after, "width": 1, "inner": items[light - 1]["stored"]}, False
        )
    last = end >= search.upto
    return Leaving(items, {"updated": end, "width": (end - after) * WIDER, "last": last}, last)


def _by_update(record: StatementRecord) -> tuple[int, int]:
    return record.updated, record.stored


def _entries(work: Work, registry: Registry, place: Json, upto: int) -> Leaving:
    """In the order in which they were first told."""
    after = _after(place)
    if after is None or place.get("last"):
        work.lrs.registry_store.refresh(registry)
    begin = None if after is None else Position(*after)
    found = work.lrs.registry_store.search(
        RegistrySearch(registry, work.store, PER_PAGE, after=begin, until=upto)
    )
    ends = [each.position for each in found]
    chosen = [(index, each) for index, each in enumerate(found) if _wanted(each.updated, place, upto)]
    items = fitting([each for _, each in chosen], entries.item_of)
    return _page(items, [index for index, _ in chosen], ends, len(found) < PER_PAGE, place, upto)


def _documents(work: Work, service: DocumentService, place: Json, upto: int) -> Leaving:
    """In the order in which they were first stored."""
    listed = work.lrs.document_store.listing(work.store, service, _after(place), PER_PAGE)
    found = [document for document in listed if document.stored <= upto]
    ends = [each.position for each in found]
    chosen = [(index, each) for index, each in enumerate(found) if _wanted(each.updated, place, upto)]
    items = fitting([each for _, each in chosen], documents.item_of)
    last = len(listed) < PER_PAGE or len(found) < len(listed)
    return _page(items, [index for index, _ in chosen], ends, last, place, upto)


def _place(position: Json | None, by_update: bool) -> Json:
    """Where a page begins; what goes by `updated` is gone through from the start in every run."""
    if not by_update:
        return position or {}
    if position is None or position.get("last"):
        return {"since": -1 if position is None else position["since"]}
    return position


def _wanted(updated: int, place: Json, upto: int) -> bool:
    """Whether an item is of this run: any, or those that changed since the run before."""
    return "since" not in place or whole(place["since"]) < updated <= upto


def _page(
    items: Sequence[Json],
    chosen: Sequence[int],
    ends: Sequence[tuple[int, str]],
    last: bool,
    place: Json,
    upto: int,
) -> Leaving:
    """The page of these items, which are at these places of all that was found."""
    cut = len(items) < len(chosen)
    after = ends[chosen[len(items) - 1]] if cut else ends[-1] if ends else _after(place)
    last = last and not cut
    if "since" in place and last:
        return Leaving(items, {"since": upto, "last": True}, True)
    since = {"since": place["since"]} if "since" in place else {}
    return Leaving(items, {"after": None if after is None else list(after), "last": last, **since}, last)


def _after(place: Json) -> tuple[int, str] | None:
    after = place.get("after")
    return (whole(after[0]), str(after[1])) if isinstance(after, list) else None
