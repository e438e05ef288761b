"""What happens to every call between the gateway and its handler, and to every answer on its way back."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

from chalicelib.errors import Unavailable, frames_of
from chalicelib.web import envelope, routing
from chalicelib.web.call import Answer, Call, Operation, Request
from chalicelib.web.error_map import Level
from chalicelib.web.refusals import MethodNotAllowed, UnknownRoute

if TYPE_CHECKING:
    from chalicelib.web.api import Api
    from chalicelib.web.services import Services


@dataclass(frozen=True)
class Reply:
    """What goes back to the gateway; `body` is empty for an answer without one, bytes where it is no UTF-8."""

    status: int
    headers: dict[str, str]
    body: str | bytes


@dataclass
class _Progress:
    """How far a request came, for its log line."""

    request: Request
    level: Level = "info"
    call: Call | None = None
    fields: dict[str, object] = field(default_factory=dict)


def reply(request: Request, services: Services) -> Reply:
    """Answers one request, whatever comes, and logs one line about it."""
    started = perf_counter()
    api = routing.api_of(request)
    progress = _Progress(request)
    try:
        answer = _answer(api, services, progress)
    except Exception as error:
        answer = _refuse(api, error, progress)
    headers = {**api.headers(progress.request, progress.call, answer, services), **answer.headers}
    bodyless = answer.body is None or progress.request.method == "HEAD"
    body = "" if bodyless else _written(answer)
    log = getattr(services.logger, progress.level)
    log(
        "call",
        extra={
            "method": progress.request.method,
            "route": request.path,
            "status": answer.status,
            "ms": round((perf_counter() - started) * 1000, 1),
            "request_id": request.request_id,
            "gateway_request_id": request.gateway_request_id,
            **progress.fields,
        },
    )
    return Reply(answer.status, headers, body)


def _answer(api: Api, services: Services, progress: _Progress) -> Answer:
    progress.request = request = api.read(progress.request)
    routes = api.routes_at(request, services)
    if routes is None:
        raise UnknownRoute
    allowed = (*routes, "OPTIONS")
    if request.method == "OPTIONS":
        return Answer(204, None, {"Allow": ", ".join(allowed), **api.preflight(allowed)})
    route = routes.get(request.method)
    if route is None:
        raise MethodNotAllowed(request.method, allowed)
    progress.call = call = _call(request, route, services)
    progress.fields.update(request.path_parameters)
    progress.fields.update(api.admit(call))
    return api.run(call)


def _call(request: Request, route: Operation, services: Services) -> Call:
    return Call(
        method=request.method,
        route=route,
        headers=request.headers,
        query=request.query,
        path_parameters=request.path_parameters,
        raw_body=request.raw_body,
        prefix=request.prefix,
        services=services,
        scheme=request.scheme,
        host=request.host,
        repeated=request.repeated,
        values=request.values,
    )


def _refuse(api: Api, error: Exception, progress: _Progress) -> Answer:
    mapped = api.refuse(error, progress.request, progress.call)
    progress.level = mapped.level
    progress.fields["error"] = type(error).__name__
    if isinstance(error, Unavailable):
        progress.fields |= {"part": error.part, "reason": error.reason}
    elif mapped.level == "error":
        progress.fields["frames"] = frames_of(error)
    return mapped.answer


def _written(answer: Answer) -> str | bytes:
    """The body as it leaves: text wherever it is text, so that no client has to undo base64."""
    if not isinstance(answer.body, bytes):
        return envelope.to_json(answer.body)
    try:
        return answer.body.decode()
    except UnicodeDecodeError:
        return answer.body


__all__ = ["Reply", "Request", "reply"]
