"""The record store as it is packaged, its functions with the rights of their own roles and no more."""

import json
import time
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.adapters.dynamodb_documents import DynamoDocuments
from chalicelib.lrs.cmi5.rules import CMI5_CATEGORY, LAUNCH_DATA
from chalicelib.ports.documents import BodyObject
from tests.end_to_end.conftest import LocalStack
from tests.end_to_end.lrs_client import LrsCaller
from tests.end_to_end.system import System
from tests.end_to_end.test_least_privilege import REFUSED
from tests.end_to_end.test_lrs_jobs import drop, ended, make
from tests.end_to_end.test_lrs_writers import DeadWriter

FUNCTIONS = ("api", "record-sweep", "job-tick", "job-worker")
AGENT = {"objectType": "Agent", "account": {"homePage": "https://lms.example.com", "name": uuid4().hex}}
PAGE = "https://content.example.com"
LARGE = b"\x00\xff" * 300_000  # more than DynamoDB takes


@pytest.fixture(scope="module")
def system(local_stack: LocalStack) -> System:
    return local_stack.with_settings(enforce_roles=True)


@pytest.fixture(scope="module", autouse=True)
def since(system: System) -> float:
    return time.time()


def statement(**other: Any) -> dict[str, Any]:
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


def test_a_statement_of_other_content_is_refused_and_told_in_the_log(lrs: LrsCaller) -> None:
    name = lrs.record(statement())
    answer = lrs.xapi("POST", "statements", body=statement(id=name, actor={"mbox": "mailto:b@example.com"}))
    assert answer.status == 409
    entries = lrs.call("GET", f"{lrs.ready.base_endpoint}/logs?types=xapi&store={lrs.ready.store}").json[
        "data"
    ]
    assert entries[0]["store"] == lrs.ready.store


def test_what_a_client_replaces_takes_its_place_with_its_attachments(lrs: LrsCaller) -> None:
    slug = uuid4().hex
    wanted = {
        "slug": slug,
        "store": lrs.ready.store,
        "credentials": {"username": slug, "password": lrs.ready.password},
        "permissions": {"xapi/all": True, "data/all": True},
        "pipeline": {"check_conflicts": False},
    }
    clients = f"{lrs.ready.base_endpoint}/access/clients"
    made = lrs.call("POST", clients, wanted)
    assert made.status == 201, made.body
    addresses = {name: value for name, value in made.json["data"].items() if name.endswith("_endpoint")}
    careless = LrsCaller(replace(lrs.ready, client=slug, username=slug, **addresses))
    first, second = b"first" + uuid4().bytes, b"second" + uuid4().bytes
    name = careless.record(statement(), [first])
    careless.record(statement(id=name), [second])
    answer = careless.xapi("GET", "statements", {"statementId": name, "attachments": "true"})
    assert second in answer.body
    assert first not in answer.body
    assert lrs.call("PUT", f"{clients}/{slug}", {"name": "Renamed"}).status == 200
    assert lrs.call("DELETE", f"{clients}/{slug}").status == 204
    assert careless.xapi("GET", "statements").status == 401


def test_stores_and_connections_come_and_go(lrs: LrsCaller) -> None:
    access = f"{lrs.ready.base_endpoint}/access"
    assert lrs.call("POST", f"{access}/stores", {"slug": uuid4().hex}).status == 201
    assert lrs.call("GET", f"{access}/stores").status == 200
    made = lrs.call("POST", f"{access}/connections/file", {"name": "Files", "settings": {"prefix": "x"}})
    assert made.status == 201, made.body
    assert lrs.call("DELETE", f"{access}/connections/file/{made.json['data']['id']}").status == 204


def test_persons_and_lists_of_the_data_api(lrs: LrsCaller) -> None:
    data, agents = f"{lrs.ready.store_endpoint}/data", [{"mbox": f"mailto:{uuid4()}@example.com"}, AGENT]
    assert lrs.call("POST", f"{data}/persons", [agents]).status == 200
    for service in ("statements", "agents", "activities", "persons", "states", "verbs", "agent-ids"):
        assert lrs.call("GET", f"{data}/{service}?limit=5").status == 200, service


def test_a_canonical_statement_is_shown(lrs: LrsCaller) -> None:
    name = lrs.record(statement(verb={"id": "http://example.com/did", "display": {"en": "did"}}))
    shown = lrs.xapi("GET", "statements", {"statementId": name, "format": "canonical"}).json
    assert shown["verb"]["display"] == {"en": "did"}


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


def test_the_sweep_undoes_what_a_dead_writer_left_with_its_attachment(system: System, lrs: LrsCaller) -> None:
    content, store = uuid4().bytes, lrs.ready.store
    name = lrs.record(statement(), [content])
    writer, lost = DeadWriter(system, store), str(uuid4())
    writer.write(name, lambda record: replace(record, id=lost))
    assert lrs.xapi("GET", "statements", {"statementId": lost}).status == 404
    writer.swept()
    assert writer.statements.get_many(store, [lost]) == {}
    answer = lrs.xapi("GET", "statements", {"statementId": name, "attachments": "true"})
    assert content in answer.body  # another statement still refers to the bytes


def test_large_documents_that_nobody_refers_to_are_swept(system: System, lrs: LrsCaller) -> None:
    table, bucket = system.deployment.outputs["RecordsTableName"], system.description.bucket
    left, key = uuid4().hex, f"documents/{lrs.ready.store}/"
    notes = DynamoDocuments(system.client("dynamodb"), table)
    notes.begin_object(BodyObject(lrs.ready.store, left, 1))  # due since 1970
    system.client("s3").put_object(Bucket=bucket, Key=key + left, Body=LARGE)
    system.invoke("record-sweep")
    found = system.client("s3").list_objects_v2(Bucket=bucket, Prefix=key + left)
    assert found.get("Contents", []) == []


@pytest.mark.parametrize("service", ["statements", "states"])
def test_a_job_is_started_and_worked_on(system: System, lrs: LrsCaller, service: str) -> None:
    lrs.record(statement(), [b"attached"])
    job = make(lrs, "clearing", repeat="now", service=service, until="now")
    system.invoke("job-tick")
    assert ended(lrs, job)["success"]
    drop(lrs, job)


def test_nothing_was_refused_to_either_function(system: System, since: float) -> None:
    lines = {name: system.log_lines(name, since) for name in FUNCTIONS}
    assert [name for name, of_one in lines.items() if not any('"service"' in line for line in of_one)] == []
    assert [line for of_one in lines.values() for line in of_one if REFUSED.search(line)] == []
