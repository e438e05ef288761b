"""Attachments of statements: their bytes come and go as they are, and what does not match is refused."""

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.lrs.multipart import Part, boundary_of, media_type, parse
from chalicelib.lrs.options import PipelineOptions
from chalicelib.web.lrs import statement_answer
from tests.functional.gateway import Answer
from tests.functional.lrs_client import BOTH, LrsClient, multipart, statement, uuid

SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"


@pytest.fixture(params=BOTH)
def client(request: pytest.FixtureRequest) -> LrsClient:
    return LrsClient(request.param)


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def attachment(content: bytes, **changes: Any) -> dict[str, Any]:
    made = {
        "usageType": "http://example.org/usage",
        "display": {"en": "file"},
        "contentType": "text/plain",
        "length": len(content),
        "sha2": sha256(content),
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def part(content: bytes, **headers: str | None) -> Part:
    sent = {
        "Content-Type": "text/plain",
        "Content-Transfer-Encoding": "binary",
        "X-Experience-API-Hash": sha256(content),
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return Part({name: value for name, value in sent.items() if value is not None}, content)


def send(client: LrsClient, statements: object, *parts: Part) -> Answer:
    body, headers = multipart(statements, *parts)
    return client.call("POST", body=body, headers=headers)


def received(answer: Answer) -> tuple[Any, list[Part]]:
    assert answer.status == 200
    kind, parameters = media_type(answer.headers["content-type"])
    assert kind == "multipart/mixed"
    assert answer.headers["content-type"].startswith("multipart/mixed; boundary=")
    boundary = boundary_of(parameters)
    assert boundary.replace("-", "").replace("_", "").isalnum()
    first, *others = parse(answer.body, boundary)
    assert first.headers == {"content-type": "application/json"}
    return json.loads(first.content), others


@pytest.mark.parametrize("content", [b"text", b"", b"\r\n\n\r", b"\xff\x00\r\n--x\r\n", "ü\n".encode()])
def test_bytes_come_back_as_they_were_sent(content: bytes, client: LrsClient) -> None:
    made = statement(1, attachments=[attachment(content)])
    assert send(client, made, part(content)).status == 200
    shown, (only,) = received(client.call("GET", {"statementId": uuid(1), "attachments": "true"}))
    assert shown["id"] == uuid(1)
    assert only.content == content
    assert only.headers == {
        "content-type": "text/plain",
        "content-transfer-encoding": "binary",
        "x-experience-api-hash": sha256(content),
    }


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=50), min_size=1, max_size=3, unique=True))
def test_any_bytes_come_back(contents: list[bytes]) -> None:
    client = LrsClient()
    made = statement(1, attachments=[attachment(each) for each in contents])
    assert send(client, made, *(part(each) for each in contents)).status == 200
    _, parts = received(client.call("GET", {"attachments": "true"}))
    assert [each.content for each in parts] == contents


def test_each_content_is_one_part_of_a_page(client: LrsClient) -> None:
    shared, own = b"shared", b"own"
    first = statement(1, attachments=[attachment(shared)])
    second = statement(2, attachments=[attachment(shared), attachment(own)])
    assert send(client, [first, second], part(shared), part(own)).status == 200
    shown, parts = received(client.call("GET", {"attachments": "true"}))
    assert [each["id"] for each in shown["statements"]] == [uuid(2), uuid(1)]
    assert shown["more"] == ""
    assert [each.content for each in parts] == [shared, own]
    assert client.call("GET").headers["content-type"] == "application/json"


def test_an_answer_with_attachments_is_multipart_also_where_there_are_none(client: LrsClient) -> None:
    client.post(statement(1))
    assert received(client.call("GET", {"attachments": "true"}))[1] == []
    assert received(client.call("GET", {"attachments": "true", "statementId": uuid(1)}))[1] == []


def test_multipart_may_come_without_attachments(client: LrsClient) -> None:
    assert send(client, statement(1)).status == 200
    linked = statement(2, attachments=[attachment(b"x", fileUrl="http://example.org/x")])
    assert send(client, linked).status == 200
    assert client.call("POST", body={**linked, "id": uuid(3)}).status == 200


def test_the_attachment_of_a_substatement_is_one_too(client: LrsClient) -> None:
    inner = statement(objectType="SubStatement", attachments=[attachment(b"x")])
    assert send(client, statement(1, object=inner), part(b"x")).status == 200
    _, (only,) = received(client.call("GET", {"statementId": uuid(1), "attachments": "true"}))
    assert only.content == b"x"


def test_put_takes_attachments_too(client: LrsClient) -> None:
    body, headers = multipart(statement(attachments=[attachment(b"x")]), part(b"x"))
    assert client.call("PUT", {"statementId": uuid(1)}, body, headers).status == 204
    assert received(client.call("GET", {"attachments": "true"}))[1][0].content == b"x"


@pytest.mark.parametrize(
    ("attachments", "parts", "place"),
    [
        ([attachment(b"x")], [], "statements[0].attachments[0]"),
        ([attachment(b"x"), attachment(b"y")], [part(b"x")], "statements[0].attachments[1]"),
        ([attachment(b"x")], [part(b"x"), part(b"y")], "parts[3]"),
        ([], [part(b"x")], "parts[2]"),
        ([attachment(b"x")], [part(b"x", X_Experience_API_Hash=None)], "parts[2]"),
        ([attachment(b"x")], [part(b"x", X_Experience_API_Hash=sha256(b"y"))], "parts[2]"),
        ([attachment(b"x", sha2=sha256(b"y"))], [part(b"x")], "parts[2]"),
        ([attachment(b"x")], [part(b"x", Content_Transfer_Encoding="base64")], "parts[2]"),
        ([attachment(b"x")], [Part({"Content-Type": "application/json"}, b"{}")], "parts[2]"),
    ],
)
def test_what_does_not_match_is_refused_with_its_place(
    attachments: list[Any], parts: list[Part], place: str, client: LrsClient
) -> None:
    answer = send(client, [statement(1, attachments=attachments)], *parts)
    assert answer.status == 400
    assert place in answer.json["errors"]
    assert client.found() == []


def test_bytes_that_should_have_come_along_are_missed_in_json_too(client: LrsClient) -> None:
    answer = client.call("POST", body=statement(1, attachments=[attachment(b"x")]))
    assert (answer.status, list(answer.json["errors"])) == (400, ["statements[0].attachments[0]"])


def test_the_length_says_nothing(client: LrsClient) -> None:
    assert send(client, statement(1, attachments=[attachment(b"x", length=999)]), part(b"x")).status == 200


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "multipart/mixed; boundary=b"),
        (b"--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b--", "multipart/mixed"),
        (b"--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b--", "multipart/mixed;"),
        (b"--b\r\nContent-Type: text/plain\r\n\r\n{}\r\n--b--", "multipart/mixed; boundary=b"),
        (b"--b\r\n\r\n{}\r\n--b--", "multipart/mixed; boundary=b"),
        (b"--b\r\nContent-Type: application/json\r\n\r\n{}\r\n", "multipart/mixed; boundary=b"),
        (b"--b\nContent-Type: application/json\n\n{}\n--b--", "multipart/mixed; boundary=b"),
    ],
)
def test_broken_multipart_is_refused(body: bytes, kind: str, client: LrsClient) -> None:
    answer = client.call("POST", body=body, headers={"Content-Type": kind})
    assert answer.status == 400
    assert answer.json["message"]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_multipart_is_taken_or_refused_and_never_a_bug(data: st.DataObject) -> None:
    client = LrsClient()
    body, headers = multipart(statement(1, attachments=[attachment(b"x")]), part(b"x"))
    at = data.draw(st.integers(0, len(body)))
    cut = data.draw(st.integers(0, 20))
    body = body[:at] + data.draw(st.binary(max_size=6)) + body[at + cut :]
    answer = client.call("POST", body=body, headers=headers)
    assert answer.status in (200, 400)


def test_a_client_that_keeps_no_attachments_shows_none(client: LrsClient) -> None:
    world, guard = client.world, client.guard
    admit = guard.authenticate
    options = PipelineOptions(record_attachments=False)
    guard.authenticate = lambda *given: replace(admit(*given), options=options)  # type: ignore[method-assign]
    assert send(client, statement(1, attachments=[attachment(b"x")]), part(b"x")).status == 200
    assert received(client.call("GET", {"attachments": "true"}))[1] == []
    assert world.attachments.read("main", sha256(b"x")) is None


def test_a_page_that_would_be_too_large_goes_on_with_more(client: LrsClient) -> None:
    contents = [bytes([number]) * 2_000_000 for number in (0xFA, 0xFB, 0xFC)]
    for number, content in enumerate(contents, 1):
        assert send(client, statement(number, attachments=[attachment(content)]), part(content)).status == 200
    answer = client.call("GET", {"attachments": "true", "ascending": "true"})
    seen = []
    while True:
        shown, parts = received(answer)
        assert len(base64.b64encode(answer.body)) < 6_291_556
        seen += [each.content for each in parts]
        if not shown["more"]:
            break
        answer = client.call("GET", shown["more"].partition("?")[2])
    assert seen == contents


def test_a_signature_must_sign_its_statement(client: LrsClient) -> None:
    made = statement(1)

    def signed(payload: object, algorithm: str = "RS256") -> bytes:
        pieces = (json.dumps({"alg": algorithm}), json.dumps(payload))
        return b".".join(
            base64.urlsafe_b64encode(each.encode()).rstrip(b"=") for each in (*pieces, "signature")
        )

    def outcome(jws: bytes) -> int:
        described = attachment(jws, usageType=SIGNATURE, contentType="application/octet-stream")
        return send(client, {**made, "attachments": [described]}, part(jws)).status

    assert outcome(signed(statement(2))) == 400
    assert outcome(signed(made, "HS256")) == 400
    assert outcome(b"no signature") == 400
    assert outcome(signed(made)) == 200


def test_more_attachments_than_a_request_may_carry_are_refused(client: LrsClient) -> None:
    contents = [str(number).encode() for number in range(501)]
    made = statement(1, attachments=[attachment(each) for each in contents])
    answer = send(client, made, *(part(each) for each in contents))
    assert (answer.status, list(answer.json["errors"])) == (400, ["parts"])


def test_the_hash_may_be_written_in_capitals(client: LrsClient) -> None:
    made = statement(1, attachments=[attachment(b"x", sha2=sha256(b"x").upper())])
    assert send(client, made, part(b"x", X_Experience_API_Hash=sha256(b"x").upper())).status == 200
    _, (only,) = received(client.call("GET", {"attachments": "true"}))
    assert (only.content, only.headers["content-type"]) == (b"x", "text/plain")


def test_a_page_ends_where_it_would_read_too_many_attachments(
    client: LrsClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(statement_answer, "MOST_READS", 4)
    contents = [str(number).encode() for number in range(9)]
    for number in range(3):
        own = contents[3 * number : 3 * number + 3]
        made = statement(number, attachments=[attachment(each) for each in own])
        assert send(client, made, *map(part, own)).status == 200
    answer = client.call("GET", {"attachments": "true"})
    page, parts = received(answer)
    assert (len(page["statements"]), len(parts), bool(page["more"])) == (1, 3, True)
    assert len(client.found()) == 3


def test_a_content_type_that_would_fill_the_answer_is_not_repeated(client: LrsClient) -> None:
    made = attachment(b"one", contentType=f"text/plain; a={'b' * 300}")
    assert send(client, statement(1, attachments=[made]), part(b"one")).status == 200
    _, (back,) = received(client.call("GET", {"statementId": uuid(1), "attachments": "true"}))
    assert back.headers["content-type"] == "application/octet-stream"
