"""Exports as XML: two parsers find what is stored, and the schema that the project ships holds for it."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from chalicelib.articles.export.built_in import default_mapping
from chalicelib.articles.export.mapping import ExportMapping, InvalidMapping
from chalicelib.articles.export.records import Exported
from chalicelib.articles.export.writing import writer_of
from chalicelib.articles.export.xsd import xsd_of
from tests.doubles.export_articles import ARTICLES, KEYS, article, mapping_of, reasons, written

SHIPPED = Path(__file__).resolve().parents[2] / "docs" / "articles.xsd"
COLUMNS: list[dict[str, Any]] = [
    {"name": "Number", "source": "number"},
    {"name": "Deleted", "source": "deleted"},
    *({"name": key, "source": key} for key in KEYS),
]

Found = list[dict[str, str]]


def by_lxml(raw: bytes, mapping: ExportMapping) -> Found:
    """The articles as libxml2 reads them, which also holds the file against its schema."""
    root = etree.fromstring(raw, etree.XMLParser(resolve_entities=False))
    schema = etree.XMLSchema(etree.fromstring(xsd_of(mapping).encode()))
    schema.assertValid(root)
    return [{etree.QName(each).localname: each.text or "" for each in row} for row in root]


def by_expat(raw: bytes) -> Found:
    """The articles as expat reads them."""
    return [
        {each.tag.rpartition("}")[2]: each.text or "" for each in row} for row in ElementTree.fromstring(raw)
    ]


def expected(exported: Exported) -> dict[str, str]:
    """What an article is in the file: the elements of keys that it has."""
    document = exported.document or {}
    marks = {"Number": exported.number, "Deleted": "true" if exported.document is None else "false"}
    return marks | {key: document[key] for key in KEYS if key in document}


def can_be(text: str, encoding: str) -> bool:
    """Whether a text is of characters that XML and the encoding have."""
    legal = all(
        character in "\t\n\r" or "\x20" <= character <= "\ud7ff" or character >= "\ue000"
        for character in text
    ) and not set(text) & {"\ufffe", "\uffff"}
    try:
        return legal and text.encode({"windows-1252": "cp1252"}.get(encoding, "utf-8")).decode is not None
    except UnicodeEncodeError:
        return False


@given(
    st.lists(ARTICLES, max_size=8),
    st.lists(st.integers(0, 8), max_size=3),
    st.sampled_from(["utf-8", "utf-8-bom", "windows-1252"]),
    st.sampled_from(["", "urn:example:articles", "http://example.com/a?b&c='d'"]),
)
@settings(deadline=None)
def test_parsers_find_what_is_stored_and_what_is_left_is_told(
    articles: list[Exported], cuts: list[int], encoding: str, namespace: str
) -> None:
    mapping = mapping_of("xml", COLUMNS, encoding=encoding, xml={"namespace": namespace})
    data, chunks = written(writer_of(mapping), articles, cuts)
    fit = [each for each in articles if can_be("".join(expected(each).values()), encoding)]
    assert by_lxml(data, mapping) == by_expat(data) == [expected(each) for each in fit]
    assert {reason for _, _, reason in reasons(chunks)} <= {"character", "xml-character"}
    assert sum(len(each.failed) for each in chunks) == len(articles) - len(fit)
    assert data == written(writer_of(mapping), articles)[0]


@given(st.lists(ARTICLES, max_size=5))
@settings(deadline=None)
def test_with_a_replacement_no_character_of_xml_fails_a_row(articles: list[Exported]) -> None:
    mapping = mapping_of("xml", COLUMNS, xml={"illegal_characters": "replace", "replacement": "¿"})
    data, chunks = written(writer_of(mapping), articles)
    found = by_lxml(data, mapping)
    assert reasons(chunks) == []
    assert [{name: len(text) for name, text in row.items()} for row in found] == [
        {name: len(text) for name, text in expected(each).items()} for each in articles
    ]


def test_the_schema_that_is_shipped_is_that_of_the_built_in_mapping() -> None:
    # After a change: write the text of `xsd_of(default_mapping("xml"))` into it.
    assert SHIPPED.read_text() == xsd_of(default_mapping("xml"))


def test_the_file_of_the_built_in_mapping_follows_the_schema_that_is_shipped() -> None:
    document = {
        "F_3": 'BH30-6,1W <½">',
        "F_80004": "1.248,28",
        "F_80006": "20/06/2022",
        "F_99999": "not told",
    }
    data, _ = written(
        writer_of(default_mapping("xml")), [article("0012411176", document, 1.5), article("8", None)]
    )
    etree.XMLSchema(file=str(SHIPPED)).assertValid(etree.fromstring(data))
    first, second = by_expat(data)
    assert data.startswith(
        b'<?xml version="1.0" encoding="UTF-8"?>\n<Articles>\n<Article><Number>0012411176</Number>'
    )
    assert (first["Code"], first["Price"], first["Mounting"]) == ('BH30-6,1W <½">', "1.248,28", "")
    assert second == dict.fromkeys(first, "") | {
        "Number": "8",
        "Deleted": "true",
        "UpdatedAt": "1970-01-01T00:00:00.000Z",
    }


TYPED = [
    ("248,28", {"type": "decimal"}, "248.28"),
    ("248,28", {"type": "decimal", "write": {"decimal_sign": ","}}, "248,28"),
    ("248,28", {"type": "decimal", "write": {"decimal_sign": ","}, "places": 2}, "248,28"),
    ("-248,2", {"type": "decimal", "places": 2}, "-248.20"),
    ("-0017", {"type": "integer"}, "-17"),
    ("20/06/2022", {"type": "date"}, "2022-06-20"),
    ("20/06/2022", {"type": "date", "write": {"date": "DD.MM.YYYY"}}, "20.06.2022"),
    ("yes", {"type": "boolean"}, "true"),
    ("no", {"type": "boolean", "write": {"true": "Ja", "false": "Nein"}}, "Nein"),
    ("abc", {"max_length": 3}, "abc"),
]


@pytest.mark.parametrize(("value", "fields", "text"), TYPED)
@pytest.mark.parametrize("missing", ["fail", "leave-out"])
def test_typed_values_follow_the_schema(value: str, fields: dict[str, Any], text: str, missing: str) -> None:
    columns = [*COLUMNS[:2], {"name": "x", "source": "F_2", "missing": missing, **fields}]
    mapping = mapping_of("xml", columns)
    data, _ = written(
        writer_of(mapping), [article("1", {"F_2": value}), article("2", {}), article("3", None)]
    )
    found = by_lxml(data, mapping)
    assert found[0]["x"] == text
    assert [row["Number"] for row in found] == (["1", "3"] if missing == "fail" else ["1", "2", "3"])
    assert "x" not in found[-1]


def test_the_schema_knows_that_an_unconvertible_value_may_be_left_out() -> None:
    column = {"name": "x", "source": "F_2", "type": "date", "missing": {"default": "01/01/2000"}}
    mapping = mapping_of("xml", [*COLUMNS[:2], {**column, "unconvertible": "leave-out"}])
    data, _ = written(writer_of(mapping), [article("1", {"F_2": "soon"}), article("2", None)])
    assert [row.get("x") for row in by_lxml(data, mapping)] == [None, "2000-01-01"]


@pytest.mark.parametrize(
    ("fields", "value", "other"),
    [
        ({"type": "decimal"}, "248.28", "248,28"),
        ({"type": "date"}, "2022-06-20", "20/06/2022"),
        ({"max_length": 3}, "abc", "abcd"),
    ],
)
def test_the_schema_refuses_what_the_mapping_does_not_write(
    fields: dict[str, Any], value: str, other: str
) -> None:
    mapping = mapping_of("xml", [*COLUMNS[:2], {"name": "x", "source": "F_2", **fields}])
    schema = etree.XMLSchema(etree.fromstring(xsd_of(mapping).encode()))
    line = "<Articles><Article><Number>1</Number><Deleted>false</Deleted><x>{}</x></Article></Articles>"
    assert schema.validate(etree.fromstring(line.format(value)))
    assert not schema.validate(etree.fromstring(line.format(other)))


@pytest.mark.parametrize(
    ("value", "reason", "text"),
    [
        ("a\x00b", "xml-character", "holds U+0000, which XML does not allow"),
        ("\ufffe", "xml-character", "holds U+FFFE, which XML does not allow"),
        ("a\ud83d", "xml-character", "holds U+D83D, which XML does not allow"),
        ("日", "character", "holds U+65E5, which windows-1252 does not have"),
    ],
)
def test_a_character_that_cannot_be_written_fails_its_row_and_is_named(
    value: str, reason: str, text: str
) -> None:
    mapping = mapping_of("xml", COLUMNS, encoding="windows-1252")
    data, chunks = written(writer_of(mapping), [article("1", {"F_2": value}), article("2", {"F_2": "€"})])
    assert reasons(chunks) == [("1", "F_2", reason)]
    assert [fault.text for chunk in chunks for row in chunk.failed for fault in row.faults] == [text]
    assert [row["F_2"] for row in by_expat(data)] == ["€"]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"root": "1st"}, "xml.root must be the name of an element"),
        ({"row": "a b"}, "xml.row must be the name of an element"),
        ({"row": "xmlRow"}, "xml.row must be the name of an element"),
        ({"namespace": "articles"}, "xml.namespace must be an absolute address"),
        ({"namespace": 'urn:a"b'}, "xml.namespace must be an absolute address"),
        ({"illegal_characters": "drop"}, "xml.illegal_characters must be fail or replace"),
        ({"replacement": "??"}, "xml.replacement must be text of 0 to 1 characters"),
        ({"replacement": "\x07"}, "xml.replacement holds U+0007, which XML does not allow"),
    ],
)
def test_a_fault_of_the_form_of_xml_names_it(fields: dict[str, Any], fault: str) -> None:
    with pytest.raises(InvalidMapping) as refused:
        mapping_of("xml", COLUMNS, xml=fields)
    [told] = refused.value.faults
    assert str(told).startswith(f"Line 1: {fault}")


@pytest.mark.parametrize("name", ["a b", "1", "xml", "<a>", "ä", "a:b"])
def test_a_column_of_xml_has_the_name_of_an_element(name: str) -> None:
    with pytest.raises(InvalidMapping, match="must be the name of an element"):
        mapping_of("xml", [*COLUMNS, {"name": name, "source": "F_9"}])


def test_a_constant_that_xml_cannot_hold_is_a_fault_of_the_mapping() -> None:
    with pytest.raises(InvalidMapping, match=json.dumps("columns[2].constant")[1:-1].replace("[", r"\[")):
        mapping_of("xml", [*COLUMNS[:2], {"name": "x", "constant": "a\x07"}])
