"""Watching delta files until each has its outcome, and showing what came of them."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

from infra.cli.api import Api
from infra.cli.causes import explain
from infra.cli.console import CommandFailed, ExitCode, open_report
from infra.cli.jobs import find_jobs
from infra.cli.output import plural, printable, show_json, show_table
from infra.cli.sent_files import SentFile, read_file
from infra.local.progress import SilentReport

if TYPE_CHECKING:
    from infra.local.progress import Report, Task

_POLL_SECONDS = 0.5
_READING_SHARE = 4
"""Pauses are so many times as long as reading took: a large file's counts cost reads."""

_QUIET_SECONDS = 30.0
_FAILURES_SHOWN = 20
_FAILURES_IN_JSON = 500
_SHOWN_ALWAYS = ("succeeded", "failed", "blocked")


class CountedFile(Protocol):
    """A file as it is listed."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def entries(self) -> int: ...
    @property
    def counts(self) -> Mapping[str, int]: ...


def watch(api: Api, ids: Sequence[str], as_json: bool, seconds: float | None) -> ExitCode:
    """Watch files to their end and show what came of them."""
    if as_json:
        files = wait(api, ids, SilentReport(), seconds)
    else:
        with open_report() as report:
            files = wait(api, ids, report, seconds)
    shown = _FAILURES_IN_JSON if as_json else _FAILURES_SHOWN
    failures = {file.id: _failures(api, file, shown) for file in files if file.state != "succeeded"}
    if as_json:
        show_json({"files": [{**file.shown, "failures": failures.get(file.id, [])} for file in files]})
    else:
        show_files("Delta files", files)
        _show_failures(files, failures)
        _show_blocked(api, files)
    return ExitCode.DONE if all(file.state == "succeeded" for file in files) else ExitCode.FAILURES


def wait(api: Api, ids: Sequence[str], report: "Report", seconds: float | None) -> list[SentFile]:
    """Wait until every entry of the files is terminal and return them; `seconds`: how long at most.

    Raises CommandFailed when that time is over.
    """
    with report.task("Delta files") as task:
        return _wait(api, ids, report, task, seconds)


def _wait(
    api: Api, ids: Sequence[str], report: "Report", task: "Task", seconds: float | None
) -> list[SentFile]:
    begun = moved = api.clock.now()
    files: dict[str, SentFile] = {}
    quiet = False
    while True:
        started = api.clock.now()
        read = {id: read_file(api, id) for id in ids if id not in files or not files[id].is_terminal}
        now = api.clock.now()
        if any(id not in files or files[id].shown != file.shown for id, file in read.items()):
            moved, quiet = now, False
        files |= read
        if _show(list(files.values()), task):
            return [files[id] for id in ids]
        if now - moved >= _QUIET_SECONDS and not quiet:
            quiet = True
            report.say(
                f"Nothing has moved for {_QUIET_SECONDS:.0f} s; `lightrail files --open` shows what is before it, "
                "and an operator's `lightrail status` what waits for what."
            )
        if seconds is not None and now - begun >= seconds:
            still = ", ".join(f"file {f.id} ({_short(f)})" for f in files.values() if not f.is_terminal)
            text = f"not finished after {seconds:g} s: {still}; `lightrail watch` goes on watching"
            raise CommandFailed(text, ExitCode.TIMEOUT)
        api.clock.sleep(max(_POLL_SECONDS, _READING_SHARE * (now - started)))


def _show(files: Sequence[SentFile], task: "Task") -> bool:
    """Shows how far the files are; returns whether all have their outcome."""
    total = sum(file.entries for file in files)
    done = sum(file.done for file in files)
    task.advance(done, total)
    open_files = [file for file in files if not file.is_terminal]
    if open_files:
        first = open_files[0]
        task.update(f"{_short(first)} {first.state}, {done} of {total} entries done")
    return not open_files


def _short(file: SentFile) -> str:
    return printable(file.short_name)


def _failures(api: Api, file: SentFile, limit: int) -> list[Mapping[str, Any]]:
    return list(islice(find_jobs(api, limit, "failed", file.id), limit))


def show_files(title: str, files: Sequence[CountedFile]) -> None:
    """Print files with their states and counts; states in which no entry is have no column."""
    states = dict.fromkeys([*_SHOWN_ALWAYS, *(state for file in files for state in file.counts)])
    used = [s for s in states if s in _SHOWN_ALWAYS or any(file.counts.get(s) for file in files)]
    rows = [
        [file.id, file.name, file.state, file.entries, *(file.counts.get(state, 0) for state in used)]
        for file in files
    ]
    show_table(title, ["id", "file", "state", "entries", *used], rows)


def _show_failures(files: Sequence[SentFile], failures: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    jobs = [job for of_file in failures.values() for job in of_file]
    if not jobs:
        return
    rows = [
        [job["id"], _whose(job), job["operation"] or "", job["cause"] or "", "; ".join(job["errors"])]
        for job in jobs
    ]
    show_table("Failures", ["job", "article", "operation", "cause", "why"], rows)
    unlisted = sum(max(file.counts.get("failed", 0) - len(failures.get(file.id, ())), 0) for file in files)
    if unlisted:
        print(f"and {plural(unlisted, 'more failure')}; `lightrail jobs --state failed` lists them all")
    for word in dict.fromkeys(job["cause"] for job in jobs if job["cause"]):
        print(f"{word}: {explain(word).advice}")


def _whose(job: Mapping[str, Any]) -> str:
    if job["queue"] == "delta-file":
        return "whole file"
    return str(job["article"] or "unreadable")


def _show_blocked(api: Api, files: Sequence[SentFile]) -> None:
    for file in files:
        if not file.counts.get("blocked"):
            continue
        what = plural(file.counts["blocked"], "entry", "entries")
        first = next(iter(find_jobs(api, 1, "blocked", file.id)), None)
        if first is not None and first["article"]:
            print(
                f"File {file.id}: {what} blocked behind a failure; "
                f"`lightrail jobs --article {printable(first['article'])}` shows the first."
            )
