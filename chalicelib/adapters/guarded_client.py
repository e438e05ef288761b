"""Guarded requests with a body and an answer that is held whole; built as guarded fetching is."""

import http.client
import ssl
from contextlib import closing
from dataclasses import dataclass

from chalicelib.adapters.address_guard import FetchPolicy, Refused, WebTarget, read_url
from chalicelib.adapters.deadline_socket import Deadline, resolve_name
from chalicelib.adapters.guarded_connection import GuardedConnections, Resolver
from chalicelib.errors import Unavailable
from chalicelib.ports.outgoing import AnswerTooLarge, OutgoingRefused, Request, Response

PART = "The other place"
CHUNK_BYTES = 1024 * 1024
USER_AGENT = "lightrail"
REDIRECTS = "The other place redirects, which is not followed; name its final address."
TOO_LARGE = "The answer of the other place is larger than {} bytes."
NO_CERTIFICATE = "The other place has no valid certificate for its name."
PACKED = "The other place packs its answers in a way that was not asked for."
NOT_WEB = "The address is neither http nor https."


@dataclass(frozen=True)
class ClientLimits:
    """What one request may take: seconds in all, for connecting, for each read and write; bytes of the answer."""

    total_seconds: float = 60.0
    connect_seconds: float = 5.0
    read_seconds: float = 40.0
    max_bytes: int = 64 * 1024 * 1024


class GuardedClient:
    """`ports.outgoing.Outgoing` over HTTP. `tls` replaces the system's trust in certificates."""

    def __init__(
        self,
        policy: FetchPolicy,
        limits: ClientLimits | None = None,
        *,
        resolve: Resolver = resolve_name,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._policy, self._limits = policy, limits or ClientLimits()
        self._connections = GuardedConnections(
            policy, self._limits.connect_seconds, self._limits.read_seconds, resolve=resolve, tls=tls
        )

    def exchange(self, request: Request) -> Response:
        deadline = Deadline(self._limits.total_seconds)
        try:
            target = read_url(request.url, self._policy)
            if not isinstance(target, WebTarget):
                raise Refused(NOT_WEB)
            with closing(self._connections.open(target, deadline)) as connection:
                connection.request(
                    request.method, target.target, body=request.body, headers=_headers(target, request)
                )
                with closing(connection.getresponse()) as response:
                    return self._response(response)
        except Refused as refused:
            raise OutgoingRefused(str(refused)) from None
        except ssl.SSLCertVerificationError:
            raise OutgoingRefused(NO_CERTIFICATE) from None
        except TimeoutError as error:
            raise Unavailable(PART, "timeout") from error
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(PART, type(error).__name__) from error

    def _response(self, response: http.client.HTTPResponse) -> Response:
        if http.client.MULTIPLE_CHOICES <= response.status < http.client.BAD_REQUEST:
            raise OutgoingRefused(REDIRECTS)
        if (response.getheader("Content-Encoding") or "identity").strip().lower() != "identity":
            raise OutgoingRefused(PACKED)
        expected = None if response.chunked else response.length
        body = bytearray()
        while expected is None or len(body) < expected:
            self._check_size(max(len(body), expected or 0))
            chunk = response.read1(CHUNK_BYTES)
            if not chunk:
                break
            body += chunk
        self._check_size(len(body))
        if len(body) < (expected or 0):
            raise http.client.IncompleteRead(b"")
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Response(response.status, headers, bytes(body))

    def _check_size(self, size: int) -> None:
        if size > self._limits.max_bytes:
            raise AnswerTooLarge(TOO_LARGE.format(self._limits.max_bytes))


def _headers(target: WebTarget, request: Request) -> dict[str, str]:
    return {
        **request.headers,
        "Host": target.host_header,
        "User-Agent": USER_AGENT,
        "Accept-Encoding": "identity",
        "Connection": "close",
    }
