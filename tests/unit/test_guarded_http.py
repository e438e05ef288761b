"""Fetching from a server that behaves, from many that do not, and from the bucket."""

import gzip
import socket
import time
from typing import Any

import pytest

from chalicelib.articles.delta_format import Limits, read_entries, unpack
from chalicelib.errors import FileFault, Unavailable
from tests.doubles.blobs import MemoryBlobs
from tests.doubles.web_server import BODY, HEAD, Server, fetcher, serving, with_length


def fetched(server: Server, path: str = "/a.json", **limits: Any) -> bytes:
    return b"".join(fetcher(**limits).fetch(server.url(path)))


def test_a_file_is_fetched_as_it_is() -> None:
    with serving(with_length(BODY)) as server:
        assert fetched(server, "/é b.json?q=1#x".replace(" ", "")) == BODY
    (request,) = server.requests
    line, *headers = request.decode().split("\r\n")
    assert line == "GET /%C3%A9b.json?q=1 HTTP/1.1"
    assert f"Host: 127.0.0.1:{server.port}" in headers
    assert "Accept-Encoding: identity" in headers


@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"\r\n" + BODY,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\n" + BODY[:3] + b"\r\n%x;x=y\r\n" % len(BODY[3:]) + BODY[3:]
        + b"\r\n0\r\nTrailer: x\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" + with_length(BODY),
        with_length(BODY) + b"more than was announced",
    ],
)  # fmt: skip
def test_every_framing_of_a_body_is_read(answer: bytes) -> None:
    with serving(answer) as server:
        assert fetched(server) == BODY


def test_a_server_that_keeps_the_connection_open_is_not_waited_for() -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(with_length(BODY))
        connection.recv(1)

    with serving(answer) as server:
        begun = time.monotonic()
        assert fetched(server) == BODY
        assert time.monotonic() - begun < 0.9


def test_gzip_that_was_not_asked_for_is_passed_on_as_it_is() -> None:
    packed = gzip.compress(BODY)
    with serving(with_length(packed, b"Content-Encoding: gzip\r\n")) as server:
        assert fetched(server) == packed


@pytest.mark.parametrize("encoding", [b"br", b"deflate", b"gzip, br"])
def test_another_packing_is_a_fault(encoding: bytes) -> None:
    with (
        serving(with_length(BODY, b"Content-Encoding: " + encoding + b"\r\n")) as server,
        pytest.raises(FileFault, match="not asked for"),
    ):
        fetched(server)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with serving(with_length(BODY)) as inner:
        location = inner.url("/inner").encode()
        redirect = (
            b"HTTP/1.1 %d Elsewhere\r\nLocation: " % status + location + b"\r\nContent-Length: 0\r\n\r\n"
        )
        with serving(redirect) as server, pytest.raises(FileFault, match="redirects") as caught:
            fetched(server)
        assert inner.requests == []
    assert caught.value.cause == "fetch"
    assert "127.0.0.1" not in str(caught.value)


@pytest.mark.parametrize("status", [204, 206, 304, 400, 401, 403, 404, 410, 429])
def test_what_will_not_mend_itself_is_a_fault_at_once(status: int) -> None:
    with (
        serving(b"HTTP/1.1 %d secret\r\nContent-Length: 6\r\n\r\nsecret" % status) as server,
        pytest.raises(FileFault) as caught,
    ):
        fetched(server)
    assert caught.value.cause == "fetch"
    assert "secret" not in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
def test_what_may_mend_itself_is_unavailable(status: int) -> None:
    with (
        serving(b"HTTP/1.1 %d secret\r\nContent-Length: 6\r\n\r\nsecret" % status) as server,
        pytest.raises(Unavailable) as caught,
    ):
        fetched(server)
    assert caught.value.reason == f"status {status}"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200",
        HEAD + b"Content-Length: 100\r\n\r\n" + BODY,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n50\r\n" + BODY,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        HEAD + b"X: " + b"x" * 70_000 + b"\r\n\r\n",
        HEAD + b"X: y\r\n" * 200 + b"\r\n",
    ],
)
def test_an_answer_that_breaks_off_is_unavailable(answer: bytes) -> None:
    with serving(answer) as server, pytest.raises(Unavailable):
        fetched(server)


def test_an_address_without_a_server_is_unavailable() -> None:
    with serving(b"") as server:
        pass
    with pytest.raises(Unavailable):
        fetched(server)


def test_a_server_that_says_nothing_is_given_up() -> None:
    def answer(connection: socket.socket) -> None:
        connection.recv(1)

    with serving(answer) as server:
        begun = time.monotonic()
        with pytest.raises(Unavailable) as caught:
            fetched(server, read_seconds=0.2)
        assert time.monotonic() - begun < 1
    assert caught.value.reason == "timeout"


@pytest.mark.parametrize(
    "start",
    [
        b"",
        HEAD + b"X: ",
        HEAD + b"Content-Length: 1000\r\n\r\n",
        HEAD + b"\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n3e8\r\n",
    ],
)
def test_a_server_that_drips_is_given_up_at_the_deadline(start: bytes) -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(b"1")
            time.sleep(0.02)

    with serving(answer) as server:
        begun = time.monotonic()
        with pytest.raises(Unavailable) as caught:
            fetched(server, total_seconds=0.4, read_seconds=0.3)
        assert 0.3 < time.monotonic() - begun < 1.2
    assert caught.value.reason == "timeout"


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (HEAD + b"\r\n", b" " * 10_000),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"2710\r\n" + b" " * 10_000 + b"\r\n"),
    ],
)
def test_an_endless_file_is_cut_off_at_the_limit(head: bytes, piece: bytes) -> None:
    sent = 0

    def answer(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(head)
        while True:
            connection.sendall(piece)
            sent += 1

    with serving(answer) as server, pytest.raises(FileFault, match="larger than 100000 bytes") as caught:
        fetched(server)
    assert caught.value.cause == "size"
    assert sent * len(piece) < 50_000_000  # what was already under way


def test_endless_interim_answers_end_at_the_deadline() -> None:
    def answer(connection: socket.socket) -> None:
        while True:
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            time.sleep(0.01)

    with serving(answer) as server, pytest.raises(Unavailable):
        fetched(server, total_seconds=0.4)


def test_a_file_announced_as_too_large_is_not_read() -> None:
    with (
        serving(HEAD + b"Content-Length: 100001\r\n\r\n") as server,
        pytest.raises(FileFault, match="larger than 100000 bytes"),
    ):
        fetched(server)


def test_a_bomb_is_stopped_where_it_is_unpacked() -> None:
    bomb = gzip.compress(b"[" + b" " * 50_000_000)
    with serving(with_length(bomb)) as server:
        limits = Limits(max_ratio=100)
        chunks = fetcher().fetch(server.url())
        with pytest.raises(FileFault, match="grows to more than 100 times its size"):
            list(read_entries(unpack(chunks, limits), limits=limits))


def test_a_file_in_the_bucket_is_read_from_there() -> None:
    blobs = MemoryBlobs(chunk=10)
    blobs.put("delta/a.json", BODY)
    guarded = fetcher(blobs=blobs)
    assert guarded.check("s3://our-bucket/delta/a.json") is None
    assert b"".join(guarded.fetch("s3://our-bucket/delta/a.json")) == BODY
    with pytest.raises(FileFault, match="no such file in the bucket"):
        list(guarded.fetch("s3://our-bucket/delta/b.json"))
    with pytest.raises(FileFault, match="larger than 20 bytes"):
        list(fetcher(blobs=blobs, max_bytes=20).fetch("s3://our-bucket/delta/a.json"))
