"""Guarded fetching: the address that was checked is the one connected to, and everything has an end.

Built on `http.client` and not on a pooling client: such a client resolves names, follows redirects, retries and reads
proxies from the environment by itself, and each of these would have to be turned off; here they do not exist.
"""

import http.client
import ssl
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass

from chalicelib.adapters.address_guard import (
    BucketTarget,
    FetchPolicy,
    Refused,
    WebTarget,
    check_url,
    read_url,
)
from chalicelib.adapters.deadline_socket import Deadline, resolve_name
from chalicelib.adapters.guarded_connection import GuardedConnections, Resolver
from chalicelib.errors import FileFault, Unavailable
from chalicelib.ports.blobs import BlobNotFound, Blobs

PART = "The server of the file"
CHUNK_BYTES = 1024 * 1024
CHECK_SECONDS = 3.0  # for the name of a host while a client waits; API Gateway gives the whole call 29
USER_AGENT = "lightrail"
_PACKINGS = frozenset(("", "identity", "gzip", "x-gzip"))  # gzip is unpacked later: it is told by its bytes


@dataclass(frozen=True)
class FetchLimits:
    """What one fetch may take: seconds in all, seconds for connecting and for each read, bytes as they come."""

    total_seconds: float = 240.0
    connect_seconds: float = 5.0
    read_seconds: float = 20.0
    max_bytes: int = 512 * 1024 * 1024


class GuardedFetcher:
    """`ports.fetcher.Fetcher` over HTTP, and over the bucket for `s3`.

    `blobs` is asked for on the first `s3` fetch. `tls` replaces the system's trust in certificates.
    """

    def __init__(
        self,
        policy: FetchPolicy,
        limits: FetchLimits,
        blobs: Callable[[], Blobs],
        *,
        resolve: Resolver = resolve_name,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._limits = limits
        self._blobs = blobs
        self._connections = GuardedConnections(
            policy, limits.connect_seconds, limits.read_seconds, resolve=resolve, tls=tls
        )

    def check(self, url: str) -> str | None:
        fault = check_url(url, self._policy)
        if fault is not None:
            return fault
        target = read_url(url, self._policy)
        if isinstance(target, BucketTarget):
            return None
        try:
            self._connections.addresses(target, CHECK_SECONDS)
        except Refused as refused:
            return str(refused)
        except OSError:  # the name may be known when the file is fetched
            return None
        return None

    def fetch(self, url: str) -> Iterator[bytes]:
        try:
            target = read_url(url, self._policy)
            size = 0
            with closing(self._chunks(target)) as chunks:  # at once, whoever holds on to an exception
                for chunk in chunks:
                    size += len(chunk)
                    self._check_size(size)
                    yield chunk
        except Refused as refused:
            raise FileFault(str(refused), "fetch") from None

    def _chunks(self, target: WebTarget | BucketTarget) -> Generator[bytes, None, None]:
        return self._from_bucket(target.key) if isinstance(target, BucketTarget) else self._from_web(target)

    def _from_bucket(self, key: str) -> Generator[bytes, None, None]:
        try:
            yield from self._blobs().read(key)
        except BlobNotFound:
            raise FileFault("There is no such file in the bucket", "fetch") from None

    def _from_web(self, target: WebTarget) -> Generator[bytes, None, None]:
        deadline = Deadline(self._limits.total_seconds)
        try:
            connection = self._connections.open(target, deadline)
            with closing(connection):
                connection.request("GET", target.target, headers=_headers(target))
                with closing(connection.getresponse()) as response:
                    _check_status(response.status)
                    yield from self._body(response)
        except ssl.SSLCertVerificationError:
            raise FileFault("The server of the file has no valid certificate for its name", "fetch") from None
        except TimeoutError as error:
            raise Unavailable(PART, "timeout") from error
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable(PART, type(error).__name__) from error

    def _body(self, response: http.client.HTTPResponse) -> Iterator[bytes]:
        if (response.getheader("Content-Encoding") or "").strip().lower() not in _PACKINGS:
            raise FileFault("The server of the file packs it in a way that was not asked for", "fetch")
        expected = None if response.chunked else response.length
        if expected is not None:
            self._check_size(expected)
        size = 0
        while expected is None or size < expected:
            chunk = response.read1(CHUNK_BYTES)
            if not chunk:
                break
            size += len(chunk)
            yield chunk
        cut_in_headers = (
            expected is None and not response.chunked and not size
        )  # they may have named a length
        if cut_in_headers or size < (expected or 0):
            raise http.client.IncompleteRead(b"")

    def _check_size(self, size: int) -> None:
        if size > self._limits.max_bytes:
            raise FileFault(f"The file is larger than {self._limits.max_bytes} bytes", "size")


def _headers(target: WebTarget) -> dict[str, str]:
    return {
        "Host": target.host_header,
        "User-Agent": USER_AGENT,
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }


def _check_status(status: int) -> None:
    if status == http.client.OK:
        return
    if status >= http.client.INTERNAL_SERVER_ERROR:
        raise Unavailable(PART, f"status {status}")
    if http.client.MULTIPLE_CHOICES <= status < http.client.BAD_REQUEST:
        raise FileFault(
            "The server of the file redirects, which is not followed; name its final URL", "fetch"
        )
    raise FileFault(f"The server of the file answered with status {status}", "fetch")
