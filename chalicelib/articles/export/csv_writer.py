"""CSV as an XMLport of the format VariableText reads it (RFC 4180, with any separator and quote)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from chalicelib.articles.export.conversion import Convert, Unwritable, reader_of, shown, speller_of
from chalicelib.articles.export.mapping import ENCODINGS, Column, CsvForm, ExportMapping
from chalicelib.articles.export.records import Chunk, Exported, State
from chalicelib.articles.export.rows import Row, Rows, lines_of, misfits

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""With these a cell begins that spreadsheets take for a formula."""
LINE_ENDINGS = {"crlf": "\r\n", "lf": "\n"}


class CsvWriter:
    """Writes a line per article."""

    media_type = "text/csv"
    suffix = "csv"

    def __init__(self, mapping: ExportMapping) -> None:
        assert isinstance(mapping.form, CsvForm)
        self.start: State = {}  # lines stand for themselves
        self._mapping, self._form = mapping, mapping.form
        self._codec = ENCODINGS[mapping.encoding]
        self._rows = Rows(mapping, self._speller, _speller_of_own)
        self._joined = (
            _all_quoted(mapping.form) if mapping.form.quoting == "all" else _as_needed(mapping.form)
        )

    def begin(self) -> bytes:
        mark = b"\xef\xbb\xbf" if self._mapping.encoding == "utf-8-bom" else b""
        if not self._form.header:
            return mark
        names: Row = [column.name for column in self._mapping.columns]
        return mark + self._joined(names).encode(self._codec)

    def write(self, articles: Iterable[Exported], state: State) -> Chunk:
        made = lines_of(articles, self._line, self._mapping.deletions == "leave-out")
        return Chunk(b"".join(made.lines), state, made.rows, made.deleted, made.left_out, tuple(made.failed))

    def end(self, state: State) -> bytes:
        return b""

    def _line(self, article: Exported) -> bytes:
        row = self._rows.of(article)
        try:
            return self._joined(row).encode(self._codec)
        except UnicodeEncodeError:
            raise misfits(self._mapping.columns, row, self._mapping.encoding) from None

    def _speller(self, column: Column) -> Convert | None:
        if column.type != "text" or (self._form.formula, self._form.line_breaks) == ("keep", "keep"):
            return _speller_of_own(column)
        return _guarding(self._form, column)


def _speller_of_own(column: Column) -> Convert | None:
    """Without a guard: a negative decimal is no formula, and what the mapping writes is meant."""
    return None if column.type == "text" else speller_of(column)


def _guarding(form: CsvForm, column: Column) -> Convert:
    """What a text becomes that looks like a formula or holds line breaks; its length counts as it then is."""
    checked = reader_of(column)

    def guarded(text: str) -> str:
        if form.line_breaks != "keep" and ("\n" in text or "\r" in text):
            if form.line_breaks == "fail":
                raise Unwritable("line-break", f"{shown(text)} holds a line break")
            text = text.replace("\r\n", " ").replace("\r", " ").replace("\n", " ")
        if form.formula != "keep" and text.startswith(FORMULA_STARTS):
            if form.formula == "fail":
                raise Unwritable("formula", f"{shown(text)} begins like a formula")
            text = f"'{text}"
        return checked(text)

    return guarded


def _all_quoted(form: CsvForm) -> Callable[[Row], str]:
    quote, ending = form.quote, LINE_ENDINGS[form.line_ending]
    between = f"{quote}{form.separator}{quote}"

    def joined(row: Row) -> str:
        values = [value or "" for value in row]
        if quote in "".join(values):
            values = [value.replace(quote, quote + quote) for value in values]
        return f"{quote}{between.join(values)}{quote}{ending}"

    return joined


def _as_needed(form: CsvForm) -> Callable[[Row], str]:
    quote, ending, separator = form.quote, LINE_ENDINGS[form.line_ending], form.separator
    special = re.compile(rf"[{re.escape(quote + separator)}\r\n]").search
    spaces = (f"{separator} ", f" {separator}")

    def quoted(value: str) -> str:
        if special(value) or value.startswith(" ") or value.endswith(" "):
            return f"{quote}{value.replace(quote, quote + quote)}{quote}"
        return value

    def joined(row: Row) -> str:
        values = [value or "" for value in row]
        line = separator.join(values)
        if (
            special("".join(values))
            or line.startswith(" ")
            or line.endswith(" ")
            or any(space in line for space in spaces)
        ):
            line = separator.join(map(quoted, values))
        # An empty line would be no line to many readers.
        return line + ending if line else f"{quote}{quote}{ending}"

    return joined
