"""What the calls of clients leave in the general log."""

from typing import Any

import pytest

from chalicelib.ports.logs import LogEntry
from tests.functional.gateway import Answer
from tests.functional.lrs_site import Site

XAPI = "/lrs/ada/stores/north/xapi"
JSON = {"Content-Type": "application/json"}
SECRET = "a long secret"


@pytest.fixture
def site() -> Site:
    site = Site()
    site.client("ada")
    return site


def entries(site: Site) -> list[LogEntry]:
    return site.world.stored.log_store.all()


def post(site: Site, body: object, **headers: Any) -> Answer:
    return site.call("POST", f"{XAPI}/statements", "ada", body, **(JSON | headers))


def test_statements_that_were_refused_are_told_of_without_their_content(site: Site) -> None:
    assert post(site, [{"actor": {"mbox": "mailto:ann@example.com"}}]).status == 400
    (entry,) = entries(site)
    assert (entry.type, entry.level, entry.store, entry.client) == ("xapi", 3, "north", "ada")
    assert (entry.details["method"], entry.details["status"]) == ("POST", "400")
    assert "ann@example.com" not in str(entry)


def test_who_lacks_a_permission_is_told_of(site: Site) -> None:
    site.client("bob", permissions=("xapi/state",))
    answer = site.call("GET", "/lrs/bob/stores/north/xapi/statements", "bob")
    assert answer.status == 403
    (entry,) = entries(site)
    assert (entry.level, entry.client, entry.details["status"]) == (3, "bob", "403")


def test_changes_of_access_are_told_of_and_no_secret(site: Site) -> None:
    store = site.call("POST", "/lrs/ada/access/stores", "ada", {"slug": "east", "name": "East"})
    body = {
        "slug": "eve",
        "name": "Eve",
        "store": "north",
        "guard": "basic-http",
        "credentials": {"username": "eve", "password": SECRET},
    }
    client = site.call("POST", "/lrs/ada/access/clients", "ada", body)
    assert (store.status, client.status) == (201, 201), client.text
    made = client.json["data"]["id"]
    assert site.call("DELETE", f"/lrs/ada/access/clients/{made}", "ada").status == 204
    found = entries(site)
    assert [(each.type, each.level, each.client) for each in found] == [("access", 2, "ada")] * 3
    assert [each.details["id"] for each in found] == [store.json["data"]["id"], made, made]
    assert SECRET not in str(found)


@pytest.mark.parametrize(
    ("method", "path", "user"),
    [
        ("GET", f"{XAPI}/agents", "ada"),
        ("GET", f"{XAPI}/about", None),
        ("GET", f"{XAPI}/statements?statementId=x", "ada"),
        ("GET", "/lrs/ada/access/stores", "ada"),
        ("GET", f"{XAPI}/statements", None),
        ("POST", f"{XAPI}/statements", "nobody"),
        ("GET", f"{XAPI}/nothing", "ada"),
    ],
)
def test_everyday_calls_and_strangers_leave_nothing(
    site: Site, method: str, path: str, user: str | None
) -> None:
    site.call(method, path, user)
    assert entries(site) == []


def test_what_went_wrong_on_our_side_is_told_of(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*_: object) -> None:
        raise ZeroDivisionError("with a body in its text")

    monkeypatch.setattr(site.world.reader, "query", bug)
    assert site.call("GET", f"{XAPI}/statements", "ada").status == 500
    (entry,) = entries(site)
    assert (entry.level, entry.details["status"]) == (4, "500")
    assert "with a body" not in str(entry)


def test_a_log_that_is_away_changes_no_answer(site: Site) -> None:
    site.world.stored.log_store.down = True
    assert post(site, [{}]).status == 400
    assert site.world.failures
