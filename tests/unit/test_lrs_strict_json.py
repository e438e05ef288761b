"""JSON that is read is JSON that everyone reads alike."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.lrs.strict_json import InvalidJson, levels, parse, parse_bytes

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc\x00é"), inner, max_size=3),
    max_leaves=10,
)


@given(VALUES, st.booleans())
def test_what_was_written_is_read(value: object, ascii_only: bool) -> None:
    assert parse_bytes(json.dumps(value, ensure_ascii=ascii_only).encode()) == value


@given(st.binary(max_size=40) | st.text('{}[]",:0123456789eE+-.ntrufalsNI\\ud', max_size=40).map(str.encode))
def test_anything_else_is_refused_with_a_reason(raw: bytes) -> None:
    told = ""
    try:
        parse_bytes(raw, refuse_nul=True, most_levels=5)
    except InvalidJson as error:
        told = str(error)
    assert told == "" or told.startswith("The body is not ")


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ('{"a": 1, "a": 1}', "unusable", "a key stands twice in one JSON object."),
        ("[NaN]", "syntax", "NaN is no JSON value."),
        ("-Infinity", "syntax", "-Infinity is no JSON value."),
        ("1e999", "unusable", "a number is too large."),
        ("9" * 5000, "unusable", "a number has too many digits; send it as a string."),
        ('"\\ud800"', "unusable", "a text holds half of a surrogate pair."),
        ('{"\\udfff": 1}', "unusable", "a text holds half of a surrogate pair."),
        ('"\\u0000"', "unusable", "a text holds the character U+0000."),
        ('{"a\\u0000": 1}', "unusable", "a text holds the character U+0000."),
        ("[[[[]]]]", "unusable", "its JSON is nested deeper than 3 levels."),
        ("[" * 100_000, "unusable", "its JSON is nested too deeply."),
        ("", "syntax", "Expecting value at line 1, column 1."),
        ('{"a": 1}x', "syntax", "Extra data at line 1, column 9."),
        ('"\n"', "syntax", "Invalid control character at at line 1, column 2."),
    ],
)
def test_every_refusal_says_why(text: str, kind: str, reason: str) -> None:
    with pytest.raises(InvalidJson) as caught:
        parse(text, what="The state", refuse_nul=True, most_levels=3)
    assert (caught.value.kind, caught.value.reason) == (kind, reason)
    assert str(caught.value).startswith("The state is not")


def test_bytes_that_are_no_utf_8_are_told_by_their_place() -> None:
    with pytest.raises(InvalidJson, match="The body is not UTF-8: byte 1 cannot be read"):
        parse_bytes(b'"\xff"')


def test_a_byte_order_mark_and_a_literal_backslash_are_no_fault() -> None:
    assert parse_bytes(b"\xef\xbb\xbf[]", refuse_nul=True) == []
    assert parse(r'"\\u0000 \\ud800"', refuse_nul=True) == r"\u0000 \ud800"
    assert parse('"\\u0000"') == "\x00"


@pytest.mark.parametrize(("value", "deep"), [(1, 0), ([], 1), ({"a": [1, {"b": {}}]}, 4)])
def test_levels_are_counted(value: object, deep: int) -> None:
    assert levels(value) == deep
