"""Calls the HTTP application as API Gateway does: raw events, bodies in base64, path parameters undecoded."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalicelib.web.gateway import HttpApi

STAGE = "/api"


class Context:
    """What Lambda passes beside the event."""

    aws_request_id = "11111111-2222-3333-4444-555555555555"
    function_name = "lightrail-api-APIHandler"


@dataclass(frozen=True)
class Answer:
    """What a client sees; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    text: str
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def matching(routes: Mapping[str, Any], path: str) -> tuple[str, dict[str, str]] | None:
    """The gateway's choice of a route: a fixed part goes before a parameter, which takes no slash."""
    parts = path.split("/")
    for route in sorted(routes, key=lambda route: "{" in route):
        pattern = route.split("/")
        if len(pattern) == len(parts) and all(
            p == q or p.startswith("{") for p, q in zip(pattern, parts, strict=True)
        ):
            found = {p[1:-1]: q for p, q in zip(pattern, parts, strict=True) if p.startswith("{")}
            return route, found
    return ("/{proxy+}", {"proxy": path[1:]}) if path[1:] and "/{proxy+}" in routes else None


def event(
    routes: Mapping[str, Any],
    method: str,
    target: str,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> dict[str, Any]:
    """The event of a REST API for a request; `target` is path and query as they stand in the request line."""
    parts = urlsplit(target)
    found = matching(routes, parts.path)
    route, parameters = found or (parts.path, {})
    query = parse_qs(parts.query, keep_blank_values=True) or None
    return {
        "resource": route,
        "path": parts.path,
        "httpMethod": method,
        "headers": dict(headers) if headers else None,
        "multiValueHeaders": {name: [value] for name, value in headers.items()} if headers else None,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} if query else None,
        "multiValueQueryStringParameters": query,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": route,
            "httpMethod": method,
            "path": STAGE + parts.path,
            "stage": STAGE.strip("/"),
            "requestId": "gateway-1",
            "domainName": "articles.example.com",
        },
        "body": base64.b64encode(body).decode() if body is not None else None,
        "isBase64Encoded": body is not None,
    }


class Gateway:
    """A client of one application."""

    def __init__(self, api: HttpApi, token: str | None = None) -> None:
        self.api, self.token = api, token

    def call(
        self,
        method: str,
        target: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
        lines: Mapping[str, list[str]] | None = None,
    ) -> Answer:
        """Sends one call; `body` is bytes, or becomes JSON. The client's own token goes along.

        `lines`: headers that are sent in several lines.
        """
        sent = {"X-Forwarded-Proto": "https", **(headers or {})}  # as the gateway on AWS adds it
        bearer = token if token is not None else self.token
        if bearer:
            sent["Authorization"] = f"Bearer {bearer}"
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent |= {name: values[-1] for name, values in (lines or {}).items()}
        made = event(self.api.routes, method, target, sent, raw)
        made["multiValueHeaders"] |= lines or {}
        answer = self.api(made, Context())
        assert isinstance(answer["body"], str)
        answered = {**answer["headers"], **answer["multiValueHeaders"]}
        encoded = answer["isBase64Encoded"]
        raw = base64.b64decode(answer["body"]) if encoded else answer["body"].encode()
        assert encoded is not _is_text(raw)
        return Answer(
            answer["statusCode"],
            {name.lower(): value for name, value in answered.items()},
            "" if encoded else answer["body"],
            raw,
        )


def _is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
