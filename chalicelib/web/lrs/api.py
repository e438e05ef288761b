"""What the record store has of its own among the APIs: Basic authentication, versions, its form of refusals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast
from urllib.parse import unquote

from chalicelib.errors import Invalid, LightrailError
from chalicelib.lrs.errors import (
    InvalidStatements,
    MissingPermission,
    StateConflict,
    StatementConflict,
    TooLarge,
)
from chalicelib.lrs.multipart import InvalidMultipart
from chalicelib.lrs.strict_json import InvalidJson
from chalicelib.lrs.versions import V2, XapiVersion, understood
from chalicelib.times import written
from chalicelib.web import reading
from chalicelib.web.call import NOBODY, Answer, Call, Operation, Request, RouteTable
from chalicelib.web.error_map import Mapped, Statuses, assess
from chalicelib.web.lrs import alternate, cors, general_log
from chalicelib.web.lrs.headers import CONSISTENT_THROUGH, VERSION
from chalicelib.web.lrs.route import LrsRoute
from chalicelib.web.refusals import Refusal, UnknownRoute

if TYPE_CHECKING:
    from chalicelib.web.services import Services

LONG_AGO = written(0)  # where no store is known, nothing more can be said to be complete
UNKNOWN_PATH = "There is nothing at this path."
BASIC = {"WWW-Authenticate": 'Basic realm="lrs", charset="UTF-8"'}

_STATUSES: Statuses = (
    (InvalidStatements, 400),
    (StatementConflict, 409),
    (StateConflict, 409),
    (TooLarge, 413),
    (InvalidJson, 400),
    (InvalidMultipart, 400),
)
_BROKEN = "�"  # what the gateway makes of bytes in the query that are no UTF-8


class UnknownVersion(Refusal):
    """The request names no version of xAPI, or one that is not spoken; answered with 400."""

    def __init__(self, named: str, default: XapiVersion) -> None:
        said = f"version {named[:40]} is not spoken here" if named else "the request names no version"
        super().__init__(f"{said[0].upper()}{said[1:]}: send the header {VERSION}: {default}.")


class LrsApi:
    """Stores, statements, documents and their data, below `/lrs`."""

    def __init__(self, table: RouteTable) -> None:
        self.table = table

    def read(self, request: Request) -> Request:
        """Undoes the alternate request syntax of xAPI 1.0.3. Raises `TooLarge` for what no call takes."""
        if len(request.raw_body) > reading.BODY_BYTES:
            raise TooLarge(f"The body is larger than {reading.BODY_BYTES} bytes.")
        if is_xapi(request.address) and alternate.is_alternate(request):
            return alternate.read(request)
        return request

    def routes_at(self, request: Request, services: Services) -> Mapping[str, Operation] | None:
        """The routes of the path, unless a setting takes them away."""
        routes = self.table.get(request.path)
        if routes is None:
            return None
        first = cast(LrsRoute, next(iter(routes.values())))
        return routes if not first.switch or getattr(services.settings, first.switch) else None

    def admit(self, call: Call) -> Mapping[str, object]:
        """Who calls, in which version, with which permission: in this order, denied by default.

        Raises `Unauthenticated`, `Forbidden`, `NotFound`, `UnknownVersion`, `MissingPermission`, `Invalid` (query).
        """
        route = cast(LrsRoute, call.route)
        named = _version(call)
        version = understood(named)
        call.version = version or V2
        if not route.open:
            client, store = (
                reading.path_parameter(call, name) if name in call.path_parameters else ""
                for name in ("client", "store")
            )
            authorization = call.headers.get("authorization")
            call.principal = call.services.lrs.guard.authenticate(authorization, client, store)
            if is_xapi(route.path) and version is None:
                call.version = call.principal.xapi_version
                raise UnknownVersion(named, call.principal.xapi_version)
            if route.permissions and not call.principal.permissions.intersection(route.permissions):
                raise MissingPermission(route.permissions)
            if call.principal.cmi5 is not None:
                from chalicelib.web.lrs import cmi5_session

                cmi5_session.check(call)
        _check_query(call, route)
        return {}

    def run(self, call: Call) -> Answer:
        """Calls the handler."""
        return call.route.handler(call)

    def refuse(self, error: Exception, request: Request, call: Call | None) -> Mapped:
        """`{"message", "errors"?}`; what is invalid is 400 in xAPI and 422 elsewhere."""
        own: Statuses = (*_STATUSES, (Invalid, 400)) if is_xapi(request.address) else _STATUSES
        found = assess(error, own)
        body: dict[str, object] = {
            "message": UNKNOWN_PATH if isinstance(error, UnknownRoute) else found.message
        }
        if found.faults:
            body["errors"] = found.faults
        headers = found.headers | (BASIC if found.status == 401 else {})
        general_log.note_refusal(call, found.status, found.message)
        return Mapped(Answer(found.status, body, headers), found.level)

    def preflight(self, methods: tuple[str, ...]) -> Mapping[str, str]:
        """What a browser may send."""
        return cors.preflight(methods)

    def headers(
        self, request: Request, call: Call | None, answer: Answer, services: Services
    ) -> Mapping[str, str]:
        """JSON, who may read it; in xAPI its version, and for statements up to when they are complete."""
        client = unquote(request.path_parameters.get("client", ""), errors="replace")
        known = None if call is None or call.principal is NOBODY else call.principal.cors
        found = {
            "Content-Type": "application/json",
            "Cache-Control": "no-cache, private",
            **cors.headers(services, client, known, request.headers),
        }
        if is_xapi(request.address):
            found[VERSION] = call.version if call else understood(_version(request)) or V2
            if request.path.endswith("/xapi/statements") and CONSISTENT_THROUGH not in answer.headers:
                found[CONSISTENT_THROUGH] = _consistent_through(call, answer)
        return found


def is_xapi(path: str) -> bool:
    """Whether a path, or the pattern of one, is at or below the xAPI endpoint of a store."""
    parts = path.split("/")
    return len(parts) > 5 and (parts[1], parts[3], parts[5]) == ("lrs", "stores", "xapi")


def _version(request: Request | Call) -> str:
    return request.headers.get(VERSION.lower(), "").strip()


def _check_query(call: Call, route: LrsRoute) -> None:
    """Refuses what is not known, in another case, repeated, or broken (xAPI 1.0.3 Communication 3.2)."""
    faults: dict[str, list[str]] = {}
    for name, value in call.query.items():
        if name not in route.query:
            known = ", ".join(sorted(route.query)) or "none"
            faults[name] = [f"This parameter is not known here; known (case matters): {known}."]
        elif name in call.repeated:
            faults[name] = ["This parameter stands there more than once."]
        elif _BROKEN in value or any("\ud800" <= each <= "\udfff" for each in value):
            faults[name] = ["The value is not UTF-8, percent-encoded."]
        elif "\x00" in value:
            faults[name] = ["The value holds the character U+0000."]
    if faults:
        raise Invalid(faults)


def _consistent_through(call: Call | None, answer: Answer) -> str:
    if call is None or call.principal is NOBODY or answer.status >= 500:
        return LONG_AGO
    try:
        asked = call.route.method == "GET"
        return written(call.services.lrs.reader.consistent_through(call.principal.store, asked=asked))
    except LightrailError:
        return LONG_AGO
