"""Checks the statements that were recorded without it; marks them, or deletes what xAPI does not allow.

Two stages: statements that were not checked yet, then (`clear`) those that earlier runs found invalid.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.jobs.run_type import Done, Json, Plan
from chalicelib.lrs.jobs.machine.data import PER_PAGE, items_of, statements_of
from chalicelib.lrs.jobs.machine.job_type import JobType, Work
from chalicelib.lrs.jobs.machine.parameters import Parameter
from chalicelib.lrs.statements.rewriting import rewrite
from chalicelib.lrs.versions import V1, V2, understood
from chalicelib.ports.statement_store import StatementRecord, StatementSearch

if TYPE_CHECKING:
    from chalicelib.lrs.versions import XapiVersion

PER_READ = 200  # statements of up to 512 KiB that are held at once
MOST_FAULTS, LONGEST_FAULT = 10, 300  # that are kept of a statement
SHOWN = 5  # invalid statements of a page that are told of
CHECK, CLEAR = "check", "clear"


class Validation(JobType):
    """The type `validation`."""

    name = "validation"
    parameters = (Parameter("clear", "boolean", "Whether invalid statements are deleted.", required=True),)
    store = "each"
    destroys = True

    def total(self, work: Work) -> int:
        statements = statements_of(work.lrs)
        return sum(statements.count_of(_search(work, stage)) for stage in _stages(work))

    def plan(self, work: Work, position: Json | None) -> Plan:
        stage = CHECK if position is None else str(position["stage"])
        at = None if position is None else position["at"]
        page = statements_of(work.lrs).page_of(
            _search(work, stage), at if isinstance(at, dict) else None, newest_first=True
        )
        following = _stages(work)[-1] if page.last else stage
        last = page.last and following == stage
        items: dict[str, object] = {"stage": stage, "items": list(page.items)} if page.items else {}
        return Plan(items, {"stage": following, "at": None if page.last else page.next}, last=last)

    def apply(self, work: Work, items: Json) -> Done:
        found = items_of(items)
        if items["stage"] == CHECK:
            return _Checked(work, found).done()
        names = [str(item["id"]) for item in found]
        if work.dry_run:
            notes = [f"Would delete {name}, which an earlier run found invalid." for name in names[:SHOWN]]
            return Done(skipped=len(found), notes=notes)
        statements_of(work.lrs).remove(work.store, found)
        notes = [f"Deleted {name}, which an earlier run found invalid." for name in names[:SHOWN]]
        return Done(done=len(found), notes=notes)

    def finish(self, work: Work) -> Json:
        statements = statements_of(work.lrs)
        return {
            "not_checked": statements.count_of(_search(work, CHECK)),
            "invalid": statements.count_of(_search(work, CLEAR)),
        }


class _Checked:
    """A page of statements while it is checked; a page that is checked again counts as at the first time."""

    def __init__(self, work: Work, items: Sequence[Json]) -> None:
        # Here, so that who only lists jobs does not load the checks.
        from chalicelib.lrs.validation.statements import validate_statement

        self._validate = validate_statement
        self._work, self._items = work, items
        self._store = work.lrs.statement_store
        self._version = _version_of_store(work)
        self._stored = {str(item["id"]): item["stored"] for item in items}
        self._notes: list[str] = []
        self._invalid: set[str] = set()

    def done(self) -> Done:
        names, there = list(self._stored), set[str]()
        for start in range(0, len(names), PER_READ):
            there |= self._check(names[start : start + PER_READ])
        if self._work.dry_run:
            return Done(skipped=len(self._items), notes=self._notes)
        if self._work.settings["clear"]:
            # Of what is gone too: who removed it may have died before all that belongs to it was.
            going = [item for item in self._items if item["id"] in self._invalid or item["id"] not in there]
            if going:
                statements_of(self._work.lrs).remove(self._work.store, going)
        # Also where nothing was written now: a call before this one may have died after it wrote.
        self._work.lrs.record_clock.touch(self._work.store)
        return Done(done=len(self._items), notes=self._notes)

    def _check(self, names: Sequence[str]) -> set[str]:
        """Checks and marks statements; those that are there."""
        there: set[str] = set()

        def marked(found: Sequence[StatementRecord]) -> list[StatementRecord]:
            there.update(record.id for record in found)
            checked = [self._checked(record) for record in found if self._is_due(record)]
            return [] if self._work.dry_run else [each for each in checked if self._stays(each)]

        rewrite(self._store, self._work.lrs.clock, self._work.store, names, marked).check()
        return there

    def _is_due(self, record: StatementRecord) -> bool:
        return not record.validated and record.stored == self._stored[record.id]

    def _stays(self, record: StatementRecord) -> bool:
        return record.valid is True or not self._work.settings["clear"]

    def _checked(self, record: StatementRecord) -> StatementRecord:
        value = json.loads(record.text)
        version = value.get("version")
        spoken = understood(version) if isinstance(version, str) else None
        faults = self._validate(value, spoken or self._version)
        if faults and record.id not in self._invalid:
            self._invalid.add(record.id)
            if len(self._invalid) <= SHOWN:
                self._notes.append(
                    f"{record.id} is invalid: {faults[0].path} {faults[0].rule}"[:LONGEST_FAULT]
                )
        texts = (f"{fault.path}: {fault.rule} ({fault.requirement})" for fault in faults[:MOST_FAULTS])
        kept = tuple(text[:LONGEST_FAULT] for text in texts)
        return replace(record, validated=True, valid=not faults, faults=kept)


def _stages(work: Work) -> tuple[str, ...]:
    return (CHECK, CLEAR) if work.settings["clear"] else (CHECK,)


def _search(work: Work, stage: str) -> StatementSearch:
    search = StatementSearch(work.store, work.cutoff, PER_PAGE, voided=None)
    return replace(search, validated=False) if stage == CHECK else replace(search, valid=False)


def _version_of_store(work: Work) -> XapiVersion:
    store = work.lrs.access_store.read("", work.store).store
    return V1 if store is not None and store.xapi_version == "1.0" else V2


JOB = Validation()
