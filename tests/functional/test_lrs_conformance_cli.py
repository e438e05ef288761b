"""`lightrail conformance` as whoever checks a store meets it: over HTTP, against a server of this machine."""

import argparse
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from chalicelib.lrs.conformance import NoAnswer, plan
from chalicelib.lrs.versions import V1, V2
from infra.cli import conformance
from infra.cli.console import CommandFailed
from infra.cli.lrs_transport import MOST_BYTES, HttpTransport
from tests.functional.gateway import STAGE
from tests.functional.lrs_client import XAPI, LrsClient
from tests.functional.stand_ins import CLIENT, PASSWORD


class Server:
    """The record store behind HTTP; where `broken` stands in a path the answer is 500."""

    def __init__(self) -> None:
        self.client = LrsClient()
        self.broken = ""
        self.connections = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # an answer leaves as one packet

            def setup(self) -> None:
                server.connections += 1
                super().setup()

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65537)
                if self.raw_requestline and self.parse_request():
                    server.answer(self)
                    self.wfile.flush()
                else:
                    self.close_connection = True

            def log_message(self, *_: Any) -> None:
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}{STAGE}{XAPI}"
        self.thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
        if self.broken and self.broken in handler.path:
            handler.send_error(500)
            return
        self.client.world.stored.clock.advance(0.002)
        came = self.client.gateway.call(
            handler.command, handler.path.removeprefix(STAGE), body, dict(handler.headers)
        )
        handler.send_response(came.status)
        for name, value in came.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(came.body)))
        handler.end_headers()
        handler.wfile.write(came.body)

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self.thread.join(5)


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def password(tmp_path: Path) -> str:
    path = tmp_path / "password"
    path.write_text(f"{PASSWORD}\n")
    return str(path)


def run(*arguments: str) -> int:
    parser = argparse.ArgumentParser()
    conformance.register(parser.add_subparsers(required=True))
    parsed = parser.parse_args(["conformance", *arguments])
    return int(parsed.run(parsed))


@pytest.mark.parametrize(("version", "spoken"), [("1.0.3", V1), ("2.0", V2)])
def test_a_store_that_does_well_is_told_so(
    version: str, spoken: Any, server: Server, password: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--user", CLIENT, "--password-file", password, "--version", version]
    assert run(server.url, *arguments, "--section", "Communication 2.1.3", "--run-id", "r1") == 0
    told = capsys.readouterr().out
    count = len(plan(spoken, "Communication 2.1.3"))
    assert f"xAPI {spoken}, {count} checks, run r1" in told
    assert f"{count} of {count} checks passed, 0 failed" in told
    assert "FAILED" not in told
    assert PASSWORD not in told
    left = server.client.found(limit=0)
    assert {each["verb"]["id"].rpartition("/")[2] for each in left} == {"voided"}
    assert server.connections < 10


def test_failures_are_told_and_counted(
    server: Server, password: str, capsys: pytest.CaptureFixture[str]
) -> None:
    server.broken = "/about"
    arguments = ["--user", CLIENT, "--password-file", password, "--section", "4.1.6.7"]
    assert run(server.url, *arguments) == 1
    told = capsys.readouterr().out
    assert "FAILED XAPI-00315.about-shows-versions (4.1.6.7)" in told
    assert "GET /about: expected status 200; came status 500" in told
    assert "0 of" in told
    assert run(server.url, *arguments, "--json", "--run-id", "r2") == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["run"] == "r2"
    assert answer["failed"] == answer["checks"] == len(answer["outcomes"])
    assert (answer["passed"], answer["statements_voided"]) == (0, 1)
    assert answer["outcomes"][0]["reason"]


def test_statements_are_kept_on_demand(server: Server, password: str) -> None:
    arguments = ["--user", CLIENT, "--password-file", password, "--section", "XAPI-00147", "--keep"]
    assert run(server.url, *arguments) == 0
    assert len(server.client.found()) == 3


def test_the_password_may_be_given_with_the_command(server: Server, password: str) -> None:
    assert run(server.url, "--user", CLIENT, "--password", PASSWORD, "--section", "XAPI-00335") == 0
    assert run(server.url, "--user", CLIENT, "--password", "wrong", "--section", "XAPI-00335") == 1
    with pytest.raises(SystemExit):
        run(server.url, "--user", CLIENT, "--password", PASSWORD, "--password-file", password)


def test_the_password_may_be_asked_for(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda _: PASSWORD)
    assert run(server.url, "--user", CLIENT, "--section", "XAPI-00335") == 0
    monkeypatch.setattr("getpass.getpass", lambda _: "wrong")
    assert run(server.url, "--user", CLIENT, "--section", "XAPI-00335") == 1


@pytest.mark.parametrize("version", ["1.0.3", "2.0"])
def test_requirements_are_listed_without_a_store(version: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--list-uncovered", "--version", version) == 0
    told = capsys.readouterr().out
    assert "XAPI-00327" in told
    assert "needs a second client with fewer permissions" in told
    assert run("--list", "--version", version, "--json") == 0
    listed = json.loads(capsys.readouterr().out)
    assert len(listed) >= 300
    assert listed[0].keys() == {"requirement", "section", "title"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Name the endpoint and --user"),
        (("http://127.0.0.1/xapi",), "Name the endpoint and --user"),
        (("ftp://a/xapi", "--user", "u"), "is not the address of an xAPI endpoint"),
        (("http://u:p@127.0.0.1/xapi", "--user", "u"), "Leave user and password out"),
        (("http://127.0.0.1/xapi?a=b", "--user", "u"), "is not the address of an xAPI endpoint"),
        (("http://127.0.0.1/xapi", "--user", "u", "--section", "9.9"), "is neither a requirement"),
        (("http://127.0.0.1/xapi", "--user", "u", "--password-file", "/no/such"), "cannot be read"),
    ],
)
def test_what_cannot_be_run_is_told(arguments: tuple[str, ...], said: str, password: str) -> None:
    given = arguments if "--password-file" in arguments else (*arguments, "--password-file", password)
    with pytest.raises(CommandFailed, match=said):
        run(*given)


@contextmanager
def listener(answer: bytes) -> Iterator[str]:
    """A server that gives each request these bytes."""

    class Handler(BaseHTTPRequestHandler):
        def handle(self) -> None:
            self.rfile.readline()
            self.wfile.write(answer)

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_address[1]}/xapi"
    finally:
        http.shutdown()
        http.server_close()
        thread.join(5)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"no HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{",
        b"HTTP/1.1 999999 OK\r\n\r\n",
    ],
)
def test_a_server_that_speaks_something_else_is_no_answer(answer: bytes) -> None:
    with listener(answer) as url, pytest.raises(NoAnswer):
        HttpTransport(url, "u", "p", 2).request("GET", "/about", {}, {}, None)


def test_an_endless_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infra.cli.lrs_transport.MOST_BYTES", 10)
    with (
        listener(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 11) as url,
        pytest.raises(NoAnswer, match="more than 10 bytes"),
    ):
        HttpTransport(url, "u", "p", 2).request("GET", "/about", {}, {}, None)
    assert MOST_BYTES > 10


def test_credentials_stay_on_the_host(server: Server) -> None:
    transport = HttpTransport(server.url, CLIENT, PASSWORD)
    with pytest.raises(NoAnswer, match="on another host"):
        transport.request("GET", "https://elsewhere.example/xapi/statements", {}, {}, None)
    assert PASSWORD not in repr(transport)
    assert transport.request("GET", f"{server.url}/statements", {}, {}, None).status == 400
    transport.close()
