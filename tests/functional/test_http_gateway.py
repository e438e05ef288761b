"""What the gateway sends and takes: odd events, and a deployment that is set up wrongly."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from chalice.test import Client

import app as deployed
from chalicelib.web import routing
from chalicelib.web.gateway import HttpApi
from tests.functional.gateway import Context, Gateway, event
from tests.functional.stand_ins import ENVIRONMENT, StandIns

ROOT = Path(__file__).parents[2]


def test_a_client_without_accept_gets_readable_json(user: Gateway) -> None:
    for headers in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}, {"Accept": "text/html"}):
        answer = user.call("GET", "/v1/jobs/jobs", headers=headers)
        assert (answer.status, answer.json["status"]) == (200, "success")


def test_the_test_client_of_chalice_sees_the_same(api: HttpApi, services: StandIns) -> None:
    token = services.token("user@example.org")
    answer = Client(api).http.get("/v1/jobs/jobs", headers={"Authorization": f"Bearer {token}"})
    assert answer.json_body["message"] == "Jobs found [jobs]"


def test_a_header_name_may_be_written_in_any_case(anyone: Gateway, services: StandIns) -> None:
    headers = {"AUTHORIZATION": f"bearer {services.token('user@example.org')}"}
    assert anyone.call("GET", "/v1/jobs/jobs", headers=headers).status == 200


def test_the_last_of_two_query_values_counts(user: Gateway) -> None:
    assert user.call("GET", "/v1/jobs/jobs?per_page=0&per_page=5").status == 200


@pytest.mark.parametrize(
    "odd", [{}, {"requestContext": None}, {"Records": []}, {"requestContext": {"httpMethod": 5}}]
)
def test_an_event_of_another_kind_is_answered_in_the_envelope(odd: dict[str, Any], api: HttpApi) -> None:
    answer = api(odd, Context())
    assert answer["statusCode"] in (404, 500)
    assert '"status":"error"' in answer["body"]


def test_settings_that_are_missing_are_a_500_without_detail() -> None:
    services = StandIns(LEDGER_TABLE="")
    answer = Gateway(HttpApi("lightrail", services)).call("GET", "/v1/jobs/jobs")
    assert answer.status == 500
    assert "LEDGER_TABLE" not in answer.text
    assert list(answer.json) == ["status", "message", "data"]


def test_links_stand_under_the_address_that_was_called(api: HttpApi) -> None:
    call = event(api.routes, "GET", "/openapi.json")
    call["requestContext"]["path"] = "/base/openapi.json"
    assert '"servers":[{"url":"/base"}]' in api(call, Context())["body"]


def test_what_is_deployed_has_the_routes_and_a_function_per_trigger() -> None:
    paths = [path for each in routing.APIS for path in each.table]
    assert set(deployed.app.routes) == {*paths, "/", "/{proxy+}"}
    functions = {function.name for function in deployed.app.pure_lambda_functions}
    assert functions == {
        "intake",
        "file_worker",
        "apply",
        "maintenance",
        "dead_letters",
        "sweep",
        "record_sweep",
        "job_tick",
        "job_worker",
    }


def test_a_deployed_call_prints_one_line_of_json() -> None:
    code = (
        "import app\n"
        "from tests.functional.gateway import Context, event\n"
        "print(app.app(event(app.app.routes, 'GET', '/openapi.json'), Context())['statusCode'])"
    )
    environment = {**os.environ, **ENVIRONMENT}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    line, status = run.stdout.splitlines()
    assert (json.loads(line)["route"], status) == ("/openapi.json", "200")
    assert run.stderr == ""
