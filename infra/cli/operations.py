"""`lightrail retry`, `lightrail flush`, `lightrail clear`: the commands over failed and waiting work."""

import argparse

from chalicelib.articles.document import article_number
from infra.cli.api import Api
from infra.cli.connection import OpenApi, add_api_command, open_api
from infra.cli.console import CommandFailed
from infra.cli.output import confirm, plural, printable, show_json
from infra.cli.refusals import told
from infra.cli.sent_files import find_file


def register(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]", opened: OpenApi = open_api
) -> None:
    """Add `retry`, `flush` and `clear`."""
    retry = add_api_command(
        subparsers,
        "retry",
        "run failed and blocked entries again, oldest first (default, and always under block scope `global`: all)",
        _retry,
        opened,
    )
    which = retry.add_mutually_exclusive_group()
    which.add_argument("--article", metavar="N", help="those of one article")
    which.add_argument("--file", metavar="FILE", help="those of the articles that failed in a file")
    which.add_argument(
        "--id", nargs="+", metavar="ID", dest="ids", help="those of the articles of these jobs"
    )

    flush = add_api_command(
        subparsers, "flush", "forget failed and blocked entries and let newer ones through", _flush, opened
    )
    clear = add_api_command(subparsers, "clear", "drop all work that waits", _clear, opened)
    for parser in (flush, clear):
        parser.add_argument("--yes", action="store_true", help="do not ask")


def _retry(api: Api, args: argparse.Namespace) -> int:
    selected: dict[str, object] = {}
    if args.article is not None:
        with told():
            number = article_number(args.article, "article")
        if not any(True for _ in api.listed("jobs", article=number, limit=1)):
            raise CommandFailed(
                f"nothing holds article {printable(number)} back, so there is nothing to retry"
            )
        selected = {"article": number}
    elif args.file is not None:
        selected = {"ids": [find_file(api, args.file).id]}
    elif args.ids:
        selected = {"ids": args.ids}
    elif not any(True for _ in api.listed("jobs", state="failed", limit=1)):
        return _say(args, {"ticket": None}, f"There are no failures on {api.name}; nothing to retry.")
    ticket = api.post("jobs", "retry", body=selected)["ticket"]
    text = f"Retry {ticket} is on its way; `lightrail jobs --state failed` shows what fails again."
    return _say(args, {"ticket": ticket}, text)


def _flush(api: Api, args: argparse.Namespace) -> int:
    failed = api.get("jobs", "failedjobs", per_page=1)
    count = failed["pagination"]["total"] if failed else 0
    what = f"This forgets {plural(count, 'failure')} of {api.name} and all that is blocked behind"
    confirm(f"{what}; nothing of it is run again.", args.yes)
    api.delete("jobs", state="failed")
    text = f"{plural(count, 'failure')} and what was blocked behind are forgotten; newer entries go through."
    return _say(args, {"forgotten_failures": count}, text)


def _clear(api: Api, args: argparse.Namespace) -> int:
    waiting = api.call("GET", ("jobs", "jobs"), {"per_page": 1})["pagination"]["total"]
    what = f"This drops {plural(waiting, 'waiting job')} (files and entries) of {api.name}"
    confirm(f"{what}; nothing of it is applied, but what a worker holds may still finish.", args.yes)
    api.delete("jobs", state="queued")
    return _say(args, {"dropped_jobs": waiting}, f"{plural(waiting, 'waiting job')} dropped.")


def _say(args: argparse.Namespace, answer: dict[str, object], text: str) -> int:
    if args.json:
        show_json(answer)
    else:
        print(text)
    return 0
