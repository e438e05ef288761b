"""YAML of users: plain values alone, each with its line; what is more than plain is refused with its line."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib import plain_yaml
from chalicelib.plain_yaml import InvalidYaml

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"a: *x", "Line 1: anchors and aliases"),
        (b"b: 1\na: &x 1", "Line 2: anchors and aliases"),
        (b"a: !!python/object/apply:os.system [ls]", "Line 1: tags are not taken"),
        (b"a: 1\na: 2", "Line 2: the key a stands twice"),
        (b"a: [", "Line 1: "),
        (b"a: b: c", "Line 1: "),
        (b"--- 1\n--- 2", "Line 2: it holds a second document"),
        (b"a\n\xff", "Line 2: it is not UTF-8"),
        (b"a: \x00", "Line 1: it holds characters"),
        (b"[" * 1000, "Line 1: it is nested deeper than 12 levels"),
        (b'a: "\\ud800"', "Line 1: it holds half of a surrogate pair"),
        (b"? [a]\n: b", "Line 1: a key must be text"),
        # What the parser itself stumbles over.
        (b'b: 1\na: "\\U00110000"', "Line 2: it cannot be read as YAML"),
        (b'a: "\\UFFFFFFFF"', "Line 1: it cannot be read as YAML"),
        (b"%YAML 1." + b"9" * 5000 + b"\n--- a", "Line 1: it cannot be read as YAML"),
    ],
)
def test_what_is_no_plain_yaml_is_told_with_its_line(text: bytes, reason: str) -> None:
    with pytest.raises(InvalidYaml) as caught:
        plain_yaml.parse(text)
    assert str(caught.value).startswith(reason)


def test_plain_yaml_is_read_as_json_would_be() -> None:
    text = b"a: 1\nb: [x, 'true', true, 2026-01-01, 1.5, yes, ~]\nc: |\n  hello\n<<: 0x1F\nd:\n"
    assert plain_yaml.parse(text) == {
        "a": 1,
        "b": ["x", "true", True, "2026-01-01", 1.5, "yes", None],
        "c": "hello\n",
        "<<": "0x1F",
        "d": None,
    }
    assert plain_yaml.parse(b"") is None


@given(VALUES)
@settings(max_examples=60)
def test_json_is_yaml(value: object) -> None:
    assert plain_yaml.parse(json.dumps(value).encode()) == value


def test_each_value_has_the_line_of_its_key() -> None:
    text = b"a: 1\nb:\n  - x\n  - c:\n      2\n"
    value, lines = plain_yaml.parse_with_lines(text)
    assert value == {"a": 1, "b": ["x", {"c": 2}]}
    assert lines == {(): 1, ("a",): 1, ("b",): 2, ("b", 0): 3, ("b", 1): 4, ("b", 1, "c"): 4}


@pytest.mark.parametrize("text", [b"a: 99999999999999999999999", b"a: 0x1F", b"a: 1e9999"])
def test_no_number_is_larger_than_what_holds_it(text: bytes) -> None:
    assert not isinstance(plain_yaml.parse(text)["a"], int)  # type: ignore[index]
