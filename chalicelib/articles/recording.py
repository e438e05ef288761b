"""Verdicts become states: one atomic write per page moves the places and closes, keeps or opens the gates.

A page's places, the gates that its failures close and the index of what is blocked change together or not at all, so
no crash leaves a gate without its failure, a failure without its gate, or an entry blocked behind nothing. A verdict
that was recorded meanwhile by another worker makes the whole write lose; its entries then go another round.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from chalicelib.articles.evaluation import Verdict
from chalicelib.ledger.posting import post_all
from chalicelib.ledger.states import BLOCKED, CLEARED, FAILED, QUEUED, SUCCEEDED, turned
from chalicelib.ports.article_store import Entry
from chalicelib.ports.ledger import Change, Conflict, Delete, Ledger, Move, Put
from chalicelib.ports.ledger_records import PAGE_SIZE, Blocked, Control, Gate, Page, next_version, page_id

_VERDICTS_PER_COMMIT = 30
"""A blocked or failed verdict takes up to three of the hundred changes of a commit."""


class Recorder:
    """Records the verdicts of one round on the pages and gates as they were read for it."""

    def __init__(
        self,
        ledger: Ledger,
        control: Control,
        pages: dict[tuple[int, int], Page],
        gates: dict[str, Gate],
    ) -> None:
        """`pages` and `gates`: by id and key; kept true as records are written."""
        self._ledger, self._control, self._pages, self._gates = ledger, control, pages, gates

    def record(self, verdicts: Sequence[Verdict]) -> set[Entry]:
        """Records all it can, oldest page first; returns the entries that were recorded."""
        recorded: set[Entry] = set()
        by_page: dict[tuple[int, int], list[Verdict]] = defaultdict(list)
        for verdict in verdicts:
            by_page[page_id(verdict.work.entry)].append(verdict)
        stopped: set[str] = set()
        for page, of_page in sorted(by_page.items()):
            simple = [verdict for verdict in of_page if self._is_simple(verdict)]
            others = [verdict for verdict in of_page if not self._is_simple(verdict)]
            parts = ([simple] if simple else []) + [
                others[i : i + _VERDICTS_PER_COMMIT] for i in range(0, len(others), _VERDICTS_PER_COMMIT)
            ]
            for part in parts:
                # what stands behind an entry that could not be recorded has to wait for it
                free = [verdict for verdict in part if verdict.work.key not in stopped]
                if free and self._record_part(page, free):
                    recorded.update(verdict.work.entry for verdict in free)
                else:
                    stopped.update(verdict.work.key for verdict in part)
        post_all(self._ledger, (self._pages[page] for page in sorted(by_page)))
        return recorded

    def _is_simple(self, verdict: Verdict) -> bool:
        """Whether it moves a place and touches no gate."""
        gate = self._gates.get(verdict.work.key)
        owns = gate is not None and _is_attempt_of(gate, verdict.work.entry)
        return verdict.letter in (SUCCEEDED, CLEARED) and not owns

    def _record_part(self, page_key: tuple[int, int], verdicts: Sequence[Verdict]) -> bool:
        page = self._pages[page_key]
        letters = {verdict.work.entry.pos % PAGE_SIZE: verdict.letter for verdict in verdicts}
        places = {index: (QUEUED, letter) for index, letter in letters.items()}
        try:
            if all(self._is_simple(verdict) for verdict in verdicts):
                page = self._ledger.move(Move(*page_key, places))
            else:
                self._commit(page, places, verdicts)
                page = self._ledger.pages([page_key])[page_key]
        except Conflict:
            return False
        self._pages[page_key] = page
        return True

    def _commit(self, page: Page, places: dict[int, tuple[str, str]], verdicts: Sequence[Verdict]) -> None:
        if page.epoch > self._control.epoch:
            raise Conflict([0])  # a flush came in between: look at everything again
        gates: dict[str, Gate] = {}
        changes: list[Change] = []
        for verdict in verdicts:
            changes += self._changes_of(verdict, gates)
        if page.epoch < self._control.epoch and any(v.letter in (FAILED, BLOCKED) for v in verdicts):
            # the page's failures of epochs that are over must not come back to life under the new one
            states = turned(page.states, page.epoch, self._control)
            moved = replace(page, states=states).with_states({i: to for i, (_, to) in places.items()})
            if any(page.states[index] != start for index, (start, _) in places.items()):
                raise Conflict([0])
            changes.append(Put(replace(page, states=moved, epoch=self._control.epoch)))
        else:
            changes.append(Move(page.n, page.p, places, epoch=page.epoch))
        self._ledger.commit(*changes, *(Put(gate) for gate in gates.values()))
        for key, gate in gates.items():
            self._gates[key] = replace(gate, version=next_version(gate))
        for verdict in verdicts:
            if verdict.letter in (SUCCEEDED, CLEARED) and verdict.work.key not in gates:
                self._gates.pop(verdict.work.key, None)

    def _changes_of(self, verdict: Verdict, gates: dict[str, Gate]) -> Iterable[Change]:
        """The changes beside the page; gates to be put are collected, so that each is put once."""
        key, entry = verdict.work.key, verdict.work.entry
        gate = gates.get(key) or self._gates.get(key)
        if verdict.letter == FAILED:
            return self._close(verdict, gate, gates)
        if verdict.letter == BLOCKED:
            if gate is None:
                raise Conflict([0])
            gates[key] = gate  # its version rises: who is about to open it looks behind it again
            return [Put(Blocked(key, entry, verdict.work.number))]
        return [Delete(gate)] if gate is not None and _is_attempt_of(gate, entry) else []

    def _close(self, verdict: Verdict, gate: Gate | None, gates: dict[str, Gate]) -> Iterable[Change]:
        """The gate is the failure: closing it and recording the failure are one write."""
        key, entry = verdict.work.key, verdict.work.entry
        if gate is not None and gate.kind == "retry":
            raise Conflict([0])  # a drain runs what stands behind it and has to end first
        gates[key] = Gate(
            key=key,
            kind="failure",
            owner=entry,
            errors=verdict.errors,
            cause=verdict.cause,
            epoch=self._control.epoch,
            ended=max(gate.ended, gate.ticket) if gate else 0,
            number=verdict.work.number,
            version=gate.version if gate else 0,
        )
        if (
            gate is None
            or gate.kind == "attempt"
            or not gate.valid(self._control.epoch)
            or gate.owner <= entry
        ):
            return []
        # a younger entry failed before this one: it stays failed, and stands behind the older failure from now on
        n, pos = gate.owner
        listed = self._ledger.blocked(key, Entry(n, pos - 1), 1)  # as it may from before, if a retry died
        again = bool(listed) and listed[0].entry == gate.owner
        return [Put(listed[0] if again else Blocked(key, gate.owner, gate.number))]


def _is_attempt_of(gate: Gate, entry: Entry) -> bool:
    return gate.kind == "attempt" and gate.owner == entry
