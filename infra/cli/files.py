"""`lightrail watch`, `lightrail files`, `lightrail cancel`: what comes of delta files."""

import argparse

from infra.cli.api import Api
from infra.cli.connection import OpenApi, add_api_command, open_api
from infra.cli.console import ExitCode
from infra.cli.output import confirm, printable, show_json, whole_number
from infra.cli.sent_files import OPEN_STATES, find_file, newest, newest_first
from infra.cli.watching import show_files, watch

_STATES = ("queued", "running", "succeeded", "failed", "cleared", "flushed")


def register(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]", opened: OpenApi = open_api
) -> None:
    """Add `watch`, `files` and `cancel`."""
    watched = add_api_command(
        subparsers, "watch", "watch delta files until all entries are done", _watch, opened
    )
    watched.add_argument(
        "files", nargs="*", metavar="FILE", help="its id, name, or end of its name (default: all in progress)"
    )
    add_timeout(watched)

    listed = add_api_command(
        subparsers, "files", "list delta files with their states and counts", _files, opened
    )
    listed.add_argument(
        "--last", type=whole_number, default=20, metavar="N", help="only the N newest (default 20)"
    )
    which = listed.add_mutually_exclusive_group()
    which.add_argument("--state", choices=_STATES, help="only files in this state")
    which.add_argument(
        "--open", action="store_true", help="only files with work that waits, failed or is blocked"
    )

    cancelled = add_api_command(subparsers, "cancel", "drop what waits of a delta file", _cancel, opened)
    cancelled.add_argument("file", metavar="FILE", help="its id, name, or end of its name")
    cancelled.add_argument("--yes", action="store_true", help="do not ask")


def add_timeout(parser: argparse.ArgumentParser) -> None:
    """Add `--timeout`."""
    parser.add_argument(
        "--timeout", type=whole_number, metavar="SECONDS", help="give up watching after so long"
    )


def _watch(api: Api, args: argparse.Namespace) -> ExitCode:
    if args.files:
        ids = list(dict.fromkeys(find_file(api, named).id for named in args.files))
    else:
        found = (file for state in ("queued", "running") for file in newest_first(api, state))
        ids = sorted({file.id for file in found}, key=int)
    if ids:
        return watch(api, ids, args.json, args.timeout)
    if args.json:
        show_json({"files": []})
    else:
        print(f"No delta file is in progress on {api.name}.")
    return ExitCode.DONE


def _files(api: Api, args: argparse.Namespace) -> ExitCode:
    found = newest(api, args.last, OPEN_STATES if args.open else (args.state,))
    if args.json:
        show_json({"files": [file.shown for file in found]})
    elif found:
        show_files("Delta files, in order of acceptance", found)
    else:
        kind = "open " if args.open else f"{args.state} " if args.state else ""
        print(f"There are no {kind}delta files on {api.name}.")
    return ExitCode.DONE


def _cancel(api: Api, args: argparse.Namespace) -> ExitCode:
    file = find_file(api, args.file)
    name = printable(file.name)
    confirm(f"This drops what waits of file {file.id} ({name}); nothing of it is applied.", args.yes)
    shown = api.delete("delta-files", file.id)
    if args.json:
        show_json({"file": shown})
    else:
        counts = ", ".join(f"{count} {state}" for state, count in shown["counts"].items() if count)
        print(f"File {file.id} ({name}) is cancelled: {counts or 'no entries'}.")
    return ExitCode.DONE
