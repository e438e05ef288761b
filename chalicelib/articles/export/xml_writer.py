"""XML as an XMLport of the format Xml reads it: one element per article, one in it per value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.sax.saxutils import escape

from chalicelib.articles.export.conversion import Convert, speller_of
from chalicelib.articles.export.mapping import ENCODINGS, ILLEGAL_IN_XML, Column, ExportMapping, XmlForm
from chalicelib.articles.export.records import Chunk, Exported, RowFault, State
from chalicelib.articles.export.rows import FailedColumns, Row, Rows, lines_of, misfits

DECLARED = {"utf-8": "UTF-8", "utf-8-bom": "UTF-8", "windows-1252": "windows-1252"}
# What is not written as it is: the legal characters without & < > and the carriage return, turned round.
_SPECIAL = re.compile("[^\\t\\n\\x20-%'-;=?-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")


class XmlWriter:
    """Writes an element per article, each on a line of its own."""

    media_type = "application/xml"
    suffix = "xml"

    def __init__(self, mapping: ExportMapping) -> None:
        assert isinstance(mapping.form, XmlForm)
        self.start: State = {}  # elements stand for themselves
        self._mapping, self._form = mapping, mapping.form
        self._codec = ENCODINGS[mapping.encoding]
        self._rows = Rows(mapping, _speller)
        names = [column.name for column in mapping.columns]
        self._elements = [f"<{name}>%s</{name}>" for name in names]
        self._whole = f"<{self._form.row}>{''.join(self._elements)}</{self._form.row}>\n"

    def begin(self) -> bytes:
        mark = b"\xef\xbb\xbf" if self._mapping.encoding == "utf-8-bom" else b""
        namespace = self._form.namespace and f' xmlns="{escape(self._form.namespace, {chr(34): "&quot;"})}"'
        head = f'<?xml version="1.0" encoding="{DECLARED[self._mapping.encoding]}"?>\n'
        return mark + f"{head}<{self._form.root}{namespace}>\n".encode(self._codec)

    def write(self, articles: Iterable[Exported], state: State) -> Chunk:
        made = lines_of(articles, self._line, self._mapping.deletions == "leave-out")
        return Chunk(b"".join(made.lines), state, made.rows, made.deleted, made.left_out, tuple(made.failed))

    def end(self, state: State) -> bytes:
        return f"</{self._form.root}>\n".encode(self._codec)

    def _line(self, article: Exported) -> bytes:
        row = self._rows.of(article)
        if _is_special("".join([value for value in row if value])):
            row = self._legal(row)
        try:
            return self._element(row).encode(self._codec)
        except UnicodeEncodeError:
            raise misfits(self._mapping.columns, row, self._mapping.encoding) from None

    def _element(self, row: Row) -> str:
        if None not in row:
            return self._whole % tuple(row)
        values = zip(self._elements, row, strict=True)
        inner = "".join([element % value for element, value in values if value is not None])
        return f"<{self._form.row}>{inner}</{self._form.row}>\n"

    def _legal(self, row: Row) -> Row:
        """The row with its markup escaped, and what XML cannot hold replaced. Raises `FailedColumns`."""
        replacement, faults = self._form.replacement, []
        legal: Row = []
        for column, value in zip(self._mapping.columns, row, strict=True):
            text = value or ""
            illegal = ILLEGAL_IN_XML.search(text)
            if illegal is not None and replacement is None:
                told = f"holds U+{ord(illegal[0]):04X}, which XML does not allow"
                faults.append(RowFault(column.name, "xml-character", told))
            elif illegal is not None:
                text = ILLEGAL_IN_XML.sub(lambda _: replacement or "", text)
            # A carriage return that is not escaped is read as a line feed (XML 1.0, 2.11).
            legal.append(None if value is None else escape(text, {"\r": "&#13;"}))
        if faults:
            raise FailedColumns(faults)
        return legal


def _is_special(text: str) -> bool:
    """Whether something in a text is not written as it is. What is printable is legal: that is told much faster."""
    if text.isprintable() and not ("&" in text or "<" in text or ">" in text):
        return False
    return _SPECIAL.search(text) is not None


def _speller(column: Column) -> Convert | None:
    return None if column.type == "text" else speller_of(column)
