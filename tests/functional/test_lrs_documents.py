"""States and profiles over HTTP, as content meets them, in both versions of xAPI."""

import base64
import hashlib
import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.lrs.access.principal import Cmi5Session
from chalicelib.web.gateway import HttpApi
from tests.doubles.lrs_world import LrsWorld
from tests.functional.gateway import Answer, Gateway
from tests.functional.stand_ins import CLIENT, PASSWORD, STORE, OneClientGuard, StandIns

XAPI = f"/lrs/{CLIENT}/stores/{STORE}/xapi"
ANN = {"objectType": "Agent", "name": "Ann", "mbox": "mailto:ann@example.com"}
BEN = {"account": {"homePage": "http://example.com", "name": "ben"}}
COURSE = "http://example.com/course?a=b&c=ø#d"
REGISTRATION = "EC531277-B57B-4C15-8D91-D292C5B2B8F7"

STATE = {"activityId": COURSE, "agent": ANN, "stateId": "bookmark"}
ACTIVITY = {"activityId": COURSE, "profileId": "notes"}
AGENT = {"agent": ANN, "profileId": "notes"}
RESOURCES = {"activities/state": STATE, "activities/profile": ACTIVITY, "agents/profile": AGENT}
JSON = "application/json"

VERSIONS = pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
EACH = pytest.mark.parametrize("resource", RESOURCES)
PROFILES = pytest.mark.parametrize("resource", ["activities/profile", "agents/profile"])


class Lrs:
    """A client of the record store on doubles."""

    def __init__(self) -> None:
        self.services = StandIns()
        self.world = LrsWorld()
        self.guard = OneClientGuard()
        self.world.__dict__["guard"] = self.guard
        self.services.lrs = self.world
        self.gateway = Gateway(HttpApi("lightrail", self.services))
        self.version = "2.0.0"

    def call(
        self,
        method: str,
        resource: str,
        query: dict[str, Any],
        body: bytes | None = None,
        kind: str | None = None,
        **headers: str,
    ) -> Answer:
        texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in query.items()}
        pairs = "&".join(f"{name}={quote(value, safe='')}" for name, value in texts.items())
        credentials = base64.b64encode(f"{CLIENT}:{PASSWORD}".encode()).decode()
        sent = {"Authorization": f"Basic {credentials}", "X-Experience-API-Version": self.version}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if kind is not None:
            sent["Content-Type"] = kind
        return self.gateway.call(method, f"{XAPI}/{resource}?{pairs}", body, headers=sent)

    def content(self, resource: str, query: dict[str, Any] | None = None) -> bytes:
        answer = self.call("GET", resource, query or RESOURCES[resource])
        assert answer.status == 200
        return answer.body

    def tag(self, resource: str) -> str:
        return self.call("GET", resource, RESOURCES[resource]).headers["etag"]


@pytest.fixture
def lrs() -> Lrs:
    return Lrs()


def without(query: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in query.items() if name not in names}


@VERSIONS
@EACH
def test_the_bytes_and_their_type_come_back(lrs: Lrs, resource: str, version: str) -> None:
    lrs.version = version
    query = RESOURCES[resource]
    body = bytes(range(256))
    assert lrs.call("PUT", resource, query, body, "image/x-odd; a=b", If_None_Match="*").status == 204
    answer = lrs.call("GET", resource, query)
    assert (answer.status, answer.body) == (200, body)
    assert answer.headers["content-type"] == "image/x-odd; a=b"
    assert answer.headers["etag"] == f'"{hashlib.sha1(body).hexdigest()}"'
    assert answer.headers["last-modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert answer.headers["x-experience-api-version"] == version
    head = lrs.call("HEAD", resource, query)
    assert (head.status, head.body, head.headers["etag"]) == (200, b"", answer.headers["etag"])


@EACH
def test_a_document_without_type_is_bytes(lrs: Lrs, resource: str) -> None:
    lrs.call("PUT", resource, RESOURCES[resource], b"", None)
    answer = lrs.call("GET", resource, RESOURCES[resource])
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["content-type"] == "application/octet-stream"


@EACH
def test_what_was_stored_never_runs_as_a_page(lrs: Lrs, resource: str) -> None:
    lrs.call("PUT", resource, RESOURCES[resource], b"<script>", "text/html")
    headers = lrs.call("GET", resource, RESOURCES[resource]).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]


@EACH
def test_what_there_is_not_is_404(lrs: Lrs, resource: str) -> None:
    assert lrs.call("GET", resource, RESOURCES[resource]).status == 404
    assert lrs.call("HEAD", resource, RESOURCES[resource]).status == 404
    assert lrs.call("DELETE", resource, RESOURCES[resource]).status == 204


@VERSIONS
@EACH
def test_posts_merge_top_level_properties(lrs: Lrs, resource: str, version: str) -> None:
    lrs.version = version
    query = RESOURCES[resource]
    assert lrs.call("POST", resource, query, b'{"x": {"a": 1}, "y": 1.10}', JSON).status == 204
    assert lrs.content(resource) == b'{"x": {"a": 1}, "y": 1.10}'
    posted = '{"x": {"b": "ø"}, "z": 12345678901234567890.123}'.encode()
    assert lrs.call("POST", resource, query, posted, f"{JSON}; charset=utf-8").status == 204
    assert lrs.content(resource) == '{"x":{"b": "ø"},"y":1.10,"z":12345678901234567890.123}'.encode()


@VERSIONS
@EACH
@pytest.mark.parametrize(
    ("stored", "stored_kind", "posted", "posted_kind"),
    [
        (b'{"x": 1}', JSON, b'{"x": 2}', "text/plain"),
        (b'{"x": 1}', "text/plain", b'{"x": 2}', JSON),
        (b'{"x": 1}', JSON, b'{"x": 2}[', JSON),
        (b'{"x": 1}', JSON, b"[1]", JSON),
        (b'{"x": 1}', JSON, b"", JSON),
        (b'{"x": 1}', JSON, b'{"x": 2, "x": 3}', JSON),
        (b'{"x": 1}', JSON, b'{"x": "\xff"}', JSON),
        (b"[1]", JSON, b'{"x": 2}', JSON),
        (b"{", JSON, b'{"x": 2}', JSON),
    ],
)
def test_what_cannot_be_merged_changes_nothing(
    lrs: Lrs, resource: str, version: str, stored: bytes, stored_kind: str, posted: bytes, posted_kind: str
) -> None:
    lrs.version = version
    query = RESOURCES[resource]
    assert lrs.call("PUT", resource, query, stored, stored_kind, If_None_Match="*").status == 204
    refused = lrs.call("POST", resource, query, posted, posted_kind)
    assert refused.status == 400
    assert refused.json["errors"]["body"]
    answer = lrs.call("GET", resource, query)
    assert (answer.body, answer.headers["content-type"]) == (stored, stored_kind)


@EACH
def test_a_post_of_what_says_to_be_json_and_is_not_stores_nothing(lrs: Lrs, resource: str) -> None:
    assert lrs.call("POST", resource, RESOURCES[resource], b'{"a": 1}[', JSON).status == 400
    assert lrs.call("GET", resource, RESOURCES[resource]).status == 404


@EACH
def test_a_post_where_nothing_is_stores_any_document(lrs: Lrs, resource: str) -> None:
    assert lrs.call("POST", resource, RESOURCES[resource], b"plain", "text/plain").status == 204
    assert lrs.content(resource) == b"plain"


@pytest.mark.parametrize(
    ("version", "resource", "first", "second"),
    [
        ("1.0.3", "activities/state", 204, 204),
        ("1.0.3", "activities/profile", 400, 409),
        ("1.0.3", "agents/profile", 400, 409),
        ("2.0.0", "activities/state", 204, 409),
        ("2.0.0", "activities/profile", 204, 409),
        ("2.0.0", "agents/profile", 204, 409),
    ],
)
def test_a_put_without_condition(lrs: Lrs, version: str, resource: str, first: int, second: int) -> None:
    lrs.version = version
    query = RESOURCES[resource]
    assert lrs.call("PUT", resource, query, b"first", "text/plain").status == first
    if first != 204:
        lrs.call("POST", resource, query, b"first", "text/plain")
    answer = lrs.call("PUT", resource, query, b"second", "text/plain")
    assert answer.status == second
    assert lrs.content(resource) == (b"second" if second == 204 else b"first")
    if second == 409:
        assert "If-Match" in answer.json["message"]


@VERSIONS
@EACH
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_a_change_happens_to_the_version_that_was_read_only(
    lrs: Lrs, resource: str, method: str, version: str
) -> None:
    lrs.version = version
    query = RESOURCES[resource]
    lrs.call("POST", resource, query, b'{"a": 1}', JSON)
    tag = lrs.tag(resource)
    refused = lrs.call(method, resource, query, b'{"a": 1}', JSON, If_Match='"1234"')
    assert refused.status == 412
    assert tag in refused.json["message"]
    assert lrs.call(method, resource, query, b'{"b": 2}', JSON, If_None_Match="*").status == 412
    assert lrs.call(method, resource, query, b'{"b": 2}', JSON, If_None_Match=f"W/{tag}").status == 412
    assert lrs.content(resource) == b'{"a": 1}'
    listed = f'"1234", {tag}'
    assert lrs.call(method, resource, query, b'{"b": 2}', JSON, If_Match=listed).status == 204
    found = lrs.call("GET", resource, query)
    expected = {"PUT": b'{"b": 2}', "POST": b'{"a":1,"b":2}'}.get(method)
    assert found.status == 404 if expected is None else found.body == expected


@EACH
@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_a_version_that_is_not_there_is_not_replaced(lrs: Lrs, resource: str, method: str) -> None:
    for tags in ("*", '"1234"'):
        assert lrs.call(method, resource, RESOURCES[resource], b"{}", JSON, If_Match=tags).status == 412
    assert lrs.call(method, resource, RESOURCES[resource], b"{}", JSON, If_None_Match="*").status == 204
    assert lrs.call(method, resource, RESOURCES[resource], b"{}", JSON, If_Match="*").status == 204


@EACH
def test_who_has_the_bytes_gets_none(lrs: Lrs, resource: str) -> None:
    lrs.call("POST", resource, RESOURCES[resource], b"{}", JSON)
    tag = lrs.tag(resource)
    answer = lrs.call("GET", resource, RESOURCES[resource], If_None_Match=tag)
    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", tag)
    assert lrs.call("GET", resource, RESOURCES[resource], If_None_Match='"other"').status == 200


@EACH
def test_each_change_is_later_than_the_one_before(lrs: Lrs, resource: str) -> None:
    lrs.call("POST", resource, RESOURCES[resource], b'{"a": 1}', JSON)
    first = lrs.call("GET", resource, RESOURCES[resource]).headers["last-modified"]
    lrs.world.clock.advance(1.5)
    lrs.call("POST", resource, RESOURCES[resource], b'{"a": 2}', JSON)
    assert lrs.call("GET", resource, RESOURCES[resource]).headers["last-modified"] > first


@VERSIONS
@EACH
def test_ids_are_listed_by_the_time_of_their_change(lrs: Lrs, resource: str, version: str) -> None:
    lrs.version = version
    query = RESOURCES[resource]
    own = "stateId" if resource == "activities/state" else "profileId"
    context = without(query, own)
    assert lrs.call("GET", resource, context).json == []
    lrs.call("POST", resource, {**query, own: "one"}, b"1", "text/plain")
    lrs.world.clock.advance(60)
    lrs.call("POST", resource, {**query, own: "ø two"}, b"2", "text/plain")
    answer = lrs.call("GET", resource, context)
    assert (answer.status, answer.json) == (200, ["one", "ø two"])
    assert answer.headers["last-modified"] == "Tue, 14 Nov 2023 22:14:20 GMT"
    assert lrs.call("GET", resource, {**context, "since": "2023-11-14T22:13:20Z"}).json == ["ø two"]
    assert lrs.call("GET", resource, {**context, "since": "2023-11-14T23:13:19.999+01:00"}).json == [
        "one",
        "ø two",
    ]
    assert lrs.call("GET", resource, {**context, "since": "2023-11-14T22:14:20Z"}).json == []
    lrs.call("POST", resource, {**query, own: "one"}, b"x", "text/plain")
    assert lrs.call("GET", resource, {**context, "since": "yesterday"}).status == 400


def test_agents_are_the_same_by_their_identifier(lrs: Lrs) -> None:
    lrs.call("PUT", "agents/profile", AGENT, b"Ann", "text/plain")
    assert lrs.content("agents/profile", {**AGENT, "agent": {"mbox": ANN["mbox"]}}) == b"Ann"
    assert lrs.call("GET", "agents/profile", {**AGENT, "agent": BEN}).status == 404
    group = {"objectType": "Group", "mbox": "mailto:team@example.com"}
    assert lrs.call("PUT", "agents/profile", {**AGENT, "agent": group}, b"x", "text/plain").status == 204


def test_states_of_registrations_are_apart(lrs: Lrs) -> None:
    registered = {**STATE, "registration": REGISTRATION}
    lrs.call("PUT", "activities/state", STATE, b"plain", "text/plain")
    assert lrs.call("GET", "activities/state", registered).status == 404
    lrs.call("PUT", "activities/state", {**registered, "stateId": "other"}, b"registered", "text/plain")
    lower = {**registered, "stateId": "other", "registration": REGISTRATION.lower()}
    assert lrs.content("activities/state", lower) == b"registered"
    assert lrs.call("GET", "activities/state", without(STATE, "stateId")).json == ["bookmark", "other"]
    assert lrs.call("GET", "activities/state", without(registered, "stateId")).json == ["other"]


def test_a_context_is_cleared(lrs: Lrs) -> None:
    registered = {**STATE, "registration": REGISTRATION}
    others = {**STATE, "agent": BEN}
    for query in (STATE, {**STATE, "stateId": "second"}, registered, others):
        lrs.call("PUT", "activities/state", query, b"x", "text/plain")
    assert lrs.call("DELETE", "activities/state", without(registered, "stateId")).status == 204
    assert lrs.call("GET", "activities/state", registered).status == 404
    assert lrs.call("GET", "activities/state", STATE).status == 200
    assert lrs.call("DELETE", "activities/state", without(STATE, "stateId")).status == 204
    assert lrs.call("GET", "activities/state", without(STATE, "stateId")).json == []
    assert lrs.call("GET", "activities/state", others).status == 200


@EACH
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_what_is_missing_or_unknown_is_said_at_once(lrs: Lrs, resource: str, method: str) -> None:
    answer = lrs.call(method, resource, {}, b"{}", JSON)
    own = "stateId" if resource == "activities/state" else "profileId"
    needed = set(RESOURCES[resource])
    if method == "GET" or (method == "DELETE" and resource == "activities/state"):
        needed.remove(own)
    assert (answer.status, set(answer.json["errors"])) == (400, needed)
    for name in ("activityid", "Agent", "stateID", "profileid", "format", "limit"):
        answer = lrs.call(method, resource, {**RESOURCES[resource], name: "x"}, b"{}", JSON)
        assert (answer.status, set(answer.json["errors"])) == (400, {name})


@EACH
@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_since_is_for_reading(lrs: Lrs, resource: str, method: str) -> None:
    query = {**RESOURCES[resource], "since": "2023-11-14T22:13:20Z"}
    assert lrs.call(method, resource, query, b"{}", JSON).status == 400


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("agent", "not JSON"),
        ("agent", True),
        ("agent", {"name": "Ann"}),
        ("agent", {**ANN, "mbox": "ann@example.com"}),
        ("activityId", "no IRI"),
        ("registration", "true"),
        ("stateId", "x" * 2001),
    ],
)
def test_a_faulty_parameter_is_named(lrs: Lrs, method: str, name: str, value: object) -> None:
    answer = lrs.call(method, "activities/state", {**STATE, name: value}, b"{}", JSON)
    assert (answer.status, set(answer.json["errors"])) == (400, {name})


@EACH
@pytest.mark.parametrize("kind", ["json", "a/b/c", "text/plain ø", "text/" + "x" * 300])
def test_a_type_must_be_one(lrs: Lrs, resource: str, kind: str) -> None:
    answer = lrs.call("PUT", resource, RESOURCES[resource], b"{}", kind)
    assert (answer.status, set(answer.json["errors"])) == (400, {"Content-Type"})


@EACH
def test_a_document_has_its_bounds(lrs: Lrs, resource: str) -> None:
    query = RESOURCES[resource]
    large = b'{"a":"' + b"x" * 2_500_000 + b'"}'
    assert lrs.call("POST", resource, query, large, JSON).status == 204
    assert lrs.content(resource) == large
    answer = lrs.call("POST", resource, query, large.replace(b'"a"', b'"b"'), JSON)
    assert answer.status == 413
    assert lrs.content(resource) == large
    assert lrs.call("DELETE", resource, query).status == 204
    assert lrs.world.stored.blobs.keys == []


@EACH
def test_permissions_are_for_reading_or_for_both(lrs: Lrs, resource: str) -> None:
    own = "xapi/state" if resource == "activities/state" else "xapi/profile"
    other = "xapi/profile" if own == "xapi/state" else "xapi/state"
    query = RESOURCES[resource]
    for permission, reads, writes in (
        (own, 200, 204),
        ("xapi/all", 200, 204),
        ("xapi/all/read", 200, 403),
        (other, 403, 403),
        ("xapi/statements/read", 403, 403),
    ):
        lrs.guard.permissions = frozenset((permission,))
        assert lrs.call("POST", resource, query, b"{}", JSON).status == writes
        assert lrs.call("GET", resource, query).status == reads
        if writes == 403:
            assert lrs.call("PUT", resource, query, b"{}", JSON).status == 403
            assert lrs.call("DELETE", resource, query).status == 403


def test_a_unit_acts_for_its_own_learner_and_never_changes_its_launch_data(
    lrs: Lrs, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch = {**STATE, "stateId": "LMS.LaunchData", "registration": REGISTRATION}
    own = {**STATE, "registration": REGISTRATION}
    assert lrs.call("PUT", "activities/state", launch, b"{}", JSON).status == 204
    authenticate = lrs.guard.authenticate
    session = Cmi5Session("token", ANN, COURSE, REGISTRATION)

    def bearer(*named: Any) -> Any:
        return replace(authenticate(*named), cmi5=session)

    monkeypatch.setattr(lrs.guard, "authenticate", bearer)
    assert lrs.call("GET", "activities/state", launch).status == 200
    for method in ("PUT", "POST", "DELETE"):
        assert lrs.call(method, "activities/state", launch, b"{}", JSON).status == 403
    assert lrs.call("DELETE", "activities/state", without(own, "stateId")).status == 403
    assert lrs.call("PUT", "activities/state", own, b"{}", JSON).status == 204
    assert lrs.call("GET", "activities/state", STATE).status == 403
    assert lrs.call("GET", "activities/state", {**own, "agent": BEN}).status == 403
    assert lrs.call("PUT", "agents/profile", AGENT, b"{}", JSON).status == 403
    preferences = {**AGENT, "profileId": "cmi5LearnerPreferences"}
    assert lrs.call("PUT", "agents/profile", preferences, b"{}", JSON).status == 204
