"""The columns of a mapping file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from chalicelib.articles.document import is_feature
from chalicelib.articles.export.conversion import Unwritable, is_date_form, reader_of
from chalicelib.articles.export.fields import LONGEST_NAME, Fields
from chalicelib.articles.export.mapping import (
    ENCODINGS,
    FAIL,
    ILLEGAL_IN_XML,
    LEAVE_OUT,
    MARKS,
    TYPES,
    Column,
    Policy,
    ValueForm,
)

FIELDS = (
    "name",
    "source",
    "constant",
    "type",
    "max_length",
    "places",
    "missing",
    "unconvertible",
    "read",
    "write",
)
VALUE_FIELDS = ("decimal_sign", "group_sign", "date", "true", "false")
WRITE_FIELDS = ("decimal_sign", "date", "true", "false")
LONGEST_VALUE = 32 * 1024  # no value is longer
MOST_PLACES = 10
# A row is bounded by the article that it shows: these keep it within some ten times that size.
MOST_OF_A_KEY = 10  # columns that show the same key
MOST_TEXT = 10_000  # characters of all names, constants and defaults of a mapping
DECIMAL_SIGNS = (",", ".")
GROUP_SIGNS = ("", ".", ",", " ", "'", "\u00a0")

AS_STORED = ValueForm(",", ".", "DD/MM/YYYY", ("1", "true", "yes"), ("0", "false", "no"))
WRITTEN: Mapping[str, ValueForm] = {
    "csv": ValueForm(",", "", "DD/MM/YYYY", ("1",), ("0",)),
    "xml": ValueForm(".", "", "YYYY-MM-DD", ("true",), ("false",)),
    "bc-batch": ValueForm(".", "", "YYYY-MM-DD", ("true",), ("false",)),
}

_ELEMENT = re.compile(r"(?!(?i:xml))[A-Za-z_][A-Za-z0-9_.-]*")
_PROPERTY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TYPES_OF_MARKS = {"deleted": ("boolean",), "updated_at": ("datetime", "date")}


def read_columns(top: Fields, named: str, encoding: str) -> tuple[Column, ...]:
    """The columns, in their order; faults are noted where they are found."""
    read = _value_form(top.inner("read", VALUE_FIELDS), AS_STORED)
    write = _write_form(top, named, WRITTEN[named])
    columns = []
    names: set[str] = set()
    for fields in top.objects("columns", FIELDS):
        column = _column(fields, named, read, write)
        if column.name and column.name in names:
            fields.fault("is the name of an earlier column", "name")
        names.add(column.name)
        _check_texts(fields, column, named, encoding)
        columns.append(column)
    _check_sizes(top, columns)
    return tuple(columns)


def _check_sizes(top: Fields, columns: Sequence[Column]) -> None:
    for key, count in Counter(column.key for column in columns if column.key).items():
        if count > MOST_OF_A_KEY:
            top.fault(f"show {key[:LONGEST_NAME]} {count} times, more than {MOST_OF_A_KEY}", "columns")
    size = sum(len(text) for column in columns for text in _texts(column).values())
    if size > MOST_TEXT:
        text = f"hold {size} characters of names, words, constants and defaults, more than {MOST_TEXT}"
        top.fault(text, "columns")


def is_element(name: str) -> bool:
    """Whether a name may be that of an element of XML; letters without accents alone."""
    return _ELEMENT.fullmatch(name) is not None


def is_property(name: str) -> bool:
    """Whether a name may be that of a property or an entity set of OData."""
    return _PROPERTY.fullmatch(name) is not None


def _value_form(fields: Fields, default: ValueForm) -> ValueForm:
    form = ValueForm(
        fields.one_of("decimal_sign", DECIMAL_SIGNS, default.decimal_sign),
        fields.one_of("group_sign", GROUP_SIGNS, default.group_sign),
        fields.text("date", default.date),
        fields.words("true", default.true),
        fields.words("false", default.false),
    )
    if form.decimal_sign == form.group_sign:
        if fields.has("group_sign"):
            fields.fault("must differ from decimal_sign", "group_sign")
        else:  # who names one sign alone need not think of the other
            other = DECIMAL_SIGNS[form.decimal_sign == ","]
            form = ValueForm(form.decimal_sign, other, form.date, form.true, form.false)
    if not is_date_form(form.date):
        fields.fault(
            "must be made of DD, MM and YYYY, with at most one of - / . or a space in between", "date"
        )
    if set(form.true) & set(form.false):
        fields.fault("and false have a word in common", "true")
    return form


def _write_form(owner: Fields, named: str, default: ValueForm) -> ValueForm:
    if named == "bc-batch":
        if owner.has("write"):
            owner.fault("is not for bc-batch: JSON spells numbers, dates, true and false in one way", "write")
        return default
    fields = owner.inner("write", WRITE_FIELDS)
    form = _value_form(fields, default)
    for name, words in (("true", form.true), ("false", form.false)):
        if len(words) > 1:
            fields.fault("must be one word where it says how to write", name)
    return form


def _column(fields: Fields, named: str, read: ValueForm, write: ValueForm) -> Column:
    source = _source(fields)
    kind = _type(fields, source)
    column = Column(
        _name(fields, named),
        source,
        _constant(fields) if source is None else "",
        kind,
        fields.whole("max_length", 1, LONGEST_VALUE),
        fields.whole("places", 0, MOST_PLACES),
        _policy(fields, "missing", LEAVE_OUT, source),
        _policy(fields, "unconvertible", FAIL, source),
        _value_form(fields.inner("read", VALUE_FIELDS), read),
        _write_form(fields, named, write),
    )
    for name, owner in (("max_length", "text"), ("places", "decimal")):
        if fields.has(name) and kind != owner:
            fields.fault(f"is for columns of the type {owner} alone", name)
    _check_values(fields, column)
    return column


def _name(fields: Fields, named: str) -> str:
    name = fields.text("name", longest=LONGEST_NAME, shortest=1)
    if not name:
        return name
    if named == "xml" and not is_element(name):
        fields.fault("must be the name of an element: a letter or _, then letters, digits, _ . -", "name")
    elif named == "bc-batch" and not is_property(name):
        fields.fault("must be the name of a property: a letter or _, then letters, digits, _", "name")
    elif not name.strip() or not name.isprintable():
        fields.fault("must be a name without control characters", "name")
    return name


def _source(fields: Fields) -> str | None:
    if fields.has("source") == fields.has("constant"):
        fields.fault("needs a source or a constant, one of the two")
        return None
    if not fields.has("source"):
        return None
    source = fields.text("source")
    if source not in MARKS and not is_feature(source):
        fields.fault(f"must be {', '.join(MARKS)} or a key of articles such as F_3 or C_75000", "source")
    return source


def _constant(fields: Fields) -> str:
    return fields.text("constant") if fields.has("constant") else ""


def _type(fields: Fields, source: str | None) -> str:
    may = _TYPES_OF_MARKS.get(source or "", tuple(kind for kind in TYPES if kind != "datetime"))
    return fields.one_of("type", may, may[0])


def _policy(fields: Fields, name: str, default: Policy, source: str | None) -> Policy:
    never = source in ("deleted", "updated_at", None) or (name == "missing" and source == "number")
    if never and fields.has(name):
        fields.fault("is never the case for what this column shows", name)
        return default
    return fields.policy(name, default)


def _check_values(fields: Fields, column: Column) -> None:
    """What the mapping itself writes must be what the column holds."""
    read = reader_of(column)
    written = [("constant", column.constant)] if column.source is None and fields.has("constant") else []
    for name, policy in (("missing", column.missing), ("unconvertible", column.unconvertible)):
        if policy.kind == "default":
            written.append((name, policy.default))
    for name, text in written:
        try:
            read(text)
        except Unwritable as unwritable:
            fields.fault(f"has a value that the column cannot hold: {unwritable}", name)


def unfit(text: str, named: str, encoding: str) -> str | None:
    """Why a text that a mapping writes cannot stand in a file of this format and encoding, or None."""
    illegal = ILLEGAL_IN_XML.search(text) if named == "xml" else None
    if illegal is not None:
        return f"holds U+{ord(illegal[0]):04X}, which XML does not allow"
    try:
        text.encode(ENCODINGS[encoding])
    except UnicodeEncodeError as error:
        return f"holds U+{ord(error.object[error.start]):04X}, which {encoding} does not have"
    return None


def _texts(column: Column) -> dict[str, str]:
    """What a column writes of its own, by the field that says so."""
    return {
        "name": column.name,
        "constant": column.constant,
        "missing": column.missing.default,
        "unconvertible": column.unconvertible.default,
        "write": column.write.true[0] + column.write.false[0],
    }


def _check_texts(fields: Fields, column: Column, named: str, encoding: str) -> None:
    for name, text in _texts(column).items():
        fault = unfit(text, named, encoding)
        if fault:
            fields.fault(fault, name)
