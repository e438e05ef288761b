"""What types of jobs share that work through the data of a store and remove it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast, get_args

from chalicelib.jobs.run_type import Done, Json, Plan
from chalicelib.lrs.data.shape import amount
from chalicelib.ports.documents import DocumentService
from chalicelib.times import written

if TYPE_CHECKING:
    from chalicelib.lrs.data.documents import Documents
    from chalicelib.lrs.data.shape import DataPage, DataService
    from chalicelib.lrs.data.statements import Statements
    from chalicelib.lrs.jobs.machine.job_type import Work
    from chalicelib.lrs.jobs.machine.services import JobServices
    from chalicelib.ports.registries import Registry

PER_PAGE = 1000  # items; a page has fewer where they are large
SHOWN = 10  # of what a dry run would remove


def data_of(lrs: JobServices, name: str) -> DataService:
    """The service of data with this name; the ones that are not asked for are not loaded."""
    if name == "statements":
        from chalicelib.lrs.data.ranges import StatementRanges
        from chalicelib.lrs.data.walk import Walk

        walk = Walk(lrs.record_clock, lrs.statement_store, lrs.clock)
        return StatementRanges(walk, lrs.statement_store, statements_of(lrs), lrs.clock)
    if name in ("agents", "activities"):
        from chalicelib.lrs.data.entries import Entries

        return Entries(cast("Registry", name), lrs.registry_store, lrs.registries)
    if name in get_args(DocumentService):
        return documents_of(lrs, cast(DocumentService, name))
    raise ValueError(f"{name} is no service of data")


def statements_of(lrs: JobServices) -> Statements:
    """Statements one by one, as far as a search finds them."""
    from chalicelib.lrs.data.statements import Statements

    return Statements(lrs.record_clock, lrs.statement_store, lrs.attachments, lrs.settling, lrs.clock)


def documents_of(lrs: JobServices, service: DocumentService) -> Documents:
    """The documents of one kind."""
    from chalicelib.lrs.data.documents import Documents

    return Documents(service, lrs.document_store, lrs.documents, lrs.clock)


def planned(page: DataPage, position: Json | None) -> Plan:
    """A page of items as a plan, by the position it was asked for with.

    The first of a run is worked on even if it is empty, to say so; one that only waits is not, and is not the first.
    """
    first = position is None or bool(position.get("first"))
    if page.items or (first and page.last):
        return Plan({"items": list(page.items), "first": first}, page.next, last=page.last)
    return Plan({}, {**page.next, "first": first}, last=page.last)


def removed(work: Work, service: DataService, store: str, plan: Json) -> Done:
    """Removes the items of a plan, or tells which would go."""
    items = items_of(plan)
    notes = _notes(work, service, items) if plan["first"] else []
    if work.dry_run:
        return Done(skipped=amount(items), notes=notes)
    stay = service.remove(store, items) if items else []
    notes += kept(stay)
    return Done(done=amount(items) - len(stay), skipped=len(stay), notes=notes)


def kept(names: Sequence[str]) -> list[str]:
    """Notes on items that stay, because they were changed since the page was planned."""
    return [f"Kept, for it was changed since: {name}." for name in names[:SHOWN]]


def only_listed(items: Sequence[Json], kind: str, shown: Sequence[str], intro: str = "") -> Done:
    """What a dry run tells of a page: all skipped, the first of them by short names, after `intro` (empty: nothing)."""
    return Done(skipped=len(items), notes=[intro, *(f"{kind} {name}" for name in shown[:SHOWN])])


def items_of(plan: Json) -> Sequence[Json]:
    """The items of a plan."""
    found = plan["items"]
    return found if isinstance(found, list) else ()


def _notes(work: Work, service: DataService, items: Sequence[Json]) -> list[str]:
    until = f"{service.name} stored up to {written(work.cutoff)}"
    if not items:
        return [f"There are no {until}."]
    if not work.dry_run:
        return [f"Deletes the {until}."]
    shown = service.listed(items, SHOWN)
    return [f"A dry run, nothing is deleted. Would delete the {until}, such as:", *shown]
