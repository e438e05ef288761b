"""The way to a learning record store over HTTP, for one client of it: one connection, bounded in time and size."""

import base64
import http.client
from collections.abc import Mapping
from urllib.parse import SplitResult, urlencode, urlsplit

from chalicelib.lrs.conformance import NoAnswer, Response
from infra.cli.console import CommandFailed

MOST_BYTES = 16 * 1024 * 1024
SECONDS = 30.0
_LOST = (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError)
_CONNECTIONS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}


class HttpTransport:
    """A conformance `Transport` with HTTP Basic credentials.

    Raises `CommandFailed` where the address is none of a store. Not for several threads.
    """

    def __init__(self, url: str, user: str, password: str, seconds: float = SECONDS) -> None:
        parts = urlsplit(url)
        if parts.scheme not in _CONNECTIONS or not parts.hostname or parts.query or parts.fragment:
            raise CommandFailed(f"{url!r} is not the address of an xAPI endpoint, as https://host/xapi.")
        if parts.username is not None or parts.password is not None:
            raise CommandFailed("Leave user and password out of the address; --user names the user.")
        self.endpoint = url.rstrip("/")
        self._parts: SplitResult = urlsplit(self.endpoint)
        self._basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._seconds = seconds
        self._connection: http.client.HTTPConnection | None = None

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Response:
        """Sends one request; a connection that the store closed meanwhile is opened again once."""
        target = self._target(path)
        if query:
            target += f"?{urlencode(query)}"
        sent = {"Authorization": f"Basic {self._basic}", "Accept": "*/*", **headers}
        if not sent["Authorization"]:
            del sent["Authorization"]
        try:
            try:
                return self._sent(method, target, sent, body)
            except _LOST:
                self.close()
                return self._sent(method, target, sent, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            raise NoAnswer(f"{type(error).__name__} {error}".strip()) from error

    def close(self) -> None:
        """Ends the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _target(self, path: str) -> str:
        if not path.startswith("http"):
            return f"{self._parts.path}{path}"
        parts = urlsplit(path)
        if (parts.scheme, parts.netloc) != (self._parts.scheme, self._parts.netloc):
            raise NoAnswer(f"{path} is on another host.")
        return parts.path

    def _sent(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Response:
        if self._connection is None:
            made = _CONNECTIONS[self._parts.scheme]
            self._connection = made(str(self._parts.hostname), self._parts.port, timeout=self._seconds)
        self._connection.request(method, target, body, dict(headers))
        answer = self._connection.getresponse()
        content = answer.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            self.close()
            raise NoAnswer(f"more than {MOST_BYTES} bytes came.")
        if answer.length:
            self.close()
            raise NoAnswer(f"the answer ended {answer.length} bytes too early.")
        if answer.will_close:
            self.close()
        return Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)
