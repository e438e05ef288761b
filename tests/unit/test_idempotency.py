"""A call under a key is made once, whatever goes wrong and whoever sends it at the same moment."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import Invalid, KeyInUse, Unavailable
from chalicelib.idempotency import (
    KEPT_BYTES,
    KEPT_SECONDS,
    LEASE_SECONDS,
    NOT_KEPT,
    RUNNING,
    Idempotency,
    KeyedCall,
)
from chalicelib.passwords import ScryptCost
from chalicelib.ports.idempotency import IdempotencyStore, KeptAnswer, KeyRecord
from infra.template.parameters import TIMEOUTS
from tests.doubles.clock import FakeClock
from tests.doubles.faults import FAULTS, Faults, Faulty, Killed
from tests.doubles.idempotency import MemoryIdempotency
from tests.doubles.interleaving import Interleaving

CALL = KeyedCall("ada", "key-1", "digest")
ANSWER = KeptAnswer(200, {"Link": "x"}, b"{}")


class Desk:
    """The keys over one store, with a clock."""

    def __init__(self, store: IdempotencyStore | None = None, clock: FakeClock | None = None) -> None:
        self.store = store or MemoryIdempotency()
        self.clock = clock or FakeClock()
        ids = itertools.count()
        self.keys = Idempotency(
            self.store, self.clock, lambda: f"{id(self)}-{next(ids)}", ScryptCost(n=2, r=1, p=1)
        )

    def claim(self, call: KeyedCall = CALL) -> KeyRecord:
        claimed = self.keys.claim(call)
        assert isinstance(claimed, KeyRecord)
        return claimed


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_the_answer_is_given_again(desk: Desk) -> None:
    desk.keys.keep(desk.claim(), ANSWER)
    assert desk.keys.claim(CALL) == ANSWER
    assert desk.keys.claim(CALL) == ANSWER


def test_while_it_runs_nobody_else_may(desk: Desk) -> None:
    desk.claim()
    desk.clock.advance(LEASE_SECONDS - 1)
    with pytest.raises(KeyInUse, match="still running"):
        desk.keys.claim(CALL)


def test_a_lease_outlives_every_call() -> None:
    assert TIMEOUTS["APIHandler"] * 2 < LEASE_SECONDS


def test_who_dies_is_followed_by_a_run_with_the_same_write_id(desk: Desk) -> None:
    died = desk.claim()
    desk.clock.advance(LEASE_SECONDS)
    after = desk.claim()
    assert after.write_id == died.write_id
    # Who was thought dead has no say any more.
    desk.keys.keep(died, KeptAnswer(500, {}, b"late"))
    with pytest.raises(KeyInUse, match="still running"):
        desk.keys.claim(CALL)
    desk.keys.keep(after, ANSWER)
    assert desk.keys.claim(CALL) == ANSWER


def test_what_was_released_runs_again_at_once_with_the_same_write_id(desk: Desk) -> None:
    first = desk.claim()
    desk.keys.release(first)
    assert desk.claim().write_id == first.write_id


def test_what_was_closed_is_neither_made_nor_answered_again(desk: Desk) -> None:
    desk.keys.close(desk.claim())
    desk.clock.advance(KEPT_SECONDS - 1)
    with pytest.raises(KeyInUse) as refused:
        desk.keys.claim(CALL)
    assert str(refused.value) == NOT_KEPT != RUNNING


@pytest.mark.parametrize("size", [KEPT_BYTES, KEPT_BYTES + 1])
def test_an_answer_that_is_too_large_is_not_kept(size: int, desk: Desk) -> None:
    answer = KeptAnswer(200, {}, b"x" * size)
    desk.keys.keep(desk.claim(), answer)
    if size <= KEPT_BYTES:
        assert desk.keys.claim(CALL) == answer
    else:
        with pytest.raises(KeyInUse, match="not kept"):
            desk.keys.claim(CALL)


def test_a_key_is_forgotten_after_its_time_though_its_record_is_still_there(desk: Desk) -> None:
    first = desk.claim()
    desk.keys.keep(first, ANSWER)
    desk.clock.advance(KEPT_SECONDS - 1)
    assert desk.keys.claim(CALL) == ANSWER
    desk.clock.advance(1)
    again = desk.claim(replace(CALL, request="another"))
    # The same call a day later is a new one: what an article remembers of the first must not hide it.
    assert again.write_id != first.write_id


@pytest.mark.parametrize("end", ["running", "released", "kept", "closed"])
@pytest.mark.parametrize("secret", [False, True])
def test_a_key_belongs_to_one_request(end: str, secret: bool, desk: Desk) -> None:
    call = replace(CALL, secret=secret)
    claimed = desk.claim(call)
    if end != "running":
        ends: dict[str, Callable[[KeyRecord], None]] = {
            "released": desk.keys.release,
            "kept": partial(desk.keys.keep, answer=ANSWER),
            "closed": desk.keys.close,
        }
        ends[end](claimed)
    for other in (replace(call, request="other"), replace(call, secret=not secret)):
        with pytest.raises(Invalid) as refused:
            desk.keys.claim(other)
        assert list(refused.value.faults) == ["Idempotency-Key"]


def test_keys_of_different_callers_never_meet(desk: Desk) -> None:
    desk.keys.keep(desk.claim(), ANSWER)
    desk.claim(replace(CALL, caller="grace", request="other"))
    # Nor by where the name of one ends and the key begins.
    assert KeyedCall("ab", "c", "").id != KeyedCall("a", "bc", "").id


def test_neither_key_nor_secret_can_be_read_from_the_record(desk: Desk) -> None:
    desk.claim(replace(CALL, secret=True))
    assert isinstance(desk.store, MemoryIdempotency)
    (record,) = desk.store.records.values()
    assert record.fingerprint.startswith("scrypt$")
    assert CALL.key not in f"{record} {record.fingerprint}"
    assert CALL.request not in f"{record} {record.fingerprint}"


class Life:
    """A client that sends its call until it is answered, and the runs that this makes."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.write_ids: list[str] = []

    def send(self) -> KeptAnswer:
        claimed = self.desk.keys.claim(CALL)
        if isinstance(claimed, KeptAnswer):
            return claimed
        self.write_ids.append(claimed.write_id)
        answer = KeptAnswer(200, {}, f"{len(self.write_ids)}".encode())
        self.desk.keys.keep(claimed, answer)
        return answer


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("at", range(8))
def test_a_fault_at_any_call_of_the_store_makes_no_second_answer(kind: str, at: int) -> None:
    faults = Faults(at, kind)
    store = MemoryIdempotency()
    desk = Desk(Faulty(store, "keys", faults))
    life = Life(desk)
    answers = []
    for _ in range(6):
        try:
            answers.append(life.send())
        except (Unavailable, Killed, KeyInUse):
            desk.clock.advance(LEASE_SECONDS)
    assert len(answers) >= 4
    # One write id: a run after one that died, or whose end was not noted, knows what that one wrote.
    assert len(set(life.write_ids)) == 1
    assert len(life.write_ids) <= 2
    assert len({answer.body for answer in answers[-3:]}) == 1


def test_a_claim_whose_answer_is_lost_is_known_by_its_version() -> None:
    faults = Faults(1, "answer lost")
    life = Life(Desk(Faulty(MemoryIdempotency(), "keys", faults)))
    assert life.send().body == b"1"
    assert life.send().body == b"1"


@settings(max_examples=200, deadline=None)
@given(
    order=st.lists(st.integers(0, 2), max_size=30),
    kill=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), max_size=1),
)
def test_of_those_who_send_one_call_at_the_same_moment_one_makes_it(
    order: list[int], kill: list[tuple[int, int]]
) -> None:
    interleaving = Interleaving()
    store, clock = MemoryIdempotency(), FakeClock()
    lives = [Life(Desk(interleaving.port(store), clock)) for _ in range(3)]
    answers: list[KeptAnswer] = []
    errors = interleaving.run([lambda life=life: answers.append(life.send()) for life in lives], order, kill)
    assert sum(len(life.write_ids) for life in lives) <= 1
    assert all(error is None or isinstance(error, KeyInUse | Killed) for error in errors)
    assert len({answer.body for answer in answers}) <= 1
    if not kill:
        assert answers
    clock.advance(LEASE_SECONDS)
    last = Life(Desk(store, clock))
    last.send()
    assert len({write_id for life in (*lives, last) for write_id in life.write_ids}) == 1
