"""The Statement Resource as a content author meets it, in both versions."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.functional.lrs_client import BOTH, LrsClient, numbers, statement, uuid
from tests.functional.stand_ins import CLIENT, STORE

LONG_AGO = "1970-01-01T00:00:00.000000Z"
THROUGH = "x-experience-api-consistent-through"


@pytest.fixture(params=BOTH)
def client(request: pytest.FixtureRequest) -> LrsClient:
    return LrsClient(request.param)


def test_a_statement_that_was_posted_is_there(client: LrsClient) -> None:
    answer = client.call("POST", body=statement(1))
    assert (answer.status, answer.json) == (200, [uuid(1)])
    found = client.call("GET", {"statementId": uuid(1)})
    assert found.status == 200
    assert found.json["actor"]["name"] == "Ann"
    assert found.json["authority"]["objectType"] == "Agent"
    assert found.headers["content-type"] == "application/json"
    assert found.headers["x-experience-api-version"] == client.version
    assert found.headers["last-modified"].endswith(" GMT")
    assert found.headers[THROUGH] >= found.json["stored"]


def test_a_batch_is_told_by_its_ids_in_order(client: LrsClient) -> None:
    assert client.post(statement(2), statement(1)) == [uuid(2), uuid(1)]
    assert client.call("POST", body=[]).json == []


def test_put_records_under_the_id_in_the_query(client: LrsClient) -> None:
    answer = client.call("PUT", {"statementId": uuid(1)}, statement())
    assert (answer.status, answer.text) == (204, "")
    assert client.call("GET", {"statementId": uuid(1)}).json["id"] == uuid(1)
    again = client.call("PUT", {"statementId": uuid(1)}, statement(verb={"id": "http://example.org/other"}))
    assert again.status == 409
    assert list(again.json) == ["message"]


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", statement(1)),
        ("statementId=x", statement()),
        ({"statementId": uuid(1)}, statement(2)),
        ({"statementId": uuid(1)}, [statement(1)]),
        ({"statementId": uuid(1), "registration": uuid(1)}, statement(1)),
        ({"statementid": uuid(1)}, statement(1)),
    ],
)
def test_a_put_that_does_not_fit_is_refused(query: Any, body: object, client: LrsClient) -> None:
    answer = client.call("PUT", query, body)
    assert answer.status == 400
    assert answer.json["message"]
    assert client.found() == []


def test_nothing_of_a_batch_with_a_fault_is_stored_and_every_fault_is_told(client: LrsClient) -> None:
    answer = client.call("POST", body=[statement(1), statement(2, verb={}), statement(3, actor="Ann")])
    assert answer.status == 400
    assert {path.partition(".")[0] for path in answer.json["errors"]} == {"statements[1]", "statements[2]"}
    assert client.found() == []


def test_pages_follow_more_and_keep_what_was_asked_for(client: LrsClient) -> None:
    client.post(*(statement(number) for number in range(1, 6)))
    client.post(statement(6, verb={"id": "http://example.org/other"}))
    answer = client.call(
        "GET", {"limit": 2, "verb": "http://example.org/did", "format": "ids", "ascending": "true"}
    )
    seen = numbers(answer.json["statements"])
    client.post(statement(7))
    while answer.json["more"]:
        more = urlsplit(answer.json["more"])
        assert (more.scheme, more.netloc) == ("", "")
        assert more.path == f"/api/lrs/{CLIENT}/stores/{STORE}/xapi/statements"
        answer = client.call("GET", more.query)
        assert all(each["verb"] == {"id": "http://example.org/did"} for each in answer.json["statements"])
        seen += numbers(answer.json["statements"])
    assert seen == [1, 2, 3, 4, 5]


def test_filters_find_what_they_name(client: LrsClient) -> None:
    client.post(statement(1), statement(2, actor={"mbox": "mailto:bob@example.org"}))
    registered = statement(3, context={"registration": uuid(9)})
    client.post(registered)
    (stored,) = client.found(limit=1)
    ann = json.dumps({"mbox": "mailto:ann@example.org"})
    assert client.numbers() == [3, 2, 1]
    assert client.numbers(ascending="true") == [1, 2, 3]
    assert client.numbers(agent=ann) == [3, 1]
    assert client.numbers(agent=ann, related_agents="true") == [3, 1]
    assert client.numbers(registration=uuid(9)) == [3]
    assert client.numbers(verb="http://example.org/none") == []
    assert client.numbers(activity="http://example.org/course", related_activities="true") == [3, 2, 1]
    assert client.numbers(since=stored["stored"]) == []
    assert client.numbers(until=stored["stored"]) == [3, 2, 1]
    assert client.numbers(since="2012-06-01T19:09:13.245Z", limit=0) == [3, 2, 1]


@pytest.mark.parametrize(
    "query",
    [
        "limit=-1", "limit=x", "limit=", "LIMIT=1", "limit=1&limit=2", "agent=ann", "agent={}", "agent=%7B",
        "verb=did", "activity=course", "registration=1", "since=yesterday", "until=2020-99-01T00:00:00Z",
        "ascending=1", "related_agents=True", "related_activities=", "format=xml", "format=IDs",
        "attachments=yes", "statementId=1", "voidedStatementId=", "statementid=x", "x=1", "method=GET",
        "cursor=1", "cursor=1-x", "cursor=", "verb=%FF", "verb=http://a/%00",
        f"statementId={uuid(1)}&voidedStatementId={uuid(2)}", f"statementId={uuid(1)}&limit=1",
        f"statementId={uuid(1)}&agent=%7B%7D", f"voidedStatementId={uuid(1)}&ascending=true",
        f"statementId={uuid(1)}&cursor=1-1",
    ],
)  # fmt: skip
def test_a_query_that_is_not_understood_is_refused(query: str, client: LrsClient) -> None:
    answer = client.call("GET", query)
    assert answer.status == 400
    assert answer.json["errors"]
    assert answer.headers[THROUGH] > LONG_AGO


def test_all_faults_of_a_query_are_told_at_once(client: LrsClient) -> None:
    answer = client.call("GET", "limit=x&verb=did&agent=ann&format=xml")
    assert set(answer.json["errors"]) == {"limit", "verb", "agent", "format"}


@pytest.mark.parametrize("target", ["statementId", "voidedStatementId"], ids=["never recorded", "not voided"])
def test_what_is_not_there_is_a_404(target: str, client: LrsClient) -> None:
    client.post(statement(1))
    answer = client.call("GET", {target: uuid(2) if target == "statementId" else uuid(1)})
    assert answer.status == 404
    assert answer.headers[THROUGH] > LONG_AGO


def test_a_voided_statement_is_only_shown_as_such(client: LrsClient) -> None:
    client.post(statement(1))
    client.post(
        statement(
            2,
            verb={"id": "http://adlnet.gov/expapi/verbs/voided"},
            object={"objectType": "StatementRef", "id": uuid(1)},
        )
    )
    assert client.call("GET", {"statementId": uuid(1)}).status == 404
    assert client.call("GET", {"voidedStatementId": uuid(1)}).json["id"] == uuid(1)
    assert client.numbers() == [2]


def test_head_is_get_without_the_body(client: LrsClient) -> None:
    client.post(statement(1), statement(2))
    for query in ({}, {"limit": 1}, {"statementId": uuid(1)}, {"statementId": uuid(9)}, {"limit": "x"}):
        asked, shown = client.call("HEAD", query), client.call("GET", query)
        assert (asked.status, asked.body) == (shown.status, b"")
        assert asked.headers.keys() == shown.headers.keys()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "POST"])
def test_without_credentials_nothing_is_told(method: str, client: LrsClient) -> None:
    for authorization in (None, "Basic", "Basic !", "Bearer x", "Basic bm9ib2R5Om5vdGhpbmc="):
        answer = client.call(method, body=statement(1), headers={"Authorization": authorization})
        assert answer.status == 401
        assert answer.headers["www-authenticate"].startswith("Basic ")
        assert answer.headers[THROUGH] == LONG_AGO
        assert answer.headers["x-experience-api-version"] == client.version
    assert client.found() == []


@pytest.mark.parametrize("sent", [None, "", "0.9", "1", "1.1.0", "2.1", "3.0.0", "1.0.x", "BAD"])
def test_without_a_version_that_is_spoken_the_default_of_the_store_is_told(sent: str | None) -> None:
    for default in BOTH:
        client = LrsClient()
        client.guard.xapi_version = default  # type: ignore[assignment]
        answer = client.call("GET", headers={"X-Experience-API-Version": sent})
        assert answer.status == 400
        assert answer.headers["x-experience-api-version"] == default
        assert f"X-Experience-API-Version: {default}" in answer.json["message"]


@pytest.mark.parametrize(
    ("sent", "told"), [("1.0", "1.0.3"), ("1.0.9", "1.0.3"), ("2.0", "2.0.0"), ("2.0.7", "2.0.0")]
)
def test_versions_of_the_same_kind_are_one(sent: str, told: str) -> None:
    answer = LrsClient().call("GET", headers={"X-Experience-API-Version": sent})
    assert (answer.status, answer.headers["x-experience-api-version"]) == (200, told)


@pytest.mark.parametrize(
    ("permissions", "writes", "reads"),
    [
        (set(), False, False),
        ({"xapi/state", "cmi5/tokens", "data/all"}, False, False),
        ({"xapi/statements/write"}, True, False),
        ({"xapi/statements/read"}, False, True),
        ({"xapi/statements/read/mine"}, False, True),
        ({"xapi/all/read"}, False, True),
        ({"xapi/all"}, True, True),
    ],
)
def test_permissions_say_who_writes_and_who_reads(permissions: set[str], writes: bool, reads: bool) -> None:
    client = LrsClient()
    client.guard.permissions = frozenset(permissions)
    assert client.call("POST", body=statement(1)).status == (200 if writes else 403)
    assert client.call("PUT", {"statementId": uuid(2)}, statement()).status == (204 if writes else 403)
    answer = client.call("GET")
    assert answer.status == (200 if reads else 403)
    assert reads or "xapi/statements/read" in answer.json["message"]


def test_a_method_that_is_not_there_is_a_405(client: LrsClient) -> None:
    for method in ("DELETE", "PATCH"):
        answer = client.call(method)
        assert (answer.status, answer.headers["allow"]) == (405, "PUT, POST, GET, HEAD, OPTIONS")
        assert THROUGH in answer.headers


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"a": 1, "a": 2}', "application/json", 400),
        (b'"text"', "application/json", 400),
        (b"[1]", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"a":' * 101 + b"1" + b"}" * 101, "application/json", 400),
        (json.dumps(statement(actor={"mbox": "mailto:a@b.c", "name": "\ud800"})).encode(), "application/json", 400),
        (json.dumps(statement(actor={"mbox": "mailto:a@b.c", "name": "\x00"})).encode(), "application/json", 400),
        (json.dumps(statement(1)).encode(), "text/plain", 400),
        (json.dumps(statement(1)).encode(), None, 400),
        (json.dumps(statement(1)).encode(), "", 400),
        (json.dumps(statement(1)).encode("utf-16"), "application/json; charset=utf-16", 400),
        (json.dumps(statement(1)).encode(), "multipart/form-data; boundary=x", 400),
        (json.dumps([statement()] * 501).encode(), "application/json", 413),
        (json.dumps(statement(result={"response": "x" * 600_000})).encode(), "application/json", 400),
        (b" " * 4_500_001, "application/json", 413),
    ],
    ids=range(18),
)  # fmt: skip
def test_a_body_that_cannot_be_taken_is_refused(
    body: bytes, kind: str | None, status: int, client: LrsClient
) -> None:
    answer = client.call("POST", body=body, headers={"Content-Type": kind})
    assert answer.status == status
    assert answer.json["message"]
    assert client.found() == []


def test_a_compressed_body_is_refused(client: LrsClient) -> None:
    assert client.call("POST", body=statement(1), headers={"Content-Encoding": "gzip"}).status == 400


def test_the_languages_of_the_canonical_format_are_those_asked_for(client: LrsClient) -> None:
    client.post(statement(1))
    for language, display in (("de, en;q=0.5", {"de": "tat"}), ("en", {"en-US": "did"})):
        for query in ({"statementId": uuid(1)}, {}):
            answer = client.call(
                "GET", {**query, "format": "canonical"}, headers={"Accept-Language": language}
            )
            shown = answer.json if query else answer.json["statements"][0]
            assert shown["verb"]["display"] == display
    assert len(client.found(format="exact")[0]["verb"]["display"]) == 2


def test_a_failure_of_the_store_is_a_503_that_says_when_to_come_again() -> None:
    client = LrsClient()
    client.world.__dict__["reader"] = client.world.__dict__["recording"] = _Down()
    for method in ("GET", "POST"):
        answer = client.call(method, body=statement(1))
        assert (answer.status, answer.headers[THROUGH]) == (503, LONG_AGO)
        assert int(answer.headers["retry-after"]) > 0


class _Down:
    def __getattr__(self, name: str) -> Any:
        from chalicelib.errors import Unavailable

        raise Unavailable("The statement store", "test")


def test_one_line_is_logged_without_the_statement(client: LrsClient) -> None:
    client.post(statement(1))
    (line,) = client.services.logger.lines
    assert (line["client"], line["store"], line["status"]) == (CLIENT, STORE, 200)
    assert "ann@example.org" not in client.services.log_text()
    assert line["route"].endswith("/xapi/statements")
