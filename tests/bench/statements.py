"""(e) Statements a second: the application's handler in one and two processes, and through the packaged stack.

Beside it as many processes that send `_bulk` requests whose bodies are made beforehand: of the very documents that are
stored, and of the statements as they are sent, for an index whose fields the engine guesses. Every statement is new
and has an id of its client's; its learner, activities and verb are known from others.
"""

import json
import random
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import IO

from chalicelib.bootstrap import Services
from tests.bench.ground import Ground
from tests.bench.lrs_ground import Caller, statement
from tests.bench.measuring import Goal, Series, heading, line, ratios, unread_log

PROCESSES = 2
SIZES = ((1, 60, Goal("at least", 200)), (10, 40, Goal("at least", 1413)), (100, 20, Goal("at least", 5529)))
"""Statements of a POST, POSTs of each process in a round, goal in statements/s with all processes."""

ROUNDS = 7
WARM_UP = 3
OF_BULK = Goal("at least", 0.4)


class _Writer:
    """A `tests.bench.statement_writer`."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.bench.statement_writer"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def say(self, text: str) -> None:
        stream: IO[str] | None = self.process.stdin
        assert stream is not None
        stream.write(f"{text}\n")
        stream.flush()

    def hear(self, word: str) -> str:
        """What comes after this word."""
        stream: IO[str] | None = self.process.stdout
        assert stream is not None
        heard, _, rest = stream.readline().strip().partition(" ")
        assert heard == word, heard
        return rest

    def stop(self) -> None:
        self.process.stdin.close()  # type: ignore[union-attr]
        self.process.wait(30)


@contextmanager
def _writers() -> Iterator[list[_Writer]]:
    writers = [_Writer() for _ in range(PROCESSES)]
    try:
        yield writers
    finally:
        for writer in writers:
            writer.stop()


def measure(ground: Ground) -> None:
    """Measures and prints."""
    with _writers() as writers:
        for size, count, goal in SIZES:
            _measure(writers, size, count, goal)
    _memory(ground)


def _measure(writers: Sequence[_Writer], size: int, count: int, goal: Goal) -> None:
    turns = (
        ("bulk", 2, "_bulk of the same documents, two processes"),
        ("process", 1, "POST in process, one process"),
        ("process", 2, "POST in process, two processes"),
        ("bulk", 2, "_bulk again"),
        ("plain", 2, "_bulk as sent, the engine indexing every field"),
        ("stack", 1, "POST through the packaged stack, one client"),
        ("stack", 2, "POST through the packaged stack, two clients"),
    )
    rates: list[list[float]] = [[] for _ in turns]
    spent: list[list[float]] = [[] for _ in turns]
    for number in range(WARM_UP + ROUNDS):
        for place, (way, processes, _) in enumerate(turns):
            rate, own = _round(writers[:processes], way, size, count)
            if number >= WARM_UP:
                rates[place].append(rate)
                spent[place].append(own)
    heading(f"(e) statements, POST of {size}")
    bulk, one, two, again, plain, stack, both = (
        Series(name, "statements/s", of) for (_, _, name), of in zip(turns, rates, strict=True)
    )
    for series in (bulk, again, plain, one):
        line(series, digits=0)
    line(two, goal, digits=0)
    line(stack, digits=0)
    line(both, digits=0)
    for place in (1, 2):
        line(Series(f"processor time of a {turns[place][2]}", "ms", spent[place]), digits=2)
    line(ratios("noise: _bulk again ÷ _bulk", again, bulk), digits=2)
    goal_of_bulk = OF_BULK if size == 100 else None
    line(ratios("in two processes ÷ _bulk", two, bulk), goal_of_bulk, digits=2)
    line(ratios("in two processes ÷ _bulk as sent", two, plain), goal_of_bulk, digits=2)


def _round(writers: Sequence[_Writer], way: str, size: int, count: int) -> tuple[float, float]:
    """Statements a second of all writers, from the first request to the last answer; and milliseconds of processor
    time that a writer spends on a request, which others who are busy change less than they change the rates."""
    for writer in writers:
        writer.say(json.dumps({"way": way, "size": size, "count": count}))
    for writer in writers:
        writer.hear("ready")
    started = time.perf_counter()
    for writer in writers:
        writer.say("go")
    seconds = [float(writer.hear("done")) for writer in writers]
    rate = len(writers) * size * count / (time.perf_counter() - started)
    return rate, sum(seconds) * 1000 / (len(writers) * count)


def _memory(ground: Ground) -> None:
    """What a POST of a hundred statements takes at most beyond what the process has already."""
    ground.use_environment()
    caller = Caller(Services(), ground.description.lrs[0])
    made = random.Random(0)
    bodies = [json.dumps([statement(made) for _ in range(100)]).encode() for _ in range(8)]
    peaks = []
    with unread_log():
        for number, body in enumerate(bodies):
            event = caller.event("POST", body=body)
            tracemalloc.start()
            caller.call(event)
            if number:  # the first one loads the program
                peaks.append(tracemalloc.get_traced_memory()[1] / 1e6)
            tracemalloc.stop()
    heading(f"(e) memory of a POST of 100 statements, a body of {len(bodies[0]) / 1e6:.2f} MB")
    line(Series("at most beyond what was there before", "MB", peaks), digits=1)
