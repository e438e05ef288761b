"""Results of a file, and its failed entries as a file that can be sent again."""

import gzip
import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.articles import extract_making
from chalicelib.articles.delta_unpack import Limits
from chalicelib.articles.extract_making import LEASE_SECONDS, Link
from chalicelib.errors import NotFound, StillRunning
from chalicelib.ports.ledger_records import PAGE_SIZE
from infra.template.functions import FUNCTIONS
from tests.doubles.steps import feature, waiting
from tests.doubles.world import World, entry

MOST = 4_500_000
MIXED: list[Any] = [
    entry("add-article", "1", F_3="a"),
    feature("2", "F_3"),
    feature("2", "F_4"),
    {"operation": "burn", "articleData": {"F_1": "3"}},
    5,
    {"operation": "add-article", "articleData": {"F_1": "4"}, "more": 1},
]


def results(world: World, n: int) -> list[dict[str, Any]]:
    drawn = world.extract_maker.draw(n, "results", MOST)
    assert isinstance(drawn, bytes)
    return [json.loads(line) for line in drawn.splitlines()]


def mixed() -> World:
    world = World()
    world.drop("a.json", json.dumps(MIXED, indent=2).encode())
    world.settle()
    return world


def test_results_have_one_line_for_each_entry_in_its_order() -> None:
    world = mixed()
    lines = results(world, 1)
    assert [(line["id"], line["number"]) for line in lines] == [(f"1-{pos}", pos + 1) for pos in range(6)]
    assert [line["state"] for line in lines] == [
        "succeeded",
        "failed",
        "blocked",
        "failed",
        "failed",
        "succeeded",
    ]
    assert [line["article"] for line in lines] == ["1", "2", "2", "3", None, "4"]
    assert [line["operation"] for line in lines][:4] == [
        "add-article",
        "replace-article-feature",
        "replace-article-feature",
        "burn",
    ]
    assert lines[1]["errors"] == [
        "Trying to add feature to an existing article, but the article does not exist: 2"
    ]
    assert (lines[1]["cause"], lines[2]["blocked_by"], lines[2]["errors"]) == ("rule", "1-1", [])
    assert lines[3]["errors"] == ['operation is unknown: "burn"']
    assert lines[5]["warnings"]
    assert set(lines[0]) == {
        "id", "number", "operation", "article", "state", "errors", "cause", "blocked_by", "warnings",
    }  # fmt: skip


def test_failed_entries_are_a_file_that_can_be_sent_again_as_it_is() -> None:
    world = mixed()
    drawn = world.extract_maker.draw(1, "failed", MOST)
    assert isinstance(drawn, bytes)
    assert json.loads(drawn) == MIXED[1:5]
    assert len(drawn.splitlines()) == 4
    world.put_article("2")
    world.commands.flush()
    n = world.submissions.submit(drawn, "again.json", False).file.n
    world.settle()
    assert [line["state"] for line in results(world, n)] == ["succeeded", "succeeded", "failed", "failed"]
    assert world.document("2") == {"id": "2", "F_1": "2", "F_3": "x", "F_4": "x"}
    again = world.extract_maker.draw(n, "failed", MOST)
    assert isinstance(again, bytes)
    assert json.loads(again) == MIXED[3:5]


def test_without_failures_it_is_an_empty_file() -> None:
    world = World()
    world.drop("a.json", [entry("add-article", "1")])
    world.settle()
    assert world.extract_maker.draw(1, "failed", MOST) == b"[]\n"


@pytest.mark.parametrize("data", [b"[]", b"no json", b'{"operation": "add-article"}\n{'])
def test_a_file_without_entries_has_no_results(data: bytes) -> None:
    world = World()
    world.drop("a.json", data)
    world.settle()
    assert world.extract_maker.draw(1, "results", MOST) == b""
    assert world.extract_maker.draw(1, "failed", MOST) == b"[]\n"


def test_a_file_that_is_not_read_to_its_end_has_no_results_yet() -> None:
    world = World()
    world.submit("https://files.example.com/a.json")
    for kind in ("results", "failed"):
        with pytest.raises(StillRunning):
            world.extract_maker.draw(1, kind, MOST)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        world.extract_maker.draw(2, "results", MOST)


def test_a_small_file_tells_how_far_it_is_at_any_moment() -> None:
    world = World()
    waiting(world, "a.json", [entry("add-article", str(i)) for i in range(30)])
    world.apply_once()
    states = [line["state"] for line in results(world, 1)]
    assert (states.count("succeeded"), states.count("queued")) == (10, 20)


def test_results_stay_when_the_bytes_of_the_file_are_gone_and_failed_entries_do_not() -> None:
    world = mixed()
    world.bucket.delete("snapshots/1")
    lines = results(world, 1)
    assert [line["state"] for line in lines] == [
        "succeeded",
        "failed",
        "blocked",
        "failed",
        "failed",
        "succeeded",
    ]
    assert {line["operation"] for line in lines} == {None}
    with pytest.raises(NotFound):
        world.extract_maker.draw(1, "failed", MOST)


# --- Large ones


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of two pages are large, and parts are stored every few lines."""
    monkeypatch.setattr(extract_making, "SMALL_PAGES", 1)
    monkeypatch.setattr(extract_making, "PART_BYTES", 5000)
    monkeypatch.setattr("chalicelib.articles.extracts._PAGES_A_READ", 1)


def large(entries: int = 450) -> World:
    world = World()
    every = [
        feature("nowhere", f"F_{i + 10}") if i % 3 else entry("add-article", str(i)) for i in range(entries)
    ]
    world.drop("a.json", gzip.compress(json.dumps(every).encode()))
    world.memory_uploads.least_part = 1
    world.settle()
    return world


def fetched(world: World, kind: Any) -> bytes:
    """Asks until there is a link, as a client does, and reads what it names."""
    for _ in range(20):
        drawn = world.extract_maker.draw(1, kind, MOST)
        if isinstance(drawn, Link):
            extract = world.memory_ledger.extract(1, kind)
            assert extract is not None
            assert f"delta-file-1-{kind}" in drawn.url
            assert extract.key in drawn.url
            data = b"".join(world.bucket.read(extract.key))
            assert len(data) == drawn.size
            return data
        assert drawn is None
        world.settle()
    raise AssertionError("it is never made")


@pytest.mark.usefixtures("small_parts")
def test_a_large_extract_is_made_in_parts_and_is_what_a_small_one_would_be(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = large()
    made = fetched(world, "results"), fetched(world, "failed")
    monkeypatch.setattr(extract_making, "SMALL_PAGES", 100)
    assert made == (
        world.extract_maker.draw(1, "results", MOST),
        world.extract_maker.draw(1, "failed", MOST),
    )
    assert not world.memory_uploads.open


@pytest.mark.usefixtures("small_parts")
def test_a_maker_without_time_goes_on_where_it_was() -> None:
    world = large()
    whole = fetched(world, "results")
    world = large()
    world.seconds = 0.0
    assert world.extract_maker.draw(1, "results", MOST) is None
    parts = []
    for _ in range(200):
        world.maintenance_once()
        extract = world.memory_ledger.extract(1, "results")
        assert extract is not None
        parts.append(extract.parts)
        if extract.done:
            break
    assert parts == sorted(parts)
    assert len(set(parts)) > 2
    assert fetched(world, "results") == whole


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("kind", ["results", "failed"])
def test_a_maker_whose_time_ends_before_a_part_is_full_goes_on_where_it_was(
    kind: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extract_making, "PART_BYTES", 1_000_000)
    whole = fetched(large(), kind)
    world = large()
    world.seconds = 0.0
    assert world.extract_maker.draw(1, kind, MOST) is None
    reached = []
    for _ in range(20):
        world.maintenance_once()
        extract = world.memory_ledger.extract(1, kind)
        assert extract is not None
        reached.append(extract.next_page)
        if extract.done:
            break
    assert len(set(reached)) > 3
    assert fetched(world, kind) == whole


@pytest.mark.usefixtures("small_parts")
def test_what_a_maker_kept_for_the_next_may_be_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract_making, "PART_BYTES", 1_000_000)
    world = large()
    world.seconds = 0.0
    assert world.extract_maker.draw(1, "results", MOST) is None
    world.maintenance_once()
    extract = world.memory_ledger.extract(1, "results")
    assert extract is not None
    assert extract.rest
    world.bucket.delete(extract.rest_key)
    world.seconds = 900.0
    world.settle()
    assert fetched(world, "results").count(b"\n") == 450


@pytest.mark.usefixtures("small_parts")
def test_who_asks_while_it_is_made_starts_no_second_maker_until_the_first_is_silent_for_long() -> None:
    world = large()
    for _ in range(3):
        assert world.extract_maker.draw(1, "results", MOST) is None
    assert len(world.maintenance_messages) == 1
    for received in world.maintenance_messages.receive():
        world.maintenance_messages.acknowledge(received)  # lost
    world.fake_clock.advance(LEASE_SECONDS + 1)
    assert fetched(world, "results")


@pytest.mark.usefixtures("small_parts")
def test_what_was_made_is_made_anew_once_an_entry_moved_or_the_bucket_forgot_it() -> None:
    world = large()
    first = fetched(world, "results")
    assert b'"state":"failed"' in first
    world.put_article("nowhere")
    world.commands.retry()
    world.settle()
    second = fetched(world, "results")
    assert b'"state":"failed"' not in second
    world.fake_clock.advance(extract_making.KEPT_SECONDS + 1)
    assert world.extract_maker.draw(1, "results", MOST) is None
    assert fetched(world, "results") == second


@pytest.mark.usefixtures("small_parts")
def test_an_extract_during_which_entries_move_is_given_up() -> None:
    world = large()
    assert world.extract_maker.draw(1, "results", MOST) is None
    complete = world.memory_uploads.complete

    def moving(*args: Any) -> None:
        complete(*args)
        world.commands.flush()

    world.memory_uploads.complete = moving
    world.settle()
    assert world.memory_ledger.extract(1, "results") is None
    del world.memory_uploads.complete
    assert b"flushed" in fetched(world, "results")


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("asked_before", [False, True])
def test_failed_entries_of_a_large_file_whose_bytes_are_gone_are_not_made_for_ever(
    asked_before: bool,
) -> None:
    world = large()
    if asked_before:
        assert world.extract_maker.draw(1, "failed", MOST) is None
    world.bucket.delete("snapshots/1")
    world.settle()
    with pytest.raises(NotFound):
        world.extract_maker.draw(1, "failed", MOST)
    assert len(world.maintenance_messages) == 0
    assert not world.memory_uploads.open
    assert fetched(world, "results")


@pytest.mark.usefixtures("small_parts")
def test_of_a_large_file_nothing_is_drawn_while_entries_wait() -> None:
    world = World()
    waiting(world, "a.json", [entry("add-article", str(i)) for i in range(150)])
    with pytest.raises(StillRunning):
        world.extract_maker.draw(1, "results", MOST)


@pytest.mark.usefixtures("small_parts")
def test_an_answer_that_is_too_large_is_given_by_a_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extract_making, "SMALL_PAGES", 100)
    world = large(90)
    assert world.extract_maker.draw(1, "results", 1000) is None
    world.settle()
    assert isinstance(world.extract_maker.draw(1, "results", 1000), Link)


def test_a_whole_file_is_drawn_with_few_reads() -> None:
    world = World(ENTRIES_PER_MESSAGE="25")
    world.drop("a.json", [entry("add-article", str(i)) for i in range(2000)])
    world.settle()
    before = len(world.faults.seen)
    assert len(results(world, 1)) == 2000
    reads = world.faults.seen[before:]
    assert len(reads) < 12, "one read of pages and one of the bucket for five thousand entries"
    before = len(world.faults.seen)
    assert world.extract_maker.draw(1, "failed", MOST) == b"[]\n"
    assert "blobs.read_range" not in world.faults.seen[before:], "where nothing failed, no bytes are read"


@pytest.mark.usefixtures("small_parts")
def test_a_maker_holds_a_part_and_what_was_read_last_whatever_the_size_of_the_file() -> None:
    held: dict[int, int] = {}
    for entries in (300, 900):
        world = large(entries)
        put_part, sizes = world.memory_uploads.put_part, list[int]()

        def putting(key: str, upload: str, number: int, data: bytes) -> None:
            sizes.append(len(data))  # noqa: B023 - called within this turn
            put_part(key, upload, number, data)  # noqa: B023

        world.memory_uploads.put_part = putting  # type: ignore[method-assign]
        assert fetched(world, "results")
        held[entries] = max(sizes)
    assert held[900] <= held[300] * 1.2


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("kind", ["results", "failed"])
def test_a_function_has_the_memory_for_a_page_of_the_largest_entries(kind: Any) -> None:
    world, text = World(), "💡" + "x" * 30_000  # held as four bytes a character
    entries = [entry("add-article", str(n), **{f"F_{key}": text for key in range(2, 10)}) for n in range(101)]
    data = json.dumps(entries, ensure_ascii=False).encode()
    world.drop("a.json", data)
    world.settle()
    assert world.counts(1) == {"failed": 101}  # each is larger than an article may be
    assert world.extract_maker.draw(1, kind, MOST) is None
    tracemalloc.start()
    try:
        world.maintenance_once()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    [function] = [each for each in FUNCTIONS if each.name == "maintenance"]
    largest = PAGE_SIZE * Limits().max_entry_bytes * peak / (len(data) * PAGE_SIZE / 101)
    assert largest < (function.memory - 200) * 1024 * 1024  # the rest is the program


RAW = st.one_of(
    st.builds(lambda n: entry("add-article", str(n), F_3="é\n\u2028"), st.integers(0, 3)),
    st.builds(lambda n: feature(str(n)), st.integers(2, 6)),
    st.sampled_from([5, None, [1, {"a": 2}], "text", {"operation": "burn"}, {"articleData": {"F_1": "9"}}]),
)


@settings(max_examples=60, deadline=None)
@given(sent=st.lists(RAW, max_size=12), indent=st.sampled_from([None, 0, 3]), ascii=st.booleans())
def test_failed_entries_are_those_that_failed_as_they_were_sent(
    sent: list[Any], indent: int | None, ascii: bool
) -> None:
    world = World()
    world.drop("a.json", json.dumps(sent, indent=indent, ensure_ascii=ascii).encode())
    world.settle()
    states = [line["state"] for line in results(world, 1)]
    assert len(states) == len(sent)
    drawn = world.extract_maker.draw(1, "failed", MOST)
    assert isinstance(drawn, bytes)
    assert json.loads(drawn) == [
        raw for raw, state in zip(sent, states, strict=True) if state in ("failed", "blocked")
    ]
    again = world.submissions.submit(drawn, None, False).file.n
    world.settle()
    assert world.counts(again).total() == states.count("failed") + states.count("blocked")
    world.check()
