"""What an entry of a delta file may hold, and every fault that is found in it."""

import json

import pytest

from chalicelib.articles import delta_entry
from chalicelib.articles.delta_format import DeltaEntry, Limits, read_entries
from chalicelib.errors import FileFault

ADD, SET, DELETE, DROP = "add-article", "replace-article-feature", "delete-article", "delete-article-feature"


def read_one(text: str) -> DeltaEntry:
    (entry,) = read_entries((f"[{text}]".encode(),), limits=Limits())
    return entry


def entry_of(operation: str, data: str) -> DeltaEntry:
    return read_one(f'{{"operation": "{operation}", "articleData": {data}}}')


def test_a_sound_entry_is_read_as_it_stands() -> None:
    text = (
        '{"operation": "replace-article-feature", "articleData": {"F_1": "0012", "C_7": "½\\" ", "F_5": ""}}'
    )
    assert read_one(text) == DeltaEntry(
        pos=0,
        start=1,
        end=1 + len(text.encode()),
        operation=SET,
        raw_operation=SET,
        number="0012",
        article_data={"F_1": "0012", "C_7": '½" ', "F_5": ""},
        changes={"C_7": '½" ', "F_5": ""},
        faults=(),
        warnings=(),
    )


@pytest.mark.parametrize(
    ("submitted", "canonical"),
    [
        ("add-article", "add-article"),
        ("replace-article", "replace-article"),
        ("delete-article", "delete-article"),
        ("remove-article", "delete-article"),
        ("add-article-feature", "add-article-feature"),
        ("replace-article-feature", "replace-article-feature"),
        ("delete-article-feature", "delete-article-feature"),
        ("remove-article-feature", "delete-article-feature"),
    ],
)
def test_operations_have_one_name_and_are_listed_as_submitted(submitted: str, canonical: str) -> None:
    entry = entry_of(submitted, '{"F_1": "1", "F_2": "x"}')
    assert (entry.operation, entry.raw_operation, entry.faults) == (canonical, submitted, ())


@pytest.mark.parametrize(
    ("submitted", "number"),
    [
        ('"12411116"', "12411116"),
        ("12411116", "12411116"),
        ("-0", "0"),
        ("-7", "-7"),
        ('"0012"', "0012"),
        ('" 12 "', "12"),
        ('"\\"12\\""', "12"),
        ('" \\"12\\" "', "12"),
        ('"\\"\\"12\\"\\""', '"12"'),
        ('"12\\""', '12"'),
        ('"12-A b"', "12-A b"),
        (f'"{"é" * 200}"', "é" * 200),
        ("9" * 400, "9" * 400),
    ],
)
def test_the_number_is_trimmed_and_unquoted_once(submitted: str, number: str) -> None:
    entry = entry_of(ADD, f'{{"F_1": {submitted}}}')
    assert (entry.number, entry.faults) == (number, ())


def test_f_1_leads_the_data_and_stays_as_it_was_submitted() -> None:
    entry = entry_of(ADD, '{"F_9": 12, "F_1": "\\"5\\"", "id": "5", "C_1": ""}')
    assert list(entry.article_data.items()) == [("F_1", '"5"'), ("F_9", "12"), ("id", "5"), ("C_1", "")]
    assert entry.changes == {"F_9": "12", "C_1": ""}
    assert entry.faults == ()


def test_an_integer_of_any_size_is_its_digits() -> None:
    assert entry_of(ADD, '{"F_1": 1, "F_2": ' + "9" * 9000 + "}").changes == {"F_2": "9" * 9000}


@pytest.mark.parametrize("operation", [DELETE, DROP])
def test_null_stands_in_deletes(operation: str) -> None:
    entry = entry_of(operation, '{"F_1": "1", "F_2": null}')
    assert (entry.changes, entry.faults) == ({"F_2": None}, ())


@pytest.mark.parametrize(
    ("text", "fault", "number"),
    [
        ("12", "the entry is not a JSON object", None),
        ("null", "the entry is not a JSON object", None),
        ('["a"]', "the entry is not a JSON object", None),
        ('{"articleData": {"F_1": "1"}}', "operation is missing", "1"),
        ('{"operation": null, "articleData": {"F_1": "1"}}', "operation is missing", "1"),
        ('{"operation": 7, "articleData": {"F_1": "1"}}', "operation is not a string", "1"),
        ('{"operation": ["a"], "articleData": {"F_1": "1"}}', "operation is not a string", "1"),
        (
            '{"operation": "Add-Article", "articleData": {"F_1": "1"}}',
            'operation is unknown: "Add-Article"',
            "1",
        ),
        ('{"operation": "add-article "}', 'operation is unknown: "add-article "', None),
        ('{"operation": "add-article"}', "articleData is missing", None),
        ('{"operation": "add-article", "articleData": null}', "articleData is missing", None),
        ('{"operation": "add-article", "articleData": []}', "articleData is not a JSON object", None),
        ('{"operation": "add-article", "articleData": "x"}', "articleData is not a JSON object", None),
        (
            '{"operation": "add-article", "operation": "delete-article", "articleData": {"F_1": "1"}}',
            "operation stands twice with different values",
            "1",
        ),
        (
            '{"operation": "add-article", "articleData": {"F_1": "1"}, "articleData": {"F_1": "2"}}',
            "articleData stands twice with different values",
            None,
        ),
        (
            '{"operation": "add-article", "articleData": {"F_1": "1", "id": 1}, "articleData": {"F_1": "1"}}',
            "articleData stands twice with different values",
            "1",
        ),
        (
            '{"operation": "add-article", "articleData": {"F_1": "1"}, "x\\ud800": 1}',
            'the key "x\\\\ud800", or its value, holds half of a surrogate pair, which is no character',
            "1",
        ),
    ],
)
def test_a_fault_of_the_entry_is_named(text: str, fault: str, number: str | None) -> None:
    entry = read_one(text)
    assert fault in entry.faults
    assert entry.number == number


@pytest.mark.parametrize(
    ("operation", "data", "fault", "number"),
    [
        (ADD, "{}", "articleData.F_1 is required", None),
        (ADD, '{"F_1": null}', "articleData.F_1 is required", None),
        (DELETE, '{"F_1": null}', "articleData.F_1 is required", None),
        (ADD, '{"F_1": ""}', "articleData.F_1 is required", None),
        (ADD, '{"F_1": " "}', "articleData.F_1 is required", None),
        (ADD, '{"F_1": "\\"\\""}', "articleData.F_1 is required", None),
        (ADD, '{"F_1": 1.0}', "articleData.F_1 is neither a string nor an integer", None),
        (ADD, '{"F_1": 1e3}', "articleData.F_1 is neither a string nor an integer", None),
        (ADD, '{"F_1": true}', "articleData.F_1 is neither a string nor an integer", None),
        (ADD, '{"F_1": ["1"]}', "articleData.F_1 is neither a string nor an integer", None),
        (ADD, '{"F_1": {"a": "1"}}', "articleData.F_1 is neither a string nor an integer", None),
        (ADD, '{"F_1": "a/b"}', "articleData.F_1 may not hold a slash", None),
        (ADD, '{"F_1": "a\\u0000b"}', "articleData.F_1 may not hold control characters", None),
        (ADD, '{"F_1": "a\\u0085b"}', "articleData.F_1 may not hold control characters", None),
        (ADD, f'{{"F_1": "{"é" * 201}"}}', "articleData.F_1 is longer than 400 bytes in UTF-8", None),
        (ADD, f'{{"F_1": {"9" * 401}}}', "articleData.F_1 is longer than 400 bytes in UTF-8", None),
        (ADD, f'{{"F_1": {"9" * 5000}}}', "articleData.F_1 is longer than 400 bytes in UTF-8", None),
        (
            ADD,
            '{"F_1": "a\\udc00"}',
            "articleData.F_1 holds half of a surrogate pair, which is no character",
            None,
        ),
        (ADD, '{"F_1": "1", "F_1": "2"}', "articleData.F_1 stands twice with different values", None),
        (ADD, '{"F_1": "1", "F_1": 1}', "articleData.F_1 stands twice with different values", "1"),
        (ADD, '{"F_1": "1", "id": "2", "id": "1"}', "articleData.id stands twice with different values", "1"),
        (ADD, '{"F_1": "1", "id": "2"}', "articleData.id differs from F_1", "1"),
        (ADD, '{"F_1": "1", "id": "01"}', "articleData.id differs from F_1", "1"),
        (
            ADD,
            '{"F_1": "1", "F_*": "x"}',
            'articleData: the key "F_*" is not F_ or C_ followed by digits',
            "1",
        ),
        (
            ADD,
            '{"F_1": "1", "f_2": "x"}',
            'articleData: the key "f_2" is not F_ or C_ followed by digits',
            "1",
        ),
        (
            ADD,
            '{"F_1": "1", "F_2\\n": "x"}',
            'articleData: the key "F_2\\n" is not F_ or C_ followed by digits',
            "1",
        ),
        (
            ADD,
            '{"F_1": "1", "F_٣": "x"}',
            'articleData: the key "F_٣" is not F_ or C_ followed by digits',
            "1",
        ),
        (ADD, '{"F_1": "1", "": "x"}', 'articleData: the key "" is not F_ or C_ followed by digits', "1"),
        (
            ADD,
            '{"F_1": "1", "\\ud800": "x"}',
            'articleData: the key "\\\\ud800" holds half of a surrogate pair, which is no character',
            "1",
        ),
        (ADD, '{"F_1": "1", "F_2": 1.5}', "articleData.F_2 is neither a string nor an integer", "1"),
        (ADD, '{"F_1": "1", "F_2": false}', "articleData.F_2 is neither a string nor an integer", "1"),
        (ADD, '{"F_1": "1", "F_2": []}', "articleData.F_2 is neither a string nor an integer", "1"),
        (DROP, '{"F_1": "1", "F_2": {}}', "articleData.F_2 is neither a string nor an integer", "1"),
        (ADD, '{"F_1": "1", "F_2": null}', "articleData.F_2 is null; send an empty string to store one", "1"),
        (SET, '{"F_1": "1", "F_2": null}', "articleData.F_2 is null; send an empty string to store one", "1"),
        (
            SET,
            '{"F_1": "1", "F_2": "\\ud83d x"}',
            "articleData.F_2 holds half of a surrogate pair, which is no character",
            "1",
        ),
        (
            SET,
            f'{{"F_1": "1", "F_2": "{"x" * 32769}"}}',
            "articleData.F_2 is longer than 32 KB in UTF-8",
            "1",
        ),
        (
            SET,
            f'{{"F_1": "1", "F_2": "{"é" * 16385}"}}',
            "articleData.F_2 is longer than 32 KB in UTF-8",
            "1",
        ),
        (SET, '{"F_1": "1"}', "articleData names no feature (F_<number> or C_<number>) beside F_1", "1"),
        (
            DROP,
            '{"F_1": "1", "id": 1}',
            "articleData names no feature (F_<number> or C_<number>) beside F_1",
            "1",
        ),
        (
            "add-article-feature",
            '{"F_1": "1"}',
            "articleData names no feature (F_<number> or C_<number>) beside F_1",
            "1",
        ),
    ],
)
def test_a_fault_of_the_data_is_named(operation: str, data: str, fault: str, number: str | None) -> None:
    entry = entry_of(operation, data)
    assert entry.faults == (fault,)
    assert entry.number == number


def test_values_up_to_the_limits_are_sound() -> None:
    values = {f"F_{key}": "x" * 32 * 1024 for key in range(2, 8)}
    entry = entry_of(ADD, json.dumps({"F_1": "1", **values}))
    assert entry.faults == ()
    assert entry.changes == values


def test_an_article_beyond_its_limit_is_refused() -> None:
    entry = entry_of(ADD, json.dumps({"F_1": "1", **{f"F_{key}": "x" * 30000 for key in range(2, 10)}}))
    assert entry.faults == ("articleData is 240083 bytes, more than the 200 KB allowed",)
    assert entry.number == "1"


def test_all_faults_are_listed_at_once() -> None:
    entry = read_one('{"operation": "x", "articleData": {"F_1": "/", "F_2": 1.5, "y": "z"}, "more": 1}')
    assert entry.faults == (
        'operation is unknown: "x"',
        "articleData.F_1 may not hold a slash",
        "articleData.F_2 is neither a string nor an integer",
        'articleData: the key "y" is not F_ or C_ followed by digits',
    )
    assert entry.warnings == ('the key "more" is unknown and ignored',)


def test_what_may_not_be_a_value_is_listed_as_its_json() -> None:
    data = '{"F_1": 5, "F_2": 1.50, "F_3": [1, "é", {"a": null}], "F_4": true, "F_5": "\\ud800"}'
    assert entry_of(ADD, data).article_data == {
        "F_1": "5",
        "F_2": "1.50",
        "F_3": '[1,"é",{"a":null}]',
        "F_4": "true",
        "F_5": "\\ud800",
    }


def test_another_key_twice_is_a_warning_and_the_last_wins() -> None:
    entry = entry_of(SET, '{"F_1": "1", "F_2": "a", "C_3": "b", "F_2": "c", "F_2": "d"}')
    assert list(entry.changes.items()) == [("F_2", "d"), ("C_3", "b")]
    assert (entry.faults, entry.warnings) == ((), ("articleData.F_2 stands twice",))


def test_an_identifying_key_twice_with_the_same_value_is_a_warning() -> None:
    entry = read_one(
        '{"operation": "add-article", "operation": "add-article", "articleData": {"F_1": "1", "F_1": "1"}}'
    )
    assert (entry.number, entry.faults) == ("1", ())
    assert entry.warnings == ("operation stands twice", "articleData.F_1 stands twice")


def test_an_id_that_agrees_is_sound_and_no_change() -> None:
    entry = entry_of(SET, '{"id": 12, "F_1": "\\"12\\"", "F_2": "x"}')
    assert (entry.number, entry.changes, entry.faults) == ("12", {"F_2": "x"}, ())


def test_the_list_of_faults_is_bounded() -> None:
    entry = entry_of(ADD, json.dumps({"F_1": "1", **{f"bad{key}": "" for key in range(1000)}}))
    assert len(entry.faults) == delta_entry.MAX_LISTED + 1
    assert entry.faults[-1] == "and 900 more faults"


def test_a_long_key_is_cut_in_its_fault() -> None:
    (fault,) = entry_of(ADD, json.dumps({"F_1": "1", "k" * 5000: ""})).faults
    assert len(fault) < 200


@pytest.mark.parametrize("depth", [65, 200, 5000, 200_000])
@pytest.mark.parametrize(
    "frame",
    [
        '{"operation": "add-article", "articleData": {"F_1": "1", "F_2": %s}}',
        '{"operation": "add-article", "articleData": {"F_1": "1"}, "more": %s}',
        '{"operation": %s}',
        '{"articleData": %s}',
        "%s",
    ],
)
def test_deep_nesting_is_a_fault_of_the_file(frame: str, depth: int) -> None:
    with pytest.raises(FileFault, match="nested deeper than 64 levels"):
        read_one(frame % ("[" * depth + "]" * depth))


def test_moderate_nesting_is_a_fault_of_the_entry() -> None:
    entry = entry_of(ADD, '{"F_1": "1", "F_2": ' + "[" * 60 + "]" * 60 + "}")
    assert entry.faults == ("articleData.F_2 is neither a string nor an integer",)
