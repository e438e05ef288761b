"""The counts of a file that is being worked on at the moment of the look."""

from dataclasses import replace

from chalicelib.ledger.posting import exact_counts, post
from chalicelib.ledger.states import file_state
from chalicelib.ports.ledger import Put
from chalicelib.ports.ledger_records import Control, File, Page, Tally
from tests.doubles.ledger import MemoryLedger


def test_a_page_that_is_posted_between_two_reads_is_not_left_out() -> None:
    ledger = MemoryLedger()
    file = File(1, "file", False, 0.0, stage="sent", total=1, pages=1)
    ledger.commit(Put(file), Put(Tally(1)))
    ledger.create_pages([Page(1, 0, "q", 0, 10)])
    read_before = ledger.file(1)
    assert read_before is not None
    page = ledger.pages_of(1, 0, 1)[0]
    ledger.commit(Put(replace(page, states="f")))
    assert post(ledger, ledger.pages_of(1, 0, 1)[0])
    counts = exact_counts(ledger, *read_before, Control())
    assert counts == {"f": 1}
    assert file_state(file, counts, Control()) == "failed"
