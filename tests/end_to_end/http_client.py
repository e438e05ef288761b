"""A plain HTTP client: what is given goes into the request line as it is."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

# A first call starts a worker; on two busy cores that takes seconds.
_SECONDS = 60.0


class _Connection(http.client.HTTPConnection):
    """A connection that takes any path: the standard one refuses what API Gateway may be sent."""

    def _validate_path(self, url: str) -> None:
        return


@dataclass(frozen=True)
class Answer:
    """What a client sees; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        return self.json["data"]

    @property
    def message(self) -> str:
        return str(self.json["message"])


class HttpClient:
    """A client of the API at `url`, with a token or without."""

    def __init__(self, url: str, token: str | None = None) -> None:
        self.url, self.token = url, token

    def with_token(self, token: str | None) -> "HttpClient":
        """The same API for somebody else."""
        return HttpClient(self.url, token)

    def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send one request; `path` is sent as it is, `body` is bytes or becomes JSON."""
        sent = {"Accept": "application/json", **(headers or {})}
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if raw is not None:
            sent = {"Content-Type": "application/json", **sent}
        if self.token is not None:
            sent = {"Authorization": f"Bearer {self.token}", **sent}
        connection = _Connection(urlsplit(self.url).netloc, timeout=_SECONDS)
        try:
            connection.request(method, path, body=raw, headers={k: v for k, v in sent.items() if v})
            found = connection.getresponse()
            content = found.read()
            return Answer(found.status, {name.lower(): value for name, value in found.getheaders()}, content)
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        """GET a path under `/api/v1`; anything but 200 is a failure of the test."""
        answer = self.call("GET", f"/api/v1/{path}")
        assert answer.status == 200, (path, answer.status, answer.body[:2000])
        return answer

    def post(self, path: str, body: object) -> Answer:
        """POST to a path under `/api/v1`."""
        return self.call("POST", f"/api/v1/{path}", body)
