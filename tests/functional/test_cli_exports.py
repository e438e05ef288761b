"""Exports ordered, followed, fetched, verified and deleted on the command line."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from infra.cli import exports
from infra.cli.api import LinkRefused, Refused
from infra.cli.console import CommandFailed, ExitCode
from tests.doubles.export_world import ExportGround
from tests.doubles.world import World
from tests.functional.cli_operator import BUCKET, ApiOperator


@pytest.fixture
def operator() -> ApiOperator:
    return ApiOperator(World())


@pytest.fixture
def ground(operator: ApiOperator) -> ExportGround:
    """Two articles of which one cannot be written by the mapping `strict`, and a deployment that makes exports."""
    ground = operator.services.exporting
    strict = b"version: 1\nformat: csv\ncolumns:\n"
    strict += b"  - {name: No, source: number}\n  - {name: Gone, source: deleted}\n"
    strict += b"  - {name: Price, source: F_80004, type: decimal, missing: fail}\n"
    ground.blobs.put("mappings/strict.yaml", strict)
    ground.write("1", F_3="lamp", F_80004="1,50")
    ground.write("2", F_3="cable", F_80004="on request", C_1="INDOOR")
    return ground


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    shown = capsys.readouterr()
    assert shown.err == ""
    return json.loads(shown.out)


def export(operator: ApiOperator, path: Path, *options: str) -> int:
    return operator.run(exports, "export", "-o", str(path), "--mapping", "test", *options)


@pytest.mark.usefixtures("ground")
class TestExport:
    def test_a_file_is_written_verified_and_the_export_taken_away(
        self, operator: ApiOperator, ground: ExportGround, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        ground.write("2", F_3="cable", F_80004="2,00")
        path = tmp_path / "articles.csv"
        assert export(operator, path) == ExitCode.DONE
        written = path.read_bytes()
        assert [b"lamp" in written, b"cable" in written] == [True, True]
        out = capsys.readouterr().out
        digest = hashlib.sha256(written).hexdigest()
        assert f"{path}: 2 rows, {len(written)} bytes, SHA-256 {digest}\n" in out
        assert "Export: " in out
        assert "\x1b" not in out
        assert ground.jobs() == []
        assert list(tmp_path.iterdir()) == [path]

    def test_it_stays_where_that_is_asked_for(
        self, operator: ApiOperator, ground: ExportGround, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert export(operator, tmp_path / "a.csv", "--keep", "--json") == ExitCode.FAILURES
        told = answer(capsys)
        assert [job.id for job in ground.jobs()] == [told["export"]["id"]]
        assert told["file"] == str(tmp_path / "a.csv")

    def test_in_a_directory_it_keeps_its_own_name(
        self, operator: ApiOperator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        export(operator, tmp_path, "--json")
        told = answer(capsys)
        assert [path.name for path in tmp_path.iterdir()] == [told["export"]["result"]["file_name"]]

    def test_articles_that_are_not_in_the_file_are_shown_and_have_a_code_of_their_own(
        self, operator: ApiOperator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "a.csv"
        assert operator.run(exports, "export", "-o", str(path), "--mapping", "strict") == ExitCode.FAILURES
        out = capsys.readouterr().out
        assert f"{path}: 1 row, " in out
        assert "2\tPrice\tunconvertible\t'on request' is no decimal" in out
        operator.run(exports, "export", "-o", str(path), "--mapping", "strict", "--json")
        [row] = answer(capsys)["failed_rows"]
        assert row["number"] == "2"

    def test_only_what_is_wanted_is_exported(
        self, operator: ApiOperator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        operator.run(
            exports, "export", "-o", str(tmp_path), "--filter", "C_1=INDOOR", "--filter", "C_1=WALL", "--json"
        )
        told = answer(capsys)["export"]
        assert told["filter"] == {"C_1": ["INDOOR", "WALL"]}
        assert told["progress"]["total"] == 1
        with pytest.raises(SystemExit) as exit_of:
            operator.run(exports, "export", "-o", str(tmp_path), "--filter", "C_1")
        assert exit_of.value.code == ExitCode.USAGE

    def test_every_fault_of_an_order_is_told(
        self, operator: ApiOperator, ground: ExportGround, tmp_path: Path
    ) -> None:
        with pytest.raises(Refused) as refused:
            export(operator, tmp_path, "--format", "pdf", "--since", "yesterday")
        assert {"format", "since"} <= refused.value.errors.keys()
        assert ground.jobs() == []

    def test_a_place_that_is_not_there_is_told_before_anything_is_ordered(
        self, operator: ApiOperator, ground: ExportGround, tmp_path: Path
    ) -> None:
        with pytest.raises(CommandFailed, match="there is no directory") as failed:
            export(operator, tmp_path / "none" / "a.csv")
        assert failed.value.code == ExitCode.USAGE
        assert operator.sent == []
        assert ground.jobs() == []

    def test_a_download_that_breaks_off_or_is_wrong_is_made_again_with_a_fresh_link(
        self, operator: ApiOperator, ground: ExportGround, tmp_path: Path
    ) -> None:
        ground.write("2", F_80004="2")
        operator.failing_fetches = [OSError("reset"), LinkRefused(403), b"too much of it" * 99]
        path = tmp_path / "a.csv"
        assert export(operator, path) == ExitCode.DONE
        links = [url for method, url, _ in operator.sent if url.startswith(BUCKET)]
        assert len(links) == 4
        assert b"part of it" not in path.read_bytes()

    def test_what_is_there_stays_until_all_has_come_and_is_right(
        self, operator: ApiOperator, tmp_path: Path
    ) -> None:
        path = tmp_path / "a.csv"
        path.write_text("of yesterday")
        operator.failing_fetches = [b"wrong"] * 4
        with pytest.raises(CommandFailed, match=r"was not written: 15 of \d+ bytes came"):
            export(operator, path)
        assert path.read_text() == "of yesterday"
        assert list(tmp_path.iterdir()) == [path]

    def test_bytes_of_the_right_number_and_the_wrong_content_are_refused(
        self, operator: ApiOperator, ground: ExportGround, tmp_path: Path
    ) -> None:
        ground.run(mapping="test")
        [size] = [ground.result(job).bytes for job in ground.jobs()]
        operator.failing_fetches = [b"x" * (size - len(b"part of it"))] * 4
        with pytest.raises(CommandFailed, match="SHA-256"):
            export(operator, tmp_path / "a.csv")
        assert list(tmp_path.iterdir()) == []

    def test_a_run_that_fails_writes_nothing_and_says_why(
        self, operator: ApiOperator, ground: ExportGround, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sleep = operator.world.fake_clock.sleep

        def sleeps(seconds: float) -> None:
            ground.blobs.delete("mappings/test.yaml")  # after it was ordered, before it begins
            sleep(seconds)

        monkeypatch.setattr(operator.world.fake_clock, "sleep", sleeps)
        with pytest.raises(CommandFailed, match=r"the export failed, nothing was written: .*test"):
            export(operator, tmp_path / "a.csv")
        assert list(tmp_path.iterdir()) == []

    def test_waiting_gives_up_after_the_time_that_was_set(self, tmp_path: Path) -> None:
        operator = ApiOperator(World(), live=False)
        with pytest.raises(
            CommandFailed, match=r"not finished after 30 s; `lightrail exports fetch "
        ) as failed:
            export(operator, tmp_path / "a.csv", "--timeout", "30")
        assert failed.value.code == ExitCode.TIMEOUT
        assert len(operator.services.exporting.jobs()) == 1

    def test_interrupted_it_says_how_to_go_on(
        self, operator: ApiOperator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(seconds: float) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(operator.world.fake_clock, "sleep", interrupted)
        with pytest.raises(CommandFailed, match="`lightrail exports fetch ") as failed:
            export(operator, tmp_path / "a.csv")
        assert failed.value.code == ExitCode.INTERRUPTED


@pytest.mark.usefixtures("ground")
class TestExports:
    def test_a_scheduled_export_is_ordered_listed_shown_fetched_and_deleted(
        self,
        operator: ApiOperator,
        ground: ExportGround,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        order = ("exports", "order", "--mapping", "test", "--repeat", "dailyAt", "--time", "03:00")
        assert operator.run(exports, *order, "--timezone", "Europe/Brussels", "--json") == ExitCode.DONE
        ordered = answer(capsys)["export"]
        assert (ordered["state"], ordered["repeat"], ordered["time"]) == ("scheduled", "dailyAt", "03:00")
        id = ordered["id"]
        with pytest.raises(CommandFailed, match="no run of it has passed yet"):
            operator.run(exports, "exports", "fetch", id, "-o", str(tmp_path))

        assert operator.run(exports, "exports", "list") == ExitCode.DONE
        assert (
            f"{id}\tscheduled\tcsv\ttest\tall\tdailyAt\t{ordered['next_run_at']}\tnever"
            in capsys.readouterr().out
        )
        ground.clock.advance(86400)
        ground.minute()
        assert operator.run(exports, "exports", "show", id) == ExitCode.DONE
        out = capsys.readouterr().out
        assert "timezone:             Europe/Brussels\n" in out
        assert "result rows:          1\n" in out
        assert operator.run(exports, "exports", "show", id, "--json") == ExitCode.DONE
        assert answer(capsys)["export"]["result"]["rows"] == 1
        assert operator.run(exports, "exports", "fetch", id, "-o", str(tmp_path / "a.csv"), "--json") == (
            ExitCode.FAILURES
        )
        assert answer(capsys)["file"] == str(tmp_path / "a.csv")
        assert operator.run(exports, "exports", "failed", id) == ExitCode.DONE
        assert "2\tPrice\tunconvertible" in capsys.readouterr().out

        monkeypatch.setattr("sys.stdin", io.StringIO())
        with pytest.raises(CommandFailed, match="add --yes"):
            operator.run(exports, "exports", "delete", id)
        assert operator.run(exports, "exports", "delete", id, "--yes") == ExitCode.DONE
        assert ground.jobs() == []
        capsys.readouterr()
        assert operator.run(exports, "exports", "list") == ExitCode.DONE
        assert capsys.readouterr().out == "There are no exports on the local stack.\n"
        assert operator.run(exports, "exports", "list", "--json") == ExitCode.DONE
        assert answer(capsys) == {"exports": []}

    def test_one_without_failed_rows_says_so(
        self, operator: ApiOperator, ground: ExportGround, capsys: pytest.CaptureFixture[str]
    ) -> None:
        ground.write("2", F_80004="2")
        job = ground.run(mapping="test")
        assert operator.run(exports, "exports", "failed", job.id) == ExitCode.DONE
        assert "No article is missing" in capsys.readouterr().out
        assert operator.run(exports, "exports", "failed", job.id, "--json") == ExitCode.DONE
        assert answer(capsys) == {"failed_rows": []}

    def test_a_file_that_is_kept_no_longer_is_told(
        self, operator: ApiOperator, ground: ExportGround, tmp_path: Path
    ) -> None:
        job = ground.run(mapping="test")
        ground.blobs.delete(ground.result(job).file)
        with pytest.raises(CommandFailed, match="kept no longer"):
            operator.run(exports, "exports", "fetch", job.id, "-o", str(tmp_path / "a.csv"))

    def test_an_export_that_is_not_there_is_refused(self, operator: ApiOperator, tmp_path: Path) -> None:
        for command in (("show",), ("fetch", "-o", str(tmp_path)), ("failed",), ("delete", "--yes")):
            with pytest.raises(Refused, match="404"):
                operator.run(exports, "exports", *command, "none")
