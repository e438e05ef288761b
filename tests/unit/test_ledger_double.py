"""The in-memory ledger: what it watches for the tests that run on it."""

from collections.abc import Callable
from dataclasses import replace
from threading import Thread

import pytest

from chalicelib.ports.article_store import Entry
from chalicelib.ports.ledger import Change, Conflict, Count, Delete, EpochIs, Move, Put
from chalicelib.ports.ledger_records import Control, File, Gate, Page, Tally
from tests.doubles.ledger import MemoryLedger, stored

FILE = File(7, "delta/a.json", False, 1000.25)
PAGE = Page(7, 0, "q" * 100, 0, 5000)
GATE = Gate("a", "failure", Entry(7, 0))


def test_a_move_that_no_entry_may_make_stops_the_test() -> None:
    ledger = MemoryLedger()
    ledger.create_pages([replace(PAGE, states="sq")])
    for change in (Move(7, 0, {0: ("s", "f")}), Put(replace(PAGE, states="xq", version=1))):
        with pytest.raises(AssertionError, match="may move"):
            ledger.commit(change)
    ledger.commit(Put(replace(PAGE, states="sf", epoch=3, version=1)))
    assert ledger.pages([(7, 0)])[7, 0].states == "sf"


def test_what_a_caller_does_to_its_record_afterwards_changes_nothing() -> None:
    ledger, counts = MemoryLedger(), {"q": 1}
    ledger.commit(Put(FILE), Put(Tally(7, counts)))
    counts["q"] = 2
    found = ledger.file(7)
    assert found is not None
    assert found[1].counts == {"q": 1}


def test_of_many_writers_at_once_each_gets_its_turn() -> None:
    ledger = MemoryLedger()

    def work() -> None:
        done = 0
        while done < 50:
            control = ledger.control()
            try:
                ledger.commit(
                    Put(replace(control, seq=control.seq + 1)),
                    Put(Gate(str(control.seq), "failure", Entry(1, 1))),
                )
            except Conflict:
                continue
            done += 1

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.control() == Control(seq=200, version=200)


def cost(ledger: MemoryLedger, act: Callable[[], object]) -> tuple[int, int]:
    """The write and read units that something takes."""
    ledger.units.clear()
    act()
    return ledger.units["writes"], ledger.units["reads"]


@pytest.mark.parametrize(
    ("changes", "writes"),
    [
        ([Move(7, 0, dict.fromkeys(range(100), ("q", "s")))], 1),
        ([Count(7, {"s": 100}, 0)], 2),
        ([Put(replace(PAGE, posted={"s": 100}, version=1)), Count(7, {"s": 100}, 0)], 4),
        ([Put(replace(PAGE, version=1)), Count(7, {}, 0), EpochIs(0)], 6),
        ([Put(replace(GATE, key="b"))], 2),
        ([Delete(stored(GATE))], 3),
        ([Put(replace(stored(GATE), kind="retry"))], 2),
        ([Put(replace(stored(GATE), tries=1))], 2),
        ([Put(replace(stored(GATE), owner=Entry(7, 1)))], 3),
        ([Put(Gate("c", "attempt", Entry(7, 1), errors=("e" * 1024,)))], 2),
        ([Put(replace(FILE, name="n" * 3000, version=1))], 4),
    ],
    ids=[
        "move",
        "count",
        "post",
        "with epoch",
        "gate",
        "open",
        "to retry",
        "tries",
        "new owner",
        "large",
        "grown",
    ],
)
def test_writes_cost_what_dynamodb_charges(changes: list[Change], writes: int) -> None:
    ledger = MemoryLedger()
    ledger.commit(Put(FILE), Put(Tally(7)), Put(PAGE), Put(GATE))
    assert cost(ledger, lambda: ledger.commit(*changes)) == (writes, 0)


def test_a_refused_write_costs_as_well() -> None:
    ledger = MemoryLedger()

    def refused() -> None:
        with pytest.raises(Conflict):
            ledger.commit(Put(Control(version=2)))

    assert cost(ledger, refused) == (1, 0)


def test_reads_cost_what_dynamodb_charges() -> None:
    ledger = MemoryLedger()
    ledger.create_pages([replace(PAGE, p=p) for p in range(40)])
    ledger.commit(Put(FILE), Put(Tally(7)))
    assert cost(ledger, ledger.control) == (0, 1)
    assert cost(ledger, lambda: ledger.file(7)) == (0, 1)
    assert cost(ledger, lambda: ledger.pages([(7, p) for p in range(10)])) == (0, 10)
    assert cost(ledger, lambda: ledger.gates(["a", "b"])) == (0, 2)
    writes, reads = cost(ledger, lambda: ledger.pages_of(7, 0, 40))
    assert (writes, reads) == (0, 4)  # 40 items of about 350 bytes, in units of 4 KB


def test_new_pages_go_in_transactions() -> None:
    ledger = MemoryLedger()
    pages = [replace(PAGE, p=p) for p in range(10)]
    assert cost(ledger, lambda: ledger.create_pages(pages)) == (20, 0)
