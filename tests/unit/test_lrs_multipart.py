"""multipart/mixed comes out as it went in, to the byte; what is broken is refused with the reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.lrs.multipart import (
    MOST_PARTS,
    InvalidMultipart,
    Part,
    boundary_of,
    media_type,
    new_boundary,
    parse,
    write,
)

BOUNDARY = "-------314159265358979323846"
TRICKY = st.lists(
    st.sampled_from([b"\r\n", b"\n", b"\r", b"--", b"--b", b"b", b"\r\n--b-", b"\x00\xff", b" ", b": "]),
    max_size=8,
).map(b"".join)
CONTENTS = st.binary(max_size=60) | TRICKY
HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "content-transfer-encoding", "x-experience-api-hash", "x-y"]),
    st.sampled_from(["application/json", "binary", "", "a b", "a: b; c"]),
    max_size=3,
)


@given(st.lists(st.builds(Part, HEADERS, CONTENTS), min_size=1, max_size=4))
def test_what_is_written_is_read_to_the_byte(parts: list[Part]) -> None:
    boundary = new_boundary(parts)
    assert parse(write(parts, boundary), boundary) == parts


@given(st.lists(st.builds(Part, HEADERS, CONTENTS), min_size=1, max_size=3), CONTENTS, CONTENTS)
def test_what_stands_around_the_parts_is_left_out(parts: list[Part], before: bytes, after: bytes) -> None:
    boundary = new_boundary(parts)
    assert parse(before + b"\r\n" + write(parts, boundary) + after, boundary) == parts


@given(
    st.lists(
        st.sampled_from(
            [b"--b", b"--b--", b"\r\n", b"\r\n\r\n", b"\n", b"A: 1", b":", b"x", b" ", b"\xff", b"--bb"]
        ),
        max_size=14,
    ).map(b"".join)
)
def test_any_bytes_are_parts_or_refused(body: bytes) -> None:
    told = "parts"
    try:
        assert parse(body, "b")
    except InvalidMultipart as error:
        told = str(error)
    assert told


@given(st.text(max_size=60) | st.text('multipart/mixed;boundary="\\= a', max_size=40))
def test_any_content_type_is_read_or_refused(text: str) -> None:
    told = "read"
    try:
        kind, parameters = media_type(text)
        assert "/" in kind
        boundary_of(parameters)
    except InvalidMultipart as error:
        told = str(error)
    assert told


def message(*lines: str) -> bytes:
    return "\r\n".join(lines).encode()


def test_the_line_end_before_a_boundary_belongs_to_it() -> None:
    body = message(f"--{BOUNDARY}", "A:1", "", "one\r\n", f"--{BOUNDARY}  ", "", f"--{BOUNDARY}--")
    assert parse(body, BOUNDARY) == [Part({"a": "1"}, b"one\r\n"), Part({}, b"")]


def test_a_line_that_only_begins_like_the_boundary_is_content() -> None:
    body = message("--b", "", "--bc", "--b-", "--b--x", "--b--")
    assert parse(body, "b") == [Part({}, b"--bc\r\n--b-\r\n--b--x")]


def test_a_header_may_go_on_in_the_next_line() -> None:
    body = message("--b", "Content-Type: text/plain;", "  charset=ascii", "", "x", "--b--", "")
    assert parse(body, "b")[0].headers == {"content-type": "text/plain; charset=ascii"}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "does not hold a part"),
        (b"--b--", "does not hold a part"),
        (message("Content-Type: a", "", "--c--"), "does not hold a part"),
        (b"--b\nA: 1\n\nx\n--b--", "end with LF alone"),
        (message("--b", "A: 1", "", "cut off"), "does not end with the line --b--"),
        (message("--b", "A: 1", "", "x", "--b"), "does not end with the line --b--"),
        (message("--b", "no header", "", "x", "--b--"), "Part 1 has a line that is no header"),
        (message("--b", "A b: 1", "", "x", "--b--"), "Part 1 has a line that is no header"),
        (message("--b", " A: 1", "", "x", "--b--"), "Part 1 has a line that is no header"),
        (message("--b", "", "", "--b", "A: 1", "a: 2", "", "--b--"), "Part 2 has the header 'a' twice"),
        (message("--b", "--b--"), "Part 1 has neither headers nor an empty line"),
        (message("--b", "A: " + "x" * 20_000, "", "--b--"), "Part 1 has no empty line"),
        (b"--b\r\nA: \xff\r\n\r\n\r\n--b--", "headers of part 1 are not UTF-8"),
        (b"--b\r\n\r\n\r\n" * (MOST_PARTS + 1) + b"--b--", "more than 1000 parts"),
    ],
)
def test_what_is_broken_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    with pytest.raises(InvalidMultipart, match=reason):
        parse(body, "b")


@pytest.mark.parametrize(
    ("text", "boundary"),
    [
        (f"multipart/mixed; boundary={BOUNDARY}", BOUNDARY),
        ('Multipart/Mixed;charset=utf-8 ; BOUNDARY="a b;\\"c"', 'a b;"c'),
        ("multipart/mixed; boundary=abcABC0123'()+_,-./:=?", "abcABC0123'()+_,-./:=?"),
        ("multipart/mixed;", ""),
        ("multipart/mixed", ""),
    ],
)
def test_a_content_type_is_taken_apart(text: str, boundary: str) -> None:
    kind, parameters = media_type(text)
    assert (kind, parameters.get("boundary", "")) == ("multipart/mixed", boundary)


@pytest.mark.parametrize("text", ["", "text", "a/b c", "a/b; c", 'a/b; c="d', "a/b; c=1; C=2", "a/b; c=d e"])
def test_a_content_type_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidMultipart, match="cannot be read"):
        media_type(text)


@pytest.mark.parametrize("boundary", ["", "a" * 71, "a ", "ä", 'a"b', "a\r\nb"])
def test_a_boundary_that_is_none_is_refused(boundary: str) -> None:
    with pytest.raises(InvalidMultipart):
        boundary_of({"boundary": boundary})
