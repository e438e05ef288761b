"""What the model of the pipeline has found, each told as short as it can be."""

from tests.doubles.world import World, entry


def test_a_retry_that_was_cut_off_while_it_was_handed_out_can_be_followed_by_another() -> None:
    """The first one's drain has run and failed again when the second half of the handing out puts its ticket back."""
    for call in range(30):
        world = World()
        world.drop("a.json", [entry("delete-article", "1"), entry("add-article", "1")])
        world.settle()
        world.commands.retry()
        world.faults.at, world.faults.kind = len(world.faults.seen) + call, "killed before"
        world.maintenance_once()
        world.faults.at = -1
        world.apply_once()  # fails again, since there is still no article
        world.settle()
        assert world.counts(1) == {"failed": 1, "blocked": 1}
        world.put_article("1")
        world.commands.retry()
        world.settle()
        assert world.counts(1) == {"succeeded": 2}, f"cut off before call {call}"


def test_a_file_that_never_was_sent_holds_up_no_file_of_another_scope() -> None:
    world = World()
    world.drop("a.json", [entry("add-article", "1")])
    world.settle()
    world.drop("broken.json", b"{")
    world.settle()
    assert world.file_state(2) == "failed"
    world.environment["DELTA_BLOCK_SCOPE"] = "global"
    for made in ("settings", "fan_out"):
        world.__dict__.pop(made, None)
    world.drop("b.json", [entry("add-article", "2")])
    world.settle()
    assert world.counts(3) == {"succeeded": 1}
