"""Fetching from a server that behaves, from many that do not, and from the bucket."""

import datetime
import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.adapters import address_guard as guard
from chalicelib.adapters.address_guard import FetchPolicy
from chalicelib.adapters.deadline_socket import Deadline, connect_first, resolve_name
from chalicelib.adapters.guarded_http import FetchLimits, GuardedFetcher, Resolver
from chalicelib.articles.delta_format import Limits, read_entries, unpack
from chalicelib.errors import FileFault, Unavailable
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


def fetched(server: Server, path: str = "/a.json", **limits: Any) -> bytes:
    return b"".join(fetcher(**limits).fetch(server.url(path)))


def with_length(body: bytes, extra: bytes = b"") -> bytes:
    return HEAD + extra + b"Content-Length: %d\r\n\r\n" % len(body) + body


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


def test_a_name_is_resolved_once_and_its_checked_address_used() -> None:
    asked: list[str] = []

    def rebinding(host: str, seconds: float) -> list[str]:
        asked.append(host)
        return ["8.8.8.8"] if len(asked) == 1 else ["127.0.0.1"]

    with serving(with_length(BODY)) as server:
        url = f"http://files.example.com:{server.port}/a.json"
        guarded = fetcher(rebinding)
        assert guarded.check(url) is None
        with pytest.raises(FileFault) as caught:  # what the name says now is checked again
            list(guarded.fetch(url))
        assert str(caught.value) == guard.HOST_NOT_ALLOWED
        assert server.requests == []
    assert asked == ["files.example.com"] * 2


def test_a_named_host_is_reached_at_the_address_that_was_checked() -> None:
    asked: list[str] = []

    def once(host: str, seconds: float) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with serving(with_length(BODY)) as server:
        url = f"http://Files.Example.com:{server.port}/a.json"
        assert b"".join(fetcher(once, hosts=("files.example.com",)).fetch(url)) == BODY
    assert asked == ["files.example.com"]
    assert f"Host: files.example.com:{server.port}\r\n".encode() in server.requests[0]


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::ffff:127.0.0.1"], ["2606:4700::1", "fe80::1%lo"]],
)
def test_one_address_that_is_not_public_refuses_the_name(addresses: list[str]) -> None:
    guarded = fetcher(lambda host, seconds: addresses)
    assert guarded.check("https://files.example.com/a.json") == guard.HOST_NOT_ALLOWED
    with pytest.raises(FileFault, match="host of the URL is not allowed") as caught:
        list(guarded.fetch("https://files.example.com/a.json"))
    assert caught.value.cause == "fetch"


@pytest.mark.parametrize("failure", [socket.gaierror(8, "unknown"), TimeoutError()])
def test_a_name_that_is_not_known_now_is_accepted_and_tried_later(failure: OSError) -> None:
    def fail(host: str, seconds: float) -> list[str]:
        raise failure

    assert fetcher(fail).check("https://files.example.com/a.json") is None
    with pytest.raises(Unavailable):
        list(fetcher(fail).fetch("https://files.example.com/a.json"))


def test_a_refused_url_is_neither_resolved_nor_fetched() -> None:
    guarded = fetcher(hosts=("*",))
    assert guarded.check("http://127.0.0.1/") == guard.HOST_NOT_ALLOWED
    with pytest.raises(FileFault, match="host of the URL is not allowed"):
        list(guarded.fetch("http://127.0.0.1/"))


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


def test_a_plain_server_is_no_tls_server() -> None:
    with serving(with_length(BODY)) as server, pytest.raises(Unavailable):
        list(fetcher().fetch(server.url().replace("http:", "https:")))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for files.example.com, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "files.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("files.example.com")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.mark.parametrize(
    ("host", "trusted", "content"),
    [
        ("files.example.com", True, BODY),
        ("other.example.com", True, None),
        ("files.example.com", False, None),
    ],
)
def test_the_certificate_must_be_good_for_the_name(
    certificate: Path, host: str, trusted: bool, content: bytes | None
) -> None:
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ours.load_cert_chain(certificate)
    names: list[str | None] = []
    ours.sni_callback = lambda _, name, __: names.append(name)

    def answer(connection: socket.socket) -> None:
        with ours.wrap_socket(connection, server_side=True) as secure:
            secure.recv(65536)
            secure.sendall(with_length(BODY))

    def fetch() -> bytes:
        guarded = GuardedFetcher(
            FetchPolicy.of(("https",), (host,), "our-bucket"),
            FetchLimits(total_seconds=3, connect_seconds=1, read_seconds=1),
            MemoryBlobs,
            resolve=lambda _, __: ["127.0.0.1"],
            tls=ssl.create_default_context(cafile=str(certificate)) if trusted else None,
        )
        return b"".join(guarded.fetch(f"https://{host}:{server.port}/a.json"))

    with serving(answer, secure=True) as server:
        if content is None:
            with pytest.raises(FileFault, match="no valid certificate for its name"):
                fetch()
        else:
            assert fetch() == content
    assert names == [host]


def test_names_are_resolved_within_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "127.0.0.1" in resolve_name("localhost", 5)
    released = threading.Event()

    def slow(*_: object, **__: object) -> list[object]:
        released.wait(5)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        resolve_name("files.example.com", 0.1)
    assert time.monotonic() - begun < 1
    released.set()


def test_a_name_that_does_not_resolve_is_an_os_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(socket.gaierror):
        resolve_name("files.example.com", 1)


def test_the_next_address_is_tried_where_one_does_not_answer() -> None:
    with serving(b"") as server:
        stream = connect_first(["::1", "127.0.0.1"], server.port, 1, Deadline(2))
        stream.close()


def test_a_deadline_that_has_passed_is_a_timeout() -> None:
    now = [0.0]
    deadline = Deadline(2, lambda: now[0])
    now[0] = 1.5
    assert deadline.left() == 0.5
    now[0] = 2.0
    with pytest.raises(TimeoutError):
        deadline.left()
