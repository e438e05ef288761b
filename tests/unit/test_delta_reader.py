"""How a delta file is read: both forms, every fault of a file, and any part of it a second time."""

import itertools
import json
import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chalicelib.articles import delta_reader
from chalicelib.articles.delta_format import DeltaEntry, Limits, read_entries, read_range
from chalicelib.errors import FileFault

A = '{"operation": "add-article", "articleData": {"F_1": "1", "F_3": "é"}}'
B = '{"operation":"delete-article","articleData":{"F_1":2}}'


def read(data: bytes | str, size: int = 1 << 20, limits: Limits | None = None) -> list[DeltaEntry]:
    raw = data.encode() if isinstance(data, str) else data
    chunks = (raw[at : at + size] for at in range(0, len(raw), size))
    return list(read_entries(chunks, limits=limits or Limits()))


def fault_of(data: bytes | str, size: int = 1 << 20, limits: Limits | None = None) -> FileFault:
    with pytest.raises(FileFault) as caught:
        read(data, size, limits)
    return caught.value


@pytest.fixture
def small_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta_reader, "_STEP", 1)
    monkeypatch.setattr(delta_reader, "_PIECE", 3)


@pytest.mark.parametrize(
    "text",
    [
        f"[{A},{B}]",
        f" [\r\n\t{A} ,\n\n {B} ] \n",
        f"{A}\n{B}",
        f"{A}\n{B}\n",
        f"{A}\r\n{B}\r\n",
        f"\n\r\n {A} \t\r\n\n \n\t{B}\n\n",
        f"\ufeff[{A},{B}]",
        f"\ufeff{A}\n{B}",
        f"\ufeff\n [{A},{B}]",
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.usefixtures("small_window")
def test_both_forms_are_read_with_the_bytes_of_each_entry(text: str, size: int) -> None:
    data = text.encode()
    entries = read(data, size)
    assert [(entry.pos, entry.number, entry.faults) for entry in entries] == [(0, "1", ()), (1, "2", ())]
    assert [data[entry.start : entry.end].decode() for entry in entries] == [A, B]


@pytest.mark.parametrize("text", ["[]", " [ \n] ", "\ufeff[]\n"])
def test_an_empty_array_has_no_entries(text: str) -> None:
    assert read(text) == []


def test_what_is_no_object_in_an_array_is_a_fault_of_that_entry() -> None:
    entries = read(f'[1, {B}, null, -12.5e+3,[{{}}],"x"]', 1)
    assert [bool(entry.faults) for entry in entries] == [True, False, True, True, True, True]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("", "The file is empty"),
        ("\ufeff", "The file holds only white space"),
        (" \n\r\t ", "The file holds only white space"),
        ("12", "The file is neither a JSON array nor lines of JSON objects (byte 0)"),
        (' "x"', "The file is neither a JSON array nor lines of JSON objects (byte 1)"),
        ("null", "The file is neither a JSON array nor lines of JSON objects (byte 0)"),
        ("<html>", "The file is neither a JSON array nor lines of JSON objects (byte 0)"),
        ("\x00", "The file is neither a JSON array nor lines of JSON objects (byte 0)"),
        ("\ufeff\ufeff[]", "The file is neither a JSON array nor lines of JSON objects (byte 3)"),
        ("[", "The file ends too early, at byte 1: Expecting value"),
        (f"[{B}", "The file ends too early, at byte 55: a comma or the end of the array is missing"),
        (f"[{B},", "The file ends too early, at byte 56: Expecting value"),
        (f"[{B},]", "The file is not JSON at byte 56: Expecting value"),
        (f"[,{B}]", "The file is not JSON at byte 1: Expecting value"),
        (f"[{B} {B}]", "The file is not JSON at byte 56: a comma or the end of the array is missing"),
        (f"[{B}}}", "The file is not JSON at byte 55: a comma or the end of the array is missing"),
        (f"[{A},{B[:20]}", "The file ends too early, at byte 92: a string does not end"),
        (
            f"[{B},{{'a': 1}}]",
            "The file is not JSON at byte 57: Expecting property name enclosed in double quotes",
        ),
        (f"[{B}]]", "Something stands behind the end of the array, at byte 56"),
        (f"[{B}]\n{B}", "Something stands behind the end of the array, at byte 57"),
        (f"[{B}]\x00", "Something stands behind the end of the array, at byte 56"),
        ('[{"a": "\n"}]', "The file is not JSON at byte 8: Invalid control character at"),
        (
            '[{"a": NaN}]',
            "The file is not JSON at byte 1: NaN and Infinity are no JSON, in the entry that begins there",
        ),
        (
            "[-Infinity]",
            "The file is not JSON at byte 1: NaN and Infinity are no JSON, in the entry that begins there",
        ),
        (f"{B}\n12\n", "Line 2 is not a JSON object (byte 55)"),
        (f"{B}\n[]\n", "Line 2 is not a JSON object (byte 55)"),
        (f"\n\n{B}\n\n\x00", "Line 5 is not a JSON object (byte 58)"),
        (f"{B} {B}\n", "Line 1 holds more than one JSON object (byte 55)"),
        (f"{B},\n{B}", "Line 1 holds more than one JSON object (byte 54)"),
        (f'{B}\n{{"a":\n1}}', "The JSON object on line 2 does not end on that line (byte 55)"),
        (f'{B}\n{{"a" 1}}\n{B}\n', "The file is not JSON on line 2, at byte 60: Expecting ':' delimiter"),
        (f'{B}\n{{"a":', "The file ends too early, on line 2, at byte 60: Expecting value"),
        (f'{B}\n{{"é": "b', "The file ends too early, on line 2, at byte 64: a string does not end"),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.usefixtures("small_window")
def test_a_fault_of_the_file_says_where(data: str, text: str, size: int) -> None:
    fault = fault_of(data, size)
    assert (str(fault), fault.cause) == (text, "format")


@pytest.mark.parametrize(
    ("data", "byte"),
    [
        (b"\xff\xfe[\x00]\x00", 0),
        (b'[{"a": "\xe9"}]', 8),
        (b'[{"a": "\xed\xa0\x80"}]', 8),
        (b'["\xc3\xa9\xc0\xaf"]', 4),
        (b'["\xf0\x9f\x92', 2),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_a_file_that_is_not_utf_8_says_where(data: bytes, byte: int, size: int) -> None:
    assert str(fault_of(data, size)) == f"The file is not UTF-8 at byte {byte}"


def test_a_fault_on_the_last_line_comes_after_the_entries_before_it() -> None:
    entries = read_entries((f"{B}\n".encode(),) * 20000 + (b"{",), limits=Limits())
    assert sum(1 for _ in itertools.islice(entries, 19000)) == 19000
    with pytest.raises(FileFault, match="on line 20001"):
        list(entries)


@pytest.mark.parametrize("form", ["[%s]", "%s"])
@pytest.mark.parametrize("tail", ['"}', ""])
def test_an_entry_beyond_the_limit_is_a_fault_of_the_file(form: str, tail: str) -> None:
    fault = fault_of(form % ('{"a": "' + "x" * 300_000 + tail), 4096, Limits(max_entry_bytes=100_000))
    assert "larger than 100000 bytes" in str(fault)
    assert fault.cause == "size"


def test_the_limit_on_an_entry_counts_bytes() -> None:
    text = '["' + "é" * 100 + '"]'
    assert len(read(text, limits=Limits(max_entry_bytes=202))) == 1
    assert "byte 1 is larger than 201 bytes" in str(fault_of(text, limits=Limits(max_entry_bytes=201)))


def test_white_space_without_end_is_passed_over_in_bounded_memory() -> None:
    assert memory_of(itertools.chain((b"[",), (b" " * 65536 for _ in range(400)), (b"]",))) < 3_000_000


def test_memory_does_not_grow_with_the_file() -> None:
    def chunks(times: int) -> Iterator[bytes]:
        yield b"["
        for _ in range(times):
            yield (B + ",").encode() * 500
        yield (B + "]").encode()

    small, large = memory_of(chunks(10)), memory_of(chunks(100))
    assert large < 1.2 * small


def memory_of(chunks: Iterator[bytes]) -> int:
    tracemalloc.start()
    try:
        for _ in read_entries(chunks, limits=Limits()):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


LEAF = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(), max_size=8),
)
VALUE = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)
)
KEY = st.sampled_from(["F_1", "F_2", "C_3", "id", "F_x", "\ud800"])
OPERATION = st.sampled_from(["add-article", "remove-article", "replace-article-feature", "no-such-operation"])
NUMBER = st.sampled_from(["1", '"1"', " 2 ", "", "a/b", 7, None])


@st.composite
def objects(draw: st.DrawFn) -> str:
    """The JSON text of an entry, often sound, with repeated keys at times."""
    pairs = draw(st.lists(st.tuples(KEY, LEAF | VALUE), max_size=4))
    data = [("F_1", draw(NUMBER)), *pairs]
    ascii_only = draw(st.booleans())

    def dump(value: object) -> str:
        text = json.dumps(value, ensure_ascii=ascii_only)
        return text.encode(errors="ignore").decode() if not ascii_only else text

    body = ",".join(f"{dump(key)}:{dump(value)}" for key, value in data)
    members = [f'"operation": {dump(draw(OPERATION))}', f'"articleData": {{{body}}}']
    members += draw(st.lists(st.sampled_from(['"x": [1]', '"operation": "add-article"']), max_size=2))
    return "{" + ", ".join(members) + "}"


@st.composite
def files(draw: st.DrawFn) -> tuple[bytes, int]:
    mark = draw(st.sampled_from(["", "\ufeff"]))
    if draw(st.booleans()):
        space = st.sampled_from(["", " ", "\r\n\t"])
        entries = draw(st.lists(objects() | VALUE.map(json.dumps), max_size=6))
        body = ",".join(f"{draw(space)}{entry}{draw(space)}" for entry in entries)
        return f"{mark}[{body}]".encode(), len(entries)
    entries = draw(st.lists(objects(), min_size=1, max_size=6))
    end = st.sampled_from(["\n", "\r\n", " \n\n"])
    return (mark + "".join(f"{entry}{draw(end)}" for entry in entries)).encode(), len(entries)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files(), st.integers(1, 40), st.data())
@pytest.mark.usefixtures("small_window")
def test_any_part_is_read_again_exactly_as_it_was(
    file: tuple[bytes, int], size: int, data: st.DataObject
) -> None:
    raw, count = file
    entries = read(raw, size)
    assert entries == read(raw)
    assert [entry.pos for entry in entries] == list(range(count))
    first = data.draw(st.integers(0, max(count - 1, 0)))
    page = entries[first : data.draw(st.integers(first, count))]
    if page:
        start, end = page[0].start, page[-1].end
        assert read_range(raw[start:end], page[0].pos, start) == page


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files())
@pytest.mark.usefixtures("small_window")
def test_every_text_of_an_entry_can_be_stored(file: tuple[bytes, int]) -> None:
    for entry in read(file[0]):
        texts = [entry.operation, entry.raw_operation, entry.number or "", *entry.faults, *entry.warnings]
        texts += [f"{key}{value}" for key, value in entry.article_data.items()]
        "".join(texts).encode()
        if not entry.faults:
            assert entry.number
            "".join(value or "" for value in entry.changes.values()).encode()


TOKENS = st.sampled_from(
    rb'[ ] { } , : " \ \u \ud800 1 - .5 e9 NaN null "operation" "articleData" "F_1"'.split(b" ")
) | st.sampled_from([b"\n", b" ", b"\x00", b"\xff", b"\xc3", b"\xef\xbb\xbf", B.encode()])


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=60) | st.lists(TOKENS, max_size=25).map(b"".join), st.integers(1, 9))
@example(b"[1.5e+", 1)
@example(b'[{"a":"\\ud83d\\u', 1)
@pytest.mark.usefixtures("small_window")
def test_no_bytes_raise_anything_but_a_fault_of_the_file(data: bytes, size: int) -> None:
    def outcome(size: int) -> list[DeltaEntry] | type[FileFault]:
        try:
            return read(data, size)
        except FileFault:
            return FileFault

    assert outcome(size) == outcome(1 << 20)


@settings(max_examples=100, deadline=None)
@given(files(), st.data())
def test_a_cut_file_never_passes_for_a_whole_array(file: tuple[bytes, int], data: st.DataObject) -> None:
    raw = file[0].rstrip()
    if raw.lstrip(b"\xef\xbb\xbf").startswith(b"["):
        with pytest.raises(FileFault):
            read(raw[: data.draw(st.integers(0, len(raw) - 1))])
