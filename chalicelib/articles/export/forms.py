"""The part of a mapping file that belongs to its format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from chalicelib.articles.export.columns import is_element, is_property, unfit
from chalicelib.articles.export.fields import LONGEST_NAME, Fields
from chalicelib.articles.export.mapping import ENCODINGS, FAIL, BatchForm, Column, CsvForm, XmlForm

KEYS_OF_FORMS = {"csv": "csv", "xml": "xml", "bc-batch": "batch"}
FORM_FIELDS: Mapping[str, tuple[str, ...]] = {
    "csv": ("header", "separator", "quote", "quoting", "line_ending", "formula", "line_breaks"),
    "xml": ("root", "row", "namespace", "illegal_characters", "replacement"),
    "bc-batch": ("entity_set", "path", "method", "key", "headers", "operations"),
}
MOST_HEADERS = 20  # in each operation
LONGEST_HEADER = 200
MOST_OPERATIONS = 100
"""Business Central takes no more in one batch."""

LONGEST_REPLACEMENT = 1  # what fits a length before fits it after
_NOT_CHOSEN = {"authorization", "connection", "content-length", "content-type", "cookie", "host", "if-match"}
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_PATH = re.compile(r"(?:[A-Za-z0-9_.~!&'()*+,;=:@-]|%[0-9A-Fa-f]{2}|/(?!/))*")
_NAMESPACE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?:[A-Za-z0-9._~:/?@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")


def read_form(fields: Fields, named: str, encoding: str) -> CsvForm | XmlForm | BatchForm:
    """The form of a format; faults are noted where they are found."""
    if named == "csv":
        return _csv(fields, encoding)
    return _xml(fields, encoding) if named == "xml" else _batch(fields)


def check_key(fields: Fields, form: BatchForm, deletions: str, columns: Iterable[Column]) -> None:
    """The columns of a batch's key must be there, and known of deleted articles too."""
    if not form.key and (form.method == "patch" or deletions == "delete"):
        fields.fault("must name the columns of the key: PATCH and DELETE address an entity by it", "key")
    named = {column.name: column for column in columns}
    for name in form.key:
        column = named.get(name)
        if column is None:
            fields.fault(f"names {name!r}, which is no column", "key")
        elif column.source not in ("number", None) or column.type not in ("text", "integer"):
            fields.fault(
                f"names {name!r}, which is not a text or integer from the number or a constant: "
                "nothing else is known of a deleted article",
                "key",
            )
        elif column.unconvertible != FAIL:
            fields.fault(f"names {name!r}, which must fail where it is unconvertible", "key")
    if form.method == "patch" and named and set(form.key) >= set(named):
        fields.fault("leaves no column to write", "key")


def _csv(fields: Fields, encoding: str) -> CsvForm:
    form = CsvForm(
        fields.flag("header", True),
        fields.text("separator", ";"),
        fields.text("quote", '"'),
        fields.one_of("quoting", ("all", "needed"), "all"),
        fields.one_of("line_ending", ("crlf", "lf"), "crlf"),
        fields.one_of("formula", ("keep", "quote", "fail"), "keep"),
        fields.one_of("line_breaks", ("keep", "space", "fail"), "keep"),
    )
    for name, sign in (("separator", form.separator), ("quote", form.quote)):
        if not _is_sign(sign, encoding) and (name, sign) != ("separator", "\t"):
            fields.fault(f"must be one character of {encoding}, no letter, digit or space", name)
    if form.separator == form.quote:
        fields.fault("must differ from the separator", "quote")
    return form


def _is_sign(sign: str, encoding: str) -> bool:
    if len(sign) != 1 or not sign.isprintable() or sign.isalnum() or sign.isspace():
        return False
    try:
        return bool(sign.encode(ENCODINGS[encoding]))
    except UnicodeEncodeError:
        return False


def _xml(fields: Fields, encoding: str) -> XmlForm:
    replaces = fields.one_of("illegal_characters", ("fail", "replace"), "fail") == "replace"
    replacement = fields.text("replacement", "?", LONGEST_REPLACEMENT)
    form = XmlForm(
        fields.text("root", "Articles", LONGEST_NAME),
        fields.text("row", "Article", LONGEST_NAME),
        fields.text("namespace", ""),
        replacement if replaces else None,
    )
    for name, element in (("root", form.root), ("row", form.row)):
        if not is_element(element):
            fields.fault("must be the name of an element: a letter or _, then letters, digits, _ . -", name)
    if form.namespace and _NAMESPACE.fullmatch(form.namespace) is None:
        fields.fault("must be an absolute address (URI)", "namespace")
    fault = unfit(replacement, "xml", encoding)
    if fault:
        fields.fault(fault, "replacement")
    return form


def _batch(fields: Fields) -> BatchForm:
    path = fields.text("path", "")
    if _PATH.fullmatch(path) is None or path.startswith("/") or ".." in path.split("/"):
        fields.fault("must be a relative path such as companies(…), its characters encoded", "path")
    form = BatchForm(
        fields.text("entity_set", longest=LONGEST_NAME, shortest=1),
        f"{path}/" if path and not path.endswith("/") else path,
        fields.one_of("method", ("post", "patch"), "post"),
        fields.words("key", ()),
        fields.texts("headers"),
        fields.whole("operations", 1, MOST_OPERATIONS) or MOST_OPERATIONS,
    )
    if form.entity_set and not is_property(form.entity_set):
        fields.fault(
            "must be the name of an entity set: a letter or _, then letters, digits, _", "entity_set"
        )
    if len(form.headers) > MOST_HEADERS:
        fields.fault(f"must be at most {MOST_HEADERS}", "headers")
    earlier: set[str] = set()
    for name, value in form.headers:
        if name.lower() in earlier:
            fields.fault("is the name of an earlier header", "headers", name)
        earlier.add(name.lower())
        if _HEADER.fullmatch(name) is None or name.lower() in _NOT_CHOSEN:
            fields.fault("is no header that a mapping may set", "headers", name)
        if not value.isascii() or not value.isprintable() or len(value) > LONGEST_HEADER:
            fields.fault(f"must be printable ASCII, at most {LONGEST_HEADER} characters", "headers", name)
    return form
