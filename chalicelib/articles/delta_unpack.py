"""Unpacking of delta files: gzip is told by its bytes, never by its name, and cannot grow without bound."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chalicelib.errors import FileFault

_GZIP = b"\x1f\x8b"
_GZIP_WRAPPED = 31  # zlib: window of 32 KiB, a gzip header and trailer
_PIECE = 256 * 1024
_RATIO_FLOOR = 1024 * 1024  # below this size a high ratio harms nobody


@dataclass(frozen=True)
class Limits:
    """What a delta file may cost. Sizes in bytes; `max_ratio`: unpacked over packed size, from 1 MiB on."""

    max_bytes: int = 1024**3
    max_unpacked_bytes: int = 2 * 1024**3
    max_ratio: float = 200.0
    max_entry_bytes: int = 1024**2


def unpack(chunks: Iterable[bytes], limits: Limits) -> Iterator[bytes]:
    """The bytes of a file, unpacked where they are gzip (any number of members), in pieces of up to 256 KiB.

    Raises `FileFault` between pieces or at the end: cause `format` (cut off, damaged, something behind it),
    cause `size` (a limit is passed).
    """
    source = _within(chunks, limits.max_bytes, "The file")
    head = b""
    for chunk in source:
        head += chunk
        if len(head) >= len(_GZIP):
            break
    if head.startswith(_GZIP):
        unpacked = _Gunzip(limits).pieces(_chain(head, source))
        yield from _within(unpacked, limits.max_unpacked_bytes, "The unpacked file")
        return
    for chunk in _within(_chain(head, source), limits.max_unpacked_bytes, "The file"):
        yield from (chunk[at : at + _PIECE] for at in range(0, len(chunk), _PIECE))


class _Gunzip:
    """One run through a gzip stream: how much went in, how much came out."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._member = zlib.decompressobj(_GZIP_WRAPPED)
        self._packed = 0
        self._unpacked = 0

    def pieces(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self._packed += len(chunk)
            while chunk:
                if self._member.eof:
                    self._member = zlib.decompressobj(_GZIP_WRAPPED)
                piece, chunk = self._step(chunk)
                if piece:
                    yield piece
        if not self._member.eof:
            raise FileFault(
                f"The gzip file is cut off: it ends at byte {self._packed} inside a member", "format"
            )

    def _step(self, chunk: bytes) -> tuple[bytes, bytes]:
        try:
            piece = self._member.decompress(chunk, _PIECE)
        except zlib.error:
            reached = self._packed - len(chunk)
            raise FileFault(
                f"The gzip file is damaged, or something stands behind its end, at byte {reached} or later",
                "format",
            ) from None
        rest = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
        self._unpacked += len(piece)
        read = self._packed - len(rest)
        if self._unpacked > max(_RATIO_FLOOR, self._limits.max_ratio * read):
            raise FileFault(
                f"The gzip file grows to more than {self._limits.max_ratio:g} times its size, at byte {read}",
                "size",
            )
        return piece, rest


def _within(chunks: Iterable[bytes], limit: int, what: str) -> Iterator[bytes]:
    total = 0
    for chunk in chunks:
        total += len(chunk)
        if total > limit:
            raise FileFault(f"{what} is larger than {limit} bytes", "size")
        yield chunk


def _chain(head: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from rest
