"""Delta files that are handed over by HTTP: in the body of a call, or by an upload."""

import gzip
import json
from typing import Any

import pytest

from chalicelib.articles.submission import LINK_SECONDS
from chalicelib.web import reading
from chalicelib.web.delta_submission import NAME_BYTES
from tests.doubles.world import World, entry
from tests.functional.gateway import Gateway
from tests.functional.stand_ins import StandIns

ENTRIES = [entry("add-article", "1", F_3="a"), entry("add-article", "2", F_3="é")]
ARRAY = json.dumps(ENTRIES).encode()
LINES = b"\n".join(json.dumps(item).encode() for item in ENTRIES)


@pytest.fixture
def world(services: StandIns) -> World:
    """The pipeline behind the API."""
    world = World()
    services.delta_files, services.commands = world.delta_files, world.commands
    services.submissions, services.clock = world.submissions, world.clock  # type: ignore[assignment]
    return world


@pytest.mark.parametrize(
    "data",
    [ARRAY, LINES, gzip.compress(ARRAY), b"\xef\xbb\xbf" + ARRAY],
    ids=["array", "lines", "gzip", "byte order mark"],  # gzip has the time in it, which no name of a test may
)
@pytest.mark.parametrize("kind", [None, "application/json", "application/gzip", "text/plain", "nonsense"])
def test_the_body_is_the_file_whatever_it_calls_itself(
    user: Gateway, world: World, data: bytes, kind: str | None
) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    answer = user.call("POST", "/v1/delta-files?name=mix.json", data, headers=headers)
    assert (answer.status, answer.json["message"]) == (202, "Delta file accepted")
    assert answer.headers["location"].endswith("/v1/delta-files/1")
    assert "Location" in answer.headers["access-control-expose-headers"].split(", ")
    assert (answer.json["data"]["id"], answer.json["data"]["state"]) == ("1", "queued")
    assert list(answer.json["data"]) == list(user.call("GET", "/v1/delta-files/1").json["data"])
    world.settle()
    assert user.call("GET", "/v1/delta-files/1").json["data"]["state"] == "succeeded"
    assert world.document("2") == {"id": "2", "F_1": "2", "F_3": "é"}


def test_a_strict_file_with_a_fault_applies_nothing(user: Gateway, world: World) -> None:
    data = json.dumps([*ENTRIES, {"operation": "burn"}]).encode()
    assert user.call("POST", "/v1/delta-files?strict=true", data).json["data"]["strict"] is True
    world.settle()
    assert user.call("GET", "/v1/delta-files/1").json["data"]["errors"][0]["cause"] == "strict"
    assert world.store.all() == []


@pytest.mark.parametrize(
    ("query", "data", "fields"),
    [
        ("", b"", {"body"}),
        ("?strict=maybe&name=", b"", {"body", "strict", "name"}),
        ("?name=%09", b"[]", {"name"}),
        ("?strict=true&strict=false&Name=x", b"[]", {"strict", "Name"}),
        (f"?name={'x' * (NAME_BYTES + 1)}", b"[]", {"name"}),
    ],
)
def test_every_fault_of_a_submission_is_told_at_once(
    user: Gateway, world: World, query: str, data: bytes, fields: set[str]
) -> None:
    answer = user.call("POST", f"/v1/delta-files{query}", data)
    assert (answer.status, set(answer.json["errors"])) == (422, fields)
    assert world.memory_ledger.control().seq == 0
    assert world.bucket.keys == []


def test_a_larger_body_is_refused_and_told_where_to_go(user: Gateway, world: World) -> None:
    answer = user.call("POST", "/v1/delta-files", b" " * (reading.BODY_BYTES + 1))
    assert answer.status == 413
    assert "POST /v1/delta-files/uploads" in answer.json["message"]
    assert user.call("POST", "/v1/delta-files", b" " * reading.BODY_BYTES).status == 202
    assert world.bucket.keys


def test_a_form_is_no_file(user: Gateway, world: World) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert user.call("POST", "/v1/delta-files", b"--x", headers=headers).status == 415
    assert world.bucket.keys == []


def test_a_call_that_is_sent_again_under_its_key_hands_over_one_file(user: Gateway, world: World) -> None:
    headers = {"Idempotency-Key": "abc"}
    first, second = (user.call("POST", "/v1/delta-files", ARRAY, headers=headers) for _ in range(2))
    assert first.json == second.json
    assert second.headers["location"] == first.headers["location"]
    assert world.memory_ledger.control().seq == 1


def allowed(user: Gateway, **asked: Any) -> dict[str, Any]:
    answer = user.call("POST", "/v1/delta-files/uploads", json.dumps(asked).encode())
    assert (answer.status, answer.json["message"]) == (201, "Upload allowed")
    assert answer.headers["location"].endswith(f"/v1/delta-files/{answer.json['data']['id']}")
    data: dict[str, Any] = answer.json["data"]
    return data


def test_an_upload_is_found_by_one_id_before_and_after_it_came(user: Gateway, world: World) -> None:
    upload = allowed(user, size=len(ARRAY), name="mix.json", strict=True)
    assert (upload["method"], upload["headers"]) == ("PUT", {"Content-Length": str(len(ARRAY))})
    path = f"/v1/delta-files/{upload['id']}"
    before = user.call("GET", path).json["data"]
    assert (before["id"], before["name"], before["state"]) == (upload["id"], "mix.json", "awaited")
    world.announce(f"uploads/{upload['id']}", world.bucket.put(f"uploads/{upload['id']}", ARRAY))
    world.settle()
    after = user.call("GET", path).json["data"]
    assert (after["id"], after["name"], after["state"], after["strict"]) == (
        "1",
        "mix.json",
        "succeeded",
        True,
    )
    assert list(after) == list(before)
    assert user.call("DELETE", path).status == 409


def test_an_upload_that_never_comes_expires(user: Gateway, world: World) -> None:
    path = f"/v1/delta-files/{allowed(user, size=5)['id']}"
    world.fake_clock.advance(LINK_SECONDS + 1)
    assert user.call("GET", path).json["data"]["state"] == "expired"


def test_an_upload_may_be_called_off(user: Gateway, world: World) -> None:
    id = allowed(user, size=5)["id"]
    for _ in range(2):
        answer = user.call("DELETE", f"/v1/delta-files/{id}")
        assert (answer.status, answer.json["data"]["state"]) == (200, "cleared")
    world.announce(f"uploads/{id}", world.bucket.put(f"uploads/{id}", b"[]"))
    world.settle()
    assert world.memory_ledger.control().seq == 0


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({}, {"size"}),
        ({"size": 0, "name": "", "strict": 3}, {"size", "name", "strict"}),
        ({"size": 1, "Strict": True}, {"Strict"}),
        ({"size": True}, {"size"}),
        ({"size": "5"}, {"size"}),
        ({"size": 1.5}, {"size"}),
        ({"size": 512 * 1024**2 + 1}, {"size"}),
        ({"size": 5, "name": "a\x00"}, {"name"}),
        ({"size": 5, "name": ["a"]}, {"name"}),
    ],
)
def test_every_fault_of_an_upload_is_told_at_once(
    user: Gateway, world: World, asked: dict[str, Any], fields: set[str]
) -> None:
    answer = user.call("POST", "/v1/delta-files/uploads", json.dumps(asked).encode())
    assert (answer.status, set(answer.json["errors"])) == (422, fields)
    assert not world.memory_ledger.records()


@pytest.mark.parametrize("path", ["/v1/delta-files", "/v1/delta-files/uploads"])
def test_without_a_token_nothing_is_taken(anyone: Gateway, world: World, path: str) -> None:
    assert anyone.call("POST", path, ARRAY).status == 401
    assert world.bucket.keys == []
