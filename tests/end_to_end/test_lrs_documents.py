"""States and profiles on the packaged record store: versions, concurrent writers, bodies beyond what a record holds."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.end_to_end.http_client import Answer
from tests.end_to_end.lrs_client import LrsCaller
from tests.end_to_end.lrs_statements import ANN, iri
from tests.end_to_end.system import System

LARGE = bytes(range(256)) * 1_600  # 400 KB: more than an item of DynamoDB takes
OCTETS = {"Content-Type": "application/octet-stream"}
RESOURCES = ("activities/state", "activities/profile", "agents/profile")


def place(resource: str) -> dict[str, str]:
    """Where a document of this resource is that nobody else has."""
    activity, agent = {"activityId": iri()}, {"agent": json.dumps(ANN)}
    if resource == "activities/state":
        return {**activity, **agent, "stateId": uuid4().hex}
    return {**(activity if resource == "activities/profile" else agent), "profileId": uuid4().hex}


def call(
    lrs: LrsCaller,
    method: str,
    resource: str,
    where: dict[str, str],
    body: object = None,
    headers: dict[str, Any] | None = None,
) -> Answer:
    return lrs.xapi(method, resource, where, body, **(headers or {}))


def objects(system: System, lrs: LrsCaller) -> set[str]:
    """The objects of large documents of a store."""
    listed = system.client("s3").list_objects_v2(
        Bucket=system.description.bucket, Prefix=f"documents/{lrs.ready.store}/"
    )
    return {each["Key"] for each in listed.get("Contents", [])}


@pytest.mark.parametrize("resource", RESOURCES)
@pytest.mark.parametrize("content", [b"\x00 small \xff", LARGE], ids=["small", "large"])
def test_a_document_is_made_read_changed_and_deleted_by_its_version(
    resource: str, content: bytes, lrs: LrsCaller, system: System
) -> None:
    where, before = place(resource), objects(system, lrs)
    assert call(lrs, "PUT", resource, where, content, {**OCTETS, "If-None-Match": "*"}).status == 204
    assert call(lrs, "PUT", resource, where, b"x", {**OCTETS, "If-None-Match": "*"}).status == 412
    found = call(lrs, "GET", resource, where)
    assert (found.status, found.body) == (200, content)
    assert found.headers["content-type"] == OCTETS["Content-Type"]
    assert found.headers["etag"] == f'"{hashlib.sha1(content).hexdigest()}"'
    asked = call(lrs, "HEAD", resource, where)
    assert (asked.status, asked.body, asked.headers["etag"]) == (200, b"", found.headers["etag"])
    assert len(objects(system, lrs) - before) == (content is LARGE)
    right, wrong = {**OCTETS, "If-Match": found.headers["etag"]}, {**OCTETS, "If-Match": f'"{"0" * 40}"'}
    assert call(lrs, "PUT", resource, where, b"other", wrong).status == 412
    assert call(lrs, "DELETE", resource, where, None, wrong).status == 412
    assert call(lrs, "PUT", resource, where, content[:-1], right).status == 204
    assert call(lrs, "GET", resource, where).body == content[:-1]
    latest = {"If-Match": call(lrs, "GET", resource, where).headers["etag"]}
    assert call(lrs, "DELETE", resource, where, None, latest).status == 204
    assert call(lrs, "GET", resource, where).status == 404
    assert objects(system, lrs) == before  # what nobody has any more is gone at once


def test_json_documents_are_merged_and_listed(lrs: LrsCaller) -> None:
    where = place("activities/state")
    since = "2020-01-01T00:00:00Z"
    assert call(lrs, "POST", "activities/state", where, {"a": 1, "b": {"x": 1}}).status == 204
    assert call(lrs, "POST", "activities/state", where, {"b": {"y": 2}}).status == 204
    assert call(lrs, "GET", "activities/state", where).json == {"a": 1, "b": {"y": 2}}
    context = {name: where[name] for name in ("activityId", "agent")}
    assert call(lrs, "GET", "activities/state", {**context, "since": since}).json == [where["stateId"]]
    assert call(lrs, "DELETE", "activities/state", context).status == 204
    assert call(lrs, "GET", "activities/state", context).json == []


def test_of_writers_who_change_the_same_version_one_wins(lrs: LrsCaller) -> None:
    where = place("agents/profile")
    assert call(lrs, "PUT", "agents/profile", where, {"n": 0}, {"If-None-Match": "*"}).status == 204
    etag = {"If-Match": call(lrs, "GET", "agents/profile", where).headers["etag"]}

    def write(number: int) -> int:
        return call(lrs, "PUT", "agents/profile", where, {"n": number}, etag).status

    with ThreadPoolExecutor(3) as pool:
        outcomes = dict(zip((1, 2, 3), pool.map(write, (1, 2, 3)), strict=True))
    assert sorted(outcomes.values()) == [204, 412, 412]
    (winner,) = (number for number, status in outcomes.items() if status == 204)
    assert call(lrs, "GET", "agents/profile", where).json == {"n": winner}


def test_a_document_is_in_its_store_alone(system: System) -> None:
    one, other = (LrsCaller(ready) for ready in system.description.lrs)
    where = place("activities/profile")
    assert call(one, "PUT", "activities/profile", where, {"a": 1}, {"If-None-Match": "*"}).status == 204
    assert call(other, "GET", "activities/profile", where).status == 404
