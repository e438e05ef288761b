"""`lightrail retry`, `lightrail flush`, `lightrail clear`: the commands over failed and waiting work."""

import argparse

from chalicelib.articles.document import article_number
from chalicelib.ledger.states import scope_of
from infra.cli.console import CommandFailed
from infra.cli.deployed import Deployment, Open, add_command, open_deployment
from infra.cli.failures import groups
from infra.cli.file_views import resolve
from infra.cli.output import confirm, plural, printable, show_json
from infra.cli.why import find_holders


def register(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]", opened: Open = open_deployment
) -> None:
    """Add `retry`, `flush` and `clear`."""
    retry = add_command(
        subparsers,
        "retry",
        "run failed and blocked entries again, oldest first (default: all)",
        _retry,
        opened,
    )
    which = retry.add_mutually_exclusive_group()
    which.add_argument("--article", metavar="N", help="those of one article")
    which.add_argument("--file", metavar="NAME", help="those of the articles that failed in a file")
    which.add_argument(
        "--id", nargs="+", metavar="ID", dest="ids", help="those of the articles of these jobs"
    )

    flush = add_command(
        subparsers, "flush", "forget failed and blocked entries and let newer ones through", _flush, opened
    )
    clear = add_command(subparsers, "clear", "drop all work that waits", _clear, opened)
    for parser in (flush, clear):
        parser.add_argument("--yes", action="store_true", help="do not ask")


def _retry(deployment: Deployment, args: argparse.Namespace) -> int:
    services = deployment.services
    article = None if args.article is None else article_number(args.article, "article")
    control = services.ledger.control()
    if article is not None and not find_holders(services, article, control)[0]:
        raise CommandFailed(f"nothing holds article {printable(article)} back, so there is nothing to retry")
    file = None if args.file is None else resolve(services.ledger, args.file).name
    if not services.ledger.failures(control.epoch, None, 1) and not (article or file or args.ids):
        return _say(args, {"ticket": None}, f"There are no failures on {deployment.name}; nothing to retry.")
    receipt = services.commands.retry(ids=args.ids, file=file, article=article)
    text = f"Retry {receipt.ticket} is on its way; `lightrail failures` shows what fails again."
    if scope_of(control) == "global" and (article or file or args.ids):
        text += " Under block scope `global` it runs everything that failed or is blocked."
    return _say(args, {"ticket": receipt.ticket}, text)


def _flush(deployment: Deployment, args: argparse.Namespace) -> int:
    count = sum(group.count for group in groups(deployment.services.ledger, None, 0))
    what = f"This forgets {plural(count, 'failure')} of {deployment.name} and all that is blocked behind"
    confirm(f"{what}; nothing of it is run again.", args.yes)
    deployment.services.commands.flush()
    text = f"{plural(count, 'failure')} and what was blocked behind are forgotten; newer entries go through."
    return _say(args, {"forgotten_failures": count}, text)


def _clear(deployment: Deployment, args: argparse.Namespace) -> int:
    waiting = deployment.services.listing.waiting(1, 1).total
    what = f"This drops {plural(waiting, 'waiting job')} (files and entries) of {deployment.name}"
    confirm(f"{what}; nothing of it is applied, but what a worker holds may still finish.", args.yes)
    deployment.services.commands.clear()
    return _say(args, {"dropped_jobs": waiting}, f"{plural(waiting, 'waiting job')} dropped.")


def _say(args: argparse.Namespace, answer: dict[str, object], text: str) -> int:
    if args.json:
        show_json(answer)
    else:
        print(text)
    return 0
