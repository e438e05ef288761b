"""Laws of exports: whatever mapping is taken, each article is written or told, and readers take the file."""

import csv
import io
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from chalicelib.articles.export.csv_writer import FORMULA_STARTS
from chalicelib.articles.export.mapping import ENCODINGS, FORMATS, CsvForm, ExportMapping, InvalidMapping
from chalicelib.articles.export.records import Exported
from chalicelib.articles.export.writing import writer_of
from chalicelib.articles.export.xsd import xsd_of
from tests.doubles.export_articles import KEYS, NUMBERS, TEXTS, TIMES, article, mapping_of, written
from tests.doubles.odata_batch import read_batches

VALUES = TEXTS | st.sampled_from(
    [
        "248,28",
        "1.248,28",
        "-0012",
        "1234.5",
        "20/06/2022",
        "31/02/2022",
        "2022-06-20",
        "yes",
        "0",
        "9" * 19,
        "x" * 300,
    ]
)
LAW_ARTICLES = st.builds(
    article,
    NUMBERS | st.sampled_from(["0042", "7"]),
    st.none() | st.dictionaries(st.sampled_from(KEYS), VALUES),
    TIMES,
)
DEFAULTS = st.sampled_from(["", "0", "0,00", "01/01/2000", "no", "n/a", "–", "日"])
POLICIES = st.sampled_from(["fail", "leave-out"]) | DEFAULTS.map(lambda text: {"default": text})
FORMS = st.fixed_dictionaries(
    {},
    optional={
        "decimal_sign": st.sampled_from([",", "."]),
        "date": st.sampled_from(["DD/MM/YYYY", "YYYY-MM-DD", "YYYYMMDD", "MM.DD.YYYY"]),
        "true": st.sampled_from(["1", "true", "yes", "ja"]),
        "false": st.sampled_from(["0", "false", "no", "nein"]),
    },
)
COLUMN = st.fixed_dictionaries(
    {"source": st.sampled_from([*KEYS, "number"])},
    optional={
        "type": st.sampled_from(["text", "integer", "decimal", "date", "boolean"]),
        "missing": POLICIES,
        "unconvertible": POLICIES,
        "read": FORMS,
        "write": FORMS,
        "places": st.integers(0, 3),
        "max_length": st.integers(1, 30),
    },
)
SHAPES: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "csv": st.fixed_dictionaries(
        {"header": st.just(False)},
        optional={
            "separator": st.sampled_from([";", ",", "\t", "-"]),
            "quoting": st.sampled_from(["all", "needed"]),
            "formula": st.sampled_from(["keep", "quote", "fail"]),
            "line_breaks": st.sampled_from(["keep", "space", "fail"]),
        },
    ),
    "xml": st.fixed_dictionaries(
        {},
        optional={"illegal_characters": st.sampled_from(["fail", "replace"]), "namespace": st.just("urn:a")},
    ),
    "bc-batch": st.fixed_dictionaries(
        {"entity_set": st.just("articles"), "key": st.just("number")},
        optional={"method": st.sampled_from(["post", "patch"]), "operations": st.integers(1, 3)},
    ),
}
KEYS_OF_SHAPES = {"csv": "csv", "xml": "xml", "bc-batch": "batch"}


@st.composite
def mappings(draw: st.DrawFn) -> ExportMapping | None:
    """A mapping that was taken; None for one that has faults."""
    format_name = draw(st.sampled_from(FORMATS))
    columns = [
        {"name": "number", "source": "number"},
        {"name": "deleted", "source": "deleted"},
        {"name": "at", "source": "updated_at", "type": draw(st.sampled_from(["datetime", "date"]))},
        *({**column, "name": f"c{index}"} for index, column in enumerate(draw(st.lists(COLUMN, max_size=4)))),
    ]
    for column in columns:
        if format_name == "bc-batch":
            column.pop("write", None)
        if column.get("type", "text") != "text":
            column.pop("max_length", None)
        if column.get("type") != "decimal":
            column.pop("places", None)
        if column["source"] == "number":
            column.pop("missing", None)
    fields: dict[str, Any] = {KEYS_OF_SHAPES[format_name]: draw(SHAPES[format_name])}
    if format_name != "bc-batch":
        fields["encoding"] = draw(st.sampled_from(list(ENCODINGS)))
    try:
        return mapping_of(format_name, columns, **fields)
    except InvalidMapping:
        return None


@given(mappings(), st.lists(LAW_ARTICLES, max_size=6), st.lists(st.integers(0, 6), max_size=3))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_each_article_is_written_or_told_and_readers_take_the_file(
    mapping: ExportMapping | None, articles: list[Exported], cuts: list[int]
) -> None:
    if mapping is None:
        return
    data, chunks = written(writer_of(mapping), articles, cuts)
    rows = sum(chunk.rows + chunk.deleted for chunk in chunks)
    assert rows + sum(len(chunk.failed) + chunk.left_out for chunk in chunks) == len(articles)
    assert all(row.faults for chunk in chunks for row in chunk.failed)
    assert READERS[mapping.format](data, mapping) == rows
    assert written(writer_of(mapping), articles)[0] == data


def read_csv(data: bytes, mapping: ExportMapping) -> int:
    form = mapping.form
    assert isinstance(form, CsvForm)
    text = data.decode("utf-8-sig" if mapping.encoding == "utf-8-bom" else ENCODINGS[mapping.encoding])
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=form.separator, strict=True))
    for row in rows:
        for column, cell in zip(mapping.columns, row, strict=True):
            assert column.max_length is None or len(cell) <= column.max_length
            if column.type == "text" and form.formula == "quote":
                assert not cell.startswith(FORMULA_STARTS)
            if column.type == "text" and form.line_breaks != "keep":
                assert not set(cell) & set("\r\n")
    return len(rows)


def read_xml(data: bytes, mapping: ExportMapping) -> int:
    root = etree.fromstring(data)
    etree.XMLSchema(etree.fromstring(xsd_of(mapping).encode())).assertValid(root)
    return len(root)


def read_operations(data: bytes, mapping: ExportMapping) -> int:
    edm = {
        "text": "Edm.String",
        "integer": "Edm.Int64",
        "decimal": "Edm.Decimal",
        "boolean": "Edm.Boolean",
        "date": "Edm.Date",
        "datetime": "Edm.DateTimeOffset",
    }
    return sum(map(len, read_batches(data, {column.name: edm[column.type] for column in mapping.columns})))


READERS = {"csv": read_csv, "xml": read_xml, "bc-batch": read_operations}
