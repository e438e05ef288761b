"""The schema (XSD 1.0) of the XML that a mapping makes."""

from __future__ import annotations

import re
from xml.sax.saxutils import quoteattr

from chalicelib.articles.export.conversion import DIGITS
from chalicelib.articles.export.mapping import FAIL, LEAVE_OUT, Column, ExportMapping, XmlForm

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"{target} elementFormDefault="qualified">
  <xs:element name="{root}">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="{row}" minOccurs="0" maxOccurs="unbounded">
          <xs:complexType>
            <xs:sequence>
"""
_FOOT = """            </xs:sequence>
          </xs:complexType>
        </xs:element>
      </xs:sequence>
    </xs:complexType>
  </xs:element>
</xs:schema>
"""


def xsd_of(mapping: ExportMapping) -> str:
    """The schema that every file of this mapping (of the format xml) follows."""
    form = mapping.form
    assert isinstance(form, XmlForm)
    target = f" targetNamespace={quoteattr(form.namespace)}" if form.namespace else ""
    elements = "".join(_element(column, mapping.deletions == "row") for column in mapping.columns)
    return _HEAD.format(target=target, root=form.root, row=form.row) + elements + _FOOT


def _element(column: Column, deleted_rows: bool) -> str:
    indent = " " * 14
    may_miss = column.key and (column.missing == LEAVE_OUT or (deleted_rows and column.missing == FAIL))
    absent = ' minOccurs="0"' if may_miss or column.unconvertible == LEAVE_OUT else ""
    base, facets = _type(column)
    if not facets:
        return f'{indent}<xs:element name="{column.name}" type="xs:{base}"{absent}/>\n'
    inner = "".join(f"{indent}      <xs:{name} value={quoteattr(value)}/>\n" for name, value in facets)
    return (
        f'{indent}<xs:element name="{column.name}"{absent}>\n'
        f"{indent}  <xs:simpleType>\n"
        f'{indent}    <xs:restriction base="xs:{base}">\n'
        f"{inner}"
        f"{indent}    </xs:restriction>\n"
        f"{indent}  </xs:simpleType>\n"
        f"{indent}</xs:element>\n"
    )


def _type(column: Column) -> tuple[str, list[tuple[str, str]]]:
    """The built-in type that its values have, and the facets that narrow it."""
    return {
        "text": _text,
        "integer": lambda column: ("integer", [("totalDigits", str(DIGITS))]),
        "decimal": _decimal,
        "date": _date,
        "datetime": lambda column: ("dateTime", []),
        "boolean": _boolean,
    }[column.type](column)


def _text(column: Column) -> tuple[str, list[tuple[str, str]]]:
    return "string", [("maxLength", str(column.max_length))] if column.max_length else []


def _decimal(column: Column) -> tuple[str, list[tuple[str, str]]]:
    sign, places = column.write.decimal_sign, column.places
    if sign == ".":
        fraction = [] if places is None else [("fractionDigits", str(places))]
        return "decimal", [("totalDigits", str(DIGITS)), *fraction]
    fraction_pattern = f"({re.escape(sign)}[0-9]+)?" if places is None else f"({sign}[0-9]{{{places}}})?"
    return "string", [("pattern", f"-?[0-9]+{fraction_pattern}")]


def _date(column: Column) -> tuple[str, list[tuple[str, str]]]:
    form = column.write.date
    if form == "YYYY-MM-DD":
        return "date", []
    pattern = form.replace(".", r"\.").replace("YYYY", "[0-9]{4}")
    return "string", [("pattern", pattern.replace("MM", "[0-9]{2}").replace("DD", "[0-9]{2}"))]


def _boolean(column: Column) -> tuple[str, list[tuple[str, str]]]:
    words = (column.write.true[0], column.write.false[0])
    if words in {(true, false) for true in ("true", "1") for false in ("false", "0")}:
        return "boolean", []
    return "string", [("enumeration", word) for word in words]
