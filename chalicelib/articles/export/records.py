"""What goes into a writer and what comes out of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

State = Mapping[str, int]
"""What a writer needs to go on after a chunk: plain values, as small after a million articles as after one."""


class Exported(NamedTuple):
    """An article on its way out, or (`document` None) the mark of a deleted one; `updated_at` in seconds since 1970."""

    number: str
    document: Mapping[str, str] | None
    updated_at: float


class RowFault(NamedTuple):
    """Why a column of a row cannot be written: a word for programs, a sentence for people."""

    column: str
    reason: str
    text: str


@dataclass(frozen=True)
class FailedRow:
    """An article that is not in the file, with every column that keeps it out."""

    number: str
    faults: tuple[RowFault, ...]

    def as_json(self) -> dict[str, object]:
        """The form in which failed rows are listed."""
        return {"number": self.number, "faults": [fault._asdict() for fault in self.faults]}


@dataclass(frozen=True)
class Chunk:
    """Bytes of a file, and what became of the articles they were made of.

    `rows`: articles written; `deleted`: deleted ones written as the mapping says; `left_out`: deleted ones that it
    leaves out.
    """

    data: bytes
    state: State
    rows: int
    deleted: int
    left_out: int
    failed: tuple[FailedRow, ...]


class Writer(Protocol):
    """Writes the articles of one file; safe to use again, and from any process, with the state of the last chunk."""

    media_type: str
    suffix: str
    start: State

    def begin(self) -> bytes:
        """What stands before the first article."""
        ...

    def write(self, articles: Iterable[Exported], state: State) -> Chunk:
        """The bytes of these articles, in their order, after what `state` stands for."""
        ...

    def end(self, state: State) -> bytes:
        """What stands after the last article."""
        ...
