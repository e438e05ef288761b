"""Runs of exports on the way to a file: waited for, fetched, and the rows that failed."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.cli.api import Api, LinkRefused
from infra.cli.console import CommandFailed, ExitCode
from infra.cli.downloads import download
from infra.cli.output import printable

if TYPE_CHECKING:
    from infra.local.progress import Report, Task

Export = Mapping[str, Any]

_POLL_SECONDS = 1.0
_READING_SHARE = 4
_GOING_ON = ("queued", "running", "waiting")


def wait(api: Api, id: str, report: "Report", seconds: float | None) -> Export:
    """Wait until the run of an export is over. Raises CommandFailed when the time is over."""
    begun = api.clock.now()
    with report.task("Export") as task:
        while True:
            started = api.clock.now()
            export: Export = api.get("exports", id)
            if export["state"] not in _GOING_ON:
                return export
            _show_progress(export, task)
            now = api.clock.now()
            if seconds is not None and now - begun >= seconds:
                text = f"not finished after {seconds:g} s; `lightrail exports fetch {id} -o FILE` writes its file then"
                raise CommandFailed(text, ExitCode.TIMEOUT)
            api.clock.sleep(max(_POLL_SECONDS, _READING_SHARE * (now - started)))


def _show_progress(export: Export, task: "Task") -> None:
    progress = export["progress"]
    done = progress["done"] + progress["skipped"] + progress["failed"]
    far = f", {done} of {progress['total']} articles" if progress["total"] else ""
    task.update(f"{export['state']}{far}")
    task.advance(done, progress["total"])


def write_file(api: Api, id: str, path: Path, report: "Report") -> Path:
    """Write the file of the last run. Raises CommandFailed."""
    result = api.get("exports", id)["result"]
    if path.is_dir():
        path = path / Path(printable(result["file_name"])).name
    with report.task("Download") as task:
        download(api, _link_of(api, "exports", id), path, result["bytes"], result["sha256"], task)
    return path


def _link_of(api: Api, *place: str) -> Callable[[], str | None]:
    def link() -> str | None:
        shown = api.get(*place)
        found = (shown.get("result") or shown).get("download")
        return str(found["url"]) if found else None

    return link


def failed_rows(api: Api, id: str, export: Export) -> Iterator[Mapping[str, Any]]:
    """The first of the articles that are not in the file."""
    result = export["result"]
    url = _link_of(api, "exports", id, "failed")() if result and result["failed"] else None
    if url is None:
        return
    rest = b""
    lines = 0
    try:
        for chunk in api.fetch(url):
            *whole, rest = (rest + chunk).split(b"\n")
            for line in filter(None, whole):
                yield json.loads(line)
                lines += 1
        if rest:
            yield json.loads(rest)
    except (OSError, LinkRefused, ValueError) as error:
        raise CommandFailed(
            f"the list of failed rows cannot be read ({error}), after {lines} of them"
        ) from error
