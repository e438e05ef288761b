"""What is no proper body is refused, by what it is."""

import gzip
import json

import pytest

from chalicelib.web import reading
from tests.functional.gateway import Gateway

BROKEN = {
    "not JSON": b"{",
    "two values": b"{} {}",
    "single quotes": b"{'F_1': 1}",
    "a key twice": b'{"F_1": "1", "F_1": "2"}',
    "a key twice inside": b'{"F_1": "1", "x": {"a": 1, "a": 1}}',
    "NaN": b'{"F_1": NaN}',
    "Infinity": b'{"F_1": -Infinity}',
    "too large a number": b'{"F_1": 1e999}',
    "too many digits": b'{"F_1": ' + b"9" * 5000 + b"}",
    "half a surrogate pair": b'{"F_1": "1", "F_3": "\\ud83d"}',
    "half a surrogate pair as key": b'{"F_1": "1", "\\udc00": ""}',
    "not UTF-8": b'{"F_1": "\xff"}',
    "UTF-16": '{"F_1": "1"}'.encode("utf-16"),
    "too deep": b'{"F_1": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a control character": b'{"F_1": "\x00"}',
    "gzip": gzip.compress(b"{}"),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize(
    "path", ["/v1/articles", "/v1/articles/update", "/v1/articles/delta-update", "/v1/jobs/retry"]
)
def test_broken_json_is_a_400(path: str, name: str, user: Gateway) -> None:
    answer = user.call("POST", path, BROKEN[name])
    assert answer.status == 400
    assert list(answer.json) == ["status", "message", "data"]


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"1", b"true"])
def test_json_that_is_no_object_is_a_422(body: bytes, user: Gateway) -> None:
    answer = user.call("POST", "/v1/articles/update", body)
    assert (answer.status, list(answer.json["errors"])) == (422, ["body"])


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        'Application/JSON; charset="UTF-8"',
        "application/x+json",
        "",
    ],
)
def test_json_is_read_by_any_of_its_names_and_without_one(content_type: str, user: Gateway) -> None:
    answer = user.call(
        "POST", "/v1/articles/update", b'\xef\xbb\xbf{"F_1": "1"}', {"Content-Type": content_type}
    )
    assert answer.status == 404  # read: there is just no such article
    assert user.call("POST", "/v1/articles/update", b'{"F_1": "1"}').status == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"content-type": "text/plain"},
        {"Content-Type": "application/json; charset=iso-8859-1"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_anything_else_is_a_415(headers: dict[str, str], user: Gateway) -> None:
    answer = user.call("POST", "/v1/articles/update", b'{"F_1": "1"}', headers)
    assert (answer.status, answer.json["status"]) == (415, "error")


def test_a_body_that_aws_would_not_pass_on_is_a_413(user: Gateway) -> None:
    body = b'{"F_1": "1", "x": "' + b"x" * reading.BODY_BYTES + b'"}'
    assert user.call("POST", "/v1/articles/update", body).status == 413


def test_an_empty_body_lacks_what_is_required(user: Gateway) -> None:
    for body in (None, b"", b" \n"):
        assert user.call("POST", "/v1/articles/update", body, {"Content-Type": "text/plain"}).status == 422


def test_who_is_not_known_learns_nothing_from_a_broken_body(anyone: Gateway) -> None:
    assert anyone.call("POST", "/v1/articles", b"{").status == 401


def test_a_get_takes_no_notice_of_a_body(user: Gateway) -> None:
    assert user.call("GET", "/v1/jobs/jobs", b"{", {"Content-Type": "text/plain"}).status == 200


@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_no_depth_of_nesting_is_a_fault_of_ours(opening: str, user: Gateway) -> None:
    closing = "]" if opening == "[" else "}"
    statuses = {
        user.call(
            "POST",
            "/v1/articles/update",
            f'{{"F_1": "\\u0041", "x": {opening * depth}1{closing * depth}}}'.encode(),
        ).status
        for depth in range(850, 1000)
    }
    assert statuses == {404, 400}


@pytest.mark.parametrize(
    "body",
    [
        {f"F_{n}": 1.5 for n in range(100_000)},
        {f"F_{n}{'0' * 1_000_000}": 1.5 for n in range(4)},
        {"F_1": "1", "article": "1", "ids": "1", "file": "\0" * 700_000},
    ],
    ids=["many faults", "long names", "long text"],
)
@pytest.mark.parametrize("path", ["/v1/articles/update", "/v1/jobs/retry", "/v1/articles/delta-update"])
def test_a_refusal_is_never_larger_than_lambda_takes(path: str, body: object, user: Gateway) -> None:
    answer = user.call("POST", path, body)
    assert answer.status < 500
    assert len(json.dumps(answer.text)) < 6_000_000
    if "errors" in answer.json:
        assert len(answer.json["errors"]) <= 500


def test_the_message_counts_the_faults_that_are_not_listed(user: Gateway) -> None:
    answer = user.call("POST", "/v1/articles/update", {"F_1": "1", **{f"F_{n}": 1.5 for n in range(2, 2002)}})
    assert answer.json["message"] == "The F_2 field must be a string or an integer. (and 1999 more errors)"
    assert len(answer.json["errors"]) == 500
