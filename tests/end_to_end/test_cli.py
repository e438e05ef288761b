"""The command line as somebody uses it who has an address and a token, and no account of AWS."""

import hashlib
import json
import os
import pty
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from infra.cli.console import ExitCode
from tests.end_to_end.system import System, entry

PROJECT = Path(__file__).resolve().parents[2]
COMMAND = (sys.executable, "-m", "infra.cli.main")


@dataclass(frozen=True)
class Run:
    """What a command told."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which holds one object and nothing else."""
        return json.loads(self.out)


@dataclass(frozen=True)
class User:
    """A person with an address and a token."""

    environment: Mapping[str, str]

    def run(self, *arguments: str) -> Run:
        """Run a command with its output in a pipe."""
        done = subprocess.run(
            [*COMMAND, *arguments],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)

    def run_at_terminal(self, *arguments: str) -> Run:
        """Run a command at a terminal of 120 columns."""
        main, its = pty.openpty()
        with subprocess.Popen(
            [*COMMAND, *arguments],
            cwd=PROJECT,
            env={**self.environment, "TERM": "xterm-256color", "COLUMNS": "120"},
            stdin=its,
            stdout=its,
            stderr=its,
        ) as running:
            os.close(its)
            shown = _read_to_end(main)
        os.close(main)
        return Run(running.returncode, shown.decode(), "")


def _read_to_end(terminal: int) -> bytes:
    shown = b""
    try:
        while part := os.read(terminal, 65536):
            shown += part
    except OSError:  # Linux: the other side is closed
        pass
    return shown


@pytest.fixture(scope="module")
def user(system: System, tmp_path_factory: pytest.TempPathFactory) -> User:
    assert system.description.admin is not None
    return User(
        {
            "PATH": os.environ["PATH"],
            "LIGHTRAIL_URL": f"{system.description.api_url}/api",
            "LIGHTRAIL_TOKEN": system.description.admin.token,
            "LIGHTRAIL_ROOT": str(tmp_path_factory.mktemp("nothing")),
        }
    )


@pytest.fixture
def number() -> str:
    """An article number that no other test has."""
    return f"cli-{uuid4().hex[:10]}"


def write(folder: Path, name: str, entries: list[dict[str, object]]) -> str:
    path = folder / name
    path.write_text("\n".join(json.dumps(one) for one in entries))
    return str(path)


def test_a_file_is_sent_fails_is_looked_at_and_retried(user: User, tmp_path: Path, number: str) -> None:
    source = write(tmp_path, "prices.ndjson", [entry("replace-article-feature", number, F_80004="1,00")] * 2)
    sent = user.run("send", source)
    assert sent.code == ExitCode.FAILURES, sent.err
    assert "\x1b" not in sent.out
    assert f"\t{number}\treplace-article-feature\trule\tTrying to add feature" in sent.out

    [failed] = user.run("jobs", "--state", "failed", "--article", number, "--json").json["jobs"]
    assert (failed["article"], failed["file"]) == (number, "prices.ndjson")
    held = user.run("jobs", "--state", "blocked", "--json").json["jobs"]
    assert [(job["article"], job["blocked_by"]) for job in held] == [(number, failed["id"])]
    shown = user.run("jobs", failed["id"])
    assert f"article:      {number}" in shown.out

    missing = write(tmp_path, "missing.ndjson", [entry("add-article", f"{number}-other")])
    assert user.run("send", missing, "--json").json["files"][0]["state"] == "succeeded"
    assert user.run("retry", "--article", number, "--json").json["ticket"] > 0
    assert user.run("watch", failed["file_id"], "--timeout", "60").code == ExitCode.FAILURES
    assert user.run("flush", "--yes").code == ExitCode.DONE
    [file] = [file for file in user.run("files", "--json").json["files"] if file["id"] == failed["file_id"]]
    assert file["counts"]["flushed"] == 2


def test_a_file_too_large_for_a_call_goes_by_an_upload(user: User, tmp_path: Path, number: str) -> None:
    entries = [entry("add-article", f"{number}-{pos}", F_3="x" * 32_000) for pos in range(150)]
    source = write(tmp_path, "large.ndjson", entries)
    assert Path(source).stat().st_size > 4_500_000
    sent = user.run("send", source, "--json", "--timeout", "120")
    assert sent.code == ExitCode.DONE, sent.err
    [file] = sent.json["files"]
    assert (file["name"], file["counts"]["succeeded"]) == ("large.ndjson", 150)


def test_articles_are_exported_and_verified(user: User, tmp_path: Path, number: str) -> None:
    source = write(tmp_path, "a.ndjson", [entry("add-article", number, F_3="lamp é", C_75000=number)])
    assert user.run("send", source).code == ExitCode.DONE
    path = tmp_path / "articles.csv"
    exported = user.run(
        "export", "-o", str(path), "--filter", f"C_75000={number}", "--json", "--timeout", "150"
    )
    assert exported.code == ExitCode.DONE, exported.err
    result = exported.json["export"]["result"]
    assert (result["rows"], result["failed"]) == (1, 0)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == result["sha256"]
    assert number in path.read_text()
    assert (
        user.run("exports", "show", exported.json["export"]["id"]).code == ExitCode.REFUSED
    )  # it took its own away


def test_at_a_terminal_there_is_a_bar_and_in_a_pipe_there_are_lines(
    user: User, tmp_path: Path, number: str
) -> None:
    source = write(tmp_path, "a.ndjson", [entry("add-article", number)])
    shown = user.run_at_terminal("send", source)
    assert shown.code == ExitCode.DONE
    assert "━" in shown.out
    assert "\x1b[" in shown.out
    listed = user.run("files", "--last", "1")
    assert "\x1b" not in listed.out
    assert listed.out.splitlines()[-1].split("\t")[1:4] == ["a.ndjson", "succeeded", "1"]


def test_users_and_tokens_come_and_go(user: User) -> None:
    email = f"{uuid4().hex[:10]}@example.org"
    token = user.run("users", "create", "--email", email, "--name", "Bob").out.strip()
    bob = User({**user.environment, "LIGHTRAIL_TOKEN": token})
    assert bob.run("files").code == ExitCode.DONE
    refused = bob.run("users", "list", "--json")
    assert (refused.code, refused.json["error"]["status"]) == (ExitCode.REFUSED, 403)
    assert email in {row["email"] for row in user.run("users", "list", "--json").json}
    renewed = user.run("token", "renew", email).out.strip()
    assert bob.run("files").code == ExitCode.REFUSED
    assert User({**user.environment, "LIGHTRAIL_TOKEN": renewed}).run("files").code == ExitCode.DONE
    assert user.run("users", "delete", email, "--yes").code == ExitCode.DONE


def test_what_cannot_be_is_said_with_its_code(user: User, tmp_path: Path) -> None:
    nothing = user.run("send", str(tmp_path / "none.json"))
    assert (nothing.code, nothing.out) == (ExitCode.USAGE, "")
    assert "there is no such file" in nothing.err
    assert user.run("jobs", "999999").code == ExitCode.REFUSED
    nobody = User({**user.environment, "LIGHTRAIL_URL": "http://127.0.0.1:1/api"}).run("jobs", "--json")
    assert nobody.code == ExitCode.FAILED
    assert "does not answer" in nobody.json["error"]["text"]
