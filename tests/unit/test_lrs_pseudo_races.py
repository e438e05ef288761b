"""Pseudonyms are put into statements while others refer to these, void them, and add what they read before."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import Unavailable, WriteConflict
from chalicelib.lrs.data.statements import Statements, item_of
from chalicelib.lrs.pseudonyms.statements import StatementsUnderPseudonyms
from chalicelib.lrs.statements.retargeting import Retargeting
from chalicelib.lrs.versions import V2
from chalicelib.ports.statement_store import Keys
from tests.doubles.faults import Killed
from tests.doubles.interleaving import Interleaving
from tests.doubles.lrs_world import LrsWorld, Stored, principal
from tests.doubles.running_jobs import make_store, run_new, settle
from tests.unit.test_lrs_pseudo import ANN, BEN, WORDS, by, found_by, key_of, record, stored_ones, traces
from tests.unit.test_lrs_record_store_races import A, B, C, D, referring, voiding

E = "00000000-0000-4000-8000-0000000000ee"
# Each goes on for some turns: what is seldom is one who does all of its work between two calls of another.
orders = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 30)), max_size=12).map(
    lambda bursts: [task for task, turns in bursts for _ in range(turns)]
)


def targets_of(stored: Stored, name: str) -> set[Keys]:
    """The keys of all that a statement refers to, directly or through others."""
    found, targets = stored_ones(stored), set[Keys]()
    target = found[name].refers_to
    while target in found:
        targets.add(found[target].keys)
        target = found[target].refers_to
    return targets


def process(stored: Stored, turns: Interleaving) -> LrsWorld:
    return LrsWorld(stored, lambda name, port: port if name == "clock" else turns.port(port))


class Writers:
    """Writers beside a worker; a writer that stands still is dead before its lease ends, as functions are."""

    def __init__(self, stored: Stored) -> None:
        self._stored, self._alive = stored, 0

    def post(self, world: LrsWorld, *made: dict[str, Any]) -> Callable[[], object]:
        self._alive += 1

        def send() -> None:
            try:
                with suppress(Unavailable, WriteConflict):
                    world.recording.record(principal(), V2, list(made), {})
            finally:
                self._alive -= 1

        return send

    def until_done(self, page: Callable[[], object]) -> Callable[[], None]:
        """As the worker of jobs does it: again and again, until what it waits for has ended."""

        def work() -> None:
            for _ in range(20):
                with suppress(Unavailable):
                    page()
                    return
                if not self._alive:
                    self._stored.clock.advance(70)
                    LrsWorld(self._stored).sweep.run(["store"])
            raise AssertionError("the page is never done")

        return work


@given(order=orders, kill=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 30)), max_size=2))
@settings(max_examples=100, deadline=None)
def test_whoever_is_first_nothing_is_found_by_the_agent_any_more(
    order: Sequence[int], kill: Sequence[tuple[int, int]]
) -> None:
    stored = Stored()
    make_store(stored)
    record(stored, by(ANN, A), referring(B, A) | {"actor": BEN})
    items = StatementsUnderPseudonyms(LrsWorld(stored)).page("store", 2**60, None, 10).items
    turns = Interleaving()
    worker, *writers = (process(stored, turns) for _ in range(4))
    beside = Writers(stored)
    errors = turns.run(
        [
            beside.post(writers[0], voiding(C, A) | {"actor": BEN}),
            beside.post(writers[1], referring(D, B) | {"actor": BEN}),
            beside.post(writers[2], referring(E, D) | {"actor": BEN}),
            beside.until_done(lambda: StatementsUnderPseudonyms(worker).replace("store", items)),
        ],
        order,
        kill,
    )
    assert all(error is None or isinstance(error, Killed) for error in errors)
    assert errors[3] is None
    settle(stored)
    found = stored_ones(stored)
    assert found[A].pseudonymized
    assert found[B].pseudonymized
    assert found[A].voided is (C in found)
    assert set(found[B].targets) == targets_of(stored, B)
    assert found_by(stored, "mbox:mailto:ann@example.com") == set()
    run_new(stored, "pseudo", **WORDS)
    settle(stored)
    assert traces(stored) == set()
    found = stored_ones(stored)
    for name in found:
        assert set(found[name].targets) == targets_of(stored, name), name
    ann = found[A].keys
    shown = {name for name in found if ann in targets_of(stored, name) or (name == A and C not in found)}
    assert found_by(stored, key_of(stored, ANN)) == shown


@given(order=orders)
@settings(max_examples=100, deadline=None)
def test_what_refers_to_a_statement_while_it_is_removed_is_not_found_by_it(order: Sequence[int]) -> None:
    stored = Stored()
    make_store(stored)
    record(stored, by(ANN, A), referring(B, A) | {"actor": BEN})
    items = [item_of(stored_ones(stored)[A])]
    turns = Interleaving()
    worker, *writers = (process(stored, turns) for _ in range(3))
    beside = Writers(stored)

    def remove() -> None:
        data = Statements(
            worker.record_clock, worker.statement_store, worker.attachments, worker.settling, worker.clock
        )
        data.remove("store", items)
        Retargeting(worker.statement_store, worker.record_clock, worker.clock).renew("store", [A])

    errors = turns.run(
        [
            beside.post(writers[0], referring(C, A) | {"actor": BEN}),
            beside.post(writers[1], referring(D, B) | {"actor": BEN}),
            beside.until_done(remove),
        ],
        order,
    )
    assert errors == [None, None, None]
    settle(stored)
    found = stored_ones(stored)
    assert A not in found
    for name in found:
        assert set(found[name].targets) == targets_of(stored, name), name
    assert found_by(stored, "mbox:mailto:ann@example.com") == set()


def test_a_batch_that_never_ends_is_not_passed_over() -> None:
    stored = Stored()
    make_store(stored)
    now = int(stored.clock.now() * 1_000_000)
    stored.record_clock.register("store", "open", 1, now, now + 60_000_000)
    stored.record_clock.commit("store", "open")
    world = LrsWorld(stored)
    with pytest.raises(Unavailable):
        Retargeting(world.statement_store, world.record_clock, world.clock).renew("store", [A])
