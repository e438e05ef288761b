"""The web beyond: hosts that answer requests, and the guard before them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from chalicelib.errors import Unavailable
from chalicelib.ports.outgoing import OutgoingRefused, Request, Response

Host = Callable[[Request], Response]


@dataclass
class MemoryOutgoing:
    """`ports.outgoing.Outgoing`: `hosts` by their names; `private` ones are not allowed, others do not answer."""

    hosts: dict[str, Host] = field(default_factory=dict)
    private: frozenset[str] = frozenset(("localhost", "10.0.0.1"))
    sent: list[Request] = field(default_factory=list)

    def exchange(self, request: Request) -> Response:
        host = urlsplit(request.url).hostname or ""
        if host in self.private:
            raise OutgoingRefused("The host of the URL is not allowed.")
        self.sent.append(request)
        if host not in self.hosts:
            raise Unavailable("The other place", "no answer")
        response = self.hosts[host](request)
        if 300 <= response.status < 400:
            raise OutgoingRefused("The other place redirects, which is not followed; name its final address.")
        return response
