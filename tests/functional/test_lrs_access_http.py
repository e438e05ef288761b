"""The Access API as whoever sets a record store up meets it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.errors import Unavailable
from chalicelib.lrs.access.permissions import PERMISSIONS
from tests.functional.gateway import Answer
from tests.functional.lrs_site import PASSWORD, Site

ACCESS = "/lrs/admin/access"
NEW_CLIENT = {
    "slug": "lms",
    "name": "The LMS",
    "store": "north",
    "guard": "basic-http",
    "credentials": {"username": "lms-user", "password": "battery staple"},
    "permissions": {"xapi/all": True, "jobs/all": False},
    "pipeline": {"void_statements": False, "authority_name": "LMS"},
    "cors": ["https://lms.example.com"],
}
LRS_CONNECTION: dict[str, Any] = {
    "name": "Other LRS",
    "settings": {"endpoint": "https://lrs.example.com/xapi", "username": "me", "password": "s3cr3t-there"},
}


@pytest.fixture
def site() -> Site:
    made = Site()
    made.client("admin", permissions=["access/all"])
    return made


def call(site: Site, method: str, path: str, body: object = None, **headers: str) -> Answer:
    return site.call(method, f"{ACCESS}/{path}", "admin", body, **headers)


def made(site: Site, path: str, body: object) -> dict[str, Any]:
    answer = call(site, "POST", path, body)
    assert answer.status == 201, answer.text
    assert list(answer.json) == ["data"]
    return dict(answer.json["data"])


def faults(answer: Answer) -> list[str]:
    assert answer.status == 422, answer.text
    assert list(answer.json) == ["message", "errors"]
    assert all(isinstance(text, str) for texts in answer.json["errors"].values() for text in texts)
    return list(answer.json["errors"])


# ---- stores


def test_a_store_is_made_shown_listed_and_changed(site: Site) -> None:
    store = made(site, "stores", {"slug": "west", "name": "West", "timezone": "Europe/Paris"})
    assert {**store, "id": ""} == {
        "id": "",
        "slug": "west",
        "name": "West",
        "status": "ready",
        "timezone": "Europe/Paris",
        "xapi_version": "2.0",
    }
    assert call(site, "GET", f"stores/{store['id']}").json == {"data": store}
    assert call(site, "GET", "stores/west").json == {"data": store}
    changed = call(site, "PUT", f"stores/{store['id']}", {"xapi_version": "1.0", "name": "New"})
    assert changed.status == 200
    assert changed.json["data"] == {**store, "xapi_version": "1.0", "name": "New"}
    listed = call(site, "GET", "stores").json["data"]
    assert [one["slug"] for one in listed] == ["north", "south", "west"]
    assert changed.json["data"] in listed


def test_a_store_has_defaults(site: Site) -> None:
    store = made(site, "stores", {"slug": "west"})
    assert (store["name"], store["timezone"], store["xapi_version"]) == ("west", "UTC", "2.0")


def test_what_a_store_shows_can_be_sent_back(site: Site) -> None:
    store = made(site, "stores", {"slug": "west"})
    assert call(site, "PUT", f"stores/{store['id']}", store).json == {"data": store}


def test_a_store_is_not_deleted_here(site: Site) -> None:
    answer = call(site, "DELETE", "stores/id-north")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, PUT, OPTIONS")


def test_every_fault_of_a_store_is_told_at_once(site: Site) -> None:
    body = {"slug": "a b", "name": 7, "timezone": "Mars/Base", "xapi_version": "3.0", "colour": "red"}
    assert sorted(faults(call(site, "POST", "stores", body))) == sorted(body)


@pytest.mark.parametrize(
    "slug", [None, "", " ", 7, "a" * 37, "ø", "a/b", "a.b", "a\n", "a\x00", "\ud800", ["a"], {"a": 1}]
)
def test_a_slug_can_stand_in_an_address(site: Site, slug: object) -> None:
    body = json.dumps({"slug": slug}).encode()
    answer = call(site, "POST", "stores", body)
    assert answer.status in (400, 422)
    assert len(site.store.stores()) == 2


def test_a_slug_is_taken_once_and_never_changes(site: Site) -> None:
    assert faults(call(site, "POST", "stores", {"slug": "north"})) == ["slug"]
    assert faults(call(site, "PUT", "stores/id-north", {"slug": "nord"})) == ["slug"]
    assert faults(call(site, "POST", "clients", {**NEW_CLIENT, "slug": "admin"})) == ["slug"]
    assert faults(call(site, "PUT", "clients/admin", {"slug": "root"})) == ["slug"]


# ---- clients


def test_a_client_is_made_with_addresses_behind_this_host(site: Site) -> None:
    answer = call(site, "POST", "clients", NEW_CLIENT, Host="lrs.example.org")
    assert answer.status == 201
    client = answer.json["data"]
    assert client["base_endpoint"] == "https://lrs.example.org/api/lrs/lms"
    assert client["store_endpoint"] == "https://lrs.example.org/api/lrs/lms/stores/north"
    assert client["xapi_endpoint"] == "https://lrs.example.org/api/lrs/lms/stores/north/xapi"
    assert client["cmi5_endpoint"] == "https://lrs.example.org/api/lrs/lms/stores/north/cmi5/tokens"
    local = call(
        site, "GET", f"clients/{client['id']}", Host="127.0.0.1:4599", **{"X-Forwarded-Proto": "http"}
    )
    assert local.json["data"]["base_endpoint"] == "http://127.0.0.1:4599/api/lrs/lms"


def test_a_client_shows_everything_but_its_credentials(site: Site) -> None:
    client = made(site, "clients", NEW_CLIENT)
    assert client["permissions"] == {name: name == "xapi/all" for name in PERMISSIONS}
    assert client["pipeline"]["void_statements"] is False
    assert client["pipeline"]["authority_name"] == "LMS"
    assert client["pipeline"]["validate_statements"] is True
    assert client["cors"] == ["https://lms.example.com"]
    for answer in (call(site, "GET", "clients/lms"), call(site, "GET", "clients")):
        for secret in ("credentials", "battery staple", "lms-user", "scrypt", "password"):
            assert secret not in answer.text


def test_a_new_client_may_do_what_it_was_given_and_nothing_else(site: Site) -> None:
    made(site, "clients", {name: NEW_CLIENT[name] for name in ("slug", "store", "credentials")})
    activities = "/lrs/lms/stores/north/xapi/activities?activityId=http://example.com/a"
    secret = {"user": "lms-user", "password": "battery staple"}
    assert site.call("GET", activities, **secret).status == 403
    assert call(site, "PUT", "clients/lms", {"permissions": {"xapi/all": True}}).status == 200
    assert site.call("GET", activities, **secret).status == 200
    assert call(site, "PUT", "clients/lms", {"permissions": {}}).status == 200
    assert site.call("GET", activities, **secret).status == 403


def test_a_password_stays_until_another_is_sent(site: Site) -> None:
    made(site, "clients", NEW_CLIENT)
    about = "/lrs/lms/access/stores"
    call(site, "PUT", "clients/lms", {"permissions": {"access/all": True}, "name": "New"})
    assert site.call("GET", about, "lms-user", password="battery staple").status == 200
    call(site, "PUT", "clients/lms", {"credentials": {"username": "renamed"}})
    assert site.call("GET", about, "lms-user", password="battery staple").status == 401
    assert site.call("GET", about, "renamed", password="battery staple").status == 200
    call(site, "PUT", "clients/lms", {"credentials": {"password": "another password"}})
    assert site.call("GET", about, "renamed", password="battery staple").status == 401
    assert site.call("GET", about, "renamed", password="another password").status == 200


def test_what_a_client_shows_can_be_sent_back(site: Site) -> None:
    client = made(site, "clients", NEW_CLIENT)
    assert call(site, "PUT", f"clients/{client['id']}", client).json == {"data": client}


def test_a_deleted_client_is_out_at_once(site: Site) -> None:
    client = made(site, "clients", {**NEW_CLIENT, "permissions": {"access/all": True}})
    assert site.call("GET", "/lrs/lms/access/stores", "lms-user", password="battery staple").status == 200
    answer = call(site, "DELETE", f"clients/{client['id']}")
    assert (answer.status, answer.text) == (204, "")
    assert site.call("GET", "/lrs/lms/access/stores", "lms-user", password="battery staple").status == 401
    assert call(site, "DELETE", f"clients/{client['id']}").status == 404
    assert call(site, "GET", f"clients/{client['id']}").status == 404


def test_every_fault_of_a_client_is_told_at_once(site: Site) -> None:
    body = {
        "slug": "",
        "name": "x" * 256,
        "store": "nowhere",
        "guard": "none",
        "credentials": {"username": "a:b", "password": "short", "token": "x"},
        "permissions": {"xapi/all": "yes", "admin": True},
        "pipeline": {"void_statements": "yes", "authority_homepage": "no iri", "colour": "red"},
        "cors": ["https://LMS.example.com/path"],
        "colour": "red",
    }
    assert sorted(faults(call(site, "POST", "clients", body))) == [
        "colour",
        "cors",
        "credentials.password",
        "credentials.token",
        "credentials.username",
        "guard",
        "name",
        "permissions.admin",
        "permissions.xapi/all",
        "pipeline.authority_homepage",
        "pipeline.colour",
        "pipeline.void_statements",
        "slug",
        "store",
    ]
    assert len(site.store.clients()) == 1


def test_an_empty_client_is_told_what_is_required(site: Site) -> None:
    assert sorted(faults(call(site, "POST", "clients"))) == ["credentials", "slug", "store"]
    answer = call(site, "POST", "clients", {**NEW_CLIENT, "credentials": {}})
    assert sorted(faults(answer)) == ["credentials.password", "credentials.username"]


def test_the_user_name_of_tokens_is_taken(site: Site) -> None:
    credentials = {"username": "cmi5-token", "password": "battery staple"}
    assert faults(call(site, "POST", "clients", {**NEW_CLIENT, "credentials": credentials})) == [
        "credentials.username"
    ]


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("*", ["*"]),
        ("", []),
        ([], []),
        (["*"], ["*"]),
        ("https://a.example, http://localhost:8080", ["https://a.example", "http://localhost:8080"]),
        (["https://a.example", "https://a.example"], ["https://a.example"]),
        (["http://[::1]:8080"], ["http://[::1]:8080"]),
    ],
)
def test_origins_are_a_list_or_words_with_commas(site: Site, sent: object, shown: list[str]) -> None:
    assert made(site, "clients", {**NEW_CLIENT, "cors": sent})["cors"] == shown


@pytest.mark.parametrize("sent", [7, {"a": 1}, ["https://a.example/"], ["a"], [7], "https://A.example"])
def test_what_is_no_origin_is_told(site: Site, sent: object) -> None:
    assert faults(call(site, "POST", "clients", {**NEW_CLIENT, "cors": sent})) == ["cors"]


def test_a_client_belongs_to_a_store_that_is_ready(site: Site) -> None:
    south = site.store.read("", "south").store
    assert site.store.put_store(replace(south, version="v2", status="deleting"), "v1")
    assert faults(call(site, "POST", "clients", {**NEW_CLIENT, "store": "south"})) == ["store"]
    assert made(site, "clients", {**NEW_CLIENT, "store": "id-north"})["store"] == "north"


def test_what_the_deployment_forces_shows_and_holds() -> None:
    site = Site(
        LRS_PIPELINE_DEFAULTS='{"update_vocab": false}', LRS_PIPELINE_FORCED='{"void_statements": true}'
    )
    site.client("admin")
    client = made(site, "clients", NEW_CLIENT)
    assert (client["pipeline"]["update_vocab"], client["pipeline"]["void_statements"]) == (False, True)


# ---- connections


def test_a_connection_is_made_shown_listed_changed_and_deleted(site: Site) -> None:
    connection = made(site, "connections/lrs", LRS_CONNECTION)
    assert {**connection, "id": ""} == {
        "id": "",
        "name": "Other LRS",
        "type": "lrs",
        "settings": {"endpoint": "https://lrs.example.com/xapi", "username": "me"},
    }
    path = f"connections/lrs/{connection['id']}"
    assert call(site, "GET", path).json == {"data": connection}
    assert call(site, "GET", "connections/lrs").json == {"data": [connection]}
    assert call(site, "GET", "connections/db").json == {"data": []}
    assert call(site, "GET", path.replace("lrs", "db")).status == 404
    changed = call(site, "PUT", path, {"settings": {"username": "you"}})
    assert changed.json["data"]["settings"] == {"endpoint": "https://lrs.example.com/xapi", "username": "you"}
    stored = site.store.connection("lrs", connection["id"])
    assert stored is not None
    assert stored.secrets == {"password": "s3cr3t-there"}
    assert call(site, "DELETE", path).status == 204
    assert [call(site, method, path).status for method in ("GET", "PUT", "DELETE")] == [404, 404, 404]


def test_a_secret_never_comes_back(site: Site) -> None:
    connection = made(site, "connections/lrs", LRS_CONNECTION)
    answers = [
        call(site, "GET", "connections/lrs"),
        call(site, "GET", f"connections/lrs/{connection['id']}"),
        call(site, "PUT", f"connections/lrs/{connection['id']}", {"name": "New"}),
        call(site, "PUT", f"connections/lrs/{connection['id']}", {"settings": {"endpoint": "x"}}),
    ]
    assert all("s3cr3t-there" not in answer.text for answer in answers)
    assert "s3cr3t-there" not in site.services.log_text()
    assert PASSWORD not in site.services.log_text()


def test_a_secret_is_not_sent_to_another_place(site: Site) -> None:
    connection = made(site, "connections/lrs", LRS_CONNECTION)
    moved = {"settings": {"endpoint": "https://evil.example.com"}}
    path = f"connections/lrs/{connection['id']}"
    assert faults(call(site, "PUT", path, moved)) == ["settings.password"]
    moved["settings"]["password"] = "another secret"
    assert call(site, "PUT", path, moved).status == 200


@pytest.mark.parametrize(
    ("kind", "settings", "at_fault"),
    [
        ("lrs", {}, ["settings.endpoint", "settings.password", "settings.username"]),
        ("lrs", {**LRS_CONNECTION["settings"], "endpoint": "ftp://x"}, ["settings.endpoint"]),
        ("lrs", {**LRS_CONNECTION["settings"], "endpoint": "https://a:b@x"}, ["settings.endpoint"]),
        ("lrs", {**LRS_CONNECTION["settings"], "endpoint": "https://x:99999"}, ["settings.endpoint"]),
        ("lrs", {**LRS_CONNECTION["settings"], "driver": "x"}, ["settings.driver"]),
        ("file", {"prefix": "../up"}, ["settings.prefix"]),
        ("file", {"prefix": 7}, ["settings.prefix"]),
        ("db", {"driver": "mysql"}, ["settings.driver", "settings.host"]),
    ],
)
def test_every_fault_of_a_connection_is_told(
    site: Site, kind: str, settings: dict[str, object], at_fault: list[str]
) -> None:
    answer = call(site, "POST", f"connections/{kind}", {"settings": settings})
    assert sorted(faults(answer)) == ["name", *at_fault]


def test_connections_of_each_type_have_their_settings(site: Site) -> None:
    file = made(site, "connections/file", {"name": "Files", "settings": {"prefix": "exports/2026-"}})
    assert (file["type"], file["settings"]) == ("file", {"prefix": "exports/2026-"})
    settings = {"driver": "elasticsearch", "host": "https://search.example.com:9200", "prefix": "old_"}
    assert made(site, "connections/db", {"name": "Old", "settings": settings})["settings"] == settings


# ---- what all of them share


@pytest.mark.parametrize(
    "path",
    ["stores/nothing", "clients/nothing", "connections/lrs/nothing", "connections/ftp", "connections/ftp/x"],
)
def test_what_is_not_there_is_a_404(site: Site, path: str) -> None:
    for method in ("GET", "PUT"):
        answer = call(site, method, path)
        if answer.status != 405:
            assert answer.status == 404
            assert "not found" in answer.json["message"]


@pytest.mark.parametrize(
    "path", ["stores/%FF", "clients/%00", f"clients/{'x' * 5000}", "connections/lrs/%2F"]
)
def test_a_strange_id_is_refused(site: Site, path: str) -> None:
    assert call(site, "GET", path).status in (404, 422)


@pytest.mark.parametrize("body", [b"{", b"[]", b"7", b'{"slug":"a","slug":"b"}', b"\xff"])
@pytest.mark.parametrize("path", ["stores", "clients", "connections/lrs"])
def test_a_body_that_is_no_json_object_is_refused(site: Site, path: str, body: bytes) -> None:
    answer = call(site, "POST", path, body)
    assert answer.status in (400, 422)
    assert "message" in answer.json


def test_an_unknown_parameter_is_refused(site: Site) -> None:
    assert faults(call(site, "GET", "stores?name=x")) == ["name"]


def test_no_secret_is_logged(site: Site) -> None:
    made(site, "clients", NEW_CLIENT)
    call(site, "POST", "clients", NEW_CLIENT)
    site.call("GET", f"{ACCESS}/stores", "admin", password="wrong password")
    logged = site.services.log_text()
    for secret in ("battery staple", "wrong password", PASSWORD, "Basic "):
        assert secret not in logged


def test_a_table_that_does_not_answer_lets_nobody_in_and_says_so(site: Site) -> None:
    def silent(*_: object) -> None:
        raise Unavailable("The store of clients", "told to fail")

    site.store.read = silent  # type: ignore[method-assign]
    answer = call(site, "GET", "stores")
    assert answer.status == 503
    assert answer.headers["retry-after"]
    assert "told to fail" not in answer.text
