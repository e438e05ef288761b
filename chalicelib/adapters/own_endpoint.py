"""Requests to the APIs of this deployment itself, under the address at which they were called.

What clients name is guarded; this address no client names, so it may be private, as it is in a local stack.
"""

import http.client
from contextlib import closing
from urllib.parse import urlsplit

from chalicelib.adapters.address_guard import DEFAULT_PORTS, FetchPolicy, Refused, WebTarget
from chalicelib.adapters.deadline_socket import Deadline
from chalicelib.adapters.guarded_connection import GuardedConnections
from chalicelib.errors import Unavailable
from chalicelib.ports.outgoing import OutgoingRefused, Request, Response

PART = "The endpoint of this deployment"
TOTAL_SECONDS, CONNECT_SECONDS = 30.0, 5.0  # the gateway answers within 29 s, whatever happens behind it
MOST_BYTES = 16 * 1024 * 1024
USER_AGENT = "lightrail"


class OwnEndpoint:
    """`ports.outgoing.Outgoing`, to any one host, whatever the status of its answer; bounded in time and size."""

    def __init__(self, total_seconds: float = TOTAL_SECONDS) -> None:
        self._total_seconds = total_seconds

    def exchange(self, request: Request) -> Response:
        """One request on a connection of its own."""
        try:
            parts = urlsplit(request.url)
            host, port = (parts.hostname or "").lower(), parts.port
        except ValueError:
            raise OutgoingRefused("This is no address.") from None
        if parts.scheme not in DEFAULT_PORTS or not host:
            raise OutgoingRefused("This is no address of the web.")
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        target = WebTarget(parts.scheme, host, port or DEFAULT_PORTS[parts.scheme], path, None)
        deadline = Deadline(self._total_seconds)
        connections = GuardedConnections(
            FetchPolicy.of((parts.scheme,), (host,), ""), CONNECT_SECONDS, self._total_seconds
        )
        try:
            with closing(connections.open(target, deadline)) as connection:
                connection.request(request.method, path, body=request.body, headers=_headers(target, request))
                with closing(connection.getresponse()) as answer:
                    return _read(answer)
        except Refused as refused:
            raise OutgoingRefused(str(refused)) from None
        except TimeoutError as error:
            raise Unavailable(PART, "timeout") from error
        except (OSError, http.client.HTTPException, UnicodeError) as error:
            raise Unavailable(PART, type(error).__name__) from error


def _read(answer: http.client.HTTPResponse) -> Response:
    expected = None if answer.chunked else answer.length
    body = answer.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise OutgoingRefused(f"The answer is larger than {MOST_BYTES} bytes.")
    if len(body) < (expected or 0):
        raise http.client.IncompleteRead(b"")
    return Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)


def _headers(target: WebTarget, request: Request) -> dict[str, str]:
    fixed = {"Host": target.host_header, "Connection": "close"}
    return {
        "User-Agent": USER_AGENT,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        **request.headers,
        **fixed,
    }
