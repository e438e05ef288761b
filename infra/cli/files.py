"""`lightrail send`, `lightrail watch`, `lightrail files`: delta files go in, and what comes of them."""

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.articles.delta_format import Limits, read_entries, unpack
from chalicelib.articles.intake import PREFIX
from chalicelib.errors import FileFault, Unavailable
from infra.cli.console import CommandFailed
from infra.cli.deployed import Deployment, Open, add_command, open_deployment
from infra.cli.file_views import newest_first, resolve, unfinished, view
from infra.cli.output import plural, printable, show_json
from infra.cli.watching import show_files, watch

if TYPE_CHECKING:
    from chalicelib.joined import Joined

USAGE = 2
_INTERRUPTED = 130
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_CHUNK = 1024 * 1024
_OBJECT_BYTES = 5 * 1024**3  # S3: PutObject takes 5 GiB
_FAULTS_LISTED = 20
_KEY_BYTES = 1024  # S3: length of a key


def register(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]", opened: Open = open_deployment
) -> None:
    """Add `send`, `watch` and `files`."""
    send = add_command(
        subparsers, "send", "send delta files, in this order, and watch what comes of them", _send, opened
    )
    send.add_argument("sources", nargs="+", metavar="FILE|URL", help="a file of this machine, or an address")
    send.add_argument("--strict", action="store_true", help="one faulty entry refuses the whole file")
    send.add_argument("--no-wait", action="store_true", help="return once the files are accepted")
    _add_timeout(send)

    watched = add_command(subparsers, "watch", "watch delta files until all entries are done", _watch, opened)
    watched.add_argument(
        "file",
        nargs="?",
        metavar="FILE",
        help="its number, name, or end of its name (default: all in progress)",
    )
    _add_timeout(watched)

    listed = add_command(subparsers, "files", "list delta files with their states and counts", _files, opened)
    listed.add_argument(
        "--last", type=_positive, default=20, metavar="N", help="only the N newest (default 20)"
    )
    listed.add_argument(
        "--open", action="store_true", help="only files with work that waits, failed or is blocked"
    )


def _add_timeout(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--timeout", type=_positive, metavar="SECONDS", help="give up watching after so long")


def _positive(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _send(deployment: Deployment, args: argparse.Namespace) -> int:
    services = deployment.services
    strict = args.strict or services.settings.delta_strict
    faults = [printable(f"{source}: {why}") for source in args.sources for why in _refusals(services, source)]
    if faults:
        print("lightrail: nothing was sent", *faults, sep="\n  ", file=sys.stderr)
        return USAGE
    if args.strict:
        for source in args.sources:
            if not _URL.match(source):
                _check_strictly(services, Path(source))
    numbers = _accept_all(deployment, args.sources, strict)
    if args.no_wait:
        _say_accepted(services, numbers, args.json)
        return 0
    try:
        return watch(services, numbers, args.json, args.timeout)
    except KeyboardInterrupt:
        sent = " ".join(map(str, numbers))
        print(f"\nlightrail: sent as {sent}; `lightrail watch NUMBER` goes on watching", file=sys.stderr)
        return _INTERRUPTED


def _refusals(services: "Joined", source: str) -> Iterator[str]:
    """Why a source cannot be sent at all; looked at before anything is sent."""
    if _URL.match(source):
        fault = services.fetcher.check(source)
        if fault:
            yield fault
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
    limit = min(services.settings.fetch_max_bytes, _OBJECT_BYTES)
    if size > limit:
        yield f"is larger than {limit} bytes"
    try:
        key_bytes = len(_key(path).encode())
    except UnicodeEncodeError:
        yield "its name is not UTF-8; the bucket cannot hold it"
        return
    if key_bytes > _KEY_BYTES:
        yield f"its name is longer than {_KEY_BYTES - len(PREFIX)} bytes"


def _key(path: Path) -> str:
    return f"{PREFIX}{path.name}"


def _check_strictly(services: "Joined", path: Path) -> None:
    """Reads a file as the file worker will. In the bucket it could be begun before it is known to be strict."""
    settings = services.settings
    limits = Limits(
        settings.fetch_max_bytes, settings.fetch_max_unpacked_bytes, float(settings.fetch_max_ratio)
    )
    faults, faulty = list[str](), 0
    try:
        for entry in read_entries(unpack(_chunks(path), limits), limits=limits):
            faulty += bool(entry.faults)
            if len(faults) < _FAULTS_LISTED:
                faults += [f"Entry {entry.pos + 1}: {fault}" for fault in entry.faults]
    except FileFault as fault:
        raise CommandFailed(f"nothing was sent, {path} is no delta file: {fault}") from fault
    if faulty:
        listed = "\n  ".join(faults[:_FAULTS_LISTED])
        what = plural(faulty, "entry is", "entries are")
        raise CommandFailed(f"nothing was sent, {what} faulty in {path}:\n  {listed}")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _accept_all(deployment: Deployment, sources: Sequence[str], strict: bool) -> list[int]:
    """Sends the sources in their order; each is accepted before the next one is sent."""
    numbers: list[int] = []
    for source in sources:
        try:
            numbers.append(_accept(deployment, source, strict))
        except Unavailable as error:
            if not numbers:
                raise
            sent = ", ".join(f"{name} as {n}" for name, n in zip(sources, numbers, strict=False))
            raise CommandFailed(f"{source} was not sent: {error}. Sent before it: {sent}") from error
    return numbers


def _accept(deployment: Deployment, source: str, strict: bool) -> int:
    services = deployment.services
    if _URL.match(source):
        return services.acceptance.accept_urls([source], strict)[0]
    key = _key(Path(source))
    with Path(source).open("rb") as content:
        version = deployment.put(key, content)
    # The bucket's own notice does the same and is harmless; accepted here, files keep the order of the command.
    services.acceptance.accept_object(services.blobs, services.settings.bucket, key, version, strict)
    announced = services.ledger.announcement(key, version)
    if announced is None:
        raise CommandFailed(f"{source} lies in the bucket as {key}, but was not accepted; `lightrail files`")
    return announced.n


def _say_accepted(services: "Joined", numbers: Sequence[int], as_json: bool) -> None:
    files = [found for n in numbers if (found := view(services.ledger, n)) is not None]
    if as_json:
        show_json({"files": [found.as_json() for found in files]})
        return
    for found in files:
        print(f"{printable(found.name)} accepted as file {found.n}")


def _watch(deployment: Deployment, args: argparse.Namespace) -> int:
    services = deployment.services
    if args.file is not None:
        numbers = [resolve(services.ledger, args.file).n]
    else:
        numbers = [found.n for found in unfinished(services.ledger) if not found.progress.is_terminal]
    if numbers:
        return watch(services, numbers, args.json, args.timeout)
    if args.json:
        show_json({"files": []})
    else:
        print(f"No delta file is in progress on {deployment.name}.")
    return 0


def _files(deployment: Deployment, args: argparse.Namespace) -> int:
    ledger = deployment.services.ledger
    if args.open:
        control = ledger.control()
        found = [file for file in unfinished(ledger) if not file.is_finished(control)][-args.last :]
    else:
        found = list(islice((file for file in newest_first(ledger) if not file.file.forgotten), args.last))[
            ::-1
        ]
    if args.json:
        show_json({"files": [file.as_json() for file in found]})
    elif found:
        show_files("Delta files, in order of acceptance", found)
    else:
        print(f"There are no {'open ' if args.open else ''}delta files on {deployment.name}.")
    return 0
