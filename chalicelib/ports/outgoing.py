"""Requests to other places on the web, such as another learning record store or a search cluster."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Request:
    """One request. `url`: absolute, http or https; `headers`: secrets may stand in them."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Response:
    """An answer, of whatever status but 3xx; names of headers in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


class OutgoingRefused(Exception):
    """A request that is not made, or whose answer is not taken; the text is fixed and repeats nothing that was sent."""


class AnswerTooLarge(OutgoingRefused):
    """The answer is larger than one may be."""


class Outgoing(Protocol):
    """Guarded requests: to public addresses, or hosts that the deployment names."""

    def exchange(self, request: Request) -> Response:
        """Makes a request, once, following no redirect.

        Raises `OutgoingRefused` (address not allowed, redirect, certificate), `AnswerTooLarge`,
        `Unavailable` (network, time-out: the request may have been carried out).
        """
        ...
