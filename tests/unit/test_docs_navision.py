"""docs/navision.md says of exports what the code does; its samples fit the mappings that are built in."""

import re
from typing import Any

import pytest

from chalicelib.articles.export import columns, conversion, fields, forms, reading
from chalicelib.articles.export.built_in import default_mapping
from chalicelib.articles.export.columns import AS_STORED, WRITTEN
from chalicelib.articles.export.csv_writer import FORMULA_STARTS
from chalicelib.articles.export.mapping import ENCODINGS, FORMATS, MOST_FAULTS, TYPES, ExportMapping
from chalicelib.articles.export.reading import read_mapping
from chalicelib.articles.export.writing import writer_of
from tests.documents import PROJECT, code, fenced, named, once, table, text_of
from tests.doubles.export_articles import article, mapping_of, reasons, written

DOCUMENT = "navision.md"
TITLE = "Articles for Navision and Business Central"
SAMPLES = PROJECT / "docs" / DOCUMENT


def defaults() -> dict[str, str]:
    """What stands under "default", by field."""
    return {name: row["default"] for row in table(DOCUMENT, "Mapping") for name in code(row["field"])}


def test_every_field_is_told() -> None:
    known = set(reading.FIELDS) - set(forms.KEYS_OF_FORMS.values())
    known |= {f"columns[].{name}" for name in columns.FIELDS}
    for format_name, names in forms.FORM_FIELDS.items():
        known |= {f"{forms.KEYS_OF_FORMS[format_name]}.{name}" for name in names}
    assert once(named(table(DOCUMENT, "Mapping"), "field")) == known


def test_the_formats_and_their_built_in_mappings_are_told() -> None:
    assert tuple(named(table(DOCUMENT, TITLE), "format")) == FORMATS


@pytest.mark.parametrize("format_name", FORMATS)
def test_defaults_are_those_of_the_code(format_name: str) -> None:
    extra: dict[str, Any] = {"batch": {"entity_set": "e", "key": "n"}} if format_name == "bc-batch" else {}
    least = mapping_of(
        format_name, [{"name": "n", "source": "number"}, {"name": "d", "source": "deleted"}], **extra
    )
    told = defaults()
    assert least.encoding in code(told["encoding"])
    assert least.deletions == reading.DELETIONS[format_name][0] in code(told["deletions"])
    assert (least.columns[0].missing.kind, least.columns[0].unconvertible.kind) == (
        code(told["columns[].missing"])[0],
        code(told["columns[].unconvertible"])[0],
    )
    for name, value in vars(least.form).items():
        cell = told.get(f"{forms.KEYS_OF_FORMS[format_name]}.{name}", "none")
        if isinstance(value, str) and value and name not in ("entity_set",):
            assert value in code(cell), name
        elif isinstance(value, int):
            assert str(value).lower() == cell, name


def test_types_and_what_deletions_may_be_are_told() -> None:
    assert tuple(named(table(DOCUMENT, "Types"), "type")) == TYPES
    assert once(named(table(DOCUMENT, "Deleted articles"), "`deletions`")) == {
        each for kinds in reading.DELETIONS.values() for each in kinds
    }


def test_forms_of_values_are_those_of_the_code() -> None:
    rows = {code(row["field"])[0]: row for row in table(DOCUMENT, "Forms of values")}
    assert tuple(rows) == columns.VALUE_FIELDS
    for heading, form in (
        ("of `read`", AS_STORED),
        ("of `write`: csv", WRITTEN["csv"]),
        ("of `write`: xml", WRITTEN["xml"]),
    ):
        for name, row in rows.items():
            value = getattr(form, name)
            if name != "group_sign" or form is AS_STORED:
                assert code(row[heading]) == ([value] if isinstance(value, str) else list(value)), name


def test_figures_are_those_of_the_code() -> None:
    text = " ".join(text_of(DOCUMENT).split())
    for said in (
        f"{reading.LARGEST // 1024} KB at most",
        f"up to {MOST_FAULTS}",
        f"1 to {fields.MOST_ITEMS} columns",
        f"1 to {fields.LONGEST_NAME} characters",
        f"up to {fields.LONGEST_TEXT:,} characters",
        f"together {columns.MOST_TEXT:,}",
        f"may stand in {columns.MOST_OF_A_KEY} of them",
        f"{forms.MOST_HEADERS} at most, values of up to {forms.LONGEST_HEADER} characters",
        f"1 to {columns.LONGEST_VALUE}",
        f"0 to {columns.MOST_PLACES};",
        f"{conversion.DIGITS} digits at most",
        f"1 to {forms.MOST_OPERATIONS}",
        f"{forms.MOST_OPERATIONS} operations at most",
        *(f"`{name}`" for name in ENCODINGS),
        *(f"`{sign}`" for sign in FORMULA_STARTS if sign.isprintable()),
    ):
        assert said in text, said


def test_every_reason_of_failed_rows_is_told() -> None:
    told = once(named(table(DOCUMENT, "Failed rows"), "reason"))
    columns_of = [
        {"name": "n", "source": "number"},
        {"name": "a", "source": "F_2", "missing": "fail"},
        {"name": "b", "source": "F_3", "type": "decimal"},
        {"name": "c", "source": "F_4", "max_length": 1},
        {"name": "d", "source": "F_5"},
    ]
    guards = {"formula": "fail", "line_breaks": "fail"}
    broken = [{}, {"F_2": "", "F_3": "x"}, {"F_2": "", "F_4": "xx"}, {"F_2": "", "F_5": "日"}]
    articles = [
        article("1", document) for document in [*broken, {"F_2": "=1"}, {"F_2": "a\nb"}, {"F_2": "\x00"}]
    ]
    seen: set[str] = set()
    for format_name, extra in (("csv", {"csv": guards}), ("xml", {})):
        mapping = mapping_of(format_name, columns_of, deletions="leave-out", encoding="windows-1252", **extra)
        seen |= {reason for _, _, reason in reasons(written(writer_of(mapping), articles)[1])}
    assert seen == told


def test_the_example_is_a_mapping() -> None:
    [example] = fenced(SAMPLES, "yaml")
    mapping = read_mapping(example.encode())
    document = {"F_80000": "BULLET HOLE 45°", "F_80004": "1.248,2", "F_80006": "20/06/2022"}
    data, _ = written(writer_of(mapping), [article("0012", document), article("8", None)])
    assert data.decode("cp1252").split("\r\n")[1:] == [
        '"0012";"No";"CRONUS";"BULLET HOLE 45°";"1248.20";"20220620"',
        '"8";"Yes";"CRONUS";"";"0.00";""',
        "",
    ]


def names_of(mapping: ExportMapping) -> list[str]:
    return [column.name for column in mapping.columns]


def test_the_samples_in_al_have_the_columns_of_what_is_built_in() -> None:
    xmlport, page = fenced(SAMPLES, "al")
    root, *elements = re.findall(r"textelement\((\w+)\)", xmlport)
    assert root == "Articles"
    assert elements == names_of(default_mapping("csv")) == names_of(default_mapping("xml"))
    assert re.findall(r"field\((\w+);", page) == names_of(default_mapping("bc-batch"))
    assert "EntitySetName = 'articles'" in page
