"""Every documented call, sent through the gateway as documented, is answered as documented."""

import gzip
import json
from pathlib import Path

import pytest

from infra.cli.file_progress import FileProgress
from tests.end_to_end.contract import CALLS, FORMS, as_text, documented, send
from tests.end_to_end.file_server import FileServer
from tests.end_to_end.system import System, entry

_SAMPLES = Path(__file__).resolve().parents[1] / "data" / "delta"
_ARTICLE = CALLS["Search"]["response_example"]["data"]
# What only a live answer knows: the search engine's counters.
_LIVE = ("_version", "_shards", "_seq_no", "_primary_term")
_MIX_PATH = "/data/test.TestHandleSyncRequestMix.json"


@pytest.fixture
def stored(system: System) -> System:
    """Article 12411116 as documented; no copy of it."""
    system.forget_articles(["12411116", "12411116-copy"])
    keys = {key: value for key, value in _ARTICLE.items() if key not in ("id", "F_1")}
    assert system.apply(entry("add-article", "12411116", **keys)).state == "succeeded"
    return system


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["Copy", "Update"])
def test_articles_are_written_as_documented(name: str, form: str, stored: System) -> None:
    answer = send(stored.api, name, form)
    assert answer.status == 200
    assert as_text(answer) == documented(name)
    written = answer.data["id"]
    assert stored.article(f"%22{written}%22") == answer.data


@pytest.mark.parametrize("encoded", [False, True], ids=["quotes as they are", "quotes encoded"])
def test_an_article_is_found_and_deleted_as_documented(encoded: bool, stored: System) -> None:
    found = send(stored.api, "Search", encoded=encoded)
    assert found.status == 200
    assert as_text(found) == documented("Search")
    deleted = send(stored.api, "Delete", encoded=encoded)
    assert deleted.status == 200
    assert deleted.headers["cache-control"] == "no-store"
    expected = CALLS["Delete"]["response_example"]
    answer = deleted.json
    assert list(answer["data"]) == list(expected["data"])
    answer["data"] |= {key: expected["data"][key] for key in _LIVE}
    assert json.dumps(answer) == json.dumps(expected)
    assert send(stored.api, "Search", encoded=encoded).status == 404


def fetch(system: System, url: str) -> FileProgress:
    system.forget_jobs()
    system.submit(url)
    return system.finished(url)


@pytest.fixture(scope="module")
def failed(system: System, file_server: FileServer) -> System:
    """The documented sample has been fetched and applied; its article 12411112 failed first."""
    system.forget_articles(["12411116", "12411112"])
    system.apply(entry("add-article", "12411116"))
    sample = (_SAMPLES / "02-first-failure-blocks.json").read_bytes()
    file_server.put(_MIX_PATH, sample)
    assert fetch(system, file_server.localhost_url + _MIX_PATH).state == "failed"
    return system


def test_the_first_failure_is_shown_as_documented(failed: System, file_server: FileServer) -> None:
    answer = send(failed.api, "Failed Job")
    assert as_text(answer) == documented("Failed Job", file_server.localhost_url + "/")


def test_the_failures_are_listed_as_documented(failed: System, file_server: FileServer) -> None:
    answer = send(failed.api, "Failed Jobs").json
    jobs = answer["data"].pop("jobs")
    assert answer["data"].pop("pagination")["total"] == len(jobs)
    assert json.dumps(answer) == documented("Failed Jobs", file_server.localhost_url + "/")
    assert jobs[0] == answer["data"]


@pytest.mark.parametrize(
    ("name", "operation"), [("Failed Files", "delete-article"), ("Successful Files", "add-article")]
)
def test_a_finished_file_is_listed_as_documented(
    name: str, operation: str, system: System, file_server: FileServer
) -> None:
    system.forget_articles(["0200"])
    content = json.dumps([entry(operation, "0200")]).encode()
    file_server.put(_MIX_PATH + ".gz", gzip.compress(content))
    fetch(system, file_server.localhost_url + _MIX_PATH + ".gz")
    answer = send(system.api, name)
    assert answer.status == 200
    assert as_text(answer) == documented(name, file_server.localhost_url + "/")


@pytest.mark.parametrize("name", ["Clear Jobs", "Clear Successful Jobs", "Flush Failed Jobs"])
def test_a_command_is_answered_as_documented(name: str, system: System) -> None:
    answer = send(system.api, name)
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert as_text(answer) == documented(name)


def test_users_are_created_listed_renewed_and_deleted(system: System) -> None:
    refused = send(system.api, "Create User (Admin)")
    assert (refused.status, list(refused.json["errors"])) == (422, ["password"])
    created = send(system.api, "Create User (Admin)", "request_example_clean")
    assert (created.status, created.message) == (201, "User created")
    assert list(created.data) == ["name", "token"]
    token, email = created.data["token"], "muhammad.davis@example.org"
    listed = send(system.api, "Users List (Admin)")
    assert listed.message == "Users found"
    assert email in [user["email"] for user in listed.data]
    assert send(system.api.with_token(token), "Users List (Admin)").json == {
        "message": "This action is unauthorized."
    }
    renewed = system.api.post("admin/user/renew", {"email": "Muhammad.Davis@example.org"})
    assert (renewed.status, renewed.message) == (200, "Token renewed")
    assert send(system.api.with_token(token), "Jobs").status == 401
    assert send(system.api.with_token(renewed.data["token"]), "Jobs").status == 200
    deleted = send(system.api, "Delete User (Admin)", "request_example_clean")
    assert deleted.json == {"status": "success", "message": "User deleted", "data": None}
    assert send(system.api.with_token(renewed.data["token"]), "Jobs").status == 401


@pytest.mark.parametrize("name", ["Delete User (Admin)", "Renew Token (Admin)"])
def test_the_documented_email_of_nobody_is_not_found(name: str, system: System) -> None:
    answer = send(system.api, name)
    assert answer.status == 404
    assert list(answer.json) == ["status", "message", "data"]


def test_the_users_list_without_a_token_is_the_documented_401(system: System) -> None:
    answer = send(system.api.with_token(None), "Users List (Admin)")
    assert answer.status == 401
    assert as_text(answer) == documented("Users List (Admin)")
