"""`lightrail status`: queues, files in progress, and files that wait and what for."""

import argparse
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING

from chalicelib.ledger.states import lanes
from infra.cli.deployed import Deployment, Open, add_command, open_deployment
from infra.cli.file_views import FileView, unfinished
from infra.cli.holds import Hold, find_hold
from infra.cli.output import moment, plural, printable, show_json, show_table
from infra.cli.watching import show_files

if TYPE_CHECKING:
    from chalicelib.ports.ledger_records import Control, Retry
    from infra.cli.queue_desk import Depth

_SHOWN = 20
_RETRIES = 20


@dataclass(frozen=True)
class Situation:
    """All that is going on. open_files: unfinished files, the first ones; more_files: how many stand behind these."""

    control: "Control"
    depths: Sequence["Depth"]
    open_files: Sequence[FileView]
    more_files: int
    hold: Hold | None
    retries: Sequence["Retry"]
    spread: str


def register(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]", opened: Open = open_deployment
) -> None:
    """Add `status`."""
    add_command(
        subparsers, "status", "show queues, files in progress, and what waits for what", _status, opened
    )


def look(deployment: Deployment) -> Situation:
    """Return the situation of a deployment. Raises `Unavailable`."""
    services = deployment.services
    control = services.ledger.control()
    depths = deployment.queues.depths()
    found = (file for file in unfinished(services.ledger) if not file.is_finished(control))
    shown = list(islice(found, _SHOWN))
    return Situation(
        control,
        depths,
        shown,
        sum(1 for _ in found),
        find_hold(services),
        services.ledger.retries(_RETRIES),
        lanes(services.settings.delta_block_scope, services.settings.entries_per_message),
    )


def _status(deployment: Deployment, args: argparse.Namespace) -> int:
    situation = look(deployment)
    if args.json:
        show_json(_as_json(situation))
        return 0
    rows = [[depth.name, depth.waiting, depth.in_hand] for depth in situation.depths]
    show_table(f"Queues of {deployment.name} (about)", ["queue", "waiting", "in a worker's hands"], rows)
    if situation.open_files:
        show_files("Files that are not finished, oldest first", situation.open_files)
    else:
        print("Every file is finished.")
    if situation.more_files:
        print(f"and {plural(situation.more_files, 'more file')}; `lightrail files --open`")
    for line in [*_waits(situation), *_retries(situation), *_commands(situation.control)]:
        print(printable(line))
    return 0


def _waits(situation: Situation) -> list[str]:
    """What each unfinished file waits for, in words."""
    if situation.hold:
        return situation.hold.lines()
    lines = [line for found in situation.open_files if (line := _wait(found, situation))]
    return list(dict.fromkeys(lines))


def _wait(found: FileView, situation: Situation) -> str:
    first = situation.control.sent_to + 1
    counts, name = found.progress.counts, f"File {found.n}"
    if found.file.stage == "faulted":
        return f"{name} failed as a whole: {'; '.join(found.progress.errors)} (`lightrail failures`)"
    if found.progress.state == "cleared":
        return f"{name} was cleared; the file worker has yet to mark it."
    if found.n > first and found.file.stage == "queued":
        return f"{name} waits for its turn: files are sent one after the other."
    if found.file.stage in ("queued", "indexing", "sending"):
        tries = f", begun {plural(found.file.tries, 'time')} without progress" if found.file.tries > 1 else ""
        return f"{name} is in the file worker's hands ({found.file.stage}{tries})."
    if any(counts.get(state) for state in ("queued", "retrying")):
        what = plural(found.progress.waiting, "entry is", "entries are")
        return f"{name}: {what} in the article queue."
    return f"{name} is held by failures: `lightrail failures`, then `lightrail retry` or `lightrail flush`."


def _retries(situation: Situation) -> list[str]:
    return [
        f"Retry {retry.ticket} (asked for at {moment(retry.asked_at)}) is being handed out."
        for retry in situation.retries
    ]


def _commands(control: "Control") -> list[str]:
    if control.flushed_to < control.epoch:
        return ["A flush is taking away the gates of earlier failures; they hold nothing back any more."]
    return []


def _as_json(situation: Situation) -> dict[str, object]:
    control = situation.control
    return {
        "queues": [asdict(depth) for depth in situation.depths],
        "accepted_to": control.seq,
        "sent_to": control.sent_to,
        "finished_to": control.settled_to,
        "cleared_to": control.cleared_to,
        "cancelled": list(control.cancelled),
        "flushes": control.epoch,
        "sent_with": control.lanes,
        "deployed_with": situation.spread,
        "open_files": [found.as_json() for found in situation.open_files],
        "more_files": situation.more_files,
        "waits": _waits(situation),
        "held_file": situation.hold.file.n if situation.hold else None,
        "retries": [retry.ticket for retry in situation.retries],
    }
