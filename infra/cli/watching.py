"""Watching delta files until each has its outcome, and showing what came of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from infra.cli.causes import explain
from infra.cli.console import CommandFailed, open_report
from infra.cli.file_views import STATES, EntryFailure, FileView, failures_of, first_blocked, view
from infra.cli.holds import find_hold
from infra.cli.output import plural, printable, show_json, show_table
from infra.local.progress import SilentReport

if TYPE_CHECKING:
    from chalicelib.joined import Joined
    from infra.local.progress import Report, Task

_POLL_SECONDS = 0.5
_READING_SHARE = 4
"""Pauses are so many times as long as reading took: a large file's counts cost reads."""

_QUIET_SECONDS = 30.0
_FAILURES_SHOWN = 20


def wait(
    services: "Joined", numbers: Sequence[int], report: "Report", seconds: float | None
) -> list[FileView]:
    """Wait until every entry of the files is terminal and return them; `seconds`: how long at most.

    Raises CommandFailed when that time is over, `Unavailable`.
    """
    with report.task("Delta files") as task:
        return _wait(services, numbers, report, task, seconds)


def _wait(
    services: "Joined", numbers: Sequence[int], report: "Report", task: "Task", seconds: float | None
) -> list[FileView]:
    clock = services.clock
    begun = moved = clock.now()
    seen: list[object] = []
    quiet = False
    while True:
        started = clock.now()
        files = [found for n in numbers if (found := view(services.ledger, n)) is not None]
        if _show(files, task):
            return files
        now = clock.now()
        if (state := [found.progress for found in files]) != seen:
            seen, moved, quiet = list(state), now, False
        if now - moved >= _QUIET_SECONDS and not quiet:
            quiet = True
            _say_why(services, report)
        if seconds is not None and now - begun >= seconds:
            raise CommandFailed(
                f"not finished after {seconds:g} s: {_names(files)}; `lightrail watch` goes on watching, "
                "`lightrail status` shows what waits for what"
            )
        clock.sleep(max(_POLL_SECONDS, _READING_SHARE * (now - started)))


def _show(files: Sequence[FileView], task: "Task") -> bool:
    """Shows how far the files are; returns whether all have their outcome."""
    total = sum(found.progress.total for found in files)
    waiting = sum(found.progress.waiting for found in files)
    task.advance(total - waiting, total)
    open_files = [found for found in files if not found.progress.is_terminal]
    if open_files:
        first = open_files[0]
        task.update(f"{_short(first)} {first.progress.state}, {total - waiting} of {total} entries done")
    return not open_files


def _say_why(services: "Joined", report: "Report") -> None:
    hold = find_hold(services)
    report.say(f"Nothing has moved for {_QUIET_SECONDS:.0f} s; `lightrail status` shows the queues.")
    for line in hold.lines() if hold else ():
        report.say(printable(line))


def _names(files: Sequence[FileView]) -> str:
    return ", ".join(f"file {found.n} ({_short(found)})" for found in files if not found.progress.is_terminal)


def _short(found: FileView) -> str:
    return printable(found.name.rpartition("/")[2])


def watch(services: "Joined", numbers: Sequence[int], as_json: bool, seconds: float | None) -> int:
    """Watch files to their end and show what came of them; 0 if all succeeded, else 1."""
    if as_json:
        files = wait(services, numbers, SilentReport(), seconds)
    else:
        with open_report() as report:
            files = wait(services, numbers, report, seconds)
    failures = [(found, failures_of(services, found, _FAILURES_SHOWN)) for found in files]
    if as_json:
        show_json({"files": [{**found.as_json(), "failures": _json(of_file)} for found, of_file in failures]})
    else:
        show_files("Delta files", files)
        _show_failures(failures)
        _show_blocked(services, files)
    return 0 if all(found.succeeded for found in files) else 1


def _show_blocked(services: "Joined", files: Sequence[FileView]) -> None:
    for found in files:
        article = first_blocked(services, found)
        if article is not None:
            what = plural(_count(found, "blocked"), "entry", "entries")
            print(
                f"File {found.n}: {what} blocked behind a failure; "
                f"`lightrail why {printable(article)}` explains the first."
            )


def show_files(title: str, files: Sequence[FileView]) -> None:
    """Print files with their states and counts; states in which no entry is have no column."""
    used = [s for s in STATES if s in ("succeeded", "failed", "blocked") or any(_count(f, s) for f in files)]
    rows = [
        [found.n, found.name, found.progress.state, found.progress.total, *(_count(found, s) for s in used)]
        for found in files
    ]
    show_table(title, ["number", "file", "state", "entries", *used], rows)


def _count(found: FileView, state: str) -> int:
    return found.progress.counts.get(state, 0)


def _json(failures: Sequence[EntryFailure]) -> list[dict[str, object]]:
    return [
        {
            "id": failure.id,
            "position": failure.position,
            "article": failure.article,
            "cause": failure.cause,
            "errors": list(failure.errors),
        }
        for failure in failures
    ]


def _show_failures(failures: Sequence[tuple[FileView, Sequence[EntryFailure]]]) -> None:
    rows: list[list[object]] = []
    causes: dict[str, None] = {}
    unlisted = 0
    for found, of_file in failures:
        if found.progress.errors and found.file.stage == "faulted":
            rows.append([found.n, "whole file", "", found.file.cause, "; ".join(found.progress.errors)])
            causes[found.file.cause] = None
        for failed in of_file:
            number = failed.article or "unreadable"
            rows.append([found.n, failed.position, number, failed.cause, "; ".join(failed.errors)])
            causes[failed.cause] = None
        unlisted += _count(found, "failed") - len(of_file)
    if not rows:
        return
    show_table("Failures", ["file", "entry", "article", "cause", "why"], rows)
    if unlisted > 0:
        print(f"and {plural(unlisted, 'more failure')}; `lightrail failures` groups them all")
    for word in filter(None, causes):
        print(f"{word}: {explain(word).advice}")
