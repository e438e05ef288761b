"""Where a run of an export stands: all that another process needs to go on; it does not grow with the articles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from chalicelib.jobs.run_type import Json


class Step(StrEnum):
    """What a page of the run does."""

    BEGIN = "begin"
    READ = "read"
    CLOSE = "close"
    DIGEST = "digest"


@dataclass(frozen=True)
class Position:
    """`mapping`: its digest; `baseline`: the key of `results.baseline_key`; times in microseconds since 1970.

    `since`: only what was written then or later is read, None: everything. `until`: the time before the picture was
    taken. `after`: the number of the last article that was read. `rest`: the number of the object that holds bytes
    which are in no part yet, 0: there are none. `rests`, `pieces`: how many such objects there were so far.
    """

    folder: str
    name: str
    picture: str
    upload: str
    since: int | None
    until: int
    mapping: str
    baseline: str
    state: Mapping[str, int]
    step: Step = Step.READ
    after: str = ""
    parts: int = 0
    bytes: int = 0
    rest: int = 0
    rests: int = 0
    rows: int = 0
    deleted: int = 0
    left_out: int = 0
    failed: int = 0
    pieces: int = 0
    sha256: str = ""

    def to_json(self) -> dict[str, object]:
        """As a plan and a position keep it."""
        return {**asdict(self), "step": self.step.value}

    @classmethod
    def from_json(cls, value: Json) -> Position:
        """The position that was kept."""
        known: dict[str, Any] = {each.name: value[each.name] for each in fields(cls)}
        return cls(**{**known, "step": Step(known["step"])})

    @property
    def is_first(self) -> bool:
        """Whether nothing was read yet."""
        return not self.after

    @property
    def file(self) -> str:
        """The key of the file."""
        return f"{self.folder}{self.name}"

    @property
    def failures(self) -> str:
        """The key of the list of rows that failed."""
        return f"{self.folder}failed.ndjson"

    def rest_key(self, number: int) -> str:
        """The key of bytes that are in no part yet."""
        return f"{self.folder}rest-{number}"

    def piece_key(self, number: int) -> str:
        """The key of a part of the list of failures."""
        return f"{self.folder}failed-{number}"

    @property
    def in_between(self) -> list[str]:
        """The keys of all objects that the finished files do not need."""
        rests = [self.rest_key(number) for number in range(1, self.rests + 1)]
        return rests + [self.piece_key(number) for number in range(1, self.pieces + 1)]
