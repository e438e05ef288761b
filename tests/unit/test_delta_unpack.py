"""Unpacking of delta files: what is gzip, what is damaged, what is too much."""

import contextlib
import gzip
import random
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.articles.delta_format import Limits, unpack
from chalicelib.errors import FileFault

TEXT = random.Random(3).randbytes(5000)


def cut(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def unpacked(data: bytes, size: int = 1000, limits: Limits | None = None) -> bytes:
    return b"".join(unpack(cut(data, size), limits or Limits()))


def fault_of(data: bytes, size: int = 1000, limits: Limits | None = None) -> tuple[str, str]:
    with pytest.raises(FileFault) as caught:
        unpacked(data, size, limits)
    return str(caught.value), caught.value.cause


@pytest.mark.parametrize("size", [1, 2, 1000, 1 << 20])
@pytest.mark.parametrize(
    ("data", "content"),
    [
        (b"", b""),
        (b"\x1f", b"\x1f"),
        (b"[]", b"[]"),
        (TEXT, TEXT),
        (gzip.compress(TEXT, mtime=0), TEXT),
        (gzip.compress(b"", mtime=0), b""),
        (
            gzip.compress(TEXT, mtime=0) + gzip.compress(b"", mtime=0) + gzip.compress(b"more", mtime=0),
            TEXT + b"more",
        ),
    ],
)
def test_gzip_is_told_by_its_bytes(data: bytes, content: bytes, size: int) -> None:
    assert unpacked(data, size) == content


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize("length", [2, 9, 10, 1000, len(gzip.compress(TEXT, mtime=0)) - 1])
def test_a_cut_off_gzip_file_is_a_fault(length: int, size: int) -> None:
    assert fault_of(gzip.compress(TEXT, mtime=0)[:length], size) == (
        f"The gzip file is cut off: it ends at byte {length} inside a member",
        "format",
    )


@pytest.mark.parametrize("size", [1, 1 << 20])
@pytest.mark.parametrize("behind", [b"\x00", b"x", b"[]", b"\x1f\x8c"])
def test_what_stands_behind_gzip_is_a_fault(behind: bytes, size: int) -> None:
    packed = gzip.compress(TEXT, mtime=0)
    text, cause = fault_of(packed + behind + b" " * 20, size)
    assert text.startswith("The gzip file is damaged, or something stands behind its end, at byte")
    assert cause == "format"


def test_a_wrong_checksum_is_a_fault() -> None:
    packed = bytearray(gzip.compress(TEXT, mtime=0))
    packed[-5] ^= 1
    assert "is damaged" in fault_of(bytes(packed))[0]


def test_a_file_beyond_the_limit_is_a_fault() -> None:
    limits = Limits(max_bytes=4999)
    assert fault_of(TEXT, limits=limits) == ("The file is larger than 4999 bytes", "size")
    assert fault_of(TEXT, limits=Limits(max_unpacked_bytes=4999)) == (
        "The file is larger than 4999 bytes",
        "size",
    )
    assert unpacked(TEXT, limits=Limits(max_bytes=5000, max_unpacked_bytes=5000)) == TEXT


def test_a_file_that_unpacks_beyond_the_limit_is_a_fault() -> None:
    packed = gzip.compress(TEXT, mtime=0)
    limits = Limits(max_bytes=len(packed), max_unpacked_bytes=4999)
    assert fault_of(packed, limits=limits) == ("The unpacked file is larger than 4999 bytes", "size")


def test_a_bomb_is_stopped_early() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    sizes: list[int] = []
    with pytest.raises(FileFault, match="grows to more than 100 times its size") as caught:
        sizes.extend(len(piece) for piece in unpack((bomb,), Limits(max_ratio=100)))
    assert caught.value.cause == "size"
    assert 0 < sum(sizes) < 2_000_000
    assert max(sizes) <= 256 * 1024


def test_a_small_file_may_be_packed_well() -> None:
    assert len(unpacked(gzip.compress(bytes(900_000)), limits=Limits(max_ratio=10))) == 900_000


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=80), st.integers(1, 90))
@example(zlib.compress(b"x"), 1)
@example(gzip.compress(b"x", mtime=0)[:-1], 3)
def test_no_bytes_raise_anything_but_a_fault_of_the_file(data: bytes, size: int) -> None:
    for start in (b"\x1f\x8b", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"):
        with contextlib.suppress(FileFault):
            unpacked(start + data, size)
    if not data.startswith(b"\x1f\x8b"):
        assert unpacked(data, size) == data
