"""Who may make which call: every route of the record store, with every permission, on own and other paths.

The table is `LETS_IN`. A route that is not in it fails, and so does a row without a route.
"""

import re
from dataclasses import replace
from typing import cast

import pytest

from chalicelib.lrs.access.basic import basic_value
from chalicelib.lrs.access.permissions import GRANTS, PERMISSIONS, RIGHTS, allows, giving, needed_by, of_token
from chalicelib.lrs.cmi5.request import TokenRequest
from chalicelib.web import routing
from chalicelib.web.call import Answer, Call
from chalicelib.web.lrs import routes as lrs_routes
from chalicelib.web.lrs.route import LrsRoute
from tests.functional.lrs_site import PASSWORD, Site

OPEN = None
ACCESS = {"access/all"}
ALL = "xapi/all"
READ_STATEMENTS = {"xapi/statements/read/mine", "xapi/statements/read", "xapi/all/read", ALL}
CHANGES = ("PUT", "POST", "DELETE")
OF_PROFILES = ("activities", "agents")
SERVICES = (
    *("statements", "activities", "agents", "activity-profiles", "agent-profiles", "states", "persons"),
    *("verbs", "activity-types", "attachment-usage-types", "activity-ids", "agent-ids"),
)

LETS_IN: dict[tuple[str, str], set[str] | None] = {
    ("GET", "S/xapi/about"): OPEN,
    ("GET", "S/xapi/statements"): READ_STATEMENTS,
    ("PUT", "S/xapi/statements"): {"xapi/statements/write", ALL},
    ("POST", "S/xapi/statements"): {"xapi/statements/write", ALL},
    ("GET", "S/xapi/agents"): {"xapi/statements/read", "xapi/profile", "xapi/all/read", ALL},
    ("GET", "S/xapi/activities"): READ_STATEMENTS | {"xapi/state", "xapi/profile"},
    **{(method, "S/xapi/activities/state"): {"xapi/state", ALL} for method in CHANGES},
    ("GET", "S/xapi/activities/state"): {"xapi/state", "xapi/all/read", ALL},
    **{(method, f"S/xapi/{of}/profile"): {"xapi/profile", ALL} for method in CHANGES for of in OF_PROFILES},
    **{("GET", f"S/xapi/{of}/profile"): {"xapi/profile", "xapi/all/read", ALL} for of in OF_PROFILES},
    **{("GET", f"S/data/{service}"): {"data/all"} for service in SERVICES},
    ("POST", "S/data/persons"): {"data/all"},
    ("GET", "B/logs"): {"logging/all"},
    **{(method, "B/jobs/{type}"): {"jobs/all"} for method in ("POST", "GET", "DELETE")},
    **{(method, "B/jobs/{type}/{id}"): {"jobs/all"} for method in ("GET", "PUT", "DELETE")},
    ("GET", "B/jobs/{type}/{id}/logs"): {"jobs/all"},
    ("POST", "B/jobs/{type}/{id}/stop"): {"jobs/all"},
    ("POST", "B/jobs/{type}/{id}/resume"): {"jobs/all"},
    ("POST", "S/cmi5/tokens"): {"cmi5/tokens"},
    ("POST", "S/cmi5/fetch"): OPEN,
    ("POST", "B/access/stores"): ACCESS,
    ("GET", "B/access/stores"): ACCESS,
    ("GET", "B/access/stores/{id}"): ACCESS,
    ("PUT", "B/access/stores/{id}"): ACCESS,
    ("POST", "B/access/clients"): ACCESS,
    ("GET", "B/access/clients"): ACCESS,
    ("GET", "B/access/clients/{id}"): ACCESS,
    ("PUT", "B/access/clients/{id}"): ACCESS,
    ("DELETE", "B/access/clients/{id}"): ACCESS,
    ("POST", "B/access/connections/{type}"): ACCESS,
    ("GET", "B/access/connections/{type}"): ACCESS,
    ("GET", "B/access/connections/{type}/{id}"): ACCESS,
    ("PUT", "B/access/connections/{type}/{id}"): ACCESS,
    ("DELETE", "B/access/connections/{type}/{id}"): ACCESS,
}
"""Method and path (`B`: the base endpoint, `S`: the store endpoint) → the permissions that let a client in."""


def short(route: LrsRoute) -> tuple[str, str]:
    path = route.path.replace("/lrs/{client}/stores/{store}", "S").replace("/lrs/{client}", "B")
    return route.method, path


ROUTES = {short(route): route for route in lrs_routes.ROUTES}
CLOSED = [key for key in ROUTES if LETS_IN.get(key) is not OPEN]
IN_STORE = [key for key in CLOSED if key[1].startswith("S")]

each_route = pytest.mark.parametrize("key", CLOSED, ids=" ".join)


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The calls that got to their handlers, which do nothing here."""
    names: list[str] = []

    def handle(call: Call) -> Answer:
        names.append(call.route.name)
        return Answer(204, None)

    table = routing.by_path([replace(route, handler=handle) for route in lrs_routes.ROUTES])
    monkeypatch.setattr(routing.LRS, "table", table)
    return names


@pytest.fixture
def site() -> Site:
    made = Site()
    made.client("other", "south")
    return made


def path(key: tuple[str, str], client: str = "ada", store: str = "north") -> str:
    filled = key[1].replace("S/", f"/lrs/{client}/stores/{store}/").replace("B/", f"/lrs/{client}/")
    return re.sub(r"\{type\}", "lrs", filled.replace("{id}", "id-1"))


def test_every_route_stands_in_the_table() -> None:
    assert LETS_IN.keys() == ROUTES.keys()
    for key, route in ROUTES.items():
        assert route.open is (LETS_IN[key] is OPEN), key


@pytest.mark.parametrize("permission", PERMISSIONS)
@each_route
def test_one_permission_lets_in_where_the_table_says_so(
    key: tuple[str, str], permission: str, site: Site, reached: list[str]
) -> None:
    site.client("ada", permissions=[permission])
    let_in = permission in cast(set[str], LETS_IN[key])
    for method in ROUTES[key].methods:
        reached.clear()
        answer = site.call(method, path(key), "ada")
        assert answer.status == (204 if let_in else 403)
        assert reached == ([ROUTES[key].name] if let_in else [])
    if not let_in and key[0] != "GET":
        assert all(name in answer.json["message"] for name in cast(set[str], LETS_IN[key]))


@each_route
def test_without_any_permission_nothing_is_let_in(
    key: tuple[str, str], site: Site, reached: list[str]
) -> None:
    site.client("ada", permissions=[])
    assert site.call(key[0], path(key), "ada").status == 403
    assert reached == []


@pytest.mark.parametrize("user", [None, "nobody", "ada"])
@each_route
def test_without_right_credentials_nothing_is_told(
    key: tuple[str, str], user: str | None, site: Site, reached: list[str]
) -> None:
    site.client("ada")
    for client, store in (("ada", "north"), ("ada", "south"), ("other", "south"), ("nothing", "nowhere")):
        answer = site.call(key[0], path(key, client, store), user, password="wrong password")
        assert answer.status == 401
        assert answer.json == {"message": "Unauthenticated."}
        assert answer.headers["www-authenticate"].startswith("Basic ")
    assert reached == []


@each_route
def test_another_clients_path_is_forbidden_and_an_unknown_one_is_not_there(
    key: tuple[str, str], site: Site, reached: list[str]
) -> None:
    site.client("ada")
    for client, store, status in (
        ("other", "south", 403),
        ("other", "north", 403),
        ("nothing", "north", 404),
    ):
        assert site.call(key[0], path(key, client, store), "ada").status == status
    assert reached == []


@pytest.mark.parametrize("key", IN_STORE, ids=" ".join)
def test_another_store_is_forbidden_and_an_unknown_one_is_not_there(
    key: tuple[str, str], site: Site, reached: list[str]
) -> None:
    site.client("ada")
    assert site.call(key[0], path(key, store="south"), "ada").status == 403
    assert site.call(key[0], path(key, store="nowhere"), "ada").status == 404
    assert reached == []


@pytest.mark.parametrize("key", IN_STORE, ids=" ".join)
def test_a_store_that_is_being_deleted_lets_nobody_in(
    key: tuple[str, str], site: Site, reached: list[str]
) -> None:
    site.client("ada")
    north = site.store.read("", "north").store
    assert site.store.put_store(replace(north, version="v2", status="deleting"), "v1")
    assert site.call(key[0], path(key), "ada").status == 403
    assert reached == []


@each_route
def test_who_is_revoked_is_out_at_the_next_request(
    key: tuple[str, str], site: Site, reached: list[str]
) -> None:
    record = site.client("ada")
    assert site.call(key[0], path(key), "ada").status == 204
    changed = replace(record, version="v2", permissions=frozenset())
    assert site.store.put_client(changed, "v1")
    assert site.call(key[0], path(key), "ada").status == 403
    assert site.store.delete_client(changed)
    assert site.call(key[0], path(key), "ada").status == 401
    assert len(reached) == 1


@pytest.mark.parametrize("key", [key for key in CLOSED if ROUTES[key].switch], ids=" ".join)
def test_an_api_that_is_switched_off_is_not_there(key: tuple[str, str], reached: list[str]) -> None:
    site = Site(**{ROUTES[key].switch.upper(): "false"})
    site.client("ada")
    for user in (None, "ada"):
        assert site.call(key[0], path(key), user).status == 404
    assert reached == []


@pytest.mark.parametrize("key", CLOSED, ids=" ".join)
def test_a_cmi5_token_gets_no_further_than_xapi(key: tuple[str, str], site: Site, reached: list[str]) -> None:
    site.client("ada")
    agent = {"objectType": "Agent", "account": {"homePage": "https://lms.example.com", "name": "7"}}
    wanted = {"activity_id": "https://example.com/au", "agent": agent, "origin": "https://au.example.com"}
    principal = site.world.guard.authenticate(f"Basic {basic_value('ada', PASSWORD)}", "ada", "north")
    token = site.world.cmi5_tokens.issue(principal, TokenRequest.read(wanted))
    headers = {
        "Authorization": f"Basic {token}",
        "X-Experience-API-Version": "2.0.0",
        "Origin": "https://au.example.com",
    }
    answer = site.gateway.call(key[0], path(key), None, headers)
    lets_in = bool(cast(set[str], LETS_IN[key]) & of_token(PERMISSIONS))
    assert key[1].startswith("S/xapi/") or not lets_in
    if lets_in:
        # whoever has the permission is held to its own agent and activity, which this call does not name
        assert answer.status == 204 or "This cmi5 token does not allow that" in answer.json["message"]
    else:
        assert (answer.status, reached) == (403, [])
    for client, store in (("other", "south"), ("nothing", "north")):
        assert site.gateway.call(key[0], path(key, client, store), None, headers).status == 401


# ---- the permissions themselves


def test_what_each_permission_implies() -> None:
    assert len(PERMISSIONS) == 12
    assert set(PERMISSIONS) <= RIGHTS | {ALL, "xapi/all/read"}
    xapi = {right for right in RIGHTS if right.startswith("xapi/")}
    assert GRANTS[ALL] == xapi
    reading = {right for right in xapi if "/read" in right}
    assert GRANTS["xapi/all/read"] == reading
    for right in xapi - reading:
        assert not allows({"xapi/all/read"}, right)
    for permission in PERMISSIONS:
        if not permission.startswith("xapi/"):
            assert GRANTS[permission] == {permission}


def test_what_is_no_right_is_never_given() -> None:
    assert not allows(PERMISSIONS, "xapi/everything")
    assert not allows({"admin"}, "admin")
    with pytest.raises(KeyError):
        giving("xapi/everything")


def test_every_xapi_resource_needs_a_right() -> None:
    for resource in ("statements", "activities/state", "activities/profile", "agents/profile"):
        for method in ("GET", "HEAD", "PUT", "POST", "DELETE"):
            assert giving(needed_by(resource, method))
    for resource in ("activities", "agents"):
        assert giving(needed_by(resource, "GET"))
        with pytest.raises(KeyError):
            needed_by(resource, "PUT")
