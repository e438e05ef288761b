"""Delta files that clients hand over: in a body, or by an upload that they got leave for."""

import gzip
import json
from collections.abc import Callable

import pytest

from chalicelib.articles.submission import LINK_SECONDS
from chalicelib.errors import NotFound, NothingToCancel, Unavailable
from tests.doubles.world import World, entry

ENTRIES = [entry("add-article", "1", F_3="a"), entry("add-article", "2", F_3="b")]
FORMS: dict[str, Callable[[], bytes]] = {
    "array": lambda: json.dumps(ENTRIES).encode(),
    "lines": lambda: "\n".join(json.dumps(item) for item in ENTRIES).encode(),
    "gzip": lambda: gzip.compress(json.dumps(ENTRIES).encode()),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_file_in_a_body_is_applied_whatever_its_form(form: str) -> None:
    world = World()
    accepted = world.submissions.submit(FORMS[form](), "mix.json", False)
    assert (accepted.file.n, accepted.state) == (1, "queued")
    world.settle()
    assert world.counts(1) == {"succeeded": 2}
    assert world.listing.successful_files(1, 10).items == ["mix.json"]
    world.check()


def test_a_file_without_a_name_is_called_by_where_it_lies() -> None:
    world = World()
    name = world.submissions.submit(b"[]", None, False).file.name
    assert name.startswith("s3://bucket/submitted/")
    leave = world.submissions.allow_upload(2, None, False)
    assert leave.upload.name == f"s3://bucket/uploads/{leave.upload.id}"


def test_what_was_stored_and_not_accepted_is_no_file() -> None:
    world = World()
    world.faults.at, world.faults.kind = 3, "throws"  # put, announcement, control, then the commit
    with pytest.raises(Unavailable):
        world.submissions.submit(b"[]", "a.json", False)
    assert world.faults.seen[-2:][0] == "ledger.commit"
    assert world.bucket.keys
    world.settle()
    assert world.delta_files.newest(None, 10).files == []


def upload(world: World, id: str, data: bytes, announced: int = 1) -> None:
    """Uploads a file and announces it, so often."""
    version = world.bucket.put(f"uploads/{id}", data)
    for _ in range(announced):
        world.announce(f"uploads/{id}", version)


def test_an_upload_is_accepted_once_it_came_under_its_name_and_strictly_if_so_asked() -> None:
    world = World()
    leave = world.submissions.allow_upload(500, "mix.json", True)
    assert f"length=500&seconds={LINK_SECONDS}" in leave.url
    assert leave.upload.until == world.clock.now() + LINK_SECONDS
    upload(world, leave.upload.id, json.dumps([*ENTRIES, {"operation": "burn"}]).encode(), announced=3)
    world.settle()
    n = world.submissions.upload(leave.upload.id).n
    assert n == 1
    found = world.delta_files.find(n)
    assert (found.file.name, found.file.strict, found.state) == ("mix.json", True, "failed")
    assert found.file.cause == "strict"
    assert world.memory_ledger.control().seq == 1


def test_what_is_uploaded_again_is_left_alone() -> None:
    world = World()
    id = world.submissions.allow_upload(2, "a.json", False).upload.id
    upload(world, id, b"[]")
    world.settle()
    upload(world, id, json.dumps(ENTRIES).encode())
    world.settle()
    assert world.memory_ledger.control().seq == 1
    assert world.store.all() == []


def test_what_comes_without_leave_is_left_alone() -> None:
    world = World()
    upload(world, "stranger", json.dumps(ENTRIES).encode())
    upload(world, "", json.dumps(ENTRIES).encode())
    upload(world, "a/b", json.dumps(ENTRIES).encode())
    world.settle()
    assert world.memory_ledger.control().seq == 0
    assert not len(world.dead_notices)


def test_a_leave_that_is_taken_back_accepts_nothing() -> None:
    world = World()
    id = world.submissions.allow_upload(2, "a.json", False).upload.id
    for _ in range(2):
        assert world.submissions.withdraw(id).withdrawn
    upload(world, id, b"[]")
    world.settle()
    assert world.memory_ledger.control().seq == 0
    assert world.submissions.upload(id).n == 0


def test_a_leave_whose_file_came_is_not_taken_back() -> None:
    world = World()
    id = world.submissions.allow_upload(2, "a.json", False).upload.id
    upload(world, id, b"[]")
    world.settle()
    with pytest.raises(NothingToCancel):
        world.submissions.withdraw(id)
    with pytest.raises(NotFound):
        world.submissions.upload("nobody")


def test_a_call_that_is_made_again_hands_over_one_file_and_gets_one_leave() -> None:
    world = World()
    for _ in range(2):
        assert world.submissions.submit(FORMS["array"](), "a.json", False, "w1").file.n == 1
    first, second = (world.submissions.allow_upload(2, "b.json", False, "w2") for _ in range(2))
    assert (first.upload.id, first.url) == (second.upload.id, second.url)
    world.settle()
    assert world.memory_ledger.control().seq == 1


def test_a_file_that_failed_as_a_whole_is_read_again_from_where_it_was_stored() -> None:
    world = World()
    n = world.submissions.submit(b"no json", "a.json", False).file.n
    world.settle()
    assert world.file_state(n) == "failed"
    world.commands.retry(file="a.json")
    world.settle()
    again = world.memory_ledger.control().seq
    assert world.file_state(again) == "failed"
    assert world.delta_files.find(again).file.cause == "format"


def test_an_upload_that_never_comes_is_awaited_then_expired_and_cleared_once_withdrawn() -> None:
    world = World()
    awaited = world.submissions.allow_upload(2, "a.json", False).upload
    assert world.submissions.state_of(awaited) == "awaited"
    world.clock.advance(LINK_SECONDS - 1)
    assert world.submissions.state_of(awaited) == "awaited"
    world.clock.advance(1)
    assert world.submissions.state_of(awaited) == "expired"
    assert world.submissions.state_of(world.submissions.withdraw(awaited.id)) == "cleared"
