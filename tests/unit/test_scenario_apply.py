"""Scenarios 4 to 10: entries are applied once, in order, whoever dies and whatever comes again."""

import pytest

from tests.doubles.article_store import Fault
from tests.doubles.faults import Killed
from tests.doubles.steps import between, bury, feature, listen, nothing, say_again, waiting
from tests.doubles.world import World, entry

CHAIN = [entry("add-article", "1", F_3="a"), feature("1", "F_3", "b"), entry("delete-article", "1"),
         entry("add-article", "1", F_3="c"), feature("2"), entry("add-article", "2")]  # fmt: skip
STATES = ["succeeded"] * 4 + ["failed", "blocked"]


def die() -> None:
    raise Killed


def states(world: World, count: int) -> list[str]:
    return [world.entry_state(1, pos) for pos in range(count)]


def test_4_a_worker_that_dies_between_writing_articles_and_recording_applies_nothing_twice() -> None:
    world = World()
    waiting(world, "a.json", CHAIN)
    between(world.store, "write_many", nothing, die)
    world.settle()
    assert world.kills == 1
    assert states(world, 6) == STATES
    stored = world.store.stored("1")
    assert stored is not None
    assert stored.version is not None
    assert stored.version.count == 1
    world.check()


@pytest.mark.parametrize("call", ["move", "commit"])
@pytest.mark.parametrize("after", [False, True])
def test_4_a_worker_that_dies_while_recording_leaves_each_entry_in_one_state(call: str, after: bool) -> None:
    world = World()
    waiting(world, "a.json", CHAIN)
    between(world.memory_ledger, call, nothing if after else die, die)
    world.settle()
    assert world.kills == 1
    assert states(world, 6) == STATES
    world.check()


def test_4_what_a_dead_worker_recorded_on_one_of_two_pages_stands() -> None:
    world = World(ENTRIES_PER_MESSAGE="100")
    numbers = [str(i % 3) for i in range(150)]
    world.drop("a.json", [entry("add-article" if i < 3 else "add-article-feature", n, F_3=str(i))
                          for i, n in enumerate(numbers)])  # fmt: skip
    world.intake_once()
    world.file_worker_once()
    between(world.memory_ledger, "move", nothing, die)
    world.settle()
    assert world.kills == 1
    assert world.counts(1) == {"succeeded": 150}
    assert world.document("2") == {"id": "2", "F_1": "2", "F_3": "149"}
    world.check()


@pytest.mark.parametrize("by_api", ["change", "delete", "delete and create again"])
def test_5_what_was_applied_is_known_again_after_an_api_client_changed_the_article(by_api: str) -> None:
    world = World()
    waiting(world, "a.json", [entry("add-article", "1", F_3="delta")])
    between(world.store, "write_many", nothing, die)
    world.apply_once()
    if by_api == "change":
        world.articles.update("1", {"F_3": "api"})
    else:
        world.articles.delete("1")
        if by_api != "delete":
            world.put_article("0", F_3="api")
            world.articles.copy("0", "1", {})
    document = world.document("1")
    world.settle()
    assert world.document("1") == document, "the client's word is the last one"
    assert world.counts(1) == {"succeeded": 1}
    world.check()


def test_5_a_failure_once_recorded_stays_whatever_comes_again() -> None:
    world = World()
    heard = listen(world)
    waiting(world, "a.json", [feature("1")])
    world.settle()
    world.put_article("1")
    say_again(world, heard, "again")
    world.settle()
    assert world.counts(1) == {"failed": 1}
    assert world.document("1") == {"id": "1", "F_1": "1"}
    world.check()


@pytest.mark.parametrize("done", ["flushed", "cleared", "retried", "being retried"])
def test_6_a_message_that_comes_again_after_its_entry_ended_does_nothing(done: str) -> None:
    world = World()
    heard = listen(world)
    waiting(world, "a.json", [feature("1", "F_3"), feature("1", "F_4")])
    if done == "cleared":
        world.commands.clear()
        world.settle()
    else:
        world.settle()
        world.put_article("1")
        if done == "flushed":
            world.commands.flush()
        else:
            world.commands.retry()
        world.maintenance_once()
    messages = list(heard)[:2]
    if done == "being retried":
        between(
            world.store, "get_many", lambda: (say_again(world, messages, "meanwhile"), world.apply_once())
        )
    if done in ("retried", "being retried"):
        world.settle()
    version = world.store.stored("1")
    say_again(world, messages, "again")
    world.settle()
    assert world.store.stored("1") == version
    expected = {"flushed": "flushed", "cleared": "cleared"}.get(done, "succeeded")
    assert states(world, 2) == [expected, expected]
    world.check()


@pytest.mark.parametrize("scope", ["article", "global"])
def test_7_two_entries_of_one_article_survive_a_race_with_an_api_client(scope: str) -> None:
    world = World(DELTA_BLOCK_SCOPE=scope)
    world.put_article("1", F_9="there")
    waiting(world, "a.json", [feature("1", "F_3", "a"), feature("1", "F_4", "b"), entry("add-article", "2")])
    between(world.store, "write_many", lambda: world.articles.update("1", {"F_5": "api"}))
    world.settle()
    assert world.document("1") == {
        "id": "1",
        "F_1": "1",
        "F_9": "there",
        "F_5": "api",
        "F_3": "a",
        "F_4": "b",
    }
    assert world.counts(1) == {"succeeded": 3}
    world.check()


@pytest.mark.parametrize("scope", ["article", "global"])
def test_7_a_bulk_answer_of_success_lost_race_no_answer_and_refusal(scope: str) -> None:
    world = World(DELTA_BLOCK_SCOPE=scope)
    faults = {"beaten": Fault.BEATEN, "down": Fault.DOWN, "lost": Fault.ANSWER_LOST, "late": Fault.LATE}
    met: list[str] = []

    def plan(call: str, number: str) -> Fault | None:
        if call != "write_many" or number == "fine":
            return None
        if number == "refused":
            return Fault.REFUSED
        met.append(number)
        return faults[number] if met.count(number) == 1 else None

    world.store.plan = plan
    numbers = ["fine", *faults, "refused"]
    entries = [entry("add-article", number) for number in numbers] + [feature(number) for number in numbers]
    world.drop("a.json", entries)
    world.settle()
    failed = "failed"
    expected = ["succeeded"] * 5 + [failed] + ["succeeded"] * 5 + ["blocked"]
    if scope == "global":
        expected = ["succeeded"] * 5 + [failed] + ["blocked"] * 6
    assert states(world, 12) == expected
    first = world.listing.first_failure()
    assert first is not None
    assert "refuses" in first.errors[0]
    assert set(faults) <= set(met)
    world.check()


def deadly(world: World, number: str) -> None:
    """Every write of that article kills its worker."""
    write_many = world.store.write_many

    def write(articles: object) -> object:
        if any(article.number == number for article in articles):  # type: ignore[attr-defined]
            raise Killed
        return write_many(articles)  # type: ignore[arg-type]

    world.store.write_many = write  # type: ignore[method-assign,assignment]


@pytest.mark.parametrize("packing", ["1", "25"])
def test_8_one_entry_that_kills_its_worker_fails_and_its_nine_neighbours_are_applied(packing: str) -> None:
    world = World(ENTRIES_PER_MESSAGE=packing)
    deadly(world, "4")
    world.drop("a.json", [entry("add-article", str(i)) for i in range(10)])
    world.settle()
    assert [world.entry_state(1, pos) for pos in range(10)] == ["succeeded"] * 4 + ["failed"] + [
        "succeeded"
    ] * 5
    assert world.kills <= 2 + 3, "twice with all others, then three times alone"
    assert world.dead_articles.calls == 0
    world.check()


def test_8_an_entry_that_kills_its_worker_before_anything_is_known_of_it_ends_in_the_dead_letters() -> None:
    world = World()
    waiting(world, "a.json", [entry("add-article", "1"), feature("1"), entry("add-article", "2")])
    handle = world.delivery.handle

    def deadly_body(batch: object, time_left: object) -> list[str]:
        if any('[[0,"add-article"' in message.body for message in batch):  # type: ignore[attr-defined]
            raise Killed
        return handle(batch, time_left)  # type: ignore[arg-type]

    world.delivery.handle = deadly_body  # type: ignore[method-assign,assignment]
    world.settle()
    assert states(world, 3)[0] == "failed"
    assert states(world, 3)[2] != "queued"
    world.check()


@pytest.mark.parametrize("next_one", ["applied", "failed"])
def test_9_the_next_entry_is_delivered_before_the_dead_letter_is_recorded(next_one: str) -> None:
    world = World()
    world.put_article("1") if next_one == "applied" else None
    dead, _ = waiting(world, "a.json", [feature("1", "F_3"), feature("1", "F_4")])
    bury(world, dead)
    world.apply_once()
    assert world.entry_state(1, 1) == ("succeeded" if next_one == "applied" else "failed")
    world.settle()
    assert world.entry_state(1, 0) == "failed", "never a success: it was not applied"
    assert "F_3" not in (world.document("1") or {})
    world.check()


def test_9_what_follows_an_entry_that_killed_its_workers_waits_until_that_is_recorded() -> None:
    world = World()
    deadly(world, "1")
    first, _ = waiting(world, "a.json", [entry("add-article", "1"), feature("1", "F_4")])
    for _ in range(3):
        world.apply_once()
        world.fake_clock.advance(61)
    bury(world, first)
    world.apply_once()
    assert states(world, 2) == ["queued", "queued"]
    world.settle()
    assert states(world, 2) == ["failed", "blocked"]
    world.check()


def test_10_a_faulty_entry_fails_in_its_turn_and_not_before() -> None:
    world = World()
    faulty = {"operation": "no such", "articleData": {"F_1": "1"}}
    waiting(
        world,
        "a.json",
        [entry("add-article", "1"), faulty, feature("1"), entry("add-article", "2"), faulty | {}],
    )
    seen: list[list[str]] = []
    between(world.store, "write_many", lambda: seen.append(states(world, 5)))
    world.settle()
    assert seen == [["queued"] * 5]
    assert states(world, 5) == ["succeeded", "failed", "blocked", "succeeded", "blocked"]
    assert world.document("1") == {"id": "1", "F_1": "1"}
    world.check()
