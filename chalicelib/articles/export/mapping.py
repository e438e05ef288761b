"""A mapping: the columns of an exported file, and the form in which they are written. `reading` makes and checks it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.errors import LightrailError

VERSION = 1
"""The version of the form of mapping files."""

FORMATS = ("csv", "xml", "bc-batch")
TYPES = ("text", "integer", "decimal", "date", "datetime", "boolean")
MARKS = ("number", "deleted", "updated_at")
"""Sources beside the keys of articles."""

ILLEGAL_IN_XML = re.compile("[^\\t\\n\\r\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
"""Characters that XML 1.0 cannot hold, however they are written (section 2.2)."""

ENCODINGS = {"utf-8": "utf-8", "utf-8-bom": "utf-8", "windows-1252": "cp1252"}
"""Encodings by their names in mappings, and Python's codec for each; the mark of `utf-8-bom` stands once, in front."""


class Fault(NamedTuple):
    """What is wrong with a mapping, and where: the path (empty for the whole) and the line, from 1."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"Line {self.line}: {self.path or 'the mapping'} {self.text}."


MOST_FAULTS = 100


class InvalidMapping(LightrailError):
    """A mapping with faults; `faults` has them all in the order of their lines, up to `MOST_FAULTS`."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = sorted(faults, key=lambda fault: fault.line)[:MOST_FAULTS]
        super().__init__(" ".join(map(str, self.faults)))


@dataclass(frozen=True)
class Policy:
    """What becomes of a value that is missing or cannot be converted; `default` (as stored) where it is `default`."""

    kind: str
    default: str = ""


FAIL = Policy("fail")
LEAVE_OUT = Policy("leave-out")


@dataclass(frozen=True)
class ValueForm:
    """How values are spelled; a `group_sign` of "" means none. The form of dates is made of DD, MM, YYYY and signs."""

    decimal_sign: str
    group_sign: str
    date: str
    true: tuple[str, ...]
    false: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """A column: where its values come from, what they are, how they are read and written.

    `source`: a key of articles, one of `MARKS`, or None with a `constant`. `places`: digits behind the decimal sign.
    """

    name: str
    source: str | None
    constant: str
    type: str
    max_length: int | None
    places: int | None
    missing: Policy
    unconvertible: Policy
    read: ValueForm
    write: ValueForm

    @property
    def key(self) -> str | None:
        """The key of articles that it reads, if it reads one."""
        return None if self.source in MARKS else self.source


@dataclass(frozen=True)
class CsvForm:
    """How a line is written; `formula` and `line_breaks` say what becomes of such values."""

    header: bool
    separator: str
    quote: str
    quoting: str
    line_ending: str
    formula: str
    line_breaks: str


@dataclass(frozen=True)
class XmlForm:
    """The names of elements; what stands for characters that XML cannot hold (None: the row fails)."""

    root: str
    row: str
    namespace: str
    replacement: str | None


@dataclass(frozen=True)
class BatchForm:
    """The requests of a batch: where they go, with which method; `key`: the columns that make up the key."""

    entity_set: str
    path: str
    method: str
    key: tuple[str, ...]
    headers: tuple[tuple[str, str], ...]
    operations: int


@dataclass(frozen=True)
class ExportMapping:
    """A mapping without faults; `form` is that of its format. `digest` changes with whatever it says."""

    format: str
    encoding: str
    deletions: str
    columns: tuple[Column, ...]
    form: CsvForm | XmlForm | BatchForm
    digest: str

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of articles that it reads, each once, in the order of the columns."""
        return tuple(dict.fromkeys(column.key for column in self.columns if column.key is not None))
