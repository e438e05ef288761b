"""The Chalice application: API Gateway's events in, its answers out, and nothing of Chalice's own in between."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from chalice.app import Chalice, Response

from chalicelib.garbage import collect_less
from chalicelib.web import envelope, error_map, pipeline, routing
from chalicelib.web.call import Request
from chalicelib.web.paging import PAYLOAD_BYTES

if TYPE_CHECKING:
    from chalicelib.web.services import Services

# Every path takes every method, so that the application and not the gateway answers 405.
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

# The application answers for every other path too: of a call with a token to a path that it does not know, the
# gateway would complain that `Authorization` is no signature of AWS's.
OTHER_PATHS = {"/": "root", "/{proxy+}": "anything"}


LIST_HEADERS = ("if-match", "if-none-match", "idempotency-key")
MOST_BYTES_OF_A_CHARACTER = 12  # one beyond the basic plane, as Python 3.11's runtime escapes it


class TextResponse(Response):
    """A response whose text stays text. With `*/*` as binary type Chalice would send base64, which a client without
    an `Accept` header gets undecoded; so only bytes that are no text go that way."""

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:
        """The answer as the gateway takes it: text as it is, bytes in base64."""
        answer: dict[str, Any] = super().to_dict(None)
        if isinstance(self.body, bytes):
            return {**answer, "body": base64.b64encode(self.body).decode(), "isBase64Encoded": True}
        return {**answer, "isBase64Encoded": False}


class HttpApi(Chalice):
    """Chalice with every route of `chalicelib.web.routing`; each call runs through `chalicelib.web.pipeline`."""

    def __init__(self, app_name: str, services: Services) -> None:
        # Chalice's own log would print every line a second time, as plain text.
        super().__init__(app_name, configure_logs=False)
        self._services = services
        self.api.binary_types = ["*/*"]  # bodies arrive as the bytes that were sent, whatever their type
        for api in routing.APIS:
            for path, routes in api.table.items():
                name = next(iter(routes.values())).name
                self.route(path, name=name, methods=METHODS, content_types=["*/*"])(self._view)
        for path, name in OTHER_PATHS.items():
            self.route(path, name=name, methods=METHODS, content_types=["*/*"])(self._view)

    def __call__(self, event: Mapping[str, Any], context: Any) -> dict[str, Any]:
        """Answers one event of the gateway; no error leaves it, and no body but the application's own."""
        complete = _completed(event)
        place = complete["requestContext"]
        if place["httpMethod"] in self.routes.get(place["resourcePath"], {}):
            answer: dict[str, Any] = super().__call__(complete, context)
            return answer
        return self._reply(complete, context).to_dict()

    def _view(self, **_: str) -> TextResponse:
        request = self.current_request
        return self._reply(request.to_original_event() if request else {}, self.lambda_context)

    def _reply(self, event: Mapping[str, Any], context: Any) -> TextResponse:
        try:
            reply = pipeline.reply(_request(event, context), self._services)
        except Exception as error:
            # only where the settings cannot be read, or the event is none of the gateway's
            self.log.error("a call could not be begun: %s", error)
            return _last_resort()
        finally:
            collect_less()
        return TextResponse(_fitting(reply.body), {**reply.headers}, reply.status)


def _fitting(body: str | bytes) -> str | bytes:
    """The body, as bytes where its text would be too much for Lambda: there it stands as a JSON string."""
    surely = PAYLOAD_BYTES // MOST_BYTES_OF_A_CHARACTER
    if isinstance(body, bytes) or len(body) <= surely or len(json.dumps(body)) <= PAYLOAD_BYTES:
        return body
    return body.encode()


def _request(event: Mapping[str, Any], context: Any) -> Request:
    place = event["requestContext"]
    path = str(place["resourcePath"])
    headers = {name.lower(): value for name, value in event["headers"].items()} | _lists(event)
    query: Mapping[str, list[str]] = event["multiValueQueryStringParameters"]
    return Request(
        method=str(place["httpMethod"]),
        path=path,
        address=_address(path, event["pathParameters"]),
        prefix=_prefix(str(place.get("path", "")), path),
        # The gateway always says so on AWS; the local emulator, which speaks nothing but HTTP, never does.
        scheme=headers.get("x-forwarded-proto", "http"),
        host=headers.get("host") or str(place.get("domainName", "")),
        headers=headers,
        query={name: values[-1] for name, values in query.items() if values},
        repeated=frozenset(name for name, values in query.items() if len(values) > 1),
        values=query,
        path_parameters=event["pathParameters"],
        raw_body=_raw_body(event),
        request_id=getattr(context, "aws_request_id", ""),
        gateway_request_id=str(place.get("requestId", "")),
    )


def _lists(event: Mapping[str, Any]) -> dict[str, str]:
    """Headers that may stand in several lines and then are one list; the gateway's own choice is the last line."""
    lines: Mapping[str, list[str]] = event.get("multiValueHeaders") or {}
    return {name.lower(): ", ".join(values) for name, values in lines.items() if name.lower() in LIST_HEADERS}


def _raw_body(event: Mapping[str, Any]) -> bytes:
    body = event["body"] or b""
    if event.get("isBase64Encoded"):
        return base64.b64decode(body)
    return body if isinstance(body, bytes) else str(body).encode(errors="surrogatepass")


def _completed(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event with what the gateway leaves out. Chalice wants an `Accept` header before a binary answer."""
    place = {"httpMethod": "", "resourcePath": "", **(event.get("requestContext") or {})}
    headers = dict(event.get("headers") or {})
    if not any(name.lower() == "accept" for name in headers):
        headers["accept"] = "*/*"
    return {
        "body": None,
        "stageVariables": None,
        **event,
        "requestContext": place,
        "headers": headers,
        "pathParameters": event.get("pathParameters") or {},
        "multiValueQueryStringParameters": event.get("multiValueQueryStringParameters") or {},
    }


def _address(route: str, parameters: Mapping[str, str]) -> str:
    """The path below the stage: the route with its parameters in their places."""
    parts = (
        parameters.get(part.strip("{}+"), part) if part.startswith("{") else part for part in route.split("/")
    )
    return "/".join(parts)


def _prefix(path: str, route: str) -> str:
    """What stands before the route in the path of the request: the stage or the base path of a custom domain."""
    fixed = route.split("{")[0]
    starts = [start for start in range(len(path)) if fixed and path.startswith(fixed, start)]
    if not starts:
        return ""
    # A base path may begin as the route does: the route is the place where all of it fits.
    start = next((each for each in starts if _fits(path[each:], route)), starts[0])
    return quote(path[:start], safe="/")


def _fits(path: str, route: str) -> bool:
    parts, pattern = path.split("/"), route.split("/")
    if len(parts) != len(pattern):
        return False
    return all(own == part or own.startswith("{") for part, own in zip(parts, pattern, strict=True))


def _last_resort() -> TextResponse:
    answer = envelope.error(500, error_map.BUG)
    headers: dict[str, str | list[str]] = {
        "Content-Type": "application/json",
        "Cache-Control": "no-cache, private",
        "Access-Control-Allow-Origin": "*",
    }
    return TextResponse(envelope.to_json(answer.body), headers, answer.status)
