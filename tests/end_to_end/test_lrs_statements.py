"""Statements on the packaged record store, in both versions: recorded, found, voided, with attachments, refused."""

import base64
import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import pytest

from chalicelib.lrs import multipart
from tests.end_to_end.http_client import Answer
from tests.end_to_end.lrs_client import HEADERS, LrsCaller
from tests.end_to_end.lrs_statements import ANN, BOB, about, iri, statement, voiding
from tests.end_to_end.system import System

THROUGH = "x-experience-api-consistent-through"
SIGNATURE = "http://adlnet.gov/expapi/attachments/signature"


def parts_of(answer: Answer) -> list[multipart.Part]:
    kind, parameters = multipart.media_type(answer.headers["content-type"])
    assert kind == "multipart/mixed"
    return multipart.parse(answer.body, multipart.boundary_of(parameters))


def ids(statements: Sequence[dict[str, object]]) -> list[object]:
    return [each["id"] for each in statements]


def test_a_statement_is_put_and_read_back(lrs: LrsCaller) -> None:
    sent = statement(result={"score": {"raw": 0.10}, "duration": "PT1M"})
    put = lrs.xapi("PUT", "statements", {"statementId": sent["id"]}, sent)
    assert (put.status, put.body) == (204, b"")
    answer = lrs.xapi("GET", "statements", {"statementId": sent["id"]})
    read = answer.json
    assert sent.items() <= (read | {"object": {"id": read["object"]["id"]}}).items()
    assert read["timestamp"] == read["stored"]
    assert read["authority"]["account"]["name"] == lrs.ready.client
    assert answer.headers["x-experience-api-version"] == HEADERS[lrs.ready.xapi_version]
    assert answer.headers[THROUGH] >= read["stored"]
    again = lrs.xapi("PUT", "statements", {"statementId": sent["id"]}, read)
    assert again.status == 204  # the same statement, as it was read
    assert lrs.xapi("PUT", "statements", {"statementId": sent["id"]}, {**sent, "actor": BOB}).status == 409


def test_every_filter_finds_what_it_names(lrs: LrsCaller) -> None:
    activity, parent, registration = iri(), iri(), str(uuid4())
    one = statement(activity, context={"registration": registration})
    two = statement(
        activity,
        actor=BOB,
        verb={"id": "http://example.com/verbs/saw"},
        context={"contextActivities": {"parent": [{"id": parent}]}, "instructor": ANN},
    )
    inner = {name: value for name, value in statement(activity).items() if name != "id"}
    three = statement(actor=BOB, object={**inner, "objectType": "SubStatement"})
    four = about(one["id"], actor=BOB)
    every = [one, two, three, four]
    posted = lrs.xapi("POST", "statements", body=every)
    assert (posted.status, posted.json) == (200, ids(every))
    stored = [lrs.read(each["id"])["stored"] for each in every]
    assert stored == sorted(set(stored))
    ann, own = json.dumps(ANN), {"activity": activity}

    def found(**query: str) -> list[int]:
        return [ids(every).index(each) + 1 for each in lrs.find(**query)]

    assert found(**own) == [4, 2, 1]  # the fourth through what it refers to
    assert found(**own, related_activities="true") == [4, 3, 2, 1]
    assert found(activity=parent) == []
    assert found(activity=parent, related_activities="true") == [2]
    assert found(**own, agent=ann) == [4, 1]
    assert found(**own, agent=ann, related_agents="true") == [4, 2, 1]
    assert found(**own, verb="http://example.com/verbs/saw") == [2]
    assert found(registration=registration) == [4, 1]
    assert found(**own, ascending="true") == [1, 2, 4]
    assert found(**own, since=stored[0]) == [4, 2]
    assert found(**own, until=stored[0]) == [1]
    assert found(**own, limit="1") == [4, 2, 1]  # page by page
    minimal = lrs.xapi("GET", "statements", {**own, "format": "ids", "limit": "1"}).json["statements"][0]
    assert minimal["verb"] == {"id": four["verb"]["id"]}


def test_both_versions_are_spoken_at_the_same_address(lrs: LrsCaller) -> None:
    for version in ("1.0.3", "2.0.0"):
        sent = statement()
        header: dict[str, Any] = {"X-Experience-API-Version": version}
        answer = lrs.xapi("POST", "statements", body=sent, **header)
        assert (answer.status, answer.headers["x-experience-api-version"]) == (200, version)
        assert lrs.read(sent["id"])["version"] == {"1.0.3": "1.0.0", "2.0.0": "2.0.0"}[version]
    none: dict[str, Any] = {"X-Experience-API-Version": ""}
    refused = lrs.xapi("GET", "statements", **none)
    assert refused.status == 400
    assert HEADERS[lrs.ready.xapi_version] in refused.json["message"]


def test_of_a_batch_with_a_conflict_nothing_is_stored(lrs: LrsCaller) -> None:
    taken, fresh = statement(), statement()
    lrs.record(taken)
    answer = lrs.xapi("POST", "statements", body=[fresh, {**taken, "actor": BOB}])
    assert answer.status == 409
    assert lrs.xapi("GET", "statements", {"statementId": fresh["id"]}).status == 404
    assert lrs.find(activity=fresh["object"]["id"]) == []
    assert lrs.read(taken["id"])["actor"] == ANN


@pytest.mark.parametrize("order", ["the target first", "the voiding one first", "in one batch"])
def test_a_target_is_voided_in_whatever_order_they_come(order: str, lrs: LrsCaller) -> None:
    target = statement()
    both = [target, voiding(target["id"])]
    if order == "in one batch":
        assert lrs.xapi("POST", "statements", body=both).status == 200
    else:
        for each in both if order == "the target first" else reversed(both):
            lrs.record(each)
    assert lrs.xapi("GET", "statements", {"statementId": target["id"]}).status == 404
    voided = lrs.xapi("GET", "statements", {"voidedStatementId": target["id"]})
    assert voided.json["id"] == target["id"]
    assert lrs.find(activity=target["object"]["id"]) == [both[1]["id"]]
    lrs.record(voiding(both[1]["id"]))
    assert lrs.read(both[1]["id"])["id"] == both[1]["id"]  # a voiding statement is not voided


@pytest.mark.parametrize("first", ["target", "reference"])
def test_a_reference_is_found_through_its_target_in_either_order(first: str, lrs: LrsCaller) -> None:
    target = statement()
    reference = about(target["id"])
    for each in (target, reference) if first == "target" else (reference, target):
        lrs.record(each)
    expected = {target["id"], reference["id"]}
    assert set(lrs.find(activity=target["object"]["id"])) == expected


def test_attachments_come_back_byte_by_byte_and_once(lrs: LrsCaller) -> None:
    one, two = b"\r\n--\x00\xff" + uuid4().bytes, uuid4().bytes * 20_000
    activity = iri()
    lrs.record(statement(activity), [one, two])
    lrs.record(statement(activity), [two])
    head, *rest = parts_of(lrs.xapi("GET", "statements", {"activity": activity, "attachments": "true"}))
    assert len(json.loads(head.content)["statements"]) == 2
    assert sorted(part.content for part in rest) == sorted([one, two])
    for part in rest:
        assert part.headers["x-experience-api-hash"] == sha256(part.content).hexdigest()
        assert part.headers["content-transfer-encoding"] == "binary"


def test_a_signed_statement_is_kept_with_its_signature(lrs: LrsCaller) -> None:
    sent = statement()
    pieces = [json.dumps(each).encode() for each in ({"alg": "RS256"}, sent)]
    jws = b".".join(base64.urlsafe_b64encode(each).rstrip(b"=") for each in (*pieces, b"signature"))
    attachment = {
        "usageType": SIGNATURE,
        "display": {"en": "Signature"},
        "contentType": "application/octet-stream",
        "length": len(jws),
        "sha2": sha256(jws).hexdigest(),
    }

    def post(told: object) -> int:
        headers = {"Content-Transfer-Encoding": "binary", "X-Experience-API-Hash": sha256(jws).hexdigest()}
        first = multipart.Part({"Content-Type": "application/json"}, json.dumps(told).encode())
        parts = [first, multipart.Part(headers, jws)]
        boundary = multipart.new_boundary(parts)
        kind: dict[str, Any] = {"Content-Type": f"multipart/mixed; boundary={boundary}"}
        return lrs.xapi("POST", "statements", body=multipart.write(parts, boundary), **kind).status

    assert post({**sent, "actor": BOB, "attachments": [attachment]}) == 400  # signs another
    assert post({**sent, "attachments": [attachment]}) == 200
    answer = lrs.xapi("GET", "statements", {"statementId": sent["id"], "attachments": "true"})
    assert [part.content for part in parts_of(answer)[1:]] == [jws]


def test_head_tells_what_get_tells_without_a_body(lrs: LrsCaller) -> None:
    name = lrs.record(statement())
    for query in ({"statementId": name}, {"limit": "1"}, {"statementId": str(uuid4())}, {"limit": "x"}):
        asked, shown = (lrs.xapi(method, "statements", query) for method in ("HEAD", "GET"))
        assert (asked.status, asked.body) == (shown.status, b"")
        assert asked.headers["content-type"] == shown.headers["content-type"]


def test_a_body_that_is_too_large_is_a_413(lrs: LrsCaller) -> None:
    answer = lrs.xapi("POST", "statements", body=b'["' + b"x" * 4_600_000 + b'"]')
    assert answer.status == 413
    assert answer.json["message"]


def test_what_is_invalid_is_told_whole_and_logged(lrs: LrsCaller) -> None:
    fresh = statement()
    answer = lrs.xapi("POST", "statements", body=[fresh, statement(verb={}), statement(actor="Ann")])
    assert answer.status == 400
    assert {place.partition(".")[0] for place in answer.json["errors"]} == {"statements[1]", "statements[2]"}
    assert lrs.xapi("GET", "statements", {"statementId": fresh["id"]}).status == 404
    query = f"types=xapi&levels=warning&store={lrs.ready.store}&limit=1"
    (newest,) = lrs.call("GET", f"{lrs.ready.base_endpoint}/logs?{query}").json["data"]
    assert newest["store"] == lrs.ready.store


def test_a_canonical_statement_has_what_others_told_of_its_activity(lrs: LrsCaller) -> None:
    activity = iri()
    lrs.record(statement(object={"id": activity, "definition": {"name": {"en": "A course"}}}))
    lrs.record(statement(object={"id": activity, "definition": {"description": {"en": "All of it"}}}))
    name = lrs.record(statement(activity))
    shown = lrs.xapi("GET", "statements", {"statementId": name, "format": "canonical"}).json["object"]
    merged = {"name": {"en": "A course"}, "description": {"en": "All of it"}}
    assert shown["definition"] == merged
    assert lrs.xapi("GET", "activities", {"activityId": activity}).json["definition"] == merged


def test_persons_are_made_of_agents_and_shown_by_xapi(lrs: LrsCaller) -> None:
    one, other = ({"mbox": f"mailto:{uuid4().hex}@example.com"} for _ in range(2))
    lrs.record(statement(actor={**one, "name": "Ann"}))
    lrs.record(statement(actor={**other, "name": "Annie"}))
    answer = lrs.call("POST", f"{lrs.ready.store_endpoint}/data/persons", [[one, other]])
    assert answer.status == 200, answer.body
    person = lrs.xapi("GET", "agents", {"agent": json.dumps(one)}).json
    assert person["objectType"] == "Person"
    assert sorted(person["mbox"]) == sorted([one["mbox"], other["mbox"]])
    assert sorted(person["name"]) == ["Ann", "Annie"]


def test_the_data_api_lists_what_is_stored(lrs: LrsCaller) -> None:
    target = statement()
    lrs.record(target)
    lrs.record(voiding(target["id"]))

    def data(service: str, **query: str) -> list[dict[str, object]]:
        asked = "&".join(f"{name}={value}" for name, value in query.items())
        answer = lrs.call("GET", f"{lrs.ready.store_endpoint}/data/{service}?{asked}")
        assert answer.status == 200, answer.body
        return list(answer.json["data"])

    (found,) = data("statements", statementId=target["id"])
    assert (found["voided"], found["valid"], found["client"]) == (True, True, lrs.ready.client)
    assert data("activities", activityId=target["object"]["id"])
    assert data("agents", search="ann@")
    assert data("verbs", search="http://example.com/verbs/did")
    assert lrs.call("POST", f"{lrs.ready.store_endpoint}/data/statements", {}).status == 405


def test_a_statement_is_in_its_store_alone(system: System) -> None:
    one, other = (LrsCaller(ready) for ready in system.description.lrs)
    sent = statement()
    one.record(sent)
    assert other.xapi("GET", "statements", {"statementId": sent["id"]}).status == 404
    other.record({**sent, "actor": BOB})
    assert (one.read(sent["id"])["actor"], other.read(sent["id"])["actor"]) == (ANN, BOB)
    assert other.find(activity=sent["object"]["id"], agent=json.dumps(ANN)) == []
    foreign = one.ready.xapi_endpoint.replace(f"/stores/{one.ready.store}/", f"/stores/{other.ready.store}/")
    assert one.call("GET", f"{foreign}/statements").status == 403


def test_the_indexes_are_there_after_the_deployment(system: System) -> None:
    for name in ("statements", "marks", "activities", "agents", "terms"):
        with urlopen(f"{system.description.opensearch_url}/lrs-{name}/_mapping", timeout=10) as answer:
            (made,) = json.load(answer).values()
        assert made["mappings"]["dynamic"] == "strict"
