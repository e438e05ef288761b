"""Sending delta files, watching and listing them, as an operator meets it."""

import gzip
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chalicelib.errors import FileFault, Unavailable
from chalicelib.ports.article_store import Entry
from chalicelib.ports.ledger import Put
from infra.cli import files
from infra.cli.console import CommandFailed
from tests.doubles.deployment import Operator
from tests.doubles.world import World, entry

URL = "https://data.example.com/mix.json"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def operator(world: World) -> Operator:
    return Operator(world)


def write(folder: Path, name: str, entries: list[Any] | bytes) -> str:
    path = folder / name
    path.write_bytes(entries if isinstance(entries, bytes) else json.dumps(entries).encode())
    return str(path)


def mixed(folder: Path, name: str = "mixed.json") -> str:
    return write(
        folder,
        name,
        [
            entry("add-article", "1", F_3="x"),
            entry("add-article-feature", "2", F_3="x"),
            entry("add-article", "2"),
            entry("nonsense", "3"),
        ],
    )


def answer(capsys: pytest.CaptureFixture[str]) -> Any:
    shown = capsys.readouterr()
    assert shown.err == ""
    return json.loads(shown.out)


def test_a_file_whose_every_entry_succeeds_ends_with_0(
    operator: Operator, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert operator.run(files, "send", write(tmp_path, "a.json", [entry("add-article", "1", F_3="x")])) == 0
    assert world.document("1") == {"id": "1", "F_1": "1", "F_3": "x"}
    out = capsys.readouterr().out
    assert "1\ts3://bucket/delta/a.json\tsucceeded\t1\t1\t0\t0" in out
    assert "Failures" not in out


def test_progress_is_plain_lines_where_there_is_no_terminal(
    operator: Operator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    operator.run(files, "send", write(tmp_path, "a.json", [entry("add-article", "1")]))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Delta files: a.json queued"
    assert any(line.startswith("Delta files: done (") for line in lines)
    assert "\x1b" not in "".join(lines)


def test_failures_are_shown_with_their_entry_and_cause_and_end_with_1(
    operator: Operator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert operator.run(files, "send", mixed(tmp_path)) == 1
    out = capsys.readouterr().out
    assert "failed\t4\t1\t2\t1" in out
    documented = "Trying to add feature to an existing article, but the article does not exist: 2"
    assert f"1\t2\t2\trule\t{documented}" in out
    assert "1\t4\t3\tfault\t" in out
    assert "rule: Put the article right" in out
    assert "fault: No retry mends it" in out


def test_a_file_blocked_by_an_earlier_one_says_how_to_find_out(
    operator: Operator, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world.drop("earlier.json", [entry("delete-article", "7")])
    world.settle()
    source = write(tmp_path, "a.json", [entry("add-article", "1"), entry("add-article", "7")])
    assert operator.run(files, "send", source) == 1
    out = capsys.readouterr().out
    assert "File 2: 1 entry blocked behind a failure; `lightrail why 7` explains the first." in out


def test_the_same_in_json(operator: Operator, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert operator.run(files, "send", mixed(tmp_path), "--json") == 1
    [sent] = answer(capsys)["files"]
    assert sent["number"] == 1
    assert sent["state"] == "failed"
    assert {state: count for state, count in sent["counts"].items() if count} == {
        "succeeded": 1,
        "failed": 2,
        "blocked": 1,
    }
    assert [(f["id"], f["article"], f["cause"]) for f in sent["failures"]] == [
        ("1-1", "2", "rule"),
        ("1-3", "3", "fault"),
    ]


def test_files_are_accepted_in_the_order_of_the_command_and_once(
    operator: Operator, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    second = write(tmp_path, "a.json", [entry("add-article-feature", "1", F_3="second")])
    first = write(tmp_path, "b.json", [entry("add-article", "1", F_3="first")])
    world.web.files[URL] = json.dumps([entry("delete-article", "1")]).encode()
    assert operator.run(files, "send", first, second, URL, "--json") == 0
    assert [(f["number"], f["name"]) for f in answer(capsys)["files"]] == [
        (1, "s3://bucket/delta/b.json"),
        (2, "s3://bucket/delta/a.json"),
        (3, URL),
    ]
    assert world.document("1") is None
    world.settle()
    assert world.memory_ledger.control().seq == 3  # the bucket's notices of both files added nothing


def test_no_wait_says_the_numbers_and_leaves_the_work_to_others(
    operator: Operator, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert operator.run(files, "send", mixed(tmp_path), "--no-wait") == 0
    assert capsys.readouterr().out == "s3://bucket/delta/mixed.json accepted as file 1\n"
    assert world.document("1") is None
    assert operator.run(files, "send", URL, "--no-wait", "--json") == 0
    [sent] = answer(capsys)["files"]
    assert (sent["number"], sent["name"], sent["state"]) == (2, URL, "queued")


def test_a_file_that_cannot_be_used_shows_its_fault(
    operator: Operator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut_off = gzip.compress(json.dumps([entry("add-article", "1")] * 99).encode())[:-9]
    assert operator.run(files, "send", write(tmp_path, "a.json.gz", cut_off)) == 1
    out = capsys.readouterr().out
    assert "whole file\t\tformat\t" in out
    assert "format: Mend the file where the error points" in out


def test_nothing_is_sent_when_one_source_cannot_be_and_all_faults_are_named(
    operator: Operator, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = write(tmp_path, "a.json", [entry("add-article", "1")])
    forbidden = "https://forbidden.example.com/a.json"
    assert operator.run(files, "send", good, str(tmp_path / "none.json"), str(tmp_path), forbidden) == 2
    shown = capsys.readouterr()
    assert "nothing was sent" in shown.err
    assert "none.json: there is no such file" in shown.err
    assert f"{tmp_path}: is a directory" in shown.err
    assert f"{forbidden}: this address is not allowed." in shown.err
    assert world.bucket.keys == []
    assert world.memory_ledger.control().seq == 0


def test_a_file_larger_than_the_deployment_allows_is_not_uploaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(FETCH_MAX_BYTES="10")
    assert Operator(world).run(files, "send", write(tmp_path, "a.json", b" " * 11)) == 2
    assert "is larger than 10 bytes" in capsys.readouterr().err
    assert world.bucket.keys == []


def test_a_name_that_the_bucket_cannot_hold_is_refused(
    operator: Operator, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert operator.run(files, "send", write(tmp_path, "a\udcff.json", [])) == 2
    assert "its name is not UTF-8" in capsys.readouterr().err
    assert world.bucket.keys == []


def test_an_entry_whose_failure_an_older_one_has_taken_over_says_so(
    operator: Operator, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.drop("a.json", [entry("delete-article", "1")])
    world.settle()
    world.drop("b.json", [entry("delete-article", "2")])
    world.settle()
    gate = world.memory_ledger.gates(["2"])["2"]
    world.memory_ledger.commit(Put(replace(gate, owner=Entry(1, 0))))
    assert operator.run(files, "watch", "2", "--json") == 1
    [failure] = answer(capsys)["files"][0]["failures"]
    assert failure["errors"] == ["An older failure (entry 1 of file 1) came later and holds the article now."]


def test_no_source_is_wrong_usage(operator: Operator, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_of:
        operator.run(files, "send")
    assert exit_of.value.code == 2
    assert "FILE|URL" in capsys.readouterr().err


def test_strictly_a_faulty_entry_refuses_the_file_before_it_is_sent(
    operator: Operator, world: World, tmp_path: Path
) -> None:
    with pytest.raises(CommandFailed, match=r"nothing was sent, 1 entry is faulty in .*\n  Entry 4: "):
        operator.run(files, "send", "--strict", mixed(tmp_path))
    assert world.bucket.keys == []


def test_strictly_a_broken_file_is_refused_with_its_place(operator: Operator, tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match=r"is no delta file: The file ends too early.*byte"):
        operator.run(files, "send", "--strict", write(tmp_path, "a.json", b'[{"operation": "add'))


def test_strictly_a_faultless_file_is_accepted_as_strict(
    operator: Operator, world: World, tmp_path: Path
) -> None:
    assert (
        operator.run(files, "send", "--strict", write(tmp_path, "a.json", [entry("add-article", "1")])) == 0
    )
    found = world.memory_ledger.file(1)
    assert found is not None
    assert found[0].strict


def test_strictly_a_url_is_checked_by_the_file_worker(
    operator: Operator, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.web.files[URL] = json.dumps([entry("add-article", "1"), entry("nonsense", "2")]).encode()
    assert operator.run(files, "send", "--strict", URL) == 1
    assert "whole file\t\tstrict\tNothing was applied, since 1 entries are faulty" in capsys.readouterr().out
    assert world.document("1") is None


def test_what_was_sent_before_the_bucket_failed_is_named(
    operator: Operator, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write(tmp_path, "a.json", [entry("add-article", "1")])
    second = write(tmp_path, "b.json", [])
    put = operator._put

    def fail_second(key: str, content: Any) -> str:
        if key.endswith("b.json"):
            raise Unavailable("The bucket", "SlowDown")
        return put(key, content)

    monkeypatch.setattr(operator, "_put", fail_second)
    with pytest.raises(CommandFailed, match=r"b\.json was not sent: .*Sent before it: .*a\.json as 1"):
        operator.run(files, "send", first, second)
    with pytest.raises(CommandFailed, match=r"SlowDown.*stack status"):
        operator.run(files, "send", second)


def test_interrupted_watching_says_how_to_go_on(
    operator: Operator, world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    world.fake_clock.sleep = interrupted  # type: ignore[method-assign]
    assert operator.run(files, "send", mixed(tmp_path)) == 130
    assert "sent as 1; `lightrail watch NUMBER`" in capsys.readouterr().err


def test_cleared_work_ends_with_1(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    world.drop("a.json", [entry("add-article", "1")])
    world.intake_once()
    world.commands.clear()
    assert Operator(world).run(files, "watch", "1", "--json") == 1
    assert answer(capsys)["files"][0]["state"] == "cleared"


def test_a_file_is_watched_by_number_name_or_the_end_of_its_name(
    operator: Operator, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.drop("a.json", [entry("add-article", "1")])
    world.drop("b.json", [entry("add-article", "2")])
    world.drop("a.json", [])
    world.intake_once()
    world.intake_once()
    world.intake_once()
    for named, number in (("2", 2), ("a.json", 3), ("s3://bucket/delta/b.json", 2)):
        assert operator.run(files, "watch", named, "--json") == 0
        assert [found["number"] for found in answer(capsys)["files"]] == [number]
    with pytest.raises(CommandFailed, match=r"nobody sent a file c\.json; `lightrail files`"):
        operator.run(files, "watch", "c.json")


def test_all_files_in_progress_are_watched(
    operator: Operator, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert operator.run(files, "watch") == 0
    assert capsys.readouterr().out == "No delta file is in progress on the local stack.\n"
    assert operator.run(files, "watch", "--json") == 0
    assert answer(capsys) == {"files": []}
    world.submit(URL, "https://data.example.com/second.json")
    world.web.files[URL] = json.dumps([entry("add-article", "1")]).encode()
    assert operator.run(files, "watch", "--json") == 1
    assert [(f["number"], f["state"], f["cause"]) for f in answer(capsys)["files"]] == [
        (1, "succeeded", ""),
        (2, "failed", "fetch"),
    ]


def test_watching_gives_up_after_the_time_that_was_set(world: World) -> None:
    world.submit(URL)
    with pytest.raises(CommandFailed, match=r"not finished after 60 s: file 1 \(mix\.json\)"):
        Operator(world, live=False).run(files, "watch", "--timeout", "60")


def test_a_file_that_waits_for_its_predecessors_says_what_holds_it(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.drop("a.json", [entry("delete-article", "7")])
    world.settle()
    changed = World(ENTRIES_PER_MESSAGE="25")
    for part in ("memory_ledger", "bucket", "store"):
        setattr(changed, part, getattr(world, part))
    changed.submit(URL)
    with pytest.raises(CommandFailed):
        Operator(changed).run(files, "watch", "--timeout", "60")
    out = capsys.readouterr().out
    assert "Nothing has moved for 30 s" in out
    assert "File 2 (https://data.example.com/mix.json) waits until all earlier files are finished" in out
    assert "held by the failure of article 7 (entry 1 of file 1): Trying to delete" in out


def test_files_are_listed_with_their_counts(
    operator: Operator, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert operator.run(files, "files") == 0
    assert capsys.readouterr().out == "There are no delta files on the local stack.\n"
    world.drop("a.json", [entry("add-article", "1"), entry("delete-article", "2")])
    world.drop("b.json", [entry("add-article", "3")])
    world.settle()
    world.submit(URL)
    assert operator.run(files, "files") == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "number\tfile\tstate\tentries\tsucceeded\tfailed\tblocked",
        "1\ts3://bucket/delta/a.json\tfailed\t2\t1\t1\t0",
        "2\ts3://bucket/delta/b.json\tsucceeded\t1\t1\t0\t0",
        f"3\t{URL}\tqueued\t0\t0\t0\t0",
    ]
    assert operator.run(files, "files", "--last", "2", "--json") == 0
    assert [found["number"] for found in answer(capsys)["files"]] == [2, 3]
    assert operator.run(files, "files", "--open", "--json") == 0
    assert [found["number"] for found in answer(capsys)["files"]] == [1, 3]
    world.commands.clear_successful()
    assert operator.run(files, "files", "--json") == 0
    assert [found["number"] for found in answer(capsys)["files"]] == [1, 3]


def test_names_of_others_do_not_steer_the_terminal(
    operator: Operator, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.submit("https://data.example.com/\x1b]0;title\x07\u202e")
    assert operator.run(files, "files") == 0
    assert "https://data.example.com/?]0;title??" in capsys.readouterr().out


class Terminal(io.StringIO):
    """Standard output at a terminal."""

    def isatty(self) -> bool:
        return True


def test_at_a_terminal_there_is_a_bar_and_a_drawn_table(
    operator: Operator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("TERM", "xterm")
    assert operator.run(files, "send", mixed(tmp_path)) == 1
    shown = terminal.getvalue()
    assert "━" in shown
    assert "Trying to add feature" in shown
    assert "\t" not in shown


def test_an_address_that_is_not_found_is_a_fault_of_the_file(
    operator: Operator, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.web.files[URL] = FileFault("The address answered 404.", "fetch")
    world.submit(URL)
    assert operator.run(files, "watch", "1", "--json") == 1
    [found] = answer(capsys)["files"]
    assert found["errors"] == ["The address answered 404."]
    assert operator.asked_for == [None]


def test_the_stage_is_passed_on(operator: Operator) -> None:
    assert operator.run(files, "files", "--stage", "production") == 0
    assert operator.asked_for == ["production"]


@pytest.mark.parametrize("wrong", ["0", "-1", "many", "9999999999"])
def test_a_wrong_number_is_wrong_usage(
    operator: Operator, wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_of:
        operator.run(files, "files", f"--last={wrong}")
    assert exit_of.value.code == 2
    assert "whole number above 0" in capsys.readouterr().err
