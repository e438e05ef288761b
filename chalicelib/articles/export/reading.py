"""Mapping files, read strictly: every fault of one at once, each with its path and line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from chalicelib.articles.export.columns import read_columns
from chalicelib.articles.export.fields import Faults, Fields
from chalicelib.articles.export.forms import FORM_FIELDS, KEYS_OF_FORMS, check_key, read_form
from chalicelib.articles.export.mapping import (
    ENCODINGS,
    FORMATS,
    VERSION,
    BatchForm,
    ExportMapping,
    Fault,
    InvalidMapping,
)
from chalicelib.plain_yaml import InvalidYaml, parse_with_lines

LARGEST = 64 * 1024  # bytes of a mapping file
FIELDS = ("version", "format", "encoding", "deletions", *KEYS_OF_FORMS.values(), "read", "write", "columns")
DELETIONS: Mapping[str, tuple[str, ...]] = {
    "csv": ("row", "leave-out"),
    "xml": ("row", "leave-out"),
    "bc-batch": ("delete", "row", "leave-out"),
}
"""How deleted articles may be shown, by format; the first is the default."""


def read_mapping(raw: bytes, expected: str | None = None) -> ExportMapping:
    """The mapping in a file (YAML), which must be of the format `expected` if one is given.

    Raises `InvalidMapping` with every fault.
    """
    if len(raw) > LARGEST:
        raise InvalidMapping([Fault("", 1, f"is larger than {LARGEST} bytes")])
    try:
        value, lines = parse_with_lines(raw)
    except InvalidYaml as error:
        raise InvalidMapping([Fault("", error.line, f"cannot be read: {error.reason.rstrip('.')}")]) from None
    if not isinstance(value, dict):
        raise InvalidMapping([Fault("", 1, "must be an object with the fields of a mapping")])
    faults: Faults = []
    top = Fields(value, (), lines, faults, FIELDS)
    mapping = _mapping(top, value, expected)
    if faults:
        raise InvalidMapping(faults)
    return mapping


def _mapping(top: Fields, value: object, expected: str | None) -> ExportMapping:
    version = top.get("version")
    if version != VERSION or not isinstance(version, int) or version is True:
        top.fault(f"must be {VERSION}, the version of the form of mapping files", "version")
    named = top.one_of("format", FORMATS)
    if expected is not None and named != expected:
        top.fault(f"must be {expected}, as the export asks for", "format")
    for other, key in KEYS_OF_FORMS.items():
        if other != named and top.has(key):
            top.fault(f"is for the format {other} alone", key)
    encoding = top.one_of("encoding", tuple(ENCODINGS), "utf-8")
    if named == "bc-batch" and encoding != "utf-8":
        top.fault("must be utf-8: JSON has no other", "encoding")
    deletions = top.one_of("deletions", DELETIONS[named], DELETIONS[named][0])
    columns = read_columns(top, named, encoding)
    fields = top.inner(KEYS_OF_FORMS[named], FORM_FIELDS[named])
    form = read_form(fields, named, encoding)
    if isinstance(form, BatchForm):
        check_key(fields, form, deletions, columns)
    if deletions == "row" and columns:
        sources = {column.source for column in columns}
        for source in (each for each in ("number", "deleted") if each not in sources):
            top.fault(
                f"needs a column with the source {source}, where deletions are shown as a row", "columns"
            )
    return ExportMapping(named, encoding, deletions, columns, form, _digest(value))


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
