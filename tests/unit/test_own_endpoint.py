"""Requests to this deployment's own address: to any port, of whatever status; bounded in time and size."""

import socket
import time

import pytest

from chalicelib.adapters import own_endpoint
from chalicelib.adapters.own_endpoint import OwnEndpoint
from chalicelib.errors import Unavailable
from chalicelib.ports.outgoing import OutgoingRefused, Request
from tests.doubles.web_server import serving


def test_a_request_is_sent_as_it_is_and_any_answer_is_taken() -> None:
    with serving(b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n') as server:
        request = Request("POST", server.url("/api/x?a=%2F"), {"Authorization": "Basic eA=="}, b"body")
        answer = OwnEndpoint().exchange(request)
    assert (answer.status, answer.headers["etag"], answer.body) == (304, '"a"', b"")
    [sent] = server.requests
    assert sent.startswith(b"POST /api/x?a=%2F HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{server.port}\r\n".encode() in sent
    assert b"Authorization: Basic eA==\r\n" in sent


def test_a_redirect_is_not_followed() -> None:
    with serving(
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    ) as server:
        assert OwnEndpoint().exchange(Request("GET", server.url())).status == 302
    assert len(server.requests) == 1


def test_an_answer_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_endpoint, "MOST_BYTES", 3)
    with (
        serving(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd") as server,
        pytest.raises(OutgoingRefused),
    ):
        OwnEndpoint().exchange(Request("GET", server.url()))


@pytest.mark.parametrize("url", ["ftp://example.com/", "nothing", "http://", "http://[x/", "http://h:99999/"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(OutgoingRefused):
        OwnEndpoint().exchange(Request("GET", url))


@pytest.mark.parametrize("answer", [b"", b"nonsense", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"])
def test_an_answer_that_breaks_off_is_none(answer: bytes) -> None:
    with serving(answer) as server, pytest.raises(Unavailable):
        OwnEndpoint().exchange(Request("GET", server.url()))


def test_nobody_there_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unavailable):
        OwnEndpoint().exchange(Request("GET", f"http://127.0.0.1:{port}/"))


def test_one_that_drips_is_given_up_in_time() -> None:
    def drip(connection: socket.socket) -> None:
        for byte in b"HTTP/1.1 200 OK\r\n" * 9:
            connection.sendall(bytes([byte]))
            time.sleep(0.05)

    began = time.monotonic()
    with serving(drip) as server, pytest.raises(Unavailable):
        OwnEndpoint(0.3).exchange(Request("GET", server.url()))
    assert time.monotonic() - began < 3
