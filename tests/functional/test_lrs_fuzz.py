"""Whatever is sent to the Statement Resource, it answers in its own words, and never with a bug."""

import json
from typing import Any
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.functional.gateway import Answer
from tests.functional.lrs_client import BOTH, LrsClient, statement, uuid

RELAXED = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
NAMES = (
    "statementId", "voidedStatementId", "agent", "verb", "activity", "registration", "related_activities",
    "related_agents", "since", "until", "limit", "ascending", "format", "attachments", "cursor", "method", "Verb",
)  # fmt: skip
WORDS = (
    uuid(1), "true", "false", "ids", "canonical", "0", "1", "1-1", "99999999999999999-1", "http://example.org/did",
    '{"mbox":"mailto:ann@example.org"}', '{"account":{"homePage":"http://a","name":"\\ud800"}}', "2020-01-01T00:00Z",
    "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00+23:59", "[[[[", "é", "\x00", "a" * 3000,
)  # fmt: skip
TEXTS = st.sampled_from(WORDS) | st.text(max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.just(10**4000),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
PLACES = (
    "id",
    "actor",
    "verb",
    "object",
    "result",
    "context",
    "timestamp",
    "stored",
    "authority",
    "attachments",
    "x",
)


def check(answer: Answer, version: str, written: bool = False) -> None:
    assert answer.status < 500
    assert answer.headers["x-experience-api-version"] == version
    assert answer.headers["x-experience-api-consistent-through"].endswith("Z")
    answer.text.encode()
    if answer.status >= 400 and not written:
        assert "message" in answer.json


@RELAXED
@given(
    st.sampled_from(BOTH),
    st.sampled_from(["GET", "HEAD", "PUT", "POST"]),
    st.lists(st.tuples(st.sampled_from(NAMES) | st.text(max_size=5), TEXTS), max_size=4),
)
def test_no_query_is_a_bug(version: str, method: str, query: list[tuple[str, str]]) -> None:
    client = LrsClient(version)
    client.post(statement(1))
    text = "&".join(
        f"{quote(name, errors='replace')}={quote(value, errors='replace')}" for name, value in query
    )
    check(client.call(method, text, statement()), version, method == "HEAD")


@RELAXED
@given(st.sampled_from(BOTH), st.text("?&=%;+/#abz019\x7f é", max_size=30).map(lambda text: text.strip("#")))
def test_no_raw_query_is_a_bug(version: str, query: str) -> None:
    check(LrsClient(version).call("GET", query), version)


@RELAXED
@given(st.sampled_from(BOTH), st.dictionaries(st.sampled_from(PLACES), VALUES, max_size=4))
def test_no_statement_is_a_bug(version: str, changes: dict[str, Any]) -> None:
    client = LrsClient(version)
    body = json.dumps({**statement(), **changes}).encode()
    check(client.call("POST", body=body), version)
    for query in ({"format": "ids"}, {"format": "canonical"}, {"attachments": "true"}):
        check(client.call("GET", query), version)


@RELAXED
@given(
    st.sampled_from(["PUT", "POST"]),
    st.binary(max_size=40) | VALUES.map(lambda each: json.dumps(each).encode()),
)
def test_no_body_is_a_bug(method: str, body: bytes) -> None:
    client = LrsClient()
    check(client.call(method, {"statementId": uuid(1)} if method == "PUT" else "", body), "2.0.0")


@RELAXED
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "Content-Type",
                "Accept-Language",
                "Content-Encoding",
                "Origin",
                "X-Experience-API-Version",
                "Accept",
            ]
        ),
        st.text(max_size=30)
        | st.sampled_from(["1.0.3", "multipart/mixed; boundary=b", "application/json", "*"]),
        max_size=3,
    ),
    st.sampled_from(["GET", "POST"]),
)
def test_no_header_is_a_bug(headers: dict[str, str], method: str) -> None:
    answer = LrsClient().call(method, "", statement(), headers)
    check(answer, answer.headers["x-experience-api-version"])
