"""What every call of the record store has in common: credentials, versions, refusals, CORS."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.web.gateway import HttpApi
from tests.functional.gateway import Answer, Context, Gateway, event
from tests.functional.lrs_client import XAPI, LrsClient, basic, statement
from tests.functional.stand_ins import CLIENT, STORE, StandIns


def test_about_is_open_to_anyone_and_needs_no_version(anyone: Gateway) -> None:
    answer = anyone.call("GET", f"{XAPI}/about")
    assert answer.status == 200
    assert {"1.0.3", "2.0.0"} <= set(answer.json["version"])
    assert answer.headers["x-experience-api-version"] == "2.0.0"


def test_about_answers_in_the_version_of_the_request(anyone: Gateway) -> None:
    answer = anyone.call("HEAD", f"{XAPI}/about", headers={"X-Experience-API-Version": "1.0.1"})
    assert (answer.status, answer.text) == (200, "")
    assert answer.headers["x-experience-api-version"] == "1.0.3"


@pytest.mark.parametrize("query", ["x=1", "About=", "method=GET"])
def test_a_parameter_that_is_not_known_is_refused(query: str, anyone: Gateway) -> None:
    answer = anyone.call("GET", f"{XAPI}/about?{query}")
    assert answer.status == 400
    assert list(answer.json) == ["message", "errors"]


@pytest.mark.parametrize("path", [f"{XAPI}/nothing", f"{XAPI}/about/", f"{XAPI}/", f"{XAPI}/a/b/c"])
def test_an_unknown_path_answers_in_the_form_of_xapi(path: str, anyone: Gateway) -> None:
    answer = anyone.call("GET", path, headers={"X-Experience-API-Version": "1.0.3"})
    assert answer.status == 404
    assert list(answer.json) == ["message"]
    assert answer.headers["x-experience-api-version"] == "1.0.3"


def test_a_method_that_is_not_there_is_a_405_with_those_that_are(anyone: Gateway) -> None:
    answer = anyone.call("DELETE", f"{XAPI}/about")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answer.headers["x-experience-api-version"] == "2.0.0"
    assert list(answer.json) == ["message"]


def preflight(api: HttpApi, origin: str, path: str = f"{XAPI}/about") -> Answer:
    return Gateway(api).call("OPTIONS", path, headers={"Origin": origin})


def test_a_browser_is_told_beforehand_without_credentials(api: HttpApi) -> None:
    answer = preflight(api, "https://content.example")
    assert (answer.status, answer.text) == (204, "")
    assert answer.headers["access-control-allow-origin"] == "*"
    sent = answer.headers["access-control-allow-headers"].split(", ")
    assert {"Authorization", "X-Experience-API-Version", "If-Match", "X-Experience-API-Hash"} <= set(sent)
    assert "X-Experience-API-Consistent-Through" in answer.headers["access-control-expose-headers"]


def test_only_the_origins_of_the_client_are_let_in(api: HttpApi, services: StandIns) -> None:
    services.lrs.guard.allowed = ("https://content.example",)
    for origin, told in (("https://content.example", "https://content.example"), ("https://x.example", None)):
        answer = preflight(api, origin)
        assert answer.headers.get("access-control-allow-origin") == told
        assert answer.headers["vary"] == "Origin"
    other = preflight(api, "https://content.example", "/lrs/other/stores/main/xapi/about")
    assert "access-control-allow-origin" not in other.headers


def test_one_line_is_logged_with_the_client_and_the_store(anyone: Gateway, services: StandIns) -> None:
    anyone.call("GET", f"{XAPI}/about")
    (line,) = services.logger.lines
    expected: Mapping[str, Any] = {"status": 200, "client": CLIENT, "store": STORE, "level": "info"}
    assert expected.items() <= line.items()


def page_of_one(client: LrsClient, **place: str) -> str:
    """The `more` of a page, asked for at another address."""
    routes = client.gateway.api.routes
    headers = {"Authorization": basic(), "X-Experience-API-Version": "2.0.0"}
    asked = event(routes, "GET", f"{XAPI}/statements?limit=1", headers)
    asked["requestContext"] |= place
    return str(json.loads(client.gateway.api(asked, Context())["body"])["more"])


@pytest.mark.parametrize("prefix", ["/api", "", "/base", "/lrs-stage"])
def test_more_holds_behind_a_stage_and_behind_a_custom_domain(prefix: str) -> None:
    client = LrsClient()
    client.post(statement(1), statement(2))
    more = page_of_one(client, path=f"{prefix}{XAPI}/statements", domainName="learn.example.org")
    assert more.startswith(f"{prefix}{XAPI}/statements?limit=1&cursor=")


def test_text_that_lambda_could_not_carry_as_a_string_goes_out_as_bytes() -> None:
    client = LrsClient()
    wide = "\U0001f600" * 60_000  # 12 bytes each as the runtime escapes them
    for number in range(1, 11):
        client.post(statement(number, result={"response": wide}))
    raw = event(
        client.gateway.api.routes,
        "GET",
        f"{XAPI}/statements",
        {"Authorization": basic(), "X-Experience-API-Version": "2.0.0"},
    )
    answer = client.gateway.api(raw, Context())
    assert answer["isBase64Encoded"] is True
    assert len(json.dumps(answer)) < 6_291_556
    assert len(json.loads(base64.b64decode(answer["body"]))["statements"]) == 10


@pytest.mark.parametrize("status", [400, 401, 404])
def test_a_browser_reads_refusals_too(status: int) -> None:
    client = LrsClient()
    query = {400: "x=1", 401: "", 404: "statementId=00000000-0000-4000-8000-000000000001"}[status]
    headers = {"Origin": "https://content.example", "Authorization": None if status == 401 else basic()}
    answer = client.call("GET", query, headers=headers)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (status, "*")


def test_what_a_client_or_a_store_is_called_is_decoded_once() -> None:
    client = LrsClient()
    encoded = XAPI.replace(CLIENT, "".join(f"%{ord(each):02x}" for each in CLIENT))
    assert client.call("GET", path=f"{encoded}/statements").status == 200
    assert client.call("GET", path=f"{encoded.replace('%', '%25')}/statements").status == 403
    assert client.call("GET", path="/lrs/%ff/stores/a/xapi/statements").status == 400
