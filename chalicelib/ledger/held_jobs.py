"""Failed and blocked jobs, found by the gates that hold their articles back: no file is looked through for them.

A place names the gate by its owner's position and its key, and the last entry looked at behind it.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from chalicelib.ledger.job_filter import Share, Step, unknown_place
from chalicelib.ledger.job_view import Job, JobReader
from chalicelib.ledger.states import BLOCKED, FAILED, HELD, WAITING
from chalicelib.ports.article_store import Entry
from chalicelib.ports.ledger import Ledger
from chalicelib.ports.ledger_records import Control, File, Gate

_READ = 100
_FAILURE = re.compile(r"([0-9]{1,12}):(-?[0-9]{1,9})")
_BEHIND = re.compile(r"([0-9]{1,12}):(-?[0-9]{1,9}):([0-9]{1,12}):(-?[0-9]{1,9}):(.*)", re.DOTALL)


class HeldJobs:
    """Searches by gates. Every method raises `Invalid` for a place that is none."""

    def __init__(self, ledger: Ledger, reader: JobReader, gate_keys: Callable[[str], Sequence[str]]) -> None:
        """`gate_keys`: the gates that may hold an article back, by its number."""
        self._ledger, self._reader, self._gate_keys = ledger, reader, gate_keys

    def failed(self, place: str | None, control: Control, share: Share, limit: int) -> Iterator[Step]:
        """Failures, oldest first: files that failed as a whole, and the failures that hold articles back."""
        after = _read_failure(place)
        while found := self._ledger.failures(control.epoch, after, min(_READ, limit)):
            share.take_records(3 * len(found))
            entries = [failure.owner for failure in found if isinstance(failure, Gate)]
            jobs = self._reader.of_entries(entries, control, {FAILED}, share.take_bytes_of)
            for failure in found:
                owner = _owner(failure)
                job = self._file(failure, control) if isinstance(failure, File) else jobs.get(owner)
                yield Step(f"{owner.n}:{owner.pos}", job)
            after = _owner(found[-1])
            yield Step(f"{after.n}:{after.pos}")

    def blocked(self, place: str | None, control: Control, share: Share, limit: int) -> Iterator[Step]:
        """What is blocked: behind the oldest failure first, there oldest first."""
        owner: Entry | None = None
        if place is not None:
            owner, after, key = _read_behind(place)
            gate = self._ledger.gates([key]).get(key)
            if gate is not None and gate.valid(control.epoch) and gate.owner <= owner:
                yield from self._behind(gate, owner, after, control, share, {BLOCKED}, limit)
        while found := self._ledger.failures(control.epoch, owner, _READ):
            share.take_records(len(found))
            for failure in found:
                owner = _owner(failure)
                if isinstance(failure, Gate):
                    yield Step(_behind(owner, owner, failure.key))
                    yield from self._behind(failure, owner, owner, control, share, {BLOCKED}, limit)

    def of_article(
        self, number: str, state: str | None, place: str | None, control: Control, share: Share, limit: int
    ) -> Iterator[Step]:
        """What holds an article back, and what of it stands behind: failed, blocked, or about to run again."""
        letters = {"failed": {FAILED}, "blocked": {BLOCKED}}.get(state or "", HELD | WAITING)
        keys = list(self._gate_keys(number))
        gates = self._ledger.gates(keys)
        _, reached, at = (None, None, None) if place is None else _read_behind(place)
        if at is not None and at not in keys:
            raise unknown_place()
        for key in keys[keys.index(at) if at is not None else 0 :]:
            gate = gates.get(key)
            if gate is None or not gate.valid(control.epoch):
                continue
            after = reached if key == at else None
            if after is None:
                after = gate.owner
                job = self._reader.of_entries([gate.owner], control, letters, share.take_bytes_of).get(
                    gate.owner
                )
                own = job if number in (key, gate.number) else None
                yield Step(_behind(gate.owner, gate.owner, key), own)
            yield from self._behind(gate, gate.owner, after, control, share, letters, limit, number)

    def _behind(
        self,
        gate: Gate,
        owner: Entry,
        after: Entry,
        control: Control,
        share: Share,
        letters: set[str] | frozenset[str],
        limit: int,
        number: str | None = None,
    ) -> Iterator[Step]:
        """What is listed behind a gate after an entry and in one of these states; of an article, where one is named."""
        share.take_query()
        while found := self._ledger.blocked(gate.key, after, min(_READ, limit)):
            share.take_records(2 * len(found))
            wanted = [item.entry for item in found if number in (None, item.number)]
            jobs = self._reader.of_entries(wanted, control, letters, share.take_bytes_of)
            for item in found:
                after = item.entry
                yield Step(_behind(owner, after, gate.key), jobs.get(after))
            yield Step(_behind(owner, after, gate.key))

    def _file(self, failure: File, control: Control) -> Job | None:
        """The job of a file with a fault, looked up since the index follows a little later."""
        found = self._ledger.file(failure.n)
        job = self._reader.of_file(*found, control) if found is not None else None
        return job if job is not None and job.state == "failed" else None


def _owner(failure: Gate | File) -> Entry:
    return failure.owner if isinstance(failure, Gate) else Entry(failure.n, -1)


def _behind(owner: Entry, after: Entry, key: str) -> str:
    return f"{owner.n}:{owner.pos}:{after.n}:{after.pos}:{key}"


def _read_failure(place: str | None) -> Entry | None:
    if place is None:
        return None
    match = _FAILURE.fullmatch(place)
    if match is None:
        raise unknown_place()
    return Entry(int(match[1]), int(match[2]))


def _read_behind(place: str) -> tuple[Entry, Entry, str]:
    match = _BEHIND.fullmatch(place)
    if match is None:
        raise unknown_place()
    return Entry(int(match[1]), int(match[2])), Entry(int(match[3]), int(match[4])), match[5]
