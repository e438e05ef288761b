"""The job that checks statements: marks with reasons, deletes on request, nothing twice whatever is killed."""

import json

import pytest

from chalicelib.lrs.options import PipelineOptions
from chalicelib.lrs.versions import V1, V2, XapiVersion
from chalicelib.ports.statement_store import StatementRecord
from tests.doubles.faults import FAULTS, Faults
from tests.doubles.lrs_world import LrsWorld, Stored, principal
from tests.doubles.running_jobs import around, counts, create, make_store, run, run_new, settle
from tests.doubles.statement_store import STATEMENT_PARTS
from tests.unit.test_lrs_record_store_faults import BYTES, HASH, attached
from tests.unit.test_lrs_record_store_races import A, B, C, D, statement

UNCHECKED = principal(options=PipelineOptions(validate_statements=False))
MOST_CALLS = 120


@pytest.fixture
def stored() -> Stored:
    made = Stored()
    make_store(made)
    return made


def wrong(name: str) -> dict[str, object]:
    return statement(name) | {"actor": {"mbox": "no address"}}


def record(
    stored: Stored,
    *statements: dict[str, object],
    parts: dict[str, bytes] | None = None,
    version: XapiVersion = V1,
) -> None:
    LrsWorld(stored).recording.record(UNCHECKED, version, list(statements), parts or {})
    stored.clock.advance(1)


def found(stored: Stored) -> dict[str, StatementRecord]:
    return {each.id: each for each in stored.statement_store.stored("store")}


def test_statements_are_marked_valid_or_invalid_with_the_reason(stored: Stored) -> None:
    record(stored, statement(A), wrong(B))
    assert {each.valid for each in found(stored).values()} == {None}
    job = run_new(stored, "validation", store="store", clear=False)
    assert job.success is True
    assert counts(job) == (2, 2, 0, 0)
    there = found(stored)
    assert (there[A].validated, there[A].valid, there[A].faults) == (True, True, ())
    assert (there[B].validated, there[B].valid) == (True, False)
    assert there[B].faults[0].startswith("actor.mbox: ")
    assert f"{B} is invalid: actor.mbox" in job.feedback
    assert job.evidence == {"not_checked": 0, "invalid": 1}


def test_what_was_checked_when_it_was_recorded_is_left_alone(stored: Stored) -> None:
    LrsWorld(stored).recording.record(principal(), V1, [statement(A)], {})
    stored.clock.advance(1)
    before = found(stored)
    assert counts(run_new(stored, "validation", store="store", clear=True)) == (0, 0, 0, 0)
    assert found(stored) == before


def test_clear_deletes_the_invalid_ones_with_their_attachments(stored: Stored) -> None:
    record(stored, attached(A) | {"actor": {"mbox": "no address"}}, statement(B), parts={HASH: BYTES})
    job = run_new(stored, "validation", store="store", clear=True)
    assert counts(job) == (2, 2, 0, 0)
    assert set(found(stored)) == {B}
    assert LrsWorld(stored).attachments.read("store", HASH) is None
    assert job.evidence == {"not_checked": 0, "invalid": 0}


def test_clear_deletes_those_of_earlier_runs_too(stored: Stored) -> None:
    record(stored, wrong(A), statement(B))
    run_new(stored, "validation", store="store", clear=False)
    record(stored, wrong(C))
    job = run_new(stored, "validation", store="store", clear=True)
    assert counts(job) == (2, 2, 0, 0)
    assert set(found(stored)) == {B}
    assert f"Deleted {A}" in job.feedback


def test_a_dry_run_tells_what_would_go_and_changes_nothing(stored: Stored) -> None:
    record(stored, wrong(A))
    run_new(stored, "validation", store="store", clear=False)
    record(stored, wrong(B), statement(C))
    before = found(stored)
    job = run_new(stored, "validation", store="store", clear=True, dry_run=True)
    assert counts(job) == (3, 0, 3, 0)
    assert found(stored) == before
    assert f"{B} is invalid" in job.feedback
    assert f"Would delete {A}" in job.feedback


@pytest.mark.parametrize(("version", "valid"), [("1.0.3", False), ("2.0.0", True)])
def test_a_statement_is_checked_in_its_own_version(stored: Stored, version: str, valid: bool) -> None:
    agents = [{"relevantTypes": ["http://example.com/type"], "agent": {"mbox": "mailto:bob@example.com"}}]
    only_in_2 = statement(A) | {"context": {"contextAgents": agents}, "version": version}
    agents[0]["objectType"] = "contextAgent"
    record(stored, only_in_2, version=V2)
    run_new(stored, "validation", store="store", clear=False)
    assert found(stored)[A].valid is valid


def test_a_statement_of_a_version_that_is_none_is_invalid(stored: Stored) -> None:
    record(stored, statement(A) | {"version": "0.9"})
    run_new(stored, "validation", store="store", clear=False)
    assert found(stored)[A].valid is False


def test_voided_statements_are_checked_too_and_stay_voided(stored: Stored) -> None:
    record(stored, statement(A))
    [there] = found(stored).values()
    stored.statement_store.update([there.__class__(**{**vars(there), "voided": True})])
    run_new(stored, "validation", store="store", clear=False)
    assert (found(stored)[A].voided, found(stored)[A].valid) == (True, True)


def test_the_text_stays_as_it_is(stored: Stored) -> None:
    record(stored, statement(A), wrong(B))
    before = {name: each.text for name, each in found(stored).items()}
    run_new(stored, "validation", store="store", clear=False)
    assert {name: each.text for name, each in found(stored).items()} == before
    assert json.loads(before[A])["id"] == A


def test_a_list_of_invalid_statements_shows_them_at_once(stored: Stored) -> None:
    record(stored, wrong(A))
    world = LrsWorld(stored)
    from chalicelib.ports.statement_store import StatementSearch

    search = StatementSearch("store", 0, 10, voided=None, valid=False)
    assert world.reader.page(search).records == []
    run_new(stored, "validation", store="store", clear=False)
    assert [each.id for each in world.reader.page(search).records] == [A]


def checked_with_a_fault(clear: bool, k: int, kind: str) -> bool:
    """One run with the k-th call of the workers going wrong; False: they made fewer calls."""
    stored = Stored()
    make_store(stored)
    record(stored, wrong(D))
    run_new(stored, "validation", store="store", clear=False)
    record(stored, attached(A) | {"actor": {"mbox": "no address"}}, statement(B), parts={HASH: BYTES})
    [job] = create(stored, "validation", store="store", clear=clear)
    faults = Faults(at=k, kind=kind)
    ended = run(stored, job, lambda: LrsWorld(stored, around(faults)))
    if len(faults.seen) <= k:
        return False
    told = f"{faults.seen[k]} (call {k}) {kind}"
    settle(stored)
    assert ended.success is True, told
    expected = 3 if clear else 2
    assert counts(ended) == (expected, expected, 0, 0), told
    there = found(stored)
    assert there[B].valid is True, told
    assert set(there) == ({B} if clear else {A, B, D}), told
    assert clear or there[A].valid is False, told
    assert LrsWorld(stored).attachments.read("store", HASH) == (None if clear else BYTES), told
    return True


@pytest.mark.parametrize("kind", [*FAULTS, *STATEMENT_PARTS])
@pytest.mark.parametrize("clear", [False, True])
def test_whatever_goes_wrong_at_the_end_it_is_as_if_nothing_had(clear: bool, kind: str) -> None:
    calls = next(k for k in range(MOST_CALLS) if not checked_with_a_fault(clear, k, kind))
    assert calls > 15
