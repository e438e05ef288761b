"""Names and addresses behind a URL: resolved once, checked, reached as checked, and proven by a certificate."""

import datetime
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.adapters import address_guard as guard
from chalicelib.adapters.address_guard import FetchPolicy
from chalicelib.adapters.deadline_socket import Deadline, connect_first, resolve_name
from chalicelib.adapters.guarded_http import FetchLimits, GuardedFetcher
from chalicelib.errors import FileFault, Unavailable
from tests.doubles.blobs import MemoryBlobs
from tests.doubles.web_server import BODY, fetcher, serving, with_length


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
