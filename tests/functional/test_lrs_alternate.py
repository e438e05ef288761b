"""The alternate request syntax of xAPI 1.0.3: a POST with the method in the query and all else in a form."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.web.lrs.alternate import MOST_FIELDS
from tests.functional.gateway import Answer
from tests.functional.lrs_client import XAPI, LrsClient, basic, statement, uuid

FORM = "application/x-www-form-urlencoded"
WHO = {"Authorization": basic(), "X-Experience-API-Version": "1.0.3"}
BARE = {"Authorization": None, "X-Experience-API-Version": None, "Content-Type": FORM}


@pytest.fixture
def client() -> LrsClient:
    return LrsClient("1.0.3")


def send(client: LrsClient, method: str, form: Any, query: str = "", path: str = "statements") -> Answer:
    """A request whose credentials and version stand in the form alone."""
    body = form if isinstance(form, bytes) else urlencode(form).encode()
    return client.call("POST", f"method={method}{query}", body, BARE, path=f"{XAPI}/{path}")


def test_a_statement_is_put_and_read_by_forms_alone(client: LrsClient) -> None:
    form = {**WHO, "statementId": uuid(1), "content": json.dumps(statement())}
    answer = send(client, "PUT", form)
    assert (answer.status, answer.headers["x-experience-api-version"]) == (204, "1.0.3")
    answer = send(client, "GET", {**WHO, "statementId": uuid(1)})
    assert answer.json["actor"] == statement()["actor"]


def test_what_is_posted_may_name_its_type(client: LrsClient) -> None:
    form = {**WHO, "content": json.dumps([statement(1, result={"response": "é+&"})])}
    assert send(client, "POST", {**form, "Content-Type": "application/json"}).json == [uuid(1)]
    assert client.found()[0]["result"]["response"] == "é+&"
    assert send(client, "POST", {**form, "content-type": "text/plain"}).status == 400


def test_filters_stand_in_the_form(client: LrsClient) -> None:
    client.post(statement(1), statement(2))
    assert len(send(client, "GET", {**WHO, "limit": 1}).json["statements"]) == 1
    assert send(client, "HEAD", {**WHO, "limit": 1}).body == b""
    assert send(client, "GET", {**WHO, "LIMIT": 1}).status == 400
    assert send(client, "GET", urlencode({**WHO, "limit": 1}).encode() + b"&limit=2").status == 400


def test_headers_are_taken_where_the_form_has_none(client: LrsClient) -> None:
    answer = client.call("POST", "method=GET", b"limit=1", {"Content-Type": FORM})
    assert answer.status == 200


def test_the_form_goes_before_the_headers(client: LrsClient) -> None:
    form = urlencode({"X-Experience-API-Version": "0.8", "content": "{}", "statementId": uuid(1)})
    assert client.call("POST", "method=PUT", form.encode(), {"Content-Type": FORM}).status == 400
    bad = {**WHO, "Authorization": basic("nobody")}
    answer = client.call("POST", "method=GET", urlencode(bad).encode(), {"Content-Type": FORM})
    assert answer.status == 401


@pytest.mark.parametrize(
    ("method", "form", "query"),
    [
        ("PUT", {**WHO, "statementId": uuid(1), "content": "{}"}, f"&statementId={uuid(1)}"),
        ("PUT", {**WHO, "statementId": uuid(1)}, ""),
        ("PUT", json.dumps({**WHO, "statementId": uuid(1), "content": "{}"}).encode(), ""),
        ("POST", {**WHO}, ""),
        ("put", {**WHO, "statementId": uuid(1), "content": "{}"}, ""),
        ("OPTIONS", {**WHO}, ""),
        ("", {**WHO}, ""),
        ("GET", {**WHO}, "&method=GET"),
        ("GET", urlencode(WHO).encode() + b"&limit=%", ""),
        ("GET", urlencode(WHO).encode() + b"&limit=%ff", ""),
        ("GET", urlencode(WHO).encode() + b"&\xff=1", ""),
        ("GET", urlencode([*WHO.items(), *WHO.items()]).encode(), ""),
        ("POST", [*WHO.items(), ("content", "[]"), ("content", "[]")], ""),
        ("GET", {**WHO, "If-Match": "a\r\nb"}, ""),
    ],
)
def test_what_is_not_written_so_is_refused(method: str, form: Any, query: str, client: LrsClient) -> None:
    answer = send(client, method, form, query)
    assert answer.status in (400, 401)
    assert answer.json["message"]
    assert client.found() == []


def test_only_a_post_is_written_so(client: LrsClient) -> None:
    form = urlencode({**WHO, "content": json.dumps(statement())}).encode()
    assert client.call("PUT", "method=POST", form).status == 400


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_2_0_knows_no_such_thing(method: str) -> None:
    form = {"Authorization": basic(), "X-Experience-API-Version": "2.0.0", "content": json.dumps(statement())}
    client = LrsClient("2.0.0")
    assert 400 <= send(client, method, form).status < 500
    assert client.call("POST", f"method={method}", urlencode(form).encode()).status == 400
    assert client.found() == []


def test_about_is_asked_so_too(client: LrsClient) -> None:
    assert send(client, "GET", {"X-Experience-API-Version": "1.0.3"}, path="about").status == 200


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["GET", "PUT", "POST", "HEAD", "DELETE", "X"]),
    st.dictionaries(
        st.sampled_from(["statementId", "content", "limit", "agent", "Content-Type", "since", "x"]),
        st.text(max_size=12) | st.sampled_from([uuid(1), "{}", "[]", "[{}]", "application/json", "1"]),
    ),
    st.binary(max_size=6),
)
def test_no_form_is_a_bug(method: str, form: dict[str, str], noise: bytes) -> None:
    body = urlencode({**WHO, **form}, errors="surrogatepass").encode() + noise
    answer = send(LrsClient("1.0.3"), method, body)
    assert answer.status < 500
    assert answer.headers["x-experience-api-version"] in ("1.0.3", "2.0.0")


def test_a_form_of_very_many_fields_is_refused_before_it_is_read(client: LrsClient) -> None:
    answer = send(client, "GET", urlencode(WHO).encode() + b"&a" * MOST_FIELDS)
    assert answer.status == 400
    assert f"more than {MOST_FIELDS} fields" in answer.json["message"]


@pytest.mark.parametrize("method", ["PUT", "POST", "GET", "DELETE"])
def test_an_agent_that_no_record_could_hold_is_refused(client: LrsClient, method: str) -> None:
    agent = {"mbox": "mailto:ann@example.org", "name": "n" * 400_000}
    asked = {"activityId": "http://example.org/course", "stateId": "one", "agent": json.dumps(agent)}
    answer = send(client, method, {**WHO, **asked, "content": "{}"}, path="activities/state")
    assert (answer.status, list(answer.json["errors"])) == (400, ["agent"])
