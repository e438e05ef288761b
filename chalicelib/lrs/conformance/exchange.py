"""One request to a store under test, and what came: the port, and expectations that explain themselves."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from chalicelib.errors import LightrailError

SHOWN_CHARACTERS = 300


@dataclass(frozen=True)
class Response:
    """What a store answered; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoAnswer(LightrailError):
    """No usable answer came: no connection, too late, too large; the text says which."""


class Transport(Protocol):
    """The way to one store, for one client of it."""

    @property
    def endpoint(self) -> str:
        """The address of the xAPI endpoint, without slash at its end."""

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> Response:
        """Sends one request and returns the answer, whatever its status; redirects are not followed.

        `path` begins with a slash and is below the endpoint, or is a whole address on the endpoint's own host
        (the store named it as `more`). The transport bounds time and size, and adds the client's credentials unless
        `Authorization` is among the headers (empty: none are sent). Raises `NoAnswer`.
        """


class Failed(LightrailError):
    """A requirement is not met; the text says what was sent, what was expected and what came."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Answer:
    """An answer with the words for the request that it answers."""

    sent: str
    response: Response

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def body(self) -> bytes:
        return self.response.body

    def header(self, name: str) -> str:
        """The value of a header, which must be there."""
        value = self.response.headers.get(name.lower())
        if value is None:
            raise self.failed(f"the header {name}", f"status {self.status} without it")
        return value

    @property
    def json(self) -> Any:
        """The body read as JSON, which it must be."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise self.failed("a body in JSON") from None

    def expect(self, *statuses: int, because: str = "") -> "Answer":
        """The same answer, where its status is one of these."""
        if self.status not in statuses:
            reason = f" ({because})" if because else ""
            raise self.failed(f"status {' or '.join(map(str, statuses))}{reason}")
        return self

    def refused(self, because: str) -> "Answer":
        """The same answer, where it is 400 Bad Request."""
        return self.expect(400, because=because)

    def must(self, holds: bool, expected: str, came: str | None = None) -> None:
        """Fails with these words unless it holds."""
        if not holds:
            raise self.failed(expected, came)

    def failed(self, expected: str, came: str | None = None) -> Failed:
        """What to raise where something else was expected."""
        if came is None:
            came = f"status {self.status}, {shown(self.body)}" if self.body else f"status {self.status}"
        return Failed(f"{self.sent}: expected {expected}; came {came}.")


def shown(value: object) -> str:
    """A value as text for a person, cut to a bearable length."""
    if isinstance(value, bytes):
        text = value[: 4 * SHOWN_CHARACTERS].decode(errors="replace")
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = "".join(each if each.isprintable() else " " for each in text)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"
