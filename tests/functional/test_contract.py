"""Every documented call, sent as documented, is answered as documented."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from chalice.test import Client

from chalicelib.ledger.listing import FailedJob
from chalicelib.ports.article_store import Article
from chalicelib.web.gateway import HttpApi
from tests.functional.stand_ins import StandIns

CONTRACT = Path(__file__).parent / "data" / "article-api.contract.json"
CALLS: list[dict[str, Any]] = json.loads(CONTRACT.read_text(encoding="utf-8"))
BY_NAME = {call["name"]: call for call in CALLS}
GZ = "http://localhost/data/test.TestHandleSyncRequestMix.json.gz"
# What only a live answer knows: the search engine's counters.
LIVE = ("_version", "_shards", "_seq_no", "_primary_term")


def store_the_article(services: StandIns) -> None:
    document = BY_NAME["Search"]["response_example"]["data"]
    services.article_store.write_many([Article("12411116", document)])


def one_job_waits(services: StandIns) -> None:
    services.listing.jobs = [BY_NAME["Jobs"]["response_example"]["data"][0]["payload"]]


def one_job_failed(services: StandIns) -> None:
    services.listing.failed = [FailedJob(**BY_NAME["Failed Job"]["response_example"]["data"])]


def articles_failed(services: StandIns) -> None:
    services.listing.articles_failed = BY_NAME["Failed Articles"]["response_example"]["data"]


def files_are_listed(services: StandIns) -> None:
    services.listing.files = services.listing.files_failed = services.listing.files_successful = [GZ]


PRECONDITIONS: dict[str, Callable[[StandIns], None]] = {
    "Copy": store_the_article,
    "Update": store_the_article,
    "Delete": store_the_article,
    "Search": store_the_article,
    "Job": one_job_waits,
    "Jobs": one_job_waits,
    "Failed Job": one_job_failed,
    "Failed Jobs": one_job_failed,
    "Failed Articles": articles_failed,
    "Files": files_are_listed,
    "Failed Files": files_are_listed,
    "Successful Files": files_are_listed,
}


def send(api: HttpApi, call: dict[str, Any], body: object, token: str | None) -> Any:
    headers = {"Content-Type": "application/json", "Accept": "application/json", "Connection": "keep-alive"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    path = quote(call["request_path_example"].removeprefix("/api"), safe="/")
    raw = json.dumps(body).encode() if body is not None else b""
    return Client(api).http.request(call["method"], path, headers=headers, body=raw)


DOCUMENTED = [call for call in CALLS if call["response_status"] == 200]


def test_the_contract_holds_twenty_calls() -> None:
    assert len(CALLS) == 20
    assert len(DOCUMENTED) == 16


@pytest.mark.parametrize("request_form", ["request_example", "request_example_clean"])
@pytest.mark.parametrize("call", DOCUMENTED, ids=lambda call: call["name"])
def test_a_documented_request_is_answered_as_documented(
    call: dict[str, Any], request_form: str, api: HttpApi, services: StandIns
) -> None:
    PRECONDITIONS.get(call["name"], lambda _: None)(services)
    answer = send(api, call, call[request_form], services.token("user@example.org"))
    assert answer.status_code == 200
    expected = call["response_example"]
    found = answer.json_body
    if call["name"] == "Delete":
        assert list(found["data"]) == list(expected["data"])
        for key in LIVE:
            found["data"][key] = expected["data"][key]
    if call["name"] == "Failed Jobs":  # what stands beside the documented keys is ours
        assert [job["errors"] for job in found["data"].pop("jobs")] == [expected["data"]["errors"]]
        assert found["data"].pop("pagination")["total"] == 1
    # As text: the order of keys belongs to the contract.
    assert json.dumps(found) == json.dumps(expected)


def test_create_user_as_documented_has_a_password_that_is_too_short(api: HttpApi, services: StandIns) -> None:
    call = BY_NAME["Create User (Admin)"]
    answer = send(api, call, call["request_example"], services.token("admin@example.org", admin=True))
    assert answer.status_code == 422
    assert list(answer.json_body["errors"]) == ["password"]


def test_users_are_created_listed_renewed_and_deleted(api: HttpApi, services: StandIns) -> None:
    token = services.token("admin@example.org", admin=True)
    create, users, delete, renew = (
        BY_NAME[f"{name} (Admin)"] for name in ("Create User", "Users List", "Delete User", "Renew Token")
    )
    created = send(api, create, create["request_example_clean"], token)
    assert created.status_code == 201
    assert created.json_body["message"] == "User created"
    assert list(created.json_body["data"]) == ["name", "token"]
    listed = send(api, users, None, token)
    assert listed.json_body["message"] == "Users found"
    assert [row["email"] for row in listed.json_body["data"]] == [
        "admin@example.org",
        "muhammad.davis@example.org",
    ]
    renewed = send(api, renew, {"email": "Muhammad.Davis@example.org"}, token)
    assert renewed.json_body["message"] == "Token renewed"
    old, new = created.json_body["data"]["token"], renewed.json_body["data"]["token"]
    assert [send(api, BY_NAME["Jobs"], None, t).status_code for t in (old, new)] == [401, 200]
    deleted = send(api, delete, delete["request_example_clean"], token)
    assert deleted.json_body == {"status": "success", "message": "User deleted", "data": None}
    assert send(api, BY_NAME["Jobs"], None, new).status_code == 401


@pytest.mark.parametrize("name", ["Delete User (Admin)", "Renew Token (Admin)"])
def test_the_documented_email_of_nobody_is_not_found(name: str, api: HttpApi, services: StandIns) -> None:
    call = BY_NAME[name]
    answer = send(api, call, call["request_example"], services.token("admin@example.org", admin=True))
    assert answer.status_code == 404
    assert answer.json_body["status"] == "error"


def test_the_users_list_without_a_token_is_the_documented_401(api: HttpApi) -> None:
    call = BY_NAME["Users List (Admin)"]
    answer = send(api, call, None, None)
    assert answer.status_code == call["response_status"]
    assert answer.json_body == call["response_example"]
