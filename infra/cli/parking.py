"""`lightrail dead-letters` and `lightrail parked`: what the queues gave up, and what nobody could read."""

import argparse
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from chalicelib.articles.intake import UnreadableNotice, read_notice
from chalicelib.articles.work import Drain, UnreadableMessage, group_of, read_message
from chalicelib.errors import LightrailError, Unavailable
from chalicelib.ledger.states import packing_of
from chalicelib.ports.queue import Message
from infra.cli.console import CommandFailed
from infra.cli.deployed import Deployment, Open, add_command, open_deployment
from infra.cli.output import confirm, moment, plural, show_json, show_table

if TYPE_CHECKING:
    from chalicelib.joined import Joined
    from infra.cli.queue_desk import Parked

_LIMIT = 100
_BODY_SHOWN = 80

CONSUMED_AS = {
    "delta-notices-dead": "announces a file of the bucket that nobody accepted; its consumer accepts it",
    "delta-file-dead": "a wake-up of the file worker; its consumer drops it, the sweep wakes again",
    "delta-article-dead": "entries and retries; its consumer records each entry's outcome",
    "maintenance-dead": "a wake-up of long work; its consumer drops it, the sweep wakes again",
    "record-jobs-dead": "a wake-up of a job's run; its consumer drops it, the tick wakes again",
    "parking": "what the consumer could not read; it stays until a person decides (`lightrail parked`)",
}
"""What a message in each of these queues is, and what becomes of it."""


class NotSent(Exception):
    """A parked message cannot go back to its queue; the text says why."""


def register(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]", opened: Open = open_deployment
) -> None:
    """Add `dead-letters` and `parked`."""
    add_command(subparsers, "dead-letters", "show how deep the dead-letter queues are", _dead_letters, opened)
    parser = add_command(
        subparsers,
        "parked",
        "show the messages that nobody could read; send back or remove them",
        _parked,
        opened,
    )
    parser.add_argument(
        "ids", nargs="*", metavar="ID", help="only these messages (the start of an id is enough)"
    )
    parser.add_argument(
        "--limit", type=int, default=_LIMIT, metavar="N", help=f"look at up to N messages (default {_LIMIT})"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--send-again", action="store_true", help="send them back to the queue they came from")
    what.add_argument("--remove", action="store_true", help="remove them for good")
    parser.add_argument("--yes", action="store_true", help="do not ask before removing")


def _dead_letters(deployment: Deployment, args: argparse.Namespace) -> int:
    depths = [depth for depth in deployment.queues.depths() if depth.kind != "work"]
    if args.json:
        show_json(
            {
                "queues": [
                    {
                        "queue": d.name,
                        "waiting": d.waiting,
                        "in_hand": d.in_hand,
                        "holds": CONSUMED_AS[d.name],
                    }
                    for d in depths
                ]
            }
        )
        return 0
    rows = [[depth.name, depth.waiting, depth.in_hand, CONSUMED_AS[depth.name]] for depth in depths]
    show_table("Dead letters", ["queue", "waiting", "in a consumer's hands", "holds"], rows)
    if any(depth.waiting for depth in depths if depth.kind == "dead letters"):
        print(
            "Their consumer empties these queues within seconds: if this stays, look at its log and alarms."
        )
    print("What they became is on record: `lightrail failures --cause dead-letter`.")
    return 0


def _parked(deployment: Deployment, args: argparse.Namespace) -> int:
    seen = deployment.queues.parked(max(args.limit, 1))
    gone: set[str] = set()
    try:
        chosen = _choose(seen, args.ids)
        if args.send_again:
            return _send_all(deployment, chosen, gone, args.json)
        if args.remove:
            return _remove_all(deployment, chosen, gone, args)
        _show(deployment, chosen, args)
        return 0
    finally:
        _release(deployment, (parked for parked in seen if parked.id not in gone))


def _choose(seen: "Sequence[Parked]", ids: Sequence[str]) -> "list[Parked]":
    unknown = [wanted for wanted in ids if not any(parked.id.startswith(wanted) for parked in seen)]
    if unknown:
        raise CommandFailed(
            f"no parked message has the id {', '.join(unknown)}; `lightrail parked` lists them"
        )
    return [parked for parked in seen if not ids or parked.id.startswith(tuple(ids))]


def _release(deployment: Deployment, rest: "Iterable[Parked]") -> None:
    for parked in rest:
        try:
            deployment.queues.release(parked)
        except Unavailable:
            return  # it comes back by itself when its time is over


def _show(deployment: Deployment, chosen: "Sequence[Parked]", args: argparse.Namespace) -> None:
    if args.json:
        show_json(
            {
                "messages": [
                    {
                        "id": parked.id,
                        "parked_at": moment(parked.parked_at),
                        "source": parked.source,
                        "why": parked.why,
                        "body": parked.body,
                    }
                    for parked in chosen
                ]
            }
        )
    elif not chosen:
        print(f"Nothing is parked on {deployment.name}.")
    else:
        rows = [
            [parked.id[:8], moment(parked.parked_at), parked.source, parked.why, _short(parked.body)]
            for parked in chosen
        ]
        show_table("Parked messages, oldest first", ["id", "parked at", "from", "why", "body"], rows)
        print(
            "`lightrail parked --send-again [ID…]` sends them back once the deployed version can read them, "
            "`--remove` removes them, `--json` shows whole bodies."
        )


def _short(body: str) -> str:
    return body if len(body) <= _BODY_SHOWN else f"{body[:_BODY_SHOWN]}…"


def _send_all(deployment: Deployment, chosen: "Sequence[Parked]", gone: set[str], as_json: bool) -> int:
    stays: list[dict[str, str]] = []
    for parked in chosen:
        try:
            _send_back(deployment, parked)
        except (NotSent, LightrailError) as error:
            stays.append({"id": parked.id, "why": str(error)})
            continue
        deployment.queues.remove(parked)
        gone.add(parked.id)
    if as_json:
        show_json({"sent": sorted(gone), "stays": stays})
    else:
        print(f"{plural(len(gone), 'message')} sent back.")
        for kept in stays:
            print(f"{kept['id'][:8]} stays parked: {kept['why']}")
    return 1 if stays else 0


def _send_back(deployment: Deployment, parked: "Parked") -> None:
    """Sends a message to the work queue that it once came from; one that cannot be read now either stays."""
    if parked.source.startswith("delta-article"):
        services = deployment.services
        message = Message(parked.body, _group(services, parked.body), f"parked-{parked.id}"[:128])
        if not all(services.article_queue.send([message])):
            raise NotSent("the queue did not take it; try again")
    elif parked.source.startswith("delta-notices"):
        try:
            read_notice(parked.body)
        except UnreadableNotice as error:
            raise NotSent("it is no notice of the bucket; remove it") from error
        deployment.queues.send_notice(parked.body)
    else:
        raise NotSent(f"its queue ({parked.source or 'not named'}) is not one of this deployment; remove it")


def _group(services: "Joined", body: str) -> str:
    try:
        content = read_message(body, services.snapshots.entry_at)
    except UnreadableMessage as error:
        raise NotSent("this version cannot read it; deploy the one that wrote it, or remove it") from error
    if not isinstance(content, Drain) and not content:
        raise NotSent("it holds no entry; remove it")
    key = content.key if isinstance(content, Drain) else content[0].key
    return group_of(key, packing_of(services.ledger.control()))


def _remove_all(
    deployment: Deployment, chosen: "Sequence[Parked]", gone: set[str], args: argparse.Namespace
) -> int:
    if chosen:
        confirm(
            f"This removes {plural(len(chosen), 'parked message')} from {deployment.name} for good.", args.yes
        )
    for parked in chosen:
        deployment.queues.remove(parked)
        gone.add(parked.id)
    if args.json:
        show_json({"removed": sorted(gone)})
    else:
        print(f"{plural(len(gone), 'message')} removed.")
    return 0
