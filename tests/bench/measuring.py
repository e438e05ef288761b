"""Figures of a measurement, and how they are printed: always the lowest, the middle and the highest of a series."""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from statistics import median
from typing import Any, Literal, TextIO

_WIDTH = 58


@dataclass
class Series:
    """Values of one thing measured again and again, in its unit."""

    name: str
    unit: str
    values: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        """The value in the middle."""
        return median(self.values)

    def spread(self, digits: int = 1) -> str:
        """Lowest, middle and highest value."""
        low, middle, high = min(self.values), self.median, max(self.values)
        return f"{low:>10,.{digits}f} {middle:>10,.{digits}f} {high:>10,.{digits}f}"


@dataclass(frozen=True)
class Goal:
    """What a series must reach; `bound`: whether the limit is the least or the most that is good."""

    bound: Literal["at least", "at most"]
    limit: float

    def verdict(self, value: float) -> str:
        """The goal, and whether a value meets it."""
        met = value >= self.limit if self.bound == "at least" else value <= self.limit
        return f"goal {self.bound} {self.limit:,g}: {'met' if met else 'MISSED'}"


def ratios(name: str, of: Series, to: Series) -> Series:
    """The quotients of two series that were measured in turns, pair by pair."""
    return Series(name, "×", [one / other for one, other in zip(of.values, to.values, strict=True)])


def heading(text: str) -> None:
    """Print the title of a table and the names of its columns."""
    print(f"\n{text}\n{'':<{_WIDTH}} {'lowest':>10} {'median':>10} {'highest':>10}", flush=True)


def line(series: Series, goal: Goal | None = None, digits: int = 1) -> None:
    """Print one series, and whether its median meets the goal."""
    verdict = f"   {goal.verdict(series.median)}" if goal else ""
    print(
        f"  {series.name:<{_WIDTH - 2}} {series.spread(digits)} {series.unit}"
        f" ({len(series.values)} runs){verdict}",
        flush=True,
    )


def shares(name: str, seconds: "Stopwatch", whole: float) -> None:
    """Print what part of a time its pieces took; the rest is what runs in this process itself."""
    parts = sorted(seconds.spent.items(), key=lambda item: -item[1])
    rest = whole - sum(seconds.spent.values())
    texts = [f"{part} {spent / whole:.0%}" for part, spent in (*parts, ("own code", rest))]
    print(f"  where the time goes, {name}: {', '.join(texts)}", flush=True)


@cache
def _nowhere() -> TextIO:
    return open(os.devnull, "w")


@contextmanager
def unread_log() -> Iterator[None]:
    """Lets the application make its log lines, and nobody read them; it must log nothing before the first block."""
    with redirect_stdout(_nowhere()):
        yield


def timed(run: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


class Stopwatch:
    """Adds up the time spent in calls of wrapped objects, by name."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)

    def around(self, inner: Any, names: dict[str, str]) -> Any:
        """The object, with the time of its methods `names` (method → name of the part) added up."""
        return _Watched(inner, names, self)

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Adds the time of a block."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.spent[name] += time.perf_counter() - started


class _Watched:
    def __init__(self, inner: Any, names: dict[str, str], watch: Stopwatch) -> None:
        self._inner, self._names, self._watch = inner, names, watch

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        part = self._names.get(name)
        if part is None:
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            with self._watch.running(part):
                return found(*arguments, **named)

        return call


def in_turns(rounds: int, runs: Sequence[Callable[[int], object]], warm_up: int = 2) -> list[list[float]]:
    """Runs all again and again in turns, so that a change of the machine's load meets all; seconds of each."""
    seconds: list[list[float]] = [[] for _ in runs]
    for number in range(warm_up + rounds):
        for place, run in enumerate(runs):
            spent = timed(lambda run=run, number=number: run(number))  # type: ignore[misc]
            if number >= warm_up:
                seconds[place].append(spent)
    return seconds
