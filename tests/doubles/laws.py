"""The laws of the pipeline, looked at past all faults once nothing is left to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.articles.snapshots import Snapshots
from chalicelib.ledger.posting import exact_counts, page_counts
from chalicelib.ledger.states import (
    BLOCKED,
    CLEARED,
    FAILED,
    HELD,
    SUCCEEDED,
    WAITING,
    as_read,
    file_state,
    flushed_counts,
    is_finished,
)
from chalicelib.ports.article_store import Entry
from chalicelib.ports.ledger_records import Blocked, File, Gate, Page, Tally, page_id

if TYPE_CHECKING:
    from tests.doubles.world import World

_ALL = 10_000


@dataclass
class _Look:
    """The ledger as it is stored."""

    world: World
    files: dict[int, File] = field(default_factory=dict)
    tallies: dict[int, Tally] = field(default_factory=dict)
    pages: dict[tuple[int, int], Page] = field(default_factory=dict)
    gates: dict[str, Gate] = field(default_factory=dict)
    blocked: dict[tuple[str, Entry], Blocked] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.control = self.world.memory_ledger.control()
        self.snapshots = Snapshots(self.world.bucket)
        for record in self.world.memory_ledger.records():
            match record:
                case File():
                    self.files[record.n] = record
                case Tally():
                    self.tallies[record.n] = record
                case Page():
                    self.pages[record.id] = record
                case Gate():
                    self.gates[record.key] = record
                case Blocked():
                    self.blocked[record.key, record.entry] = record

    def entries(self) -> Iterator[tuple[Entry, str, str]]:
        """Every entry of a file that was sent, with its gate key and its state as read."""
        for page in self.pages.values():
            file = self.files[page.n]
            if file.stage == "sent":
                for index, letter in enumerate(page.states):
                    entry = Entry(page.n, page.first_pos + index)
                    key = self.snapshots.key_of(page, entry, file.scope)
                    assert key is not None
                    yield entry, key, as_read(letter, page.n, page.epoch, self.control)

    def state(self, entry: Entry) -> str:
        page = self.pages[page_id(entry)]
        return as_read(page.state(entry), page.n, page.epoch, self.control)


def check_laws(world: World, settled: bool = True) -> None:
    """The laws that always hold; `settled`: also those that hold once nothing is left to do."""
    look = _Look(world)
    _check_counts(look)
    _check_gates(look)
    if settled:
        _check_nothing_waits(look)
        _check_lists(look)


def _check_counts(look: _Look) -> None:
    """Every entry stands on one page; a tally holds what was posted, letter by letter, and what is on the pages."""
    for n, file in look.files.items():
        tally, pages = look.tallies[n], [page for page in look.pages.values() if page.n == n]
        assert tally.counts == {} or file.total, f"file {n} counts before it is read"
        posted: Counter[str] = Counter()
        for page in pages:
            if page.posted is not None:
                before = Counter(page.posted)
                posted.update(flushed_counts(before) if page.posted_epoch < tally.epoch else before)
                now = page_counts(page, max(page.posted_epoch, page.epoch))
                was = flushed_counts(before) if page.posted_epoch < page.epoch else before
                assert now == was, f"page {page.id} moved and was not posted: {now} {was}"
        assert +posted == Counter(tally.counts), f"file {n}: posted {posted}, tally {tally.counts}"
        if file.stage == "sent":
            assert sum(len(page.states) for page in pages) == file.total
            counts = exact_counts(look.world.memory_ledger, file, tally, look.control)
            read = Counter(letter for entry, _, letter in look.entries() if entry.n == n)
            assert counts == read, f"file {n}: counted {counts}, on its pages {read}"


def _check_gates(look: _Look) -> None:
    """No gate without its failure, no failure without its gate, nothing blocked behind nothing."""
    epoch = look.control.epoch
    for gate in look.gates.values():
        if gate.kind == "failure" and gate.valid(epoch):
            assert look.state(gate.owner) == FAILED, f"gate {gate.key} of {gate.owner} without a failure"
            assert gate.errors, f"gate {gate.key} says nothing"
    for entry, key, letter in look.entries():
        found = look.gates.get(key)
        if letter in HELD:
            assert found is not None, f"{entry} is {letter} behind nothing ({key})"
            assert found.valid(epoch), f"{entry} is {letter} behind a void gate"
            if found.owner != entry:
                assert found.owner < entry, f"{entry} is {letter} behind the younger {found.owner}"
                assert (key, entry) in look.blocked, f"{entry} is {letter} and no retry would find it"
            elif found.kind == "failure":
                assert letter == FAILED


def _check_nothing_waits(look: _Look) -> None:
    world, control = look.world, look.control
    for name, queue in world.queues().items():
        only_wake_ups = name == "files" and world.waits_for_predecessors()
        assert only_wake_ups or not len(queue), f"{name}: {queue.bodies}"
    stored = Counter(letter for page in look.pages.values() for letter in page.states)
    for page in look.pages.values():
        if look.files[page.n].stage != "cleared" and look.files[page.n].stage != "faulted":
            assert not WAITING & set(page.states), f"{page.id} waits: {page.states} {stored}"
            assert page.posted is not None or look.files[page.n].stage != "sent"
    kinds = {gate.kind for gate in look.gates.values()}
    assert kinds <= {"failure"}, f"gates left: {look.gates}"
    assert not any(
        gate.ticket > control.cleared_to for gate in look.gates.values() if gate.valid(control.epoch)
    )
    assert world.waits_for_predecessors() or control.sent_to == control.seq
    assert not world.memory_ledger.retries(_ALL)
    for n, file in look.files.items():
        if n <= control.settled_to:
            counts = exact_counts(world.memory_ledger, file, look.tallies[n], control)
            assert is_finished(file, counts, control), f"file {n} is not finished: {counts}"
    for article in world.store.all():
        applied = article.hidden.applied
        if applied is not None:
            for mark in applied:
                assert look.state(mark) == SUCCEEDED, (
                    f"{article.number}: {mark} was applied, is {look.state(mark)}"
                )


def _check_lists(look: _Look) -> None:
    """Lists, counts and states agree."""
    world, control = look.world, look.control
    epoch = control.epoch
    gates = [gate for gate in look.gates.values() if gate.valid(epoch)]
    faulted = [file for file in look.files.values() if file.stage == "faulted" and file.epoch >= epoch]
    assert world.listing.failures(1, _ALL).total == len(gates) + len(faulted)
    held, states = set[str](), dict[int, Counter[str]]()
    for entry, _, letter in look.entries():
        states.setdefault(entry.n, Counter())[letter] += 1
    for n, file in look.files.items():
        here = states.get(n, Counter())
        if here[FAILED] or here[BLOCKED] or file in faulted:
            held.add(file.name)
        only = set(here)
        if file.stage == "sent":
            expected = (
                "failed" if only - {SUCCEEDED, CLEARED} else "cleared" if CLEARED in only else "succeeded"
            )
            assert file_state(file, here, control) == expected
    assert set(world.listing.failed_files(1, _ALL).items) == held
    first = world.listing.first_failure()
    assert (first is None) == (not gates and not faulted)
    if not world.waits_for_predecessors():
        assert world.listing.waiting(1, _ALL).total == 0
        assert world.listing.waiting_files(1, _ALL).items == []
    good = {
        file.name
        for n, file in look.files.items()
        if file.stage == "sent" and not file.forgotten and set(states.get(n, ())) <= {SUCCEEDED}
    }
    assert set(world.listing.successful_files(1, _ALL).items) == good
