"""Lets what is written with `requests` call the application in this process."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import BaseAdapter
from urllib3 import HTTPResponse

from tests.functional.gateway import STAGE, Gateway


class GatewayAdapter(BaseAdapter):
    """Sends requests through the gateway; `HOST` is where it stands."""

    HOST = "https://host"

    def __init__(self, gateway: Gateway) -> None:
        super().__init__()
        self._gateway = gateway

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        """One call, as the gateway passes it on."""
        parts = urlsplit(str(request.url))
        target = parts.path.removeprefix(STAGE) + (f"?{parts.query}" if parts.query else "")
        headers: dict[str, str] = {
            name: value if isinstance(value, str) else value.decode("latin-1")
            for name, value in request.headers.items()
        }
        body = request.body.encode() if isinstance(request.body, str) else request.body
        answer = self._gateway.call(str(request.method), target, body, {"Host": parts.netloc, **headers})
        response = requests.Response()
        response.status_code = answer.status
        headers = _titled(answer.headers)
        response.headers.update(headers)
        response.raw = HTTPResponse(BytesIO(answer.body), headers, answer.status, preload_content=False)
        response.request, response.url = request, str(request.url)
        response.encoding = "utf-8"
        return response

    def close(self) -> None:
        """Nothing is open."""


def _titled(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.title(): value for name, value in headers.items()}


def session(gateway: Gateway) -> requests.Session:
    """A session whose every request goes to the gateway."""
    made = requests.Session()
    made.trust_env = False
    made.mount("https://", GatewayAdapter(gateway))
    made.mount("http://", GatewayAdapter(gateway))
    return made
