"""Faults: what is wrong with a value, where, and which requirement of the specification says so."""

import json
from dataclasses import dataclass

MAX_FAULTS = 50  # of one value; enough to see what is wrong, few enough for any answer and log
SHOWN_OF_A_KEY = 100

Place = tuple["Place", str | int] | None
"""Where a value stands: the place around it and its key or index there; None is the whole value."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    `path`: relative to the value that was checked, as in `actor.member[2].mbox`; empty: the value itself. `rule`: a
    sentence that says what must hold. `requirement`: such as `XAPI-00013`.
    """

    path: str
    rule: str
    requirement: str

    def under(self, prefix: str) -> "Fault":
        """The same fault seen from further out: `statements[3]` and `actor` become `statements[3].actor`."""
        joint = "." if self.path and not self.path.startswith("[") else ""
        return Fault(f"{prefix}{joint}{self.path}" if prefix else self.path, self.rule, self.requirement)


class EnoughFaults(Exception):
    """Raised where the last fault fits in, so that hostile input costs no more than its beginning."""


class Report:
    """Collects the faults of one value, at most `limit` of them."""

    def __init__(self, limit: int = MAX_FAULTS) -> None:
        self.faults: list[Fault] = []
        self._limit = limit

    def add(self, at: Place, rule: str, requirement: str) -> None:
        """Notes a fault; raises `EnoughFaults` where there is no room for more."""
        self.faults.append(Fault(path_of(at), rule, requirement))
        if len(self.faults) >= self._limit:
            raise EnoughFaults


def path_of(at: Place) -> str:
    """The path in words: names joined by dots, indexes and other keys in brackets."""
    steps: list[str] = []
    while at is not None:
        at, step = at
        if isinstance(step, int):
            steps.append(f"[{step}]")
        elif step.isascii() and step.isidentifier():
            steps.append(f".{step}")
        else:
            steps.append(f"[{json.dumps(shown(step))}]")
    return "".join(reversed(steps)).removeprefix(".")


def shown(key: str) -> str:
    """A key as a sentence may show it: cut where it is long."""
    return key if len(key) <= SHOWN_OF_A_KEY else f"{key[:SHOWN_OF_A_KEY]}…"
