"""The `lightrail` command: what a person sees of it, without a stack."""

import argparse
import json
import re
from pathlib import Path

import pytest

from infra.cli import connection, demo, main, stack
from infra.cli.console import CommandFailed, ExitCode, PlainReport
from infra.cli.demo_result import Outcome, show
from infra.cli.file_progress import FileProgress
from infra.local.description import Description

DESCRIPTION = Description(
    api_url="http://127.0.0.1:4566",
    bucket="articles",
    aws_endpoint_url="http://127.0.0.1:4566",
    opensearch_url="http://127.0.0.1:9200",
    region="eu-west-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
)


def test_help_names_every_topic(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.main(["--help"])

    out = capsys.readouterr().out
    for topic in ("stack", "demo", "admin", "token", "users"):
        assert topic in out


def test_help_tells_the_environment_and_every_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.main(["--help"])

    out = capsys.readouterr().out
    for name in (connection.URL, connection.TOKEN, "LIGHTRAIL_ROOT"):
        assert f"\n  {name} " in out
    told = out.partition("exit codes:")[2]
    assert [int(code) for code in re.findall(r"\d+", told)] == [int(code) for code in ExitCode]


def test_a_failed_command_says_why_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_: argparse.Namespace) -> int:
        raise CommandFailed("the bucket is gone; `make up` makes it")

    monkeypatch.setattr(stack, "_status", fails)

    assert main.main(["stack", "status"]) == 1
    assert capsys.readouterr().err == "lightrail: the bucket is gone; `make up` makes it\n"


def test_an_interrupted_command_ends_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(stack, "_status", interrupted)

    assert main.main(["stack", "status"]) == 130
    assert "interrupted" in capsys.readouterr().err


def test_the_status_of_a_stack_that_was_never_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIGHTRAIL_ROOT", "unused: --root goes before it")

    assert main.main(["--root", str(tmp_path / "none"), "stack", "status"]) == 1
    assert capsys.readouterr().out.count("stopped") == 2
    assert not (tmp_path / "none").exists()  # to look makes nothing


def test_stopping_a_stack_that_was_never_made_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LIGHTRAIL_ROOT", str(tmp_path / "none"))

    assert main.main(["stack", "down"]) == 0
    assert "There is no stack" in capsys.readouterr().out


def test_progress_without_a_terminal_says_each_thing_once(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainReport().task("OpenSearch") as task:
        task.update("starting, 0 s")
        task.update("starting, 1 s")
        task.advance(1, 2)

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "OpenSearch: starting"
    assert lines[1].startswith("OpenSearch: done (")
    assert len(lines) == 2


class TestSamples:
    def entries(self) -> list[dict[str, dict[str, object]]]:
        found = []
        for path in sorted(demo._SAMPLES.iterdir()):
            text = path.read_text()
            found += (
                json.loads(text)
                if path.suffix == ".json"
                else [json.loads(line) for line in text.splitlines()]
            )
        return found

    def test_the_first_makes_the_article_that_is_shown(self) -> None:
        first = json.loads((demo._SAMPLES / "00-base.json").read_text())

        assert [entry["operation"] for entry in first] == ["add-article"]
        assert first[0]["articleData"]["F_1"] == demo._SHOWN_ARTICLE

    def test_a_second_demo_knows_every_article_of_the_first(self) -> None:
        assert {str(entry["articleData"]["F_1"]) for entry in self.entries()} == set(demo._ARTICLES)


def test_the_result_shows_counts_failures_the_article_and_how_to_call_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = Outcome(
        number="12411116",
        files=[
            FileProgress(
                "s3://b/delta/demo-1/02.json", "failed", 5, {"succeeded": 2, "failed": 1, "blocked": 2}, ()
            )
        ],
        failures=[
            {
                "errors": ["the article does not exist: [7]"],  # brackets are text, not markup
                "payload": {"file": "s3://b/delta/demo-1/02.json", "articleData": {"F_1": "7"}},
            }
        ],
        before={"F_1": "12411116", "F_80004": "1,00", "F_5": ""},
        after={"F_1": "12411116", "F_80004": "2,00", "C_1": "WALL"},
    )

    show(outcome, DESCRIPTION, tmp_path / "stack.json", 12.3)

    out = capsys.readouterr().out
    rows = [line.split() for line in out.splitlines()]
    assert ["02.json", "failed", "5", "2", "1", "2"] in rows
    assert ["7", "02.json", "the", "article", "does", "not", "exist:", "[7]"] in rows
    assert ["F_80004", "1,00", "2,00"] in rows
    assert ["C_1", "absent", "WALL"] in rows
    assert ["F_5", '""', "absent"] in rows
    assert not [row for row in rows if row[:1] == ["F_1"]]  # what did not change is not shown
    assert 'curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:4566/api/v1/articles/12411116' in out
