"""What a run of conformance checks leaves in a store: its statements, found by their marks and removed for good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.lrs.conformance import run_activity, run_mark
from chalicelib.lrs.jobs.machine.data import statements_of
from chalicelib.lrs.keys import key
from chalicelib.lrs.statements.parts import registration_key
from chalicelib.ports.statement_store import StatementSearch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.lrs.jobs.machine.services import JobServices

PER_PAGE = 500


@dataclass(frozen=True)
class Page:
    """Statements that are left. `clean`: there are none, and no batch is open any more that may have some."""

    items: Sequence[Mapping[str, object]]
    clean: bool


class Leavings:
    """The statements of runs in one store."""

    def __init__(self, lrs: JobServices, store: str, runs: Sequence[str]) -> None:
        self._store, self._runs = store, runs
        self._statements = statements_of(lrs)

    def page(self, until: int) -> Page:
        """Some of what was stored up to a time (microseconds since 1970), voided and voiding ones too."""
        every = StatementSearch(self._store, until, PER_PAGE, targeting=False, voided=None)
        clean = True
        for run in self._runs:
            by_registration = replace(every, registration=registration_key(run_mark(run)))
            by_activity = replace(every, activity=key(run_activity(run)), related_activities=True)
            for search in (by_registration, by_activity):
                page = self._statements.page_of(search, None)
                if page.items:
                    return Page(page.items, clean=False)
                clean = clean and page.last
        return Page((), clean)

    def remove(self, items: Sequence[Mapping[str, object]]) -> None:
        """Removes such a page, with its attachments and what waits for others."""
        self._statements.remove(self._store, items)
