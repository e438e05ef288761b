"""Lists in pages, failures, commands and retries over HTTP."""

from itertools import pairwise
from typing import Any

import pytest

from chalicelib.ledger.listing import FailedJob
from chalicelib.web import paging
from tests.functional.gateway import Gateway
from tests.functional.stand_ins import StandIns

NAMES = {
    "files": ("files", "files found"),
    "failedarticles": ("articles_failed", "Failed articles found"),
    "failedfiles": ("files_failed", "Failed files found"),
    "successfulfiles": ("files_successful", "successful files found"),
}


@pytest.mark.parametrize("path", NAMES)
def test_an_empty_list_of_names_is_found_too(path: str, user: Gateway) -> None:
    answer = user.call("GET", f"/v1/jobs/{path}")
    assert answer.json == {"status": "success", "message": f"{NAMES[path][1]} (0)", "data": []}


@pytest.mark.parametrize(("path", "message"), [("job", "Jobs found [job]"), ("jobs", "Jobs found [jobs]")])
def test_without_jobs_the_list_is_empty(path: str, message: str, user: Gateway) -> None:
    assert user.call("GET", f"/v1/jobs/{path}").json == {"status": "success", "message": message, "data": []}


@pytest.mark.parametrize(
    ("path", "message"), [("failedjob", "No failed job found"), ("failedjobs", "No failed jobs found")]
)
def test_without_failures_there_is_no_data(path: str, message: str, user: Gateway) -> None:
    assert user.call("GET", f"/v1/jobs/{path}").json == {
        "status": "success",
        "message": message,
        "data": None,
    }


@pytest.mark.parametrize("path", NAMES)
def test_a_list_is_read_page_by_page(path: str, user: Gateway, services: StandIns) -> None:
    names = [f"n{number}" for number in range(7)]
    setattr(services.listing, NAMES[path][0], names)
    assert user.call("GET", f"/v1/jobs/{path}").json["data"] == names
    answer = user.call("GET", f"/v1/jobs/{path}?per_page=3&page=2").json
    assert list(answer) == ["status", "message", "data", "pagination"]
    assert answer["message"] == f"{NAMES[path][1]} (7)"
    assert answer["data"] == names[3:6]
    assert answer["pagination"] == {
        "page": 2,
        "per_page": 3,
        "count": 3,
        "total": 7,
        "left": 1,
        "next": {"page": 3, "per_page": 3},
    }
    last = user.call("GET", f"/v1/jobs/{path}?page=3&per_page=3").json
    assert (last["data"], last["pagination"]["left"], last["pagination"]["next"]) == (names[6:], 0, None)


def test_a_page_behind_the_end_is_empty(user: Gateway, services: StandIns) -> None:
    services.listing.files = ["a"]
    answer = user.call("GET", "/v1/jobs/files?page=9").json
    assert (answer["data"], answer["message"], answer["pagination"]["next"]) == ([], "files found (1)", None)


@pytest.mark.parametrize("value", ["0", "-1", "501", "1.5", "x", "", "٣", "1e2", "9" * 5000, "+1", " 1"])
@pytest.mark.parametrize("path", ["jobs", "failedjobs", *NAMES])
def test_a_page_size_out_of_bounds_is_a_422(path: str, value: str, user: Gateway) -> None:
    answer = user.call("GET", f"/v1/jobs/{path}?per_page={value.replace('+', '%2B')}&page=0")
    assert answer.status == 422
    assert list(answer.json["errors"]) == ["page", "per_page"]


def test_an_answer_that_would_be_too_large_is_cut_and_says_how_to_go_on(
    user: Gateway, services: StandIns
) -> None:
    jobs = [{"file": f"f{number}", "articleData": {"F_3": "é" * 100_000}} for number in range(70)]
    services.listing.jobs = jobs
    seen: list[str] = []
    query, pages = "", 0
    while True:
        answer = user.call("GET", f"/v1/jobs/jobs{query}")
        assert len(answer.text.encode()) <= paging.ANSWER_BYTES
        seen += [job["payload"]["file"] for job in answer.json["data"]]
        pagination = answer.json["pagination"]
        assert pagination["total"] == 70
        pages += 1
        if pagination["next"] is None:
            break
        assert pagination["left"] == 70 - len(seen)
        query = "?page={page}&per_page={per_page}".format(**pagination["next"])
    assert seen == [job["file"] for job in jobs]
    assert pages > 1


def failed(number: int) -> FailedJob:
    return FailedJob([f"error {number}"], {"articleData": {"F_1": str(number)}, "file": "f"})


def test_failures_show_the_first_as_documented_and_all_in_pages(user: Gateway, services: StandIns) -> None:
    services.listing.failed = [failed(number) for number in range(5)]
    data = user.call("GET", "/v1/jobs/failedjobs?per_page=2&page=2").json["data"]
    assert list(data) == ["errors", "payload", "jobs", "pagination"]
    assert data["errors"] == ["error 0"]
    assert [job["errors"] for job in data["jobs"]] == [["error 2"], ["error 3"]]
    assert data["pagination"]["left"] == 1
    assert "pagination" not in user.call("GET", "/v1/jobs/failedjobs").json


def test_commands_do_what_they_are_called(user: Gateway, services: StandIns) -> None:
    for name in ("clear", "clearsuccessful", "flush"):
        assert user.call("GET", f"/v1/jobs/{name}").status == 200
    assert services.commands.given == ["clear", "clear_successful", "flush"]


@pytest.mark.parametrize(
    ("body", "given"),
    [
        (None, ("retry", None, None, None)),
        ({}, ("retry", None, None, None)),
        ({"ids": ["1:0", "1:1", "1:0"]}, ("retry", ["1:0", "1:1"], None, None)),
        ({"file": '"http://x/y"'}, ("retry", None, "http://x/y", None)),
        ({"article": ' "007" '}, ("retry", None, None, "007")),
        ({"article": 7, "file": "f"}, ("retry", None, "f", "7")),
    ],
)
def test_a_retry_selects(body: Any, given: tuple[object, ...], user: Gateway, services: StandIns) -> None:
    answer = user.call("POST", "/v1/jobs/retry", body)
    assert (answer.status, answer.json["data"]) == (202, {"ticket": 17})
    assert services.commands.given == [given]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"ids": []}, ["ids"]),
        ({"ids": "1"}, ["ids"]),
        ({"ids": [1]}, ["ids"]),
        ({"ids": [""]}, ["ids"]),
        ({"ids": [str(n) for n in range(101)]}, ["ids"]),
        ({"file": 1, "article": [], "ids": {}}, ["ids", "file", "article"]),
        ({"article": "a/b"}, ["article"]),
        ({"file": '""'}, ["file"]),
        ({"id": "1-0"}, ["id"]),
        ({"Article": "7", "files": ["f"], "ids": ["1"]}, ["Article", "files"]),
    ],
)
def test_a_retry_with_faults_selects_nothing(
    body: Any, fields: list[str], user: Gateway, services: StandIns
) -> None:
    answer = user.call("POST", "/v1/jobs/retry", body)
    assert (answer.status, list(answer.json["errors"])) == (422, fields)
    assert services.commands.given == []


def test_a_retry_that_selects_in_the_wrong_place_does_not_retry_all(
    user: Gateway, services: StandIns
) -> None:
    answer = user.call("POST", "/v1/jobs/retry?article=7&ids=1")
    assert (answer.status, list(answer.json["errors"])) == (422, ["article", "ids"])
    assert services.commands.given == []


def test_the_next_page_always_begins_where_this_one_was_cut() -> None:
    for shown, per_page in [(40, 100), (41, 100), (140, 100), (97, 50), (1, 1), *pairwise(range(1, 60))]:
        following = paging._next_page(shown, per_page)
        assert (following["page"] - 1) * following["per_page"] == shown
        assert 1 <= following["per_page"] <= per_page
