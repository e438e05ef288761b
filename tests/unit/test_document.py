"""The rules of an article: numbers, keys, values, sizes."""

import contextlib
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.articles.document import (
    DOCUMENT_BYTES,
    NUMBER_BYTES,
    VALUE_BYTES,
    BadValue,
    article_number,
    check_size,
    is_feature,
    merge,
    new_document,
    number_faults,
    read_changes,
    read_value,
    size_fault,
    strip_quotes,
    without,
)
from chalicelib.errors import Invalid

characters = st.characters(exclude_categories=["Cs"])
values = st.text(characters, max_size=30)
keys = st.from_regex(r"[FC]_[1-9][0-9]{0,5}", fullmatch=True).filter(lambda key: key != "F_1")
changes = st.dictionaries(keys, values, max_size=8)
numbers = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=40
)
documents = st.builds(new_document, numbers, changes)


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("12411116", "12411116"),
        ('"12411116"', "12411116"),
        (' \t"12411116"\n', "12411116"),
        ('""12411116""', '"12411116"'),
        ('"12411116', '"12411116'),
        ('12411116"', '12411116"'),
        ('"', '"'),
        ('""', ""),
        ('" 7 "', " 7 "),
        ('½"', '½"'),
        ("'7'", "'7'"),
    ],
)
def test_one_pair_of_wrapping_quotes_is_taken_off(text: str, stripped: str) -> None:
    assert strip_quotes(text) == stripped


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ('"12411116-copy"', "12411116-copy"),
        ("0012411176", "0012411176"),
        (12411166, "12411166"),
        (" 12411116 ", "12411116"),
        ("ø日本🔦", "ø日本🔦"),
        ("a" * NUMBER_BYTES, "a" * NUMBER_BYTES),
        ("..", ".."),
        ("%2F", "%2F"),
    ],
)
def test_a_number_is_read_from_a_string_or_an_integer(value: object, number: str) -> None:
    assert article_number(value, "F_1") == number


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (None, "is required"),
        ("", "is required"),
        ('  ""  ', "is required"),
        ('" "', "is required"),
        (True, "must be a string or an integer"),
        (1.0, "must be a string or an integer"),
        (["1"], "must be a string or an integer"),
        ({"a": 1}, "must be a string or an integer"),
        ("a" * (NUMBER_BYTES + 1), "is longer than 400 bytes in UTF-8"),
        ("ø" * 201, "is longer than 400 bytes in UTF-8"),
        ("a/b", "may not hold a slash"),
        ("a\x00b", "may not hold control characters"),
        ("a\x85b", "may not hold control characters"),
        ("a\ud83db", "holds half of a surrogate pair, which is no character"),
        pytest.param(
            10**5000, "has more digits than an integer may have; send it as a string", id="5001 digits"
        ),
    ],
)
def test_what_is_no_number_is_refused_and_named(value: object, fault: str) -> None:
    with pytest.raises(Invalid) as refused:
        article_number(value, "customNumber")
    assert refused.value.faults == {"customNumber": [f"The customNumber field {fault}."]}


def test_every_fault_of_a_number_is_told_at_once() -> None:
    with pytest.raises(Invalid) as refused:
        article_number("/\n" + "a" * 500, "F_1")
    assert len(refused.value.faults["F_1"]) == 3
    assert str(refused.value) == "The F_1 field is longer than 400 bytes in UTF-8. (and 2 more errors)"


@given(st.one_of(st.text(), st.integers(), st.none(), st.floats(), st.booleans()))
def test_any_number_is_either_usable_or_refused(value: object) -> None:
    number = ""
    with contextlib.suppress(Invalid):
        number = article_number(value, "F_1")
        assert number_faults(number) == []
    assert len(number.encode()) <= NUMBER_BYTES
    if isinstance(value, float | bool | None):
        assert number == ""
    elif isinstance(value, int):
        assert number == str(value)


@pytest.mark.parametrize("key", ["F_1", "F_80000", "C_75001", "C_0", "F_001"])
def test_features_and_classifications_are_keys_of_an_article(key: str) -> None:
    assert is_feature(key)


@pytest.mark.parametrize(
    "key", ["F_*", "C_*", "f_1", "F_", "F_1a", "F_1\n", " F_1", "F_-1", "F_١", "D_1", "id", ""]
)
def test_nothing_else_is_a_key_of_an_article(key: str) -> None:
    assert not is_feature(key)


def test_changes_are_the_keys_of_an_article_in_their_order_and_the_rest_is_ignored() -> None:
    body = {
        "customNumber": "x",
        "F_5": " as it is ",
        "F_*": '"F_5"',
        "C_*": 3.5,
        "F_1": '"12411116"',
        "C_75001": '½"',
        "F_80004": None,
        "F_7": -12,
        "id": "other",
        "F_x": [],
    }
    changes, faults = read_changes(body)
    assert list(changes.items()) == [
        ("F_5", " as it is "),
        ("C_75001", '½"'),
        ("F_80004", ""),
        ("F_7", "-12"),
    ]
    assert faults == {}


def test_every_bad_value_is_told_by_its_key() -> None:
    body = {
        "F_2": 1.5,
        "F_3": True,
        "F_4": [],
        "F_5": {},
        "F_6": "x" * (VALUE_BYTES + 1),
        "F_7": "\udc00",
        "F_8": 10**4300,
        "F_9": "good",
        "F_10": "ø" * (VALUE_BYTES // 2 + 1),
    }
    changes, faults = read_changes(body)
    assert changes == {"F_9": "good"}
    assert faults == {
        "F_2": ["The F_2 field must be a string or an integer."],
        "F_3": ["The F_3 field must be a string or an integer."],
        "F_4": ["The F_4 field must be a string or an integer."],
        "F_5": ["The F_5 field must be a string or an integer."],
        "F_6": ["The F_6 field is longer than 32 KB in UTF-8."],
        "F_7": ["The F_7 field holds half of a surrogate pair, which is no character."],
        "F_8": ["The F_8 field has more digits than an integer may have; send it as a string."],
        "F_10": ["The F_10 field is longer than 32 KB in UTF-8."],
    }


def test_the_largest_integer_that_python_writes_out_is_a_value() -> None:
    largest = 10 ** (sys.get_int_max_str_digits() - 1)
    assert read_value(largest) == str(largest)


@pytest.mark.parametrize(
    "text", ["x" * VALUE_BYTES, "ø" * (VALUE_BYTES // 2), '½"', " ", "\x00", "e\u0301", "007"]
)
def test_a_value_is_stored_as_it_is(text: str) -> None:
    assert read_value(text) == text


def test_null_is_no_value_in_itself() -> None:
    with pytest.raises(BadValue):
        read_value(None)


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=5,
)


@given(st.dictionaries(st.one_of(keys, st.sampled_from(["F_*", "id", "F_1", "x"])), json_values, max_size=6))
def test_any_body_is_read_into_changes_and_faults_of_distinct_keys(body: dict[str, object]) -> None:
    changes, faults = read_changes(body)
    assert set(changes) | set(faults) == {key for key in body if is_feature(key) and key != "F_1"}
    assert not set(changes) & set(faults)
    assert all(isinstance(body[key], str | int | None) for key in changes)
    assert all(changes[key] == body[key] for key in changes if isinstance(body[key], str))


def test_a_document_begins_with_its_number() -> None:
    document = new_document("7", {"C_2": "a", "id": "no", "F_1": "no", "F_3": "b"})
    assert list(document.items()) == [("id", "7"), ("F_1", "7"), ("C_2", "a"), ("F_3", "b")]


@given(documents, changes)
def test_merging_sets_the_given_keys_and_keeps_the_rest_in_place(
    document: dict[str, str], new: dict[str, str]
) -> None:
    merged = merge(document, new)
    assert all(merged[key] == value for key, value in new.items())
    assert list(merged)[: len(document)] == list(document)
    assert {key: merged[key] for key in document if key not in new} == {
        key: value for key, value in document.items() if key not in new
    }
    assert merge(merged, new) == merged


@given(documents, changes)
def test_merging_and_dropping_again_leaves_what_was_untouched(
    document: dict[str, str], new: dict[str, str]
) -> None:
    assert without(merge(document, new), new.keys()) == without(document, new.keys())


@given(documents, st.sets(st.one_of(keys, st.sampled_from(["id", "F_1"]))))
def test_dropping_keys_never_drops_the_number_and_may_be_repeated(
    document: dict[str, str], dropped: set[str]
) -> None:
    left = without(document, dropped)
    assert left["id"] == left["F_1"] == document["id"]
    assert not (set(left) - {"id", "F_1"}) & dropped
    assert without(left, dropped) == left
    assert list(left) == [key for key in document if key in left]


@given(numbers, changes)
def test_values_come_back_as_they_were_sent(number: str, new: dict[str, str]) -> None:
    sent = json.loads(json.dumps(new))
    read, faults = read_changes(sent)
    assert faults == {}
    assert list(new_document(number, read).items()) == [("id", number), ("F_1", number), *new.items()]


def test_documents_are_limited_in_bytes_of_utf_8() -> None:
    empty = len(json.dumps(new_document("7", {"F_2": ""}), separators=(",", ":")))
    fitting = new_document("7", {"F_2": "x" * (DOCUMENT_BYTES - empty)})
    check_size(fitting)
    assert size_fault(fitting) is None
    with pytest.raises(Invalid) as refused:
        check_size(new_document("7", {"F_2": "x" * (DOCUMENT_BYTES - empty + 1)}))
    assert refused.value.faults == {
        "article": ["The article would be 204801 bytes, more than the 200 KB that one may have."]
    }
    assert size_fault(new_document("7", {"F_2": "ø" * (DOCUMENT_BYTES // 2)})) is not None
