"""Delta files watched, listed and cancelled on the command line, as whoever has a token meets them."""

import io
import json
from typing import Any

import pytest

from chalicelib.errors import FileFault
from infra.cli import files
from infra.cli.api import HttpAnswer
from infra.cli.console import CommandFailed, ExitCode
from tests.doubles.steps import feature
from tests.doubles.world import World, entry
from tests.functional.cli_operator import ApiOperator

URL = "https://data.example.com/mix.json"
SECOND = "https://data.example.com/second.json"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def operator(world: World) -> ApiOperator:
    return ApiOperator(world)


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    shown = capsys.readouterr()
    assert shown.err == ""
    return json.loads(shown.out)


MIXED = [
    entry("add-article", "1", F_3="x"),
    entry("add-article-feature", "2", F_3="x"),
    entry("add-article", "2"),
    entry("nonsense", "3"),
]


class TestWatch:
    def test_a_file_whose_every_entry_succeeds_ends_with_0(
        self, operator: ApiOperator, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.drop("a.json", [entry("add-article", "1")])
        world.intake_once()
        assert operator.run(files, "watch", "1") == ExitCode.DONE
        lines = capsys.readouterr().out.splitlines()
        assert lines[0] == "Delta files: a.json queued"
        assert any(line.startswith("Delta files: done (") for line in lines)
        assert "1\ts3://bucket/delta/a.json\tsucceeded\t1\t1\t0\t0" in lines
        assert not any("Failures" in line or "\x1b" in line for line in lines)

    def test_failures_are_shown_with_their_job_and_cause_and_have_a_code_of_their_own(
        self, operator: ApiOperator, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.drop("a.json", MIXED)
        world.intake_once()
        assert operator.run(files, "watch", "a.json") == ExitCode.FAILURES
        out = capsys.readouterr().out
        assert "failed\t4\t1\t2\t1" in out
        documented = "Trying to add feature to an existing article, but the article does not exist: 2"
        assert f"1-1\t2\tadd-article-feature\trule\t{documented}" in out
        assert "1-3\t3\tnonsense\tfault\t" in out
        assert "rule: Put the article right" in out
        assert "fault: No retry mends it" in out
        assert "1 entry blocked behind a failure; `lightrail jobs --article 2` shows the first." in out

    def test_the_same_in_json(
        self, operator: ApiOperator, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.drop("a.json", MIXED)
        world.intake_once()
        assert operator.run(files, "watch", "1", "--json") == ExitCode.FAILURES
        [file] = answer(capsys)["files"]
        assert (file["id"], file["state"], file["entries"]) == ("1", "failed", 4)
        assert {state: count for state, count in file["counts"].items() if count} == {
            "succeeded": 1,
            "failed": 2,
            "blocked": 1,
        }
        assert [(job["id"], job["article"], job["cause"]) for job in file["failures"]] == [
            ("1-1", "2", "rule"),
            ("1-3", "3", "fault"),
        ]

    def test_many_failures_are_counted_and_the_first_are_shown(
        self, operator: ApiOperator, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.drop("a.json", [feature(str(number)) for number in range(30)])
        world.intake_once()
        assert operator.run(files, "watch", "1") == ExitCode.FAILURES
        out = capsys.readouterr().out
        assert out.count("\trule\t") == 20
        assert "and 10 more failures; `lightrail jobs --state failed` lists them all" in out

    def test_a_file_that_cannot_be_used_shows_its_fault(
        self, operator: ApiOperator, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.web.files[URL] = FileFault("The address answered 404.", "fetch")
        world.submit(URL)
        assert operator.run(files, "watch", "1") == ExitCode.FAILURES
        out = capsys.readouterr().out
        assert "1\twhole file\t\tfetch\tThe address answered 404." in out
        assert "fetch: Open the address yourself" in out

    def test_cleared_work_is_no_success(
        self, world: World, operator: ApiOperator, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.drop("a.json", [entry("add-article", "1")])
        world.intake_once()
        world.commands.clear()
        assert operator.run(files, "watch", "1", "--json") == ExitCode.FAILURES
        assert answer(capsys)["files"][0]["state"] == "cleared"

    def test_files_are_named_by_id_name_or_the_end_of_the_name(
        self, operator: ApiOperator, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.drop("a.json", [entry("add-article", "1")])
        world.drop("b.json", [entry("add-article", "2")])
        world.drop("a.json", [])
        for _ in range(3):
            world.intake_once()
        for named, ids in (
            (["2"], ["2"]),
            (["a.json"], ["3"]),
            (["s3://bucket/delta/b.json"], ["2"]),
            (["b.json", "1", "2"], ["2", "1"]),
        ):
            assert operator.run(files, "watch", *named, "--json") == 0
            assert [found["id"] for found in answer(capsys)["files"]] == ids
        with pytest.raises(CommandFailed, match=r"nobody sent a file c\.json; `lightrail files`"):
            operator.run(files, "watch", "c.json")

    def test_all_files_in_progress_are_watched(
        self, operator: ApiOperator, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert operator.run(files, "watch") == 0
        assert capsys.readouterr().out == "No delta file is in progress on the local stack.\n"
        assert operator.run(files, "watch", "--json") == 0
        assert answer(capsys) == {"files": []}
        world.submit(URL, SECOND)
        world.web.files[URL] = json.dumps([entry("add-article", "1")]).encode()
        assert operator.run(files, "watch", "--json") == ExitCode.FAILURES
        assert [(file["id"], file["state"]) for file in answer(capsys)["files"]] == [
            ("1", "succeeded"),
            ("2", "failed"),
        ]

    def test_watching_gives_up_after_the_time_that_was_set(self, world: World) -> None:
        world.submit(URL)
        with pytest.raises(CommandFailed, match=r"not finished after 60 s: file 1 \(mix\.json\)") as failed:
            ApiOperator(world, live=False).run(files, "watch", "--timeout", "60")
        assert failed.value.code == ExitCode.TIMEOUT

    def test_what_does_not_move_is_said_once(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        world.submit(URL)
        with pytest.raises(CommandFailed):
            ApiOperator(world, live=False).run(files, "watch", "--timeout", "100")
        assert capsys.readouterr().out.count("Nothing has moved for 30 s") == 1

    def test_a_deployment_that_is_away_for_a_moment_is_asked_again(
        self, operator: ApiOperator, world: World
    ) -> None:
        world.drop("a.json", [entry("add-article", "1")])
        world.intake_once()
        operator.failing = [OSError("reset"), HttpAnswer(503, {"retry-after": "1"}), HttpAnswer(504)]
        assert operator.run(files, "watch", "1") == 0

    def test_each_file_is_asked_for_until_it_is_done_and_no_longer(
        self, operator: ApiOperator, world: World
    ) -> None:
        world.drop("a.json", [entry("add-article", "1")])
        world.settle()
        world.submit(SECOND)
        operator.run(files, "watch", "1", "2")
        polls = [url for method, url, _ in operator.sent if url.endswith("delta-files/1")]
        assert len(polls) == 2  # found, and looked at once

    def test_at_a_terminal_there_is_a_bar_and_a_drawn_table(
        self, operator: ApiOperator, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        terminal = Terminal()
        monkeypatch.setattr("sys.stdout", terminal)
        monkeypatch.setenv("COLUMNS", "160")
        monkeypatch.setenv("TERM", "xterm")
        world.drop("a.json", MIXED)
        world.intake_once()
        assert operator.run(files, "watch") == ExitCode.FAILURES
        shown = terminal.getvalue()
        assert "━" in shown
        assert "Trying to add feature" in shown
        assert "\t" not in shown


class TestFiles:
    def test_files_are_listed_with_their_counts(
        self, operator: ApiOperator, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert operator.run(files, "files") == 0
        assert capsys.readouterr().out == "There are no delta files on the local stack.\n"
        world.drop("a.json", [entry("add-article", "1"), entry("delete-article", "2")])
        world.drop("b.json", [entry("add-article", "3")])
        world.settle()
        world.submit(URL)
        assert operator.run(files, "files") == 0
        assert capsys.readouterr().out.splitlines()[1:] == [
            "id\tfile\tstate\tentries\tsucceeded\tfailed\tblocked",
            "1\ts3://bucket/delta/a.json\tfailed\t2\t1\t1\t0",
            "2\ts3://bucket/delta/b.json\tsucceeded\t1\t1\t0\t0",
            f"3\t{URL}\tqueued\t0\t0\t0\t0",
        ]

        def listed(*options: str) -> list[str]:
            assert operator.run(files, "files", *options, "--json") == 0
            return [file["id"] for file in answer(capsys)["files"]]

        assert listed("--last", "2") == ["2", "3"]
        assert listed("--open") == ["1", "3"]
        assert listed("--open", "--last", "1") == ["3"]
        assert listed("--state", "succeeded") == ["2"]
        assert listed("--state", "running") == []
        world.commands.clear_successful()
        assert listed() == ["1", "3"]
        assert operator.run(files, "files", "--state", "running") == 0
        assert capsys.readouterr().out == "There are no running delta files on the local stack.\n"

    def test_names_of_others_do_not_steer_the_terminal(
        self, operator: ApiOperator, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.submit("https://data.example.com/\x1b]0;title\x07\u202e")
        assert operator.run(files, "files") == 0
        assert "https://data.example.com/?]0;title??" in capsys.readouterr().out

    @pytest.mark.parametrize("wrong", ["0", "-1", "many", "9999999999"])
    def test_a_wrong_number_is_wrong_usage(
        self, operator: ApiOperator, wrong: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit) as exit_of:
            operator.run(files, "files", f"--last={wrong}")
        assert exit_of.value.code == 2
        assert "whole number above 0" in capsys.readouterr().err


class TestCancel:
    def test_what_waits_of_a_file_is_dropped(
        self, operator: ApiOperator, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.drop("a.json", [entry("add-article", "1"), entry("add-article", "2")])
        world.intake_once()
        world.file_worker_once()
        world.submit(URL)
        assert operator.run(files, "cancel", "a.json", "--yes") == 0
        assert capsys.readouterr().out == "File 1 (s3://bucket/delta/a.json) is cancelled: 2 cleared.\n"
        assert operator.run(files, "cancel", "1", "--yes", "--json") == 0  # again does no harm
        assert answer(capsys)["file"]["state"] == "cleared"
        assert world.file_state(1) == "cleared"

    def test_a_script_has_to_say_yes(
        self, operator: ApiOperator, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world.submit(URL)
        monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
        with pytest.raises(CommandFailed, match="add --yes"):
            operator.run(files, "cancel", "1")
        assert operator.sent[-1][0] == "GET"

    def test_a_file_of_which_nothing_waits_is_refused(self, operator: ApiOperator, world: World) -> None:
        world.drop("a.json", [entry("add-article", "1")])
        world.settle()
        with pytest.raises(CommandFailed, match="409") as failed:
            operator.run(files, "cancel", "1", "--yes")
        assert failed.value.code == ExitCode.REFUSED


class Terminal(io.StringIO):
    """Standard output at a terminal."""

    def isatty(self) -> bool:
        return True
