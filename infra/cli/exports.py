"""`lightrail export`, `lightrail exports …`: articles as files, ordered, fetched and verified."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra.cli.api import Api
from infra.cli.connection import OpenApi, add_api_command, open_api
from infra.cli.console import CommandFailed, ExitCode, open_report
from infra.cli.export_runs import Export, failed_rows, wait, write_file
from infra.cli.files import add_timeout
from infra.cli.output import confirm, plural, printable, show_json, show_table
from infra.local.progress import SilentReport

_FAILED_SHOWN = 20
_SCHEDULE = ("repeat", "date", "time", "timezone")
_NUMBERS = ("minute", "week_day", "month_day", "month")


def register(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]", opened: OpenApi = open_api
) -> None:
    """Add `export` and the group `exports`."""
    once = add_api_command(
        subparsers, "export", "order an export, wait for it, write its file and verify it", _export, opened
    )
    _add_order(once)
    _add_output(once)
    add_timeout(once)
    once.add_argument("--keep", action="store_true", help="leave the export on the deployment")

    about = "exports of articles: order, list, fetch, delete"
    group = subparsers.add_parser("exports", help=about).add_subparsers(required=True, metavar="command")
    order = add_api_command(group, "order", "order an export, at once or on a schedule", _order, opened)
    _add_order(order)
    for name in _SCHEDULE:
        order.add_argument(f"--{name}", help="of the schedule; without --repeat it runs once, now")
    for name in _NUMBERS:
        order.add_argument(f"--{name.replace('_', '-')}", type=int, metavar="N", help="of the schedule")
    add_api_command(group, "list", "list exports", _list, opened)
    show = add_api_command(group, "show", "show an export and what it came to", _show, opened)
    fetch = add_api_command(
        group, "fetch", "write the file of an export's last run, verified", _fetch, opened
    )
    _add_output(fetch)
    failed = add_api_command(group, "failed", "list the articles that are not in the file", _failed, opened)
    delete = add_api_command(group, "delete", "delete an export with its schedule and files", _delete, opened)
    delete.add_argument("--yes", action="store_true", help="do not ask")
    for parser in (show, fetch, failed, delete):
        parser.add_argument("id", metavar="ID", help="the id of the export")


def _add_order(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", default="csv", help="csv (default), xml or bc-batch")
    parser.add_argument(
        "--mapping", metavar="NAME", help="a mapping of the deployment (default: the one built in)"
    )
    parser.add_argument(
        "--since", metavar="last|TIME", help="only what changed since then, deletions included"
    )
    parser.add_argument(
        "--filter",
        action="append",
        type=_key_and_value,
        default=[],
        metavar="KEY=VALUE",
        help="only articles with that value of a key (F_1=…, C_75000=…), or `q=words`; may be repeated",
    )


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-o",
        "--output",
        required=True,
        type=Path,
        metavar="FILE",
        help="where the file goes; in a directory it keeps its own name",
    )


def _key_and_value(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value


def _ordered(api: Api, args: argparse.Namespace) -> Export:
    asked: dict[str, Any] = {"format": args.format, "mapping": args.mapping, "since": args.since}
    wanted: dict[str, Any] = {}
    for key, value in args.filter:
        if key == "q":
            wanted["q"] = value
        else:
            wanted.setdefault(key, []).append(value)
    asked["filter"] = wanted or None
    asked |= {name: getattr(args, name, None) for name in (*_SCHEDULE, *_NUMBERS)}
    export: Export = api.post(
        "exports", body={name: value for name, value in asked.items() if value is not None}
    )
    return export


def _export(api: Api, args: argparse.Namespace) -> ExitCode:
    path = _checked(args.output)
    export = _ordered(api, args)
    id = export["id"]
    try:
        with _report(args) as report:
            export = wait(api, id, report, args.timeout)
            written = None
            if export["state"] == "succeeded":
                written = write_file(api, id, path, report)
    except KeyboardInterrupt:
        raise CommandFailed(
            f"interrupted; `lightrail exports fetch {id} -o FILE` writes the file", ExitCode.INTERRUPTED
        ) from None
    failed = list(failed_rows(api, id, export))
    if not args.keep:
        api.delete("exports", id)
    if written is None:
        raise CommandFailed(f"the export failed, nothing was written: {printable(export['feedback'])}")
    if args.json:
        show_json({"export": export, "file": str(written), "failed_rows": failed})
    else:
        _tell(export, written)
        _show_failed(failed, export["result"]["failed"])
    return ExitCode.FAILURES if failed else ExitCode.DONE


def _checked(path: Path) -> Path:
    """Where a file may be written. Raises CommandFailed before anything is asked for."""
    folder = path if path.is_dir() else path.parent
    if not folder.is_dir():
        raise CommandFailed(f"there is no directory {folder}", ExitCode.USAGE)
    return path


def _report(args: argparse.Namespace) -> Any:
    from contextlib import nullcontext

    return nullcontext(SilentReport()) if args.json else open_report()


def _tell(export: Export, path: Path) -> None:
    result = export["result"]
    deleted = f", {plural(result['deleted'], 'deletion')}" if result["deleted"] else ""
    print(
        f"{path}: {plural(result['rows'], 'row')}{deleted}, {result['bytes']} bytes, SHA-256 {result['sha256']}"
    )


def _show_failed(rows: Sequence[Mapping[str, Any]], total: int) -> None:
    if not rows:
        return
    cells = [
        [row["number"], fault["column"] or "", fault["reason"], fault["text"]]
        for row in rows[:_FAILED_SHOWN]
        for fault in row["faults"]
    ]
    show_table("Articles that are not in the file", ["article", "column", "reason", "why"], cells)
    if total > _FAILED_SHOWN:
        print(f"and {plural(total - _FAILED_SHOWN, 'more article')}; `--json` lists them all")


def _order(api: Api, args: argparse.Namespace) -> ExitCode:
    export = _ordered(api, args)
    if args.json:
        show_json({"export": export})
    else:
        when = f", next at {export['next_run_at']}" if export["next_run_at"] else ""
        print(
            f"Export {export['id']} is {export['state']}{when}; `lightrail exports show` tells how far it is."
        )
    return ExitCode.DONE


def _list(api: Api, args: argparse.Namespace) -> ExitCode:
    exports = list(api.listed("exports", limit=500))
    if args.json:
        show_json({"exports": exports})
    elif exports:
        rows = [
            [
                export["id"],
                export["state"],
                export["format"],
                export["mapping"] or "",
                export["since"] or "all",
                export["repeat"] or "once",
                export["next_run_at"] or "",
                export["completed_at"] or "never",
            ]
            for export in exports
        ]
        columns = ["id", "state", "format", "mapping", "since", "repeats", "next run", "last run"]
        show_table("Exports", columns, rows)
    else:
        print(f"There are no exports on {api.name}.")
    return ExitCode.DONE


def _show(api: Api, args: argparse.Namespace) -> ExitCode:
    export = api.get("exports", args.id)
    if args.json:
        show_json({"export": export})
        return ExitCode.DONE
    result = export["result"] or {}
    shown = {**export, "result": None, "earlier_results": None}
    shown |= {f"result {name}": value for name, value in result.items() if name != "download"}
    for name, value in shown.items():
        if value not in (None, "", [], {}):
            text = value if isinstance(value, str) else json.dumps(value)
            print(f"{name + ':':<21} {printable(text)}")
    return ExitCode.DONE


def _fetch(api: Api, args: argparse.Namespace) -> ExitCode:
    path = _checked(args.output)
    export = api.get("exports", args.id)
    if export["result"] is None:
        raise CommandFailed(f"export {args.id} is {export['state']}, and no run of it has passed yet")
    with _report(args) as report:
        written = write_file(api, args.id, path, report)
    if args.json:
        show_json({"export": export, "file": str(written)})
    else:
        _tell(export, written)
    return ExitCode.FAILURES if export["result"]["failed"] else ExitCode.DONE


def _failed(api: Api, args: argparse.Namespace) -> ExitCode:
    export = api.get("exports", args.id)
    rows = list(failed_rows(api, args.id, export))
    if args.json:
        show_json({"failed_rows": rows})
    elif rows:
        _show_failed(rows, len(rows))
    else:
        print("No article is missing in the file of the last run.")
    return ExitCode.DONE


def _delete(api: Api, args: argparse.Namespace) -> ExitCode:
    confirm(f"This deletes export {printable(args.id)} with its schedule and its files.", args.yes)
    api.delete("exports", args.id)
    if args.json:
        show_json({"deleted": args.id})
    else:
        print(f"Export {printable(args.id)} is deleted.")
    return ExitCode.DONE
