"""What a file of 10,000 entries costs in calls and units, and what `docs/performance.md` makes of it in dollars."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from chalicelib.adapters.dynamodb_ledger import DynamoLedger
from chalicelib.ledger.commands import Commands
from chalicelib.ledger.states import QUEUED
from chalicelib.ports.ledger import Put
from chalicelib.ports.ledger_records import PAGE_SIZE, Control, File, Page, Tally
from tests.contract.ledger_table import dynamodb_client, ledger_table
from tests.doubles.world import World, entry

ENTRIES = 10_000
THOUSANDS = ENTRIES // 1000
PERFORMANCE = Path(__file__).parents[2] / "docs" / "performance.md"

SQS_REQUEST = 0.50 / 1e6
LAMBDA_REQUEST = 0.20 / 1e6
LAMBDA_GB_SECOND = 0.0000166667
WRITE_UNIT = 0.625 / 1e6
READ_UNIT = 0.125 / 1e6
S3_READ, S3_WRITE = 0.40 / 1e6, 5.00 / 1e6
GIGABYTES = 0.5
MILLISECONDS_A_BATCH = {1: 60, 25: 400}
"""Assumed: six calls of 5 to 10 ms each; and for 250 entries, a larger bulk and 20 pages."""

FILE_WORKER_SECONDS = 200.0


@dataclass(frozen=True)
class Costs:
    """Per 1,000 entries. `polls`: what Lambda asks of the queue: one receive and one delete a batch."""

    sends: float
    batches: float
    searches: float
    writes: float
    reads: float
    blob_reads: float
    blob_writes: float

    def dollars(self, packing: int) -> dict[str, float]:
        """For 1,000,000 entries, by service."""
        batches = self.batches * 1000
        seconds = batches * MILLISECONDS_A_BATCH[packing] / 1000 + FILE_WORKER_SECONDS
        return {
            "SQS": (self.sends * 1000 + 2 * batches) * SQS_REQUEST,
            "Lambda": batches * LAMBDA_REQUEST + seconds * GIGABYTES * LAMBDA_GB_SECOND,
            "DynamoDB": self.writes * 1000 * WRITE_UNIT + self.reads * 1000 * READ_UNIT,
            "S3": self.blob_reads * 1000 * S3_READ + self.blob_writes * 1000 * S3_WRITE,
        }


@cache
def measured(packing: int) -> Costs:
    """A clean file, from its notice to its last entry."""
    world = World(ENTRIES_PER_MESSAGE=str(packing))
    world.drop(
        "a.json",
        [entry("add-article", f"{1_000_000 + i}", F_3=f"code {i}", F_80004="248,28") for i in range(ENTRIES)],
    )
    world.intake_once()
    world.file_worker_once()
    batches = 0
    while len(world.articles_queue):
        world.apply_once()
        batches += 1
    assert world.counts(1) == {"succeeded": ENTRIES}
    assert world.file_state(1) == "succeeded"
    seen = Counter(world.faults.seen)
    return Costs(
        sends=world.articles_queue.calls / THOUSANDS,
        batches=batches / THOUSANDS,
        searches=sum(world.store.calls.values()) / THOUSANDS,
        writes=world.memory_ledger.units["writes"] / THOUSANDS,
        reads=world.memory_ledger.units["reads"] / THOUSANDS,
        blob_reads=(seen["blobs.read"] + seen["blobs.read_range"]) / THOUSANDS,
        blob_writes=seen["blobs.write_once"] / THOUSANDS,
    )


@pytest.mark.parametrize(("packing", "sends", "searches", "writes"), [(1, 105, 210, 300), (25, 6, 20, 150)])
def test_a_thousand_entries_take_few_calls(packing: int, sends: int, searches: int, writes: int) -> None:
    costs = measured(packing)
    assert costs.sends <= sends
    assert costs.searches <= searches
    assert costs.writes <= writes


@pytest.mark.parametrize(("packing", "goal"), [(1, 0.80), (25, 0.30)])
def test_a_million_entries_cost_no_more_than_the_goal(packing: int, goal: float) -> None:
    assert sum(measured(packing).dollars(packing).values()) <= goal


def test_clear_with_a_hundred_thousand_entries_waiting_is_two_requests_and_no_send() -> None:
    waiting = 100_000
    with dynamodb_client() as client, ledger_table(client) as table:
        world = World()
        ledger = world.memory_ledger = DynamoLedger(client, table.name, table.clock)  # type: ignore[assignment]
        ledger.commit(Put(Control(seq=1, sent_to=1, lanes="article:1")))
        ledger.commit(
            Put(File(1, "a.json", False, 0.0, stage="sent", total=waiting, pages=waiting // PAGE_SIZE))
        )
        ledger.commit(Put(Tally(1)))
        for p in range(waiting // PAGE_SIZE):
            ledger.commit(Put(Page(1, p, QUEUED * PAGE_SIZE, 0, 0)))
        requests: list[str] = []
        client.meta.events.register("before-call.dynamodb", lambda model, **_: requests.append(model.name))

        world.commands.clear()

        assert requests == ["GetItem", "PutItem"]
        assert not any(name.endswith("queue.send") for name in world.faults.seen)
        world.drop("b.json", [entry("add-article", "1"), entry("add-article", "2")])
        assert world.listing.waiting(1, 10).total == 0
        world.intake_once()
        world.file_worker_once()
        world.apply_once()
        assert world.counts(2) == {"succeeded": 2}


@pytest.mark.parametrize("drop", [lambda commands: commands.clear(), lambda commands: commands.cancel(1)])
def test_what_was_not_sent_when_its_file_was_cleared_is_marked_and_never_sent(
    drop: Callable[[Commands], None],
) -> None:
    entries = 3 * ENTRIES
    world = World(ENTRIES_PER_MESSAGE="25")
    world.drop("a.json", [entry("add-article", str(number)) for number in range(entries)])
    world.intake_once()
    looks = iter([900.0] * 9)  # until some pages are sent
    world.fan_out.work(lambda: next(looks, 0.0))
    sent = len(world.articles_queue)
    assert 0 < sent < entries / 25 / 4
    drop(world.commands)
    world.drop("b.json", [entry("add-article", "new")])
    world.intake_once()
    world.file_worker_once()
    # pages that a worker may have in its hands end by their messages; what lies beyond them is marked
    assert len(world.articles_queue) < 2 * sent
    assert world.listing.waiting(1, 10).total == 1
    world.settle()
    assert world.counts(1) == {"cleared": entries}
    assert world.counts(2) == {"succeeded": 1}


def test_the_document_says_what_was_measured() -> None:
    table = _table(PERFORMANCE.read_text(), "Per 1,000 entries")
    names = {
        "SQS sends": "sends",
        "batches": "batches",
        "OpenSearch requests": "searches",
        "DynamoDB write units": "writes",
        "DynamoDB read units": "reads",
    }
    for row, name in names.items():
        for column, packing in enumerate((1, 25)):
            said, is_now = float(table[row][column].replace(",", "")), getattr(measured(packing), name)
            assert said == pytest.approx(is_now, rel=0.02, abs=0.1), f"{row}, {packing} per message: {is_now}"


def test_the_document_says_what_a_million_entries_cost() -> None:
    table = _table(PERFORMANCE.read_text(), "Dollars for 1,000,000 entries")
    for column, packing in enumerate((1, 25)):
        dollars = measured(packing).dollars(packing)
        for row, is_now in {**dollars, "together": sum(dollars.values())}.items():
            said = float(table[row][column])
            assert said == pytest.approx(is_now, abs=0.006), f"{row}, {packing} per message: {is_now:.3f}"


def _table(text: str, heading: str) -> dict[str, list[str]]:
    """The rows of the table whose first column has that heading, by their first cell."""
    found = re.search(rf"^\| {re.escape(heading)} .*\n\|[-| ]+\n((?:\|.*\n)+)", text, re.MULTILINE)
    assert found, f"no table {heading!r} in {PERFORMANCE.name}"
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()]
    return {row[0]: row[1:] for row in rows}
