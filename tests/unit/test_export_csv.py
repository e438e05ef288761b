"""Exports as CSV: what a reader of CSV finds is what is stored; what cannot be written is told, never dropped."""

import csv
import io
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.articles.export.built_in import default_mapping
from chalicelib.articles.export.csv_writer import LINE_ENDINGS
from chalicelib.articles.export.mapping import ENCODINGS, CsvForm, ExportMapping
from chalicelib.articles.export.records import Exported
from chalicelib.articles.export.writing import writer_of
from tests.doubles.export_articles import ARTICLES, KEYS, article, mapping_of, reasons, written
from tests.doubles.rfc4180 import read_rfc4180

COLUMNS: list[dict[str, Any]] = [
    {"name": "Number", "source": "number"},
    {"name": "Deleted", "source": "deleted"},
    *({"name": key, "source": key} for key in KEYS),
]


def cells(raw: bytes, mapping: ExportMapping, *, separator: str = ";", quote: str = '"') -> list[list[str]]:
    """The file as Python's reader of CSV sees it."""
    codec = {"utf-8": "utf-8", "utf-8-bom": "utf-8-sig", "windows-1252": "cp1252"}[mapping.encoding]
    text = io.StringIO(raw.decode(codec), newline="")
    return list(csv.reader(text, delimiter=separator, quotechar=quote, strict=True))


def strictly(raw: bytes, mapping: ExportMapping, separator: str, quote: str) -> list[list[str]]:
    """The file as the grammar of RFC 4180 reads it."""
    assert isinstance(mapping.form, CsvForm)
    text = raw.decode(ENCODINGS[mapping.encoding]).removeprefix(
        "\ufeff" if mapping.encoding == "utf-8-bom" else ""
    )
    ending = LINE_ENDINGS[mapping.form.line_ending]
    return read_rfc4180(text, separator=separator, quote=quote, ending=ending)


def expected(exported: Exported) -> list[str]:
    document = exported.document
    stored = [""] * len(KEYS) if document is None else [document.get(key, "") for key in KEYS]
    return [exported.number, "1" if document is None else "0", *stored]


def column(**fields: Any) -> list[dict[str, Any]]:
    return [{"name": "n", "source": "number"}, {"name": "d", "source": "deleted"}, {"name": "x", **fields}]


def one(value: str | None, **fields: Any) -> tuple[str | None, list[tuple[str, str, str]]]:
    """What becomes of one stored value in a column of these fields: its cell, or why the row failed."""
    form = fields.pop("csv", {})
    mapping = mapping_of("csv", column(source="F_2", **fields), csv={"header": False, **form})
    data, chunks = written(writer_of(mapping), [article("7", {} if value is None else {"F_2": value})])
    rows = cells(data, mapping)
    return (rows[0][2] if rows else None), reasons(chunks)


@given(
    st.lists(ARTICLES, max_size=8),
    st.lists(st.integers(0, 8), max_size=3),
    st.sampled_from(["utf-8", "utf-8-bom", "windows-1252"]),
    st.sampled_from(["all", "needed"]),
    st.sampled_from(["crlf", "lf"]),
    st.booleans(),
    st.sampled_from([(";", '"'), ("\t", "'"), (",", '"'), ("|", "~")]),
)
@settings(deadline=None)
def test_a_reader_finds_what_is_stored_and_what_is_left_is_told(
    articles: list[Exported],
    cuts: list[int],
    encoding: str,
    quoting: str,
    ending: str,
    header: bool,
    signs: tuple[str, str],
) -> None:
    separator, quote = signs
    form = {
        "quoting": quoting,
        "line_ending": ending,
        "header": header,
        "separator": separator,
        "quote": quote,
    }
    mapping = mapping_of("csv", COLUMNS, encoding=encoding, csv=form)
    data, chunks = written(writer_of(mapping), articles, cuts)
    fits = [
        each for each in articles if encoding != "windows-1252" or is_windows_1252("".join(expected(each)))
    ]
    rows = cells(data, mapping, separator=separator, quote=quote)
    if header:
        assert rows.pop(0) == [each["name"] for each in COLUMNS]
    assert rows == [expected(each) for each in fits]
    assert rows == strictly(data, mapping, separator, quote)[header:]
    assert {reason for _, _, reason in reasons(chunks)} <= {"character"}
    assert sum(each.rows + each.deleted for each in chunks) == len(fits)
    assert sum(len(each.failed) for each in chunks) == len(articles) - len(fits)
    assert data == written(writer_of(mapping), articles)[0]


def is_windows_1252(text: str) -> bool:
    try:
        return text.encode("cp1252").decode("cp1252") == text
    except UnicodeEncodeError:
        return False


@given(st.lists(st.text(' ";\r\nx', max_size=3), min_size=1, max_size=3))
@example([""])
@settings(deadline=None)
def test_quotes_stand_where_a_reader_needs_them(values: list[str]) -> None:
    names = [f"F_{index + 2}" for index in range(len(values))]
    columns = [{"name": name, "source": name} for name in names]
    form = {"header": False, "quoting": "needed"}
    mapping = mapping_of("csv", columns, deletions="leave-out", csv=form)
    data, _ = written(writer_of(mapping), [article("1", dict(zip(names, values, strict=True)))])
    assert cells(data, mapping) == [values]
    if not any(set(value) & set(' ";\r\n') for value in values) and any(values):
        assert b'"' not in data


@pytest.mark.parametrize("value", [" x", "x ", " "])
def test_spaces_at_the_ends_of_a_value_are_quoted_since_some_readers_trim(value: str) -> None:
    columns = [{"name": "a", "source": "F_2"}, {"name": "b", "source": "F_3"}]
    mapping = mapping_of("csv", columns, deletions="leave-out", csv={"header": False, "quoting": "needed"})
    articles = [article("1", {"F_2": value, "F_3": "y"}), article("2", {"F_2": "y", "F_3": value})]
    data, _ = written(writer_of(mapping), articles)
    assert data.decode() == f'"{value}";y\r\ny;"{value}"\r\n'


def test_the_file_of_the_built_in_mapping_is_what_an_xmlport_is_told_to_read() -> None:
    mapping = default_mapping("csv")
    document = {
        "F_3": 'BH30-6,1W ½"',
        "F_80000": "BULLET HOLE; 45°",
        "F_80004": "1.248,28",
        "F_80006": "20/06/2022",
    }
    data, chunks = written(
        writer_of(mapping), [article("0012411176", document, 1669842000.25), article("8", None)]
    )
    assert data.startswith(b"\xef\xbb\xbf")
    head, first, second, rest = data.decode("utf-8-sig").split("\r\n")
    assert (head.split(";")[:3], rest) == (['"Number"', '"Deleted"', '"Code"'], "")
    assert first == (
        '"0012411176";"0";"BH30-6,1W ½""";"";"BULLET HOLE; 45°";"";"";"";"1.248,28";"20/06/2022";"";"";"";"";"";'
        '"2022-11-30T21:00:00.250Z"'
    )
    assert second == '"8";"1"' + ';""' * 13 + ';"1970-01-01T00:00:00.000Z"'
    assert [(each.rows, each.deleted, each.left_out, each.failed) for each in chunks if each.data] == [
        (1, 1, 0, ())
    ]


def test_deleted_articles_are_left_out_and_counted_where_the_mapping_says_so() -> None:
    mapping = mapping_of("csv", [{"name": "n", "source": "number"}], deletions="leave-out")
    data, [chunk, _] = written(writer_of(mapping), [article("1", {}), article("2", None), article("3", {})])
    assert cells(data, mapping) == [["n"], ["1"], ["3"]]
    assert (chunk.rows, chunk.deleted, chunk.left_out) == (2, 0, 1)


def test_a_row_of_a_deleted_article_needs_none_of_its_keys() -> None:
    mapping = mapping_of("csv", column(source="F_2", missing="fail"))
    data, chunks = written(writer_of(mapping), [article("1", {}), article("2", None)])
    assert cells(data, mapping)[1:] == [["2", "1", ""]]
    assert reasons(chunks) == [("1", "x", "missing")]


@pytest.mark.parametrize(
    ("value", "fields", "cell"),
    [
        ("248,28", {}, "248,28"),
        ("248,28", {"type": "decimal"}, "248,28"),
        ("1.248,28", {"type": "decimal", "write": {"decimal_sign": "."}}, "1248.28"),
        ("-0012,50", {"type": "decimal", "places": 3}, "-12,500"),
        ("7", {"type": "decimal", "places": 2}, "7,00"),
        ("7,100", {"type": "decimal", "places": 1}, "7,1"),
        ("7,000", {"type": "decimal", "places": 0}, "7"),
        ("1248.28", {"type": "decimal", "read": {"decimal_sign": "."}}, "1248,28"),
        ("1'248.28", {"type": "decimal", "read": {"decimal_sign": ".", "group_sign": "'"}}, "1248,28"),
        ("0042", {"type": "integer"}, "42"),
        ("-1.000.000", {"type": "integer"}, "-1000000"),
        ("000", {"type": "integer"}, "0"),
        ("20/06/2022", {"type": "date", "write": {"date": "YYYY-MM-DD"}}, "2022-06-20"),
        (
            "20220620",
            {"type": "date", "read": {"date": "YYYYMMDD"}, "write": {"date": "MM.DD.YYYY"}},
            "06.20.2022",
        ),
        ("yes", {"type": "boolean"}, "1"),
        (
            "nein",
            {"type": "boolean", "read": {"true": "ja", "false": "nein"}, "write": {"false": "No"}},
            "No",
        ),
        ("12345", {"max_length": 5}, "12345"),
        ("", {}, ""),
        (None, {}, ""),
        (None, {"missing": {"default": "none"}}, "none"),
        ("", {"missing": {"default": "none"}}, ""),
        ("", {"type": "decimal", "missing": {"default": 0}}, "0"),
        (None, {"type": "date", "missing": {"default": "31/12/9999"}}, "31/12/9999"),
        ("on request", {"type": "decimal", "unconvertible": "leave-out"}, ""),
        ("on request", {"type": "decimal", "unconvertible": {"default": "0,00"}}, "0,00"),
        ("123456", {"max_length": 5, "unconvertible": {"default": "long"}}, "long"),
        ("=1+1", {}, "=1+1"),
        ("=1+1", {"csv": {"formula": "quote"}}, "'=1+1"),
        ("\t=1", {"csv": {"formula": "quote"}}, "'\t=1"),
        ("-12,50", {"type": "decimal", "csv": {"formula": "quote"}}, "-12,50"),
        ("-12,50", {"type": "decimal", "csv": {"formula": "fail"}}, "-12,50"),
        ("a=b", {"csv": {"formula": "fail"}}, "a=b"),
        ("a\r\nb\nc\rd", {"csv": {"line_breaks": "space"}}, "a b c d"),
        ("a\nb", {}, "a\nb"),
        # What the mapping itself writes is its own affair.
        (None, {"missing": {"default": "=x"}, "csv": {"formula": "fail"}}, "=x"),
        (None, {"missing": {"default": "=x"}, "csv": {"formula": "quote"}, "max_length": 2}, "=x"),
        ("=", {"missing": {"default": "=x"}, "csv": {"formula": "quote"}, "max_length": 2}, "'="),
        ("long", {"unconvertible": {"default": "-"}, "csv": {"formula": "fail"}, "max_length": 3}, "-"),
        ("-", {"unconvertible": {"default": "-"}, "csv": {"formula": "quote"}, "max_length": 1}, "-"),
        (None, {"missing": {"default": "a\nb"}, "csv": {"line_breaks": "fail"}}, "a\nb"),
    ],
)
def test_a_value_is_as_stored_unless_the_mapping_converts_it(
    value: str | None, fields: dict[str, Any], cell: str
) -> None:
    assert one(value, **fields) == (cell, [])


@pytest.mark.parametrize(
    ("value", "fields", "reason"),
    [
        (None, {"missing": "fail"}, "missing"),
        ("", {"type": "decimal", "missing": "fail"}, "missing"),
        ("on request", {"type": "decimal"}, "unconvertible"),
        ("12,5,0", {"type": "decimal"}, "unconvertible"),
        ("1.24,28", {"type": "decimal"}, "unconvertible"),
        ("1234.567", {"type": "integer"}, "unconvertible"),
        (" 1", {"type": "decimal"}, "unconvertible"),
        ("+1", {"type": "decimal"}, "unconvertible"),
        ("١", {"type": "decimal"}, "unconvertible"),
        ("1,", {"type": "decimal"}, "unconvertible"),
        ("1,005", {"type": "decimal", "places": 2}, "unconvertible"),
        ("1" * 19, {"type": "decimal"}, "unconvertible"),
        ("1,5", {"type": "integer"}, "unconvertible"),
        ("1" * 19, {"type": "integer"}, "unconvertible"),
        ("31/02/2022", {"type": "date"}, "unconvertible"),
        ("1/2/2022", {"type": "date"}, "unconvertible"),
        ("20/06/0000", {"type": "date"}, "unconvertible"),
        ("maybe", {"type": "boolean"}, "unconvertible"),
        ("123456", {"max_length": 5}, "too-long"),
        ("🔦🔦🔦", {"max_length": 5}, "too-long"),
        ("=1+12", {"max_length": 5, "csv": {"formula": "quote"}}, "too-long"),
        *((f"{start}1", {"csv": {"formula": "fail"}}, "formula") for start in "=+-@\t\r\n＝＋－＠"),
        ("a\nb", {"csv": {"line_breaks": "fail"}}, "line-break"),
    ],
)
def test_what_a_column_cannot_hold_fails_its_row(
    value: str | None, fields: dict[str, Any], reason: str
) -> None:
    assert one(value, **fields) == (None, [("7", "x", reason)])


def test_a_failed_row_tells_of_every_column_what_is_wrong_and_the_others_go_on() -> None:
    columns = [
        *column(source="F_2", type="decimal"),
        {"name": "y", "source": "F_3", "missing": "fail"},
        {"name": "z", "source": "F_4", "max_length": 3},
    ]
    mapping = mapping_of("csv", columns)
    articles = [
        article("1", {"F_3": "a"}),
        article("2", {"F_2": "dear", "F_4": "abcd"}),
        article("3", {"F_3": "c"}),
    ]
    data, chunks = written(writer_of(mapping), articles)
    assert [row[0] for row in cells(data, mapping)] == ["n", "1", "3"]
    assert [failed.as_json() for chunk in chunks for failed in chunk.failed] == [
        {
            "number": "2",
            "faults": [
                {"column": "x", "reason": "unconvertible", "text": "'dear' is no decimal"},
                {"column": "y", "reason": "missing", "text": "F_3 is missing"},
                {"column": "z", "reason": "too-long", "text": "has 4 characters, more than 3"},
            ],
        }
    ]


def test_a_character_that_windows_1252_lacks_is_named() -> None:
    mapping = mapping_of("csv", column(source="F_2"), encoding="windows-1252")
    data, chunks = written(writer_of(mapping), [article("1", {"F_2": "50 €"}), article("2", {"F_2": "日本"})])
    assert data.endswith(b'"1";"0";"50 \x80"\r\n')
    [failed] = [row for chunk in chunks for row in chunk.failed]
    assert failed.faults[0].text == "holds U+65E5, which windows-1252 does not have"


def test_half_of_a_surrogate_pair_is_no_character_of_any_encoding() -> None:
    mapping = mapping_of("csv", column(source="F_2"))
    _, chunks = written(writer_of(mapping), [article("1", {"F_2": "a\ud83d"})])
    assert reasons(chunks) == [("1", "x", "character")]


def test_memory_does_not_grow_with_the_articles_of_a_file() -> None:
    writer = writer_of(default_mapping("csv"))
    page = [article(str(number), {"F_80000": "x" * 100}) for number in range(100)]
    peaks = []
    for pages in (10, 100):
        tracemalloc.start()
        state = writer.start
        for _ in range(pages):
            state = writer.write(page, state).state
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 2 * peaks[0]
