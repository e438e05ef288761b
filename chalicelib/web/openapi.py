"""The OpenAPI 3.1 document, made from the routes: what is not declared there is not served, and the other way round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chalicelib.web import delta_file_schemas, export_schemas, job_resource_routes, schemas
from chalicelib.web.call import Audience, Body, Parameter, Route, Success
from chalicelib.web.lrs.documentation import components, jobs, records
from chalicelib.web.lrs.route import LrsRoute

VERSION = "1"
DESCRIPTION = """\
Article data for a lighting maker, read and written one by one, or in bulk by delta files; and a learning record store
for xAPI 1.0.3 and 2.0, with cmi5.

Below `/v1`, every call needs the header `Authorization: Bearer <id>|<secret>`. Every answer but two is an envelope:
`status`, `message`, `data`. Bodies are JSON in UTF-8; a missing `Content-Type` is read as JSON.

Below `/lrs`, every call but three needs HTTP Basic. Refusals are `{"message", "errors"}`. Where a path takes GET it
takes HEAD as well. Calls of xAPI need the header `X-Experience-API-Version`; one that is 1.0 may be sent in the
alternate request syntax.
"""
TAGS = {
    "Article": "To create, change, find and delete articles, one by one or by delta files.",
    "Admin": "Users and their tokens, for administrators.",
    "Delta file": "Delta files: handed over, followed, cancelled; what became of each entry.",
    "Job": "What waits, what failed, what succeeded; and the commands over it.",
    "Export": "Articles as files: at once or on a schedule, all of them or what changed.",
    "Documentation": "What you read.",
}
# Statuses that a call may answer with because of what it is; the routes name the rest.
OF_EVERY_CALL = (429, 500, 503)
OF_CALLS_WITH_TOKEN = (401,)
OF_ADMIN_CALLS = (403,)
OF_CALLS_WITH_BODY = (400, 413, 415, 422)
OF_KEYED_CALLS = (400, 409, 422)
IDEMPOTENCY_KEY = Parameter(
    "Idempotency-Key",
    "header",
    {"type": "string", "minLength": 1},
    "A name of this call, of your choice, such as a UUID: up to 255 visible ASCII characters. Sent again within 24 "
    "hours under the same key, the call is not made twice but answered as before, with the header "
    "`Idempotent-Replayed: true`. 409: it is still running, or its answer is not kept. 422: the key was sent with "
    "another request.",
    "8e03978e-40d5-43dd-bc93-6894a57f9324",
)
TEXTS = {
    304: "The article still has one of the ETags that were sent; there is no body.",
    400: "The body is not JSON.",
    401: "No valid token was sent.",
    403: "The call is for administrators, or may not be made on this user.",
    404: "There is no such thing.",
    409: "It exists already, there is nothing to cancel, others were changing it at the same moment, or the "
    "Idempotency-Key is taken; nothing was written.",
    412: "The article is not as `If-Match` or `If-None-Match` demands; nothing was changed.",
    413: "The body is too large.",
    415: "The body is not JSON by its Content-Type.",
    422: "The input has faults; all of them are listed by field.",
    429: "Too many calls; wait as long as `Retry-After` says.",
    500: "A bug on our side. Nothing of its inside is shown; it is in the log.",
    503: "A part that the call needs does not answer; wait as long as `Retry-After` says.",
}
BODYLESS = (304,)
_RETRY_AFTER = {"description": "Seconds to wait.", "schema": {"type": "integer"}}
_HEADERS: Mapping[int, Mapping[str, Any]] = {
    429: {"Retry-After": _RETRY_AFTER},
    503: {"Retry-After": _RETRY_AFTER},
}


def describe(routes: Iterable[Route], record_routes: Sequence[LrsRoute], prefix: str) -> dict[str, Any]:
    """The document for these routes, as they are found under `prefix` (the gateway's stage, or a base path)."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    for each in record_routes:
        paths.setdefault(each.path, {})[each.method.lower()] = records.operation(each)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Lightrail",
            "version": VERSION,
            "description": DESCRIPTION,
        },
        "servers": [{"url": prefix or "/"}],
        "tags": [{"name": name, "description": text} for name, text in (TAGS | records.TAGS).items()],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": {
                **schemas.COMPONENTS,
                **job_resource_routes.COMPONENTS,
                **delta_file_schemas.COMPONENTS,
                **export_schemas.COMPONENTS,
                **components.COMPONENTS,
                **jobs.COMPONENTS,
            },
            "parameters": dict(records.PARAMETERS),
            "responses": records.responses_of(record_routes),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "A token: `<id>|<secret>`."},
                **records.SECURITY_SCHEMES,
            },
        },
    }


def statuses(route: Route) -> list[int]:
    """Every status that a call of this route may answer with."""
    found = {*_successes(route), *route.refusals, *OF_EVERY_CALL}
    if route.audience is not Audience.ANYONE:
        found |= {*OF_CALLS_WITH_TOKEN}
    if route.audience is Audience.ADMIN:
        found |= {*OF_ADMIN_CALLS}
    if route.body is not None:
        found |= {*OF_CALLS_WITH_BODY}
    if _is_keyed(route):
        found |= {*OF_KEYED_CALLS}
    return sorted(found)


def _is_keyed(route: Route) -> bool:
    return route.method == "POST" and route.audience is not Audience.ANYONE


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "description": route.description or route.success.description,
    }
    if route.audience is Audience.ANYONE:
        operation["security"] = []
    parameters = (*route.parameters, IDEMPOTENCY_KEY) if _is_keyed(route) else route.parameters
    if parameters:
        operation["parameters"] = [_parameter(parameter) for parameter in parameters]
    if route.body is not None:
        operation["requestBody"] = _request_body(route.body)
    operation["responses"] = {str(status): _response(route, status) for status in statuses(route)}
    return operation


def _parameter(parameter: Parameter) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.place == "path",
        "description": parameter.description,
        "schema": parameter.schema,
    }
    return described if parameter.example is None else {**described, "example": parameter.example}


def _request_body(body: Body) -> dict[str, Any]:
    media = {"schema": body.schema, "example": body.example}
    content: dict[str, Any] = {**dict.fromkeys(body.kinds, media), **{kind: {} for kind in body.bytes_of}}
    return {"required": body.required, "content": content}


def _successes(route: Route) -> dict[int, Success]:
    return {success.status: success for success in (route.success, *route.further)}


def _response(route: Route, status: int) -> dict[str, Any]:
    success = _successes(route).get(status)
    if success is not None:
        headers = {
            name: {"description": text, "schema": schemas.TEXT} for name, text in success.headers.items()
        }
        return _with_headers({"description": success.description, "content": _content(success)}, headers)
    if status in BODYLESS:
        return {"description": TEXTS[status]}
    return _described(TEXTS[status], {"schema": _error_schema(route, status)}, _HEADERS.get(status, {}))


def _error_schema(route: Route, status: int) -> schemas.Schema:
    if status == 422:
        return schemas.ref("ValidationError")
    if route.audience is Audience.ADMIN and status in (401, 403):
        bare = schemas.ref("BareMessage")
        return {"anyOf": [bare, schemas.ref("Error")]} if status in route.refusals else bare
    return schemas.ref("Error")


def _content(success: Success) -> dict[str, Any]:
    """JSON, where the answer has a schema, and the other media types that it may have."""
    media = {"schema": success.schema, "example": success.example}
    return {
        **({"application/json": media} if success.schema else {}),
        **{kind: {} for kind in success.bytes_of},
    }


def _described(text: str, media: Mapping[str, Any], headers: Mapping[str, Any]) -> dict[str, Any]:
    return _with_headers({"description": text, "content": {"application/json": media}}, headers)


def _with_headers(response: dict[str, Any], headers: Mapping[str, Any]) -> dict[str, Any]:
    return {**response, "headers": dict(headers)} if headers else response
