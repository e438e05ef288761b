"""The OpenAPI document and the record store hold together, whatever the document lets a client send."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chalicelib.lrs.access.basic import basic_value
from chalicelib.ports.jobs import Run, RunState
from chalicelib.web import routing
from chalicelib.web.lrs.documentation import records
from chalicelib.web.lrs.route import LrsRoute
from infra import openapi as committed
from tests.doubles.job_type_path import job_types_in
from tests.functional.lrs_client import statement, uuid
from tests.functional.lrs_site import PASSWORD, Site
from tests.functional.requests_gateway import session

DOCUMENT: dict[str, Any] = json.loads(committed.DOCUMENT.read_text(encoding="utf-8"))
ROUTES = routing.RECORD_ROUTES
BASE = "https://host/api"
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
QUIET = settings(
    max_examples=8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
ANN = {"mbox": "mailto:ann@example.org"}
COURSE = "http://example.org/course"
Operation = APIOperation[Any, Any, Any, Any]


def operation(route: LrsRoute) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][route.path][route.method.lower()]
    return found


def resolved(value: Any) -> dict[str, Any]:
    """What a reference of the document leads to."""
    found: dict[str, Any] = value
    if "$ref" in value:
        _, _, part, name = value["$ref"].split("/")
        found = DOCUMENT["components"][part][name]
    return found


def test_every_call_is_described_and_nothing_that_is_no_call() -> None:
    assert sorted(records.DESCRIBED) == sorted(route.name for route in ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_parameters_are_those_of_the_route(route: LrsRoute) -> None:
    declared = [resolved(each) for each in operation(route)["parameters"]]
    by_place: dict[str, set[str]] = defaultdict(set)
    for each in declared:
        assert each["description"]
        by_place[each["in"]].add(each["name"])
    assert by_place["path"] == set(re.findall(r"{(\w+)}", route.path))
    assert by_place["query"] == route.query
    assert ("X-Experience-API-Version" in by_place["header"]) is ("/xapi/" in route.path and not route.open)
    assert len(declared) == sum(map(len, by_place.values()))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_who_may_call_is_told(route: LrsRoute) -> None:
    told = operation(route)
    assert told["security"] == ([] if route.open else [{"basic": []}])
    assert set(re.findall(r"`((?:\w+/)+\w+)`", told["description"].rpartition("permissions")[2])) == set(
        route.permissions
    )
    assert ("401" in told["responses"]) is not route.open
    assert told["tags"][0] in {tag["name"] for tag in DOCUMENT["tags"]}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_examples_keep_to_their_schemas(route: LrsRoute) -> None:
    told = operation(route)
    contents = [told.get("requestBody", {}).get("content", {})]
    contents += [resolved(each).get("content", {}) for each in told["responses"].values()]
    examples = [media for content in contents for media in content.values() if "example" in media]
    for media in examples:
        schema = {**media["schema"], "components": DOCUMENT["components"]}
        errors = [
            each.message
            for each in Draft202012Validator(schema).iter_errors(media["example"])
            if "is a required property" not in each.message or route.name not in _SHORTENED
        ]
        assert errors == []
    assert bool(examples) is any(contents[0:1] + contents[1:2])


# Clients show all permissions and options, their examples some.
_SHORTENED = {route.name for route in ROUTES if "Client" in route.name}


class Known:
    """A record store in which there is something to be found."""

    def __init__(self) -> None:
        self.site = Site()
        self.site.client("ada")
        self.session = session(self.site.gateway)
        self.session.headers["Authorization"] = f"Basic {basic_value('ada', PASSWORD)}"
        self.seen: dict[str, set[int]] = defaultdict(set)
        self._serial = count(1)
        self.statement_id = uuid(9)
        self.call("PUT", f"stores/north/xapi/statements?statementId={self.statement_id}", statement())
        self.token = ""

    def call(self, method: str, path: str, body: object = None) -> Any:
        answer = self.site.call(
            method, f"/lrs/ada/{path}", "ada", body, **{"Content-Type": "application/json"}
        )
        assert 200 <= answer.status < 300, answer.text
        return answer.json if answer.text else None

    def name(self) -> str:
        return f"new-{next(self._serial)}"

    def new_uuid(self) -> str:
        return uuid(1000 + next(self._serial))

    def new_client(self) -> dict[str, object]:
        name = self.name()
        return {"slug": name, "store": "north", "credentials": {"username": name, "password": PASSWORD}}

    def made(self, kind: str, body: Mapping[str, object]) -> str:
        """The id of something new."""
        return str(self.call("POST", f"access/{kind}", body)["data"]["id"])

    def job(self, ran: str = "") -> str:
        """The id of a new job, whose run is `running` or `stopped`, if that is asked for."""
        made = str(self.call("POST", "jobs/counting", JOB)["data"]["id"])
        jobs = self.site.world.job_store
        record = jobs.get("counting", made)
        assert record is not None
        if ran:
            run = Run("run", RunState(ran), record.created_at, record.created_at)
            assert jobs.put(replace(record, run=run), record.version)
        return made

    def new_token(self) -> str:
        body = {"activity_id": COURSE, "agent": ANN, "origin": "https://content.example.org"}
        return str(self.call("POST", "stores/north/cmi5/tokens", body)["token"])


JOB = {"repeat": "now", "store": "north", "service": "agents", "careful": True, "until": "now"}
FILE = {"name": "Archive", "settings": {"prefix": "archive/"}}
BODIES: Mapping[str, Callable[[Known], Any]] = {
    "xapiPutStatement": lambda known: statement(),
    "xapiPostStatements": lambda known: [statement()],
    "accessCreateStore": lambda known: {"slug": known.name()},
    "accessChangeStore": lambda known: {"name": "North"},
    "accessCreateClient": Known.new_client,
    "accessChangeClient": lambda known: {"cors": "*"},
    "accessCreateConnection": lambda known: FILE,
    "accessChangeConnection": lambda known: FILE,
    "jobsCreate": lambda known: JOB,
    "jobsChange": lambda known: JOB,
    "dataMakePersons": lambda known: [[ANN, {"mbox": "mailto:a@example.org"}]],
    "cmi5CreateToken": lambda known: {"activity_id": COURSE, "agent": ANN, "origin": "https://a.example.org"},
}
IDS: Mapping[str, Callable[[Known], str]] = {
    "Store": lambda known: "south",
    "Client": lambda known: known.made("clients", known.new_client()),
    "Connection": lambda known: known.made("connections/file", FILE),
    **dict.fromkeys(("jobsShow", "jobsChange", "jobsDelete", "jobsLogs"), Known.job),
    "jobsStop": lambda known: known.job("running"),
    "jobsResume": lambda known: known.job("stopped"),
}
VALUES: Mapping[str, Callable[[Known], str]] = {
    "agent": lambda known: json.dumps(ANN),
    "activityId": lambda known: COURSE,
    "stateId": Known.name,
    "profileId": Known.name,
    "token": Known.new_token,
    "statementId": Known.new_uuid,
}


def point_home(case: Case[Any]) -> None:
    """Let the call be about the client's own store; all else stays as it was made up."""
    for part, value in (("client", "ada"), ("store", "north"), ("type", kind_of(case))):
        if part in case.path_parameters:
            case.path_parameters[part] = value


def point_at_what_is_there(case: Case[Any], known: Known) -> None:
    """Let the call be one that succeeds."""
    name = case.operation.definition.raw["operationId"]
    if "id" in case.path_parameters:
        kind = re.sub("access(Show|Change|Delete)", "", name)
        case.path_parameters["id"] = IDS[kind](known)
    writes = case.method in ("PUT", "POST")
    required = {
        each["name"]
        for each in map(resolved, case.operation.definition.raw["parameters"])
        if each["required"]
    }
    query = {each: VALUES[each](known) for each in VALUES if each in required}
    if name == "xapiGetStatements":
        query = {"statementId": known.statement_id, "format": "ids"}
    case.query = query
    if name in BODIES:
        case.body, case.media_type = BODIES[name](known), "application/json"
    if writes and case.headers and "If-Match" in case.headers:
        del case.headers["If-Match"]
    if name.startswith("xapi") and case.headers is not None:
        case.headers["X-Experience-API-Version"] = "2.0.0"


def kind_of(case: Case[Any]) -> str:
    """A type of what the call is about."""
    return "counting" if case.path.startswith("/lrs/{client}/jobs") else "file"


def operations() -> list[Operation]:
    found = []
    for result in from_dict(DOCUMENT).get_all_operations():
        assert isinstance(result, Ok), result
        if result.ok().path.startswith("/lrs/"):
            found.append(result.ok())
    return found


@pytest.fixture(scope="module")
def known() -> Iterator[Known]:
    with job_types_in():
        yield Known()


def explore(known: Known, found: Operation, mode: GenerationMode) -> None:
    """Send what the document lets a client send, or what it does not."""
    name = found.definition.raw["operationId"]

    @QUIET
    @given(case=found.as_strategy(generation_mode=mode), near=st.sampled_from(("home", "there", "anywhere")))
    def run(case: Case[Any], near: str) -> None:
        if near != "anywhere":
            point_home(case)
        if near == "there":
            point_at_what_is_there(case, known)
        response = case.call(base_url=BASE, session=known.session)
        known.seen[name].add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    run()


@pytest.mark.parametrize("found", operations(), ids=lambda found: found.definition.raw["operationId"])
def test_every_call_keeps_to_the_document_and_is_seen_to_succeed(found: Operation, known: Known) -> None:
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        explore(known, found, mode)
    seen = known.seen[found.definition.raw["operationId"]]
    assert seen & {200, 201, 204}
    assert seen & {400, 401, 404, 422} or not found.definition.raw["security"]
