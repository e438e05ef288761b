"""Mapping files of exports: what is built in is without fault, and every fault of a file is told with its line."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.articles.export.built_in import default_mapping, default_text
from chalicelib.articles.export.mapping import FORMATS, MOST_FAULTS, InvalidMapping
from chalicelib.articles.export.reading import LARGEST, read_mapping
from tests.doubles.export_articles import mapping_of, mapping_text

NUMBER = {"name": "Number", "source": "number"}
DELETED = {"name": "Deleted", "source": "deleted"}


def faults_of(raw: bytes, expected: str | None = None) -> list[str]:
    with pytest.raises(InvalidMapping) as refused:
        read_mapping(raw, expected)
    return [str(fault) for fault in refused.value.faults]


def of_column(format_name: str = "csv", **fields: Any) -> list[str]:
    """The faults of a mapping whose third column has these fields."""
    column = {"name": "x", "source": "F_2"} | fields
    extra = {"batch": {"entity_set": "articles", "key": "Number"}} if format_name == "bc-batch" else {}
    given_fields = {name: value for name, value in column.items() if value is not ...}
    return faults_of(mapping_text(format_name, [NUMBER, DELETED, given_fields], **extra))


def of_csv(**fields: Any) -> list[str]:
    return faults_of(mapping_text("csv", [NUMBER, DELETED], csv=fields))


@pytest.mark.parametrize("format_name", FORMATS)
def test_what_is_built_in_has_no_fault_and_writes_down_every_default(format_name: str) -> None:
    mapping = default_mapping(format_name)
    assert mapping.format == format_name
    assert {"number", "deleted"} <= {column.source for column in mapping.columns} or format_name == "bc-batch"
    assert read_mapping(default_text(format_name), format_name) == mapping


def test_every_fault_is_told_at_once_in_the_order_of_lines() -> None:
    raw = b"""version: 2
format: csv
encoding: latin-1
deletions: delete
csv:
  separator: ;;
  colour: red
read: {group_sign: ","}
columns:
  - {name: a, source: F_}
  - {name: a, constant: 1}
  - name: b
    source: F_2
    type: decimal
    missing: {default: none}
  - 7
"""
    assert faults_of(raw, "xml") == [
        "Line 1: version must be 1, the version of the form of mapping files.",
        "Line 2: format must be xml, as the export asks for.",
        "Line 3: encoding must be utf-8, utf-8-bom or windows-1252.",
        "Line 4: deletions must be row or leave-out.",
        "Line 6: csv.separator must be one character of utf-8, no letter, digit or space.",
        "Line 7: csv.colour is not known; known here: "
        "header, separator, quote, quoting, line_ending, formula, line_breaks.",
        "Line 8: read.group_sign must differ from decimal_sign.",
        "Line 9: columns needs a column with the source number, where deletions are shown as a row.",
        "Line 9: columns needs a column with the source deleted, where deletions are shown as a row.",
        "Line 10: columns[0].source must be number, deleted, updated_at or a key of articles such as F_3 or C_75000.",
        "Line 11: columns[1].constant must be text of 0 to 1000 characters; write it in quotes.",
        "Line 11: columns[1].name is the name of an earlier column.",
        "Line 15: columns[2].missing has a value that the column cannot hold: 'none' is no decimal.",
        "Line 16: columns[3] must be an object.",
        "Line 16: columns[3] needs a source or a constant, one of the two.",
        "Line 16: columns[3].name must be text of 1 to 100 characters.",
    ]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"name": ...}, "columns[2].name must be text of 1 to 100 characters"),
        ({"name": "a\nb"}, "columns[2].name must be a name without control characters"),
        ({"source": ...}, "columns[2] needs a source or a constant"),
        ({"constant": "x"}, "columns[2] needs a source or a constant"),
        ({"source": "F_٣"}, "columns[2].source must be number"),
        ({"type": "float"}, "columns[2].type must be text, integer, decimal, date or boolean"),
        ({"type": "datetime"}, "columns[2].type must be text, integer, decimal, date or boolean"),
        ({"source": "updated_at", "type": "text"}, "columns[2].type must be datetime or date"),
        ({"source": "deleted", "type": "text"}, "columns[2].type must be boolean"),
        ({"max_length": 0}, "columns[2].max_length must be a whole number from 1 to 32768"),
        ({"max_length": True}, "columns[2].max_length must be a whole number from 1 to 32768"),
        ({"max_length": 5, "type": "date"}, "columns[2].max_length is for columns of the type text alone"),
        ({"places": 2}, "columns[2].places is for columns of the type decimal alone"),
        ({"places": 99, "type": "decimal"}, "columns[2].places must be a whole number from 0 to 10"),
        ({"missing": "skip"}, "columns[2].missing must be fail, leave-out, or default:"),
        ({"missing": {"default": 1.5}}, "columns[2].missing must be fail, leave-out, or default:"),
        ({"missing": {"default": "x" * 1001}}, "columns[2].missing must be fail, leave-out, or default:"),
        (
            {"missing": {"default": "abc"}, "max_length": 2},
            "columns[2].missing has a value that the column cannot",
        ),
        ({"source": "number", "missing": "fail"}, "columns[2].missing is never the case"),
        ({"source": "deleted", "unconvertible": "fail"}, "columns[2].unconvertible is never the case"),
        ({"source": ..., "constant": "x", "missing": "fail"}, "columns[2].missing is never the case"),
        (
            {"source": ..., "constant": "x", "type": "integer"},
            "columns[2].constant has a value that the column",
        ),
        ({"read": {"date": "D/M/Y"}}, "columns[2].read.date must be made of DD, MM and YYYY"),
        ({"read": {"date": "DD/DD/YYYY"}}, "columns[2].read.date must be made of DD, MM and YYYY"),
        ({"read": {"decimal_sign": "x"}}, "columns[2].read.decimal_sign must be , or ."),
        (
            {"read": {"true": "1", "false": ["0", "1"]}},
            "columns[2].read.true and false have a word in common",
        ),
        ({"read": {"true": []}}, "columns[2].read.true must be text of at most 100 characters"),
        ({"write": {"true": ["1", "2"]}}, "columns[2].write.true must be one word"),
        ({"write": {"group_sign": "."}}, "columns[2].write.group_sign is not known"),
    ],
)
def test_a_fault_of_a_column_names_it(fields: dict[str, Any], fault: str) -> None:
    assert [told.removeprefix("Line 1: ")[: len(fault)] for told in of_column(**fields)] == [fault]


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"separator": ""}, "separator must be one character"),
        ({"separator": "\r"}, "separator must be one character"),
        ({"separator": "a"}, "separator must be one character"),
        ({"quote": "\t"}, "quote must be one character"),
        ({"quote": " "}, "quote must be one character"),
        ({"quote": ";"}, "quote must differ from the separator"),
        ({"header": "yes"}, "header must be true or false"),
        ({"quoting": "none"}, "quoting must be all or needed"),
        ({"line_ending": "cr"}, "line_ending must be crlf or lf"),
        ({"formula": "drop"}, "formula must be keep, quote or fail"),
        ({"line_breaks": "drop"}, "line_breaks must be keep, space or fail"),
    ],
)
def test_a_fault_of_the_form_of_csv_names_it(fields: dict[str, Any], fault: str) -> None:
    [told] = of_csv(**fields)
    assert told.startswith(f"Line 1: csv.{fault}")


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"csv": {}, "xml": {"root": "R"}}, "xml is for the format xml alone"),
        ({"read": {"group_sign": ","}}, "read.group_sign must differ from decimal_sign"),
        ({"encoding": "utf-16"}, "encoding must be utf-8, utf-8-bom or windows-1252"),
        ({"sheet": 1}, "sheet is not known"),
    ],
)
def test_a_fault_of_the_whole_names_it(fields: dict[str, Any], fault: str) -> None:
    [told] = faults_of(mapping_text("csv", [NUMBER, DELETED], **fields))
    assert told.startswith(f"Line 1: {fault}")


def test_what_the_mapping_itself_writes_must_fit_the_encoding() -> None:
    columns = [
        NUMBER,
        DELETED,
        {"name": "日", "source": "F_2", "missing": {"default": "本"}, "write": {"true": "真"}},
    ]
    told = faults_of(mapping_text("csv", columns, encoding="windows-1252"))
    assert [each.split()[2] for each in told] == ["columns[2].name", "columns[2].missing", "columns[2].write"]


@pytest.mark.parametrize("columns", [None, [], {}, "x", [NUMBER] * 201])
def test_columns_are_bounded(columns: Any) -> None:
    raw = json.dumps({"version": 1, "format": "csv", "deletions": "leave-out", "columns": columns}).encode()
    assert faults_of(raw)[0] == "Line 1: columns must be a list of 1 to 200 objects."


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"", "the mapping must be an object"),
        (b"[" * 5000, "the mapping cannot be read: it is nested deeper"),
        (b"a: &a [x]\nb: *a", "the mapping cannot be read: anchors and aliases"),
        (b"version: 1\nversion: 1", "the mapping cannot be read: the key version stands twice"),
        (b"version: !!python/name:os.system x", "the mapping cannot be read: tags are not taken"),
        (b"\xff", "the mapping cannot be read: it is not UTF-8"),
        (b"version: true", "version must be 1"),
        (b"version: " + b"9" * 5000, "version must be 1"),
        (b"#" * (LARGEST + 1), f"the mapping is larger than {LARGEST} bytes"),
    ],
)
def test_what_is_hostile_or_no_mapping_at_all_is_refused(raw: bytes, fault: str) -> None:
    assert any(told.partition(": ")[2].startswith(fault) for told in faults_of(raw))


def test_a_row_cannot_be_far_larger_than_its_article() -> None:
    same = [{"name": f"c{index}", "source": "F_2"} for index in range(11)]
    long = [{"name": f"d{index}", "constant": "x" * 1000} for index in range(10)]
    assert faults_of(mapping_text("csv", [NUMBER, DELETED, *same, *long])) == [
        "Line 1: columns show F_2 11 times, more than 10.",
        "Line 1: columns hold 10102 characters of names, words, constants and defaults, more than 10000.",
    ]


def test_only_formats_have_a_mapping_that_is_built_in() -> None:
    with pytest.raises(ValueError, match="no format of exports"):
        default_text("../reading")


def test_faults_are_told_up_to_a_bound() -> None:
    assert (
        len(faults_of(mapping_text("csv", [{"name": "a", "source": "b", "type": "c"}] * 200))) == MOST_FAULTS
    )


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    ["version", "format", "encoding", "deletions", "csv", "xml", "batch", "read", "write", "columns"]
)
NAMES = st.sampled_from(
    ["name", "source", "constant", "type", "max_length", "places", "missing", "read", "write"]
)


@given(st.dictionaries(FIELDS, VALUES), st.dictionaries(NAMES, VALUES))
@settings(max_examples=200, deadline=None)
def test_whatever_a_file_holds_it_is_taken_or_refused_with_its_faults(
    fields: dict[str, Any], column: dict[str, Any]
) -> None:
    raw = json.dumps({"version": 1, "format": "csv", "columns": [NUMBER, DELETED, column], **fields}).encode()
    told, mapping = [], None
    try:
        mapping = read_mapping(raw)
    except InvalidMapping as refused:
        told = refused.faults
    assert (mapping is None) == bool(told)
    assert all(fault.line >= 1 and fault.text for fault in told)


def test_the_digest_follows_what_is_said_not_how_it_is_written() -> None:
    first = read_mapping(
        b"version: 1\nformat: csv\ncolumns:\n- {name: n, source: number}\n- {name: d, source: deleted}"
    )
    same = mapping_of("csv", [{"source": "number", "name": "n"}, {"name": "d", "source": "deleted"}])
    other = mapping_of("csv", [{"name": "d", "source": "deleted"}, {"name": "n", "source": "number"}])
    assert first.digest == same.digest != other.digest


def test_a_mapping_names_the_keys_that_it_reads_each_once() -> None:
    columns = [
        NUMBER,
        DELETED,
        *({"name": name, "source": key} for name, key in [("a", "F_9"), ("b", "C_1"), ("c", "F_9")]),
    ]
    assert mapping_of("csv", columns).keys == ("F_9", "C_1")


def test_who_changes_the_decimal_sign_need_not_name_the_group_sign() -> None:
    columns = [NUMBER, DELETED, {"name": "p", "source": "F_2", "type": "decimal"}]
    mapping = mapping_of("csv", columns, read={"decimal_sign": "."})
    assert (mapping.columns[2].read.decimal_sign, mapping.columns[2].read.group_sign) == (".", ",")
