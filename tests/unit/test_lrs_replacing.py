"""Statements that are replaced (`check_conflicts` off): who refers to them is found by what they say now."""

from dataclasses import replace

import pytest

from chalicelib.lrs.keys import key
from chalicelib.lrs.options import PipelineOptions
from chalicelib.lrs.statements.query import StatementQuery
from chalicelib.lrs.versions import V1
from tests.doubles.faults import FAULTS, Faults
from tests.doubles.lrs_world import LrsWorld, Stored, principal
from tests.doubles.running_jobs import around, settle
from tests.doubles.statement_store import STATEMENT_PARTS
from tests.doubles.steps import between
from tests.unit.test_lrs_record_store_races import A, B, C, referring, statement

READ, WROTE = "http://example.com/verbs/read", "http://example.com/verbs/wrote"
MOST_CALLS = 80
REPLACING = replace(principal(), options=PipelineOptions(check_conflicts=False))


@pytest.fixture
def stored() -> Stored:
    return Stored()


def record(stored: Stored, *statements: dict[str, object]) -> None:
    LrsWorld(stored).recording.record(REPLACING, V1, list(statements), {})
    stored.clock.advance(1)


def found(stored: Stored, verb: str) -> set[str]:
    query = StatementQuery(verb=key(verb))
    return {each.id for each in LrsWorld(stored).reader.query(principal(), query).records}


def test_who_refers_to_a_replaced_statement_is_found_by_what_it_says_now(stored: Stored) -> None:
    record(stored, statement(A), referring(B, A))
    record(stored, referring(C, B))
    assert found(stored, READ) == {A, B, C}
    record(stored, statement(A, WROTE))
    assert (found(stored, READ), found(stored, WROTE)) == (set(), {A, B, C})


def test_a_statement_that_is_replaced_by_a_reference_leads_on(stored: Stored) -> None:
    record(stored, statement(A, WROTE), statement(B), referring(C, B))
    record(stored, referring(B, A))
    assert (found(stored, READ), found(stored, WROTE)) == (set(), {A, B, C})


@pytest.mark.parametrize("method", ["get_many", "update", "referring_to"])
@pytest.mark.parametrize("at", range(8))
@pytest.mark.parametrize("early", [True, False])
def test_a_reference_and_a_replacement_may_come_at_once(
    stored: Stored, method: str, at: int, early: bool
) -> None:
    """The replacement comes before or after some call of the one who refers; nothing of the old statement stays."""
    record(stored, statement(A))
    target, calls = getattr(stored.statement_store, method), [0]

    def call(*args: object) -> object:
        calls[0] += 1
        if calls[0] != at + 1:
            return target(*args)
        if early:
            record(stored, statement(A, WROTE))
            return target(*args)
        result = target(*args)
        record(stored, statement(A, WROTE))
        return result

    setattr(stored.statement_store, method, call)
    record(stored, referring(B, A))
    setattr(stored.statement_store, method, target)
    if calls[0] <= at:
        record(stored, statement(A, WROTE))
    settle(stored)
    assert (found(stored, READ), found(stored, WROTE)) == (set(), {A, B})


def test_of_two_replacements_at_once_the_later_one_is_found(stored: Stored) -> None:
    record(stored, statement(A), referring(B, A))
    between(stored.statement_store, "referring_to", lambda: record(stored, statement(A, "http://e.com/3")))
    record(stored, statement(A, WROTE))
    settle(stored)
    [now] = [each for each in stored.statement_store.stored("store") if each.id == A]
    assert found(stored, "http://e.com/3") == {A, B}
    assert (now.keys.verb, found(stored, WROTE), found(stored, READ)) == (key("http://e.com/3"), set(), set())


def replaced_with_a_fault(k: int, kind: str) -> bool:
    """A replacement with its k-th call going wrong; False: it made fewer calls."""
    stored = Stored()
    record(stored, statement(A), referring(B, A))
    faults = Faults(at=k, kind=kind)
    try:
        world = LrsWorld(stored, around(faults))
        world.recording.record(REPLACING, V1, [statement(A, WROTE)], {})
        answered = True
    except BaseException as error:
        answered = False
        if isinstance(error, AssertionError):
            raise
    if len(faults.seen) <= k:
        return False
    told = f"{faults.seen[k]} (call {k}) {kind}"
    settle(stored)
    now, before = found(stored, WROTE), found(stored, READ)
    assert (now, before) in ([({A, B}, set())] if answered else [({A, B}, set()), (set(), {A, B})]), told
    return True


@pytest.mark.parametrize("kind", [*FAULTS, *STATEMENT_PARTS])
def test_whatever_goes_wrong_the_two_agree_in_the_end(kind: str) -> None:
    calls = next(k for k in range(MOST_CALLS) if not replaced_with_a_fault(k, kind))
    assert calls > 8
