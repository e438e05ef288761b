"""Clearing: what was stored up to a time goes with all that belongs to it, whatever is killed; nothing else does."""

import hashlib
from dataclasses import replace

import pytest

from chalicelib.lrs.data.shape import amount
from chalicelib.lrs.jobs.machine import data
from chalicelib.lrs.keys import key
from chalicelib.lrs.statements.query import StatementQuery
from chalicelib.lrs.versions import V1
from tests.doubles.faults import FAULTS, Faults
from tests.doubles.lrs_world import LrsWorld, Stored, principal
from tests.doubles.running_jobs import around, counts, create, make_store, run, run_new, settle
from tests.doubles.statement_store import STATEMENT_PARTS
from tests.unit.test_lrs_record_store_faults import BYTES, HASH, attached
from tests.unit.test_lrs_record_store_races import A, B, C, D, referring, statement, voiding

MOST_CALLS = 120
OTHER_BYTES = b"another"
OTHER_HASH = hashlib.sha256(OTHER_BYTES).hexdigest()


@pytest.fixture
def stored() -> Stored:
    made = Stored()
    make_store(made)
    return made


def record(stored: Stored, *statements: dict[str, object], parts: dict[str, bytes] | None = None) -> None:
    LrsWorld(stored).recording.record(principal(), V1, list(statements), parts or {})
    stored.clock.advance(1)


def ids(stored: Stored, store: str = "store") -> set[str]:
    return {each.id for each in stored.statement_store.stored(store)}


def test_statements_up_to_now_go(stored: Stored) -> None:
    record(stored, statement(A), statement(B))
    record(stored, statement(C))
    job = run_new(stored, "clearing", store="store", service="statements", until="now")
    assert job.success is True
    assert counts(job) == (3, 3, 0, 0)
    assert ids(stored) == set()
    assert job.evidence["left"] == 0


def test_nothing_to_clear_is_said(stored: Stored) -> None:
    job = run_new(stored, "clearing", store="store", service="statements", until="now")
    assert job.success is True
    assert counts(job) == (0, 0, 0, 0)
    assert job.feedback.startswith("There are no statements stored up to ")


def test_what_is_younger_than_the_cutoff_stays(stored: Stored) -> None:
    record(stored, statement(A))
    stored.clock.advance(7200)
    record(stored, statement(B))
    job = run_new(stored, "clearing", store="store", service="statements", until="1_hour")
    assert counts(job) == (1, 1, 0, 0)
    assert ids(stored) == {B}


def test_another_store_is_not_touched(stored: Stored) -> None:
    make_store(stored, "other")
    record(stored, statement(A))
    LrsWorld(stored).recording.record(principal("other"), V1, [statement(A)], {})
    stored.clock.advance(1)
    run_new(stored, "clearing", store="store", service="statements", until="now")
    assert (ids(stored), ids(stored, "other")) == (set(), {A})


def test_voided_statements_go_too(stored: Stored) -> None:
    record(stored, statement(A))
    record(stored, voiding(B, A))
    assert counts(run_new(stored, "clearing", store="store", service="statements", until="now"))[1] == 2
    assert ids(stored) == set()


def test_a_list_shows_at_once_that_they_are_gone(stored: Stored) -> None:
    record(stored, statement(A))
    reader = LrsWorld(stored)
    assert len(reader.reader.query(principal(), StatementQuery()).records) == 1
    run_new(stored, "clearing", store="store", service="statements", until="now")
    assert len(reader.reader.query(principal(), StatementQuery()).records) == 0


def test_a_dry_run_lists_and_changes_nothing(stored: Stored) -> None:
    record(stored, attached(A), statement(B), parts={HASH: BYTES})
    job = run_new(stored, "clearing", store="store", service="statements", until="now", dry_run=True)
    assert counts(job) == (2, 0, 2, 0)
    assert job.feedback.startswith("A dry run, nothing is deleted.")
    assert A in job.feedback
    assert ids(stored) == {A, B}
    assert LrsWorld(stored).attachments.read("store", HASH) == BYTES


def test_attachments_go_with_the_last_statement_that_has_them(stored: Stored) -> None:
    record(stored, attached(A), parts={HASH: BYTES})
    stored.clock.advance(7200)
    record(stored, attached(B), parts={HASH: BYTES})
    run_new(stored, "clearing", store="store", service="statements", until="1_hour")
    assert ids(stored) == {B}
    assert LrsWorld(stored).attachments.read("store", HASH) == BYTES
    run_new(stored, "clearing", store="store", service="statements", until="now")
    assert LrsWorld(stored).attachments.read("store", HASH) is None


def test_many_go_page_by_page_each_counted_once(stored: Stored, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.lrs.data.ranges.StatementRanges.per_page", 7)
    names = [f"00000000-0000-4000-8000-{number:012d}" for number in range(50)]
    for start in range(0, 50, 10):
        record(stored, *(statement(name) for name in names[start : start + 10]))
    job = run_new(stored, "clearing", store="store", service="statements", until="now")
    assert counts(job) == (50, 50, 0, 0)
    assert ids(stored) == set()


def test_a_voiding_statement_that_is_cleared_voids_nothing_that_comes_later(stored: Stored) -> None:
    record(stored, voiding(B, A))
    run_new(stored, "clearing", store="store", service="statements", until="now")
    record(stored, statement(A))
    assert LrsWorld(stored).reader.get(principal(), A).voided is False


def test_one_of_two_that_wait_for_a_statement_is_cleared_and_the_other_still_voids_it(stored: Stored) -> None:
    record(stored, referring(C, A))
    stored.clock.advance(7200)
    record(stored, voiding(B, A))
    run_new(stored, "clearing", store="store", service="statements", until="1_hour")
    record(stored, statement(A))
    assert LrsWorld(stored).reader.get(principal(), A, voided=True).id == A
    mark = stored.statement_store.mark("store", A)
    assert mark is not None
    assert mark.referrers == (B,)


def test_a_statement_changed_since_it_was_planned_goes_all_the_same(stored: Stored) -> None:
    record(stored, statement(A))
    world = LrsWorld(stored)
    statements = data.data_of(world, "statements")
    page = statements.page("store", 2**60, None, 10)
    stored.clock.advance(10)
    record(stored, voiding(B, A))  # changes A
    assert statements.remove("store", page.items) == []
    assert ids(stored) == {B}


def test_a_statement_written_anew_under_the_id_of_one_that_was_planned_stays(stored: Stored) -> None:
    record(stored, statement(A))
    statements = data.data_of(LrsWorld(stored), "statements")
    page = statements.page("store", 2**60, None, 10)
    statements.remove("store", page.items)
    record(stored, statement(A, note="again"))
    assert statements.remove("store", page.items) == []
    assert ids(stored) == {A}


def test_what_a_batch_is_still_writing_is_waited_for(stored: Stored) -> None:
    record(stored, statement(A))
    now = int(stored.clock.now() * 1_000_000)
    stored.record_clock.register("store", "open", 1, now, now + 60_000_000)
    [found] = stored.statement_store.stored("store")
    stored.statement_store.create([replace(found, id=B, batch="open", stored=now, revision=None)])
    stored.clock.advance(1)
    statements = data.data_of(LrsWorld(stored), "statements")
    cutoff = int(stored.clock.now() * 1_000_000)
    first = statements.page("store", cutoff, None, 10)
    assert (amount(first.items), first.last) == (1, False)
    assert statements.listed(first.items, 10) == [A]
    waiting = statements.page("store", cutoff, first.next, 10)
    assert (list(waiting.items), waiting.last) == ([], False)
    stored.record_clock.finish("store", "open", writing=True)
    after = statements.page("store", cutoff, waiting.next, 10)
    assert amount(after.items) == 1
    statements.remove("store", after.items)
    assert ids(stored) == {A}


def test_a_batch_whose_writer_died_is_undone_and_does_not_hold_up_the_run(stored: Stored) -> None:
    record(stored, statement(A))
    now = int(stored.clock.now() * 1_000_000)
    stored.record_clock.register("store", "open", 1, now, now + 60_000_000)
    [found] = stored.statement_store.stored("store")
    stored.statement_store.create([replace(found, id=B, batch="open", stored=now, revision=None)])
    stored.clock.advance(1)
    [job] = create(stored, "clearing", store="store", service="statements", until="now")
    ended = run(stored, job)
    assert counts(ended) == (1, 1, 0, 0)
    assert ids(stored) == set()


def cleared_with_a_fault(k: int, kind: str) -> bool:
    """One run with the k-th call of the first worker going wrong; False: it made fewer calls."""
    stored = Stored()
    make_store(stored)
    record(stored, attached(A), statement(B), parts={HASH: BYTES})
    record(stored, voiding(C, "00000000-0000-4000-8000-0000000000ff"))
    other = attached(D) | {"attachments": [_describing(OTHER_BYTES, OTHER_HASH)]}
    stored.clock.advance(7200)
    record(stored, other, parts={OTHER_HASH: OTHER_BYTES})
    [job] = create(stored, "clearing", store="store", service="statements", until="1_hour")
    faults = Faults(at=k, kind=kind)
    ended = run(stored, job, lambda: LrsWorld(stored, around(faults)))
    if len(faults.seen) <= k:
        return False
    told = f"{faults.seen[k]} (call {k}) {kind}"
    settle(stored)
    assert ended.success is True, told
    assert counts(ended) == (3, 3, 0, 0), told
    assert ids(stored) == {D}, told
    world = LrsWorld(stored)
    assert world.attachments.read("store", HASH) is None, told
    assert world.attachments.read("store", OTHER_HASH) == OTHER_BYTES, told
    mark = stored.statement_store.mark("store", "00000000-0000-4000-8000-0000000000ff")
    assert mark is not None, told
    assert (mark.voided, mark.referrers) == (False, ()), told
    return True


def _describing(data: bytes, sha256: str) -> dict[str, object]:
    return {
        "usageType": "http://example.com/usage",
        "display": {"en": "certificate"},
        "contentType": "text/plain",
        "length": len(data),
        "sha2": sha256,
    }


@pytest.mark.parametrize("kind", [*FAULTS, *STATEMENT_PARTS])
def test_whatever_goes_wrong_at_the_end_it_is_as_if_nothing_had(kind: str) -> None:
    calls = next(k for k in range(MOST_CALLS) if not cleared_with_a_fault(k, kind))
    assert calls > 20


def test_the_key_of_a_verb_finds_nothing_that_was_cleared(stored: Stored) -> None:
    record(stored, statement(A))
    run_new(stored, "clearing", store="store", service="statements", until="now")
    query = StatementQuery(verb=key("http://example.com/verbs/read"))
    assert LrsWorld(stored).reader.query(principal(), query).records == []
