"""What calls leave in the general log: what a client's request was refused for, and who changed access.

Only calls of clients that are authenticated: else anyone could fill the log. Reads that are refused as invalid, unknown
documents (404) and failed conditions (412) are everyday life; a part that does not answer (503) has alarms of its own,
and writing about it would hold the call up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from chalicelib.ports.logs import ERROR, NOTICE, WARNING, LogType
from chalicelib.web.call import NOBODY, Answer, Call, Handler
from chalicelib.web.lrs.route import LrsRoute

_READS = ("GET", "HEAD")
_REFUSED_WRITES = (400, 409, 413, 415, 422)
_TYPES: Mapping[str, LogType] = {"xapi": "xapi", "cmi5": "cmi5", "data": "data", "jobs": "console"}


def note_refusal(call: Call | None, status: int, message: str) -> None:
    """Tells of a call that was refused or failed. `message`: what its client was told."""
    if call is None or call.principal is NOBODY:
        return
    level = _level(call.method, status)
    if level is not None:
        _write(call, level, message, {"status": str(status)})


def audited(routes: Iterable[LrsRoute]) -> tuple[LrsRoute, ...]:
    """The routes, each that changes something telling so when it has happened."""
    return tuple(
        route if route.method in _READS else replace(route, handler=_audited(route.handler))
        for route in routes
    )


def _audited(handler: Handler) -> Handler:
    def handle(call: Call) -> Answer:
        answer = handler(call)
        _write(call, NOTICE, f"{call.principal.client} called {call.route.name}.", {"id": _id(call, answer)})
        return answer

    return handle


def _level(method: str, status: int) -> int | None:
    if status == 500:
        return ERROR
    if status == 403 or (status in _REFUSED_WRITES and method not in _READS):
        return WARNING
    return None


def _write(call: Call, level: int, message: str, details: Mapping[str, str]) -> None:
    principal = call.principal
    call.services.lrs.logs.write(
        _type(call.route.path),
        level,
        message,
        store=principal.store,
        client=principal.client,
        details={"method": call.method, "call": call.route.name, **details},
    )


def _type(path: str) -> LogType:
    return next((kind for part in path.split("/") if (kind := _TYPES.get(part))), "access")


def _id(call: Call, answer: Answer) -> str:
    """The id of what was changed, from the path or, of what was made, from the answer."""
    named = call.path_parameters.get("id")
    if named is not None:
        return named
    data = answer.body.get("data") if isinstance(answer.body, Mapping) else None
    return str(data.get("id", "")) if isinstance(data, Mapping) else ""
