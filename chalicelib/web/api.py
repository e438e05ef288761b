"""What one API has of its own: who may call, what a refusal looks like, which headers go along."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from chalicelib.web import cors
from chalicelib.web.call import Answer, Audience, Call, Operation, Request, Route, RouteTable
from chalicelib.web.error_map import Mapped, map_error
from chalicelib.web.refusals import NotAnAdmin

if TYPE_CHECKING:
    from chalicelib.web.services import Services


class Api(Protocol):
    """One of the APIs that the application serves; the pipeline asks it at each step of a call."""

    @property
    def table(self) -> RouteTable:
        """Its routes."""
        ...

    def read(self, request: Request) -> Request:
        """The request as it is meant, where a client may write it in more than one way. Raises refusals."""
        ...

    def routes_at(self, request: Request, services: Services) -> Mapping[str, Operation] | None:
        """The routes of the path by method; None: there is nothing at it."""
        ...

    def admit(self, call: Call) -> Mapping[str, object]:
        """Lets the call in, or raises; what the log line says of the caller."""
        ...

    def run(self, call: Call) -> Answer:
        """Makes a call that was let in. Raises what its handler raises, and refusals."""
        ...

    def refuse(self, error: Exception, request: Request, call: Call | None) -> Mapped:
        """The answer to an error; without a call it was met before the call was let in."""
        ...

    def preflight(self, methods: tuple[str, ...]) -> Mapping[str, str]:
        """The headers that OPTIONS adds."""
        ...

    def headers(
        self, request: Request, call: Call | None, answer: Answer, services: Services
    ) -> Mapping[str, str]:
        """The headers of any answer; those of the answer itself go before them. Never raises domain errors."""
        ...


class ArticleApi:
    """Articles, users and jobs: bearer tokens, envelopes, the origins of the setting."""

    def __init__(self, table: RouteTable) -> None:
        self.table = table

    def read(self, request: Request) -> Request:
        """There is one way to write a request."""
        return request

    def routes_at(self, request: Request, services: Services) -> Mapping[str, Operation] | None:
        """The routes of the path."""
        return self.table.get(request.path)

    def admit(self, call: Call) -> Mapping[str, object]:
        """Denies by default: only a route that says so is open to anyone."""
        audience = _audience(call.route)
        if audience is Audience.ANYONE:
            return {}
        principal = call.services.accounts.authenticate(call.headers.get("authorization"))
        if audience is Audience.ADMIN and not principal.is_admin:
            raise NotAnAdmin
        call.user = principal
        return {"token_id": principal.token_id}

    def run(self, call: Call) -> Answer:
        """Calls the handler; of a POST under an Idempotency-Key once, however often it is sent."""
        if call.user is None or call.method != "POST" or "idempotency-key" not in call.headers:
            return call.route.handler(call)
        from chalicelib.web import idempotency  # only such a call needs it

        secret = isinstance(call.route, Route) and call.route.secret
        audience = _audience(call.route)
        return idempotency.once(
            call, call.user.identity, secret, lambda error: map_error(error, audience).answer
        )

    def refuse(self, error: Exception, request: Request, call: Call | None) -> Mapped:
        """The envelope, or the bare form of two refusals of the admin calls."""
        return map_error(error, _audience(call.route) if call else Audience.ANYONE)

    def preflight(self, methods: tuple[str, ...]) -> Mapping[str, str]:
        """What a browser may send."""
        return cors.preflight(methods)

    def headers(
        self, request: Request, call: Call | None, answer: Answer, services: Services
    ) -> Mapping[str, str]:
        """JSON, how long it may be kept, who may read it."""
        return {
            "Content-Type": "application/json",
            "Cache-Control": _caching(call.route if call else None),
            **cors.headers(services.settings.cors_origins, request.headers),
        }


def _audience(route: Operation) -> Audience:
    return route.audience if isinstance(route, Route) else Audience.ADMIN


def _caching(route: Operation | None) -> str:
    changing = isinstance(route, Route) and route.method == "GET" and route.mutates
    return "no-store" if changing else "no-cache, private"
