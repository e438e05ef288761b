"""What the local stack keeps on disk: whole or absent, private, remembered."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from infra.local import description, ports
from infra.local.description import Admin, Description
from infra.local.durable import exclusive, write_atomically
from infra.local.errors import LocalStackError

DESCRIPTION = Description(
    api_url="http://127.0.0.1:4566",
    bucket="articles",
    aws_endpoint_url="http://127.0.0.1:4566",
    opensearch_url="http://127.0.0.1:9200",
    region="eu-west-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
    stack_name="lightrail-local",
    admin=Admin(email="admin@example.com", token="1|secret"),
)


class TestDescription:
    def test_it_reads_back_what_it_wrote(self, tmp_path: Path) -> None:
        description.write(tmp_path / "stack.json", DESCRIPTION)
        assert description.read(tmp_path / "stack.json") == DESCRIPTION

        description.write(tmp_path / "stack.json", replace(DESCRIPTION, admin=None))
        assert description.read(tmp_path / "stack.json").admin is None

    def test_only_its_owner_may_read_it(self, tmp_path: Path) -> None:
        path = tmp_path / "stack.json"
        path.write_text("{}")
        path.chmod(0o644)

        description.write(path, DESCRIPTION)

        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_it_has_the_documented_keys(self, tmp_path: Path) -> None:
        description.write(tmp_path / "stack.json", DESCRIPTION)

        content = json.loads((tmp_path / "stack.json").read_text())

        assert content.keys() >= {
            "api_url", "bucket", "aws_endpoint_url", "opensearch_url", "region",
            "aws_access_key_id", "aws_secret_access_key", "admin",
        }  # fmt: skip
        assert content["admin"] == {"email": "admin@example.com", "token": "1|secret"}

    def test_a_key_of_a_newer_version_is_ignored(self, tmp_path: Path) -> None:
        description.write(tmp_path / "stack.json", DESCRIPTION)
        content = json.loads((tmp_path / "stack.json").read_text())
        (tmp_path / "stack.json").write_text(json.dumps(content | {"later": 1}))

        assert description.read(tmp_path / "stack.json") == DESCRIPTION

    def test_without_a_stack_it_says_how_to_get_one(self, tmp_path: Path) -> None:
        with pytest.raises(LocalStackError, match="`make up` makes one"):
            description.read(tmp_path / "stack.json")

    @pytest.mark.parametrize("content", ["", "[1]", "{}", '{"admin": 3}', "\x00"])
    def test_a_damaged_file_is_a_clear_error(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "stack.json").write_text(content)

        with pytest.raises(LocalStackError, match="`make up` writes it anew"):
            description.read(tmp_path / "stack.json")


class TestAtomicWrite:
    def test_a_failed_write_leaves_the_old_file_and_nothing_else(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "file"
        write_atomically(path, b"old")

        def full(_: int) -> None:
            raise OSError("no space left")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="no space left"):
            write_atomically(path, b"new")

        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]


class TestLock:
    def test_the_second_waits_until_the_first_is_done(self, tmp_path: Path) -> None:
        order: list[str] = []
        waits = threading.Event()

        def second() -> None:
            with exclusive(tmp_path / "lock", wait_seconds=10, on_wait=waits.set):
                order.append("second")

        thread = threading.Thread(target=second)
        with exclusive(tmp_path / "lock", wait_seconds=0):
            thread.start()
            assert waits.wait(10)
            order.append("first")
        thread.join()

        assert order == ["first", "second"]

    def test_it_gives_up_in_the_end_and_says_what_to_do(self, tmp_path: Path) -> None:
        with (
            exclusive(tmp_path / "lock", wait_seconds=0),
            pytest.raises(LocalStackError, match="run this again"),
            exclusive(tmp_path / "lock", wait_seconds=0),
        ):
            pytest.fail("two holders")

    def test_a_lock_is_still_one_after_its_directory_was_removed(self, tmp_path: Path) -> None:
        path = tmp_path / "stack" / "lock"
        with exclusive(path, wait_seconds=0):
            path.unlink()
            with exclusive(path, wait_seconds=0):  # the new file protects the new directory
                assert path.exists()

    def test_a_killed_holder_frees_it(self, tmp_path: Path) -> None:
        code = f"""
import sys, time
from pathlib import Path
from infra.local.durable import exclusive
with exclusive(Path({str(tmp_path / "lock")!r}), wait_seconds=0):
    print("held", flush=True)
    time.sleep(60)
"""
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            os.kill(holder.pid, signal.SIGKILL)

        with exclusive(tmp_path / "lock", wait_seconds=1):
            assert (tmp_path / "lock").exists()


class TestPorts:
    def test_a_port_is_chosen_once(self, tmp_path: Path) -> None:
        port = ports.RememberedPorts(tmp_path / "ports.json").get("emulator")

        assert ports.RememberedPorts(tmp_path / "ports.json").get("emulator") == port
        assert ports.RememberedPorts(tmp_path / "ports.json").known("emulator") == port

    def test_parts_have_ports_of_their_own(self, tmp_path: Path) -> None:
        remembered = ports.RememberedPorts(tmp_path / "ports.json")

        assert remembered.known("opensearch") is None
        assert remembered.get("opensearch") != remembered.get("emulator")

    def test_another_port_is_chosen_when_others_have_taken_it(self, tmp_path: Path) -> None:
        remembered = ports.RememberedPorts(tmp_path / "ports.json")
        first = remembered.get("emulator")

        with socket.socket() as stranger:
            stranger.bind(("127.0.0.1", first))
            stranger.listen()
            assert not ports.is_free(first)
            second = remembered.choose_anew("emulator")

        assert second != first
        assert remembered.get("emulator") == second

    @pytest.mark.parametrize("content", ["", "[]", '{"emulator": "x"}'])
    def test_a_damaged_file_costs_a_new_choice_only(self, tmp_path: Path, content: str) -> None:
        (tmp_path / "ports.json").write_text(content)

        port = ports.RememberedPorts(tmp_path / "ports.json").get("emulator")

        assert 20000 <= port <= 32000
