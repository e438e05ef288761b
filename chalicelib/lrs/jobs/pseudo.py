"""Puts pseudonyms in the place of agents: in statements, states, agent profiles and registries, up to a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.jobs.run_type import Done, Json, Plan
from chalicelib.lrs.data.documents import OF_AGENTS
from chalicelib.lrs.jobs.machine.data import kept, only_listed
from chalicelib.lrs.jobs.machine.job_type import JobType, Work
from chalicelib.lrs.jobs.machine.parameters import until
from chalicelib.lrs.jobs.machine.steps import Step, applied, planned
from chalicelib.lrs.pseudonyms.documents import DocumentsUnderPseudonyms
from chalicelib.lrs.pseudonyms.entries import EntriesUnderPseudonyms
from chalicelib.lrs.pseudonyms.statements import StatementsUnderPseudonyms
from chalicelib.times import written

if TYPE_CHECKING:
    from typing import Literal

    from chalicelib.ports.documents import DocumentService

STATEMENTS_PER_PAGE = 200  # of up to 512 KiB
DOCUMENTS_PER_PAGE = 500
ENTRIES_PER_PAGE = 100  # each is a search or two for statements


class Pseudo(JobType):
    """The type `pseudo`. Statements and documents are counted; the registries follow them."""

    name = "pseudo"
    parameters = (until(),)
    store = "each"
    destroys = True

    def total(self, work: Work) -> int:
        found = StatementsUnderPseudonyms(work.lrs).count(work.store, work.cutoff)
        for service in OF_AGENTS:
            found += work.lrs.document_store.count(work.store, service, work.cutoff)
        return found

    def plan(self, work: Work, position: Json | None) -> Plan:
        return planned(_steps(work), position)

    def apply(self, work: Work, items: Json) -> Done:
        return applied(_steps(work), items)

    def finish(self, work: Work) -> Json:
        return {
            "up_to": written(work.cutoff),
            "left": StatementsUnderPseudonyms(work.lrs).count(work.store, work.cutoff),
            "request": work.digest_of({"type": self.name, "store": work.store, **work.settings}),
        }


_REGISTRIES: tuple[Literal["agents", "terms"], ...] = ("agents", "terms")


def _steps(work: Work) -> list[Step]:
    steps = [_statements(work), *(_documents(work, service) for service in OF_AGENTS)]
    # Who is still named is only known when all statements are done, so a dry run cannot tell.
    return steps if work.dry_run else [*steps, *(_entries(work, registry) for registry in _REGISTRIES)]


def _statements(work: Work) -> Step:
    statements = StatementsUnderPseudonyms(work.lrs)

    def apply(items: Sequence[Json]) -> Done:
        until = f"statements, states and agent profiles stored up to {written(work.cutoff)}"
        if work.dry_run:
            intro = f"A dry run, nothing is changed. Would put pseudonyms in the place of agents in {until}."
            return only_listed(items, "statement", [str(item["id"]) for item in items], intro)
        refused = statements.replace(work.store, items)
        notes = [f"Statement {name} was refused by the store under pseudonyms." for name in refused]
        return Done(
            done=len(items) - len(refused),
            failed=len(refused),
            notes=[f"Puts pseudonyms in the place of agents in {until}.", *notes],
        )

    return Step(
        "statements",
        lambda position: statements.page(work.store, work.cutoff, position, STATEMENTS_PER_PAGE),
        apply,
    )


def _documents(work: Work, service: DocumentService) -> Step:
    documents = DocumentsUnderPseudonyms(service, work.lrs)

    def apply(items: Sequence[Json]) -> Done:
        if work.dry_run:
            return only_listed(items, service, [documents.data.shown(item) for item in items])
        stay = documents.give(work.store, items)
        return Done(done=len(items) - len(stay), skipped=len(stay), notes=kept(stay))

    return Step(
        service,
        lambda position: documents.page(work.store, work.cutoff, position, DOCUMENTS_PER_PAGE),
        apply,
    )


def _entries(work: Work, registry: Literal["agents", "terms"]) -> Step:
    entries = EntriesUnderPseudonyms(registry, work.lrs)

    def apply(items: Sequence[Json]) -> Done:
        entries.replace(work.store, items, work.started_at)
        return Done()

    return Step(
        registry,
        lambda position: entries.page(work.store, work.cutoff, position, ENTRIES_PER_PAGE),
        apply,
    )


JOB = Pseudo()
