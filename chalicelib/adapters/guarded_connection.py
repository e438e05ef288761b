"""Connections to places that a client named: the address that was checked is the one connected to."""

import http.client
import socket
import ssl
from collections.abc import Callable
from functools import cached_property
from typing import cast

from chalicelib.adapters.address_guard import (
    HOST_NOT_ALLOWED,
    FetchPolicy,
    Refused,
    WebTarget,
    check_host_address,
)
from chalicelib.adapters.deadline_socket import Deadline, DeadlineSocket, connect_first, resolve_name

Resolver = Callable[[str, float], list[str]]
"""The addresses of a host name, within so many seconds. Raises `OSError`."""


class GuardedConnections:
    """Opens connections; everything about them has an end. `tls` replaces the system's trust in certificates."""

    def __init__(
        self,
        policy: FetchPolicy,
        connect_seconds: float,
        read_seconds: float,
        *,
        resolve: Resolver = resolve_name,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._policy, self._connect_seconds, self._read_seconds = policy, connect_seconds, read_seconds
        self._resolve, self._given_tls = resolve, tls

    def addresses(self, target: WebTarget, seconds: float) -> list[str]:
        """The addresses of the host, all of them allowed. Raises `Refused`, `OSError`."""
        if target.address is not None:
            return [str(target.address)]  # judged with the URL
        addresses = self._resolve(target.host, seconds)
        if not addresses:
            raise OSError("a name without addresses")
        if not all(check_host_address(target.host, address, self._policy) for address in addresses):
            raise Refused(HOST_NOT_ALLOWED)
        return addresses

    def open(self, target: WebTarget, deadline: Deadline) -> http.client.HTTPConnection:
        """A connection to the host that resolves no name again. Raises `Refused`, `OSError`."""
        addresses = self.addresses(target, min(self._connect_seconds, deadline.left()))
        plain = connect_first(addresses, target.port, self._connect_seconds, deadline)
        try:
            if target.scheme == "https":
                plain.settimeout(min(self._read_seconds, deadline.left()))
                stream: socket.socket = self._tls.wrap_socket(plain, server_hostname=target.host)
            else:
                stream = plain
        except BaseException:
            plain.close()
            raise
        connection = http.client.HTTPConnection(target.host, target.port)
        connection.sock = cast(socket.socket, DeadlineSocket(stream, self._read_seconds, deadline))
        connection.auto_open = 0  # never a second connection: that one would resolve the name again
        return connection

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return self._given_tls or ssl.create_default_context()
