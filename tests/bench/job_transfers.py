"""(g) Push → pull between stores: the statements of one go to a second over HTTP, and from there into a third.

The second store is behind a small HTTP server in this process; the other two are reached as a worker reaches them. All
three are in the search engine and the emulator, and the guard of outgoing requests allows this one host by its name.
"""

import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from chalicelib.adapters.address_guard import FetchPolicy
from chalicelib.adapters.guarded_client import GuardedClient
from chalicelib.adapters.opensearch_connection import Transport
from chalicelib.bootstrap import Services
from chalicelib.lrs.access.permissions import PERMISSIONS
from chalicelib.ports.statement_store import StatementSearch
from chalicelib.times import microseconds
from chalicelib.web.gateway import HttpApi
from tests.bench.job_ground import Cost, carry, fill, job
from tests.bench.measuring import unread_log
from tests.functional.gateway import STAGE, Gateway

STATEMENTS = int(os.environ.get("BENCH_MOVED", "100000"))
HOST = "127.0.0.1"
FIRST, SECOND, THIRD = (f"bench-{name}" for name in ("first", "second", "third"))
_PER_PAGE = 1000
_SETTLED_SECONDS = 2.0


def measure(services: Services, transport: Transport) -> None:
    """Measures and prints."""
    lrs: Any = services.lrs
    lrs.__dict__["outgoing"] = GuardedClient(FetchPolicy.of(["http"], [HOST], services.settings.bucket))
    for slug in (FIRST, SECOND, THIRD):
        lrs.access.stores.create({"slug": slug, "name": slug, "xapi_version": "2.0"})
    fill(transport, f"{services.settings.lrs_index}-statements", FIRST, STATEMENTS)
    with _served() as address:
        connection = _connection(lrs, address)
        pushed = carry(lrs, job("push", FIRST, "statements", connection), STATEMENTS)
        time.sleep(_SETTLED_SECONDS)
        pulled = carry(lrs, job("pull", THIRD, "statements", connection), STATEMENTS)
    sent = _ids(lrs, FIRST)
    assert len(sent) == STATEMENTS
    for slug in (SECOND, THIRD):
        found = _ids(lrs, slug)
        assert len(found) == len(set(found)), f"{slug} holds statements twice"
        assert set(found) == set(sent), f"{slug} lacks statements, or has others"
    print(
        f"\n(g) push → pull of {STATEMENTS:,} statements between stores, one run: nothing missing, nothing twice"
    )
    for name, cost in (("push", pushed), ("pull", pulled)):
        print(f"  {name}: {_told(cost)}", flush=True)


def _told(cost: Cost) -> str:
    share = cost.processor / cost.seconds
    return (
        f"{STATEMENTS / cost.seconds:,.0f} statements/s, this process {share:.0%} of the time on a processor"
    )


def _connection(lrs: Any, address: str) -> str:
    """The id of a connection to the second store."""
    password = secrets.token_urlsafe()
    lrs.access.clients.create(
        {
            "slug": SECOND,
            "name": SECOND,
            "store": SECOND,
            "guard": "basic-http",
            "permissions": dict.fromkeys(PERMISSIONS, True),
            "credentials": {"username": SECOND, "password": password},
        }
    )
    endpoint = f"{address}{STAGE}/lrs/{SECOND}/stores/{SECOND}/xapi"
    settings = {"endpoint": endpoint, "username": SECOND, "password": password}
    made = lrs.access.connections.create("lrs", {"name": "Second", "settings": settings})
    return str(made.id)


@contextmanager
def _served() -> Iterator[str]:
    """The address of the application in this process, with clients of its own."""
    services = Services()
    with unread_log():
        services.logger.info("the bench begins")
    gateway = Gateway(HttpApi("lightrail", services))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else None
            answer = gateway.call(self.command, self.path.removeprefix(STAGE), body, dict(self.headers))
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name != "content-length":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: a line a request would be in the measurement."""

    server = HTTPServer((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _ids(lrs: Any, store: str) -> list[str]:
    """The ids of all statements of a store."""
    lrs.statement_store.refresh()
    found: list[str] = []
    after = None
    while True:
        upto = microseconds(time.time()) + 60_000_000
        search = StatementSearch(store, upto, _PER_PAGE, after=after, ascending=True, voided=None, brief=True)
        page = lrs.statement_store.search(search)
        found += [each.id for each in page]
        if len(page) < _PER_PAGE:
            return found
        after = page[-1].stored
