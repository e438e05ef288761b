"""The ledger in memory: atomic, every condition checked, and what DynamoDB would charge counted."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from math import ceil
from threading import RLock
from typing import TypeVar

from chalicelib.adapters.dynamodb_ledger_items import Item, item_of, size
from chalicelib.ledger.states import MOVES
from chalicelib.ports.article_store import Entry
from chalicelib.ports.ledger import CHANGES_PER_COMMIT, Change, Conflict, Count, Delete, EpochIs, Move, Put
from chalicelib.ports.ledger_records import (
    Announcement,
    Blocked,
    Control,
    Extract,
    ExtractKind,
    File,
    Gate,
    Page,
    Record,
    Request,
    Retry,
    Tally,
    Upload,
    next_version,
)

WRITE_UNIT, READ_UNIT = 1024, 4096  # bytes
INDEX = frozenset({"failures_pk", "failures_sk"})
Key = tuple[object, ...]
_KEYS: dict[type, tuple[str, ...]] = {
    Control: (),
    Request: ("first",),
    Announcement: ("key", "version_id"),
    Upload: ("id",),
    Extract: ("n", "kind"),
    File: ("n",),
    Tally: ("n",),
    Page: ("n", "p"),
    Gate: ("key",),
    Blocked: ("key", "entry"),
    Retry: ("ticket",),
}
R = TypeVar("R", bound=Record)


def key_of(record: Record) -> Key:
    """What tells a record from all others: its kind first, then what orders it within the kind."""
    values = (getattr(record, name) for name in _KEYS[type(record)])
    return type(record), *(Entry(*value) if isinstance(value, tuple) else value for value in values)


def target(change: Change) -> Key:
    """The key of the record that a change reads or writes."""
    match change:
        case Put(record) | Delete(record):
            return key_of(record)
        case Move(n=n, p=p):
            return Page, n, p
        case Count(n=n):
            return Tally, n
        case EpochIs():
            return (Control,)


class MemoryLedger:
    """The whole port; thread-safe. `units` counts what DynamoDB would charge: `writes` and `reads`."""

    def __init__(self) -> None:
        self.units: Counter[str] = Counter()
        self._records: defaultdict[object, dict[Key, Record]] = defaultdict(dict)  # by kind
        self._lock = RLock()

    def commit(self, *changes: Change) -> None:
        targets = [target(change) for change in changes]
        if not changes:
            return
        if len(changes) > CHANGES_PER_COMMIT:
            raise ValueError(f"{len(changes)} changes in one commit, at most {CHANGES_PER_COMMIT}")
        if len(set(targets)) < len(targets):
            raise ValueError("two changes of one commit touch the same record")
        with self._lock:
            stored = [self._records[key[0]].get(key) for key in targets]
            factor = 1 if len(changes) == 1 and isinstance(changes[0], Put | Move) else 2  # a transaction
            pairs = list(zip(changes, stored, strict=True))
            if lost := [i for i, (change, old) in enumerate(pairs) if not holds(change, old)]:
                self.units["writes"] += factor * sum(write_units(old, old) for old in stored)
                raise Conflict(lost)
            results = [after(change, old) for change, old in pairs]
            for key, old, new in zip(targets, stored, results, strict=True):
                self.units["writes"] += factor * write_units(old, new) + index_units(old, new)
                if new is None:
                    self._records[key[0]].pop(key, None)
                else:
                    self._records[key[0]][key] = new

    def move(self, move: Move) -> Page:
        with self._lock:
            self.commit(move)
            page = self._records[Page][Page, move.n, move.p]
            assert isinstance(page, Page)
            return page

    def create_pages(self, pages: Sequence[Page]) -> None:
        with self._lock:
            for page in pages:
                new = _stored(replace(page, version=0))
                self.units["writes"] += 2 * write_units(None, new)
                self._records[Page].setdefault(key_of(page), new)

    def control(self) -> Control:
        return self._get(Control, ()) or Control()

    def request_of(self, n: int) -> Request | None:
        return max(self.requests(0, n), key=lambda request: request.first, default=None)

    def requests(self, first: int, last: int) -> list[Request]:
        return self._listed(Request, (r for r in self._all(Request) if first <= r.first <= last))

    def announcement(self, key: str, version_id: str) -> Announcement | None:
        return self._get(Announcement, (key, version_id))

    def upload(self, id: str) -> Upload | None:
        return self._get(Upload, (id,))

    def extract(self, n: int, kind: ExtractKind) -> Extract | None:
        return self._get(Extract, (n, kind))

    def file(self, n: int) -> tuple[File, Tally] | None:
        return next(iter(self.files(n, n, 1)), None)

    def files(self, first: int, last: int, limit: int) -> list[tuple[File, Tally]]:
        with self._lock:
            found = self._listed(File, (f for f in self._all(File) if first <= f.n <= last), limit)
            tallies = [self._records[Tally].get((Tally, file.n)) for file in found]
            pairs = zip(found, tallies, strict=True)
            return [(file, tally if isinstance(tally, Tally) else Tally(file.n)) for file, tally in pairs]

    def pages(self, ids: Collection[tuple[int, int]]) -> dict[tuple[int, int], Page]:
        with self._lock:
            return {id: page for id in set(ids) if (page := self._get(Page, id))}

    def pages_of(self, n: int, first: int, limit: int) -> list[Page]:
        return self._listed(Page, (p for p in self._all(Page) if p.n == n and p.p >= first), limit)

    def gates(self, keys: Collection[str]) -> dict[str, Gate]:
        with self._lock:
            return {key: gate for key in set(keys) if (gate := self._get(Gate, (key,)))}

    def blocked(self, key: str, after: Entry | None, limit: int) -> list[Blocked]:
        behind = (b for b in self._all(Blocked) if b.key == key and (after is None or b.entry > after))
        return self._listed(Blocked, behind, limit)

    def failures(self, epoch: int, after: Entry | None, limit: int) -> list[Gate | File]:
        gates = (g for g in self._all(Gate) if g.kind == "failure")
        faulted = (f for f in self._all(File) if f.stage == "faulted" and f.epoch >= 0)
        found: list[tuple[Entry, Gate | File]] = [(g.owner, g) for g in gates if g.epoch == epoch]
        found += [(Entry(f.n, -1), f) for f in faulted if f.epoch == epoch]
        found.sort(key=lambda pair: pair[0])
        result = [record for at, record in found if after is None or at > after][:limit]
        self.units["reads"] += ceil(_read_units(result) / 2)  # an index is read at half the price
        return result

    def retries(self, limit: int) -> list[Retry]:
        return self._listed(Retry, (r for r in self._all(Retry) if not r.done), limit)

    def retry(self, ticket: int) -> Retry | None:
        return self._get(Retry, (ticket,))

    def records(self) -> list[Record]:
        """Everything stored, for a test to look at; costs nothing."""
        with self._lock:
            return [record for kind in self._records.values() for record in kind.values()]

    def _get(self, kind: type[R], rest: Key) -> R | None:
        with self._lock:
            record = self._records[kind].get((kind, *rest))
            self.units["reads"] += _read_units([record] if record else [])
            return record if isinstance(record, kind) else None

    def _all(self, kind: type[R]) -> Iterator[R]:
        with self._lock:
            return iter([record for record in self._records[kind].values() if isinstance(record, kind)])

    def _listed(self, kind: type[R], records: Iterable[R], limit: int | None = None) -> list[R]:
        found = sorted(records, key=lambda record: key_of(record)[1:])[:limit]
        self.units["reads"] += _read_units(found)
        return found


def holds(change: Change, old: Record | None) -> bool:
    """Whether a change finds what it expects in the record that is stored now."""
    match change:
        case Put(record) | Delete(record):
            return record.version == (old.version if old else 0)
        case Move(places=places, epoch=epoch):
            if not isinstance(old, Page) or (epoch is not None and old.epoch != epoch):
                return False
            return all(old.states[i : i + 1] == must for i, (must, _) in places.items())
        case Count(epoch=epoch):
            return isinstance(old, Tally) and old.epoch == epoch
        case EpochIs(epoch):
            return epoch == (old.epoch if isinstance(old, Control) else 0)


def after(change: Change, old: Record | None) -> Record | None:
    """The record after a change that holds; forbidden moves and negative counts are asserted bugs."""
    match change:
        case Put(record):
            if isinstance(record, Page) and isinstance(old, Page):
                _check_moves(zip(old.states, record.states, strict=True))
            return _stored(record)
        case Move(places=places) if isinstance(old, Page):
            _check_moves(places.values())
            return _stored(replace(old, states=old.with_states({i: to for i, (_, to) in places.items()})))
        case Count(delta=delta) if isinstance(old, Tally):
            counts = Counter(old.counts)
            counts.update(delta)
            assert min(counts.values(), default=0) >= 0, f"negative counts in tally {old.n}: {dict(counts)}"
            return _stored(replace(old, counts=counts))
        case EpochIs():
            return old
    return None


def write_units(old: Record | None, new: Record | None) -> int:
    """What DynamoDB charges for a write of the table: by the larger one of the two items."""
    largest = max((size(_item(record)) for record in (old, new) if record), default=0)
    return max(1, ceil(largest / WRITE_UNIT))


def index_units(old: Record | None, new: Record | None) -> int:
    """What the index `failures` adds: a write for each place in it that is left, taken or changed."""
    left, taken = _indexed(old), _indexed(new)
    if left and taken and all(left[name] == taken[name] for name in INDEX):
        return write_units(old, new)
    return sum(ceil(size(item) / WRITE_UNIT) for item in (left, taken) if item)


def _indexed(record: Record | None) -> Item | None:
    item = _item(record) if isinstance(record, Gate | File) else {}
    return item if item.keys() >= INDEX else None


def _item(record: Record) -> Item:
    return item_of(record, "w" * 12, 0.0)


def _read_units(records: Sequence[Record]) -> int:
    return max(1, ceil(sum(size(_item(record)) for record in records) / READ_UNIT))


def _check_moves(moves: Iterable[tuple[str, str]]) -> None:
    wrong = {(before, to) for before, to in moves if before != to} - MOVES
    assert not wrong, f"no entry may move so: {wrong}"


def stored(record: R) -> R:
    """The record under the version that it gets when it is stored."""
    return replace(record, version=next_version(record))


def _stored(record: Record) -> Record:
    """The record under its next version, with counts of its own that name no zeros."""
    version = next_version(record)
    match record:
        case Tally(counts=counts):
            return replace(record, counts=dict(+Counter(counts)), version=version)
        case Page(posted=posted) if posted is not None:
            return replace(record, posted=dict(+Counter(posted)), version=version)
    return replace(record, version=version)
