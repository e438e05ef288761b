"""The statement store in memory: reads by id at once, searches after a refresh, lost races, faults on demand."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.errors import Unavailable
from chalicelib.ports.statement_store import (
    Keys,
    Mark,
    Outcome,
    PageEnd,
    Rejected,
    Revision,
    StatementRecord,
    StatementSearch,
    Stored,
    Taken,
    Unsure,
)
from tests.doubles.article_store import Fault, no_faults
from tests.doubles.faults import Faulty, Killed

WRITES_OF_MANY = ("create", "update", "remove")
STATEMENT_PARTS = ("in part", "beaten", "refused", "late", "killed halfway")
"""What may go wrong, besides `FAULTS`, with a write of several statements: of each second one nothing is known, or it
is taken, or refused; all arrive only with `land_late`; half are written when the process ends."""

Document = tuple[str, str]


@dataclass
class MemoryStatementStore:
    """A `StatementStore` in memory.

    `plan` is asked before each read (its name and "") and before each document of a write (its id). `calls` counts
    the calls by name. `always_fresh`: a search sees each write at once, as it may when the engine just refreshed.
    """

    plan: Callable[[str, str], Fault | None] = no_faults
    calls: Counter[str] = field(default_factory=Counter)
    always_fresh: bool = False
    _stored: dict[Document, StatementRecord] = field(default_factory=dict)
    _refreshed: dict[Document, StatementRecord] = field(default_factory=dict)
    _marks: dict[Document, Mark] = field(default_factory=dict)
    _late: list[Callable[[], object]] = field(default_factory=list)
    _next_seq_no: int = 0

    def ensure_indexes(self) -> None:
        self._read("ensure_indexes")

    def create(self, records: Sequence[StatementRecord]) -> list[Outcome]:
        return self._write("create", self._create, records)

    def get_many(self, store: str, ids: Sequence[str]) -> dict[str, StatementRecord]:
        self._read("get_many")
        return {id_: self._stored[store, id_] for id_ in ids if (store, id_) in self._stored}

    def update(self, records: Sequence[StatementRecord]) -> list[Outcome]:
        return self._write("update", self._update, records)

    def remove(self, records: Sequence[StatementRecord]) -> list[Outcome]:
        return self._write("remove", self._remove, records)

    def refresh(self) -> None:
        self._read("refresh")
        self._refreshed = dict(self._stored)

    def search(self, search: StatementSearch) -> list[StatementRecord]:
        self._read("search")
        found = [record for record in self._searched(search.store) if _matches(search, record)]
        found.sort(key=lambda record: record.stored, reverse=not search.ascending)
        return [_brief(record) if search.brief else record for record in found[: search.limit]]

    def page_end(self, search: StatementSearch) -> PageEnd:
        self._read("page_end")
        found = [record.stored for record in self._searched(search.store) if _matches(search, record)]
        found.sort(reverse=not search.ascending)
        page = found[: search.limit]
        return PageEnd(len(page), page[-1] if len(page) == search.limit else None)

    def remove_found(self, search: StatementSearch) -> bool:
        self.calls["remove_found"] += 1
        found = [record for record in self._searched(search.store) if _matches(search, record)]
        outcomes = [
            self._try("remove_found", each.id, lambda each=each: self._remove_seen(each))  # type: ignore[misc]
            for each in found
        ]
        if not all(isinstance(outcome, (Stored, Taken)) for outcome in outcomes):
            raise Unavailable("The statement store", "planned")
        return not any(isinstance(outcome, Taken) for outcome in outcomes)

    def matches(self, search: StatementSearch) -> int:
        self._read("matches")
        return sum(_matches(search, record) for record in self._searched(search.store))

    def of_batch(self, store: str, batch: str, limit: int) -> list[StatementRecord]:
        self._read("of_batch")
        self._refreshed = dict(self._stored)
        return [record for record in self._searched(store) if record.batch == batch][:limit]

    def of_batches(self, store: str, batches: Sequence[str], limit: int) -> list[StatementRecord]:
        self._read("of_batches")
        self._refreshed = dict(self._stored)
        return [record for record in self._searched(store) if record.batch in batches][:limit]

    def referring_to(self, store: str, ids: Sequence[str], limit: int) -> dict[str, str]:
        self._read("referring_to")
        self._refreshed = dict(self._stored)
        found = [(each.id, each.refers_to) for each in self._searched(store)]
        return dict(
            [(name, target) for name, target in found if target is not None and target in ids][:limit]
        )

    def attached(self, store: str, sha256: str) -> bool:
        self._read("attached")
        self._refreshed = dict(self._stored)
        return any(sha256 in record.attachments for record in self._searched(store))

    def get_marks(self, store: str, targets: Sequence[str]) -> dict[str, Mark]:
        self._read("get_marks")
        return {target: self._marks[store, target] for target in targets if (store, target) in self._marks}

    def put_mark(self, store: str, mark: Mark) -> Outcome:
        self.calls["put_mark"] += 1
        return self._try("put_mark", mark.target, lambda: self._put_mark(store, mark))

    def clear_store(self, store: str, limit: int) -> int:
        self._read("clear_store")
        gone = 0
        for documents in (self._stored, self._marks):
            names = [name for name in documents if name[0] == store][: limit - gone]
            gone += len(names)
            for name in names:
                del documents[name]
        self._refreshed = dict(self._stored)
        return gone

    def count(self, store: str) -> int:
        self._read("count")
        return len(self._searched(store))

    def stored(self, store: str) -> list[StatementRecord]:
        """Every statement of a store by its `stored`, whatever its batch, past all faults and counts."""
        found = [record for record in self._stored.values() if record.store == store]
        return sorted(found, key=lambda record: record.stored)

    def mark(self, store: str, target: str) -> Mark | None:
        """The mark on an id, past all faults and counts."""
        return self._marks.get((store, target))

    def hold_back(self, write: Callable[[], object]) -> None:
        """Keeps a write on its way until `land_late`."""
        self._late.append(write)

    def land_late(self) -> None:
        """Lets the writes arrive that are still on their way; their answers go nowhere."""
        late, self._late = self._late, []
        for write in late:
            write()

    def _searched(self, store: str) -> list[StatementRecord]:
        documents = self._stored if self.always_fresh else self._refreshed
        return [record for record in documents.values() if record.store == store]

    def _read(self, call: str) -> None:
        self.calls[call] += 1
        if self.plan(call, "") is not None:
            raise Unavailable("The statement store", "planned")

    def _write(
        self, call: str, write: Callable[[StatementRecord], Outcome], records: Sequence[StatementRecord]
    ) -> list[Outcome]:
        if records:
            self.calls[call] += 1
        return [self._try(call, record.id, lambda record=record: write(record)) for record in records]  # type: ignore[misc]

    def _try(self, call: str, name: str, write: Callable[[], Outcome]) -> Outcome:
        fault = self.plan(call, name)
        if fault is Fault.LATE:
            self.hold_back(write)
        if fault in (Fault.DOWN, Fault.LATE):
            return Unsure("planned")
        if fault is Fault.REFUSED:
            return Rejected("planned")
        if fault is Fault.BEATEN:
            return Taken()
        outcome = write()
        return Unsure("planned") if fault is Fault.ANSWER_LOST else outcome

    def _create(self, record: StatementRecord) -> Outcome:
        if (record.store, record.id) in self._stored:
            return Taken()
        return self._put(record)

    def _update(self, record: StatementRecord) -> Outcome:
        if record.revision is None:
            raise ValueError("not a stored statement")
        stored = self._stored.get((record.store, record.id))
        if stored is None or stored.revision != record.revision:
            return Taken()
        return self._put(record)

    def _remove(self, record: StatementRecord) -> Outcome:
        if record.revision is None:
            raise ValueError("not a stored statement")
        stored = self._stored.get((record.store, record.id))
        if stored is not None and stored.revision != record.revision:
            return Taken()
        self._stored.pop((record.store, record.id), None)
        return Stored(self._new_revision())

    def _remove_seen(self, record: StatementRecord) -> Outcome:
        """As the engine deletes what a search found: what is gone already is another revision too."""
        if (record.store, record.id) not in self._stored:
            return Taken()
        return self._remove(record)

    def _put(self, record: StatementRecord) -> Outcome:
        try:
            record.text.encode()
        except UnicodeEncodeError:
            return Rejected("not UTF-8")
        revision = self._new_revision()
        self._stored[record.store, record.id] = replace(record, revision=revision)
        return Stored(revision)

    def _put_mark(self, store: str, mark: Mark) -> Outcome:
        known = self._marks.get((store, mark.target))
        if (None if known is None else known.revision) != mark.revision:
            return Taken()
        revision = self._new_revision()
        self._marks[store, mark.target] = replace(mark, revision=revision)
        return Stored(revision)

    def _new_revision(self) -> Revision:
        self._next_seq_no += 1
        return Revision(self._next_seq_no - 1, 1)


def _brief(record: StatementRecord) -> StatementRecord:
    return replace(record, client="", authority="", text="", digest="", keys=Keys(), targets=(), faults=())


def _matches(search: StatementSearch, record: StatementRecord) -> bool:
    return (
        _in_time(search, record.stored)
        and (search.updated_after is None or record.updated > search.updated_after)
        and (search.updated_upto is None or record.updated <= search.updated_upto)
        and record.batch not in search.undone
        and search.authority in (None, record.authority)
        and search.client in (None, record.client)
        and search.voided in (None, record.voided)
        and search.validated in (None, record.validated)
        and (search.valid is None or search.valid is record.valid)
        and search.pseudonymized in (None, record.pseudonymized)
        and (not search.linked or record.refers_to is not None or bool(record.attachments))
        and (not search.targeted or bool(record.targets))
        and _matches_keys(search, record)
    )


def _in_time(search: StatementSearch, stored: int) -> bool:
    if search.after is not None and (stored <= search.after if search.ascending else stored >= search.after):
        return False
    since, until = search.since, search.until
    return stored <= search.upto and (since is None or stored > since) and (until is None or stored <= until)


def _matches_keys(search: StatementSearch, record: StatementRecord) -> bool:
    where = (record.keys, *record.targets) if search.targeting else (record.keys,)
    return any(_holds(search, keys) for keys in where)


def _holds(search: StatementSearch, keys: Keys) -> bool:
    agents = keys.related_agents if search.related_agents else keys.agents
    activities = keys.related_activities if search.related_activities else keys.activities
    return (
        (search.agent is None or search.agent in agents)
        and (search.activity is None or search.activity in activities)
        and search.verb in (None, keys.verb)
        and search.registration in (None, keys.registration)
    )


class FaultyStatements(Faulty):
    """Stands before a `MemoryStatementStore` and lets one call go wrong: `FAULTS`, or one of `STATEMENT_PARTS`."""

    _inner: MemoryStatementStore

    def __getattr__(self, method: str) -> Any:
        if not self._faults.next_is_one_of(STATEMENT_PARTS):
            return super().__getattr__(method)
        if method == "remove_found":
            return self._removal_in_part
        if method not in WRITES_OF_MANY:
            return super().__getattr__(method)
        write = getattr(self._inner, method)

        def call(records: Sequence[StatementRecord]) -> list[Outcome]:
            kind = self._faults.meet(f"{self._name}.{method}")
            if kind == "late":
                self._inner.hold_back(lambda: write(records))
                return [Unsure("no answer") for _ in records]
            if kind == "killed halfway":
                write(records[: (len(records) + 1) // 2])
                raise Killed
            lost: dict[str, Outcome] = {
                "in part": Unsure("429"),
                "beaten": Taken(),
                "refused": Rejected("not to its liking"),
            }
            return [
                lost[kind] if index % 2 == 0 else write([record])[0] for index, record in enumerate(records)
            ]

        return call

    def _removal_in_part(self, search: StatementSearch) -> bool:
        kind = self._faults.meet(f"{self._name}.remove_found")
        if kind == "late":
            self._inner.hold_back(lambda: self._inner.remove_found(search))
        else:
            found = self._inner.search(replace(search, limit=10_000))
            middle = found[len(found) // 2].stored if found else search.upto
            self._inner.remove_found(replace(search, since=middle))
        if kind == "killed halfway":
            raise Killed
        if kind == "beaten":
            return False
        raise Unavailable("The statement store", kind)

    def _no_answer(self, method: str, args: tuple[Any, ...]) -> Any:
        if method in WRITES_OF_MANY:
            return [Unsure("no answer") for _ in args[0]]
        if method == "put_mark":
            return Unsure("no answer")
        return super()._no_answer(method, args)
