"""Requests to Business Central: bodies for `$batch` in the JSON format of OData 4.01, one on each line.

Each operation is whole in itself, and the state knows how many stand on the line that is not finished yet.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable
from json.encoder import encode_basestring
from urllib.parse import quote

from chalicelib.articles.export.conversion import Convert, Unwritable
from chalicelib.articles.export.mapping import BatchForm, Column, ExportMapping
from chalicelib.articles.export.records import Chunk, Exported, State
from chalicelib.articles.export.rows import Row, Rows, lines_of, misfits

_OPEN, _CLOSE = b'{"requests":[', b"]}\n"


class BatchWriter:
    """Writes an operation per article, and as many into a batch as the mapping says."""

    media_type = "application/x-ndjson"
    suffix = "ndjson"

    def __init__(self, mapping: ExportMapping) -> None:
        assert isinstance(mapping.form, BatchForm)
        self.start: State = {"open": 0}
        self._form = mapping.form
        self._leaves_out, self._deletes = mapping.deletions == "leave-out", mapping.deletions == "delete"
        in_key = {column.name: column for column in mapping.columns if column.name in self._form.key}
        by_url = self._form.method == "patch"
        self._columns = tuple(each for each in mapping.columns if not (by_url and each.name in in_key))
        self._names = [f"{encode_basestring(column.name)}:" for column in self._columns]
        self._rows = Rows(dataclasses.replace(mapping, columns=self._columns), _json_speller)
        self._key_columns = tuple(in_key[name] for name in dict.fromkeys(self._form.key))
        self._keys = Rows(dataclasses.replace(mapping, columns=self._key_columns), _literal_speller)
        self._by_url = by_url
        self._url = self._form.path + self._form.entity_set
        headers = dict(self._form.headers)
        matching = {"If-Match": "*"}  # PATCH and DELETE are refused without it
        self._deleting = _compact({**headers, **matching})
        writing = _compact({"Content-Type": "application/json", **headers, **(matching if by_url else {})})
        self._before = f'"method":"{self._form.method.upper()}","url":'
        self._between = f',"headers":{writing},"body":{{'
        self._address_of_all = encode_basestring(self._url)
        self._whole = ",".join(name.replace("%", "%%") + "%s" for name in self._names)

    def begin(self) -> bytes:
        return b""

    def write(self, articles: Iterable[Exported], state: State) -> Chunk:
        made = lines_of(articles, self._operation, self._leaves_out)
        place, data = state["open"], bytearray()
        for operation in made.lines:
            data += b"," if place else _OPEN
            place += 1
            data += b'{"id":"%d",' % place + operation
            if place == self._form.operations:
                data += _CLOSE
                place = 0
        return Chunk(bytes(data), {"open": place}, made.rows, made.deleted, made.left_out, tuple(made.failed))

    def end(self, state: State) -> bytes:
        return _CLOSE if state["open"] else b""

    def _operation(self, article: Exported) -> bytes:
        """All of an operation but its id, which is its place in the batch."""
        if article.document is None and self._deletes:
            address = encode_basestring(self._address(article))
            return f'"method":"DELETE","url":{address},"headers":{self._deleting}}}'.encode()
        row = self._rows.of(article)
        address = encode_basestring(self._address(article)) if self._by_url else self._address_of_all
        if None in row:
            values = zip(self._names, row, strict=True)
            body = ",".join([name + value for name, value in values if value is not None])
        else:
            body = self._whole % tuple(row)
        try:
            return f"{self._before}{address}{self._between}{body}}}}}".encode()
        except UnicodeEncodeError:
            raise misfits(self._columns, row, "utf-8") from None

    def _address(self, article: Exported) -> str:
        literals: Row = self._keys.of(article)
        if len(literals) == 1:
            return f"{self._url}({literals[0]})"
        pairs = zip(self._key_columns, literals, strict=True)
        return f"{self._url}({','.join(f'{column.name}={literal}' for column, literal in pairs)})"


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _json_speller(column: Column) -> Convert | None:
    """Text, dates and times are strings of JSON; numbers, true and false stand for themselves."""
    return encode_basestring if column.type in ("text", "date", "datetime") else None


def _literal_speller(column: Column) -> Convert | None:
    """A value in a URL: text between apostrophes, its own doubled (OData 4.01 URL conventions, 4.3.1)."""
    if column.type != "text":
        return None

    def literal(text: str) -> str:
        try:
            return f"'{quote(text.replace(chr(39), chr(39) * 2), safe='')}'"
        except UnicodeEncodeError:
            raise Unwritable("character", "holds half of a surrogate pair, which is no character") from None

    return literal
