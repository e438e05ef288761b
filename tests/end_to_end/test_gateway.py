"""Whatever is sent to the gateway, the answer is in the envelope: never Chalice's words, never the gateway's own."""

import gzip

import pytest

from tests.end_to_end.http_client import Answer
from tests.end_to_end.system import System

_ORIGIN = {"Origin": "https://shop.example"}
_UPDATE = "/api/v1/articles/update"


def check_envelope(answer: Answer, status: int) -> None:
    """An error as it is documented, which a browser's script may read."""
    assert answer.status == status, answer.body[:300]
    assert list(answer.json)[:3] == ["status", "message", "data"]
    assert (answer.json["status"], answer.json["data"]) == ("error", None)
    assert answer.message not in ("", "Missing Authentication Token", "Forbidden", "Internal server error")
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["cache-control"] == "no-cache, private"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("token", [True, False], ids=["with a token", "without"])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api"),
        ("GET", "/api/"),
        ("GET", "/api/v1/nothing"),
        ("GET", "/api/v2/articles"),
        ("GET", "/api/v1/articles/1/2/3"),
        ("POST", "/api/v1/articles/1/2"),
        ("OPTIONS", "/api/v1/nothing"),
        ("GET", "/api/v1/../v1/jobs/jobs"),
        ("GET", "/api/v1/articles/a%2Fb"),
        ("PURGE", "/api/v1/articles"),
        ("TRACE", "/api/v1/jobs/jobs"),
    ],
)
def test_what_the_gateway_does_not_know_is_not_found(
    method: str, path: str, token: bool, system: System
) -> None:
    api = system.api if token else system.api.with_token(None)
    check_envelope(api.call(method, path, headers=_ORIGIN), 404)


@pytest.mark.parametrize(
    "sent",
    ["", "Bearer", "Bearer x", "Bearer 1|", "Basic eDp5", "AWS4-HMAC-SHA256 Credential=x", "Bearer é|ü"],
)
def test_a_token_that_is_none_is_refused(sent: str, system: System) -> None:
    headers = {**_ORIGIN, "Authorization": sent}
    answer = system.api.with_token(None).call("GET", "/api/v1/jobs/jobs", headers=headers)
    check_envelope(answer, 401)
    assert answer.message == "Unauthenticated."
    bare = system.api.with_token(None).call("GET", "/api/v1/admin/users", headers=headers)
    assert (bare.status, bare.json) == (401, {"message": "Unauthenticated."})


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("%00", 422),
        ("a%0Ab", 422),
        ("%22%22", 422),
        ("x" * 401, 422),
        ("..", 404),
        ("%2e%2e", 404),
        ("%", 404),
        ("%zz", 404),
        ("%F0%9F%92%A1", 404),
        ("_search", 404),
        ("*", 404),
    ],
)
def test_a_malformed_number_is_refused_or_not_found(path: str, status: int, system: System) -> None:
    check_envelope(system.api.call("GET", f"/api/v1/articles/{path}", headers=_ORIGIN), status)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/articles", "POST, GET, HEAD, OPTIONS"),
        ("POST", "/api/v1/articles/1", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
        ("DELETE", "/api/v1/jobs/jobs", "GET, HEAD, OPTIONS"),
        ("POST", "/api/v1/jobs/clear", "GET, OPTIONS"),
        ("PATCH", "/api/v1/admin/users", "GET, HEAD, OPTIONS"),
        ("POST", "/api/openapi.json", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_method_that_a_path_does_not_take_is_405(
    method: str, path: str, allowed: str, system: System
) -> None:
    answer = system.api.call(method, path, headers=_ORIGIN)
    check_envelope(answer, 405)
    assert answer.headers["allow"] == allowed


def test_a_browser_may_ask_before_it_calls(system: System) -> None:
    asked = {
        **_ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    answer = system.api.with_token(None).call("OPTIONS", _UPDATE, headers=asked)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "POST" in answer.headers["access-control-allow-methods"]
    named = answer.headers["access-control-allow-headers"].lower()
    assert "authorization" in named
    assert "content-type" in named


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"F_1":"' + b"x" * 4_600_000 + b'"}', {}, 413),
        (bytes(range(256)), {}, 400),
        (bytes(range(256)), {"Content-Type": "application/octet-stream"}, 415),
        (bytes(range(256)), {"Content-Type": ""}, 400),
        (gzip.compress(b'{"F_1": "1"}'), {"Content-Encoding": "gzip"}, 415),
        (b'{"F_1": "1"', {}, 400),
        (b"[]", {}, 422),
        (b"", {}, 422),
        (b"F_1=1", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        (b'{"F_1": "1"}', {"Content-Type": "application/json; charset=utf-16"}, 415),
        ('{"F_1": "no-such-½"}'.encode(), {"Content-Type": ""}, 404),
        ('\ufeff{"F_1": "no-such-½"}'.encode(), {}, 404),
    ],
    ids=[
        "too large",
        "binary",
        "binary by its type",
        "binary without a type",
        "gzip",
        "half an object",
        "a list",
        "empty",
        "a form",
        "another charset",
        "no type is JSON",
        "with a byte order mark",
    ],
)
def test_a_body_is_read_as_json_or_refused(
    body: bytes, headers: dict[str, str], status: int, system: System
) -> None:
    check_envelope(system.api.call("POST", _UPDATE, body, {**_ORIGIN, **headers}), status)


def test_values_come_back_as_they_were_sent(system: System) -> None:
    system.forget_articles(["0300", "0301"])
    system.apply({"operation": "add-article", "articleData": {"F_1": "0300"}})
    value = ' ½" ø30 mm, 日本 \U0001f4a1 \u0000 00,10 '
    body = {"F_1": "0300", "customNumber": "0301", "F_3": value}
    answer = system.api.call("POST", "/api/v1/articles", body, {"Content-Type": "", "Accept": ""})
    assert answer.status == 200, answer.body
    expected = {"id": "0301", "F_1": "0301", "F_3": value}
    assert answer.data == expected
    assert system.article("0301") == expected


def test_head_answers_as_get_without_a_body_and_changes_nothing(system: System) -> None:
    system.apply({"operation": "add-article", "articleData": {"F_1": "0302"}})
    for path, status in (
        ("articles/0302", 200),
        ("articles/0303", 404),
        ("articles/delete/0302", 405),
        ("jobs/jobs", 200),
    ):
        answer = system.api.call("HEAD", f"/api/v1/{path}", headers=_ORIGIN)
        assert (answer.status, answer.body) == (status, b""), path
    assert system.article("0302") is not None


def test_the_document_of_the_api_is_served_without_a_token(system: System) -> None:
    answer = system.api.with_token(None).call("GET", "/api/openapi.json")
    assert answer.status == 200
    assert answer.json["openapi"] == "3.1.0"
    assert answer.json["servers"] == [{"url": "/api"}]
