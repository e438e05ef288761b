"""Whatever is sent, the application answers in its own words, and never with a bug."""

import json
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.web import routing
from chalicelib.web.gateway import METHODS, HttpApi
from tests.functional.gateway import Answer, Gateway
from tests.functional.stand_ins import StandIns

FIELDS = (
    "customNumber", "F_1", "F_3", "F_*", "C_5", "C_*", "id", "file", "files", "strict",
    "name", "email", "password", "ids", "article",
)  # fmt: skip
WORDS = (
    "1", '"1"', "", " ", "[", "[]", '["https://x.example/a"]', "[http://a, http://b]", "https://x.example/a",
    "user@example.org", "admin@example.org", "true", "F_5", "\ud83d", "\x00", "é" * 300,
)  # fmt: skip
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=30),
    st.sampled_from(WORDS),
    st.just(10**4000),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.one_of(st.sampled_from(FIELDS), st.text(max_size=8)), VALUES, max_size=6)
WITH_BODY = [route for route in routing.ROUTES if route.body is not None]
RELAXED = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def written(value: object) -> bytes:
    return json.dumps(value).encode()


def client() -> Gateway:
    services = StandIns()
    gateway = Gateway(HttpApi("lightrail", services))
    gateway.token = services.token("admin@example.org", admin=True)
    return gateway


def check(answer: Answer) -> None:
    assert answer.status != 500
    assert 200 <= answer.status < 500
    answer.text.encode()
    if answer.text:
        assert {"message"} <= set(answer.json)


@RELAXED
@given(st.sampled_from(WITH_BODY), OBJECTS)
def test_no_json_object_is_a_bug(route: routing.Route, body: dict[str, Any]) -> None:
    check(client().call(route.method, route.path, written(body)))


@RELAXED
@given(st.sampled_from(WITH_BODY), st.one_of(st.binary(max_size=60), VALUES.map(written)))
def test_no_bytes_are_a_bug(route: routing.Route, body: bytes) -> None:
    check(client().call(route.method, route.path, body))


@RELAXED
@given(
    st.sampled_from(METHODS),
    st.sampled_from(("/v1/articles/", "/v1/articles/delete/")),
    st.one_of(
        st.text(min_size=1, max_size=20).map(lambda t: quote(t, safe="", errors="replace")), st.just("%FF%22")
    ),
    st.dictionaries(st.sampled_from(("page", "per_page", "email", "q")), st.text(max_size=10), max_size=3),
)
def test_no_path_or_query_is_a_bug(method: str, path: str, number: str, query: dict[str, str]) -> None:
    target = f"{path}{number}?" + "&".join(f"{k}={quote(v, errors='replace')}" for k, v in query.items())
    check(client().call(method, target))


@RELAXED
@given(
    st.dictionaries(
        st.sampled_from(
            (
                "Authorization",
                "Content-Type",
                "Accept",
                "Origin",
                "Content-Encoding",
                "If-Match",
                "If-None-Match",
                "Idempotency-Key",
            )
        ),
        st.text(max_size=40),
        max_size=4,
    )
)
def test_no_header_is_a_bug(headers: dict[str, str]) -> None:
    gateway = client()
    if "Authorization" in headers:
        gateway.token = None
    check(gateway.call("POST", "/v1/articles/update", b'{"F_1": "1"}', headers))
    check(gateway.call("PUT", "/v1/articles/1", b'{"F_1": "1"}', headers))


@RELAXED
@given(st.sampled_from(("jobs", "files", "failedjobs")), st.text(max_size=12), st.text(max_size=12))
def test_no_page_is_a_bug(path: str, page: str, per_page: str) -> None:
    target = (
        f"/v1/jobs/{path}?page={quote(page, errors='replace')}&per_page={quote(per_page, errors='replace')}"
    )
    check(client().call("GET", target))
