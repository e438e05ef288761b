"""Jobs as a resource over HTTP: found part by part, read by id, dropped by state."""

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.ledger.states import JOB_STATES
from chalicelib.web import cursors, job_resource, paging
from tests.doubles.steps import feature
from tests.doubles.world import World, entry
from tests.functional.gateway import Gateway
from tests.functional.stand_ins import StandIns

KEYS = [
    "id",
    "queue",
    "state",
    "file_id",
    "file",
    "position",
    "operation",
    "article",
    "errors",
    "cause",
    "blocked_by",
    "accepted_at",
    "started_at",
    "finished_at",
]


@pytest.fixture
def world(services: StandIns) -> World:
    """Article 2 fails and holds an entry back, article 1 is made; behind the API."""
    world = World()
    world.drop("a.json", [entry("add-article", "1"), feature("2", "F_3"), feature("2", "F_4")])
    world.settle()
    services.job_search, services.commands = world.job_search, world.commands
    return world


def found(user: Gateway, **query: str) -> list[str]:
    """The ids that a list gives, part by part to its end."""
    ids: list[str] = []
    while True:
        answer = user.call("GET", f"/v1/jobs?{urlencode(query)}")
        assert (answer.status, answer.json["message"]) == (200, "Jobs found")
        assert list(answer.json) == ["status", "message", "data", "cursor"]
        ids += [job["id"] for job in answer.json["data"]]
        if answer.json["cursor"] is None:
            return ids
        query["cursor"] = answer.json["cursor"]


@pytest.mark.usefixtures("world")
def test_a_job_has_all_its_keys_in_the_order_of_the_document(user: Gateway) -> None:
    first, failed, blocked = user.call("GET", "/v1/jobs").json["data"]
    assert list(first) == list(failed) == KEYS
    assert failed == {
        "id": "1-1",
        "queue": "delta-article",
        "state": "failed",
        "file_id": "1",
        "file": "s3://bucket/delta/a.json",
        "position": 1,
        "operation": "replace-article-feature",
        "article": "2",
        "errors": ["Trying to add feature to an existing article, but the article does not exist: 2"],
        "cause": "rule",
        "blocked_by": None,
        "accepted_at": failed["accepted_at"],
        "started_at": None,
        "finished_at": None,
    }
    assert failed["accepted_at"].endswith("Z")
    assert (blocked["state"], blocked["blocked_by"], blocked["cause"]) == ("blocked", "1-1", None)


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("limit", ["1", "2", "500"])
def test_a_list_is_read_part_by_part(limit: str, user: Gateway) -> None:
    assert found(user, limit=limit) == ["1-0", "1-1", "1-2"]
    assert found(user, limit=limit, state="blocked") == ["1-2"]
    assert found(user, limit=limit, article='"2"') == ["1-1", "1-2"]
    assert found(user, limit=limit, file='"1"', state="succeeded") == ["1-0"]
    assert found(user, limit=limit, file="s3://bucket/delta/a.json") == ["1-0", "1-1", "1-2"]


@pytest.mark.usefixtures("world")
def test_filters_that_are_empty_are_none(user: Gateway) -> None:
    assert found(user, state="", file="", article="", cursor="") == ["1-0", "1-1", "1-2"]


@pytest.mark.usefixtures("world")
def test_every_fault_of_a_list_is_said_at_once(user: Gateway) -> None:
    answer = user.call("GET", "/v1/jobs?state=done&article=a%2Fb&limit=501&cursor=x")
    assert answer.status == 422
    assert list(answer.json["errors"]) == ["state", "article", "limit", "cursor"]
    assert "queued, running, succeeded" in answer.json["errors"]["state"][0]


@pytest.mark.parametrize("state", sorted(set(JOB_STATES) - {"failed", "blocked"}))
def test_an_article_alone_finds_only_what_holds_and_is_held(state: str, user: Gateway) -> None:
    answer = user.call("GET", f"/v1/jobs?article=1&state={state}")
    assert (answer.status, list(answer.json["errors"])) == (422, ["state"])
    assert "name the file" in answer.json["errors"]["state"][0]
    assert user.call("GET", f"/v1/jobs?article=1&state={state}&file=1").status == 200


@pytest.mark.parametrize("query", ["stat=failed", "limit=1&limit=2", "cursor=&cursor="])
def test_no_filter_is_overlooked(query: str, user: Gateway) -> None:
    answer = user.call("GET", f"/v1/jobs?{query}")
    assert (answer.status, list(answer.json["errors"])) == (422, [query.partition("=")[0]])


@pytest.mark.usefixtures("world")
def test_a_cursor_of_another_list_is_refused(user: Gateway) -> None:
    cursor = user.call("GET", "/v1/jobs?limit=1").json["cursor"]
    for query in ("state=failed", "state=blocked", "file=1", "article=2", "file=1&article=2"):
        answer = user.call("GET", f"/v1/jobs?{query}&cursor={cursor}")
        assert (answer.status, list(answer.json["errors"])) == (422, ["cursor"])
    assert user.call("GET", f"/v1/jobs?limit=7&cursor={cursor}").status == 200


@pytest.mark.usefixtures("world")
def test_a_cursor_that_was_tampered_with_is_refused(user: Gateway) -> None:
    cursor = user.call("GET", "/v1/jobs?limit=1").json["cursor"]
    for index in range(len(cursor)):
        wrong = "A" if cursor[index] != "A" else "B"
        changed = cursor[:index] + wrong + cursor[index + 1 :]
        assert user.call("GET", f"/v1/jobs?cursor={changed}").status == 422
    for changed in (cursor[:-1], f"{cursor}A", "=", "é", "A" * 5000, cursor[::-1]):
        assert user.call("GET", f"/v1/jobs?{urlencode({'cursor': changed})}").status == 422


@given(place=st.text(), asked=st.lists(st.none() | st.text(), max_size=4), other=st.text())
def test_a_cursor_opens_for_what_was_asked_and_nothing_else(
    place: str, asked: list[str | None], other: str
) -> None:
    cursor = cursors.sealed(place, *asked)
    assert cursors.opened(cursor, *asked) == place
    assert cursors.opened(cursor, *asked, other) is None
    assert cursor == "".join(c for c in cursor if c.isalnum() or c in "-_")


def test_an_answer_that_would_be_too_large_is_cut_and_the_cursor_goes_on(
    user: Gateway, services: StandIns, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    world.drop("a.json", [entry("add-article", str(number)) for number in range(50)])
    world.settle()
    services.job_search = world.job_search
    monkeypatch.setattr(paging, "ANSWER_BYTES", 3000)
    first = user.call("GET", "/v1/jobs")
    assert 0 < len(first.json["data"]) < 50
    assert found(user) == [f"1-{pos}" for pos in range(50)]


@pytest.mark.usefixtures("world")
def test_one_job_is_read_with_its_payload(user: Gateway) -> None:
    answer = user.call("GET", "/v1/jobs/1-1").json
    assert answer["message"] == "Job found"
    assert list(answer["data"]) == [*KEYS, "payload"]
    assert answer["data"]["payload"] == {
        "articleData": {"F_1": "2", "F_3": "x"},
        "file": "s3://bucket/delta/a.json",
        "operation": "replace-article-feature",
        "tries": 1,
        "timeout": 60,
        "failOnTimeout": True,
        "queue": "delta-article",
        "middleware": [],
        "chained": [],
    }
    file = user.call("GET", "/v1/jobs/1").json["data"]
    assert (file["queue"], file["state"], file["payload"]["timeout"]) == ("delta-file", "failed", 300)
    assert file["finished_at"] >= file["started_at"] >= file["accepted_at"]


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("job", ["1-3", "7", "no-job", "1-1-1", "%D9%A3"])
def test_a_job_that_is_none_is_a_404(job: str, user: Gateway) -> None:
    answer = user.call("GET", f"/v1/jobs/{job}")
    assert answer.status == 404
    assert answer.json["message"].startswith("Job not found: ")


def test_the_ids_of_a_list_are_those_that_a_retry_takes(user: Gateway, world: World) -> None:
    [failed] = found(user, state="failed")
    world.put_article("2")
    assert user.call("POST", "/v1/jobs/retry", {"ids": [failed]}).status == 202
    world.settle()
    assert found(user, state="succeeded") == ["1-0", "1-1", "1-2"]


@pytest.mark.parametrize(
    ("state", "given", "message", "states"),
    [
        ("queued", "clear", "Clear of jobs queue successful", ["queued", "running"]),
        ("failed", "flush", "Flush of failed jobs queue successful", ["failed", "blocked"]),
        ("blocked", "flush", "Flush of failed jobs queue successful", ["failed", "blocked"]),
        ("succeeded", "clear_successful", "Clear of finished jobs successful", ["succeeded"]),
    ],
)
def test_jobs_are_dropped_by_the_command_for_their_state(
    state: str, given: str, message: str, states: list[str], user: Gateway, services: StandIns
) -> None:
    answer = user.call("DELETE", f"/v1/jobs?state={state}")
    assert (answer.status, answer.json["message"]) == (200, message)
    assert answer.json["data"] == {"states": states, "done": True}
    assert services.commands.given == [given]


def test_what_goes_on_in_the_background_is_said(user: Gateway, services: StandIns) -> None:
    services.commands.done = False
    assert user.call("DELETE", "/v1/jobs?state=succeeded").json["data"]["done"] is False


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", ["state"]),
        ("?state=", ["state"]),
        ("?state=running", ["state"]),
        ("?state=cleared", ["state"]),
        ("?state=queued&state=failed", ["state"]),
        ("?state=queued&file=1", ["file"]),
        ("?article=1&limit=2", ["article", "limit", "state"]),
    ],
)
def test_what_is_not_one_whole_state_drops_nothing(
    query: str, fields: list[str], user: Gateway, services: StandIns
) -> None:
    answer = user.call("DELETE", f"/v1/jobs{query}")
    assert (answer.status, list(answer.json["errors"])) == (422, fields)
    assert services.commands.given == []


def test_dropped_jobs_are_listed_as_such(user: Gateway, world: World) -> None:
    assert user.call("DELETE", "/v1/jobs?state=failed").status == 200
    assert found(user, state="flushed") == ["1-1", "1-2"]
    assert found(user, state="failed") == found(user, state="blocked") == []
    world.drop("b.json", [feature("2", "F_5")])
    world.intake_once()
    assert found(user, state="queued") == ["2"]
    assert user.call("DELETE", "/v1/jobs?state=queued").status == 200
    assert found(user, state="cleared") == ["2"]


def test_the_states_of_the_call_are_those_of_the_ledger() -> None:
    assert job_resource.STATES == JOB_STATES
    assert {state for _, states in job_resource.DROPPED.values() for state in states} < set(JOB_STATES)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/jobs"), ("DELETE", "/v1/jobs"), ("GET", "/v1/jobs/1")]
)
def test_nobody_sees_or_drops_jobs_without_a_token(method: str, path: str, anyone: Gateway) -> None:
    answer = anyone.call(method, f"{path}?state=failed")
    assert (answer.status, answer.json["message"]) == (401, "Unauthenticated.")
