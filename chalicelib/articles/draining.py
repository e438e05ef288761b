"""A drain: runs what stands behind one gate, oldest first, and opens the gate. `docs/pipeline.md` has its crash table.

    gate: failure, ticket t ──1──> retry, t ──2──> entries: retrying ──3──> a round: articles, then pages ──┐
                                                                     ^────────── more ──────────────────────┤
    gate gone <──5── nothing left behind it <───────────────────────────────────────────────────────────────┤
    gate: failure (new owner) <──4── the rest: blocked again <── an entry failed ───────────────────────────┘

A drain is a message in the article's own group, so no newer entry runs meanwhile: those that were queued before it
found the gate closed and stand behind it too.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from chalicelib.articles.applying import ATTEMPTS
from chalicelib.articles.evaluation import Verdict, View, evaluate
from chalicelib.articles.snapshots import Snapshots
from chalicelib.articles.storing import store_round
from chalicelib.articles.work import EVERYTHING, GONE, Drain, Work, drain_message, work_of
from chalicelib.errors import Unavailable
from chalicelib.ledger.posting import settle
from chalicelib.ledger.states import BLOCKED, FAILED, HELD, RETRYING, SUCCEEDED, packing_of, turned
from chalicelib.ports.article_store import ArticleStore, Entry
from chalicelib.ports.blobs import BlobNotFound
from chalicelib.ports.clock import Clock
from chalicelib.ports.ledger import Change, Conflict, Delete, EpochIs, Ledger, Put
from chalicelib.ports.ledger_records import PAGE_SIZE, Blocked, Control, Gate, Page, Scope, page_id
from chalicelib.ports.queue import OrderedQueue

CHUNK = 50
"""Entries run between two looks at the time left."""

SECONDS_KEPT = 15.0
"""A drain with less time left goes on in another invocation."""

_VAIN_ROUNDS = 30
_READ = 1000
_FILES_READ = 50
_POISON = (
    f"The entry ended its worker in {ATTEMPTS} runs of a retry; look at its size and values, then retry."
)


@dataclass
class _Behind:
    """What stands behind a gate and is not finished, in order, and the index items of all that ever stood there."""

    entries: list[Entry] = field(default_factory=list)
    index: dict[Entry, Blocked] = field(default_factory=dict)
    alone: set[str] = field(default_factory=set)
    """Articles whose entries go one per write, since the store refused several at once."""


class Drainer:
    """Runs drains. Each step may be repeated after a crash and does nothing twice."""

    def __init__(
        self, ledger: Ledger, articles: ArticleStore, snapshots: Snapshots, queue: OrderedQueue, clock: Clock
    ) -> None:
        self._ledger, self._articles, self._snapshots = ledger, articles, snapshots
        self._queue, self._clock = queue, clock

    def drain(self, drain: Drain, careful: bool, time_left: Callable[[], float]) -> None:
        """Runs a drain until it ends or little time is left, then sends its next step. Raises `Unavailable`.

        `careful`: a worker died on this message before; entries run one by one and their runs are counted.
        """
        try:
            gate = self._start(drain, time_left)
            behind = _Behind()
            vain = 0
            while gate is not None:
                if time_left() < SECONDS_KEPT or vain > _VAIN_ROUNDS:
                    self._send_next(drain)
                    return
                behind = behind if behind.entries else self._behind(gate)
                if not behind.entries:
                    self._open(gate, behind)
                    return
                before = len(behind.entries)
                gate = self._round_counted(gate, behind) if careful else self._round(gate, behind, CHUNK)
                vain = vain + 1 if len(behind.entries) == before else 0
        except Conflict:
            self._send_next(drain)  # somebody changed what this step had read: again, with a fresh look

    def abandon(self, drain: Drain) -> None:
        """Ends a drain that cannot be run: what it was running is blocked behind its gate again."""
        gate = self._ledger.gates([drain.key]).get(drain.key)
        if gate is None or gate.ticket != drain.ticket:
            return
        behind = self._behind(gate)
        if not behind.entries:
            self._open(gate, behind)
            return
        self._turn(behind.entries, HELD, RETRYING)  # what the drain did not reach
        first, *rest = behind.entries
        if gate.owner != first:
            gate = self._owned(gate, first, behind)
        errors = gate.errors or ("The retry could not be run; look at what stops it, then retry.",)
        self._close(replace(gate, errors=errors, cause="dead-letter"), rest)

    def send(self, drain: Drain) -> None:
        """Puts a drain into its group. Raises `Unavailable`."""
        message = drain_message(drain, packing_of(self._ledger.control()))
        if not all(self._queue.send([message])):
            raise Unavailable("The queue", "a drain was not accepted")

    def _send_next(self, drain: Drain) -> None:
        self.send(replace(drain, step=drain.step + 1))

    def _start(self, drain: Drain, time_left: Callable[[], float]) -> Gate | None:
        """Steps 1 and 2: makes the gate one that flush leaves alone, and what stands behind it *retrying*."""
        gate = self._ledger.gates([drain.key]).get(drain.key)
        if gate is None or gate.ticket != drain.ticket:
            return None
        control = self._ledger.control()
        if gate.kind == "failure":
            if not gate.valid(control.epoch):
                return None
            if drain.ticket <= control.cleared_to:
                self._ledger.commit(Put(replace(gate, ticket=0)))
                return None
            started = replace(gate, kind="retry", tries=0)
            self._ledger.commit(Put(started), EpochIs(control.epoch))
            gate = replace(started, version=gate.version + 1)
        entries = self._behind(gate).entries
        for start in range(0, len(entries), _READ):
            if time_left() < SECONDS_KEPT:
                break
            self._turn(entries[start : start + _READ], HELD, RETRYING)
        return gate

    def _round_counted(self, gate: Gate, behind: _Behind) -> Gate | None:
        """Runs the next entry alone and counts the run, so that one that kills its worker is found out."""
        gate = self._count_run(gate, behind.entries[0], behind)
        try:
            return self._round(gate, behind, 1, poison=gate.tries > ATTEMPTS)
        except Unavailable:
            self._forgive(gate)
            raise

    def _round(self, gate: Gate, behind: _Behind, chunk: int, poison: bool = False) -> Gate | None:
        """Step 3: runs the next entries, records them and takes them off `behind`; returns the gate while it stands."""
        entries = behind.entries[:chunk]
        doomed = {entries[0]: (_POISON, "crash")} if poison else {}
        self._turn(entries, HELD, RETRYING)  # some came to stand behind the gate after the start
        works = self._works(entries, gate.key)
        numbers = sorted({work.number for work in works if work.number is not None})
        articles = self._articles.get_many(numbers) if numbers else {}
        control = self._ledger.control()
        alone = set(numbers) if self._may_cover_waiting(entries, control) else behind.alone
        view = View(control, {}, articles, doomed, alone, running=True)
        stored = store_round(self._articles, evaluate(works, view), self._clock.now())
        if stored.unknown:
            raise Unavailable("The article store", "a write has no answer")
        behind.alone |= stored.refused
        return self._record(gate, behind, stored.verdicts)

    def _may_cover_waiting(self, entries: Sequence[Entry], control: Control) -> bool:
        """Whether an entry between these may wait still, as a dead letter does.

        One write of several entries would bear a range that holds it, and make a success of it that never was.
        """
        first, last = max(entries[0].n, control.settled_to + 1), entries[-1].n
        files = self._ledger.files(first, last, _FILES_READ) if len(entries) > 1 else []
        return len(files) == _FILES_READ or any(
            file.total != sum(tally.counts.values()) for file, tally in files
        )

    def _record(self, gate: Gate, behind: _Behind, verdicts: Sequence[Verdict]) -> Gate | None:
        done = {verdict.work.entry for verdict in verdicts if verdict.letter == SUCCEEDED}
        self._turn(done, {RETRYING}, SUCCEEDED)
        self._forget(behind.index[entry] for entry in sorted(done) if entry in behind.index)
        behind.entries = [entry for entry in behind.entries if entry not in done]
        failure = next((verdict for verdict in verdicts if verdict.letter == FAILED), None)
        if failure is None:
            return gate
        owner, number = failure.work.entry, failure.work.number
        closed = replace(gate, owner=owner, errors=failure.errors, cause=failure.cause, number=number)
        # what came to stand behind the gate since `behind` was read is blocked as it should be
        self._close(closed, [entry for entry in behind.entries if entry > owner])
        if owner in behind.index:
            self._forget([behind.index[owner]])
        return None

    def _close(self, gate: Gate, rest: Collection[Entry]) -> None:
        """Step 4: the rest is blocked again, then the gate and its owner's failure are recorded in one write.

        A crash in between leaves the gate to the drain, which runs the rest again in order.
        """
        control = self._ledger.control()
        self._turn(rest, {RETRYING}, BLOCKED, control)
        closed = replace(gate, kind="failure", ticket=0, ended=gate.ticket, tries=0, epoch=control.epoch)
        self._turn([gate.owner], {RETRYING}, FAILED, control, Put(closed))

    def _open(self, gate: Gate, behind: _Behind) -> None:
        """Step 5. Whoever was blocked behind the gate meanwhile raised its version, and this write is refused."""
        self._ledger.commit(Delete(gate))
        self._forget(behind.index.values())

    def _count_run(self, gate: Gate, entry: Entry, behind: _Behind) -> Gate:
        owned = gate if gate.owner == entry else self._owned(gate, entry, behind)
        counted = replace(owned, tries=owned.tries + 1)
        self._ledger.commit(Put(counted))
        return replace(counted, version=gate.version + 1)

    def _forgive(self, gate: Gate) -> None:
        """The worker lives: the run failed for lack of a part, which is not the entry's fault."""
        with suppress(Unavailable, Conflict):
            self._ledger.commit(Put(replace(gate, tries=gate.tries - 1)))

    def _behind(self, gate: Gate) -> _Behind:
        """The owner and all blocked entries that are failed, blocked or retrying."""
        behind = _Behind()
        after: Entry | None = None
        while found := self._ledger.blocked(gate.key, after, _READ):
            behind.index.update((item.entry, item) for item in found)
            after = found[-1].entry
        candidates = sorted({gate.owner, *behind.index})
        control = self._ledger.control()
        for page, entries in self._by_page(candidates):
            states = turned(page.states, page.epoch, control)
            open_states = HELD | {RETRYING}
            behind.entries += [entry for entry in entries if states[entry.pos % PAGE_SIZE] in open_states]
        return behind

    def _turn(
        self,
        entries: Iterable[Entry],
        start: Collection[str],
        to: str,
        control: Control | None = None,
        *extra: Change,
    ) -> None:
        """Moves entries that are in one of the `start` states, under the epoch of `control`; all else stays."""
        control = control or self._ledger.control()
        pages = list(self._by_page(entries))
        for page, of_page in pages:
            states = turned(page.states, page.epoch, control)
            moves = {entry.pos % PAGE_SIZE: to for entry in of_page if states[entry.pos % PAGE_SIZE] in start}
            if moves or extra:
                moved = replace(page, states=states).with_states(moves)
                epoch = max(page.epoch, control.epoch)
                settle(self._ledger, page, moved, epoch, *extra, EpochIs(control.epoch))

    def _by_page(self, entries: Iterable[Entry]) -> Iterable[tuple[Page, list[Entry]]]:
        grouped: dict[tuple[int, int], list[Entry]] = defaultdict(list)
        for entry in entries:
            grouped[page_id(entry)].append(entry)
        ids = sorted(grouped)
        for start in range(0, len(ids), PAGE_SIZE):
            pages = self._ledger.pages(ids[start : start + PAGE_SIZE])
            for key in ids[start : start + PAGE_SIZE]:
                if key in pages:
                    yield pages[key], grouped[key]

    def _works(self, entries: Sequence[Entry], key: str) -> list[Work]:
        scope: Scope = "global" if key == EVERYTHING else "article"
        works = []
        for page, of_page in self._by_page(entries):
            for entry in of_page:
                try:
                    works.append(work_of(self._snapshots.entry(page, entry), entry.n, scope))
                except BlobNotFound:
                    works.append(Work(entry, "", None, {}, (GONE,), scope))
        return works

    def _owned(self, gate: Gate, entry: Entry, behind: _Behind) -> Gate:
        """The gate with another owner, of which no failure is known yet."""
        number = behind.index[entry].number if entry in behind.index else None
        return replace(gate, owner=entry, number=number, errors=(), cause="", tries=0)

    def _forget(self, items: Iterable[Blocked]) -> None:
        """Removes index items of finished entries; one that others removed is gone as it should be."""
        for item in list(items):
            try:
                self._ledger.commit(Delete(item))
            except Conflict:
                continue
