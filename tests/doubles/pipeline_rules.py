"""The rules of the pipeline, told straight, to which every single write is held.

`Rules` is told of each article that is stored and of each change of the ledger, at the moment it happens, and raises
`AssertionError` at the first one that breaks a law. It knows the files as they were sent, and works out for itself
what each entry may do; nothing of the code under test is asked.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.ports.article_store import Article, Document, Entry
from chalicelib.ports.ledger import Change, Put
from chalicelib.ports.ledger_records import PAGE_SIZE, Control, Gate, Page
from tests.doubles.entry_model import Fails, Sample, failure_text, run
from tests.doubles.ledger import MemoryLedger

EVERYTHING = "/*"


@dataclass
class ApiCall:
    """A write of an API client. `allowed`: the documents it may leave, given the one that it found."""

    number: str
    allowed: Callable[[Document | None], list[Document | None]]
    ids: set[str] = field(default_factory=set)
    writes: int = 0


class Rules:
    """What must hold, at every write."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self.ledger = ledger
        self.contents: dict[object, Sequence[Sample]] = {}
        """What was sent, by URL or by key and version of an object."""
        self.history: dict[str, list[Document | None]] = {}
        """All documents that an article ever had, None before the first."""
        self.applied: Counter[Entry] = Counter()
        """How often each entry took effect."""
        self.newest: dict[str, Entry] = {}
        self.calls: list[ApiCall] = []
        self.asked: set[int] = set()
        """Files that somebody asked to cancel."""
        self.cancelled: set[int] = set()
        """Those of which the answer was that they are."""
        self.trouble = False
        """Whether a worker died, or a call went wrong, so that an entry may be failed without a fault of its own."""
        self._since: dict[str, int] = {}
        self._dropped: tuple[int, set[int]] = 0, set()

    # What it knows

    def samples(self, n: int) -> Sequence[Sample]:
        """The entries of file `n` as they were sent; none of a file that is broken."""
        found = self.ledger.file(n)
        assert found is not None
        file = found[0]
        return self.contents[file.object if file.object else file.name]

    def sample(self, entry: Entry) -> Sample:
        return self.samples(entry.n)[entry.pos]

    def key(self, entry: Entry) -> str:
        """What an entry is held back with."""
        found = self.ledger.file(entry.n)
        if found is not None and found[0].scope == "global":
            return EVERYTHING
        number = self.sample(entry).number
        return number if number is not None else f"/{entry.n}/{entry.pos}"

    def document(self, number: str) -> Document | None:
        return self.history.get(number, [None])[-1]

    def recent(self, number: str) -> list[Document | None]:
        """The documents that an article had since the running worker began."""
        return self.history.get(number, [None])[self._since.get(number, 0) :]

    def worker_begins(self) -> None:
        self._since = {number: len(documents) - 1 for number, documents in self.history.items()}
        self._dropped = self.ledger.control().cleared_to, set(self.cancelled)

    def letter(self, entry: Entry) -> str:
        """The state of an entry as it is to be read now."""
        page = self.ledger.pages([(entry.n, entry.pos // PAGE_SIZE)])[entry.n, entry.pos // PAGE_SIZE]
        letter, control = page.state(entry), self.ledger.control()
        if letter == "q" and (entry.n <= control.cleared_to or entry.n in control.cancelled):
            return "c"
        return "x" if letter in "fb" and page.epoch < control.epoch else letter

    def entries(self) -> Iterator[Entry]:
        """All entries that stand on pages, in order."""
        pages = [record for record in self.ledger.records() if isinstance(record, Page)]
        for page in sorted(pages, key=lambda page: page.id):
            yield from (Entry(page.n, page.first_pos + index) for index in range(len(page.states)))

    def held(self) -> dict[str, list[Entry]]:
        """Failed and blocked entries by key, in order."""
        found: dict[str, list[Entry]] = {}
        for entry in self.entries():
            if self.letter(entry) in "fb":
                found.setdefault(self.key(entry), []).append(entry)
        return found

    # What happens to articles

    def stored(self, before: Article | None, after: Article) -> None:
        """An article was written."""
        number = after.number
        document = before.document if before else None
        assert document == self.document(number), "a write that nobody saw"
        old, new = (before.hidden if before else None), after.hidden
        if new.write_ids[:1] != (old.write_ids[:1] if old else ()):
            assert new.applied == (old.applied if old else None), (
                "an API write lost the mark of the delta files"
            )
            self._by_api(new.write_ids[0], document, after)
        else:
            assert new.applied is not None
            entries = self._taken(number, old.applied if old else None, new.applied)
            self._replayed(entries, document, after.document)
            for entry in entries:
                self._took_effect(entry, entries)
        self.history.setdefault(number, [None]).append(after.document)

    def _by_api(self, write_id: str, document: Document | None, after: Article) -> None:
        [call] = [call for call in self.calls if write_id in call.ids]
        call.writes += 1
        assert call.number == after.number
        assert call.writes == 1, "an API write was made twice"
        assert after.document in call.allowed(document), (document, after.document)

    def _taken(self, number: str, old: object, new: tuple[Entry, Entry]) -> list[Entry]:
        """The entries of an article that a write with this mark made, those of its former mark left out."""
        first, last = new
        inside = [
            entry
            for entry in self.entries()
            if first <= entry <= last and self.sample(entry).number == number
        ]
        return [
            entry
            for entry in inside
            if not (isinstance(old, tuple) and old[0] <= entry <= old[1])
            and self._stored_letter(entry) in "qrfb"
        ]

    def _stored_letter(self, entry: Entry) -> str:
        return self.ledger.pages([(entry.n, entry.pos // PAGE_SIZE)])[entry.n, entry.pos // PAGE_SIZE].state(
            entry
        )

    def _replayed(self, entries: list[Entry], document: Document | None, after: Document | None) -> None:
        try:
            for entry in entries:
                assert not self.sample(entry).faulty, f"{entry} is faulty and inside a write"
                document = run(self.sample(entry), document)
        except Fails as fails:
            raise AssertionError(f"a write holds {entries}, of which one fails: {fails}") from fails
        assert document == after, f"{entries} make {document}, but {after} was stored"
        assert entries, "a write of nothing"

    def _took_effect(self, entry: Entry, together: Sequence[Entry]) -> None:
        number, key = self.sample(entry).number, self.key(entry)
        assert number is not None
        self.applied[entry] += 1
        assert self.applied[entry] == 1, f"{entry} took effect twice"
        newest = self.newest.get(number, Entry(0, 0))
        assert entry > newest, f"{entry} took effect after {newest} of the same article"
        self.newest[number] = entry
        letter = self._stored_letter(entry)
        assert letter in "qr", f"{entry} took effect as {letter}"
        cleared_to, cancelled = self._dropped
        if letter == "q":
            assert entry.n > cleared_to, f"{entry} was cleared before its worker began"
            assert entry.n not in cancelled, f"{entry} was cancelled before its worker began"
        for older in self.entries():
            if older >= entry:
                break
            if older in together or self.applied[older] or self.key(older) != key:
                continue
            state = self.letter(older)
            assert state not in "fb", f"{entry} took effect behind {older}, which is {state}"
            if state in "qr" and not self.changes_nothing(older):
                assert self.trouble, f"{entry} took effect before {older}"

    def changes_nothing(self, entry: Entry) -> bool:
        """Whether it adds an article that is there already, just so."""
        wanted = self.sample(entry)
        if wanted.faulty or wanted.operation != "add-article" or wanted.number is None:
            return False
        fresh = {"id": wanted.number, "F_1": wanted.number, **wanted.changes}
        return fresh in self.recent(wanted.number)

    # What happens to the ledger

    def committed(self, changes: Sequence[Change], before: Mapping[tuple[int, int], Page]) -> None:
        """A commit was made; `before`: its pages as they were."""
        if any(isinstance(change, Put) and isinstance(change.record, Control) for change in changes):
            self.cancelled_for_good()
        gates = [
            change.record
            for change in changes
            if isinstance(change, Put) and isinstance(change.record, Gate) and change.record.kind == "failure"
        ]
        for page_id, old in before.items():
            new = self.ledger.pages([page_id])[page_id]
            for index, (was, now) in enumerate(zip(old.states, new.states, strict=True)):
                if was != now:
                    self._moved(Entry(old.n, old.first_pos + index), was, now, gates)

    def cancelled_for_good(self) -> None:
        """Nothing of a cancelled file waits ever again, but for a retry."""
        for entry in self.entries() if self.cancelled else ():
            if entry.n in self.cancelled:
                assert self.letter(entry) != "q", f"{entry} waits, but its file was cancelled"

    def _moved(self, entry: Entry, was: str, now: str, gates: Sequence[Gate]) -> None:
        control = self.ledger.control()
        if now == "s":
            wanted = self.sample(entry)
            assert not wanted.faulty
            assert self.applied[entry] == 1 or self.changes_nothing(entry), (
                f"{entry} succeeded and was not applied"
            )
            return
        assert not self.applied[entry], f"{entry} went from {was} to {now}, but it took effect"
        if now == "f":
            own = [gate for gate in gates if gate.owner == entry]
            assert own, f"{entry} failed and closed no gate"
            assert own[0].key == self.key(entry)
            self._justified(entry, own[0])
        elif now == "c":
            assert entry.n <= control.cleared_to or entry.n in self.asked, f"{entry} was cleared unasked"
        elif now == "b":
            assert self.ledger.gates([self.key(entry)]), f"{entry} is blocked behind nothing"
            listed = self.ledger.blocked(self.key(entry), None, 100_000)
            assert entry in {item.entry for item in listed}, f"{entry} is blocked and nobody knows it"
        elif now == "x":
            assert control.epoch, f"{entry} was flushed without a flush"

    def _justified(self, entry: Entry, gate: Gate) -> None:
        wanted = self.sample(entry)
        assert gate.errors
        if gate.cause == "fault":
            assert wanted.faulty, gate
        elif gate.cause == "rule":
            assert not wanted.faulty
            assert wanted.number is not None
            texts = {failure_text(wanted, document) for document in self.recent(wanted.number)}
            assert gate.errors[0] in texts, f"{entry}: {gate.errors} but {texts}"
        elif gate.cause == "overtaken":
            assert self.newest.get(wanted.number or "", entry) > entry, gate
        elif gate.cause == "refused":
            assert wanted.to_refuse, gate
        else:
            assert gate.cause in ("crash", "dead-letter")
            assert self.trouble, gate

    # What holds when nothing is left to do

    def at_rest(self) -> None:
        """Every entry has its one end, and whatever is held back stands behind a failure."""
        control = self.ledger.control()
        assert not control.cancelled, f"{control.cancelled} are cleared and stand on control still"
        gates = {record.key: record for record in self.ledger.records() if isinstance(record, Gate)}
        for gate in gates.values():
            assert gate.kind == "failure", gate
            if gate.valid(control.epoch):
                assert self.letter(gate.owner) == "f", gate
                assert not gate.ticket or gate.ticket <= control.cleared_to, gate
        for entry in self.entries():
            found = self.ledger.file(entry.n)
            assert found is not None
            if found[0].stage == "cleared":
                continue
            assert found[0].stage == "sent", f"{entry} of {found[0]}"
            letter = self.letter(entry)
            assert letter in "sfbcx", f"{entry} is left {letter}"
            if letter in "fb":
                owner = gates.get(self.key(entry))
                assert owner is not None, f"{entry} is {letter} behind nothing"
                assert owner.valid(control.epoch)
                assert owner.owner == entry if letter == "f" and owner.owner >= entry else owner.owner < entry
                if owner.owner != entry:
                    listed = self.ledger.blocked(owner.key, None, 100_000)
                    assert entry in {item.entry for item in listed}, f"nobody knows that {entry} is {letter}"

    def predict(self, entries: Sequence[tuple[Entry, Sample, str]]) -> dict[Entry, str]:
        """What becomes of entries (with their keys) that run now, one after another, with nothing in between."""
        documents = {number: history[-1] for number, history in self.history.items()}
        closed: set[str] = set()
        states: dict[Entry, str] = {}
        for entry, wanted, key in entries:
            if key in closed:
                states[entry] = "b"
                continue
            try:
                if wanted.faulty or wanted.number is None or self.newest.get(wanted.number, entry) > entry:
                    raise Fails
                documents[wanted.number] = run(wanted, documents.get(wanted.number))
                states[entry] = "s"
            except Fails:
                states[entry] = "f"
                closed.add(key)
        return states
