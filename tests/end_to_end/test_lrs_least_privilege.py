"""The record store as it is packaged, its functions with the rights of their own roles and no more."""

import json
import time
from uuid import uuid4

import pytest

from chalicelib.lrs.cmi5.rules import CMI5_CATEGORY, LAUNCH_DATA
from tests.end_to_end.conftest import LocalStack
from tests.end_to_end.lrs_client import LrsCaller
from tests.end_to_end.system import System
from tests.end_to_end.test_least_privilege import REFUSED

FUNCTIONS = ("api", "record-sweep")
AGENT = {"objectType": "Agent", "account": {"homePage": "https://lms.example.com", "name": uuid4().hex}}
PAGE = "https://content.example.com"
LARGE = b"\x00\xff" * 300_000  # more than DynamoDB takes


@pytest.fixture(scope="module")
def system(local_stack: LocalStack) -> System:
    return local_stack.with_settings(enforce_roles=True)


@pytest.fixture(scope="module", autouse=True)
def since(system: System) -> float:
    return time.time()


def statement(**other: object) -> dict[str, object]:
    made = {
        "actor": AGENT,
        "verb": {"id": "http://example.com/did"},
        "object": {"id": f"http://example.com/{uuid4()}"},
    }
    return {**made, **other}


def test_a_statement_is_recorded_read_found_and_voided(lrs: LrsCaller) -> None:
    sent = statement()
    name = lrs.record(sent)
    assert lrs.xapi("GET", "statements", {"statementId": name}).json["actor"] == AGENT
    about = {"activity": str(sent["object"]["id"])}
    assert [each["id"] for each in lrs.xapi("GET", "statements", about).json["statements"]] == [name]
    reference = {"objectType": "StatementRef", "id": name}
    lrs.record(statement(verb={"id": "http://adlnet.gov/expapi/verbs/voided"}, object=reference))
    assert lrs.xapi("GET", "statements", {"statementId": name}).status == 404
    assert lrs.xapi("GET", "statements", {"voidedStatementId": name}).json["id"] == name


def test_attachments_come_back_byte_by_byte(lrs: LrsCaller) -> None:
    content = b"\r\n--\x00" + uuid4().bytes
    name = lrs.record(statement(), [content])
    answer = lrs.xapi("GET", "statements", {"statementId": name, "attachments": "true"})
    assert answer.headers["content-type"].startswith("multipart/mixed")
    assert content in answer.body


@pytest.mark.parametrize("content", [b'{"a": 1}', LARGE], ids=["small", "large"])
def test_a_document_is_kept_changed_and_deleted(lrs: LrsCaller, content: bytes) -> None:
    where = {"activityId": "http://example.com/a", "agent": json.dumps(AGENT), "stateId": uuid4().hex}
    kind = {"Content-Type": "application/octet-stream"}
    assert lrs.xapi("PUT", "activities/state", where, content, **kind, **{"If-None-Match": "*"}).status == 204
    found = lrs.xapi("GET", "activities/state", where)
    assert (found.status, found.body) == (200, content)
    match = {"If-Match": found.headers["etag"]}
    assert lrs.xapi("PUT", "activities/state", where, content[:-1], **kind, **match).status == 204
    match = {"If-Match": lrs.xapi("GET", "activities/state", where).headers["etag"]}
    assert lrs.xapi("DELETE", "activities/state", where, **match).status == 204
    assert lrs.xapi("GET", "activities/state", where).status == 404


def test_agents_and_activities_are_known_by_what_was_recorded(lrs: LrsCaller) -> None:
    activity = f"http://example.com/{uuid4()}"
    lrs.record(statement(object={"id": activity, "definition": {"name": {"en": "A course"}}}))
    person = lrs.xapi("GET", "agents", {"agent": json.dumps(AGENT)}).json
    assert person["account"] == [AGENT["account"]]
    found = lrs.xapi("GET", "activities", {"activityId": activity}).json
    assert found["definition"]["name"] == {"en": "A course"}


def test_an_assignable_unit_goes_through_its_launch(lrs: LrsCaller) -> None:
    activity, registration = f"http://example.com/au/{uuid4()}", str(uuid4())
    launch = {
        "contextTemplate": {"registration": registration},
        "launchMode": "Normal",
        "moveOn": "Completed",
    }
    state = {
        "activityId": activity,
        "agent": json.dumps(AGENT),
        "registration": registration,
        "stateId": LAUNCH_DATA,
    }
    assert lrs.xapi("PUT", "activities/state", state, launch).status == 204
    wanted = {"activity_id": activity, "agent": AGENT, "origin": PAGE, "registration": registration}
    issued = lrs.call("POST", lrs.ready.cmi5_endpoint, wanted)
    assert issued.json["endpoint"] == lrs.ready.xapi_endpoint
    fetched = lrs.call("POST", f"{lrs.ready.store_endpoint}/cmi5/fetch?token={issued.json['token']}").json
    unit = lrs.with_token(fetched["auth-token"])
    assert unit.xapi("GET", "activities/state", state, Origin=PAGE).json == launch
    assert unit.xapi("PUT", "activities/state", state, {}, Origin=PAGE).status == 403
    for verb in ("initialized", "completed", "terminated"):
        context = {"registration": registration, "contextActivities": {"category": [{"id": CMI5_CATEGORY}]}}
        made = statement(
            verb={"id": f"http://adlnet.gov/expapi/verbs/{verb}"}, object={"id": activity}, context=context
        )
        unit.record(made)
    assert len(unit.xapi("GET", "statements").json["statements"]) == 3
    assert lrs.with_token(issued.json["token"]).xapi("GET", "statements").status == 401


def test_stores_and_clients_are_listed_with_the_same_addresses(lrs: LrsCaller) -> None:
    found = lrs.call("GET", f"{lrs.ready.base_endpoint}/access/clients/{lrs.ready.client}").json["data"]
    assert found["xapi_endpoint"] == lrs.ready.xapi_endpoint
    assert found["cmi5_endpoint"] == lrs.ready.cmi5_endpoint
    assert found["base_endpoint"] == lrs.ready.base_endpoint


def test_the_sweep_goes_over_every_store(system: System) -> None:
    system.invoke("record-sweep")


def test_nothing_was_refused_to_either_function(system: System, since: float) -> None:
    lines = {name: system.log_lines(name, since) for name in FUNCTIONS}
    assert [name for name, of_one in lines.items() if not any('"service"' in line for line in of_one)] == []
    assert [line for of_one in lines.values() for line in of_one if REFUSED.search(line)] == []
