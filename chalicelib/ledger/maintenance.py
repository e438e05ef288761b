"""Long work on the ledger, in parts: handing out a retry, taking away the gates that a flush made void."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

from chalicelib.ledger.acceptance import wake_file_worker
from chalicelib.ledger.commands import DRAW, FLUSH, FORGET_SUCCEEDED, RETRY, Commands, maintenance_message
from chalicelib.ledger.states import HELD, letters_as_read, scope_of
from chalicelib.ports.article_store import Entry
from chalicelib.ports.clock import Clock
from chalicelib.ports.ledger import Conflict, Delete, Ledger, Put
from chalicelib.ports.ledger_records import (
    Control,
    ExtractKind,
    File,
    Gate,
    Page,
    Request,
    Retry,
    Scope,
    next_version,
)
from chalicelib.ports.queue import OrderedQueue, Queue

_SECONDS_KEPT = 15.0
_READ = 200
_DRAWN = {word: kind for kind, word in DRAW.items()}


class UnreadableRequest(Exception):
    """A message that asks for nothing that is known here."""


KeyOf = Callable[[Page, Entry, Scope], str | None]
"""Reads the key of the gate that an entry stands behind from where its file's bytes lie; None when these are gone."""

Draw = Callable[[int, ExtractKind, Callable[[], float]], bool]
"""Goes on drawing an extract of a file; returns whether nothing is left to do."""

SendDrain = Callable[[str, int], None]
"""Sends a drain for a gate key and a ticket into its group. Raises `Unavailable`."""


class Maintenance:
    """Does what the messages of the maintenance queue ask for. Every part may be done again."""

    def __init__(
        self,
        ledger: Ledger,
        commands: Commands,
        key_of: KeyOf,
        queue: Queue,
        file_queue: OrderedQueue,
        send_drain: SendDrain,
        clock: Clock,
        new_id: Callable[[], str],
        draw: Draw,
    ) -> None:
        self._ledger, self._commands, self._key_of, self._queue = ledger, commands, key_of, queue
        self._file_queue, self._send_drain = file_queue, send_drain
        self._clock, self._new_id, self._draw = clock, new_id, draw

    def do(self, body: str, time_left: Callable[[], float]) -> None:
        """Does what one message asks for; sends it again where time runs short.

        Raises `UnreadableRequest`, `Unavailable`.
        """
        try:
            message = json.loads(body)
            do, ticket, last = message["do"], int(message["ticket"]), int(message["last"])
        except (ValueError, KeyError, TypeError) as error:
            raise UnreadableRequest(type(error).__name__) from error

        def spare() -> float:
            return time_left() - _SECONDS_KEPT

        if do == RETRY:
            done = self.hand_out(ticket, spare)
        elif do == FLUSH:
            done = self.remove_void_gates(spare)
        elif do == FORGET_SUCCEEDED:
            done = self._commands.forget_succeeded(last, spare)
        elif do in _DRAWN:
            done = self._draw(ticket, _DRAWN[do], spare)
        else:
            raise UnreadableRequest(str(do)[:40])
        if not done:
            self._queue.send(maintenance_message(do, ticket, last))

    def hand_out(self, ticket: int, spare: Callable[[], float]) -> bool:
        """Puts the retry's ticket on every gate that it selects and sends the drains; returns whether it is done."""
        retry = self._ledger.retry(ticket)
        if retry is None or retry.done:
            return True
        try:
            for handed, (mark, found) in enumerate(self._selected(retry), 1):
                if spare() <= 0 or handed % 100 == 0:
                    retry = self._store(replace(retry, after=mark))
                if spare() <= 0:
                    return False
                self._start_again(found, ticket)
            self._store(replace(retry, done=True))
        except Conflict:
            return False
        return True

    def remove_void_gates(self, spare: Callable[[], float]) -> bool:
        """Takes away the gates of epochs that are over, and what was listed behind them."""
        control = self._ledger.control()
        for epoch in range(control.flushed_to, control.epoch):
            after: Entry | None = None
            while found := self._ledger.failures(epoch, after, _READ):
                for failure in found:
                    if spare() <= 0:
                        return False
                    if isinstance(failure, Gate):
                        self._remove(failure.key, control.epoch)
                after = _place(found[-1])
        try:
            now = self._ledger.control()
            self._ledger.commit(Put(replace(now, flushed_to=max(now.flushed_to, control.epoch))))
        except Conflict:
            return False
        return True

    def _store(self, retry: Retry) -> Retry:
        self._ledger.commit(Put(retry))
        return replace(retry, version=retry.version + 1)

    def _selected(self, retry: Retry) -> Iterator[tuple[str, str | File]]:
        """The gate keys and faulted files that a retry is about, each with a mark from which to go on."""
        control = self._ledger.control()
        if scope_of(control) == "global" or not (retry.ids or retry.file or retry.article):
            yield from self._all(control, retry.after)
        elif retry.article:
            yield "", retry.article
        elif retry.file:
            for file in self._files_named(retry.file, control):
                yield from self._of_file(file, control)
        else:
            yield from self._of_ids(retry.ids, control)

    def _all(self, control: Control, after: str) -> Iterator[tuple[str, str | File]]:
        n, _, pos = after.partition(":")
        place = Entry(int(n), int(pos)) if n else None
        while found := self._ledger.failures(control.epoch, place, _READ):
            for failure in found:
                before = f"{place.n}:{place.pos}" if place else ""
                yield before, failure.key if isinstance(failure, Gate) else failure
                place = _place(failure)

    def _files_named(self, name: str, control: Control) -> Iterator[File]:
        first = 1
        while files := self._ledger.files(first, control.seq, _READ):
            yield from (file for file, _ in files if file.name == name)
            first = files[-1][0].n + 1

    def _of_ids(self, ids: tuple[str, ...], control: Control) -> Iterator[tuple[str, str | File]]:
        for job in ids:
            n, _, pos = job.partition("-")
            found = self._ledger.file(int(n))
            if found is not None:
                yield from self._of_file(found[0], control, int(pos) if pos else None)

    def _of_file(
        self, file: File, control: Control, pos: int | None = None
    ) -> Iterator[tuple[str, str | File]]:
        if file.stage == "faulted":
            yield "", file
            return
        p = 0
        seen: set[str] = set()
        while pages := self._ledger.pages_of(file.n, p, _READ):
            for page in pages:
                for index, letter in enumerate(letters_as_read(page, control)):
                    entry = Entry(file.n, page.first_pos + index)
                    if letter in HELD and pos in (None, entry.pos):
                        key = self._key_of(page, entry, scope_of(control))
                        if key is not None and key not in seen:
                            seen.add(key)
                            yield "", key
            p = pages[-1].p + 1

    def _start_again(self, found: str | File, ticket: int) -> None:
        control = self._ledger.control()
        if isinstance(found, File):
            if ticket > control.cleared_to:
                self._accept_again(found)
            return
        gate = self._ledger.gates([found]).get(found)
        if gate is None or gate.kind == "attempt":
            return
        if gate.kind == "retry":
            ticket = gate.ticket  # it runs: a second message does no harm, and makes up for one that was lost
        elif not gate.valid(control.epoch) or ticket <= max(control.cleared_to, gate.ended, gate.ticket - 1):
            return  # cleared; or it ended in this failure; or a newer retry has taken the gate
        elif gate.ticket != ticket:
            # the drain of an older ticket does nothing from now on
            self._ledger.commit(Put(replace(gate, ticket=ticket)))
        self._send_drain(gate.key, ticket)

    def _accept_again(self, file: File) -> None:
        """A file that failed as a whole starts again under a new number; the old one is no failure any more."""
        found = self._ledger.file(file.n)
        control = self._ledger.control()
        if found is None or found[0].stage != "faulted" or found[0].epoch < control.epoch:
            return
        old, n = found[0], control.seq + 1
        objects = (old.object,) if old.object else ()
        request = Request(n, self._new_id(), (old.name,), old.strict, self._clock.now(), objects)
        self._ledger.commit(Put(replace(old, epoch=-1)), Put(replace(control, seq=n)), Put(request))
        wake_file_worker(self._file_queue, str(n))

    def _remove(self, key: str, epoch: int) -> None:
        gate = self._ledger.gates([key]).get(key)
        if gate is None or gate.valid(epoch):
            return
        try:
            while behind := self._ledger.blocked(key, None, 25):
                # with the gate, so that what stands behind a new failure is not taken away
                self._ledger.commit(Put(gate), *(Delete(item) for item in behind))
                gate = replace(gate, version=next_version(gate))
            self._ledger.commit(Delete(gate))
        except Conflict:
            return  # a new failure has taken the gate over


def _place(failure: Gate | File) -> Entry:
    return failure.owner if isinstance(failure, Gate) else Entry(failure.n, -1)
