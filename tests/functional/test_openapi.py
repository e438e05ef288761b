"""Routes, the committed document, what is served, and what is answered are one."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from chalicelib.ledger.listing import FailedJob
from chalicelib.ports.article_store import Article
from chalicelib.web import openapi, routing, schemas
from chalicelib.web.call import Route
from chalicelib.web.lrs.documentation import components
from infra import openapi as committed
from tests.functional.gateway import Answer, Gateway
from tests.functional.stand_ins import StandIns

CONTRACT = json.loads(
    (Path(__file__).parent / "data" / "article-api.contract.json").read_text(encoding="utf-8")
)
DOCUMENT: dict[str, Any] = json.loads(committed.DOCUMENT.read_text(encoding="utf-8"))


def operation(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][route.path][route.method.lower()]
    return found


def check(route: Route, answer: Answer) -> None:
    """The answer is one that the document declares for the route."""
    declared = operation(route)["responses"]
    assert str(answer.status) in declared, (route.name, answer.status)
    schema = declared[str(answer.status)]["content"]["application/json"]["schema"]
    Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(answer.json)


def test_the_committed_document_is_what_the_routes_say() -> None:
    assert committed.main(["--check"]) == 0, "run `python -m infra.openapi`"


def test_a_document_that_is_out_of_date_is_noticed_and_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(committed, "DOCUMENT", tmp_path / "docs" / "openapi.json")
    assert committed.main(["--check"]) == 1
    assert "infra.openapi" in capsys.readouterr().err
    assert committed.main([]) == 0
    assert committed.main(["--check"]) == 0


def test_the_document_is_valid_openapi() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()
    assert DOCUMENT["openapi"] == "3.1.0"


def test_no_schema_of_one_half_stands_in_the_place_of_one_of_the_other() -> None:
    assert schemas.COMPONENTS.keys() & components.COMPONENTS.keys() == set()


def test_the_document_is_served_to_anyone_as_it_is_committed(anyone: Gateway) -> None:
    answer = anyone.call("GET", "/openapi.json")
    assert answer.status == 200
    assert answer.json == DOCUMENT


def test_every_route_is_documented_and_nothing_else_is() -> None:
    documented = {(path, method.upper()) for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert documented == {
        *((route.path, route.method) for route in routing.ROUTES),
        *((route.path, route.method) for route in routing.RECORD_ROUTES),
    }


@pytest.mark.parametrize("call", CONTRACT, ids=lambda call: call["name"])
def test_every_call_of_the_contract_is_documented(call: dict[str, Any]) -> None:
    documented = DOCUMENT["paths"][call["path"].removeprefix("/api")][call["method"].lower()]
    assert documented["summary"] == call["name"]
    assert (call["auth"] == "admin") is ("403" in documented["responses"] and documented["tags"] == ["Admin"])


@pytest.mark.parametrize("route", routing.ROUTES, ids=lambda route: route.name)
def test_examples_keep_to_their_schemas(route: Route) -> None:
    documented = operation(route)
    success = documented["responses"][str(route.success.status)]["content"]["application/json"]
    bodies = documented.get("requestBody", {}).get("content", {}).values()
    for media in [success, *(body for body in bodies if body)]:  # bytes have no schema
        Draft202012Validator({**media["schema"], "components": DOCUMENT["components"]}).validate(
            media["example"]
        )


@pytest.mark.parametrize("route", routing.ROUTES, ids=lambda route: route.name)
def test_parameters_in_the_path_are_declared(route: Route) -> None:
    declared = {parameter.name for parameter in route.parameters if parameter.place == "path"}
    assert declared == set(re.findall(r"{(\w+)}", route.path))
    assert route.description or route.success.description
    assert route.tag in openapi.TAGS


BODIES: tuple[object, ...] = (
    None,
    {},
    b"{",
    b"[]",
    {"F_1": "1"},
    {"F_1": "404"},
    {"customNumber": "2", "F_1": "1"},
)
MORE_BODIES: tuple[object, ...] = (
    {"file": "https://x.example/a"},
    {"email": "user@example.org"},
    {"email": 5},
    {"ids": 1},
)


@pytest.mark.parametrize("caller", ["anyone", "user", "admin"])
@pytest.mark.parametrize("route", routing.ROUTES, ids=lambda route: route.name)
def test_whatever_is_answered_is_declared(
    route: Route, caller: str, services: StandIns, request: pytest.FixtureRequest
) -> None:
    client: Gateway = request.getfixturevalue(caller)
    services.article_store.write_many([Article("1", {"id": "1", "F_1": "1"})])
    services.listing.failed = [FailedJob(["x"], CONTRACT[12]["response_example"]["data"]["payload"])]
    target = route.path.replace("{articleNumber}", "1")
    bodies = (*BODIES, *MORE_BODIES) if route.body else (None,)
    for body in bodies:
        check(route, client.call(route.method, target, body))
    if route.body:
        check(route, client.call(route.method, target, b"x", {"Content-Type": "text/plain"}))
        check(route, client.call(route.method, target, b"x" * 4_500_001))
    if any(parameter.place == "query" for parameter in route.parameters):
        check(route, client.call(route.method, f"{target}?page=1&per_page=2"))
        check(route, client.call(route.method, f"{target}?page=0&per_page=x&email=autem"))


def test_an_outage_and_a_bug_are_declared_everywhere() -> None:
    for route in routing.ROUTES:
        assert {"429", "500", "503"} <= set(operation(route)["responses"])
