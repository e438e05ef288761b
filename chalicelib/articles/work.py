"""What travels through the article queue: entries to apply, and drains that run what stands behind a gate.

Body of a message, JSON: `{"v": 1, "n": file, "scope": …, "entries": [[pos, operation, number, changes, faults], …]}`;
an entry too large for a message is `[pos, start, end]`, its byte range in the snapshot.
A drain: `{"v": 1, "drain": {"key", "ticket", "step", "again", "run"}}`, its fields those of `Drain`.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from chalicelib.articles.delta_format import DeltaEntry
from chalicelib.ports.article_store import Entry
from chalicelib.ports.blobs import BlobNotFound
from chalicelib.ports.ledger_records import Scope
from chalicelib.ports.queue import Message

EVERYTHING = "/*"
"""Key of the one gate under global scope; no article number holds a slash."""

ENTRY_BYTES = 8 * 1024
"""Larger entries travel as a byte range: 25 of this size fit into a message of 256 KiB."""

LANES = 8
"""Message groups when entries are packed. A receiver gets ten messages of one group while that many wait, which are
neighbours in their lane: at 25 entries each they touch about 2.5 pages a lane, and every page is a write."""

GONE = "The snapshot of its file is gone, so the entry cannot be run; send the file again."
"""The fault of an entry whose bytes are no longer there: the bucket keeps snapshots for a year."""

_ESCAPED = 3
"""A character of two bytes or more takes at most three times as many when it is escaped."""

_to_json = json.JSONEncoder(separators=(",", ":")).encode


class UnreadableMessage(Exception):
    """A body that this version does not understand."""


@dataclass(frozen=True)
class Work:
    """One entry of a delta file, ready to be applied. `faults`: why it fails in its turn; `number` None: unreadable."""

    entry: Entry
    operation: str
    number: str | None
    changes: Mapping[str, str | None] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    scope: Scope = "article"

    @cached_property
    def key(self) -> str:
        """The gate that this entry stands behind and closes when it fails."""
        return gate_key(self.scope, self.number, self.entry)


@dataclass(frozen=True)
class Drain:
    """Run what stands behind a gate. `again`: it was dead-lettered once.

    run: a name of its own for each handing out; the queue drops a second message with the same run and step.
    """

    key: str
    ticket: int
    step: int = 0
    again: bool = False
    run: str = ""


def gate_key(scope: Scope, number: str | None, entry: Entry) -> str:
    """The article number; `/*` under global scope; a key of its own for an entry whose number cannot be read."""
    if scope == "global":
        return EVERYTHING
    return number if number is not None else f"/{entry.n}/{entry.pos}"


def work_of(delta: DeltaEntry, n: int, scope: Scope) -> Work:
    """An entry as it was read from the snapshot."""
    return Work(Entry(n, delta.pos), delta.operation, delta.number, delta.changes, delta.faults, scope)


def group_of(key: str, packing: int) -> str:
    """The message group of a gate key: its digest, or with packing its lane."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"lane-{int(digest[:8], 16) % LANES}" if packing > 1 else digest


def entries_message(n: int, scope: Scope, deltas: Sequence[DeltaEntry], group: str) -> Message:
    """One message for neighbouring entries of a group."""
    body = {"v": 1, "n": n, "scope": scope, "entries": [_carried(delta) for delta in deltas]}
    first, last = deltas[0].pos, deltas[-1].pos
    name = f"{n}.{first}" if first == last else f"{n}.{first}-{last}"
    # escaped to ASCII: SQS refuses some characters that a value may hold (U+FFFE, U+FFFF, lone surrogates)
    return Message(_to_json(body), group, name)


def drain_message(drain: Drain, packing: int) -> Message:
    """The message of a drain, in the group of its gate."""
    body = {
        "v": 1,
        "drain": {
            "key": drain.key,
            "ticket": drain.ticket,
            "step": drain.step,
            "again": drain.again,
            "run": drain.run,
        },
    }
    name = f"drain.{drain.ticket}.{drain.step}.{int(drain.again)}.{drain.run}.{group_of(drain.key, 1)[:32]}"
    return Message(json.dumps(body), group_of(drain.key, packing), name)


ReadRange = Callable[[int, int, int, int], DeltaEntry]
"""Reads an entry from a snapshot: file number, position, start, end."""


def read_message(body: str, read_range: ReadRange) -> list[Work] | Drain:
    """The content of a message. Raises `UnreadableMessage`; what `read_range` raises goes through."""
    try:
        data = json.loads(body)
        if data["v"] != 1:
            raise UnreadableMessage(f"version {data['v']}")
        if "drain" in data:
            drain = data["drain"]
            return Drain(
                str(drain["key"]),
                int(drain["ticket"]),
                int(drain["step"]),
                bool(drain["again"]),
                str(drain.get("run", "")),
            )
        n, scope = int(data["n"]), data["scope"]
        carried = [list(item) for item in data["entries"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnreadableMessage(type(error).__name__) from error
    return [_read_entry(n, scope, item, read_range) for item in carried]


def _carried(delta: DeltaEntry) -> list[object]:
    entry: list[object] = [delta.pos, delta.operation, delta.number, delta.changes, list(delta.faults)]
    size = delta.end - delta.start
    if size * _ESCAPED <= ENTRY_BYTES // 2 and not delta.faults:  # nearly all: known to be small at once
        return entry
    if size <= ENTRY_BYTES and len(_to_json(entry)) <= ENTRY_BYTES:
        return entry
    return [delta.pos, delta.start, delta.end]


def _read_entry(n: int, scope: Scope, item: list[object], read_range: ReadRange) -> Work:
    try:
        if len(item) == 3:
            pos, start, end = (int(str(part)) for part in item)
            try:
                return work_of(read_range(n, pos, start, end), n, scope)
            except BlobNotFound:
                return Work(Entry(n, pos), "", None, {}, (GONE,), scope)
        place, operation, number, changes, faults = item
        if not isinstance(changes, dict) or not isinstance(faults, list):
            raise UnreadableMessage("entry")
        name = None if number is None else str(number)
        return Work(Entry(n, int(str(place))), str(operation), name, changes, tuple(map(str, faults)), scope)
    except (ValueError, TypeError) as error:
        raise UnreadableMessage(type(error).__name__) from error
