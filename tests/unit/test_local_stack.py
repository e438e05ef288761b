"""A stack of two servers: started together, idempotent, surviving what happens to processes and ports.

Two small servers stand for OpenSearch and the emulator; they answer the same questions about their health.
"""

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from infra.local import emulator, opensearch, stack
from infra.local.daemon import Command
from infra.local.errors import LocalStackError
from infra.local.progress import SilentReport
from infra.local.stack import PartStatus, Stack

SERVER = """
import http.server, json, sys

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"cluster_name": sys.argv[2], "status": "green"}).encode())

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def server(port: int, directory: Path) -> Command:
    arguments = [sys.executable, "-S", "-c", SERVER, str(port), opensearch.cluster_name(port)]
    return Command(arguments, {"PATH": "/usr/bin:/bin"}, directory)


class HeardReport(SilentReport):
    """A report that remembers what was said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture(autouse=True)
def small_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack, "opensearch_home", lambda task: Path())
    monkeypatch.setattr(stack, "emulator_python", lambda task: Path())
    monkeypatch.setattr(opensearch, "configure", lambda port: None)
    monkeypatch.setattr(opensearch, "command", lambda home, root, port: server(port, root))
    monkeypatch.setattr(
        emulator, "command", lambda python, root, port, enforce_roles: server(port, root / "emulator")
    )


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    root = tmp_path / "stack"
    yield root
    Stack(root).clean()


def up(root: Path, report: HeardReport | None = None) -> dict[str, PartStatus]:
    here = Stack(root, report=report)
    with here.lock():
        here.up()
    return status(root)


def status(root: Path) -> dict[str, PartStatus]:
    return {part.name: part for part in Stack(root).status()}


def kill(part: PartStatus) -> None:
    assert part.pid is not None
    process = psutil.Process(part.pid)
    process.kill()
    while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.005)


@contextmanager
def taken(port: int) -> Iterator[None]:
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        stranger.bind(("127.0.0.1", port))
        stranger.listen()
        yield


def test_before_the_first_start_nothing_runs(root: Path) -> None:
    assert [(part.pid, part.healthy) for part in status(root).values()] == [(None, False)] * 2


def test_both_parts_run_and_tell_where(root: Path) -> None:
    parts = up(root)

    assert all(part.healthy and part.memory_bytes > 0 for part in parts.values())
    addresses = Stack(root).addresses()
    assert addresses.aws_endpoint_url == f"http://127.0.0.1:{parts['emulator'].port}"
    assert addresses.opensearch_url == f"http://127.0.0.1:{parts['opensearch'].port}"


def test_starting_again_changes_nothing(root: Path) -> None:
    assert [part.pid for part in up(root).values()] == [part.pid for part in up(root).values()]


def test_two_stacks_run_side_by_side(root: Path, tmp_path: Path) -> None:
    first = up(root)
    try:
        second = up(root / "test")  # inside the other one, as `make test` has it
        Stack(root).clean()
        assert all(part.healthy for part in status(root / "test").values())
        assert {part.port for part in first.values()}.isdisjoint(part.port for part in second.values())
    finally:
        Stack(root / "test").clean()


@pytest.mark.parametrize(("killed", "other"), [("emulator", "opensearch"), ("opensearch", "emulator")])
def test_a_killed_part_is_started_again_and_the_other_left_alone(root: Path, killed: str, other: str) -> None:
    before = up(root)
    kill(before[killed])

    after = up(root)

    assert after[killed].healthy
    assert after[killed].pid != before[killed].pid
    assert after[killed].port == before[killed].port
    assert after[other].pid == before[other].pid


def test_a_part_that_runs_but_does_not_answer_is_started_again(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = up(root)["opensearch"]
    assert before.pid is not None
    monkeypatch.setattr(opensearch, "START_SECONDS", 1.5)
    psutil.Process(before.pid).suspend()
    monkeypatch.setattr(opensearch, "STOP_SECONDS", 0.1)
    monkeypatch.setattr(opensearch, "ANSWER_SECONDS", 0.1)
    report = HeardReport()

    after = up(root, report)["opensearch"]

    assert after.healthy
    assert after.pid != before.pid


def test_an_emulator_that_could_not_save_is_told(root: Path) -> None:
    report = HeardReport()
    parts = up(root, report)
    assert not report.said
    kill(parts["emulator"])

    up(root, report)

    assert any("ended without saving" in text for text in report.said)


def test_a_port_that_others_have_taken_is_changed_and_told(root: Path) -> None:
    port = up(root)["emulator"].port
    Stack(root).down()
    report = HeardReport()

    with taken(port):
        parts = up(root, report)

    assert parts["emulator"].healthy
    assert parts["emulator"].port != port
    assert any(f"Port {port} is used by another program" in text for text in report.said)


def test_after_down_the_state_and_the_ports_stay(root: Path) -> None:
    before = up(root)
    (root / "emulator" / "state" / "kept").write_text("")
    Stack(root).down()
    assert not any(part.pid for part in status(root).values())

    after = up(root)

    assert [part.port for part in before.values()] == [part.port for part in after.values()]
    assert (root / "emulator" / "state" / "kept").exists()


def test_clean_forgets_everything_of_its_own(root: Path) -> None:
    up(root)
    (root / "somebody-elses").write_text("")

    Stack(root).clean()

    assert {path.name for path in root.iterdir()} == {"lock", "somebody-elses"}
    assert not any(part.pid for part in status(root).values())


def test_a_server_that_fails_says_why_with_the_end_of_its_log(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(home: Path, root: Path, port: int) -> Command:
        return Command([sys.executable, "-c", "raise SystemExit('no heap')"], {}, root)

    monkeypatch.setattr(opensearch, "command", broken)

    with pytest.raises(LocalStackError, match=r"(?s)OpenSearch stopped while starting.*no heap.*make clean"):
        up(root)

    assert status(root)["emulator"].healthy  # the other part is not dragged along


def test_a_fault_of_the_program_itself_is_not_dressed_up(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(port: int) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(opensearch, "configure", faulty)

    with pytest.raises(ZeroDivisionError):
        up(root)


class TestCommands:
    """What the real servers are started with."""

    @pytest.fixture(autouse=True)
    def real_commands(self, small_servers: None, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.undo()

    def test_both_listen_on_loopback_alone(self, tmp_path: Path) -> None:
        node = opensearch.command(tmp_path, tmp_path, 9200).arguments
        cloud = emulator.command(tmp_path, tmp_path, 4566, enforce_roles=False).environment

        assert "network.host=127.0.0.1" in node
        assert cloud["BIND_HOST"] == "127.0.0.1"

    def test_nothing_of_the_developers_aws_settings_reaches_the_handlers(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_PROFILE", "production")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

        environment = emulator.command(tmp_path, tmp_path, 4566, enforce_roles=False).environment

        assert not [name for name in environment if name.startswith("AWS_")]
        assert environment["HOME"].startswith(str(tmp_path))

    def test_the_roles_are_enforced_on_demand(self, tmp_path: Path) -> None:
        free = emulator.command(tmp_path, tmp_path, 4566, enforce_roles=False)
        strict = emulator.command(tmp_path, tmp_path, 4566, enforce_roles=True)

        assert (free.environment["AUTH"], strict.environment["AUTH"]) == ("false", "true")
        assert free.fingerprint() != strict.fingerprint()  # so `up` starts it again
