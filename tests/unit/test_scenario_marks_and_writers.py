"""Scenarios 14, 15 and 18: deleted articles, API clients beside a delta, and counts after all of it."""

import pytest

from chalicelib.ledger.sweep import DAY_SECONDS
from chalicelib.ports.article_store import Unknown
from chalicelib.ports.export_baselines import PURGED
from chalicelib.times import microseconds
from tests.doubles.faults import Killed
from tests.doubles.steps import between, bury, feature, listen, nothing, say_again, waiting
from tests.doubles.world import World, entry


def die() -> None:
    raise Killed


def test_14_a_late_redelivery_does_not_create_a_deleted_article_again() -> None:
    world = World()
    waiting(world, "a.json", [entry("add-article", "1"), entry("delete-article", "1")])
    between(world.store, "write_many", nothing, die)
    world.settle()
    assert world.document("1") is None
    assert world.counts(1) == {"succeeded": 2}
    world.check()


@pytest.mark.parametrize("held_by", ["nothing", "a failure", "a dead letter"])
def test_14_the_mark_of_a_deleted_article_stays_as_long_as_an_entry_may_refer_to_it(held_by: str) -> None:
    world = World()
    world.put_article("1")
    entries = [entry("delete-article", "1")] + ([feature("2")] if held_by == "a failure" else [])
    messages = waiting(world, "a.json", [*entries, entry("add-article", "3")])
    if held_by == "a dead letter":
        bury(world, messages[-1])
        world.dead_letters_once, keep = nothing, world.dead_letters_once  # type: ignore[method-assign]
    for _ in range(3):
        world.apply_once()
        world.fake_clock.advance(61)
    world.fake_clock.advance((world.settings.deletions_known_days + 1) * DAY_SECONDS + 1)
    world.sweep_once()
    assert (world.store.stored("1") is None) == (held_by == "nothing")
    if held_by == "a failure":
        world.commands.flush()
    if held_by == "a dead letter":
        world.dead_letters_once = keep  # type: ignore[method-assign]
    world.settle()
    world.sweep_once()
    if held_by != "a dead letter":  # its failure stands: not finished
        assert world.store.stored("1") is None
    world.check()


def test_14_before_marks_go_it_is_noted_up_to_when_deletions_are_not_known_any_more() -> None:
    world = World()
    deleted = {}
    for number in ("1", "2", "3"):
        world.put_article(number)
        world.fake_clock.advance(DAY_SECONDS)
        world.articles.delete(number)
        deleted[number] = microseconds(world.fake_clock.now())
    world.fake_clock.advance((world.settings.deletions_known_days + 1) * DAY_SECONDS - DAY_SECONDS + 1)
    between(world.store, "purge_mark", nothing, die)
    world.sweep_once()
    assert world.export_baselines.get(PURGED) == deleted["2"]
    world.sweep_once()
    assert [number for number in deleted if world.store.stored(number)] == ["3"]


@pytest.mark.parametrize(
    ("by_api", "call"),
    [
        ("update", "get_many"),
        ("update", "write_many"),
        ("delete", "get_many"),
        ("delete", "write_many"),
        ("copy over", "get_many"),
    ],
)
def test_15_an_api_client_and_a_delta_at_once_lose_nothing(by_api: str, call: str) -> None:
    world = World()
    world.put_article("0", F_9="source")
    if by_api != "copy over":
        world.put_article("1", F_9="there")
    waiting(world, "a.json", [feature("1", "F_3", "delta"), feature("1", "F_4", "delta")])
    actions = {
        "update": lambda: world.articles.update("1", {"F_5": "api"}),
        "delete": lambda: world.articles.delete("1"),
        "copy over": lambda: world.articles.copy("0", "1", {"F_5": "api"}),
    }
    between(world.store, call, actions[by_api])
    world.settle()
    document = world.document("1")
    if by_api == "delete":
        assert document is None
        assert world.counts(1) == {"failed": 1, "blocked": 1}
    else:
        assert document is not None
        assert (document["F_3"], document["F_4"], document["F_5"]) == ("delta", "delta", "api")
        assert world.counts(1) == {"succeeded": 2}
    world.check()


def test_15_the_hidden_fields_survive_every_writer() -> None:
    world = World()
    heard = listen(world)
    waiting(world, "a.json", [entry("add-article", "1", F_3="a")])
    world.settle()
    stored = world.store.stored("1")
    assert stored is not None
    applied = stored.hidden.applied
    assert applied is not None
    world.articles.update("1", {"F_3": "api"})
    world.articles.delete("1")
    mark = world.store.stored("1")
    assert mark is not None
    assert mark.hidden.applied == applied
    assert len(mark.hidden.write_ids) == 2
    world.put_article("0")
    world.articles.copy("0", "1", {})
    waiting(world, "b.json", [feature("1", "F_4")])
    world.settle()
    again = world.store.stored("1")
    assert again is not None
    assert len(again.hidden.write_ids) == 3
    say_again(world, heard[:1], "late")
    world.settle()
    assert world.document("1") == {"id": "1", "F_1": "1", "F_4": "x"}
    world.check()


def test_15_a_lost_answer_of_a_write_that_happened_is_no_conflict() -> None:
    world = World()
    world.put_article("1")
    write_many = world.store.write_many

    def mute(articles: list) -> list:  # type: ignore[type-arg]
        world.store.write_many = write_many  # type: ignore[method-assign]
        write_many(articles)
        waiting(world, "a.json", [feature("1", "F_4", "delta")])
        world.apply_once()
        return [Unknown("time-out") for _ in articles]

    world.store.write_many = mute  # type: ignore[method-assign]
    world.articles.update("1", {"F_3": "api"})
    assert world.document("1") == {"id": "1", "F_1": "1", "F_3": "api", "F_4": "delta"}
    world.settle()
    assert world.counts(1) == {"succeeded": 1}
    world.check()


@pytest.mark.parametrize("scope", ["article", "global"])
@pytest.mark.parametrize("packing", ["1", "25"])
def test_18_counts_lists_and_states_agree_after_each_of_many_events(scope: str, packing: str) -> None:
    world = World(DELTA_BLOCK_SCOPE=scope, ENTRIES_PER_MESSAGE=packing)
    heard = listen(world)
    for round_ in range(3):
        entries = [entry("add-article" if i % 3 else "add-article-feature", str(i % 20), F_3=f"{round_}.{i}")
                   for i in range(130)]  # fmt: skip
        world.drop(f"{round_}.json", [*entries, {"operation": "no such"}])
        for event in (
            world.settle,
            lambda: world.commands.retry(),
            world.settle,
            lambda r=round_: world.put_article(str(r)),
            lambda: world.commands.retry(article="3"),
            world.maintenance_once,
            world.apply_once,
            world.commands.flush if round_ == 1 else world.commands.clear_successful,
            lambda r=round_: say_again(world, heard[-20:], f"late-{r}"),
            world.commands.clear,
            world.apply_once,
            world.settle,
        ):
            event()
            world.check()
    assert sum(world.counts(n).total() for n in range(1, 20) if world.memory_ledger.file(n)) == 3 * 131
