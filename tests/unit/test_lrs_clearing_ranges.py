"""Clearing of statements by ranges of `stored`: what a range has in it, where it ends, who is found through whom."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.lrs.data import ranges
from chalicelib.lrs.data.shape import amount
from chalicelib.lrs.jobs.machine import data
from chalicelib.lrs.keys import key
from chalicelib.lrs.statements.query import StatementQuery
from chalicelib.lrs.versions import V1
from chalicelib.ports.statement_store import StatementSearch
from tests.doubles.faults import FAULTS, Faults
from tests.doubles.lrs_world import LrsWorld, Stored, principal
from tests.doubles.running_jobs import around, counts, create, make_store, run, run_new, settle
from tests.doubles.statement_store import STATEMENT_PARTS
from tests.unit.test_lrs_record_store_faults import BYTES, HASH, attached
from tests.unit.test_lrs_record_store_races import A, B, C, D, referring, statement, voiding

READ = "http://example.com/verbs/read"
MOST_CALLS = 150


@pytest.fixture
def stored() -> Stored:
    made = Stored()
    make_store(made)
    return made


def record(stored: Stored, *statements: dict[str, object], parts: dict[str, bytes] | None = None) -> None:
    LrsWorld(stored).recording.record(principal(), V1, list(statements), parts or {})
    stored.clock.advance(1)


def names(count: int) -> list[str]:
    return [f"00000000-0000-4000-8000-{number:012d}" for number in range(count)]


def left(stored: Stored) -> set[str]:
    return {each.id for each in stored.statement_store.stored("store")}


def clear(stored: Stored, until: str = "now") -> tuple[int, int, int, int]:
    return counts(run_new(stored, "clearing", store="store", service="statements", until=until))


def found_by_verb(stored: Stored, verb: str = READ) -> set[str]:
    query = StatementQuery(verb=key(verb))
    return {each.id for each in LrsWorld(stored).reader.query(principal(), query).records}


def sizes(stored: Stored, limit: int) -> Sequence[int]:
    """The numbers of statements in the ranges of a whole run."""
    statements = data.data_of(LrsWorld(stored), "statements")
    page = statements.page("store", 2**60, None, limit)
    found = [amount(page.items)]
    while not page.last:
        page = statements.page("store", 2**60, page.next, limit)
        found.append(amount(page.items))
    return [size for size in found if size]


def test_a_plain_range_is_removed_by_one_call_and_its_statements_are_never_read(stored: Stored) -> None:
    record(stored, *(statement(name) for name in names(50)))
    before = stored.statement_store.calls.copy()
    assert clear(stored) == (50, 50, 0, 0)
    spent = stored.statement_store.calls - before
    assert (spent["remove_found"], spent["remove"], spent["get_many"]) == (1, 0, 0)


def test_ranges_hold_as_many_as_they_may_and_meet(stored: Stored) -> None:
    record(stored, *(statement(name) for name in names(23)))
    assert sizes(stored, 10) == [10, 10, 3]
    assert sizes(stored, 23) == [23]
    assert sizes(stored, 24) == [23]


def test_a_range_ends_before_it_has_too_many_that_are_linked(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranges, "LINKED_PER_PAGE", 3)
    for number, name in enumerate(names(20)):
        other = "00000000-0000-4000-8000-00000000ffff"
        record(stored, referring(name, other) if number % 2 else statement(name))
    assert sizes(stored, 100) == [5, 6, 6, 3]
    assert clear(stored) == (20, 20, 0, 0)
    mark = stored.statement_store.mark("store", "00000000-0000-4000-8000-00000000ffff")
    assert mark is not None
    assert mark.referrers == ()


def test_a_range_ends_before_it_has_too_many_attachments(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.lrs.data.statements.ATTACHMENTS_PER_PAGE", 2)
    for number, name in enumerate(names(9)):
        if number % 2:
            record(stored, attached(name), parts={HASH: BYTES})
        else:
            record(stored, statement(name))
    assert sizes(stored, 100) == [4, 5]
    assert clear(stored) == (9, 9, 0, 0)
    assert LrsWorld(stored).attachments.read("store", HASH) is None


def test_a_statement_that_is_never_still_is_waited_for_and_then_given_up(stored: Stored) -> None:
    record(stored, statement(A))
    world = LrsWorld(stored)
    statements = data.data_of(world, "statements")
    page = statements.page("store", 2**60, None, 10)
    inner = stored.statement_store.remove_found
    tries = [0]

    def busy(search: StatementSearch) -> bool:
        tries[0] += 1
        return inner(search) if tries[0] > 3 else False

    stored.statement_store.remove_found = busy  # type: ignore[method-assign]
    statements.remove("store", page.items)
    assert (tries, left(stored)) == ([4], set())


def test_who_refers_to_what_was_cleared_is_found_through_it_no_more(stored: Stored) -> None:
    record(stored, statement(A))
    stored.clock.advance(7200)
    record(stored, referring(B, A))
    record(stored, referring(C, B))
    assert found_by_verb(stored) == {A, B, C}
    assert clear(stored, "1_hour") == (1, 1, 0, 0)
    assert found_by_verb(stored) == set()
    assert found_by_verb(stored, "http://example.com/verbs/commented") == {B, C}


def test_what_is_left_of_a_chain_is_still_found_through(stored: Stored) -> None:
    record(stored, statement(A))
    stored.clock.advance(7200)
    record(stored, referring(B, A))
    record(stored, statement(D, "http://example.com/verbs/wrote"))
    record(stored, referring(C, D))
    clear(stored, "1_hour")
    assert found_by_verb(stored, "http://example.com/verbs/wrote") == {C, D}


def test_who_refers_to_an_invalid_statement_is_found_through_it_no_more_once_that_is_deleted(
    stored: Stored,
) -> None:
    record(stored, statement(A))
    [bad] = stored.statement_store.stored("store")
    record(stored, referring(B, A))
    world = LrsWorld(stored)
    page = data.statements_of(world).page_of(StatementSearch("store", bad.stored, 10, voided=None), None)
    data.statements_of(world).remove("store", page.items)
    assert found_by_verb(stored) == set()


def test_a_dry_run_leaves_who_is_found_through_whom(stored: Stored) -> None:
    record(stored, statement(A))
    record(stored, voiding(B, A))
    run_new(stored, "clearing", store="store", service="statements", until="now", dry_run=True)
    assert found_by_verb(stored) == {B}
    assert left(stored) == {A, B}


def cleared_with_a_fault(k: int, kind: str) -> bool:
    """One run with the k-th call of the first worker going wrong; False: it made fewer calls."""
    stored = Stored()
    make_store(stored)
    record(stored, statement(A))
    record(stored, statement(D, "http://example.com/verbs/wrote"))
    stored.clock.advance(7200)
    record(stored, referring(B, A))
    record(stored, referring(C, B))
    [job] = create(stored, "clearing", store="store", service="statements", until="1_hour")
    faults = Faults(at=k, kind=kind)
    ended = run(stored, job, lambda: LrsWorld(stored, around(faults)))
    if len(faults.seen) <= k:
        return False
    told = f"{faults.seen[k]} (call {k}) {kind}"
    settle(stored)
    assert (ended.success, counts(ended)) == (True, (2, 2, 0, 0)), told
    assert left(stored) == {B, C}, told
    assert found_by_verb(stored) == set(), told
    assert found_by_verb(stored, "http://example.com/verbs/commented") == {B, C}, told
    return True


@pytest.mark.parametrize("kind", [*FAULTS, *STATEMENT_PARTS])
def test_whatever_goes_wrong_at_the_end_nobody_is_found_through_what_has_gone(kind: str) -> None:
    calls = next(k for k in range(MOST_CALLS) if not cleared_with_a_fault(k, kind))
    assert calls > 20


@given(
    kinds=st.lists(st.sampled_from(("plain", "refers", "attached")), max_size=25),
    per_page=st.integers(1, 7),
    linked=st.integers(1, 4),
    meanwhile=st.lists(st.sampled_from(("new", "again", "void", "nothing")), max_size=8),
)
@settings(max_examples=60, deadline=None)
def test_what_was_there_goes_and_is_counted_once_whatever_is_recorded_meanwhile(
    kinds: list[str], per_page: int, linked: int, meanwhile: list[str]
) -> None:
    stored = Stored()
    make_store(stored)
    ids, elsewhere = names(len(kinds)), "00000000-0000-4000-8000-00000000eeee"
    for name, kind in zip(ids, kinds, strict=True):
        made = {"plain": statement, "refers": lambda name: referring(name, elsewhere), "attached": attached}
        record(stored, made[kind](name), parts={HASH: BYTES} if kind == "attached" else None)
    kept = set[str]()
    others = iter(range(100, 200))
    remove_found = stored.statement_store.remove_found

    def beside(search: StatementSearch) -> bool:
        doing = meanwhile.pop(0) if meanwhile else "nothing"
        stored.clock.advance(1)  # beyond the time up to which the run clears
        there = sorted(left(stored) - kept)
        fresh = f"00000000-0000-4000-8000-{next(others):012d}"
        if doing == "again":
            fresh = next((name for name in ids if name not in there and name not in kept), fresh)
        if doing == "void" and there:
            record(stored, voiding(fresh, there[0]))
            kept.add(fresh)
        elif doing in ("new", "again"):
            record(stored, statement(fresh))
            kept.add(fresh)
        return remove_found(search)

    stored.statement_store.remove_found = beside  # type: ignore[method-assign]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranges.StatementRanges, "per_page", per_page)
        patch.setattr(ranges, "LINKED_PER_PAGE", linked)
        job = run_new(stored, "clearing", store="store", service="statements", until="now")
    assert (job.success, counts(job)) == (True, (len(kinds), len(kinds), 0, 0))
    assert left(stored) == kept
    assert LrsWorld(stored).attachments.read("store", HASH) is None
    assert found_by_verb(stored) == {
        each.id for each in stored.statement_store.stored("store") if each.keys.verb == READ
    }
