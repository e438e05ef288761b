"""What happens to every call between the gateway and its handler, and to every answer on its way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

from chalicelib.errors import Unavailable, frames_of
from chalicelib.web import cors, envelope, routing
from chalicelib.web.call import Answer, Audience, Call, Route
from chalicelib.web.error_map import Level, map_error
from chalicelib.web.refusals import MethodNotAllowed, NotAnAdmin, UnknownRoute

if TYPE_CHECKING:
    from chalicelib.web.services import Services


@dataclass(frozen=True)
class Request:
    """One HTTP request, free of the gateway's event format; `path` is the pattern of the route, as in its table."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    path_parameters: Mapping[str, str]
    raw_body: bytes
    prefix: str
    request_id: str
    gateway_request_id: str


@dataclass(frozen=True)
class Reply:
    """What goes back to the gateway; `body` is empty for an answer without one."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass
class _Progress:
    """How far a request came, for its log line."""

    level: Level = "info"
    route: Route | None = None
    fields: dict[str, object] = field(default_factory=dict)


def reply(request: Request, services: Services) -> Reply:
    """Answers one request, whatever comes, and logs one line about it."""
    started = perf_counter()
    progress = _Progress()
    try:
        answer = _answer(request, services, progress)
    except Exception as error:
        answer = _refuse(error, progress)
    headers = {
        "Content-Type": "application/json",
        "Cache-Control": _caching(progress.route),
        **cors.headers(services.settings.cors_origins, request.headers),
        **answer.headers,
    }
    bodyless = answer.body is None or request.method == "HEAD"
    body = "" if bodyless else envelope.to_json(answer.body)
    log = getattr(services.logger, progress.level)
    log(
        "call",
        extra={
            "method": request.method,
            "route": request.path,
            "status": answer.status,
            "ms": round((perf_counter() - started) * 1000, 1),
            "request_id": request.request_id,
            "gateway_request_id": request.gateway_request_id,
            **progress.fields,
        },
    )
    return Reply(answer.status, headers, body)


def _answer(request: Request, services: Services, progress: _Progress) -> Answer:
    routes = routing.TABLE.get(request.path)
    if routes is None:
        raise UnknownRoute
    allowed = (*routes, "OPTIONS")
    if request.method == "OPTIONS":
        return Answer(204, None, {"Allow": ", ".join(allowed), **cors.preflight(allowed)})
    progress.route = route = routes.get(request.method)
    if route is None:
        raise MethodNotAllowed(request.method, allowed)
    call = Call(
        method=request.method,
        route=route,
        headers=request.headers,
        query=request.query,
        path_parameters=request.path_parameters,
        raw_body=request.raw_body,
        prefix=request.prefix,
        services=services,
    )
    progress.fields.update(request.path_parameters)
    _authenticate(call, progress)
    return route.handler(call)


def _authenticate(call: Call, progress: _Progress) -> None:
    """Denies by default: only a route that says so is open to anyone."""
    if call.route.audience is Audience.ANYONE:
        return
    principal = call.services.accounts.authenticate(call.headers.get("authorization"))
    progress.fields["token_id"] = principal.token_id
    if call.route.audience is Audience.ADMIN and not principal.is_admin:
        raise NotAnAdmin


def _refuse(error: Exception, progress: _Progress) -> Answer:
    mapped = map_error(error, progress.route.audience if progress.route else Audience.ANYONE)
    progress.level = mapped.level
    progress.fields["error"] = type(error).__name__
    if isinstance(error, Unavailable):
        progress.fields |= {"part": error.part, "reason": error.reason}
    elif mapped.level == "error":
        progress.fields["frames"] = frames_of(error)
    return mapped.answer


def _caching(route: Route | None) -> str:
    return (
        "no-store" if route is not None and route.method == "GET" and route.mutates else "no-cache, private"
    )
