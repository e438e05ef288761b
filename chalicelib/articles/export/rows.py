"""The values of a row, column by column, from functions that are made once for a mapping."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from chalicelib.articles.export.conversion import Convert, Unwritable, datetime_text, reader_of
from chalicelib.articles.export.mapping import ENCODINGS, FAIL, Column, ExportMapping, Policy
from chalicelib.articles.export.records import Exported, FailedRow, RowFault

Row = list[str | None]
"""A value for each column as the file spells it; None is one that is left out."""

Spell = Callable[[Column], Convert | None]
"""How the values of a column are spelled in a file; None: as they are."""

_Value = Callable[[Exported], str | None]
_NO_KEY = ""


class FailedColumns(Exception):
    """A row that cannot be written."""

    def __init__(self, faults: Iterable[RowFault]) -> None:
        self.faults = tuple(faults)
        super().__init__(len(self.faults))


class Rows:
    """The rows of a mapping. Columns whose values go out as they are stored cost one look-up each.

    Text that is only spelled costs that and its speller.
    """

    def __init__(self, mapping: ExportMapping, spell: Spell, spell_own: Spell | None = None) -> None:
        """`spell_own`: how the constants and defaults of the mapping are spelled, where that is another way."""
        self._columns = mapping.columns
        spell_own = spell_own or spell
        spelled = [(column, spell(column)) for column in mapping.columns]
        self._values = [_value_of(column, speller, spell_own(column)) for column, speller in spelled]
        self._of_deleted = [
            (lambda article: None) if column.key and column.missing == FAIL else value
            for column, value in zip(mapping.columns, self._values, strict=True)
        ]
        self._plain: list[tuple[str, str | None]] = []
        self._spelled: list[tuple[int, str, str | None, Convert]] = []
        self._special: list[tuple[int, _Value]] = []
        for index, (column, speller) in enumerate(spelled):
            key = column.key
            looked_up = (_NO_KEY, None)
            if not key or not _is_plain(column, speller):
                self._special.append((index, self._values[index]))
                self._plain.append(looked_up)
                continue
            default = _instead(column.missing, _written(column, spell_own(column)))
            if speller is not None:
                self._spelled.append((index, key, default, speller))
            self._plain.append(looked_up if speller is not None else (key, default))

    def of(self, article: Exported) -> Row:
        """The row of an article; all keys of a deleted one are missing, and that is no failure.

        Raises `FailedColumns`.
        """
        document = article.document
        try:
            if document is None:
                return [value(article) for value in self._of_deleted]
            get = document.get
            row = [get(key, default) for key, default in self._plain]
            for index, key, default, spell in self._spelled:
                stored = get(key)
                row[index] = default if stored is None else spell(stored)
            for index, value in self._special:
                row[index] = value(article)
        except Unwritable:
            raise FailedColumns(self._faults(article)) from None
        return row

    def _faults(self, article: Exported) -> Iterable[RowFault]:
        values = self._of_deleted if article.document is None else self._values
        for column, value in zip(self._columns, values, strict=True):
            try:
                value(article)
            except Unwritable as unwritable:
                yield RowFault(column.name, unwritable.reason, str(unwritable))


def _is_plain(column: Column, spell: Convert | None) -> bool:
    """Whether values are text that is written as it is stored, or spelled with nothing to check or to stand in."""
    if column.type != "text" or column.max_length or column.missing == FAIL:
        return False
    return spell is None or column.unconvertible == FAIL


def _value_of(column: Column, spell: Convert | None, spell_own: Convert | None) -> _Value:
    own = _written(column, spell_own)
    if column.source is None:
        constant = own(column.constant)
        return lambda article: constant
    if column.source == "deleted":
        marks = {mark: spell(mark) if spell else mark for mark in ("true", "false")}
        return lambda article: marks["true" if article.document is None else "false"]
    if column.source == "updated_at":
        return _time(column, spell)
    return _stored(column, _written(column, spell), own)


def _written(column: Column, spell: Convert | None) -> Convert:
    """From what is stored to what stands in the file."""
    if column.type == "text" and not column.max_length:
        return spell or str
    read = reader_of(column)
    return (lambda text: spell(read(text))) if spell else read


def _time(column: Column, spell: Convert | None) -> _Value:
    length = len("YYYY-MM-DD") if column.type == "date" else None

    def value(article: Exported) -> str:
        time = datetime_text(article.updated_at)[:length]
        return spell(time) if spell else time

    return value


def _stored(column: Column, written: Convert, own: Convert) -> _Value:
    """A value of the article itself: one of its keys, or its number. `own` writes a default."""
    key, keep = column.key, column.unconvertible != FAIL
    missing, fallback = _instead(column.missing, own), _instead(column.unconvertible, own)
    required = column.missing == FAIL
    empty = None if column.type == "text" else ""  # nothing to convert is as good as nothing

    def value(article: Exported) -> str | None:
        stored = article.number if key is None else (article.document or {}).get(key)
        if stored is None or stored == empty:
            if required:
                raise Unwritable("missing", f"{key} is missing" if stored is None else f"{key} is empty")
            return missing
        try:
            return written(stored)
        except Unwritable:
            if keep:
                return fallback
            raise

    return value


def _instead(policy: Policy, written: Convert) -> str | None:
    """What stands for a value that is not there or cannot be; None: nothing."""
    return written(policy.default) if policy.kind == "default" else None


@dataclass
class Lines:
    """What the articles of a chunk became, line by line."""

    lines: list[bytes] = field(default_factory=list)
    rows: int = 0
    deleted: int = 0
    left_out: int = 0
    failed: list[FailedRow] = field(default_factory=list)


def lines_of(
    articles: Iterable[Exported], line: Callable[[Exported], bytes], leaves_deleted_out: bool
) -> Lines:
    """Writes a line for each article with `line`, which raises `FailedColumns` for those that fail."""
    made = Lines()
    append = made.lines.append
    for article in articles:
        if article.document is None and leaves_deleted_out:
            made.left_out += 1
            continue
        try:
            append(line(article))
        except FailedColumns as failed:
            made.failed.append(FailedRow(article.number, failed.faults))
            continue
        if article.document is None:
            made.deleted += 1
        else:
            made.rows += 1
    return made


def misfits(columns: Sequence[Column], row: Row, encoding: str) -> FailedColumns:
    """The failure of a row whose text does not fit the encoding."""
    codec = ENCODINGS[encoding]
    faults = []
    for column, value in zip(columns, row, strict=True):
        try:
            (value or "").encode(codec)
        except UnicodeEncodeError as error:
            character = error.object[error.start]
            text = f"holds U+{ord(character):04X}, which {encoding} does not have"
            faults.append(RowFault(column.name, "character", text))
    return FailedColumns(faults)
