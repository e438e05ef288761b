"""The addresses that the record store tells hold wherever it is reached: at its stage, at a domain of its own."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from chalicelib.lrs.access.basic import basic_value
from tests.functional.gateway import Context, event
from tests.functional.lrs_client import statement
from tests.functional.lrs_site import PASSWORD, Site

# Where it is reached → host, and what stands before the paths of the routes there.
PLACES = {
    "the stage": ("abc.execute-api.eu-west-1.amazonaws.com", "/api"),
    "a domain of its own": ("learn.example.org", ""),
    "a base path of a domain": ("example.org", "/records"),
    "a base path that looks like a route": ("example.org", "/lrs"),
}


@pytest.fixture
def site() -> Site:
    made = Site()
    made.client("lms")
    return made


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> tuple[str, str]:
    return PLACES[request.param]


def call(site: Site, place: tuple[str, str], method: str, target: str, body: object = None) -> Any:
    """One call as the gateway passes it on that is reached there."""
    (host, prefix), routes = place, site.gateway.api.routes
    headers = {
        "Host": host,
        "X-Forwarded-Proto": "https",
        "Authorization": f"Basic {basic_value('lms', PASSWORD)}",
        "X-Experience-API-Version": "2.0.0",
        "Content-Type": "application/json",
    }
    raw = None if body is None else json.dumps(body).encode()
    asked = event(routes, method, target, headers, raw)
    asked["requestContext"] |= {"path": prefix + urlsplit(target).path, "domainName": host}
    answer = site.gateway.api(asked, Context())
    assert answer["statusCode"] in (200, 201), answer
    return json.loads(answer["body"])


def below(place: tuple[str, str], address: str) -> str:
    """The path of an address under what stands before the routes there."""
    host, prefix = place
    told = urlsplit(address)
    assert (told.scheme, told.netloc) == ("https", host)
    assert told.path.startswith(f"{prefix}/lrs/lms")
    return told.path.removeprefix(prefix)


def test_the_endpoints_of_a_client_lead_to_it(site: Site, place: tuple[str, str]) -> None:
    told = call(site, place, "GET", "/lrs/lms/access/clients/lms")["data"]
    xapi, store, base = (below(place, told[f"{name}_endpoint"]) for name in ("xapi", "store", "base"))
    assert call(site, place, "GET", f"{xapi}/statements")["statements"] == []
    assert call(site, place, "GET", f"{store}/data/statements")["data"] == []
    assert call(site, place, "GET", f"{base}/access/stores")["data"]
    agent = {"mbox": "mailto:ann@example.org"}
    wanted = {"activity_id": "http://example.org/au", "agent": agent, "origin": "https://content.example"}
    issued = call(site, place, "POST", below(place, told["cmi5_endpoint"]), wanted)
    assert issued["endpoint"] == told["xapi_endpoint"]


def test_more_leads_on_to_the_end(site: Site, place: tuple[str, str]) -> None:
    _, prefix = place
    target = "/lrs/lms/stores/north/xapi/statements"
    call(site, place, "POST", target, [statement(number) for number in (1, 2, 3)])
    answer = call(site, place, "GET", f"{target}?limit=1")
    seen = [answer["statements"][0]["id"]]
    while answer["more"]:
        assert answer["more"].startswith(f"{prefix}{target}?")
        answer = call(site, place, "GET", answer["more"].removeprefix(prefix))
        seen += [each["id"] for each in answer["statements"]]
    assert [int(each[-1]) for each in seen] == [3, 2, 1]
