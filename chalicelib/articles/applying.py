"""Applying entries: read, evaluate, one bulk write, record; again for what lost a race, until nothing is left.

    read pages, control, gates, articles ─> evaluate ─> write articles ─> record on pages and gates
       a crash leaves:  nothing                │           `applied` on the article: the entry is known by it
                                               └ nothing   when its message comes again, and only recorded

`docs/pipeline.md` has the table of what a crash between any two of these leaves behind.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.articles.evaluation import View, evaluate
from chalicelib.articles.recording import Recorder
from chalicelib.articles.storing import store_round
from chalicelib.articles.work import Work
from chalicelib.errors import Unavailable
from chalicelib.ledger.states import QUEUED
from chalicelib.ports.article_store import ArticleStore, Entry
from chalicelib.ports.clock import Clock
from chalicelib.ports.ledger import Conflict, Delete, Ledger, Put
from chalicelib.ports.ledger_records import Control, Gate, Page, next_version, page_id

ATTEMPTS = 3
"""An entry whose worker died in so many runs is failed without running it again."""

_ROUNDS = 60
_PAUSE = 0.02  # seconds, after a round that lost every race
_POISON = f"The entry ended its worker in {ATTEMPTS} runs; look at its size and values, then retry."


@dataclass
class _Reading:
    """What one round read."""

    control: Control
    pages: dict[tuple[int, int], Page]
    gates: dict[str, Gate]


class Applier:
    """Runs entries that wait; each ends in one recorded state, or goes back to its queue."""

    def __init__(self, ledger: Ledger, articles: ArticleStore, clock: Clock) -> None:
        self._ledger, self._articles, self._clock = ledger, articles, clock

    def apply(
        self, works: Sequence[Work], doomed: Mapping[Entry, tuple[str, str]] | None = None
    ) -> set[Entry]:
        """Applies entries, given in the order in which they must run; returns those that have to come again.

        `doomed`: entries that are failed (text, cause) instead of run, unless they turn out to be applied.
        """
        todo = _once(works)
        alone: set[str] = set()
        held: set[str] = set()
        for _ in range(_ROUNDS):
            ready = [work for work in todo if work.key not in held]
            if not ready:
                break
            try:
                finished = self._round(ready, doomed or {}, alone, held)
            except Unavailable:
                break
            if not finished:
                self._clock.sleep(_PAUSE)
            todo = [work for work in todo if work.entry not in finished]
        return {work.entry for work in todo}

    def apply_carefully(self, works: Sequence[Work]) -> set[Entry]:
        """Applies entries one by one, leaving a mark before each run, so that one that kills its worker is found out.

        Entries that were tried before go last: innocent ones do not wait for them.
        """
        gates = self._ledger.gates({work.key for work in works})
        tried = {gate.key for gate in gates.values() if gate.kind == "attempt"}
        unfinished: set[Entry] = set()
        stopped: set[str] = set()
        for work in sorted(_once(works), key=lambda work: work.key in tried):
            if work.key in stopped or self._apply_alone(work):
                stopped.add(work.key)
                unfinished.add(work.entry)
        return unfinished

    def _apply_alone(self, work: Work) -> set[Entry]:
        """Applies one entry between putting up and taking down its attempt gate; returns it if it must come again."""
        try:
            gate = self._attempt(work)
            if gate is not None and gate.tries > ATTEMPTS:
                return self.apply([work], {work.entry: (_POISON, "crash")})
            unfinished = self.apply([work])
            if unfinished and gate is not None:
                self._forgive(gate)
        except (Unavailable, Conflict):
            return {work.entry}
        return unfinished

    def _attempt(self, work: Work) -> Gate | None:
        """Counts a run of this entry on its gate; None where another entry's gate decides anyhow."""
        if not _is_queued(work.entry, self._ledger.pages([page_id(work.entry)])):
            return None
        epoch = self._ledger.control().epoch
        gate = self._ledger.gates([work.key]).get(work.key)
        if gate is not None and gate.valid(epoch) and gate.owner != work.entry:
            return None
        own = gate is not None and gate.kind == "attempt"
        attempt = Gate(
            key=work.key,
            kind="attempt",
            owner=work.entry,
            tries=(gate.tries if gate and own else 0) + 1,
            epoch=epoch,
            number=work.number,
            version=gate.version if gate else 0,
        )
        self._ledger.commit(Put(attempt))
        return replace(attempt, version=next_version(attempt))

    def _forgive(self, gate: Gate) -> None:
        """The worker lives: the run failed for lack of a part, which is not the entry's fault."""
        tries = gate.tries - 1
        self._ledger.commit(Put(replace(gate, tries=tries)) if tries else Delete(gate))

    def _round(
        self, works: Sequence[Work], doomed: Mapping[Entry, tuple[str, str]], alone: set[str], held: set[str]
    ) -> set[Entry]:
        """One round; returns the entries that are finished: recorded now, or found recorded."""
        pages = self._ledger.pages({page_id(work.entry) for work in works})
        waiting = [work for work in works if _is_queued(work.entry, pages)]
        finished = {work.entry for work in works} - {work.entry for work in waiting}
        if not waiting:
            return finished
        read = _Reading(self._ledger.control(), pages, self._ledger.gates({work.key for work in waiting}))
        numbers = sorted({work.number for work in waiting if work.number is not None})
        articles = self._articles.get_many(numbers) if numbers else {}
        result = evaluate(waiting, View(read.control, read.gates, articles, doomed, alone))
        if not result.verdicts:
            if self._release(read.gates.values()):
                return finished
            held.update(work.key for work in result.postponed)  # behind an attempt: they come again later
            return finished
        stored = store_round(self._articles, result, self._clock.now())
        alone |= stored.refused
        held |= stored.unknown
        recorder = Recorder(self._ledger, read.control, read.pages, read.gates)
        return finished | recorder.record(stored.verdicts)

    def _release(self, gates: Iterable[Gate]) -> bool:
        """Takes down attempts whose entry another worker recorded meanwhile: nobody else would."""
        attempts = [gate for gate in gates if gate.kind == "attempt"]
        pages = self._ledger.pages({page_id(gate.owner) for gate in attempts})
        over = [gate for gate in attempts if not _is_queued(gate.owner, pages)]
        for gate in over:
            try:
                self._ledger.commit(Delete(gate))
            except Conflict:
                continue  # it is another gate by now: the next round looks
        return bool(over)


def _once(works: Sequence[Work]) -> list[Work]:
    """A message that came twice in one batch is one piece of work."""
    return list({work.entry: work for work in works}.values())


def _is_queued(entry: Entry, pages: Mapping[tuple[int, int], Page]) -> bool:
    page = pages.get(page_id(entry))
    return page is not None and page.state(entry) == QUEUED
