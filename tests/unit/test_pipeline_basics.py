"""A delta file goes in, and every outcome is on record."""

from tests.doubles.world import World, entry


def test_a_file_is_applied_in_order() -> None:
    world = World()
    world.drop("a.json", [entry("add-article", "1", F_3="x"), entry("replace-article-feature", "1", F_3="y")])
    world.settle()
    assert world.document("1") == {"id": "1", "F_1": "1", "F_3": "y"}
    assert world.counts(1) == {"succeeded": 2}
    assert world.file_state(1) == "succeeded"
    world.check()


def test_the_first_failure_of_an_article_blocks_its_later_entries_and_no_other() -> None:
    world = World()
    world.drop(
        "a.json",
        [
            entry("replace-article-feature", "1", F_3="y"),
            entry("add-article", "1", F_3="x"),
            entry("add-article", "2", F_3="x"),
        ],
    )
    world.settle()
    assert [world.entry_state(1, pos) for pos in range(3)] == ["failed", "blocked", "succeeded"]
    assert world.document("1") is None
    failed = world.listing.first_failure()
    assert failed is not None
    assert failed.errors == [
        "Trying to add feature to an existing article, but the article does not exist: 1"
    ]
    assert failed.payload["articleData"] == {"F_1": "1", "F_3": "y"}
    world.check()


def test_a_retry_runs_what_failed_and_what_stood_behind_it() -> None:
    world = World()
    world.drop("a.json", [entry("replace-article-feature", "1", F_3="y"), entry("delete-article", "1")])
    world.settle()
    assert world.counts(1) == {"failed": 1, "blocked": 1}
    world.put_article("1", F_3="by hand")
    world.commands.retry()
    world.settle()
    assert world.counts(1) == {"succeeded": 2}
    assert world.document("1") is None
    assert world.listing.successful_files(1, 10).items == ["s3://bucket/delta/a.json"]
    world.check()


def test_global_scope_blocks_everything_behind_the_first_failure() -> None:
    world = World(DELTA_BLOCK_SCOPE="global")
    world.drop("a.json", [entry("add-article", "0"), entry("delete-article", "1"), entry("add-article", "2")])
    world.settle()
    assert [world.entry_state(1, pos) for pos in range(3)] == ["succeeded", "failed", "blocked"]
    assert world.listing.failed_articles(1, 10).items == ["1", "2"]
    world.put_article("1")
    world.commands.retry()
    world.settle()
    assert world.counts(1) == {"succeeded": 3}
    world.check()


def test_packed_messages_give_the_same_outcome() -> None:
    world = World(ENTRIES_PER_MESSAGE="25")
    world.drop("a.json", [entry("add-article", str(i % 70), F_3=str(i)) for i in range(250)])
    world.settle()
    assert world.counts(1) == {"succeeded": 70, "failed": 70, "blocked": 110}
    world.commands.flush()
    assert world.counts(1) == {"succeeded": 70, "flushed": 180}
    world.settle()
    world.check()


def test_clear_drops_what_waits_and_leaves_a_new_file_alone() -> None:
    world = World()
    world.drop("a.json", [entry("add-article", str(i)) for i in range(30)])
    world.intake_once()
    world.file_worker_once()
    world.commands.clear()
    assert world.listing.waiting(1, 10).total == 0
    world.drop("b.json", [entry("add-article", "new")])
    world.settle()
    assert world.counts(1) == {"cleared": 30}
    assert world.counts(2) == {"succeeded": 1}
    world.check()


def test_a_file_that_breaks_on_its_last_line_applies_nothing() -> None:
    world = World()
    world.drop("a.json", b'{"operation":"add-article","articleData":{"F_1":"1"}}\n{"operation":')
    world.settle()
    assert world.file_state(1) == "failed"
    assert world.document("1") is None
    failed = world.listing.first_failure()
    assert failed is not None
    assert "2" in failed.errors[0]
    assert world.listing.failed_files(1, 10).items == ["s3://bucket/delta/a.json"]
    world.commands.flush()
    assert world.listing.first_failure() is None
    world.check()
