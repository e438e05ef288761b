"""A web server that answers as it is told, and the guarded fetcher before it."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.adapters.address_guard import FetchPolicy
from chalicelib.adapters.guarded_connection import Resolver
from chalicelib.adapters.guarded_http import FetchLimits, GuardedFetcher
from tests.doubles.blobs import MemoryBlobs

Answer = Callable[[socket.socket], None]
HEAD = b"HTTP/1.1 200 OK\r\n"
BODY = b'[{"operation":"delete-article","articleData":{"F_1":"1"}}]'


class Server:
    """A server on loopback that answers each connection in one way; `requests` holds what it was sent."""

    def __init__(self, answer: Answer, secure: bool) -> None:
        self._answer = answer
        self._secure = secure
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[bytes] = []
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def url(self, path: str = "/a.json") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                try:
                    if not self._secure:
                        self.requests.append(connection.recv(65536))
                    self._answer(connection)
                except OSError:  # the client went away, as it should
                    continue


@contextmanager
def serving(answer: Answer | bytes, secure: bool = False) -> Iterator[Server]:
    """Serves these bytes, or whatever the function does; `secure`: it begins with TLS, before the request."""
    server = Server(answer if callable(answer) else lambda connection: connection.sendall(answer), secure)
    try:
        yield server
    finally:
        server.close()


def fetcher(
    resolve: Resolver | None = None,
    hosts: tuple[str, ...] = ("*", "127.0.0.1"),
    blobs: MemoryBlobs | None = None,
    **limits: Any,
) -> GuardedFetcher:
    def no_names(host: str, seconds: float) -> list[str]:
        raise AssertionError(f"{host} was resolved")

    return GuardedFetcher(
        FetchPolicy.of(("http", "https", "s3"), hosts, "our-bucket"),
        FetchLimits(
            **{"total_seconds": 3, "connect_seconds": 1, "read_seconds": 1, "max_bytes": 100_000} | limits
        ),
        lambda: blobs or MemoryBlobs(),
        resolve=resolve or no_names,
    )


def with_length(body: bytes, extra: bytes = b"") -> bytes:
    return HEAD + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body
