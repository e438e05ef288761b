"""A route of the record store: who may call it, which query parameters it takes."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.web.call import Handler

STORE = "/lrs/{client}/stores/{store}"
XAPI = f"{STORE}/xapi"


@dataclass(frozen=True)
class LrsRoute:
    """One method on one path. A GET answers HEAD as well.

    `permissions`: any one of these lets a client in; empty: every client that is authenticated. `query`: the query
    parameters that are taken, in this spelling; any other is refused. `open`: needs neither credentials nor version.
    `switch`: the setting (true or false) that takes the call away.
    """

    method: str
    path: str
    name: str
    handler: Handler
    permissions: tuple[str, ...] = ()
    query: frozenset[str] = frozenset()
    open: bool = False
    switch: str = ""

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that are answered by this route."""
        return ("GET", "HEAD") if self.method == "GET" else (self.method,)
