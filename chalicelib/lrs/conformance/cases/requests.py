"""Requests of every kind: HEAD, versions, refusals, credentials, the alternate syntax (Communication 1.1 to 4.0)."""

import json
from collections.abc import Mapping
from urllib.parse import urlencode

from chalicelib.lrs.conformance.cases.resources import RESOURCES, Shelf
from chalicelib.lrs.conformance.check import Checks
from chalicelib.lrs.conformance.exchange import Answer, shown
from chalicelib.lrs.conformance.probe import CONSISTENT_THROUGH, VERSION, Probe
from chalicelib.lrs.versions import V1, V2

CHECKS = Checks()
FORM: Mapping[str, str | None] = {"Content-Type": "application/x-www-form-urlencoded"}
CODES = frozenset((400, 401, 403, 404, 405, 409, 412, 413, 415, 429, 500, 501, 503))
PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "/statements": {"statementid": "", "LIMIT": "1", "Verb": "http://example.org/v", "Attachments": "true"},
    "/activities/state": {"activityid": "http://example.org/a", "Agent": "{}", "StateId": "a"},
    "/activities/profile": {"ActivityId": "http://example.org/a", "profileID": "a"},
    "/agents/profile": {"AGENT": "{}", "profileid": "a"},
    "/agents": {"Agent": "{}"},
    "/activities": {"activityID": "http://example.org/a"},
}


def readable(probe: Probe) -> dict[str, dict[str, str]]:
    """A query for each resource that is answered with 200."""
    statement = probe.statement()
    probe.record(statement)
    return {
        "/statements": {"statementId": statement["id"]},
        "/agents": {"agent": json.dumps(probe.agent())},
        "/activities": {"activityId": probe.iri("activity")},
        **{resource.path: Shelf(probe, resource).context for resource in RESOURCES.values()},
    }


@CHECKS.that("XAPI-00125")
def head_is_get_without_body(probe: Probe) -> None:
    """HEAD has the status and the headers of GET, and no body."""
    places: list[tuple[str, Mapping[str, str]]] = [*readable(probe).items(), ("/about", {})]
    for resource in RESOURCES.values():
        shelf = Shelf(probe, resource)
        place = shelf.place()
        places.append((resource.path, place))
        shelf.put(place, {"a": 1})
    places += [("/statements", {"statementId": probe.uuid("unknown")}), ("/statements", {"limit": "many"})]
    for path, query in places:
        wanted = probe.get(path, query)
        answer = probe.call("HEAD", path, query)
        answer.expect(wanted.status, because="GET is answered so")
        answer.must(not answer.body, "no body")
        for name in (VERSION, "ETag", "Last-Modified"):
            value = wanted.response.headers.get(name.lower())
            came = answer.response.headers.get(name.lower())
            answer.must(value == came, f"the header {name} as with GET, {value}", str(came))
        if path == "/statements":
            answer.header(CONSISTENT_THROUGH)


@CHECKS.that("XAPI-00126")
def head_is_taken(probe: Probe) -> None:
    """HEAD is taken by every resource."""
    for path, query in readable(probe).items():
        probe.call("HEAD", path, query).expect(200)


@CHECKS.that("XAPI-00321", "XAPI-00331")
def version_is_needed(probe: Probe) -> None:
    """Without version header, or with one not spoken, every resource but About refuses."""
    for path, query in readable(probe).items():
        probe.get(path, query, {VERSION: None}).refused("the version header is missing")
        for version in ("0.9.5", "1.1.0", "3.0.0", "", "latest"):
            probe.get(path, query, {VERSION: version}).refused(f"version {version!r} is not spoken")
    probe.post(probe.statement("post"), {VERSION: None}).refused("the version header is missing")
    probe.get("/about", None, {VERSION: None}).expect(200)
    patches = ("1.0", "1.0.0", "1.0.9") if probe.version == V1 else ("2.0", "2.0.0", "2.0.9")
    for version in patches:
        probe.get("/statements", {"limit": "1"}, {VERSION: version}).expect(200)


@CHECKS.that("XAPI-00333")
def every_answer_says_its_version(probe: Probe) -> None:
    """Every answer says the version, refusals too."""
    answers = [probe.get(path, query) for path, query in readable(probe).items()]
    answers += [
        probe.get("/about"),
        probe.get("/statements", {"limit": "many"}),
        probe.get("/statements", {"statementId": probe.uuid("unknown")}),
        probe.get("/statements", {"limit": "1"}, {VERSION: None}),
        probe.get("/statements", {"limit": "1"}, {"Authorization": ""}),
        probe.post({}),
    ]
    for answer in answers:
        came = answer.header(VERSION)
        answer.must(came[:4] in ("1.0.", "2.0."), f"the header {VERSION}", came)
    first = answers[0].header(VERSION)
    answers[0].must(first == probe.version, f"the version {probe.version}", first)


@CHECKS.that("XAPI-00324")
def unknown_parameters(probe: Probe) -> None:
    """A parameter that no one knows is refused by every resource."""
    for path, query in readable(probe).items():
        probe.get(path, {**query, "colour": "blue"}).refused("the parameter colour is not known")
        probe.get(path, query).expect(200)
    query = {"statementId": probe.uuid("put"), "colour": "blue"}
    probe.call("PUT", "/statements", query, probe.statement("put")).refused(
        "the parameter colour is not known"
    )
    probe.call("POST", "/statements", {"colour": "blue"}, probe.statement("post")).refused(
        "the parameter colour is not known"
    )


@CHECKS.that("XAPI-00325")
def case_of_parameters(probe: Probe) -> None:
    """A parameter in another case is refused by every resource."""
    for path, query in readable(probe).items():
        for name, value in PARAMETERS[path].items():
            probe.get(path, {**query, name: value}).refused(f"{name} is in another case than it should")


def refused_requests(probe: Probe) -> list[Answer]:
    """Faulty requests of several kinds."""
    return [
        probe.post({"actor": "anna"}),
        probe.post(b"{"),
        probe.get("/statements", {"limit": "many"}),
        probe.get("/statements", {"agent": "anna"}),
        probe.get("/activities/state"),
        probe.get("/agents"),
        probe.get("/activities"),
    ]


@CHECKS.that("LR-015")
def faults_are_400(probe: Probe) -> None:
    """A fault of the request is 400, and says something."""
    for answer in refused_requests(probe):
        answer.refused("the request is faulty")
        answer.must(bool(answer.body.strip()), "a message that says why")


@CHECKS.that("XAPI-00323")
def refusals_use_the_codes(probe: Probe) -> None:
    """Refusals use the codes of the specification."""
    answers = [
        *refused_requests(probe),
        probe.get("/statements", {"statementId": probe.uuid("unknown")}),
        probe.get("/statements", {"limit": "1"}, {"Authorization": ""}),
        probe.call("DELETE", "/statements"),
        probe.call("PUT", "/agents", {"agent": json.dumps(probe.agent())}, {}),
    ]
    for answer in answers:
        answer.must(answer.status in CODES, f"one of the codes {sorted(CODES)}")


@CHECKS.that("XAPI-00334")
def bad_credentials(probe: Probe) -> None:
    """Without credentials, or with bad ones, the answer is 401."""
    wrong = "Basic bm9ib2R5OndyZW5nIHBhc3N3b3Jk"
    for path, query in readable(probe).items():
        for value in ("", wrong, "Basic", "Basic %%%", "Bearer nobody"):
            answer = probe.get(path, query, {"Authorization": value})
            answer.expect(401, because="the credentials are missing or wrong")
    answer = probe.post(probe.statement("post"), {"Authorization": wrong}).expect(401)
    probe.get("/statements", {"statementId": probe.uuid("post")}).expect(404, because="it was not recorded")


@CHECKS.that("XAPI-00335")
def good_credentials(probe: Probe) -> None:
    """HTTP Basic Authentication is taken, for reading and writing."""
    for path, query in readable(probe).items():
        probe.get(path, query).expect(200)


def form(probe: Probe, path: str, method: str, **fields: str) -> Answer:
    """One request in the alternate syntax."""
    body = urlencode({VERSION: probe.version, **fields}).encode()
    return probe.call("POST", path, {"method": method}, body, {**FORM, VERSION: None})


@CHECKS.that("XAPI-00148", versions=(V1,))
def get_by_form(probe: Probe) -> None:
    """Statements are read by a form too."""
    statement = probe.statement()
    probe.record(statement)
    answer = form(probe, "/statements", "GET", agent=json.dumps(probe.agent())).expect(200)
    ids = [each.get("id") for each in answer.json["statements"]]
    answer.must(ids == [statement["id"]], f"the statement {statement['id']}", shown(ids))


@CHECKS.that("XAPI-00336", versions=(V1,))
def requests_by_form(probe: Probe) -> None:
    """Content, headers and parameters in a form are treated as such."""
    statement = probe.statement("ä&=+%")
    content = json.dumps(statement, ensure_ascii=False)
    fields = {"content": content, "Content-Type": "application/json"}
    form(probe, "/statements", "PUT", statementId=statement["id"], **fields).expect(204)
    probe.stored(statement["id"])
    shelf = Shelf(probe, RESOURCES["Agent Profile"])
    place = shelf.place()
    fields = {"content": "ein Text, größer", "Content-Type": "text/plain", "If-None-Match": "*"}
    form(probe, shelf.resource.path, "PUT", **place, **fields).expect(204)
    answer = shelf.shows(place, fields["content"].encode(), "text/plain")
    wrong = {"If-Match": '"0"'}
    form(probe, shelf.resource.path, "DELETE", **place, **wrong).expect(412, because="If-Match in the form")
    tag = answer.header("ETag")
    form(probe, shelf.resource.path, "DELETE", **place, **{"If-Match": tag}).expect(204)


@CHECKS.that("XAPI-00336", versions=(V1,))
def bad_forms(probe: Probe) -> None:
    """Other query parameters, unknown fields, and a missing content are refused."""
    body = urlencode({VERSION: probe.version, "limit": "1"}).encode()
    query = {"method": "GET", "limit": "1"}
    probe.call("POST", "/statements", query, body, FORM).refused("the query holds more than `method`")
    form(probe, "/statements", "GET", colour="blue").refused("colour is no parameter")
    form(probe, "/statements", "PUT", statementId=probe.uuid()).refused("`content` is missing")


@CHECKS.that("LR-004", versions=(V2,))
def no_requests_by_form(probe: Probe) -> None:
    """In 2.0 a parameter `method` is refused."""
    for method in ("GET", "PUT", "DELETE"):
        answer = form(probe, "/statements", method, limit="1")
        answer.must(400 <= answer.status < 500, "a refusal: 2.0 has no alternate syntax")
    probe.call("POST", "/statements", {"method": "POST"}, probe.statement()).refused("`method` is not known")
