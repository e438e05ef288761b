"""The record store's part of the OpenAPI document: its routes, joined with what is said of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.web.error_map import RETRY_AFTER_SECONDS
from chalicelib.web.lrs.api import is_xapi
from chalicelib.web.lrs.documentation import access, cmi5, data, documents, jobs, parameters, xapi
from chalicelib.web.lrs.documentation.form import JSON, Described, Json, header
from chalicelib.web.lrs.headers import CONSISTENT_THROUGH, VERSION
from chalicelib.web.lrs.route import LrsRoute
from chalicelib.web.schemas import ref

DESCRIBED: Mapping[str, Described] = {
    **xapi.DESCRIBED,
    **documents.DESCRIBED,
    **access.DESCRIBED,
    **jobs.DESCRIBED,
    **data.DESCRIBED,
    **cmi5.DESCRIBED,
}
TAGS = {
    xapi.TAG: "The learning record store: statements, states and profiles, persons, activities; xAPI 1.0.3 and 2.0.",
    cmi5.TAG: "Tokens for assignable units.",
    data.TAG: "What a store holds, to read; persons, to read and to say.",
    data.LOGS_TAG: "What the operators of the record store want to know.",
    access.TAG: "Stores, clients and connections.",
    jobs.TAG: "What the record store does for itself, at once or on a schedule.",
}
SECURITY_SCHEMES: Mapping[str, Json] = {
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "User name and password of the client in the path; or a cmi5 token, which is the value itself.",
    }
}
TEXTS = {
    400: "The request is not as xAPI has it, or its body is not JSON; every fault is listed.",
    401: "No valid credentials were sent.",
    403: "The path is another client's or leads to another store, a permission is missing, or a cmi5 token does not "
    "allow it.",
    404: "There is no such client, store or object; or a setting has taken the call away.",
    409: "It exists with other content, is in a state that does not allow it, or others were changing it at the same "
    "moment; nothing was written.",
    412: "The document is not as If-Match or If-None-Match demand; nothing was changed.",
    413: "The request holds more than one call takes.",
    415: "The body is not JSON by its Content-Type.",
    422: "The input has faults; all of them are listed by field.",
    429: "Too many calls, says the gateway; wait as long as `Retry-After` says.",
    500: "A bug on our side. Nothing of its inside is shown; it is in the log.",
    503: "A part that the call needs does not answer; wait as long as `Retry-After` says.",
}
OF_EVERY_CALL = (429, 500, 503)
OF_CREDENTIALS = (401, 403, 404)
# What the gateway may refuse before the application sees it, in the form of the other API and without its headers.
OF_THE_GATEWAY = (413, 429, 500, 503)
_RETRY_AFTER = header(
    f"Seconds to wait; {RETRY_AFTER_SECONDS} where a part does not answer.", schema={"type": "integer"}
)
_OWN_HEADERS: Mapping[int, Mapping[str, Json]] = {
    401: {"WWW-Authenticate": header("How to authenticate.")},
    429: {"Retry-After": _RETRY_AFTER},
    503: {"Retry-After": _RETRY_AFTER},
}


def operation(route: LrsRoute) -> dict[str, Any]:
    """One call as OpenAPI has it. Raises KeyError where nothing is said of it."""
    described = DESCRIBED[route.name]
    made: dict[str, Any] = {
        "operationId": route.name,
        "tags": [described.tag],
        "summary": described.summary,
        "description": f"{described.description} {_who(route)}",
        "security": [] if route.open else [{"basic": []}],
        "parameters": list(_parameters(route, described)),
    }
    if described.body:
        made["requestBody"] = {"required": True, "content": described.body}
    made["responses"] = {str(status): _response(route, described, status) for status in statuses(route)}
    return made


def statuses(route: LrsRoute) -> list[int]:
    """Every status that a call of this route may answer with."""
    described = DESCRIBED[route.name]
    found = {*described.answers, *described.refusals, *OF_EVERY_CALL}
    if not route.open:
        found |= {*OF_CREDENTIALS}
    if is_xapi(route.path) or 415 in described.refusals:
        found.add(400)
    if not is_xapi(route.path):
        found.add(422)
    if described.body:
        found.add(413)
    return sorted(found)


def responses_of(routes: Iterable[LrsRoute]) -> dict[str, Json]:
    """The refusals that the calls of these routes share, by kind of call and status."""
    found = {
        (_kind(route), status)
        for route in routes
        for status in statuses(route)
        if status not in DESCRIBED[route.name].answers
    }
    return {f"{kind}.{status}": _refusal(kind, status) for kind, status in sorted(found)}


def _who(route: LrsRoute) -> str:
    if route.open:
        return "Open to anyone."
    if not route.permissions:
        return "Any client may call it."
    return f"Needs one of the permissions {', '.join(f'`{name}`' for name in route.permissions)}."


def _parameters(route: LrsRoute, described: Described) -> Iterable[Json]:
    names = re.findall(r"{(\w+)}", route.path)
    found = [described.path.get(name) or parameters.PATH[name] for name in names]
    if is_xapi(route.path) and not route.open:
        found.append(parameters.VERSION)
    found += described.headers
    found += [described.query.get(name) or parameters.QUERY[name] for name in sorted(route.query)]
    for parameter in found:
        name = _key(parameter)
        yield {"$ref": f"#/components/parameters/{name}"} if PARAMETERS.get(name) is parameter else parameter


def _response(route: LrsRoute, described: Described, status: int) -> Json:
    succeeded = described.answers.get(status)
    kind = _kind(route)
    if succeeded is None:
        return {"$ref": f"#/components/responses/{kind}.{status}"}
    made: dict[str, Any] = {
        "description": succeeded.description,
        "headers": {**_headers(kind, status), **succeeded.headers},
    }
    return made | ({"content": succeeded.content} if succeeded.content else {})


def _kind(route: LrsRoute) -> str:
    if not is_xapi(route.path):
        return "records"
    return "statements" if route.path.endswith("/statements") else "xapi"


def _headers(kind: str, status: int) -> dict[str, Json]:
    """The headers that every answer of a kind of calls has."""
    always = status not in OF_THE_GATEWAY
    found: dict[str, Json] = {}
    if kind != "records":
        found[VERSION] = header("The version of the answer: `1.0.3` or `2.0.0`.", required=always)
    if kind == "statements":
        text = "All statements that were stored up to this time, and that match, are in the answer or in its pages."
        found[CONSISTENT_THROUGH] = header(text, required=always, schema=parameters.TIME)
    return found


def _refusal(kind: str, status: int) -> Json:
    return {
        "description": TEXTS[status],
        "headers": {**_headers(kind, status), **_OWN_HEADERS.get(status, {})},
        "content": {JSON: {"schema": _error(status)}},
    }


def _error(status: int) -> Json:
    if status == 429:
        return ref("Error")
    return {"anyOf": [ref("RecordError"), ref("Error")]} if status in OF_THE_GATEWAY else ref("RecordError")


def _key(parameter: Json) -> str:
    return f"{parameter['in']}.{parameter['name']}"


PARAMETERS: Mapping[str, Json] = {
    _key(each): each for each in (*parameters.PATH.values(), *parameters.QUERY.values(), *parameters.HEADERS)
}
