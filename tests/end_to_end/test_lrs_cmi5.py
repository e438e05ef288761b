"""The launch of an assignable unit on the packaged record store, request by request, as an LMS and a page send them.

Source: cmi5 (Quartz) 8 (launch), 9 (statements), 10 (State API), 11 (Agent Profile API).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import uuid4

import pytest

from chalicelib.lrs.cmi5.rules import CMI5_CATEGORY, LAUNCH_DATA, LEARNER_PREFERENCES
from infra.local.description import LrsClient
from tests.end_to_end.http_client import Answer, HttpClient
from tests.end_to_end.lrs_client import LrsCaller
from tests.end_to_end.lrs_statements import BOB
from tests.end_to_end.system import System

PAGE = "https://content.example.com"
MOVE_ON = "https://w3id.org/xapi/cmi5/context/categories/moveon"
SESSION_ID = "https://w3id.org/xapi/cmi5/context/extensions/sessionid"
PREFERENCES = {"languagePreference": "en-US", "audioPreference": "on"}
VERBS = "http://adlnet.gov/expapi/verbs/"


@dataclass(frozen=True)
class Launch:
    """What the LMS knows of a launch."""

    lms: LrsCaller
    activity: str
    agent: dict[str, Any]
    registration: str
    data: dict[str, Any]
    url: str

    @property
    def state(self) -> dict[str, str]:
        """Where the launch data is."""
        return {
            "activityId": self.activity,
            "agent": json.dumps(self.agent),
            "registration": self.registration,
            "stateId": LAUNCH_DATA,
        }

    @property
    def preferences(self) -> dict[str, str]:
        return {"agent": json.dumps(self.agent), "profileId": LEARNER_PREFERENCES}


class Browser:
    """A page of the assignable unit: it has its launch URL alone, and asks before each call that is not simple."""

    def __init__(self, launch: Launch, origin: str = PAGE) -> None:
        found = parse_qs(urlsplit(launch.url).query)
        self.launched = {name: values[0] for name, values in found.items()}
        self.origin, self.token = origin, ""
        place = urlsplit(self.launched["endpoint"])
        self._http, self._xapi = HttpClient(f"{place.scheme}://{place.netloc}"), place.path

    def fetch(self) -> Mapping[str, Any]:
        """POSTs to the fetch URL, without credentials (8.2)."""
        place = urlsplit(self.launched["fetch"])
        answer = self._http.call("POST", f"{place.path}?{place.query}", None, {"Origin": self.origin})
        assert answer.status == 200, answer.body
        assert answer.headers["content-type"].startswith("application/json")
        assert answer.headers["access-control-allow-origin"] in ("*", self.origin)
        found: Mapping[str, Any] = answer.json
        self.token = found.get("auth-token", self.token)
        return found

    def call(
        self,
        method: str,
        resource: str,
        query: Mapping[str, str] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        path = f"{self._xapi}/{resource}?{urlencode(query or {})}"
        sent = {
            "Authorization": f"Basic {self.token}",
            "X-Experience-API-Version": "1.0.3",
            **({} if body is None else {"Content-Type": "application/json"}),
            **(headers or {}),
        }
        self._preflight(method, path, sent)
        answer = self._http.call(method, path, body, {**sent, "Origin": self.origin})
        assert answer.headers["access-control-allow-origin"] in ("*", self.origin)
        return answer

    def _preflight(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        names = sorted(name.lower() for name in headers)
        asked = {
            "Origin": self.origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": ",".join(names),
        }
        answer = self._http.call("OPTIONS", path, None, asked)
        assert answer.status in (200, 204), answer.body
        assert answer.headers["access-control-allow-origin"] in ("*", self.origin)
        assert method in answer.headers["access-control-allow-methods"].split(", ")
        allowed = answer.headers["access-control-allow-headers"].lower().split(", ")
        assert set(names) <= set(allowed)

    def defined(
        self, verb: str, data: Mapping[str, Any], result: object = None, **other: object
    ) -> dict[str, Any]:
        """A cmi5 defined statement on the context template of the launch data (9, 10)."""
        template = data["contextTemplate"]
        category = [{"id": CMI5_CATEGORY}, *([{"id": MOVE_ON}] if result else [])]
        context = {
            **template,
            "contextActivities": {**template["contextActivities"], "category": category},
        }
        made = {
            "id": str(uuid4()),
            "timestamp": "2026-11-22T05:16:35.123Z",
            "actor": json.loads(self.launched["actor"]),
            "verb": {"id": f"{VERBS}{verb}", "display": {"en": verb}},
            "object": {"objectType": "Activity", "id": self.launched["activityId"]},
            "context": context,
        }
        return {**made, **({"result": result} if result else {}), **other}


@pytest.fixture
def lms(system: System) -> LrsCaller:
    """A client of its own, of the guard for content, made as an administrator would."""
    (ready,) = [each for each in system.description.lrs if each.xapi_version == "1.0"]
    slug = uuid4().hex
    wanted = {
        "slug": slug,
        "store": ready.store,
        "credentials": {"username": slug, "password": ready.password},
        "permissions": {"xapi/all": True, "cmi5/tokens": True},
    }
    answer = LrsCaller(ready).call("POST", f"{ready.base_endpoint}/access/clients", wanted)
    assert answer.status == 201, answer.body
    addresses = {name: value for name, value in answer.json["data"].items() if name.endswith("_endpoint")}
    return LrsCaller(LrsClient(slug, ready.store, "1.0", slug, ready.password, **addresses))


@pytest.fixture
def launch(lms: LrsCaller) -> Launch:
    """What the LMS does before the launch (8.1, 10, 11), up to the URL that it opens."""
    activity, registration = f"http://example.com/au/{uuid4()}", str(uuid4())
    agent = {
        "objectType": "Agent",
        "account": {"homePage": "https://lms.example.com", "name": uuid4().hex},
    }
    data = {
        "contextTemplate": {
            "registration": registration,
            "contextActivities": {"grouping": [{"id": "http://publisher.example.com/au"}]},
            "extensions": {SESSION_ID: uuid4().hex},
        },
        "launchMode": "Normal",
        "moveOn": "CompletedAndPassed",
        "masteryScore": 0.75,
    }
    made = Launch(lms, activity, agent, registration, data, "")
    assert lms.xapi("PUT", "activities/state", made.state, data).status == 204
    absent: dict[str, Any] = {"If-None-Match": "*"}
    assert lms.xapi("PUT", "agents/profile", made.preferences, PREFERENCES, **absent).status == 204
    launched = {
        "actor": agent,
        "verb": {"id": f"{VERBS}launched"},
        "object": {"id": activity},
        "context": data["contextTemplate"],
    }
    lms.record(launched)
    wanted = {"activity_id": activity, "agent": agent, "origin": PAGE, "registration": registration}
    issued = lms.call("POST", lms.ready.cmi5_endpoint, wanted)
    assert issued.status == 200, issued.body
    assert issued.json["endpoint"] == lms.ready.xapi_endpoint
    parameters = {
        "endpoint": issued.json["endpoint"],
        "fetch": f"{lms.ready.store_endpoint}/cmi5/fetch?token={issued.json['token']}",
        "actor": json.dumps(agent),
        "registration": registration,
        "activityId": activity,
    }
    return Launch(lms, activity, agent, registration, data, f"{PAGE}/start.html?{urlencode(parameters)}")


@pytest.fixture
def page(launch: Launch) -> Browser:
    """The page after it fetched its token."""
    page = Browser(launch)
    assert set(page.fetch()) == {"auth-token"}
    return page


def test_a_session_goes_from_its_launch_to_terminated(launch: Launch) -> None:
    page = Browser(launch)
    assert set(page.fetch()) == {"auth-token"}
    assert page.fetch()["error-code"] == "1"  # once alone (8.2.2)

    data = page.call("GET", "activities/state", launch.state)
    assert (data.status, data.json) == (200, launch.data)
    preferences = page.call("GET", "agents/profile", launch.preferences)
    assert (preferences.status, preferences.json) == (200, PREFERENCES)

    for verb, result in (
        ("initialized", None),
        ("completed", {"completion": True, "duration": "PT10M"}),
        ("passed", {"success": True, "score": {"scaled": 0.9}, "duration": "PT10M"}),
    ):
        made = page.defined(verb, data.json, result)
        answer = page.call("PUT", "statements", {"statementId": made["id"]}, made)
        assert answer.status == 204, answer.body
    allowed = page.defined("experienced", data.json)  # any verb, where it does not say that cmi5 defined it
    allowed["context"]["contextActivities"].pop("category")
    last = page.defined("terminated", data.json, {"duration": "PT12M"})
    last["context"]["contextActivities"]["category"].pop()
    assert page.call("POST", "statements", None, [allowed, last]).json == [allowed["id"], last["id"]]

    bookmark = {**launch.state, "stateId": "bookmark"}
    assert page.call("PUT", "activities/state", bookmark, {"page": 3}).status == 204
    assert page.call("GET", "activities/state", bookmark).json == {"page": 3}
    changed = {**PREFERENCES, "audioPreference": "off"}
    match = {"If-Match": preferences.headers["etag"]}
    assert page.call("PUT", "agents/profile", launch.preferences, changed, match).status == 204

    query = {"agent": json.dumps(launch.agent), "activity": launch.activity, "ascending": "true"}
    seen = launch.lms.xapi("GET", "statements", {**query, "registration": launch.registration}).json
    assert [each["verb"]["id"].removeprefix(VERBS) for each in seen["statements"]] == [
        "launched",
        "initialized",
        "completed",
        "passed",
        "experienced",
        "terminated",
    ]
    assert page.call("GET", "statements", query).json["statements"] == seen["statements"]


def test_a_statement_that_is_not_the_session_s_takes_its_batch_along(launch: Launch, page: Browser) -> None:
    good = page.defined("initialized", launch.data)
    others = {
        "of another learner": page.defined("initialized", launch.data, actor=BOB),
        "about another unit": page.defined("initialized", launch.data, object={"id": "http://example.com/x"}),
        "of the LMS": page.defined("launched", launch.data),
        "of another registration": page.defined(
            "initialized", launch.data, context={"registration": str(uuid4())}
        ),
        "that voids": page.defined(
            "voided", launch.data, object={"objectType": "StatementRef", "id": good["id"]}
        ),
    }
    for which, other in others.items():
        answer = page.call("POST", "statements", None, [good, other])
        assert answer.status == 403, (which, answer.body)
        assert "This cmi5 token does not allow that" in answer.json["message"]
    assert page.call("GET", "statements", {"statementId": good["id"]}).status == 404


def test_what_belongs_to_others_is_refused(launch: Launch, page: Browser) -> None:
    other = {"agent": json.dumps(BOB)}
    refused = [
        ("PUT", "activities/state", launch.state, {"moveOn": "NotApplicable"}),
        ("DELETE", "activities/state", launch.state, None),
        ("GET", "activities/state", {**launch.state, **other}, None),
        ("GET", "activities/state", {**launch.state, "registration": str(uuid4())}, None),
        ("GET", "agents/profile", {**launch.preferences, "profileId": "other"}, None),
        ("GET", "agents", other, None),
        ("GET", "activities", {"activityId": "http://example.com/other"}, None),
        ("GET", "statements", other, None),
    ]
    for method, resource, query, body in refused:
        answer = page.call(method, resource, query, body)
        assert answer.status == 403, (method, resource, query, answer.body)
    assert page.call("GET", "activities/state", launch.state).json == launch.data


def test_the_token_opens_nothing_beside_xapi_in_its_store(
    system: System, launch: Launch, page: Browser
) -> None:
    bearer = launch.lms.with_token(page.token)
    ready = launch.lms.ready
    for path in ("data/statements", "data/persons"):
        assert bearer.call("GET", f"{ready.store_endpoint}/{path}").status == 403
    for path in ("logs", "access/clients"):
        assert bearer.call("GET", f"{ready.base_endpoint}/{path}").status == 403
    assert bearer.call("POST", ready.cmi5_endpoint, {}).status == 403
    other = next(each for each in system.description.lrs if each.store != ready.store)
    assert bearer.call("GET", f"{other.xapi_endpoint}/statements").status == 401
    in_url = parse_qs(urlsplit(page.launched["fetch"]).query)["token"][0]
    assert launch.lms.with_token(in_url).xapi("GET", "statements").status == 401


def test_a_page_of_another_origin_gets_nothing_with_the_token(launch: Launch, page: Browser) -> None:
    stolen = Browser(launch, origin="https://evil.example.com")
    stolen.token = page.token
    assert stolen.call("GET", "activities/state", launch.state).status == 403


def test_a_token_ends_with_the_permission_of_its_client(
    system: System, launch: Launch, page: Browser
) -> None:
    assert page.call("GET", "activities/state", launch.state).status == 200
    (admin,) = [LrsCaller(each) for each in system.description.lrs if each.xapi_version == "1.0"]
    place = f"{admin.ready.base_endpoint}/access/clients/{launch.lms.ready.client}"
    assert admin.call("PUT", place, {"permissions": {"xapi/all": True}}).status == 200
    assert page.call("GET", "activities/state", launch.state).status == 401
    answer = launch.lms.call("POST", launch.lms.ready.cmi5_endpoint, {})
    assert answer.status == 403
