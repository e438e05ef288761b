"""`lightrail why ARTICLE`: what holds an article back, what stands behind it, and what to do."""

import argparse
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.articles.applying import ATTEMPTS
from chalicelib.articles.document import article_number
from chalicelib.articles.work import EVERYTHING
from chalicelib.ledger.states import BLOCKED, FAILED, RETRYING, as_read
from chalicelib.ports.article_store import Entry
from chalicelib.ports.ledger_records import Control, Gate, page_id
from infra.cli.causes import explain
from infra.cli.deployed import Deployment, Open, add_command, open_deployment
from infra.cli.output import moment, plural, printable, show_json

if TYPE_CHECKING:
    from chalicelib.joined import Joined

_READ = 200
_COUNTED = 10_000
"""Entries behind a gate are counted up to here: each hundred costs two reads."""

_SHOWN = 5
_OPEN = frozenset((FAILED, BLOCKED, RETRYING))


@dataclass(frozen=True)
class EntryView:
    """An entry as a person finds it: `position` counts from 1 in the file."""

    id: str
    file: str
    file_number: int
    position: int
    article: str | None
    operation: str = ""
    file_accepted: str = ""


@dataclass(frozen=True)
class Holder:
    """A gate that holds the article back.

    kind: `failure`, `attempt` (its owner runs once more after its worker died), `retry` (a retry runs). scope: what it
    holds. epoch: how many flushes had been made when it failed. behind: entries that stand behind it (`behind_more`:
    at least so many), `behind_of_article` of them of this article; `first_behind`: the first of them.
    """

    kind: str
    scope: str
    owner: EntryView
    cause: str
    errors: tuple[str, ...]
    epoch: int
    tries: int
    retry: str
    behind: int
    behind_more: bool
    behind_of_article: int
    first_behind: tuple[EntryView, ...]


def register(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]", opened: Open = open_deployment
) -> None:
    """Add `why`."""
    parser = add_command(subparsers, "why", "explain what holds an article back", _why, opened)
    parser.add_argument("article", metavar="ARTICLE", help="the number of an article")


def _why(deployment: Deployment, args: argparse.Namespace) -> int:
    services = deployment.services
    number = article_number(args.article, "article")
    control = services.ledger.control()
    holders, flushed = find_holders(services, number, control)
    if args.json:
        found = [{**asdict(holder), "advice": _advice(holder, number)} for holder in holders]
        show_json({"article": number, "blocked": bool(holders), "holders": found})
    elif holders:
        for holder in holders:
            print("\n".join(_lines(holder, number)))
    else:
        print("\n".join(_free(number, flushed, control)))
    return 0


def find_holders(services: "Joined", number: str, control: Control) -> tuple[list[Holder], bool]:
    """Return the gates that hold an article back, and whether an earlier failure of it was flushed.

    Raises `Unavailable`.
    """
    gates = services.ledger.gates([number, EVERYTHING])
    valid = [gate for gate in gates.values() if gate.valid(control.epoch)]
    return [_holder(services, gate, number, control) for gate in valid], len(valid) < len(gates)


def _holder(services: "Joined", gate: Gate, number: str, control: Control) -> Holder:
    behind = _Behind(services, gate, number, control)
    behind.count()
    return Holder(
        kind=gate.kind,
        scope="everything" if gate.key == EVERYTHING else "article",
        owner=_entry(services, gate.owner, gate.number),
        cause=gate.cause,
        errors=gate.errors,
        epoch=gate.epoch,
        tries=gate.tries,
        retry=_retry(services, gate, control),
        behind=behind.total,
        behind_more=behind.more,
        behind_of_article=behind.of_article,
        first_behind=tuple(_entry(services, entry, name) for entry, name in behind.first),
    )


class _Behind:
    """Counts what stands behind a gate and is not finished."""

    def __init__(self, services: "Joined", gate: Gate, number: str, control: Control) -> None:
        self._ledger, self._gate, self._number, self._control = services.ledger, gate, number, control
        self.total = self.of_article = 0
        self.more = False
        self.first: list[tuple[Entry, str | None]] = []

    def count(self) -> None:
        """Read the index of blocked entries; their pages decide."""
        after: Entry | None = None
        while found := self._ledger.blocked(self._gate.key, after, _READ):
            pages = self._ledger.pages({page_id(item.entry) for item in found})
            for item in found:
                page = pages.get(page_id(item.entry))
                if page is None or item.entry == self._gate.owner:
                    continue
                if as_read(page.state(item.entry), page.n, page.epoch, self._control) in _OPEN:
                    self._take(item.entry, item.number)
            after = found[-1].entry
            if self.total >= _COUNTED:
                self.more = True
                return

    def _take(self, entry: Entry, number: str | None) -> None:
        self.total += 1
        self.of_article += number == self._number
        if len(self.first) < _SHOWN:
            self.first.append((entry, number))


def _entry(services: "Joined", entry: Entry, number: str | None) -> EntryView:
    found = services.ledger.file(entry.n)
    page = services.ledger.pages([page_id(entry)]).get(page_id(entry))
    delta = None if page is None else services.snapshots.entry_or_none(page, entry)
    name = found[0].name if found else "a file that is not on record any more"
    seen = EntryView(f"{entry.n}-{entry.pos}", name, entry.n, entry.pos + 1, number)
    accepted = moment(found[0].accepted_at) if found else ""
    return replace(seen, operation=delta.raw_operation if delta else "", file_accepted=accepted)


def _retry(services: "Joined", gate: Gate, control: Control) -> str:
    """Where a retry of this gate is; empty if nobody asked for one."""
    if not gate.ticket:
        return ""
    if gate.kind == "retry":
        return f"retry {gate.ticket} is running"
    if gate.ticket <= control.cleared_to:
        return f"retry {gate.ticket} was dropped by a clear before it began; retry again"
    asked = services.ledger.retry(gate.ticket)
    when = f", asked for at {moment(asked.asked_at)}" if asked else ""
    return f"retry {gate.ticket} is on its way{when}"


def _lines(holder: Holder, number: str) -> list[str]:
    owner = holder.owner
    what = _heading(holder, number)
    lines = [
        what,
        f"  entry:   {owner.position} of file {owner.file_number} ({printable(owner.file)}), "
        f"job {owner.id}, {printable(owner.operation) or 'operation not readable any more'}",
    ]
    if owner.file_accepted:
        lines.append(f"  since:   its file was accepted at {owner.file_accepted}, {_since(holder.epoch)}")
    if holder.errors:
        lines += [f"  error:   {printable(error)}" for error in holder.errors]
    if holder.cause:
        lines.append(f"  cause:   {printable(holder.cause)}: {explain(holder.cause).means}")
    lines += [f"  behind:  {text}" for text in _behind_lines(holder, number)]
    if holder.retry:
        lines.append(f"  retry:   {holder.retry}")
    return [*lines, f"  do:      {_advice(holder, number)}"]


def _heading(holder: Holder, number: str) -> str:
    held = f"Article {printable(number)}"
    if holder.scope == "everything":
        whose = printable(holder.owner.article or "without a readable number")
        held += f", like every article that was sent under block scope `global`, (failure of article {whose})"
    if holder.kind == "attempt":
        return f"{held} waits: its entry ended its worker and is being run again (run {holder.tries} of {ATTEMPTS})."
    if holder.kind == "retry":
        return f"{held} is being retried; newer entries stand behind the retry."
    return f"{held} is blocked by a failure."


def _since(epoch: int) -> str:
    return f"after flush {epoch}" if epoch else "before any flush"


def _behind_lines(holder: Holder, number: str) -> list[str]:
    if not holder.behind:
        return ["nothing stands behind it yet"]
    least = "at least " if holder.behind_more else ""
    verb = "stands" if holder.behind == 1 else "stand"
    told = f"{least}{plural(holder.behind, 'entry', 'entries')} {verb} behind it"
    if holder.scope == "everything":
        told += f", {holder.behind_of_article} of article {printable(number)}"
    lines = [f"{told}; the first:"]
    for entry in holder.first_behind:
        whose = (
            f", article {printable(entry.article)}" if entry.article and holder.scope == "everything" else ""
        )
        lines.append(f"  {entry.position} of file {entry.file_number} ({printable(entry.file)}){whose}")
    return lines


def _advice(holder: Holder, number: str) -> str:
    if holder.kind == "attempt":
        return f"nothing: after {ATTEMPTS} runs it is recorded as a failure. Look at the log of the apply function."
    if holder.kind == "retry" or holder.retry.endswith("running"):
        return "nothing: the retry ends by itself; `lightrail status` shows the queues."
    target = "" if holder.scope == "everything" else f" --article {printable(number)}"
    return (
        f"{explain(holder.cause).advice} `lightrail retry{target}` runs it and what stands behind it; "
        "a flush forgets the failures of all articles."
    )


def _free(number: str, flushed: bool, control: Control) -> list[str]:
    lines = [f"Nothing holds article {printable(number)} back."]
    if flushed:
        lines.append(
            "An earlier failure of it was flushed; what failed or was blocked then is not run again."
        )
    if control.sent_to < control.seq:
        lines.append("There are files that are not sent yet; `lightrail status` shows what they wait for.")
    return lines
