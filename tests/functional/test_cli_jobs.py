"""`lightrail jobs`, `retry`, `flush`, `clear`: as whoever has a token meets them."""

import io
import json
from typing import Any

import pytest

from infra.cli import jobs, operations
from infra.cli.api import Refused
from infra.cli.console import CommandFailed, ExitCode
from tests.doubles.world import World, entry
from tests.functional.cli_operator import ApiOperator


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def blocked(world: World) -> World:
    """Article 7 failed, and entries of two files stand behind it."""
    world.drop("a.json", [entry("delete-article", "7"), entry("add-article", "7"), entry("add-article", "8")])
    world.drop("b.json", [entry("add-article", "7")])
    world.settle()
    return world


@pytest.fixture
def operator(world: World) -> ApiOperator:
    return ApiOperator(world)


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    shown = capsys.readouterr()
    assert shown.err == ""
    return json.loads(shown.out)


class Terminal(io.StringIO):
    """Standard input or output at a terminal."""

    def isatty(self) -> bool:
        return True


class TestJobs:
    def test_all_jobs_in_a_table(self, blocked: World, capsys: pytest.CaptureFixture[str]) -> None:
        assert ApiOperator(blocked).run(jobs, "jobs") == 0
        why = "Trying to delete an existing article, but the article does not exist: 7"
        assert capsys.readouterr().out.splitlines() == [
            "Jobs",
            "job\tstate\tarticle\toperation\tfile\tcause\twhy",
            f"1-0\tfailed\t7\tdelete-article\ts3://bucket/delta/a.json\trule\t{why}",
            "1-1\tblocked\t7\tadd-article\ts3://bucket/delta/a.json\t\tbehind 1-0",
            "1-2\tsucceeded\t8\tadd-article\ts3://bucket/delta/a.json\t\t",
            "2-0\tblocked\t7\tadd-article\ts3://bucket/delta/b.json\t\tbehind 1-0",
        ]

    @pytest.mark.parametrize(
        ("chosen", "found"),
        [
            (["--state", "blocked"], ["1-1", "2-0"]),
            (["--article", "7", "--state", "failed"], ["1-0"]),
            (["--file", "a.json"], ["1-0", "1-1", "1-2"]),
            (["--file", "2"], ["2-0"]),
            (["--file", "1", "--article", "8"], ["1-2"]),
            (["--state", "running"], []),
        ],
    )
    def test_those_that_are_wanted(
        self, blocked: World, chosen: list[str], found: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert ApiOperator(blocked).run(jobs, "jobs", *chosen, "--json") == 0
        told = answer(capsys)
        assert [job["id"] for job in told["jobs"]] == found
        assert told["more"] is False

    def test_no_more_than_wanted_and_whether_there_are_more(
        self, blocked: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        operator = ApiOperator(blocked)
        assert operator.run(jobs, "jobs", "--limit", "3", "--json") == 0
        told = answer(capsys)
        assert ([job["id"] for job in told["jobs"]], told["more"]) == (["1-0", "1-1", "1-2"], True)
        assert operator.run(jobs, "jobs", "--limit", "3") == 0
        assert capsys.readouterr().out.endswith("and more; --limit shows more than 3\n")
        assert operator.run(jobs, "jobs", "--limit", "4", "--json") == 0
        assert answer(capsys)["more"] is False

    def test_none(self, operator: ApiOperator, capsys: pytest.CaptureFixture[str]) -> None:
        assert operator.run(jobs, "jobs") == 0
        assert capsys.readouterr().out == "There are no such jobs on the local stack.\n"

    def test_one_with_its_payload(self, blocked: World, capsys: pytest.CaptureFixture[str]) -> None:
        operator = ApiOperator(blocked)
        assert operator.run(jobs, "jobs", "1-0") == 0
        out = capsys.readouterr().out
        assert "state:        failed\n" in out
        assert "errors:       Trying to delete an existing article" in out
        assert 'payload:      {"articleData": {"F_1": "7"}' in out
        assert operator.run(jobs, "jobs", "1-0", "--json") == 0
        assert answer(capsys)["job"]["payload"]["operation"] == "delete-article"
        with pytest.raises(Refused, match="Job not found: 9") as refused:
            operator.run(jobs, "jobs", "9")
        assert refused.value.code == ExitCode.REFUSED

    def test_every_fault_that_the_api_finds_is_told(self, blocked: World) -> None:
        with pytest.raises(Refused) as refused:
            ApiOperator(blocked).run(jobs, "jobs", "--article", "a/b", "--state", "queued")
        assert list(refused.value.errors) == ["article", "state"]
        assert str(refused.value).count("\n  The ") == 2

    def test_names_of_others_do_not_steer_the_terminal(
        self, world: World, operator: ApiOperator, capsys: pytest.CaptureFixture[str]
    ) -> None:
        world.drop("a.json", [entry("\x1b]0;title\x07", "1\u202e2")])
        world.settle()
        assert operator.run(jobs, "jobs") == 0
        assert operator.run(jobs, "jobs", "1-0") == 0
        out = capsys.readouterr().out
        assert "?]0;title?" in out
        assert not {"\x1b", "\x07", "\u202e"} & set(out)

    def test_a_wrong_limit_is_wrong_usage(self, operator: ApiOperator) -> None:
        for wrong in ("0", "-1", "many", "٣"):
            with pytest.raises(SystemExit) as exit_of:
                operator.run(jobs, "jobs", f"--limit={wrong}")
            assert exit_of.value.code == 2


class TestCommands:
    def test_retry_of_everything(self, blocked: World, capsys: pytest.CaptureFixture[str]) -> None:
        blocked.put_article("7")
        assert ApiOperator(blocked).run(operations, "retry", "--json") == 0
        assert answer(capsys) == {"ticket": 3}
        blocked.settle()
        assert blocked.counts(1)["failed"] == 0

    @pytest.mark.parametrize(
        "chosen",
        [
            ["--article", "7"],
            ["--article", '"7"'],
            ["--file", "b.json"],
            ["--file", "2"],
            ["--id", "1-0", "1-1"],
        ],
    )
    def test_retry_of_a_part(
        self, blocked: World, chosen: list[str], capsys: pytest.CaptureFixture[str]
    ) -> None:
        blocked.put_article("7")
        assert ApiOperator(blocked).run(operations, "retry", *chosen) == 0
        assert "Retry 3 is on its way" in capsys.readouterr().out
        blocked.settle()
        assert blocked.counts(1) == {"succeeded": 3}

    def test_retry_with_nothing_to_retry(
        self, operator: ApiOperator, world: World, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert operator.run(operations, "retry") == 0
        assert "nothing to retry" in capsys.readouterr().out
        assert operator.run(operations, "retry", "--json") == 0
        assert answer(capsys) == {"ticket": None}
        assert world.memory_ledger.control().seq == 0

    def test_retry_of_what_there_is_not(self, blocked: World) -> None:
        operator = ApiOperator(blocked)
        with pytest.raises(CommandFailed, match="nothing holds article 8 back"):
            operator.run(operations, "retry", "--article", "8")
        with pytest.raises(CommandFailed, match="The article field"):
            operator.run(operations, "retry", "--article", "a/b")
        with pytest.raises(CommandFailed, match=r"nobody sent a file none\.json"):
            operator.run(operations, "retry", "--file", "none.json")
        with pytest.raises(Refused, match="Job not found: 99-1"):
            operator.run(operations, "retry", "--id", "99-1")

    def test_flush(self, blocked: World, capsys: pytest.CaptureFixture[str]) -> None:
        operator = ApiOperator(blocked)
        assert operator.run(operations, "flush", "--yes", "--json") == 0
        assert answer(capsys) == {"forgotten_failures": 1}
        assert blocked.counts(1) == {"succeeded": 1, "flushed": 2}
        blocked.settle()
        assert operator.run(operations, "flush", "--yes", "--json") == 0
        assert answer(capsys) == {"forgotten_failures": 0}

    def test_clear(self, world: World, operator: ApiOperator, capsys: pytest.CaptureFixture[str]) -> None:
        world.drop("a.json", [entry("add-article", "1"), entry("add-article", "2")])
        world.intake_once()
        world.file_worker_once()
        assert operator.run(operations, "clear", "--yes") == 0
        assert capsys.readouterr().out == "2 waiting jobs dropped.\n"
        assert world.counts(1) == {"cleared": 2}

    @pytest.mark.parametrize(("said", "done"), [("y\n", True), ("n\n", False), ("\n", False), ("", False)])
    @pytest.mark.parametrize("command", ["clear", "flush"])
    def test_a_terminal_is_asked(
        self,
        operator: ApiOperator,
        world: World,
        command: str,
        said: str,
        done: bool,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        monkeypatch.setattr("sys.stdin", Terminal(said))
        if done:
            assert operator.run(operations, command) == 0
        else:
            with pytest.raises(CommandFailed, match="nothing was done"):
                operator.run(operations, command)
        assert "Go on? [y/N]" in capsys.readouterr().err
        assert (world.memory_ledger.control().version > 0) == done

    @pytest.mark.parametrize("command", ["clear", "flush"])
    def test_a_script_has_to_say_yes(
        self, operator: ApiOperator, world: World, command: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
        with pytest.raises(CommandFailed, match="add --yes"):
            operator.run(operations, command)
        assert world.memory_ledger.control().version == 0
