"""Browsers may use the API from the origins that the setting names."""

import pytest

from chalicelib.web import routing
from chalicelib.web.gateway import HttpApi
from tests.functional.gateway import Gateway
from tests.functional.stand_ins import StandIns


@pytest.mark.parametrize("path", sorted(routing.TABLE))
def test_a_browser_is_told_beforehand_what_it_may_send(path: str, anyone: Gateway) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    answer = anyone.call("OPTIONS", path.replace("{articleNumber}", "1"), headers=asked)
    assert (answer.status, answer.text) == (204, "")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"].split(", ") == [*routing.TABLE[path], "OPTIONS"]
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/v1/jobs/jobs", None, 200),
        ("GET", "/v1/articles/1", None, 404),
        ("GET", "/nowhere", None, 404),
        ("PUT", "/v1/jobs/jobs", None, 405),
        ("POST", "/v1/articles", b"{", 400),
        ("POST", "/v1/articles", b"{}", 422),
        ("GET", "/v1/admin/users", None, 403),
    ],
)
def test_errors_carry_the_headers_too(
    method: str, path: str, body: bytes | None, status: int, user: Gateway
) -> None:
    answer = user.call(method, path, body)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (status, "*")


def test_only_named_origins_are_let_in() -> None:
    api = HttpApi("lightrail", StandIns(CORS_ORIGINS="https://a.example, https://b.example"))
    for origin, allowed in (("https://a.example", True), ("https://evil.example", False), (None, False)):
        answer = Gateway(api).call("GET", "/v1/jobs/jobs", headers={"Origin": origin} if origin else {})
        assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
        assert answer.headers["vary"] == "Origin"
