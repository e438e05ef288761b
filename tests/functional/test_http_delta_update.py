"""Delta files by URL: every form in which clients send them, and every refusal."""

import json
import time

import pytest

from tests.functional.gateway import Gateway
from tests.functional.stand_ins import StandIns

A, B, C = "https://x.example/a.json", "https://x.example/b,c.json?d=1,2", "s3://files/delta/c d.json"


@pytest.mark.parametrize(
    ("body", "urls"),
    [
        ({"file": A}, [A]),
        ({"file": f' "{A}" '}, [A]),
        ({"files": [A, B]}, [A, B]),
        ({"files": [f'"{A}"', f" {B} "]}, [A, B]),
        ({"files": json.dumps([B, A])}, [B, A]),
        ({"files": f'"[{A}, {B}]"'}, [A, B]),
        ({"files": f"[{A},{B}]"}, [A, B]),
        ({"files": f'["{A}" , "{B}"]'}, [A, B]),
        ({"files": f'["{A}", {B}]'}, [A, B]),
        ({"files": f"[ {A} , {B}, ]"}, [A, B]),
        ({"files": A}, [A]),
        ({"files": f"{A}, {B}"}, [A, B]),
        ({"file": C, "files": [A, C, A, B]}, [C, A, B]),
        ({"file": "", "files": [A, "", '""']}, [A]),
        ({"file": None, "files": [A]}, [A]),
        ({"file": A, "files": None}, [A]),
        ({"file": A, "files": []}, [A]),
        ({"file": A, "files": "[]"}, [A]),
        ({"files": [A, A.upper()]}, [A, A.upper()]),
    ],
)
def test_urls_are_accepted_in_order_once_each(
    body: dict[str, object], urls: list[str], user: Gateway, services: StandIns
) -> None:
    answer = user.call("POST", "/v1/articles/delta-update", body)
    assert answer.json == {
        "status": "success",
        "message": "Delta file accepted and added to the job queue",
        "data": None,
    }
    assert services.acceptance.accepted == [(urls, False)]


@pytest.mark.parametrize(
    ("sent", "strict"), [(True, True), ("true", True), (False, False), ("false", False), (None, False)]
)
def test_strict_is_passed_on(sent: object, strict: bool, user: Gateway, services: StandIns) -> None:
    assert user.call("POST", "/v1/articles/delta-update", {"file": A, "strict": sent}).status == 200
    assert services.acceptance.accepted == [([A], strict)]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["file"]),
        ({"file": ""}, ["file"]),
        ({"files": []}, ["file"]),
        ({"files": "[]"}, ["file"]),
        ({"files": '""'}, ["file"]),
        ({"file": 5}, ["file"]),
        ({"file": [A]}, ["file"]),
        ({"files": {"a": A}}, ["files"]),
        ({"files": 7}, ["files"]),
        ({"files": [A, 5, None, [B]]}, ["files.1", "files.2", "files.3"]),
        ({"files": f'["{A}", 5]'}, ["files.1"]),
        ({"files": [f"https://x.example/{n}" for n in range(101)]}, ["files"]),
        ({"files": ["https://x.example/" + "x" * 9000]}, ["files.0"]),
        ({"files": [f"https://x.example/{n}/" + "x" * 7000 for n in range(60)]}, ["files"]),
        ({"file": A, "strict": "yes"}, ["strict"]),
        ({"file": A, "strict": 1}, ["strict"]),
        ({"file": 1, "files": 2, "strict": 3}, ["file", "files", "strict"]),
        ({"file": "https://forbidden/", "files": [A, "http://forbidden/x"]}, ["file", "files.1"]),
    ],
)
def test_faults_are_told_where_they_stand_and_nothing_is_accepted(
    body: dict[str, object], fields: list[str], user: Gateway, services: StandIns
) -> None:
    answer = user.call("POST", "/v1/articles/delta-update", body)
    assert answer.status == 422
    assert list(answer.json["errors"]) == fields
    assert services.acceptance.accepted == []


def test_a_hundred_urls_may_be_sent_twice_each(user: Gateway, services: StandIns) -> None:
    urls = [f"https://x.example/{n}" for n in range(100)]
    assert user.call("POST", "/v1/articles/delta-update", {"files": urls + urls}).status == 200
    assert services.acceptance.accepted == [(urls, False)]


def test_a_refusal_does_not_repeat_the_url(user: Gateway) -> None:
    answer = user.call("POST", "/v1/articles/delta-update", {"file": "https://user:secret@forbidden/"})
    assert "secret" not in answer.text


@pytest.mark.parametrize("text", ["[a" + " " * 400_000 + "b]", "[" + " ," * 400_000, "a,b" * 400_000])
def test_a_long_text_is_read_once_and_not_over_and_over(text: str, user: Gateway) -> None:
    started = time.monotonic()
    assert user.call("POST", "/v1/articles/delta-update", {"files": text}).status == 422
    assert time.monotonic() - started < 10


def test_more_items_than_anyone_sends_are_refused_without_a_look_at_each(user: Gateway) -> None:
    answer = user.call("POST", "/v1/articles/delta-update", {"files": [0] * 500_000})
    assert answer.json["errors"] == {"files": ["The files field must not have more than 100 items."]}


def test_slow_name_servers_are_waited_for_side_by_side(user: Gateway, services: StandIns) -> None:
    def check(url: str) -> str | None:
        time.sleep(0.2)
        return "this address is not allowed." if url.endswith("7") else None

    services.fetcher.check = check
    started = time.monotonic()
    answer = user.call(
        "POST", "/v1/articles/delta-update", {"files": [f"https://x.example/{n}" for n in range(100)]}
    )
    assert time.monotonic() - started < 5
    assert list(answer.json["errors"]) == [f"files.{n}" for n in range(7, 100, 10)]
