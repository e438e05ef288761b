"""Delta files of this machine and by address sent on the command line, with a token and nothing of AWS."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from infra.cli import files, sending
from infra.cli.api import HttpAnswer, Refused
from infra.cli.console import CommandFailed, ExitCode
from tests.doubles.world import World, entry
from tests.functional.cli_operator import BUCKET, ApiOperator

URL = "https://data.example.com/mix.json"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def operator(world: World) -> ApiOperator:
    return ApiOperator(world)


def write(folder: Path, name: str, entries: list[Any] | bytes) -> str:
    path = folder / name
    path.write_bytes(entries if isinstance(entries, bytes) else json.dumps(entries).encode())
    return str(path)


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    shown = capsys.readouterr()
    assert shown.err == ""
    return json.loads(shown.out)


def test_a_file_is_sent_watched_and_succeeds(
    operator: ApiOperator, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path, "a.json", [entry("add-article", "1", F_3="x")])
    assert operator.run(sending, "send", source) == ExitCode.DONE
    assert world.document("1") == {"id": "1", "F_1": "1", "F_3": "x"}
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Delta files: a.json queued"
    assert "1\ta.json\tsucceeded\t1\t1\t0\t0" in lines
    assert "\x1b" not in "".join(lines)


def test_failures_are_shown_and_have_a_code_of_their_own(
    operator: ApiOperator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path, "a.json", [entry("add-article", "1"), entry("delete-article", "2")])
    assert operator.run(sending, "send", source) == ExitCode.FAILURES
    assert "1-1\t2\tdelete-article\trule\t" in capsys.readouterr().out
    other = write(tmp_path, "b.json", [entry("delete-article", "3"), entry("add-article", "2")])
    assert operator.run(sending, "send", other, "--json") == ExitCode.FAILURES
    [file] = answer(capsys)["files"]
    assert [job["id"] for job in file["failures"]] == ["2-0"]
    assert (file["name"], file["counts"]["failed"], file["counts"]["blocked"]) == ("b.json", 1, 1)


def test_what_is_gzip_by_its_bytes_is_sent_as_it_is(
    operator: ApiOperator, world: World, tmp_path: Path
) -> None:
    packed = gzip.compress(json.dumps([entry("add-article", "1")]).encode())
    assert operator.run(sending, "send", write(tmp_path, "a.json", packed)) == ExitCode.DONE
    assert world.document("1")


def test_files_are_accepted_in_the_order_of_the_command_and_once(
    operator: ApiOperator, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = write(tmp_path, "a.json", [entry("add-article-feature", "1", F_3="second")])
    first = write(tmp_path, "b.json", [entry("add-article", "1", F_3="first")])
    world.web.files[URL] = b"[]"
    world.submit(URL)  # an earlier file of the same name is not taken for this one
    world.settle()
    world.web.files[URL] = json.dumps([entry("delete-article", "1")]).encode()
    assert operator.run(sending, "send", first, second, URL, "--json") == ExitCode.DONE
    files = answer(capsys)["files"]
    assert [(file["id"], file["name"]) for file in files] == [("2", "b.json"), ("3", "a.json"), ("4", URL)]
    assert world.document("1") is None


def test_no_wait_says_the_ids_and_leaves_the_work_to_others(
    operator: ApiOperator, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path, "a.json", [entry("add-article", "1")])
    assert operator.run(sending, "send", source, "--no-wait") == ExitCode.DONE
    assert capsys.readouterr().out == "a.json accepted as file 1\n"
    assert world.document("1") is None
    assert operator.run(sending, "send", URL, "--no-wait", "--json") == ExitCode.DONE
    [file] = answer(capsys)["files"]
    assert (file["id"], file["name"], file["state"]) == ("2", URL, "queued")


def test_a_file_too_large_for_a_call_is_uploaded(
    operator: ApiOperator,
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sending, "BODY_BYTES", 1000)
    entries = [entry("add-article", str(number), F_3="x" * 50) for number in range(20)]
    assert operator.run(sending, "send", write(tmp_path, "large.json", entries), "--strict") == ExitCode.DONE
    out = capsys.readouterr().out
    assert "Upload: done (" in out
    assert "1\tlarge.json\tsucceeded\t20\t20\t0\t0" in out
    found = world.memory_ledger.file(1)
    assert found is not None
    assert found[0].strict
    [(_, _, headers)] = [sent for sent in operator.sent if sent[1].startswith(BUCKET)]
    assert "Authorization" not in headers


def test_an_upload_that_breaks_off_is_made_again(
    operator: ApiOperator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "BODY_BYTES", 10)
    through, broken = operator.transport, [OSError("reset"), HttpAnswer(503)]

    def breaks(method: str, url: str, headers: dict[str, str], body: Any) -> HttpAnswer:
        if url.startswith(BUCKET) and broken:
            next(body)
            failed = broken.pop()
            if isinstance(failed, OSError):
                raise failed
            return failed
        return through(method, url, headers, body)

    monkeypatch.setattr(operator, "transport", breaks)
    source = write(tmp_path, "a.json", [entry("add-article", "1")])
    assert operator.run(sending, "send", source) == ExitCode.DONE
    broken[:] = [OSError("reset")] * 3
    with pytest.raises(CommandFailed, match="broke off: reset"):
        operator.run(sending, "send", source)
    broken[:] = [HttpAnswer(403)]
    with pytest.raises(Refused, match="403"):
        operator.run(sending, "send", source)


def test_an_upload_whose_notice_does_not_come_says_how_to_go_on(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "BODY_BYTES", 10)
    with pytest.raises(CommandFailed, match="was not accepted in 120 s; `lightrail watch ") as failed:
        ApiOperator(world, live=False).run(
            sending, "send", write(tmp_path, "a.json", [entry("add-article", "1")])
        )
    assert failed.value.code == ExitCode.TIMEOUT
    upload = str(failed.value).rpartition("`lightrail watch ")[2].partition("`")[0]
    assert ApiOperator(world, name="bob").run(files, "watch", upload) == ExitCode.DONE


def test_nothing_is_sent_when_one_source_cannot_be_and_all_faults_are_named(
    operator: ApiOperator, world: World, tmp_path: Path
) -> None:
    good = write(tmp_path, "a.json", [entry("add-article", "1")])
    empty = write(tmp_path, "empty.json", b"")
    steering = write(tmp_path, "a\x1b.json", [])
    unreadable = write(tmp_path, "a\udcff.json", [])
    sources = (good, str(tmp_path / "none.json"), str(tmp_path), empty, steering, unreadable)
    with pytest.raises(CommandFailed) as failed:
        operator.run(sending, "send", *sources)
    assert failed.value.code == ExitCode.USAGE
    told = str(failed.value).splitlines()
    assert told[0] == "nothing was sent"
    assert [line.rpartition(": ")[2] for line in told[1:]] == [
        "there is no such file",
        "is a directory",
        "is empty",
        "its name holds control characters",
        "its name is not UTF-8",
    ]
    assert operator.sent == []
    assert world.memory_ledger.control().seq == 0


def test_what_the_api_refuses_says_so_and_what_was_sent_before(operator: ApiOperator, tmp_path: Path) -> None:
    good = write(tmp_path, "a.json", [entry("add-article", "1")])
    forbidden = "https://forbidden.example.com/a.json"
    with pytest.raises(CommandFailed, match="this address is not allowed") as failed:
        operator.run(sending, "send", good, forbidden)
    assert failed.value.code == ExitCode.REFUSED
    assert f"{forbidden} was not sent. Sent before it: {good} as 1" in str(failed.value)


def test_strictly_a_faulty_entry_refuses_the_file(
    operator: ApiOperator, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write(tmp_path, "a.json", [entry("add-article", "1"), entry("nonsense", "2")])
    world.web.files[URL] = Path(source).read_bytes()
    assert operator.run(sending, "send", "--strict", source, URL) == ExitCode.FAILURES
    out = capsys.readouterr().out
    assert out.count("\twhole file\t\tstrict\tNothing was applied, since 1 entries are faulty") == 2
    assert world.document("1") is None


def test_interrupted_watching_says_how_to_go_on(
    operator: ApiOperator, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    world.fake_clock.sleep = interrupted  # type: ignore[method-assign]
    source = write(tmp_path, "a.json", [entry("add-article", "1")])
    assert operator.run(sending, "send", source) == ExitCode.INTERRUPTED
    assert "sent as 1; `lightrail watch 1` goes on watching" in capsys.readouterr().err


def test_no_source_is_wrong_usage(operator: ApiOperator, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_of:
        operator.run(sending, "send")
    assert exit_of.value.code == 2
    assert "FILE|URL" in capsys.readouterr().err
