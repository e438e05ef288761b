"""The HTTP API as commands call it: with a token, again where nobody answers, and every refusal as a text."""

import http.client
import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from chalicelib.adapters.system_clock import SystemClock
from infra.cli.console import CommandFailed, ExitCode

if TYPE_CHECKING:
    from chalicelib.ports.clock import Clock

Body = bytes | Iterator[bytes] | None

CHUNK = 1024 * 1024
"""Bytes that are sent or read at a time."""

_SECONDS = 60.0  # a cold start on a busy machine takes several
_ATTEMPTS = 5
_LONGEST_PAUSE_SECONDS = 30.0
_PASSING = frozenset((429, 502, 503, 504))
_LOOPBACK = frozenset(("127.0.0.1", "localhost", "::1"))


@dataclass(frozen=True)
class HttpAnswer:
    """A status, headers by lower-case name, and the body."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


Fetch = Callable[[str], Iterator[bytes]]
"""Reads what a link leads to, without a token. Raises `OSError` where it breaks off, `LinkRefused`."""

Transport = Callable[[str, str, Mapping[str, str], Body], HttpAnswer]
"""Sends method, URL, headers and body. Raises `OSError` where nobody answers."""


class LinkRefused(Exception):
    """A link leads to nothing, or leads there no longer."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(f"the bucket answered {status}")


class Refused(CommandFailed):
    """The API refuses the call. `errors`: the faults by field, of a 422."""

    code = ExitCode.REFUSED

    def __init__(self, what: str, status: int, message: str, errors: Mapping[str, list[str]] | None = None):
        self.status, self.message, self.errors = status, message, dict(errors or {})
        faults = [text for texts in self.errors.values() for text in texts]
        told = "\n  ".join(["", *faults]) if faults else f" {message}"
        super().__init__(f"{what} was refused ({status}):{told}{_ADVICE.get(status, '')}")

    def as_json(self) -> dict[str, object]:
        """The refusal for a script."""
        return {**super().as_json(), "status": self.status, "message": self.message, "errors": self.errors}


_ADVICE = {
    401: " The token is revoked, expired, mistyped or of another deployment.",
    403: " The token is not an administrator's.",
}


class Api:
    """The API at `url` (its paths begin with `/v1`), called with a token. Every call raises `CommandFailed`."""

    def __init__(
        self,
        url: str,
        token: str,
        transport: Transport | None = None,
        clock: "Clock | None" = None,
        name: str = "",
        fetch: Fetch | None = None,
    ) -> None:
        """`name`: how texts call the deployment."""
        self.url, self.name, self.clock = url, name or url, clock or SystemClock()
        self._token, self.transport, self.fetch = token, transport or send, fetch or fetched

    def get(self, *path: str, **query: object) -> Any:
        """Return the `data` of a GET; each part of the path is encoded, a query that is None left out."""
        return self.call("GET", path, query)["data"]

    def find(self, *path: str, **query: object) -> Any:
        """Return the `data` of a GET, None if there is no such thing."""
        try:
            return self.get(*path, **query)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    def listed(self, *path: str, **query: object) -> Iterator[Any]:
        """Yield what a list with cursors holds, part by part."""
        cursor = None
        while True:
            answer = self.call("GET", path, {**query, "cursor": cursor})
            yield from answer["data"]
            cursor = answer.get("cursor")
            if cursor is None:
                return

    def post(self, *path: str, body: object = None, **query: object) -> Any:
        """Return the `data` of a POST; a body that is no bytes goes as JSON. Sent again, it happens once."""
        return self.call("POST", path, query, body)["data"]

    def delete(self, *path: str, body: object = None, **query: object) -> Any:
        """Return the `data` of a DELETE; None where the answer has no body."""
        return self.call("DELETE", path, query, body).get("data")

    def call(
        self, method: str, path: tuple[str, ...], query: Mapping[str, object], body: object = None
    ) -> dict[str, Any]:
        """Return the envelope of a call."""
        where = "/".join(quote(part, safe="") for part in path)
        asked = urlencode({name: value for name, value in query.items() if value is not None})
        headers = {"Accept": "application/json"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        raw = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        if body is not None:
            headers["Content-Type"] = "application/octet-stream" if body is raw else "application/json"
        answer = self.send(method, f"{self.url}/v1/{where}{'?' if asked else ''}{asked}", headers, raw)
        return _envelope(f"{method} /v1/{where}", answer)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: Body = None) -> HttpAnswer:
        """Return the answer of the API to a call with the token, sent again while it has no time for it."""
        signed = {"Authorization": f"Bearer {self._token}", **headers}
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                answer = self.transport(method, url, signed, body)
            except OSError as error:
                if attempt == _ATTEMPTS:
                    raise CommandFailed(f"{self.name} does not answer ({_reason(error)})") from error
                self.clock.sleep(_pause(attempt))
                continue
            if attempt == _ATTEMPTS or not _passes(answer, attempt):
                return answer
            self.clock.sleep(_pause(attempt, answer.headers.get("retry-after")))
        raise AssertionError("unreachable")


def _passes(answer: HttpAnswer, attempt: int) -> bool:
    """Whether the same call may go another way in a moment; 409 to one sent again: the first may be running still."""
    return answer.status in _PASSING or (answer.status == 409 and attempt > 1)


def _pause(attempt: int, told: str | None = None) -> float:
    seconds = float(told) if told is not None and told.isdecimal() else 0.5 * 2**attempt
    return min(seconds, _LONGEST_PAUSE_SECONDS)


def _reason(error: OSError) -> str:
    return str(error.reason if isinstance(error, urllib.error.URLError) else error) or type(error).__name__


def _envelope(what: str, answer: HttpAnswer) -> dict[str, Any]:
    try:
        body = json.loads(answer.body) if answer.body else {"data": None}
    except ValueError:
        body = None
    if answer.status >= 300:
        told = body if isinstance(body, dict) else {}
        raise Refused(what, answer.status, str(told.get("message") or "no reason given"), told.get("errors"))
    if not isinstance(body, dict) or "data" not in body:
        raise CommandFailed(f"{what} was not answered by Lightrail; look at the address")
    return body


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token goes to the address that was given and to no other."""

    def redirect_request(self, *_: Any) -> None:
        return None


def send(method: str, url: str, headers: Mapping[str, str], body: Body = None) -> HttpAnswer:
    """Send over the network; redirects are not followed, and loopback is reached without a proxy."""
    data: Any = body
    request = urllib.request.Request(url, data, dict(headers), method=method)  # noqa: S310 - http(s), see `read_url`
    try:
        with _opener(url).open(request, timeout=_SECONDS) as answer:
            return HttpAnswer(answer.status, _lower(answer.headers), answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return HttpAnswer(error.code, _lower(error.headers), error.read())
    except http.client.HTTPException as error:
        raise _broken(error) from error


def fetched(url: str) -> Iterator[bytes]:
    """Read what a link of the API leads to, over the network."""
    if urlsplit(url).scheme not in ("https", "http"):
        raise LinkRefused(0)
    try:
        with _opener(url).open(url, timeout=_SECONDS) as answer:
            while chunk := answer.read(CHUNK):
                yield chunk
    except urllib.error.HTTPError as error:
        with error:
            raise LinkRefused(error.code) from error
    except http.client.HTTPException as error:
        raise _broken(error) from error


def _broken(error: http.client.HTTPException) -> OSError:
    return OSError(f"the answer cannot be read: {type(error).__name__}")


def _opener(url: str) -> urllib.request.OpenerDirector:
    handlers: list[Any] = [_NoRedirect()]
    if urlsplit(url).hostname in _LOOPBACK:
        handlers.append(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener(*handlers)


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def read_url(text: str) -> str:
    """Return the address of an API as `Api` takes it. Raises CommandFailed for one to which no token may go."""
    parts = urlsplit(text.strip())
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.fragment:
        raise CommandFailed(f"{text!r} is no address of an API, like https://host/api", ExitCode.USAGE)
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise CommandFailed(f"a token would go to {text} in the clear; use https", ExitCode.USAGE)
    if parts.username is not None:
        raise CommandFailed("the address holds a user name; the token goes by itself", ExitCode.USAGE)
    return text.strip().rstrip("/").removesuffix("/v1")
