"""What every ledger promises, held by the one in memory and the one on DynamoDB.

With `AWS_ENDPOINT_URL` set, the latter runs on the emulator that answers there, else on moto.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mypy_boto3_dynamodb import DynamoDBClient

from chalicelib.adapters.dynamodb_ledger import DynamoLedger
from chalicelib.ports.article_store import Entry
from chalicelib.ports.ledger import Change, Conflict, Count, Delete, EpochIs, Ledger, Move, Put
from chalicelib.ports.ledger_records import (
    Announcement,
    Blocked,
    Control,
    Extract,
    File,
    Gate,
    Page,
    Record,
    Request,
    Retry,
    Tally,
    Upload,
    next_version,
)
from tests.contract.ledger_table import dynamodb_client, ledger_table
from tests.doubles.ledger import MemoryLedger, stored

ODD_KEYS = [
    "*",
    "a#b",
    "gate",
    "ä",
    "a\u0308",
    "灯\u200d💡",
    "\x00",
    " ",
    "#",
    "é" * 200,
    "💡" * 100,
    "‮x",
    "Z",
    "z",
]


@pytest.fixture(scope="module")
def client() -> Iterator[DynamoDBClient]:
    with dynamodb_client() as client:
        yield client


@pytest.fixture(params=["memory", "dynamodb"])
def ledger(request: pytest.FixtureRequest) -> Iterator[Ledger]:
    if request.param == "memory":
        yield MemoryLedger()
        return
    with ledger_table(request.getfixturevalue("client")) as table:
        yield DynamoLedger(table.client, table.name, table.clock)


def lost(ledger: Ledger, *changes: Change) -> frozenset[int]:
    """Which of the changes are refused; the test fails if none is."""
    with pytest.raises(Conflict) as raised:
        ledger.commit(*changes)
    return raised.value.lost


def read(ledger: Ledger, record: Record) -> Record | None:
    """The stored record with the same key."""
    match record:
        case Control():
            return ledger.control()
        case Request(first=first):
            return next(iter(ledger.requests(first, first)), None)
        case Announcement(key=key, version_id=version_id):
            return ledger.announcement(key, version_id)
        case Extract() | Upload():
            return _read_beside(ledger, record)
        case File(n=n) | Tally(n=n):
            pair = ledger.file(n)
            return pair and pair[isinstance(record, Tally)]
        case Page():
            return ledger.pages([record.id]).get(record.id)
        case Gate(key=key):
            return ledger.gates([key]).get(key)
        case Blocked(key=key, entry=entry):
            found = ledger.blocked(key, Entry(entry.n, entry.pos - 1), 1)
            return found[0] if found and found[0].entry == entry else None
        case Retry(ticket=ticket):
            return ledger.retry(ticket)


def _read_beside(ledger: Ledger, record: Extract | Upload) -> Record | None:
    return ledger.upload(record.id) if isinstance(record, Upload) else ledger.extract(record.n, record.kind)


FILE = File(7, "delta/a.json", False, 1000.25)
PAGE = Page(7, 0, "qqqqq", 0, 50)
SAMPLES: list[Record] = [
    Control(seq=7, cancelled=(3, 5)),
    Request(7, "ab12", ("https://a/1", "https://a/ü"), True, 1000.5, (("k", "v1"), ("k", ""))),
    Announcement("delta/ü.json", "v1", 7),
    Upload("ab12", "mix.json", True, 512, 1000.5, 4600.5),
    Extract(7, "results", "3.1", "up1", 2, 12_000_000, 400, 90, 1000.5),
    FILE,
    PAGE,
    Gate("4711", "failure", Entry(7, 3), ("wrong",), "fault", 1, 2, 9, ended=8, number="4711"),
    Blocked("4711", Entry(7, 4), "4711"),
    Retry(9, ("1", "2"), "f", "a", "7:3", False, 1000.5),
]


# --- Put and Delete


@pytest.mark.parametrize("record", SAMPLES, ids=lambda record: type(record).__name__)
def test_a_put_stores_the_record_under_the_next_version(ledger: Ledger, record: Record) -> None:
    ledger.commit(Put(record))
    assert read(ledger, record) == stored(record)
    ledger.commit(Put(stored(record)))
    assert read(ledger, record) == stored(stored(record))


@pytest.mark.parametrize("record", SAMPLES, ids=lambda record: type(record).__name__)
def test_a_put_or_delete_against_another_version_is_refused(ledger: Ledger, record: Record) -> None:
    assert lost(ledger, Put(stored(record))) == {0}  # there is none yet
    assert lost(ledger, Delete(stored(record))) == {0}
    ledger.commit(Put(record))
    for wrong in (0, 2):
        assert lost(ledger, Put(replace(record, version=wrong))) == {0}
        assert lost(ledger, Delete(replace(record, version=wrong))) == {0}
    assert read(ledger, record) == stored(record)


def test_a_tally_obeys_its_version_as_well(ledger: Ledger) -> None:
    ledger.commit(Put(FILE), Put(Tally(7, {"q": 2, "s": 1}, 3)))
    assert lost(ledger, Put(Tally(7))) == {0}
    ledger.commit(Put(Tally(7, {"q": 3}, 4, version=1)))
    assert ledger.file(7) == (replace(FILE, version=1), Tally(7, {"q": 3}, 4, version=2))
    ledger.commit(Delete(Tally(7, version=2)))
    assert ledger.file(7) == (replace(FILE, version=1), Tally(7))


@pytest.mark.parametrize("record", SAMPLES, ids=lambda record: type(record).__name__)
def test_a_deleted_record_is_gone_and_may_come_again(ledger: Ledger, record: Record) -> None:
    ledger.commit(Put(record))
    ledger.commit(Delete(stored(record)))
    assert read(ledger, record) in (None, Control())
    ledger.commit(Put(record))
    assert read(ledger, record) == stored(record)


def test_the_delete_of_what_was_never_there_holds(ledger: Ledger) -> None:
    ledger.commit(Delete(Gate("a", "failure", Entry(1, 1))))
    assert ledger.gates(["a"]) == {}


# --- Move


def test_a_move_changes_only_its_places_and_raises_the_version(ledger: Ledger) -> None:
    ledger.create_pages([PAGE])
    page = ledger.move(Move(7, 0, {1: ("q", "s"), 3: ("q", "f")}))
    assert page == replace(PAGE, states="qsqfq", version=2)
    ledger.commit(Move(7, 0, {3: ("f", "r"), 0: ("q", "b")}, epoch=0))
    assert ledger.pages([(7, 0)]) == {(7, 0): replace(PAGE, states="bsqrq", version=3)}


@pytest.mark.parametrize(
    "move",
    [
        Move(7, 0, {0: ("q", "s"), 1: ("r", "s")}),
        Move(7, 0, {0: ("q", "s"), 5: ("q", "s")}),
        Move(7, 0, {0: ("q", "s")}, epoch=2),
        Move(7, 0, {0: ("q", "s")}, epoch=0),
        Move(7, 1, {0: ("q", "s")}),
        Move(8, 0, {}),
    ],
    ids=["another letter", "no such place", "later epoch", "earlier epoch", "no such page", "no such file"],
)
def test_a_move_that_finds_something_else_changes_nothing(ledger: Ledger, move: Move) -> None:
    ledger.create_pages([replace(PAGE, epoch=1)])
    with pytest.raises(Conflict) as raised:
        ledger.move(move)
    assert raised.value.lost == {0}
    assert lost(ledger, move) == {0}
    assert lost(ledger, Put(FILE), move) == {1}
    assert ledger.pages([(7, 0)]) == {(7, 0): replace(PAGE, epoch=1, version=1)}
    assert ledger.file(7) is None


def test_a_move_takes_all_places_of_a_page_at_once(ledger: Ledger) -> None:
    before, after = ("qfr" * 34)[:100], ("srs" * 34)[:100]
    ledger.create_pages([Page(1, 0, before, 0, 9, epoch=4)])
    places = {i: (before[i], after[i]) for i in range(100)}
    page = ledger.move(Move(1, 0, places, epoch=4))
    assert (page.states, page.version) == (after, 2)


def test_the_counts_last_posted_stay_with_a_move(ledger: Ledger) -> None:
    ledger.commit(Put(replace(PAGE, posted={"q": 5}, posted_epoch=2)))
    assert ledger.move(Move(7, 0, {0: ("q", "s")})).posted == {"q": 5}
    ledger.commit(Put(replace(PAGE, p=1, posted={})))
    page = ledger.pages([(7, 1)])[7, 1]
    assert page.posted is not None
    assert not page.posted


# --- Count and EpochIs


def test_counts_are_added_to_those_there_are(ledger: Ledger) -> None:
    ledger.commit(Put(FILE), Put(Tally(7, {"q": 5}, 1)))
    ledger.commit(Count(7, {"q": -2, "s": 1, "f": 1, "b": 0}, 1))
    assert ledger.file(7) == (replace(FILE, version=1), Tally(7, {"q": 3, "s": 1, "f": 1}, 1, 2))
    ledger.commit(Count(7, {"q": -3, "s": 3}, 1), Put(replace(FILE, version=1)))
    assert ledger.file(7) == (replace(FILE, version=2), Tally(7, {"s": 4, "f": 1}, 1, 3))
    ledger.commit(Count(7, {}, 1))
    assert ledger.file(7) == (replace(FILE, version=2), Tally(7, {"s": 4, "f": 1}, 1, 4))


def test_counts_of_another_epoch_or_of_no_tally_are_refused(ledger: Ledger) -> None:
    ledger.commit(Put(FILE), Put(Tally(7, {"q": 5}, 1)))
    assert lost(ledger, Count(7, {"s": 1}, 0)) == {0}
    assert lost(ledger, Put(Control()), Count(7, {"s": 1}, 2), Count(8, {"s": 1}, 0)) == {1, 2}
    assert lost(ledger, Count(7, {"q": -6}, 2)) == {0}
    assert ledger.file(7) == (replace(FILE, version=1), Tally(7, {"q": 5}, 1, 1))


def test_a_count_below_zero_is_a_fault_of_the_caller(ledger: Ledger) -> None:
    ledger.commit(Put(FILE), Put(Tally(7, {"q": 5}, 1)))
    for changes in ([Count(7, {"q": -6}, 1)], [Count(7, {"s": -1}, 1), Put(Control())]):
        with pytest.raises(AssertionError, match="negative"):
            ledger.commit(*changes)
    assert lost(ledger, Count(7, {"q": -6}, 1), Put(Control(version=3))) == {1}
    assert ledger.file(7) == (replace(FILE, version=1), Tally(7, {"q": 5}, 1, 1))


def test_an_epoch_holds_before_and_after_the_first_write_of_control(ledger: Ledger) -> None:
    ledger.commit(EpochIs(0))
    ledger.commit(EpochIs(0), Put(FILE))
    assert lost(ledger, EpochIs(1)) == {0}
    assert ledger.control() == Control()
    ledger.commit(Put(Control(epoch=2)))
    ledger.commit(EpochIs(2), Put(replace(FILE, version=1)))
    assert lost(ledger, Put(replace(FILE, version=2)), EpochIs(0)) == {1}
    assert lost(ledger, EpochIs(3)) == {0}
    assert ledger.control() == Control(epoch=2, version=1)


# --- the commit as a whole


def test_a_commit_happens_wholly_or_not_and_names_every_change_that_lost(ledger: Ledger) -> None:
    ledger.commit(Put(FILE), Put(Tally(7)), Put(PAGE), Put(Control()))
    gate = Gate("a", "failure", Entry(7, 0))
    ledger.commit(Put(gate))
    changes: list[Change] = [
        Put(replace(gate, key="b")),
        Put(gate),
        Delete(replace(FILE, version=1)),
        Move(7, 0, {0: ("s", "q")}),
        Count(7, {"q": 1}, 1),
        EpochIs(1),
        Put(Retry(9)),
    ]
    assert lost(ledger, *changes) == {1, 3, 4, 5}
    assert ledger.gates(["a", "b"]) == {"a": stored(gate)}
    assert ledger.file(7) == (replace(FILE, version=1), Tally(7, version=1))
    assert ledger.pages([(7, 0)]) == {(7, 0): replace(PAGE, version=1)}
    assert ledger.retry(9) is None


def test_a_hundred_changes_go_at_once_and_no_more(ledger: Ledger) -> None:
    gates = [Gate(str(i), "failure", Entry(1, i)) for i in range(101)]
    with pytest.raises(ValueError, match="101 changes"):
        ledger.commit(*map(Put, gates))
    ledger.commit(*map(Put, gates[:100]))
    assert len(ledger.gates([gate.key for gate in gates])) == 100
    assert lost(ledger, *map(Put, gates[1:])) == set(range(99))
    ledger.commit()


@pytest.mark.parametrize(
    "changes",
    [
        (Put(FILE), Delete(FILE)),
        (Put(PAGE), Move(7, 0, {0: ("q", "s")})),
        (Put(Tally(7)), Count(7, {"q": 1}, 0)),
        (Put(Control()), EpochIs(0)),
        (Count(7, {"q": 1}, 0), Count(7, {"q": 1}, 0)),
    ],
)
def test_two_changes_of_one_record_are_no_commit(ledger: Ledger, changes: tuple[Change, ...]) -> None:
    with pytest.raises(ValueError, match="same record"):
        ledger.commit(*changes)


def test_a_file_and_its_tally_are_two_records(ledger: Ledger) -> None:
    ledger.commit(Put(FILE), Put(Tally(7)))
    ledger.commit(Put(replace(FILE, version=1)), Count(7, {"q": 1}, 0))
    assert ledger.file(7) == (replace(FILE, version=2), Tally(7, {"q": 1}, version=2))


def test_pages_that_exist_stay_as_they_are(ledger: Ledger) -> None:
    ledger.create_pages([PAGE])
    moved = ledger.move(Move(7, 0, {0: ("q", "s")}))
    pages = [Page(7, p, "qq", p, p + 1) for p in range(120)]
    ledger.create_pages(pages[60:63])
    ledger.move(Move(7, 61, {0: ("q", "f")}))
    ledger.create_pages(pages)
    found = ledger.pages_of(7, 0, 1000)
    assert found[0] == moved
    assert found[61] == replace(pages[61], states="fq", version=2)
    others = [page for page in found if page.p not in (0, 61)]
    assert others == [replace(page, version=1) for page in pages if page.p not in (0, 61)]
    ledger.create_pages(pages)
    assert ledger.pages_of(7, 0, 1000) == found
    ledger.create_pages([])


# --- reads


def test_an_empty_ledger_has_defaults_and_nothing(ledger: Ledger) -> None:
    assert ledger.control() == Control()
    assert ledger.request_of(5) is None
    assert ledger.requests(0, 10**15) == []
    assert ledger.announcement("k", "v") is None
    assert ledger.file(1) is None
    assert ledger.files(0, 10**15, 10) == []
    assert ledger.pages([(1, 0)]) == {}
    assert ledger.pages([]) == {}
    assert ledger.pages_of(1, 0, 10) == []
    assert ledger.gates(["a"]) == {}
    assert ledger.gates([]) == {}
    assert ledger.blocked("a", None, 10) == []
    assert ledger.failures(0, None, 10) == []
    assert ledger.retries(10) == []
    assert ledger.retry(1) is None


def test_a_request_is_found_by_any_of_its_numbers(ledger: Ledger) -> None:
    requests = [Request(n, f"id{n}", ("a",), False, 1.5) for n in (2, 9, 10, 100)]
    ledger.commit(*map(Put, requests))
    accepted = [stored(request) for request in requests]
    assert ledger.request_of(1) is None
    assert [ledger.request_of(n) for n in (2, 8, 9, 99, 100)] == [accepted[i] for i in (0, 0, 1, 2, 3)]
    assert ledger.requests(0, 10**18) == accepted
    assert ledger.requests(-3, 9) == accepted[:2]
    assert ledger.requests(3, 10) == accepted[1:3]
    assert ledger.requests(11, 3) == []


def test_announcements_are_told_apart_by_key_and_version(ledger: Ledger) -> None:
    one, two, three = Announcement("k", "", 1), Announcement("k", "v", 2), Announcement("k#v", "", 3)
    ledger.commit(Put(one), Put(two), Put(three))
    for record in (one, two, three):
        assert ledger.announcement(record.key, record.version_id) == stored(record)
    assert ledger.announcement("k", "version#v") is None


def test_files_come_in_order_with_their_tallies(ledger: Ledger) -> None:
    for n in (10, 2, 9, 100, 11):
        ledger.commit(Put(replace(FILE, n=n)), Put(Tally(n, {"q": n})))
    ledger.commit(Put(replace(FILE, n=12)), Put(Tally(13, {"q": 1})))
    assert [file.n for file, _ in ledger.files(0, 10**18, 100)] == [2, 9, 10, 11, 12, 100]
    assert [file.n for file, _ in ledger.files(9, 11, 100)] == [9, 10, 11]
    assert [file.n for file, _ in ledger.files(3, 1000, 2)] == [9, 10]
    assert ledger.files(3, 1000, 0) == []
    assert ledger.files(5, 3, 10) == []
    found = {file.n: tally for file, tally in ledger.files(0, 1000, 100)}
    assert found == {n: Tally(n, {"q": n}, version=1) for n in (2, 9, 10, 11, 100)} | {12: Tally(12)}
    assert ledger.file(13) is None


def test_pages_are_read_by_id_and_in_order(ledger: Ledger) -> None:
    ledger.create_pages([Page(n, p, "q", 0, 1) for n in (1, 2) for p in (10, 9, 100, 0)])
    assert [page.p for page in ledger.pages_of(1, 0, 10)] == [0, 9, 10, 100]
    assert [page.p for page in ledger.pages_of(1, 9, 2)] == [9, 10]
    assert ledger.pages_of(1, 101, 2) == []
    assert ledger.pages_of(1, 0, 0) == []
    assert set(ledger.pages([(1, 9), (2, 9), (3, 9), (1, 9)])) == {(1, 9), (2, 9)}


def test_more_than_a_hundred_pages_are_read_at_once(ledger: Ledger) -> None:
    ids = [(1, p) for p in range(205)]
    ledger.create_pages([Page(n, p, "q", p, p + 1) for n, p in ids])
    found = ledger.pages(ids)
    assert found == {id: Page(*id, "q", id[1], id[1] + 1, version=1) for id in ids}


def test_articles_are_told_apart_by_every_character_of_their_number(ledger: Ledger) -> None:
    gates = [Gate(key, "failure", Entry(1, i), number=key) for i, key in enumerate(ODD_KEYS)]
    ledger.commit(*map(Put, gates))
    assert ledger.gates(ODD_KEYS) == {gate.key: stored(gate) for gate in gates}
    for i, key in enumerate(ODD_KEYS):
        ledger.commit(Put(Blocked(key, Entry(2, i), key)))
        assert ledger.blocked(key, None, 10) == [Blocked(key, Entry(2, i), key, 1)]


def test_blocked_entries_come_in_the_order_of_their_entries(ledger: Ledger) -> None:
    entries = [Entry(2, 10), Entry(2, 9), Entry(10, 0), Entry(9, 100), Entry(2, 0)]
    ledger.commit(*(Put(Blocked("a", entry)) for entry in entries), Put(Gate("a", "retry", Entry(1, 1))))
    ledger.commit(Put(Blocked("b", Entry(2, 5))))
    assert [blocked.entry for blocked in ledger.blocked("a", None, 10)] == sorted(entries)
    assert [blocked.entry for blocked in ledger.blocked("a", Entry(2, 0), 2)] == [Entry(2, 9), Entry(2, 10)]
    assert [blocked.entry for blocked in ledger.blocked("a", Entry(2, 500), 1)] == [Entry(9, 100)]
    assert ledger.blocked("a", Entry(10, 0), 10) == []
    assert ledger.blocked("a", None, 0) == []


def test_failures_are_those_of_exactly_one_epoch_oldest_first(ledger: Ledger) -> None:
    gates = {
        key: Gate(key, "failure", Entry(n, pos), epoch=epoch)
        for key, n, pos, epoch in [
            ("a", 10, 3, 1),
            ("b", 9, 20, 1),
            ("c", 9, 3, 1),
            ("d", 1, 1, 0),
            ("e", 2, 1, 12),
        ]
    }
    attempt, retry = Gate("f", "attempt", Entry(1, 1), epoch=1), Gate("g", "retry", Entry(1, 2), epoch=1)
    faulted = replace(FILE, n=9, stage="faulted", errors=("no such host",), epoch=1)
    over = replace(faulted, n=8, epoch=-1)
    listed: list[Record] = [*gates.values(), attempt, retry, faulted, over, replace(FILE, n=3, epoch=1)]
    ledger.commit(*map(Put, listed))
    expected = [stored(record) for record in (faulted, gates["c"], gates["b"], gates["a"])]
    assert ledger.failures(1, None, 10) == expected
    assert ledger.failures(1, None, 2) == expected[:2]
    assert ledger.failures(1, Entry(9, -1), 2) == expected[1:3]
    assert ledger.failures(1, Entry(9, 20), 5) == expected[3:]
    assert ledger.failures(1, Entry(10, 3), 5) == []
    assert ledger.failures(1, None, 0) == []
    assert ledger.failures(12, None, 5) == [stored(gates["e"])]
    assert ledger.failures(-1, None, 5) == []


def test_a_failure_that_is_over_is_no_longer_listed(ledger: Ledger) -> None:
    gate = Gate("a", "failure", Entry(1, 1))
    faulted = replace(FILE, stage="faulted")
    ledger.commit(Put(gate), Put(faulted))
    ledger.commit(Put(replace(stored(gate), kind="retry")), Put(replace(faulted, epoch=-1, version=1)))
    assert ledger.failures(0, None, 5) == []
    ledger.commit(Put(replace(stored(stored(gate)), epoch=3)))
    latest = stored(stored(stored(gate)))
    assert [failure.version for failure in ledger.failures(3, None, 5)] == [latest.version]
    ledger.commit(Delete(latest))
    assert ledger.failures(3, None, 5) == []


def test_retries_that_are_not_done_come_oldest_first(ledger: Ledger) -> None:
    retries = [Retry(ticket, done=ticket in (3, 20)) for ticket in (20, 3, 100, 9, 10)]
    ledger.commit(*map(Put, retries))
    assert [retry.ticket for retry in ledger.retries(10)] == [9, 10, 100]
    assert [retry.ticket for retry in ledger.retries(2)] == [9, 10]
    assert ledger.retries(0) == []
    ledger.commit(Put(Retry(9, done=True, version=1)))
    assert [retry.ticket for retry in ledger.retries(10)] == [10, 100]
    assert ledger.retry(9) == Retry(9, done=True, version=2)


def test_more_than_one_answer_of_a_megabyte_is_read_to_its_end(ledger: Ledger) -> None:
    text = "ü" * 75_000
    for n in range(1, 12):  # of 150 KB
        faulted = File(n, "a", False, 1.5, stage="faulted", errors=(text,))
        ledger.commit(Put(faulted), Put(Tally(n, {"q": n})), Put(Retry(n, (text,), done=n < 11)))
        ledger.commit(Put(Request(n, text, ("a",), False, 1.0)))
    assert [file.n for file, _ in ledger.files(1, 99, 99)] == list(range(1, 12))
    assert [tally.counts for _, tally in ledger.files(2, 99, 9)] == [{"q": n} for n in range(2, 11)]
    assert [request.first for request in ledger.requests(1, 11)] == list(range(1, 12))
    assert [retry.ticket for retry in ledger.retries(1)] == [11]
    assert [file.n for file in ledger.failures(0, None, 99) if isinstance(file, File)] == list(range(1, 12))


# --- every record comes back as written

texts = st.text(max_size=20)
numbers = st.integers(0, 10**12 - 1)
small = st.integers(0, 10**6)
times = st.just(0.0) | st.floats(1e-6, 4e9)
keys = st.text(min_size=1, max_size=100)
entries = st.builds(Entry, numbers, small)
counts = st.dictionaries(st.sampled_from("qrsfbcx"), st.integers(1, 10**7))
several = st.lists(texts, max_size=3).map(tuple)
objects = st.tuples(keys, texts)
records: st.SearchStrategy[Record] = st.one_of(
    st.builds(Control, numbers, numbers, numbers, numbers, small, small, texts),
    st.builds(
        Request, numbers, texts, several, st.booleans(), times, st.lists(objects, max_size=3).map(tuple)
    ),
    st.builds(Announcement, keys, texts, numbers),
    st.builds(
        File,
        *(numbers, texts, st.booleans(), times, st.none() | objects),
        stage=st.sampled_from(["queued", "indexing", "sending", "sent", "faulted", "cleared"]),
        scope=st.sampled_from(["article", "global"]),
        packing=small,
        tries=small,
        total=small,
        pages=small,
        sent_pages=small,
        read_pages=small,
        lease_until=times,
        errors=several,
        cause=texts,
        epoch=st.integers(-1, 10**6),
        started_at=times,
        ended_at=times,
        forgotten=st.booleans(),
        audited=st.booleans(),
    ),
    st.builds(
        Page,
        *(numbers, small, st.text("qrsfbcx", min_size=1, max_size=100), numbers, numbers, small),
        *(st.none() | counts, small),
    ),
    st.builds(
        Gate,
        *(keys, st.sampled_from(["failure", "attempt", "retry"]), entries, several, texts, small, small),
        ticket=numbers,
        ended=numbers,
        number=st.none() | keys,
    ),
    st.builds(Blocked, keys, entries, st.none() | keys),
    st.builds(Retry, numbers, several, texts, texts, texts, st.booleans(), times),
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(record=records)
def test_every_record_comes_back_as_it_was_written(ledger: Ledger, record: Record) -> None:
    before = read(ledger, record)
    record = replace(record, version=before.version if before else 0)
    ledger.commit(Put(record))
    found = read(ledger, record)
    assert found == replace(record, version=next_version(record))
    assert repr(found) == repr(replace(record, version=found.version)) or isinstance(record, Page)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tally=st.builds(Tally, numbers, counts, small))
def test_every_tally_comes_back_as_it_was_written(ledger: Ledger, tally: Tally) -> None:
    stored = ledger.file(tally.n)
    if not stored:
        ledger.commit(Put(replace(FILE, n=tally.n)))
    ledger.commit(Put(replace(tally, version=stored[1].version if stored else 0)))
    found = ledger.file(tally.n)
    assert found is not None
    assert found[1] == replace(tally, version=found[1].version)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.dictionaries(st.sampled_from("qsfb"), st.integers(0, 9)), max_size=6))
def test_counts_add_up(ledger: Ledger, steps: list[dict[str, int]]) -> None:
    found = ledger.file(7)
    tally = found[1] if found else Tally(7)
    ledger.commit(Put(replace(found[0] if found else FILE)), Put(replace(tally, counts={}, epoch=0)))
    for step in steps:
        ledger.commit(Count(7, step, 0))
    now = ledger.file(7)
    assert now is not None
    total = {letter: sum(step.get(letter, 0) for step in steps) for letter in "qsfb"}
    assert now[1].counts == {letter: count for letter, count in total.items() if count}
