"""Cross-origin access to the record store: browser content of the origins that the client names may use it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from chalicelib.errors import LightrailError

if TYPE_CHECKING:
    from chalicelib.web.services import Services

REQUEST_HEADERS = (
    "Authorization, Content-Type, Content-Length, Content-Transfer-Encoding, Accept, Accept-Language, If-Match, "
    "If-None-Match, X-Experience-API-Version, X-Experience-API-Hash, X-Experience-API-Consistent-Through, "
    "X-Requested-With"
)
EXPOSED_HEADERS = (
    "ETag, Last-Modified, Content-Length, Content-Type, Link, Retry-After, Allow, WWW-Authenticate, "
    "X-Experience-API-Version, X-Experience-API-Consistent-Through, X-Experience-API-Hash"
)
PREFLIGHT_SECONDS = "600"  # browsers cap it between five minutes and two hours


def headers(
    services: Services, client: str, known: tuple[str, ...] | None, request: Mapping[str, str]
) -> dict[str, str]:
    """The headers of any answer; `known`: the origins of the client, where it is authenticated.

    Nothing is looked up for a request that comes from no browser's page.
    """
    origin = request.get("origin")
    if origin is None:
        return {"Vary": "Origin"}
    origins = _origins(services, client) if known is None else known
    if "*" not in origins and origin not in origins:
        return {"Vary": "Origin"}
    return {
        "Access-Control-Allow-Origin": "*" if "*" in origins else origin,
        "Access-Control-Expose-Headers": EXPOSED_HEADERS,
        "Vary": "Origin",
    }


def preflight(methods: Iterable[str]) -> dict[str, str]:
    """What OPTIONS adds: the methods of the path, the headers that a call may carry, how long this holds."""
    return {
        "Access-Control-Allow-Methods": ", ".join(methods),
        "Access-Control-Allow-Headers": REQUEST_HEADERS,
        "Access-Control-Max-Age": PREFLIGHT_SECONDS,
    }


def _origins(services: Services, client: str) -> tuple[str, ...]:
    """What the client allows; one that cannot be looked up now allows none."""
    try:
        return tuple(services.lrs.guard.allowed_origins(client))
    except LightrailError:
        return ()
