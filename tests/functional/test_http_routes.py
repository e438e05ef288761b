"""Every path with every method and every kind of caller is answered by the application, in its own words."""

import json
from pathlib import Path

import pytest

from chalicelib.web import routing
from chalicelib.web.call import Audience, Route
from chalicelib.web.gateway import METHODS, HttpApi
from tests.functional.gateway import Gateway, matching
from tests.functional.stand_ins import StandIns

ENVELOPED_401 = {"status": "error", "message": "Unauthenticated.", "data": None}
BARE_401 = {"message": "Unauthenticated."}
BARE_403 = {"message": "This action is unauthorized."}


def target(route: Route) -> str:
    return route.path.replace("{articleNumber}", "12411116")


CLOSED = [route for route in routing.ROUTES if route.audience is not Audience.ANYONE]
ADMINS = [route for route in routing.ROUTES if route.audience is Audience.ADMIN]


def test_every_call_of_the_contract_is_served_and_only_the_document_is_open_to_anyone() -> None:
    contract = json.loads((Path(__file__).parent / "data" / "article-api.contract.json").read_text("utf-8"))
    documented = {(call["method"], call["path"].removeprefix("/api")) for call in contract}
    assert len(documented) == 20
    assert documented <= {(route.method, route.path) for route in routing.ROUTES}
    assert {route.path for route in routing.ROUTES if route.audience is Audience.ANYONE} == {"/openapi.json"}


@pytest.mark.parametrize("token", [None, "nonsense", "a|b", "x" * 5000, "é"])
@pytest.mark.parametrize("route", CLOSED, ids=lambda route: route.name)
def test_without_a_valid_token_nothing_is_done(
    route: Route, token: str | None, anyone: Gateway, services: StandIns
) -> None:
    answer = anyone.call(route.method, target(route), token=token)
    assert answer.status == 401
    assert answer.json == (BARE_401 if route in ADMINS else ENVELOPED_401)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert services.commands.given == []
    assert services.article_store.calls == {}


@pytest.mark.parametrize("scheme", ["Basic", "Token", "", "Bearer Bearer"])
def test_only_a_bearer_token_counts(scheme: str, anyone: Gateway, services: StandIns) -> None:
    token = services.token("user@example.org")
    answer = anyone.call("GET", "/v1/jobs/jobs", headers={"Authorization": f"{scheme} {token}"})
    assert answer.status == 401


@pytest.mark.parametrize("route", ADMINS, ids=lambda route: route.name)
def test_a_user_may_not_make_an_admin_call(route: Route, user: Gateway) -> None:
    answer = user.call(route.method, target(route), {"email": "user@example.org"})
    assert (answer.status, answer.json) == (403, BARE_403)


@pytest.mark.parametrize("caller", ["user", "admin"])
@pytest.mark.parametrize("route", CLOSED, ids=lambda route: route.name)
def test_who_may_make_a_call_gets_past_the_door(
    route: Route, caller: str, request: pytest.FixtureRequest
) -> None:
    if caller == "user" and route in ADMINS:
        assert request.getfixturevalue("user").call(route.method, target(route)).status == 403
        return
    assert request.getfixturevalue(caller).call(route.method, target(route)).status not in (
        401,
        403,
        405,
        500,
    )


@pytest.mark.parametrize("path", sorted(routing.TABLE))
@pytest.mark.parametrize("method", [*METHODS, "TRACE", "CONNECT"])
def test_a_method_that_is_not_there_is_a_405_with_those_that_are(
    method: str, path: str, admin: Gateway
) -> None:
    allowed = [*routing.TABLE[path], "OPTIONS"]
    if method in allowed:
        return
    answer = admin.call(method, path.replace("{articleNumber}", "1"))
    assert answer.status == 405
    assert answer.headers["allow"].split(", ") == allowed
    assert method == "HEAD" or answer.json["status"] == "error"


def test_the_gateway_is_told_of_every_method_on_every_path(api: HttpApi) -> None:
    assert {path: sorted(methods) for path, methods in api.routes.items()} == {
        path: sorted(METHODS)
        for path in (*(path for each in routing.APIS for path in each.table), "/", "/{proxy+}")
    }


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("path", ["/", "/v1/nothing"])
def test_a_call_with_a_token_to_an_unknown_path_reaches_the_application(
    method: str, path: str, user: Gateway, api: HttpApi
) -> None:
    """The gateway would take the token for a broken signature, and answer so."""
    found = matching(api.routes, path)
    assert found is not None
    assert found[0] in ("/", "/{proxy+}")
    assert user.call(method, path).status == 404


@pytest.mark.parametrize(
    "path", ["", "/", "/v1", "/v1/articles/1/2/3", "/v2/articles", "/v1/admin", "/openapi"]
)
def test_an_unknown_path_is_a_404_in_the_envelope(path: str, user: Gateway) -> None:
    answer = user.call("GET", path)
    assert answer.status == 404
    assert list(answer.json) == ["status", "message", "data"]


@pytest.mark.parametrize("route", routing.ROUTES, ids=lambda route: route.name)
def test_head_is_answered_where_a_get_changes_nothing(
    route: Route, admin: Gateway, services: StandIns
) -> None:
    answer = admin.call("HEAD", target(route))
    reads = [each for each in routing.ROUTES if (each.method, each.path) == ("GET", route.path)]
    harmless = any(not each.mutates for each in reads)
    assert (answer.status != 405) is harmless
    assert answer.text == ""
    assert services.commands.given == []


@pytest.mark.parametrize("name", ["clear", "clearsuccessful", "flush"])
def test_a_get_that_changes_state_is_never_stored(name: str, user: Gateway) -> None:
    assert user.call("GET", f"/v1/jobs/{name}").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/v1/jobs/jobs", "/v1/articles/1", "/nowhere"])
def test_any_other_answer_is_checked_before_it_is_used_again(path: str, user: Gateway) -> None:
    assert user.call("GET", path).headers["cache-control"] == "no-cache, private"


def test_every_get_that_changes_state_is_marked() -> None:
    marked = {route.path for route in routing.ROUTES if route.mutates}
    assert marked == {
        "/v1/articles/delete/{articleNumber}",
        "/v1/jobs/clear",
        "/v1/jobs/clearsuccessful",
        "/v1/jobs/flush",
    }


def test_two_routes_cannot_answer_the_same_call() -> None:
    with pytest.raises(ValueError, match="two routes"):
        routing.by_path((routing.DOCUMENT, routing.DOCUMENT))
