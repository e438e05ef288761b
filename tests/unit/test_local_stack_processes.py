"""Servers in the background: whose process is it, and is it gone when it should be?"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from infra.local.daemon import Command, Daemon

SLEEPS = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPS}"
WITH_CHILD = (
    "import subprocess, sys, time; "
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); "
    "print('up', flush=True); time.sleep(60)"
)


def program(code: str, directory: Path) -> Command:
    return Command([sys.executable, "-c", code], {"PATH": "/usr/bin:/bin"}, directory)


def wait_for(happened: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline, "did not happen within 10 s"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    """A zombie is gone, too: when it is reaped is up to the machine's first process."""
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def started(daemon: Daemon, command: Command) -> int:
    daemon.start(command)
    wait_for(lambda: "up" in daemon.log_file.read_text())
    pid = daemon.pid()
    assert pid is not None
    return pid


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon("part", tmp_path)
    yield daemon
    daemon.stop(0.5)


def test_a_started_process_runs_until_it_is_stopped(daemon: Daemon, tmp_path: Path) -> None:
    command = program(SLEEPS, tmp_path)
    pid = started(daemon, command)
    assert daemon.runs(command)
    assert daemon.memory_bytes() > 1_000_000

    assert daemon.stop(10)

    assert daemon.pid() is None
    assert is_gone(pid)
    assert not daemon.was_killed()


def test_another_command_line_object_finds_the_same_process(daemon: Daemon, tmp_path: Path) -> None:
    pid = started(daemon, program(SLEEPS, tmp_path))

    assert Daemon("part", tmp_path).pid() == pid
    assert Daemon("another part", tmp_path).pid() is None
    assert Daemon("part", tmp_path / "elsewhere").pid() is None


def test_a_changed_command_is_told_from_the_one_that_runs(daemon: Daemon, tmp_path: Path) -> None:
    started(daemon, program(SLEEPS, tmp_path))

    assert not daemon.runs(program(SLEEPS + " ", tmp_path))


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"pid": "7"}', '{"pid": 999999999}'])
def test_a_damaged_or_stale_pid_file_means_that_nothing_runs(
    daemon: Daemon, tmp_path: Path, content: str
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "part.json").write_text(content)

    assert daemon.pid() is None


def test_a_strangers_process_with_the_recorded_id_is_left_alone(daemon: Daemon, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "part.json").write_text(json.dumps({"pid": os.getpid()}))

    assert daemon.pid() is None
    assert daemon.stop(0.1)  # were the test's own process taken for ours, it would end here


def test_a_killed_process_is_noticed(daemon: Daemon, tmp_path: Path) -> None:
    os.kill(started(daemon, program(SLEEPS, tmp_path)), signal.SIGKILL)

    wait_for(daemon.was_killed)


def test_a_process_that_will_not_stop_is_ended_and_that_is_told(daemon: Daemon, tmp_path: Path) -> None:
    pid = started(daemon, program(STUBBORN, tmp_path))

    assert not daemon.stop(0.2)
    assert is_gone(pid)


def test_what_a_killed_process_left_behind_is_ended_at_the_next_start(daemon: Daemon, tmp_path: Path) -> None:
    first = started(daemon, program(WITH_CHILD, tmp_path))
    children = psutil.Process(first).children()
    assert len(children) == 1
    os.kill(first, signal.SIGKILL)
    (tmp_path / "run" / "part.json").unlink()  # not even the pid file tells of it any more

    daemon.start(program(SLEEPS, tmp_path))

    wait_for(lambda: is_gone(children[0].pid))
