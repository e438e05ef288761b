"""`lightrail send`: delta files of this machine, or by address, go in; then they are watched."""

import argparse
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from chalicelib.web.delta_submission import NAME_BYTES, UPLOAD_BYTES
from chalicelib.web.reading import BODY_BYTES
from infra.cli.api import CHUNK, Api, Refused
from infra.cli.connection import OpenApi, add_api_command, open_api
from infra.cli.console import CommandFailed, ExitCode, open_report
from infra.cli.files import add_timeout
from infra.cli.output import printable, show_json
from infra.cli.sent_files import SentFile, newest_first, read_file
from infra.cli.watching import watch
from infra.local.progress import SilentReport

if TYPE_CHECKING:
    from infra.local.progress import Report, Task

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_UPLOADS = 3
_ARRIVAL_SECONDS = 120.0
_POLL_SECONDS = 1.0


def register(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]", opened: OpenApi = open_api
) -> None:
    """Add `send`."""
    send = add_api_command(
        subparsers, "send", "send delta files, in this order, and watch what comes of them", _send, opened
    )
    send.add_argument("sources", nargs="+", metavar="FILE|URL", help="a file of this machine, or an address")
    send.add_argument("--strict", action="store_true", help="one faulty entry refuses the whole file")
    send.add_argument("--no-wait", action="store_true", help="return once the files are accepted")
    add_timeout(send)


def _send(api: Api, args: argparse.Namespace) -> ExitCode:
    faults = [printable(f"{source}: {why}") for source in args.sources for why in _refusals(source)]
    if faults:
        raise CommandFailed("\n  ".join(["nothing was sent", *faults]), ExitCode.USAGE)
    files = _accept_all(api, args.sources, args.strict, args.json)
    if args.no_wait:
        if args.json:
            show_json({"files": [file.shown for file in files]})
        else:
            for file in files:
                print(f"{printable(file.name)} accepted as file {file.id}")
        return ExitCode.DONE
    ids = [file.id for file in files]
    try:
        return watch(api, ids, args.json, args.timeout)
    except KeyboardInterrupt:
        again = f"`lightrail watch {' '.join(ids)}` goes on watching"
        print(f"\nlightrail: sent as {', '.join(ids)}; {again}", file=sys.stderr)
        return ExitCode.INTERRUPTED


def _refusals(source: str) -> Iterator[str]:
    """Why a source cannot be sent at all; looked at before anything is sent."""
    if _URL.match(source):
        return
    path = Path(source)
    if not path.is_file():
        yield "is a directory" if path.is_dir() else "there is no such file"
        return
    try:
        with path.open("rb"):
            size = path.stat().st_size
    except OSError as error:
        yield f"cannot be read: {error.strerror}"
        return
    if size > UPLOAD_BYTES:
        yield f"is larger than {UPLOAD_BYTES} bytes"
    if size == 0:
        yield "is empty"
    try:
        if len(path.name.encode()) > NAME_BYTES:
            yield f"its name is longer than {NAME_BYTES} bytes"
        elif not path.name.isprintable():
            yield "its name holds control characters"
    except UnicodeEncodeError:
        yield "its name is not UTF-8"


def _accept_all(api: Api, sources: Sequence[str], strict: bool, silent: bool) -> list[SentFile]:
    """Sends the sources in their order; each is accepted before the next one is sent."""
    files: list[SentFile] = []
    for source in sources:
        try:
            files.append(_accept(api, source, strict, silent))
        except CommandFailed as error:
            if not files:
                raise
            sent = ", ".join(f"{name} as {f.id}" for name, f in zip(sources, files, strict=False))
            text = printable(f"{source} was not sent. Sent before it: {sent}")
            raise CommandFailed(f"{error}\n  {text}", error.code) from error
    return files


def _accept(api: Api, source: str, strict: bool, silent: bool) -> SentFile:
    if _URL.match(source):
        return _accept_url(api, source, strict)
    path = Path(source)
    if path.stat().st_size > BODY_BYTES:
        if silent:
            return _upload(api, path, strict, SilentReport())
        with open_report() as report:
            return _upload(api, path, strict, report)
    flag = "true" if strict else None
    return SentFile(api.post("delta-files", body=path.read_bytes(), name=path.name, strict=flag))


def _accept_url(api: Api, url: str, strict: bool) -> SentFile:
    """The call answers no id: the file is the first of that name accepted since."""
    before = next((int(file.id) for file in newest_first(api)), 0)
    api.post("articles", "delta-update", body={"file": url, "strict": strict})
    found = None
    for file in newest_first(api):
        if int(file.id) <= before:
            break
        found = file if file.name == url else found
    if found is None:
        raise CommandFailed(f"{url} was accepted, but is in no list; `lightrail files` shows it in a moment")
    return found


def _upload(api: Api, path: Path, strict: bool, report: "Report") -> SentFile:
    """Uploads a file with leave, and waits until the notice of the bucket has made it a delta file."""
    size = path.stat().st_size
    leave = api.post("delta-files", "uploads", body={"size": size, "name": path.name, "strict": strict})
    with report.task("Upload") as task:
        _put(api, path, size, leave, task)
    end = api.clock.now() + _ARRIVAL_SECONDS
    while True:
        file = read_file(api, leave["id"])
        if file.state != "awaited":
            return file
        if api.clock.now() > end:
            text = f"{path} is uploaded, and was not accepted in {_ARRIVAL_SECONDS:.0f} s"
            raise CommandFailed(f"{text}; `lightrail watch {file.id}` waits for it", ExitCode.TIMEOUT)
        api.clock.sleep(_POLL_SECONDS)


def _put(api: Api, path: Path, size: int, leave: Mapping[str, Any], task: "Task") -> None:
    """Sends the bytes where the leave says, without the token: that goes to the API alone."""
    for attempt in range(1, _UPLOADS + 1):
        try:
            with path.open("rb") as content:
                headers = {"Content-Type": "application/octet-stream", **leave["headers"]}
                answer = api.transport("PUT", leave["url"], headers, _told(content, size, task))
        except OSError as error:
            failed = CommandFailed(f"the upload of {path} broke off: {error}")
        else:
            if answer.status < 300:
                return
            if answer.status < 500:
                raise Refused(f"the upload of {path}", answer.status, "the bucket does not take it")
            failed = CommandFailed(f"the bucket did not take {path} ({answer.status})")
        if attempt == _UPLOADS:
            raise failed
        api.clock.sleep(2.0**attempt)


def _told(content: IO[bytes], size: int, task: "Task") -> Iterator[bytes]:
    """The bytes of a file, with how far they are."""
    done = 0
    while chunk := content.read(CHUNK):
        yield chunk
        done += len(chunk)
        task.update(f"{done / 1e6:.0f} of {size / 1e6:.0f} MB")
        task.advance(done, size)
