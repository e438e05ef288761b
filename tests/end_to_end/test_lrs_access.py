"""Stores and clients made over HTTP, used, changed and deleted; what a browser is told; what is refused."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from infra.local.description import LrsClient
from tests.end_to_end.http_client import Answer
from tests.end_to_end.lrs_client import LrsCaller
from tests.end_to_end.lrs_statements import statement
from tests.end_to_end.system import System

PAGE = "https://content.example.com"
FIRST, SECOND = "the first password", "the second password"


class Desk:
    """The Access API, as the ready client may use it."""

    def __init__(self, ready: LrsClient) -> None:
        self._lrs = LrsCaller(ready)
        self._access = f"{ready.base_endpoint}/access"

    def call(self, method: str, path: str, body: object = None) -> Answer:
        return self._lrs.call(method, f"{self._access}/{path}", body)

    def made(self, path: str, body: object) -> dict[str, Any]:
        answer = self.call("POST", path, body)
        assert answer.status == 201, answer.body
        return dict(answer.json["data"])


@pytest.fixture
def desk(system: System) -> Desk:
    return Desk(system.description.lrs[0])


@pytest.fixture
def store(desk: Desk) -> str:
    """A store of the test's own."""
    return str(desk.made("stores", {"slug": uuid4().hex, "xapi_version": "2.0"})["slug"])


@pytest.fixture
def client(desk: Desk, store: str) -> Iterator[LrsClient]:
    """A client in it, made over HTTP, as its own answer describes it."""
    slug = uuid4().hex
    made = desk.made("clients", {
        "slug": slug,
        "store": store,
        "credentials": {"username": slug, "password": FIRST},
        "permissions": {"xapi/all": True, "cmi5/tokens": True},
        "pipeline": {"authority_name": "Campus"},
        "cors": [PAGE],
    })  # fmt: skip
    assert "credentials" not in made
    addresses = {name: value for name, value in made.items() if name.endswith("_endpoint")}
    yield LrsClient(slug, store, "2.0", slug, FIRST, **addresses)
    desk.call("DELETE", f"clients/{slug}")


def test_a_client_that_was_made_records_and_reads_at_the_addresses_it_was_given(client: LrsClient) -> None:
    lrs = LrsCaller(client)
    name = lrs.record(statement())
    assert lrs.find() == [name]
    assert lrs.read(name)["authority"]["account"]["name"] == "Campus"
    assert lrs.call("GET", f"{client.base_endpoint}/access/clients").status == 403
    assert lrs.call("GET", f"{client.store_endpoint}/data/statements").status == 403
    assert lrs.call("GET", f"{client.base_endpoint}/logs").status == 403


def test_a_store_may_be_read_before_anything_is_written(client: LrsClient) -> None:
    lrs = LrsCaller(client)
    assert lrs.find() == []
    assert lrs.find(verb="http://example.com/verbs/did") == []
    names = [lrs.record(statement()), lrs.record(statement())]
    assert lrs.find(ascending="true") == names


def test_with_a_new_password_the_old_one_is_out_at_once(desk: Desk, client: LrsClient) -> None:
    old, new = LrsCaller(client), LrsCaller(replace(client, password=SECOND))
    assert (old.xapi("GET", "statements").status, new.xapi("GET", "statements").status) == (200, 401)
    changed = desk.call("PUT", f"clients/{client.client}", {"credentials": {"password": SECOND}})
    assert changed.status == 200, changed.body
    assert (old.xapi("GET", "statements").status, new.xapi("GET", "statements").status) == (401, 200)


def test_whoever_loses_a_permission_loses_it_at_once(desk: Desk, client: LrsClient) -> None:
    lrs = LrsCaller(client)
    assert lrs.xapi("GET", "statements").status == 200
    desk.call("PUT", f"clients/{client.client}", {"permissions": {"xapi/statements/write": True}})
    assert lrs.xapi("GET", "statements").status == 403
    assert lrs.xapi("POST", "statements", body=statement()).status == 200


def test_a_client_that_was_deleted_is_out_at_once(desk: Desk, client: LrsClient) -> None:
    lrs = LrsCaller(client)
    assert lrs.xapi("GET", "statements").status == 200
    assert desk.call("DELETE", f"clients/{client.client}").status == 204
    answer = lrs.xapi("GET", "statements")
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert desk.call("GET", f"clients/{client.client}").status == 404


def test_every_fault_of_a_client_is_told_at_once(desk: Desk) -> None:
    answer = desk.call("POST", "clients", {"slug": "no slug", "store": "none", "guard": "x"})
    assert answer.status == 422
    assert {"slug", "store", "guard", "credentials"} <= set(answer.json["errors"])


def test_a_page_of_the_client_s_origins_may_call_and_no_other(client: LrsClient) -> None:
    lrs = LrsCaller(client)
    for origin, told in ((PAGE, PAGE), ("https://evil.example.com", None)):
        asked: dict[str, Any] = {
            "Authorization": "",  # a browser's preflight carries none
            "Origin": origin,
            "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "authorization,content-type,x-experience-api-version",
        }
        preflight = lrs.xapi("OPTIONS", "statements", None, None, **asked)
        assert preflight.status in (200, 204)
        assert preflight.headers.get("access-control-allow-origin") == told
        answer = lrs.xapi("GET", "statements", None, None, Origin=origin)
        assert answer.headers.get("access-control-allow-origin") == told
        if told:
            assert "PUT" in preflight.headers["access-control-allow-methods"]
            allowed = preflight.headers["access-control-allow-headers"].lower()
            assert "authorization" in allowed
            assert "x-experience-api-version" in allowed
            exposed = answer.headers["access-control-expose-headers"].lower()
            assert "etag" in exposed
            assert "x-experience-api-consistent-through" in exposed


@pytest.mark.parametrize("path", ["xapi/nothing", "xapi", "nothing"])
def test_what_is_not_there_is_told_as_the_record_store_tells(path: str, client: LrsClient) -> None:
    lrs = LrsCaller(client)
    answer = lrs.call("GET", f"{client.store_endpoint}/{path}")
    assert answer.status == 404
    assert set(answer.json) <= {"message", "errors"}


def test_about_is_open_to_anyone(client: LrsClient) -> None:
    nobody: dict[str, Any] = {"Authorization": "", "X-Experience-API-Version": ""}
    answer = LrsCaller(client).xapi("GET", "about", None, None, **nobody)
    assert answer.status == 200
    assert {"1.0.3", "2.0.0"} <= set(answer.json["version"])
