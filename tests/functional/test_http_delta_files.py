"""Delta files as a resource over HTTP: listed, read, cancelled."""

import json
from contextlib import suppress
from typing import get_args
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import NothingToCancel
from chalicelib.ledger.delta_files import COUNTED
from chalicelib.ledger.states import FileState
from chalicelib.web import delta_file_schemas, delta_files, paging
from chalicelib.web.cursors import sealed
from tests.doubles.steps import feature, waiting
from tests.doubles.world import World, entry
from tests.functional.gateway import Gateway
from tests.functional.stand_ins import StandIns

KEYS = [
    "id",
    "name",
    "state",
    "strict",
    "entries",
    "counts",
    "accepted_at",
    "started_at",
    "sent_at",
    "finished_at",
]


@pytest.fixture
def world(services: StandIns) -> World:
    """The pipeline behind the API."""
    world = World()
    services.delta_files, services.commands = world.delta_files, world.commands
    services.job_search = world.job_search
    return world


def listed(user: Gateway, **query: str) -> list[str]:
    """The ids that the list gives, part by part to its end."""
    ids: list[str] = []
    for _ in range(100):
        answer = user.call("GET", f"/v1/delta-files?{urlencode(query)}")
        assert (answer.status, answer.json["message"]) == (200, "Delta files found")
        assert list(answer.json) == ["status", "message", "data", "cursor"]
        ids += [file["id"] for file in answer.json["data"]]
        if answer.json["cursor"] is None:
            return ids
        query["cursor"] = answer.json["cursor"]
    raise AssertionError("the list never ends")


def test_a_file_tells_its_state_counts_times_and_first_errors(user: Gateway, world: World) -> None:
    world.drop("a.json", [entry("add-article", "1"), feature("2", "F_3"), feature("2", "F_4"), feature("3")])
    world.settle()
    answer = user.call("GET", "/v1/delta-files/1")
    assert (answer.status, answer.json["message"]) == (200, "Delta file found")
    data = answer.json["data"]
    assert list(data) == [*KEYS, "errors"]
    assert (data["id"], data["name"], data["state"]) == ("1", "s3://bucket/delta/a.json", "failed")
    assert (data["strict"], data["entries"]) == (False, 4)
    assert data["counts"] == dict.fromkeys(COUNTED, 0) | {"succeeded": 1, "failed": 2, "blocked": 1}
    assert [(error["job"], error["article"], error["cause"]) for error in data["errors"]] == [
        ("1-1", "2", "rule"),
        ("1-3", "3", "rule"),
    ]
    assert data["errors"][0]["errors"] == [
        "Trying to add feature to an existing article, but the article does not exist: 2"
    ]
    assert data["accepted_at"] <= data["started_at"] <= data["sent_at"] <= data["finished_at"]
    assert data["accepted_at"].endswith("Z")


def test_a_file_that_failed_as_a_whole_says_why_until_it_is_flushed(user: Gateway, world: World) -> None:
    world.drop("a.json", b"no json")
    world.settle()
    data = user.call("GET", "/v1/delta-files/1").json["data"]
    assert (data["state"], data["entries"], data["sent_at"]) == ("failed", None, None)
    assert data["finished_at"]
    assert [(error["job"], error["article"], error["cause"]) for error in data["errors"]] == [
        ("1", None, "format")
    ]
    world.commands.flush()
    assert user.call("GET", "/v1/delta-files/1").json["data"]["state"] == "flushed"


def test_a_file_is_found_from_the_moment_it_is_accepted(user: Gateway, world: World) -> None:
    world.submit("https://files.example.com/a.json", "https://files.example.com/b.json", strict=True)
    data = user.call("GET", "/v1/delta-files/2").json["data"]
    assert (data["name"], data["state"]) == ("https://files.example.com/b.json", "queued")
    assert (data["strict"], data["entries"], data["started_at"], data["finished_at"]) == (
        True,
        None,
        None,
        None,
    )


@pytest.mark.parametrize("limit", ["1", "2", "500"])
def test_all_files_are_listed_once_the_newest_first(user: Gateway, world: World, limit: str) -> None:
    world.drop("a.json", [entry("add-article", "1")])
    world.settle()
    world.commands.retry()  # takes a number that is no file's
    world.drop("b.json", [feature("nowhere")])
    world.settle()
    world.submit("https://files.example.com/c.json", "https://files.example.com/d.json")
    assert listed(user, limit=limit) == ["5", "4", "3", "1"]
    assert listed(user, limit=limit, state="queued") == ["5", "4"]
    assert listed(user, limit=limit, state="failed") == ["3"]
    assert listed(user, limit=limit, state="succeeded") == ["1"]


def test_files_that_come_meanwhile_shift_nothing(user: Gateway, world: World) -> None:
    world.submit(*(f"https://files.example.com/{i}.json" for i in range(3)))
    first = user.call("GET", "/v1/delta-files?limit=2").json
    world.submit("https://files.example.com/new.json")
    rest = listed(user, limit="2", cursor=first["cursor"])
    assert [file["id"] for file in first["data"]] + rest == ["3", "2", "1"]


def test_forgotten_files_leave_the_list_and_are_found_by_id_for_a_while(user: Gateway, world: World) -> None:
    world.drop("a.json", [entry("add-article", "1")])
    world.settle()
    world.commands.clear_successful()
    assert listed(user) == []
    assert user.call("GET", "/v1/delta-files/1").json["data"]["state"] == "succeeded"


def test_one_answer_looks_at_so_many_numbers_and_says_where_to_go_on(user: Gateway, world: World) -> None:
    for _ in range(6):
        world.submit(*(f"https://files.example.com/{i}.json" for i in range(1000)))
    found = user.call("GET", "/v1/delta-files?state=failed").json
    assert found["data"] == []
    assert found["cursor"] is not None
    assert listed(user, state="failed") == []


def test_a_list_that_is_too_large_for_one_answer_goes_on_behind_what_was_shown(
    user: Gateway, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "ANSWER_BYTES", 1500)
    world.submit(*(f"https://files.example.com/{i}.json" for i in range(10)))
    assert len(user.call("GET", "/v1/delta-files").json["data"]) < 10
    assert listed(user) == [str(n) for n in range(10, 0, -1)]


def test_a_cancel_answers_with_the_file_as_it_is_then_and_may_be_repeated(
    user: Gateway, world: World
) -> None:
    waiting(world, "a.json", [entry("add-article", str(i)) for i in range(30)])
    for _ in range(2):
        answer = user.call("DELETE", "/v1/delta-files/1")
        assert (answer.status, answer.json["message"]) == (200, "Delta file cancelled")
        assert list(answer.json["data"]) == [*KEYS, "errors"]
        assert answer.json["data"]["state"] == "cleared"
        assert answer.json["data"]["counts"] == dict.fromkeys(COUNTED, 0) | {"cleared": 30}
    assert user.call("GET", "/v1/jobs?state=queued").json["data"] == []
    world.settle()
    assert user.call("DELETE", "/v1/delta-files/1").status == 200
    assert world.store.all() == []


def test_what_has_ended_is_not_cancelled(user: Gateway, world: World) -> None:
    world.drop("a.json", [entry("add-article", "1")])
    world.settle()
    answer = user.call("DELETE", "/v1/delta-files/1")
    assert answer.status == 409
    assert answer.json["message"] == (
        "Nothing of delta file 1 waits (it is succeeded), so there is nothing to cancel"
    )


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("name", ["0", "2", "999999999999", "x", "1-0", "-1", "%00", "1e3", "٣"])
def test_what_nobody_sent_is_not_found(user: Gateway, world: World, method: str, name: str) -> None:
    world.submit("https://files.example.com/a.json")
    assert user.call(method, f"/v1/delta-files/{name}").status == 404


@pytest.mark.usefixtures("world")
def test_every_fault_of_a_list_is_told_at_once(user: Gateway) -> None:
    answer = user.call("GET", "/v1/delta-files?state=blocked&limit=0&cursor=nonsense")
    assert answer.status == 422
    assert set(answer.json["errors"]) == {"state", "limit", "cursor"}


@pytest.mark.parametrize("query", ["stat=failed", "limit=1&limit=2", "cursor=&cursor="])
def test_no_filter_is_overlooked(query: str, user: Gateway) -> None:
    answer = user.call("GET", f"/v1/delta-files?{query}")
    assert (answer.status, list(answer.json["errors"])) == (422, [query.partition("=")[0]])


def test_a_cursor_is_bound_to_its_state(user: Gateway, world: World) -> None:
    world.submit(*(f"https://files.example.com/{i}.json" for i in range(3)))
    cursor = user.call("GET", "/v1/delta-files?limit=1").json["cursor"]
    answer = user.call("GET", f"/v1/delta-files?limit=1&state=queued&cursor={cursor}")
    assert (answer.status, set(answer.json["errors"])) == (422, {"cursor"})


@pytest.mark.parametrize("place", ["", "x", "-1", "٣", "1 ", "1" * 3000, "\ud800"])
def test_a_cursor_that_somebody_made_up_is_refused(place: str, user: Gateway) -> None:
    answer = user.call("GET", f"/v1/delta-files?cursor={sealed(place, 'delta-files', None)}")
    assert (answer.status, set(answer.json["errors"])) == (422, {"cursor"})


def test_the_document_names_the_states_that_there_are() -> None:
    assert (*get_args(FileState), "flushed") == delta_files.STATES
    counts = delta_file_schemas.COMPONENTS["DeltaFile"]["properties"]["counts"]
    assert tuple(counts["properties"]) == COUNTED


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/delta-files"), ("DELETE", "/v1/delta-files/1")])
def test_without_a_token_nothing_is_told(anyone: Gateway, method: str, path: str) -> None:
    assert anyone.call(method, path).status == 401


# --- Results and failed entries


def test_results_come_line_by_line_and_failed_entries_are_sent_again_as_they_are(
    user: Gateway, services: StandIns, world: World
) -> None:
    services.extract_maker, services.submissions = world.extract_maker, world.submissions
    sent = [entry("add-article", "1", F_3="é"), feature("2", "F_3"), feature("2", "F_4"), 5]
    world.drop("a.json", sent)  # type: ignore[arg-type]
    world.settle()
    answer = user.call("GET", "/v1/delta-files/1/results")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/x-ndjson")
    lines = [json.loads(line) for line in answer.body.splitlines()]
    assert [line["state"] for line in lines] == ["succeeded", "failed", "blocked", "failed"]
    failed = user.call("GET", "/v1/delta-files/1/failed")
    assert (failed.status, failed.json) == (200, sent[1:])
    world.put_article("2")
    world.commands.flush()
    assert user.call("POST", "/v1/delta-files", failed.body).status == 202
    world.settle()
    assert world.counts(2) == {"succeeded": 2, "failed": 1}


def test_what_is_large_is_made_and_then_found_behind_a_link(
    user: Gateway, services: StandIns, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.extract_maker = world.extract_maker
    monkeypatch.setattr("chalicelib.articles.extract_making.SMALL_PAGES", 0)
    world.drop("a.json", [entry("add-article", str(i)) for i in range(120)])
    world.settle()
    making = user.call("GET", "/v1/delta-files/1/results")
    assert (making.status, making.json["data"]) == (202, None)
    assert int(making.headers["retry-after"]) > 0
    world.settle()
    ready = user.call("GET", "/v1/delta-files/1/results")
    assert ready.status == 303
    assert ready.headers["location"] == ready.json["data"]["url"]
    [key] = [key for key in world.bucket.keys if key.startswith("extracts/1/")]
    data = b"".join(world.bucket.read(key))
    assert (len(data.splitlines()), len(data)) == (120, ready.json["data"]["bytes"])


@pytest.mark.parametrize("what", ["results", "failed"])
def test_what_cannot_be_told_yet_is_refused(
    user: Gateway, services: StandIns, world: World, what: str
) -> None:
    services.extract_maker, services.submissions = world.extract_maker, world.submissions
    world.submit("https://files.example.com/a.json")
    upload = world.submissions.allow_upload(5, None, False).upload.id
    for name, status in (("1", 409), (upload, 409), ("2", 404), ("nobody", 404), ("0", 404)):
        assert user.call("GET", f"/v1/delta-files/{name}/{what}").status == status


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(
        st.sampled_from(["one", "three", "retry", "settle", "cancel", "page"]), min_size=1, max_size=25
    ),
    limit=st.integers(1, 4),
)
def test_who_is_there_from_beginning_to_end_is_listed_once(steps: list[str], limit: int) -> None:
    world = World()
    world.web.files = {f"https://files.example.com/{i}": b"[]" for i in range(3)}
    world.submit("https://files.example.com/0", "https://files.example.com/1")
    there: set[int] = set()
    seen: list[int] = []
    before: int | None = None
    for step in [*steps, *["page"] * 100]:
        if step in ("one", "three"):
            world.submit(*(f"https://files.example.com/{i}" for i in range(3 if step == "three" else 1)))
        elif step == "retry":
            world.commands.retry()
        elif step == "settle":
            world.settle()
        elif step == "cancel":
            with suppress(NothingToCancel):
                world.commands.cancel(2)
        elif before != 0:
            if before is None:
                requests = world.memory_ledger.requests(1, 10**6)
                there = {asked.first + index for asked in requests for index in range(len(asked.names))}
            part = world.delta_files.newest(before, limit)
            seen += [found.file.n for found in part.files]
            before = part.before or 0
    assert seen == sorted(there, reverse=True)
