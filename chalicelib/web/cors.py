"""Cross-origin access: which origins may read answers, and what a browser is told before it sends a call."""

from collections.abc import Iterable, Mapping

REQUEST_HEADERS = "Authorization, Content-Type, Accept, If-Match, If-None-Match, Idempotency-Key"
EXPOSED_HEADERS = "Link, Retry-After, Allow, ETag, Location, Content-Location, Idempotent-Replayed"
PREFLIGHT_SECONDS = "600"  # browsers cap it between five minutes and two hours


def headers(origins: tuple[str, ...], request: Mapping[str, str]) -> dict[str, str]:
    """The headers of any answer: `*`, or the caller's own origin where it is one of the allowed. No credentials."""
    if "*" in origins:
        return {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED_HEADERS}
    origin = request.get("origin")
    if origin not in origins:
        return {"Vary": "Origin"}
    return {
        "Access-Control-Allow-Origin": origin,
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
