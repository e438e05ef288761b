"""Scenario 12: what failed, and what stood behind it, runs again in order; a retry never gets stuck."""

from chalicelib.ledger.commands import maintenance_message
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
