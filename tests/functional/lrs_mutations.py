"""Mutations: each store is broken in one point, and one requirement's check is meant to find it."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from chalicelib.lrs.conformance import Response
from chalicelib.lrs.conformance.samples import VOIDED
from chalicelib.lrs.versions import V1, V2
from tests.functional.lrs_mutants import (
    STATEMENTS,
    Break,
    Forward,
    Mutation,
    Sent,
    answers,
    deaf,
    each_statement,
    forgets,
    lenient,
    listed,
    refuses,
    sends,
    shows,
    tells,
)

GOOD_ACTOR = {"mbox": "mailto:anna@example.org"}
IRI = "https://example.org/thing"
UUID = "7ccd3322-e1a5-411a-a67d-6a735c76f119"
STATE, AGENT_PROFILE, PROFILE = "/activities/state", "/agents/profile", "/activities/profile"

# A store that does not look at one place of a statement.
LENIENT: tuple[tuple[str, str, object], ...] = (
    ("XAPI-00001", "result.success", True),
    ("XAPI-00003", "actor", GOOD_ACTOR),
    ("XAPI-00004", "verb", {"id": IRI}),
    ("XAPI-00005", "object", {"id": IRI}),
    ("XAPI-00006", "result.score.raw", 5),
    ("XAPI-00007", "object.definition.type", IRI),
    ("XAPI-00011", "verb.id", IRI),
    ("XAPI-00013", "verb.display", {"en": "did"}),
    ("XAPI-00022", "timestamp", "2024-02-29T12:34:56Z"),
    ("XAPI-00023", "stored", "2024-02-29T12:34:56Z"),
    ("XAPI-00024", "authority", GOOD_ACTOR),
    ("XAPI-00025", "attachments", []),
    ("XAPI-00028", "id", UUID),
    ("XAPI-00032", "actor.objectType", "Agent"),
    ("XAPI-00033", "actor.name", "Anna"),
    ("XAPI-00034", "actor", GOOD_ACTOR),
    ("XAPI-00038", "actor", GOOD_ACTOR),
    ("XAPI-00044", "verb.id", IRI),
    ("XAPI-00046", "object", {"id": IRI}),
    ("XAPI-00049", "object.definition", {}),
    ("XAPI-00058", "object.definition", {}),
    ("XAPI-00064", "object.definition", {}),
    ("XAPI-00065", "object", {"id": IRI}),
    ("XAPI-00067", "object", {"id": IRI}),
    ("XAPI-00071", "object", {"id": IRI}),
    ("XAPI-00077", "result.duration", "PT1H"),
    ("XAPI-00080", "result.score", {}),
    ("XAPI-00083", "result.score.scaled", 0.5),
    ("XAPI-00087", "context.registration", UUID),
    ("XAPI-00088", "context.team", {"objectType": "Group", **GOOD_ACTOR}),
    ("XAPI-00091", "context.language", "en"),
    ("XAPI-00093", "context.contextActivities", {}),
    ("XAPI-00098", "authority", GOOD_ACTOR),
    ("XAPI-00101", "version", "1.0.0"),
    ("XAPI-00102", "attachments.0.length", 31),
    ("XAPI-00118", "result.extensions", {}),
    ("XAPI-00124", "result.duration", "PT1H"),
)


def _without(*names: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda value: {name: each for name, each in value.items() if name not in names}


def _single_activities(statement: dict[str, Any]) -> dict[str, Any]:
    held = statement.get("context", {}).get("contextActivities", {})
    single = {key: value[0] if isinstance(value, list) and value else value for key, value in held.items()}
    return {**statement, "context": {**statement.get("context", {}), "contextActivities": single}}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 2)
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value


def _no_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _no_nulls(each) for name, each in value.items() if each is not None}
    return value


def _voided_shown(sent: Sent, forward: Forward) -> Response:
    """Shows a voided statement by statementId too."""
    came = forward(sent)
    if came.status == 404 and sent.to("GET", STATEMENTS) and "statementId" in sent.query:
        return forward(replace(sent, query={"voidedStatementId": sent.query["statementId"]}))
    return came


def _not_voiding(sent: Sent, forward: Forward) -> Response:
    """Takes voiding statements without effect."""
    body = (sent.body or b"").replace(VOIDED.encode(), b"http://example.org/voided")
    return forward(replace(sent, body=body)) if sent.to("POST", STATEMENTS) else forward(sent)


def _piecemeal(sent: Sent, forward: Forward) -> Response:
    """Stores the good statements of a batch that is refused."""
    came = forward(sent)
    if came.status == 400 and sent.to("POST", STATEMENTS) and isinstance(sent.value, list):
        for each in sent.value:
            forward(replace(sent, body=json.dumps(each).encode()))
    return came


def _overwrites(sent: Sent, forward: Forward) -> Response:
    """Answers a conflict as if it had stored the other statement."""
    came = forward(sent)
    return Response(200, came.headers, b"[]") if came.status == 409 and sent.to("POST", STATEMENTS) else came


def _deep_merge(sent: Sent, forward: Forward) -> Response:
    """Merges documents at every level."""
    if not (sent.method == "POST" and sent.path == STATE and isinstance(sent.value, dict)):
        return forward(sent)
    held = forward(replace(sent, method="GET", body=None))
    if held.status != 200:
        return forward(sent)
    merged = _merged(json.loads(held.body), sent.value)
    return forward(replace(sent, body=json.dumps(merged).encode()))


def _merged(first: Any, second: Any) -> Any:
    if isinstance(first, dict) and isinstance(second, dict):
        return {**first, **{name: _merged(first.get(name), each) for name, each in second.items()}}
    return second


def _replaces(path: str) -> Break:
    """Replaces a document where it should merge."""

    def run(sent: Sent, forward: Forward) -> Response:
        if not (sent.method == "POST" and sent.path == path):
            return forward(sent)
        tag = forward(replace(sent, method="GET", body=None)).headers.get("etag")
        match = {"If-Match": tag} if tag else {"If-None-Match": "*"}
        return forward(replace(sent, method="PUT", headers={**sent.headers, **match}))

    return run


def _other_case(sent: Sent) -> Sent:
    known = ("statementId", "activityId", "stateId", "profileId", "agent", "limit", "verb", "attachments")
    names = {name.lower(): name for name in known}
    return replace(sent, query={names.get(name.lower(), name): value for name, value in sent.query.items()})


def _known_only(sent: Sent) -> Sent:
    return replace(sent, query={name: value for name, value in sent.query.items() if name != "colour"})


def _with_header(name: str, value: str) -> Callable[[Sent], Sent]:
    return lambda sent: replace(sent, headers={name: value, **sent.headers})


def _let_in(sent: Sent) -> Sent:
    return replace(
        sent, headers={name: value for name, value in sent.headers.items() if name != "Authorization"}
    )


def _latin(sent: Sent, forward: Forward) -> Response:
    """Reads text as Latin-1."""
    if sent.to("POST", STATEMENTS) and sent.body is not None:
        return forward(replace(sent, body=sent.body.decode("latin-1").encode()))
    return forward(sent)


def _head_with_body(sent: Sent, forward: Forward) -> Response:
    return forward(replace(sent, method="GET")) if sent.method == "HEAD" else forward(sent)


def _part_as_text(sent: Sent, forward: Forward) -> Response:
    """Changes line ends of what is attached."""
    came = forward(sent)
    if sent.query.get("attachments") == "true":
        return replace(came, body=came.body.replace(b"\r\n\n", b"\r\n\r\n"))
    return came


def _any_part(sent: Sent) -> Sent:
    """Overlooks the part of the request that is surplus."""
    mark = b"\r\n--conformance-boundary-7e0c"
    pieces = (sent.body or b"").split(mark)
    kept = [piece for piece in pieces if not piece.endswith(b"\r\n\r\nsurplus")]
    return replace(sent, body=mark.join(kept))


def _newest_only(found: list[Any]) -> list[Any]:
    return found[:1]


def _page_of_more(sent: Sent) -> Sent:
    """Forgets on later pages that `ids` was asked for."""
    query = dict(sent.query)
    if "cursor" in query:
        query["format"] = "exact"
    return replace(sent, query=query)


def _empty_is_404(sent: Sent, forward: Forward) -> Response:
    came = forward(sent)
    empty = sent.to("GET", STATEMENTS) and b'"statements":[]' in came.body.replace(b" ", b"")
    return replace(came, status=404) if empty else came


def _no_forms(sent: Sent, forward: Forward) -> Response:
    return Response(405, {}, b"no") if "method" in sent.query else forward(sent)


def _no_delete(sent: Sent, forward: Forward) -> Response:
    """Says that a state was deleted, and keeps it."""
    return Response(204, {}, b"") if sent.to("DELETE", STATE) else forward(sent)


def _first_name(activity: dict[str, Any]) -> dict[str, Any]:
    """Keeps the first language of the name."""
    definition = activity.get("definition", {})
    name = dict(list(definition.get("name", {}).items())[:1])
    return {**activity, "definition": {**definition, "name": name}}


def _person(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Break:
    return shows("/agents", change)


GET = "GET"
BEHAVIOUR: tuple[Mutation, ...] = (
    Mutation("numbers lose precision", "XAPI-00002", each_statement(_rounded)),
    Mutation("text is read as Latin-1", "XAPI-00015", _latin),
    Mutation("voiding has no effect", "XAPI-00018", _not_voiding),
    Mutation("voided ones are found by statementId", "XAPI-00018", _voided_shown),
    Mutation("single activities stay single", "XAPI-00096", each_statement(_single_activities)),
    Mutation("no authority", "XAPI-00099", each_statement(_without("authority"))),
    Mutation("no version", "XAPI-00332", each_statement(_without("version"))),
    Mutation(
        "seconds only",
        "XAPI-00122",
        each_statement(lambda each: {**each, "timestamp": each["timestamp"][:19] + "Z"}),
    ),
    Mutation("nulls in extensions are lost", "XAPI-00119", each_statement(_no_nulls)),
    Mutation("more is forgotten", "XAPI-00108", shows(STATEMENTS, _without("more"))),
    Mutation(
        "more on the last page",
        "XAPI-00109",
        shows(STATEMENTS, lambda each: {**each, "more": each.get("more") or "/api/again"}),
    ),
    Mutation("later pages in another format", "XAPI-00111", sends(_page_of_more, GET, STATEMENTS)),
    Mutation("404 for an empty result", "XAPI-00149", _empty_is_404),
    Mutation("statements oldest first", "XAPI-00166", listed(lambda found: found[::-1])),
    Mutation("ascending is ignored", "XAPI-00166", forgets(GET, STATEMENTS, "ascending")),
    Mutation("since is ignored", "XAPI-00175", forgets(GET, STATEMENTS, "since")),
    Mutation("until is ignored", "XAPI-00174", forgets(GET, STATEMENTS, "until")),
    Mutation("limit is ignored", "XAPI-00173", forgets(GET, STATEMENTS, "limit")),
    Mutation("pages hold one", "XAPI-00173", listed(_newest_only)),
    Mutation("agent is ignored", "XAPI-00181", forgets(GET, STATEMENTS, "agent")),
    Mutation("verb is ignored", "XAPI-00180", forgets(GET, STATEMENTS, "verb")),
    Mutation("activity is ignored", "XAPI-00179", forgets(GET, STATEMENTS, "activity")),
    Mutation("registration is ignored", "XAPI-00178", forgets(GET, STATEMENTS, "registration")),
    Mutation("related_agents is ignored", "XAPI-00176", forgets(GET, STATEMENTS, "related_agents")),
    Mutation("related_activities is ignored", "XAPI-00177", forgets(GET, STATEMENTS, "related_activities")),
    Mutation("format is ignored", "XAPI-00171", forgets(GET, STATEMENTS, "format")),
    Mutation("canonical shows all languages", "XAPI-00169", forgets(GET, STATEMENTS, "format")),
    Mutation(
        "Accept-Language is ignored",
        "XAPI-00172",
        sends(
            lambda sent: replace(sent, headers={**sent.headers, "Accept-Language": "en-US"}), GET, STATEMENTS
        ),
    ),
    Mutation("attachments is ignored", "XAPI-00167", forgets(GET, STATEMENTS, "attachments")),
    Mutation("line ends of attachments change", "XAPI-00167", _part_as_text),
    Mutation(
        "Consistent-Through is forgotten",
        "XAPI-00153",
        tells("X-Experience-API-Consistent-Through", lambda _: None),
    ),
    Mutation("a voided id is no UUID", "XAPI-00157", answers(400, 404, GET, STATEMENTS)),
    Mutation("the ids of a batch in another order", "XAPI-00146", shows(STATEMENTS, sorted, "POST")),
    Mutation("PUT is answered with 200", "XAPI-00143", answers(204, 200, "PUT", STATEMENTS)),
    Mutation("a batch is stored piecemeal", "XAPI-00326", _piecemeal),
    Mutation("a refused batch leaves statements", "XAPI-00182", _piecemeal),
    Mutation("a conflict is told as stored", "XAPI-00142", _overwrites),
    Mutation("filters stand beside statementId", "XAPI-00151", forgets(GET, STATEMENTS, "limit")),
    Mutation("surplus parts are overlooked", "XAPI-00128", sends(_any_part, "POST", STATEMENTS)),
    Mutation("what is too large is a bug", "XAPI-00328", answers(413, 500, "POST", STATEMENTS)),
    Mutation("HEAD has a body", "XAPI-00125", _head_with_body),
    Mutation("HEAD is not taken", "XAPI-00126", refuses("HEAD", "/agents")),
    Mutation("unknown parameters are ignored", "XAPI-00324", sends(_known_only, "GET PUT POST")),
    Mutation("parameters in any case", "XAPI-00325", sends(_other_case, "GET")),
    Mutation(
        "version is not needed", "XAPI-00331", sends(_with_header("X-Experience-API-Version", "1.0.3"), GET)
    ),
    Mutation("answers without version", "XAPI-00333", tells("X-Experience-API-Version", lambda _: None)),
    Mutation("everyone is let in", "XAPI-00334", sends(_let_in, GET, STATEMENTS)),
    Mutation("faults are 422", "LR-015", answers(400, 422, "GET POST")),
    Mutation("no alternate syntax", "XAPI-00336", _no_forms, (V1,)),
    Mutation("ETag without quotes", "XAPI-00322", tells("ETag", lambda tag: tag.strip('"'))),
    Mutation("the same ETag for ever", "XAPI-00322", tells("ETag", lambda _: '"1"')),
    Mutation("If-None-Match is ignored", "XAPI-00322", deaf("If-None-Match")),
    Mutation("If-Match is ignored", "XAPI-00322", deaf("If-Match")),
    Mutation("409 is told as stored", "XAPI-00322", answers(409, 204, "PUT", PROFILE)),
    Mutation("states are merged deeply", "XAPI-00183", _deep_merge),
    Mutation("states are replaced by POST", "XAPI-00234", _replaces(STATE)),
    Mutation("agent profiles are replaced by POST", "XAPI-00279", _replaces(AGENT_PROFILE)),
    Mutation("activity profiles are replaced by POST", "XAPI-00308", _replaces(PROFILE)),
    Mutation(
        "states lose their type", "XAPI-00192", tells("Content-Type", lambda _: "text/plain", GET, STATE)
    ),
    Mutation("since of states is ignored", "XAPI-00195", forgets(GET, STATE, "since")),
    Mutation("since of agent profiles is ignored", "XAPI-00275", forgets(GET, AGENT_PROFILE, "since")),
    Mutation("since of activity profiles is ignored", "XAPI-00294", forgets(GET, PROFILE, "since")),
    Mutation("registration of states is ignored", "XAPI-00218", forgets("PUT", STATE, "registration")),
    Mutation("DELETE of a state does nothing", "XAPI-00191", _no_delete),
    Mutation("DELETE of a state deletes all", "XAPI-00216", forgets("DELETE", STATE, "stateId")),
    Mutation(
        "a Person without lists", "XAPI-00246", _person(lambda each: {**each, "account": each["account"][0]})
    ),
    Mutation("a Person is an Agent", "XAPI-00237", _person(lambda each: {**each, "objectType": "Agent"})),
    Mutation("unknown agents are 404", "XAPI-00247", refuses(GET, "/agents", 404)),
    Mutation("activities in one language", "XAPI-00254", shows("/activities", _first_name)),
    Mutation("About without its versions", "XAPI-00319", shows("/about", _without("version"))),
    Mutation(
        "About names 1.0.0 only", "XAPI-00317", shows("/about", lambda each: {**each, "version": ["1.0.0"]})
    ),
    Mutation("documents without date", "LR-005", tells("Last-Modified", lambda _: None)),
    Mutation(
        "timestamps as they came",
        "LR-011",
        each_statement(lambda each: {**each, "timestamp": "2024-02-29T12:34:56.789+05:30"}),
        (V2,),
    ),
    Mutation("the alternate syntax in 2.0", "LR-004", forgets("POST", STATEMENTS, "method"), (V2,)),
)
MUTATIONS = (
    *(Mutation(f"{path} is not looked at", number, lenient(path, good)) for number, path, good in LENIENT),
    *BEHAVIOUR,
)
