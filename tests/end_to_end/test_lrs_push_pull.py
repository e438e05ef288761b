"""Push and pull on the packaged record store: to a store over HTTP, to a file in the bucket, to an OpenSearch index.

Everything is made, watched and read over HTTP, as a client does; only ticks are not waited for.
"""

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from infra.local.description import LrsClient
from tests.end_to_end.conftest import LocalStack
from tests.end_to_end.lrs_client import LrsCaller
from tests.end_to_end.lrs_statements import statement
from tests.end_to_end.system import System, eventually

TICK, WORKER = "job-tick", "job-worker"
ATTACHMENT = b"the bytes of a certificate \x00\xff"
PASSWORD = "the first password"
WRITTEN_ANEW = ("authority", "stored", "version")  # by each store that a statement comes to


@dataclass
class Place:
    """The APIs of the deployment, and the stores that a test made in it."""

    system: System
    desk: LrsCaller

    def made(self, path: str, body: object) -> dict[str, Any]:
        answer = self.desk.call("POST", f"{self.desk.ready.base_endpoint}/{path}", body)
        assert answer.status == 201, answer.body
        return dict(answer.json["data"])

    def store(self) -> LrsCaller:
        """A client of a new store."""
        slug = uuid4().hex
        self.made("access/stores", {"slug": slug, "xapi_version": "2.0"})
        made = self.made(
            "access/clients",
            {
                "slug": slug,
                "store": slug,
                "credentials": {"username": slug, "password": PASSWORD},
                "permissions": {"xapi/all": True},
            },
        )
        addresses = {name: value for name, value in made.items() if name.endswith("_endpoint")}
        return LrsCaller(LrsClient(slug, slug, "2.0", slug, PASSWORD, **addresses))

    def connection(self, kind: str, **settings: str) -> str:
        made = self.made(f"access/connections/{kind}", {"name": "There", "settings": settings})
        assert "password" not in json.dumps(made)
        return str(made["id"])

    def job(self, kind: str, store: LrsCaller, **fields: object) -> dict[str, Any]:
        body = {"repeat": "now", "service": "statements", "until": "now", "store": store.ready.store}
        return self.made(f"jobs/{kind}", body | fields)

    def call(self, method: str, job: Mapping[str, Any], rest: str = "", body: object = None) -> Any:
        address = f"{self.desk.ready.base_endpoint}/jobs/{job['type']}/{job['id']}{rest}"
        answer = self.desk.call(method, address, body)
        assert answer.status in (200, 204), answer.body
        return answer.json["data"] if answer.status == 200 else None

    def until(self, job: Mapping[str, Any], field: str) -> dict[str, Any]:
        """The job as soon as this field of it says so."""

        def found() -> Any:
            shown = self.call("GET", job)
            return shown if shown[field] and not shown["running"] else None

        return dict(eventually(f"{field} of {job['name']}", found))

    def ran(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """The job after a run that passed, with counts that add up and a log that says so."""
        self.system.invoke(TICK)
        shown = self.until(job, "ran")
        assert shown["success"] is True, shown
        progress = shown["progress"]
        assert progress["total"] == progress["done"] + progress["skipped"] + progress["failed"]
        events = [line["event"] for line in self.call("GET", job, "/logs")]
        assert (events[0], events[-1]) == ("started", "passed")
        return shown

    def run(self, kind: str, store: LrsCaller, **fields: object) -> dict[str, int]:
        """The progress of a new job's run; the job is deleted then."""
        job = self.job(kind, store, **fields)
        progress = self.ran(job)["progress"]
        self.call("DELETE", job)
        return dict(progress)


@pytest.fixture(scope="module")
def system(local_stack: LocalStack) -> System:
    """Each function may do what its own role allows, and no more."""
    return local_stack.with_settings(enforce_roles=True)


@pytest.fixture
def place(system: System) -> Place:
    return Place(system, LrsCaller(system.description.lrs[0]))


@pytest.fixture
def source(place: Place) -> LrsCaller:
    """A store with three statements, one of them with an attachment."""
    store = place.store()
    store.record(statement())
    store.record(statement(), [ATTACHMENT])
    store.record(statement())
    return store


def held(store: LrsCaller) -> dict[str, Any]:
    """The statements of a store by id, without what each store writes anew."""
    found = {name: store.read(name) for name in store.find()}
    return {
        name: {key: value for key, value in each.items() if key not in WRITTEN_ANEW}
        for name, each in found.items()
    }


def attachments(store: LrsCaller) -> bytes:
    """The body of a list with attachments."""
    answer = store.xapi("GET", "statements", {"attachments": "true"})
    assert answer.status == 200, answer.body
    return answer.body


def endpoint(store: LrsCaller) -> dict[str, str]:
    ready = store.ready
    return {"endpoint": ready.xapi_endpoint, "username": ready.username, "password": ready.password}


def test_statements_go_to_another_store_and_come_from_it_with_their_attachments(
    place: Place, source: LrsCaller
) -> None:
    middle, end = place.store(), place.store()
    there = place.connection("lrs", **endpoint(middle))
    assert place.run("push", source, connection=there)["done"] == 3
    assert place.run("pull", end, connection=there)["done"] == 3
    assert held(source) == held(middle) == held(end)
    assert len(held(source)) == 3
    for store in (source, middle, end):
        assert ATTACHMENT in attachments(store)


def test_the_next_run_takes_what_came_since_and_nothing_twice(place: Place, source: LrsCaller) -> None:
    end = place.store()
    connection = place.connection("lrs", **endpoint(source))
    job = place.job("pull", end, connection=connection)
    assert place.ran(job)["progress"]["done"] == 3
    source.record(statement())
    body = {"repeat": "now", "service": "statements", "until": "now", "connection": connection}
    place.call("PUT", job, body={**body, "store": end.ready.store, "replay": True})
    shown = place.ran(job)
    assert shown["progress"] == {"total": 1, "done": 1, "skipped": 0, "failed": 0}
    assert held(source) == held(end)
    place.call("DELETE", job)


def test_a_stopped_run_is_resumed_and_ends_as_if_it_had_not_been(place: Place, source: LrsCaller) -> None:
    end = place.store()
    job = place.job("pull", end, connection=place.connection("lrs", **endpoint(source)))
    with place.system.paused(WORKER):
        place.system.invoke(TICK)
        assert place.call("GET", job)["running"] is True
        place.call("POST", job, "/stop")
    place.until(job, "stopped")
    assert held(end) == {}
    place.call("POST", job, "/resume")
    shown = place.until(job, "ran")
    assert (shown["success"], shown["progress"]["done"]) == (True, 3)
    events = [line["event"] for line in place.call("GET", job, "/logs")]
    assert (events[-1], "cancelled" in events) == ("passed", True)
    assert held(source) == held(end)
    place.call("DELETE", job)


def test_statements_go_to_a_file_and_come_back_after_the_store_was_cleared(
    place: Place, source: LrsCaller
) -> None:
    before, connection = held(source), place.connection("file", prefix=uuid4().hex)
    assert place.run("push", source, connection=connection)["done"] == 3
    assert place.run("clearing", source)["done"] == 3
    assert held(source) == {}
    assert place.run("pull", source, connection=connection)["done"] == 3
    assert held(source) == before
    assert ATTACHMENT in attachments(source)


def test_statements_go_to_an_index_and_come_back_after_the_store_was_cleared(
    place: Place, source: LrsCaller
) -> None:
    host, prefix = place.system.description.opensearch_url, f"copy-{uuid4().hex}"
    before = held(source)
    connection = place.connection("db", driver="opensearch", host=host, prefix=prefix)
    try:
        assert place.run("push", source, connection=connection)["done"] == 3
        assert place.run("clearing", source)["done"] == 3
        assert held(source) == {}
        assert place.run("pull", source, connection=connection)["done"] == 3
    finally:
        index = f"{host}/{prefix}_statements_{source.ready.store}"
        urllib.request.urlopen(urllib.request.Request(index, method="DELETE"), timeout=30).close()
    assert held(source) == before
    assert ATTACHMENT in attachments(source)


def test_a_store_that_refuses_the_login_ends_the_run_and_the_log_tells_no_secret(
    place: Place, source: LrsCaller
) -> None:
    wrong = endpoint(place.store()) | {"password": "a wrong password"}
    job = place.job("push", source, connection=place.connection("lrs", **wrong))
    place.system.invoke(TICK)
    shown = place.until(job, "ran")
    assert shown["success"] is False
    assert "401" in shown["feedback"]
    told = json.dumps([shown, place.call("GET", job, "/logs")])
    assert "a wrong password" not in told
    place.call("DELETE", job)
