"""One round over entries: what becomes of each, given the gates and articles as they were read. Pure.

Rules, in this order, for an entry that waits (`docs/pipeline.md` has the table):

1. an older entry is being attempted on its gate: postponed;
2. inside the article's applied range: succeeded, not again;
3. its file is cleared or cancelled: cleared;
4. an older entry holds its gate: blocked;
5. older than the applied range: failed, overtaken;
6. faulty, or doomed (it killed its workers): failed;
7. else the operation decides.

Entries that cannot be decided before what stands before them is written are *postponed* too, to the next round.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.articles.operations import Changed, Failed, apply_operation
from chalicelib.articles.work import EVERYTHING, Work
from chalicelib.ledger.states import BLOCKED, CLEARED, FAILED, SUCCEEDED, is_cleared
from chalicelib.ports.article_store import Applied, Article, Document, Entry, Hidden
from chalicelib.ports.ledger_records import Control, Gate


@dataclass(frozen=True)
class Verdict:
    """What becomes of an entry: the letter of its state, and for a failure its errors and a word for the cause."""

    work: Work
    letter: str
    errors: tuple[str, ...] = ()
    cause: str = ""


@dataclass
class Chain:
    """The working copy of one article while its entries are evaluated in order."""

    article: Article
    document: Document | None
    first: Entry | None = None
    last: Entry | None = None
    changed: bool = False
    skipped: bool = False

    def take(self, entry: Entry) -> None:
        """Notes that `entry` is part of what the chain's write will have applied."""
        self.first = self.first if self.first is not None else entry
        self.last = entry

    def to_write(self, now: float) -> Article:
        """The article as it is to be stored; only of a chain that changed something."""
        assert self.first is not None
        assert self.last is not None
        hidden = Hidden(
            Applied(self.first, self.last), self.article.hidden.write_ids, now, f"file:{self.last.n}"
        )
        return Article(self.article.number, self.document, hidden, self.article.version)


@dataclass
class Round:
    """The outcome of an evaluation. `chains` by article number; verdicts hold once the article's write is stored."""

    verdicts: list[Verdict] = field(default_factory=list)
    postponed: list[Work] = field(default_factory=list)
    chains: dict[str, Chain] = field(default_factory=dict)

    def writes(self) -> dict[str, Chain]:
        """The chains that have something to store."""
        return {number: chain for number, chain in self.chains.items() if chain.changed}


@dataclass(frozen=True)
class View:
    """What an evaluation looks at.

    gates: as read, by key. doomed: entries that may not run any more, and why (text, cause). alone: articles whose
    entries go one per write. running: entries that may run whatever the gate or clear says (a retry that started).
    """

    control: Control
    gates: Mapping[str, Gate]
    articles: Mapping[str, Article]
    doomed: Mapping[Entry, tuple[str, str]] = field(default_factory=dict)
    alone: Collection[str] = ()
    running: bool = False


def evaluate(works: Sequence[Work], view: View) -> Round:
    """Evaluates entries in order; those of one gate key stand in the order in which they must run."""
    return _Evaluation(view).run(works)


class _Evaluation:
    def __init__(self, view: View) -> None:
        self.view = view
        self.round = Round()
        self.closed: set[str] = set()
        self.waiting_keys: set[str] = set()

    def run(self, works: Sequence[Work]) -> Round:
        for work in works:
            if work.key in self.waiting_keys or self._must_wait(work):
                self.waiting_keys.add(work.key)
                self.round.postponed.append(work)
                continue
            verdict = self._decide(work)
            if verdict.letter == FAILED:
                self.closed.add(work.key)
            self.round.verdicts.append(verdict)
        return self.round

    def _must_wait(self, work: Work) -> bool:
        gate = self.view.gates.get(work.key)
        if gate is not None and gate.kind == "attempt" and gate.owner < work.entry:
            return True  # what became of an older entry that kills its workers is about to be recorded
        chain = self.round.chains.get(work.number or "")
        if chain is not None and chain.first is not None:
            if chain.skipped:
                return True  # its range would cover an entry that was not applied
            if work.number in self.view.alone:
                return True
        if work.key == EVERYTHING:
            # under global scope a verdict holds only if all before it are stored: one article's run at a time
            return any(other.changed for number, other in self.round.chains.items() if number != work.number)
        return False

    def _decide(self, work: Work) -> Verdict:
        entry, chain = work.entry, self._chain(work)
        applied = chain.article.hidden.applied if chain else None
        if chain and applied and applied.holds(entry):
            chain.first = chain.first or applied.first
            chain.last = entry
            return Verdict(work, SUCCEEDED)
        if not self.view.running and is_cleared(entry.n, self.view.control):
            if chain:
                chain.skipped = True
            return Verdict(work, CLEARED)
        if self._held_back(work):
            return Verdict(work, BLOCKED)
        if applied and entry < applied.first:
            return Verdict(work, FAILED, (f"Overtaken by a newer entry: {work.number}",), "overtaken")
        return self._execute(work, chain)

    def _held_back(self, work: Work) -> bool:
        if work.key in self.closed:
            return True
        gate = self.view.gates.get(work.key)
        if gate is None or self.view.running or not gate.valid(self.view.control.epoch):
            return False
        return gate.owner < work.entry

    def _execute(self, work: Work, chain: Chain | None) -> Verdict:
        if work.entry in self.view.doomed:
            text, cause = self.view.doomed[work.entry]
            return Verdict(work, FAILED, (text,), cause)
        if work.faults or chain is None or work.number is None:
            return Verdict(
                work, FAILED, work.faults or ("The article number (F_1) cannot be read.",), "fault"
            )
        result = apply_operation(work.operation, work.number, work.changes, chain.document)
        if isinstance(result, Failed):
            return Verdict(work, FAILED, (result.text,), "rule")
        chain.take(work.entry)
        if isinstance(result, Changed):
            chain.document = result.document
            chain.changed = True
        return Verdict(work, SUCCEEDED)

    def _chain(self, work: Work) -> Chain | None:
        if work.number is None:
            return None
        chain = self.round.chains.get(work.number)
        if chain is None:
            article = self.view.articles.get(work.number) or Article(work.number, None)
            chain = self.round.chains[work.number] = Chain(article, article.document)
        return chain
