"""`lightrail jobs`: the jobs of files and entries by state, file and article, and one of them with its payload."""

import argparse
import json
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from infra.cli.api import Api
from infra.cli.connection import OpenApi, add_api_command, open_api
from infra.cli.output import printable, show_json, show_table, whole_number
from infra.cli.sent_files import find_file

STATES = ("queued", "running", "succeeded", "failed", "blocked", "cleared", "flushed")
_MOST = 500  # items of a part of a list
_COLUMNS = ("job", "state", "article", "operation", "file", "cause", "why")


def register(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]", opened: OpenApi = open_api
) -> None:
    """Add `jobs`."""
    parser = add_api_command(
        subparsers, "jobs", "list jobs by state, file and article, or show one", _jobs, opened
    )
    parser.add_argument("id", nargs="?", metavar="ID", help="show this job alone, with its payload")
    parser.add_argument("--state", choices=STATES, help="only jobs in this state")
    parser.add_argument(
        "--file", metavar="FILE", help="only those of a file: its id, name, or end of its name"
    )
    parser.add_argument(
        "--article",
        metavar="N",
        help="only those of an article: what holds it back and what is held back; with --file all in that file",
    )
    parser.add_argument(
        "--limit", type=whole_number, default=100, metavar="N", help="at most so many (default 100)"
    )


def _jobs(api: Api, args: argparse.Namespace) -> int:
    if args.id is not None:
        return _one(api.get("jobs", args.id), args.json)
    file = None if args.file is None else find_file(api, args.file).id
    found = list(islice(find_jobs(api, args.limit + 1, args.state, file, args.article), args.limit + 1))
    shown, more = found[: args.limit], len(found) > args.limit
    if args.json:
        show_json({"jobs": shown, "more": more})
    elif shown:
        show_jobs("Jobs", shown)
        if more:
            print(f"and more; --limit shows more than {args.limit}")
    else:
        print(f"There are no such jobs on {api.name}.")
    return 0


def find_jobs(
    api: Api, wanted: int, state: str | None = None, file: str | None = None, article: str | None = None
) -> Iterable[Mapping[str, Any]]:
    """Return the jobs that fit, as the API shows them; `wanted`: how many the caller will take at most."""
    return api.listed("jobs", state=state, file=file, article=article, limit=min(wanted, _MOST))


def show_jobs(title: str, jobs: Iterable[Mapping[str, Any]]) -> None:
    """Print jobs as a table."""
    show_table(title, _COLUMNS, (_row(job) for job in jobs))


def _row(job: Mapping[str, Any]) -> list[object]:
    why = "; ".join(job["errors"]) or (f"behind {job['blocked_by']}" if job["blocked_by"] else "")
    shown = (job[name] or "" for name in ("id", "state", "article", "operation", "file", "cause"))
    return [*shown, why]


def _one(job: Mapping[str, Any], as_json: bool) -> int:
    if as_json:
        show_json({"job": job})
        return 0
    for name, value in job.items():
        told = [] if value is None else value if isinstance(value, list) else [value]
        for each in told:
            text = each if isinstance(each, str) else json.dumps(each)
            print(f"{name + ':':<13} {printable(text)}")
    return 0
