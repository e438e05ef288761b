"""Requests to other places: what they carry arrives, what is not allowed is not sent, and everything has an end."""

import json
import socket
import time
from typing import Any

import pytest

from chalicelib.adapters.address_guard import FetchPolicy
from chalicelib.adapters.guarded_client import ClientLimits, GuardedClient
from chalicelib.errors import Unavailable
from chalicelib.ports.outgoing import OutgoingRefused, Request, Response
from tests.doubles.web_server import HEAD, Server, serving, with_length

BODY = b'{"ok":true}'


def client(hosts: tuple[str, ...] = ("*", "127.0.0.1"), **more: Any) -> GuardedClient:
    limits = {"total_seconds": 2, "connect_seconds": 1, "read_seconds": 1, "max_bytes": 1000}
    resolve = more.pop("resolve", None)
    made = {"resolve": resolve} if resolve else {}
    return GuardedClient(
        FetchPolicy.of(("http", "https"), hosts, "bucket"), ClientLimits(**limits | more), **made
    )


def exchanged(server: Server, method: str = "GET", body: bytes | None = None, **limits: Any) -> Response:
    request = Request(method, server.url("/xapi/a?b=1"), {"Authorization": "Basic x"}, body)
    return client(**limits).exchange(request)


def test_a_request_goes_out_as_it_is_and_its_answer_comes_back_whole() -> None:
    with serving(with_length(BODY, b"X-Told: this\r\n")) as server:
        answer = exchanged(server, "POST", b"body")
    assert (answer.status, json.loads(answer.body), answer.headers["x-told"]) == (200, {"ok": True}, "this")
    (sent,) = server.requests
    line, *headers = sent.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    assert line == "POST /xapi/a?b=1 HTTP/1.1"
    assert {"Authorization: Basic x", "Content-Length: 4", f"Host: 127.0.0.1:{server.port}"} <= set(headers)


@pytest.mark.parametrize("status", [200, 204, 400, 401, 404, 409, 429, 500, 503])
def test_every_status_but_a_redirect_is_told(status: int) -> None:
    with serving(b"HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n" % status) as server:
        assert exchanged(server).status == status


def test_a_redirect_is_not_followed() -> None:
    with (
        serving(b"HTTP/1.1 302 Found\r\nLocation: http://10.0.0.1/\r\n\r\n") as server,
        pytest.raises(OutgoingRefused, match="redirects"),
    ):
        exchanged(server)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]/",
        "http://localhost/",
        "http://user:secret@example.com/",
        "file:///etc/passwd",
        "s3://bucket/delta/a.json",
    ],
)
def test_what_is_not_public_is_not_asked(url: str) -> None:
    with pytest.raises(OutgoingRefused) as refused:
        client(hosts=("*",)).exchange(Request("GET", url))
    assert url not in str(refused.value)


def test_a_name_with_a_private_address_is_not_asked() -> None:
    with pytest.raises(OutgoingRefused):
        client(hosts=("*",), resolve=lambda host, seconds: ["93.184.216.34", "10.0.0.1"]).exchange(
            Request("GET", "http://example.com/")
        )


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: 5000\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"320\r\n" + b"x" * 800 + b"\r\n" * 1 + b"320\r\n" + b"x" * 800,
        HEAD + b"\r\n" + b"x" * 5000,
    ],
)  # fmt: skip
def test_an_answer_that_is_too_large_is_not_held(answer: bytes) -> None:
    with serving(answer) as server, pytest.raises(OutgoingRefused, match="larger than 1000 bytes"):
        exchanged(server)


def test_an_answer_that_is_cut_off_is_none() -> None:
    with serving(HEAD + b"Content-Length: 50\r\n\r\nabc") as server, pytest.raises(Unavailable):
        exchanged(server)


def test_a_server_that_says_nothing_or_drips_is_left() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(HEAD + b"Content-Length: 500\r\n\r\n")
        for _ in range(40):
            time.sleep(0.1)
            connection.sendall(b"x")

    begun = time.monotonic()
    with serving(drip) as server, pytest.raises(Unavailable):
        exchanged(server)
    assert time.monotonic() - begun < 4


def test_nobody_there_is_told_as_such() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unavailable):
        client().exchange(Request("GET", f"http://127.0.0.1:{port}/"))
