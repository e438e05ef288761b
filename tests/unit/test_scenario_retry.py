"""Scenario 12: what failed, and what stood behind it, runs again in order; a retry never gets stuck."""

import pytest

from chalicelib.ledger.commands import maintenance_message
from chalicelib.ports.article_store import Article, Outcome
from tests.doubles.article_store import Fault, no_faults
from tests.doubles.steps import between, feature
from tests.doubles.world import World, entry


def failed_once() -> World:
    """Article 1 has a failure and two entries behind it."""
    world = World()
    features = [entry("replace-article-feature", "1", **{f"F_{i}": str(i)}) for i in (3, 4, 5)]
    world.drop("a.json", features)
    world.settle()
    assert world.counts(1) == {"failed": 1, "blocked": 2}
    return world


def test_a_retry_that_is_handed_out_again_after_it_failed_again_does_not_bar_the_next_one() -> None:
    world = failed_once()
    ticket = world.commands.retry().ticket
    world.maintenance_once()
    retry = world.memory_ledger.retry(ticket)
    world.apply_once()  # the drain: the article is still missing
    assert retry is not None
    assert world.counts(1) == {"failed": 1, "blocked": 2}
    world.maintenance._start_again(
        "1", ticket
    )  # the message of the retry comes again: its worker died half-way
    world.maintenance_messages.send(maintenance_message("retry", ticket))
    world.settle()
    world.check()
    world.put_article("1")
    world.commands.retry(article="1")
    world.settle()
    assert world.counts(1) == {"succeeded": 3}
    world.check()


def order_of_writes(world: World, number: str) -> list[str]:
    """From now on: the last value of F_3 at each write of that article."""
    written: list[str] = []
    write_many = world.store.write_many

    def write(articles: list[Article]) -> list[Outcome]:
        written.extend((a.document or {}).get("F_3", "") for a in articles if a.number == number)
        return write_many(articles)

    world.store.write_many = write  # type: ignore[method-assign]
    return written


@pytest.mark.parametrize("packing", ["1", "25"])
def test_12_a_retry_runs_before_newer_files_that_wait_for_the_same_article(packing: str) -> None:
    world = World(ENTRIES_PER_MESSAGE=packing)
    world.drop("a.json", [feature("1", "F_3", "a0"), feature("1", "F_3", "a1")])
    world.settle()
    world.put_article("1")
    for name in ("b", "c"):
        world.drop(f"{name}.json", [feature("1", "F_3", name)])
        world.intake_once()
    world.file_worker_once()
    world.commands.retry()
    world.maintenance_once()
    world.settle()
    assert world.document("1") == {"id": "1", "F_1": "1", "F_3": "c"}
    assert [world.counts(n) for n in (1, 2, 3)] == [{"succeeded": 2}, {"succeeded": 1}, {"succeeded": 1}]
    world.check()


def test_12_what_arrives_while_the_retry_runs_waits_behind_it() -> None:
    world = failed_once()
    world.put_article("1")
    world.commands.retry()
    world.maintenance_once()

    def newer() -> None:
        world.drop("b.json", [feature("1", "F_3", "newest")])
        world.intake_once()
        world.file_worker_once()
        world.apply_once()  # in no order: as if the queue had put it into another group

    between(world.store, "write_many", newer)
    world.settle()
    document = world.document("1")
    assert document is not None
    assert document["F_3"] == "newest"
    assert [world.counts(n) for n in (1, 3)] == [{"succeeded": 3}, {"succeeded": 1}]
    world.check()


def test_12_two_retries_do_what_one_does() -> None:
    world = failed_once()
    world.put_article("1")
    written = order_of_writes(world, "1")
    world.commands.retry()
    world.commands.retry()
    world.settle()
    assert len(written) == 1
    assert world.counts(1) == {"succeeded": 3}
    world.check()


def test_12_a_retry_within_five_minutes_of_the_last_one_is_not_dropped_as_its_double() -> None:
    world = failed_once()
    for _ in range(2):
        world.commands.retry()
        world.settle()
    assert world.counts(1) == {"failed": 1, "blocked": 2}
    world.put_article("1")
    world.commands.retry()
    world.settle()
    assert world.counts(1) == {"succeeded": 3}
    world.check()


def test_12_a_retry_by_file_runs_the_entry_of_another_file_that_blocks_it() -> None:
    world = failed_once()
    world.drop("b.json", [feature("1", "F_8"), feature("2")])
    world.settle()
    assert world.counts(2) == {"blocked": 1, "failed": 1}
    world.put_article("1")
    world.commands.retry(file="s3://bucket/delta/b.json")
    world.settle()
    assert world.counts(1) == {"succeeded": 3}
    assert world.counts(2) == {"succeeded": 1, "failed": 1}
    assert {"F_3", "F_4", "F_5", "F_8"} <= (world.document("1") or {}).keys()
    world.check()


def test_12_an_entry_that_fails_again_is_the_new_failure_and_the_rest_stays_behind_it() -> None:
    world = World()
    world.drop(
        "a.json", [feature("1"), entry("delete-article", "1"), feature("1"), entry("add-article", "1")]
    )
    world.settle()
    world.put_article("1")
    world.commands.retry()
    world.settle()
    assert [world.entry_state(1, pos) for pos in range(4)] == ["succeeded", "succeeded", "failed", "blocked"]
    failed = world.listing.first_failure()
    assert failed is not None
    assert "does not exist: 1" in failed.errors[0]
    world.check()


def test_12_a_long_retry_goes_on_in_another_invocation() -> None:
    world = World()
    world.drop("a.json", [feature("1", "F_3", str(i)) for i in range(160)])
    world.settle()
    world.put_article("1")
    world.commands.retry()
    world.maintenance_once()
    write_many, seconds = world.store.write_many, world.seconds

    def slow(articles: list[Article]) -> list[Outcome]:
        world.seconds = 10.0
        return write_many(articles)

    world.store.write_many = slow  # type: ignore[method-assign]
    for _ in range(8):
        world.seconds = seconds
        world.apply_once()
        world.check()
    world.settle()
    assert world.counts(1) == {"succeeded": 160}
    assert world.document("1") == {"id": "1", "F_1": "1", "F_3": "159"}
    world.check()


@pytest.mark.parametrize("by", ["all", "file", "id"])
def test_12_a_file_that_failed_as_a_whole_starts_again_under_a_new_number(by: str) -> None:
    world = World()
    url = "https://files.example.com/a.json"
    world.submit(url)
    world.settle()
    assert world.listing.failed_files(1, 10).items == [url]
    world.web.files[url] = b'[{"operation":"add-article","articleData":{"F_1":"1"}}]'
    if by == "all":
        world.commands.retry()
    elif by == "file":
        world.commands.retry(file=url)
    else:
        world.commands.retry(ids=["1"])
    world.settle()
    assert world.listing.failed_files(1, 10).items == []
    assert world.listing.successful_files(1, 10).items == [url]
    assert world.document("1") is not None
    world.check()


def test_12_an_outage_while_a_retry_runs_is_not_held_against_the_entry() -> None:
    world = failed_once()
    world.put_article("1")
    world.commands.retry()
    world.maintenance_once()
    world.store.plan = lambda call, number: Fault.DOWN
    for _ in range(12):
        world.apply_once()
        world.fake_clock.advance(61)
    world.store.plan = no_faults
    world.settle()
    assert world.counts(1) == {"succeeded": 3}
    world.check()
