"""Exports for Business Central: a judge that is made from OData's rules takes every batch, and finds what is stored."""

import json
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.articles.export.built_in import default_mapping
from chalicelib.articles.export.mapping import InvalidMapping
from chalicelib.articles.export.records import Exported
from chalicelib.articles.export.writing import writer_of
from tests.doubles.export_articles import ARTICLES, KEYS, article, mapping_of, reasons, written
from tests.doubles.odata_batch import read_batches

COLUMNS: list[dict[str, Any]] = [
    {"name": "number", "source": "number"},
    {"name": "company", "constant": "O'Neil & Søn"},
    {"name": "deleted", "source": "deleted"},
    *({"name": key, "source": key} for key in KEYS),
]
TYPES = {"number": "Edm.String", "company": "Edm.String", "deleted": "Edm.Boolean"} | dict.fromkeys(
    KEYS, "Edm.String"
)
BATCH = {"entity_set": "articles", "key": "number"}


@given(
    st.lists(ARTICLES, max_size=12),
    st.lists(st.integers(0, 12), max_size=4),
    st.integers(1, 5),
    st.sampled_from(["post", "patch"]),
    st.sampled_from(["number", ["company", "number"]]),
    st.sampled_from(["delete", "row", "leave-out"]),
)
@settings(deadline=None)
def test_a_service_finds_what_is_stored(
    articles: list[Exported], cuts: list[int], operations: int, method: str, key: Any, deletions: str
) -> None:
    form = {
        "entity_set": "articles",
        "path": "companies(1)",
        "method": method,
        "key": key,
        "operations": operations,
    }
    mapping = mapping_of("bc-batch", COLUMNS, batch=form, deletions=deletions)
    data, chunks = written(writer_of(mapping), articles, cuts)
    batches = read_batches(data, TYPES)
    assert all(len(batch) == operations for batch in batches[:-1])
    sent = [each for each in articles if each.document is not None or deletions != "leave-out"]
    found = [each for batch in batches for each in batch]
    assert len(found) == len(sent)
    assert reasons(chunks) == []
    for operation, exported in zip(found, sent, strict=True):
        deleted = exported.document is None
        marks = {"number": exported.number, "company": "O'Neil & Søn", "deleted": deleted}
        whole = marks | {name: text for name, text in (exported.document or {}).items() if name in KEYS}
        address = (
            {"": exported.number}
            if key == "number"
            else {"company": marks["company"], "number": exported.number}
        )
        assert (operation.entity_set, operation.prefix) == ("articles", "companies(1)")
        if deleted and deletions == "delete":
            assert (operation.method, operation.key) == ("DELETE", address)
        elif method == "post":
            assert (operation.method, operation.key, operation.body) == ("POST", {}, whole)
        else:
            body = {name: value for name, value in whole.items() if name not in key}
            assert (operation.method, operation.key, operation.body) == ("PATCH", address, body)
    assert data == written(writer_of(mapping), articles)[0]


def test_batches_hold_a_hundred_operations_wherever_a_run_is_cut() -> None:
    writer = writer_of(default_mapping("bc-batch"))
    articles = [article(str(number), {} if number % 3 else None) for number in range(250)]
    data, chunks = written(writer, articles, range(0, 250, 7))
    assert [len(json.loads(line)["requests"]) for line in data.splitlines()] == [100, 100, 50]
    assert all(chunk.state["open"] < 100 and set(chunk.state) == {"open"} for chunk in chunks)
    assert data == written(writer, articles)[0]


def test_a_failed_row_leaves_no_gap_in_its_batch() -> None:
    columns = [COLUMNS[0], {"name": "price", "source": "F_2", "type": "decimal"}]
    mapping = mapping_of("bc-batch", columns, batch=BATCH)
    data, chunks = written(
        writer_of(mapping), [article(str(n), {"F_2": "x" if n % 2 else "1"}) for n in range(6)]
    )
    [line] = data.splitlines()
    assert [each["id"] for each in json.loads(line)["requests"]] == ["1", "2", "3"]
    assert reasons(chunks) == [(str(n), "price", "unconvertible") for n in (1, 3, 5)]


def test_an_export_of_nothing_is_an_empty_file() -> None:
    assert written(writer_of(default_mapping("bc-batch")), [])[0] == b""


def test_the_built_in_mapping_types_prices_and_dates_and_deletes() -> None:
    document = {"F_3": 'BH30 ½"', "F_80004": "1.248,28", "F_80006": "20/06/2022"}
    data, _ = written(
        writer_of(default_mapping("bc-batch")), [article("0012'ø", document, 1.5), article("8 %", None)]
    )
    strings = [
        "number",
        "code",
        "F_5",
        "description",
        "description2",
        "description3",
        "description4",
        "F_80007",
    ]
    types = dict.fromkeys([*strings, "family", "group", "location", "mounting"], "Edm.String") | {
        "price": "Edm.Decimal",
        "priceDate": "Edm.Date",
        "updatedAt": "Edm.DateTimeOffset",
    }
    [[first, second]] = read_batches(data, types)
    assert first.body == {
        "number": "0012'ø",
        "code": 'BH30 ½"',
        "price": Decimal("1248.28"),
        "priceDate": "2022-06-20",
        "updatedAt": "1970-01-01T00:00:01.500Z",
    }
    assert (second.method, second.key) == ("DELETE", {"": "8 %"})
    assert b'"url":"articles(\'8%20%25\')"' in data


@pytest.mark.parametrize(
    ("value", "fields", "typed", "edm"),
    [
        ("1.248,50", {"type": "decimal"}, Decimal("1248.50"), "Edm.Decimal"),
        ("7", {"type": "decimal", "places": 2}, Decimal("7.00"), "Edm.Decimal"),
        ("-0,5", {"type": "decimal"}, Decimal("-0.5"), "Edm.Decimal"),
        ("-007", {"type": "integer"}, -7, "Edm.Int64"),
        ("999999999999999999", {"type": "integer"}, 999999999999999999, "Edm.Int64"),
        ("20/06/2022", {"type": "date"}, "2022-06-20", "Edm.Date"),
        ("yes", {"type": "boolean"}, True, "Edm.Boolean"),
        ("0", {"type": "boolean"}, False, "Edm.Boolean"),
        ('\\"\x00\u2028', {}, '\\"\x00\u2028', "Edm.String"),
    ],
)
def test_values_have_the_types_of_json(value: str, fields: dict[str, Any], typed: Any, edm: str) -> None:
    mapping = mapping_of("bc-batch", [COLUMNS[0], {"name": "x", "source": "F_2", **fields}], batch=BATCH)
    data, _ = written(writer_of(mapping), [article("1", {"F_2": value})])
    [[operation]] = read_batches(data, {"number": "Edm.String", "x": edm})
    assert operation.body["x"] == typed
    assert type(operation.body["x"]) is type(typed)


def test_a_number_that_is_an_integer_there_stands_bare_in_the_key() -> None:
    columns = [{"name": "no", "source": "number", "type": "integer"}, {"name": "x", "source": "F_2"}]
    mapping = mapping_of(
        "bc-batch", columns, batch={"entity_set": "articles", "key": "no", "method": "patch"}
    )
    data, chunks = written(writer_of(mapping), [article("0042", {}), article("7b", {}), article("8c", None)])
    [[operation]] = read_batches(data, {"x": "Edm.String"})
    assert operation.key == {"": 42}
    assert reasons(chunks) == [("7b", "no", "unconvertible"), ("8c", "no", "unconvertible")]


def test_headers_of_the_mapping_stand_in_each_operation() -> None:
    form = {**BATCH, "headers": {"Company": "CRONUS", "Accept-Language": "nl"}}
    mapping = mapping_of("bc-batch", COLUMNS, batch=form)
    [operations] = read_batches(written(writer_of(mapping), [article("1", {}), article("2", None)])[0], TYPES)
    assert [each.headers["Company"] for each in operations] == ["CRONUS", "CRONUS"]


def test_half_of_a_surrogate_pair_fails_its_row() -> None:
    mapping = mapping_of("bc-batch", COLUMNS, batch=BATCH)
    articles = [article("1", {"F_2": "\ud83d"}), article("\ud83d", None), article("3", {})]
    data, chunks = written(writer_of(mapping), articles)
    assert reasons(chunks) == [("1", "F_2", "character"), ("\ud83d", "number", "character")]
    assert len(read_batches(data, TYPES)[0]) == 1


@pytest.mark.parametrize(
    ("form", "fields", "fault"),
    [
        ({"key": "number"}, {}, "batch.entity_set must be text of 1 to 100 characters"),
        ({**BATCH, "entity_set": "a b"}, {}, "batch.entity_set must be the name of an entity set"),
        ({"entity_set": "a"}, {}, "batch.key must name the columns of the key"),
        (
            {"entity_set": "a", "method": "patch"},
            {"deletions": "row"},
            "batch.key must name the columns of the key",
        ),
        ({**BATCH, "key": "nr"}, {}, "batch.key names 'nr', which is no column"),
        ({**BATCH, "key": "F_2"}, {}, "batch.key names 'F_2', which is not a text or integer"),
        ({**BATCH, "key": "deleted"}, {}, "batch.key names 'deleted', which is not a text or integer"),
        ({**BATCH, "method": "put"}, {}, "batch.method must be post or patch"),
        ({**BATCH, "operations": 101}, {}, "batch.operations must be a whole number from 1 to 100"),
        ({**BATCH, "path": "/api"}, {}, "batch.path must be a relative path"),
        ({**BATCH, "path": "a/../b"}, {}, "batch.path must be a relative path"),
        ({**BATCH, "path": "https://example.com/"}, {}, "batch.path must be a relative path"),
        ({**BATCH, "path": "a?b"}, {}, "batch.path must be a relative path"),
        ({**BATCH, "headers": {"Authorization": "x"}}, {}, "batch.headers.Authorization is no header that"),
        ({**BATCH, "headers": {"if-match": "x"}}, {}, "batch.headers.if-match is no header that"),
        ({**BATCH, "headers": {"A": "x", "a": "y"}}, {}, "batch.headers.a is the name of an earlier header"),
        ({**BATCH, "headers": {"a b": "x"}}, {}, "batch.headers.a b is no header that"),
        ({**BATCH, "headers": {"a": "x\r\ny: z"}}, {}, "batch.headers.a must be printable ASCII"),
        ({**BATCH, "headers": {"a": "x" * 201}}, {}, "batch.headers.a must be printable ASCII"),
        ({**BATCH, "headers": {f"a{n}": "" for n in range(21)}}, {}, "batch.headers must be at most 20"),
        ({**BATCH, "headers": {"a": 1}}, {}, "batch.headers must be an object whose values are texts"),
        (BATCH, {"encoding": "windows-1252"}, "encoding must be utf-8: JSON has no other"),
        (BATCH, {"write": {"decimal_sign": ","}}, "write is not for bc-batch"),
    ],
)
def test_a_fault_of_a_batch_names_it(form: dict[str, Any], fields: dict[str, Any], fault: str) -> None:
    with pytest.raises(InvalidMapping) as refused:
        mapping_of("bc-batch", COLUMNS, batch=form, **fields)
    [told] = refused.value.faults
    assert str(told).startswith(f"Line 1: {fault}")


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ([{"name": "number", "source": "number"}], "leaves no column to write"),
        (
            [{"name": "number", "source": "number", "unconvertible": "leave-out"}, COLUMNS[2]],
            "must fail where it is",
        ),
    ],
)
def test_a_key_is_always_there_and_never_all(columns: list[dict[str, Any]], fault: str) -> None:
    with pytest.raises(InvalidMapping, match=fault):
        mapping_of("bc-batch", columns, batch={**BATCH, "method": "patch"})


GOOD = {"id": "1", "method": "DELETE", "url": "articles('1')", "headers": {"If-Match": "*"}}


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [GOOD] * 2,
        [{**GOOD, "id": 1}],
        [{**GOOD, "method": "GET"}],
        [{**GOOD, "method": "REMOVE"}],
        [{**GOOD, "url": "/articles('1') "}],
        [{**GOOD, "url": "articles('it's')"}],
        [{**GOOD, "url": "articles(%zz)"}],
        [{**GOOD, "headers": {}}],
        [{**GOOD, "headers": {"If-Match": "*", "if-match": "*"}}],
        [{**GOOD, "body": {}}],
        [{**GOOD, "more": 1}],
        [{**GOOD, "id": str(number)} for number in range(101)],
        [{"id": "1", "method": "POST", "url": "articles", "body": {"number": "1"}}],
        [
            {
                "id": "1",
                "method": "POST",
                "url": "articles",
                "headers": {"Content-Type": "application/json"},
                "body": {"number": 1},
            }
        ],
        [
            {
                "id": "1",
                "method": "POST",
                "url": "articles",
                "headers": {"Content-Type": "application/json"},
                "body": {"other": "1"},
            }
        ],
    ],
)
def test_the_judge_refuses_what_a_service_would(requests: list[dict[str, Any]]) -> None:
    assert read_batches(json.dumps({"requests": [GOOD]}).encode() + b"\n", TYPES)
    with pytest.raises((AssertionError, KeyError, jsonschema.ValidationError)):
        read_batches(json.dumps({"requests": requests}).encode() + b"\n", TYPES)
