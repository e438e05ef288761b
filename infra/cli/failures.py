"""`lightrail failures`: all failures grouped by cause, each cause explained."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.ports.article_store import Entry
from chalicelib.ports.ledger_records import File, Gate
from infra.cli.causes import CAUSES, explain
from infra.cli.deployed import Deployment, Open, add_command, open_deployment
from infra.cli.output import plural, show_json, show_table

if TYPE_CHECKING:
    from chalicelib.ports.ledger import Ledger

_READ = 200


@dataclass
class Group:
    """The failures of one cause: how many, and the oldest of them."""

    cause: str
    count: int = 0
    oldest: list[Gate | File] = field(default_factory=list)


def register(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]", opened: Open = open_deployment
) -> None:
    """Add `failures`."""
    parser = add_command(subparsers, "failures", "list and explain failures by cause", _failures, opened)
    parser.add_argument("--cause", choices=list(CAUSES), help="only failures of this cause")
    parser.add_argument(
        "--examples", type=int, default=5, metavar="N", help="show the N oldest of each cause"
    )


def groups(ledger: "Ledger", cause: str | None, examples: int) -> list[Group]:
    """Return the failures that were neither flushed nor retried, by cause, the most frequent first.

    The index that it reads follows within about a second. Raises `Unavailable`.
    """
    found: dict[str, Group] = {}
    for failure in _all(ledger):
        if cause in (None, failure.cause):
            group = found.setdefault(failure.cause, Group(failure.cause))
            group.count += 1
            if len(group.oldest) < examples:
                group.oldest.append(failure)
    return sorted(found.values(), key=lambda group: -group.count)


def _all(ledger: "Ledger") -> Iterator[Gate | File]:
    epoch = ledger.control().epoch
    after: Entry | None = None
    while found := ledger.failures(epoch, after, _READ):
        yield from found
        last = found[-1]
        after = last.owner if isinstance(last, Gate) else Entry(last.n, -1)


def _failures(deployment: Deployment, args: argparse.Namespace) -> int:
    ledger = deployment.services.ledger
    found = groups(ledger, args.cause, max(args.examples, 0))
    if args.json:
        show_json({"failures": [_as_json(ledger, group) for group in found]})
        return 0
    if not found:
        of_cause = f" of cause {args.cause}" if args.cause else ""
        print(f"There are no failures{of_cause} on {deployment.name}.")
        return 0
    for group in found:
        cause = explain(group.cause)
        print(f"{cause.word}: {plural(group.count, 'failure')}")
        print(f"  {cause.means}\n  What to do: {cause.advice}")
        rows = [_row(ledger, failure) for failure in group.oldest]
        if rows:
            title = "The oldest" if group.count > len(rows) else "All of them"
            show_table(title, ["job", "article", "file", "why", "retry"], rows)
        print()
    print(
        "`lightrail why ARTICLE` shows what stands behind a failure; `lightrail retry` runs all of them again."
    )
    return 0


def _row(ledger: "Ledger", failure: Gate | File) -> list[object]:
    seen = _example(ledger, failure)
    errors = "; ".join(failure.errors)
    return [seen["id"], seen["article"] or "", seen["file"], errors, "on its way" if seen["retry"] else ""]


def _example(ledger: "Ledger", failure: Gate | File) -> dict[str, object]:
    errors = list(failure.errors)
    if isinstance(failure, File):
        return {"id": str(failure.n), "article": None, "file": failure.name, "errors": errors, "retry": False}
    owner, found = failure.owner, ledger.file(failure.owner.n)
    return {
        "id": f"{owner.n}-{owner.pos}",
        "article": failure.number,
        "file": found[0].name if found else "",
        "errors": errors,
        "retry": failure.ticket > ledger.control().cleared_to,
    }


def _as_json(ledger: "Ledger", group: Group) -> dict[str, object]:
    cause = explain(group.cause)
    return {
        "cause": group.cause,
        "count": group.count,
        "means": cause.means,
        "advice": cause.advice,
        "oldest": [_example(ledger, failure) for failure in group.oldest],
    }
