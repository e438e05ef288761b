"""cmi5 over HTTP: the whole launch of an assignable unit, request by request, and what its token does not allow.

Source: cmi5 (Quartz), 8 to 11.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from chalicelib.lrs.cmi5.rules import CMI5_CATEGORY, LAUNCH_DATA, LEARNER_PREFERENCES
from tests.functional.gateway import Answer
from tests.functional.lrs_site import Site

ACTIVITY = "http://www.example.com/LA1/001/intro?x=1"
AGENT = {"objectType": "Agent", "account": {"homePage": "http://www.example.com", "name": "1625378"}}
OTHER = {"objectType": "Agent", "account": {"homePage": "http://www.example.com", "name": "2"}}
REGISTRATION = "760e3480-ba55-4991-94b0-01820dbd23a2"
PAGE = "https://content.example.com"
ENDPOINT = "/lrs/lms/stores/north"
PUBLISHER = {"id": "http://publisher.example.com/au1"}
SESSION_ID = "https://w3id.org/xapi/cmi5/context/extensions/sessionid"
MOVE_ON = "https://w3id.org/xapi/cmi5/context/categories/moveon"
LAUNCH: dict[str, Any] = {
    "contextTemplate": {
        "registration": REGISTRATION,
        "contextActivities": {"grouping": [PUBLISHER]},
        "extensions": {SESSION_ID: "session-1"},
    },
    "launchMode": "Normal",
    "moveOn": "Passed",
    "masteryScore": 0.75,
    "returnURL": "https://lms.example.com/return",
}
STATE = {
    "activityId": ACTIVITY,
    "agent": json.dumps(AGENT),
    "registration": REGISTRATION,
    "stateId": LAUNCH_DATA,
}
PREFERENCES = {"agent": json.dumps(AGENT), "profileId": LEARNER_PREFERENCES}
VERBS = {
    "launched": "http://adlnet.gov/expapi/verbs/launched",
    "initialized": "http://adlnet.gov/expapi/verbs/initialized",
    "passed": "http://adlnet.gov/expapi/verbs/passed",
    "completed": "http://adlnet.gov/expapi/verbs/completed",
    "terminated": "http://adlnet.gov/expapi/verbs/terminated",
    "voided": "http://adlnet.gov/expapi/verbs/voided",
}


@pytest.fixture
def site() -> Site:
    site = Site()
    site.client("lms")
    return site


class Unit:
    """An assignable unit in a browser: it knows its launch URL, and nothing else."""

    def __init__(self, site: Site, url: str, version: str = "1.0.3") -> None:
        self._site, self._version = site, version
        self.launched = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.actor = json.loads(self.launched["actor"])
        self.token = ""

    def fetch(self) -> Mapping[str, Any]:
        """POSTs to the fetch URL, without credentials."""
        where = urlsplit(self.launched["fetch"])
        answer = self._site.gateway.call("POST", f"{where.path}?{where.query}", None, {"Origin": PAGE})
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["access-control-allow-origin"] == "*"
        found: Mapping[str, Any] = answer.json
        self.token = found.get("auth-token", self.token)
        return found

    def call(
        self, method: str, what: str, query: Mapping[str, str], body: object = None, **headers: str
    ) -> Answer:
        sent = {
            "Authorization": f"Basic {self.token}",
            "X-Experience-API-Version": self._version,
            "Origin": PAGE,
            **({} if body is None else {"Content-Type": "application/json"}),
            **headers,
        }
        path = f"{self.launched['endpoint']}/{what}" + (
            f"?{urlencode(query, quote_via=quote)}" if query else ""
        )
        return self._site.gateway.call(method, path, body, sent)

    def defined(
        self, verb: str, launch: Mapping[str, Any], result: object = None, number: int = 0
    ) -> dict[str, Any]:
        """A cmi5 defined statement on the context template of the launch data."""
        context = json.loads(json.dumps(launch["contextTemplate"]))
        category = [{"id": CMI5_CATEGORY}, *([{"id": MOVE_ON}] if result else [])]
        context["contextActivities"]["category"] = category
        statement = {
            "id": f"00000000-0000-4000-8000-{number:012}",
            "timestamp": "2026-11-22T05:16:35.123Z",
            "actor": self.actor,
            "verb": {"id": VERBS[verb], "display": {"en": verb}},
            "object": {"id": self.launched["activityId"]},
            "context": context,
        }
        return statement | ({"result": result} if result else {})


def launch(site: Site, **wanted: object) -> str:
    """What the LMS does: launch data, the `launched` statement, a token, and the URL of the unit."""
    lms = {"X-Experience-API-Version": "1.0.3", "Content-Type": "application/json"}
    stored = site.call("PUT", f"{ENDPOINT}/xapi/activities/state?{urlencode(STATE)}", "lms", LAUNCH, **lms)
    assert stored.status == 204, stored.text
    statement = {
        "actor": AGENT,
        "verb": {"id": VERBS["launched"]},
        "object": {"id": ACTIVITY},
        "context": {**LAUNCH["contextTemplate"]},
    }
    assert site.call("POST", f"{ENDPOINT}/xapi/statements", "lms", statement, **lms).status == 200
    request = {
        "activity_id": ACTIVITY,
        "agent": AGENT,
        "origin": PAGE,
        "registration": REGISTRATION,
        **wanted,
    }
    issued = site.call("POST", f"{ENDPOINT}/cmi5/tokens", "lms", request)
    assert issued.status == 200, issued.text
    assert set(issued.json) == {"endpoint", "token"}
    place = urlsplit(issued.json["endpoint"])
    assert place.path.endswith(f"{ENDPOINT}/xapi")
    parameters = {
        "endpoint": f"{ENDPOINT}/xapi",
        "fetch": f"{ENDPOINT}/cmi5/fetch?token={issued.json['token']}",
        "actor": json.dumps(AGENT),
        "registration": REGISTRATION,
        "activityId": ACTIVITY,
    }
    return f"https://content.example.com/start.html?{urlencode(parameters)}"


@pytest.fixture
def unit(site: Site) -> Unit:
    """A unit that was launched and has fetched its token."""
    unit = Unit(site, launch(site))
    assert "auth-token" in unit.fetch()
    return unit


def test_the_whole_session_of_an_assignable_unit(site: Site) -> None:
    unit = Unit(site, launch(site))

    assert set(unit.fetch()) == {"auth-token"}
    again = unit.fetch()
    assert again["error-code"] == "1"

    data = unit.call("GET", "activities/state", STATE)
    assert data.status == 200
    assert data.json == LAUNCH
    assert data.headers["access-control-allow-origin"] == "*"

    none_yet = unit.call("GET", "agents/profile", PREFERENCES)
    assert none_yet.status == 404

    statements = [
        unit.defined("initialized", data.json, number=1),
        unit.defined("completed", data.json, {"completion": True, "duration": "PT10M"}, number=2),
        unit.defined("passed", data.json, {"success": True, "score": {"scaled": 0.9}}, number=3),
        unit.defined("terminated", data.json, number=4),
    ]
    for statement in statements:
        sent = unit.call("PUT", "statements", {"statementId": statement["id"]}, statement)
        assert sent.status == 204, sent.text

    own = {"agent": json.dumps(AGENT), "activity": ACTIVITY, "registration": REGISTRATION}
    seen = unit.call("GET", "statements", own)
    assert seen.status == 200
    assert [each["verb"]["id"] for each in reversed(seen.json["statements"])] == [
        VERBS[name] for name in ("launched", "initialized", "completed", "passed", "terminated")
    ]


def test_the_learner_s_preferences_are_read_and_written(unit: Unit) -> None:
    wanted = {"languagePreference": "en-US,fr-FR", "audioPreference": "on"}
    written = unit.call("PUT", "agents/profile", PREFERENCES, wanted, **{"If-None-Match": "*"})
    assert written.status == 204, written.text
    assert unit.call("GET", "agents/profile", PREFERENCES).json == wanted


def test_a_unit_keeps_its_own_state(unit: Unit) -> None:
    bookmark = {**STATE, "stateId": "bookmark"}
    assert unit.call("PUT", "activities/state", bookmark, {"page": 3}).status == 204
    assert unit.call("GET", "activities/state", bookmark).json == {"page": 3}
    assert unit.call("DELETE", "activities/state", bookmark).status == 204


@pytest.mark.parametrize(
    ("method", "what", "query", "body"),
    [
        ("PUT", "activities/state", STATE, {"moveOn": "NotApplicable"}),
        ("POST", "activities/state", STATE, {"moveOn": "NotApplicable"}),
        ("DELETE", "activities/state", STATE, None),
        ("DELETE", "activities/state", {name: STATE[name] for name in STATE if name != "stateId"}, None),
        ("GET", "activities/state", {**STATE, "agent": json.dumps(OTHER)}, None),
        ("GET", "activities/state", {**STATE, "activityId": "http://other.example.com"}, None),
        ("GET", "activities/state", {name: STATE[name] for name in STATE if name != "registration"}, None),
        ("GET", "agents/profile", {**PREFERENCES, "agent": json.dumps(OTHER)}, None),
        ("GET", "agents/profile", {**PREFERENCES, "profileId": "other"}, None),
        ("GET", "activities/profile", {"activityId": "http://other.example.com", "profileId": "a"}, None),
        ("GET", "agents", {"agent": json.dumps(OTHER)}, None),
        ("GET", "activities", {"activityId": "http://other.example.com"}, None),
        ("GET", "statements", {"agent": json.dumps(OTHER)}, None),
        ("GET", "statements", {"activity": "http://other.example.com"}, None),
    ],
)
def test_what_is_not_the_session_s_is_refused_with_the_reason(
    unit: Unit, method: str, what: str, query: Mapping[str, str], body: object
) -> None:
    answer = unit.call(method, what, query, body)
    assert answer.status == 403, answer.text
    assert "This cmi5 token does not allow that" in answer.json["message"]


def test_a_unit_neither_voids_nor_speaks_for_another_nor_of_another(unit: Unit) -> None:
    void = unit.defined("voided", LAUNCH) | {"object": {"objectType": "StatementRef", "id": REGISTRATION}}
    refused = [
        void,
        unit.defined("initialized", LAUNCH) | {"actor": OTHER},
        unit.defined("initialized", LAUNCH) | {"object": {"id": "http://other.example.com"}},
        unit.defined("launched", LAUNCH),
    ]
    for statement in refused:
        answer = unit.call(
            "POST", "statements", {}, [unit.defined("initialized", LAUNCH, number=1), statement]
        )
        assert answer.status == 403, answer.text
    seen = unit.call("GET", "statements", {})
    assert [each["verb"]["id"] for each in seen.json["statements"]] == [VERBS["launched"]]


def test_a_statement_of_another_learner_is_not_shown_by_its_id(site: Site, unit: Unit) -> None:
    statement = unit.defined("initialized", LAUNCH, number=7) | {"actor": OTHER}
    lms = {"X-Experience-API-Version": "1.0.3", "Content-Type": "application/json"}
    assert site.call("POST", f"{ENDPOINT}/xapi/statements", "lms", statement, **lms).status == 200
    answer = unit.call("GET", "statements", {"statementId": statement["id"]})
    assert answer.status == 403


def test_a_page_of_another_origin_gets_nothing_with_the_token(unit: Unit) -> None:
    answer = unit.call("GET", "activities/state", STATE, Origin="https://evil.example.com")
    assert answer.status == 403
    assert PAGE in answer.json["message"]


def test_a_token_does_not_make_tokens_and_is_for_its_store_alone(site: Site, unit: Unit) -> None:
    headers = {"Authorization": f"Basic {unit.token}", "X-Experience-API-Version": "1.0.3"}
    request = {"activity_id": ACTIVITY, "agent": OTHER, "origin": PAGE}
    assert site.gateway.call("POST", f"{ENDPOINT}/cmi5/tokens", request, headers).status == 403
    other = f"/lrs/lms/stores/south/xapi/activities/state?{urlencode(STATE)}"
    assert site.gateway.call("GET", other, None, headers).status == 403
    site.client("other")
    path = f"/lrs/other/stores/north/xapi/activities/state?{urlencode(STATE)}"
    assert site.gateway.call("GET", path, None, headers).status == 401


def test_whoever_lacks_the_permission_gets_no_token(site: Site) -> None:
    site.client("reader", permissions=("xapi/all",))
    request = {"activity_id": ACTIVITY, "agent": AGENT, "origin": PAGE}
    assert site.call("POST", "/lrs/reader/stores/north/cmi5/tokens", "reader", request).status == 403
    assert site.call("POST", f"{ENDPOINT}/cmi5/tokens", None, request).status == 401


def test_what_is_missing_from_a_request_for_a_token_is_told_by_field(site: Site) -> None:
    answer = site.call("POST", f"{ENDPOINT}/cmi5/tokens", "lms", {})
    assert answer.status == 422
    assert set(answer.json["errors"]) == {"activity_id", "agent", "origin"}


def test_a_fetch_url_that_is_none_says_so_in_the_form_of_cmi5(site: Site) -> None:
    for query in ("", "?token=", "?token=abc"):
        answer = site.gateway.call("POST", f"{ENDPOINT}/cmi5/fetch{query}", None, {})
        assert answer.status == 200
        assert answer.json["error-code"] == "2"
    assert site.gateway.call("GET", f"{ENDPOINT}/cmi5/fetch?token=abc", None, {}).status == 405


@pytest.mark.parametrize(("told", "scheme"), [("https", "https"), ("http", "http")])
def test_the_endpoint_is_the_address_that_the_client_used(site: Site, told: str, scheme: str) -> None:
    request = {"activity_id": ACTIVITY, "agent": AGENT, "origin": PAGE}
    headers = {"Host": "lrs.example.org", "X-Forwarded-Proto": told}
    answer = site.call("POST", f"{ENDPOINT}/cmi5/tokens", "lms", request, **headers)
    assert answer.json["endpoint"] == f"{scheme}://lrs.example.org/api{ENDPOINT}/xapi"
