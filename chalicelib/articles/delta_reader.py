"""Reading of delta files: streaming, every entry with its bytes, in memory that does not grow with them."""

import codecs
import json
import re
from collections.abc import Iterable, Iterator

from chalicelib.articles.delta_entry import DeltaEntry, build_entry
from chalicelib.articles.delta_json import NotANumber, decode, too_deep
from chalicelib.articles.delta_unpack import Limits
from chalicelib.errors import FileFault

_PIECE = 256 * 1024  # bytes decoded at once, whatever the size of a chunk
_STEP = 64 * 1024  # characters added to the window at least
_NEAR_END = 16  # a token cut off by the window's end is told within so many characters of it

_SPACE = re.compile(r"[ \t\r\n]*")
_BLANK = re.compile(r"[ \t\r]*")
_NEXT_IN_ARRAY = re.compile(r"[ \t\r\n]*,[ \t\r\n]*(?=\{)")
_NEXT_LINE = re.compile(r"[ \t\r]*\n[ \t\r\n]*(?=\{)")
_BYTE_ORDER_MARK = "\ufeff"


def read_entries(chunks: Iterable[bytes], *, limits: Limits) -> Iterator[DeltaEntry]:
    """The entries of an unpacked delta file, in order, their faults in them.

    Raises `FileFault` where the file as a whole cannot be used; that may come after its last entry.
    """
    window = _Window(chunks, limits.max_entry_bytes)
    window.skip_byte_order_mark()
    first = window.skip(_SPACE)
    if first == "[":
        yield from _read_array(window)
    elif first == "{":
        yield from _read_lines(window)
    elif first:
        raise FileFault(
            f"The file is neither a JSON array nor lines of JSON objects (byte {window.offset})", "format"
        )
    else:
        raise FileFault("The file holds only white space" if window.offset else "The file is empty", "format")


def read_range(data: bytes, first_pos: int, start: int) -> list[DeltaEntry]:
    """Neighbouring entries again, exactly as `read_entries` gave them.

    `data`: from the first byte of entry `first_pos`, which is byte `start` of the unpacked file, to the last
    byte of an entry. Raises `FileFault` where it is not that.
    """
    window = _Window((data,), len(data), start)
    entries: list[DeltaEntry] = []
    while window.skip(_SPACE):
        value, begin, end = window.value()
        entries.append(build_entry(value, first_pos + len(entries), begin, end))
        if window.skip(_SPACE) == ",":
            window.advance(1)
    return entries


def _read_array(window: "_Window") -> Iterator[DeltaEntry]:
    window.advance(1)
    following = window.skip(_SPACE)
    pos = 0
    while following != "]" or pos:
        value, start, end = window.value()
        yield build_entry(value, pos, start, end)
        pos += 1
        if window.passes(_NEXT_IN_ARRAY):
            continue
        following = window.skip(_SPACE)
        if following == "]":
            break
        if following != ",":
            raise window.broken("a comma or the end of the array is missing")
        window.advance(1)
        window.skip(_SPACE)
    window.advance(1)
    if window.skip(_SPACE):
        raise FileFault(f"Something stands behind the end of the array, at byte {window.offset}", "format")


def _read_lines(window: "_Window") -> Iterator[DeltaEntry]:
    window.by_line = True
    pos = 0
    following = "{"
    while following:
        line = window.line
        if following != "{":
            raise FileFault(f"Line {line} is not a JSON object (byte {window.offset})", "format")
        value, start, end = window.value()
        if window.line != line:
            raise FileFault(
                f"The JSON object on line {line} does not end on that line (byte {start})", "format"
            )
        yield build_entry(value, pos, start, end)
        pos += 1
        if window.passes(_NEXT_LINE):
            continue
        following = window.skip(_BLANK)
        if following not in ("", "\n"):
            raise FileFault(f"Line {line} holds more than one JSON object (byte {window.offset})", "format")
        following = window.skip(_SPACE)


class _Window:
    """The part of a file that is looked at; its next character is byte `offset`, on line `line`."""

    def __init__(self, chunks: Iterable[bytes], max_entry_bytes: int, offset: int = 0) -> None:
        self._pieces = _decoded(chunks)
        self._max_entry_bytes = max_entry_bytes
        self._text = ""
        self._at = 0
        self._ended = False
        self.offset = offset
        self.line = 1
        self.by_line = False

    def skip_byte_order_mark(self) -> None:
        self._refill()
        if self._text.startswith(_BYTE_ORDER_MARK):
            self.advance(1)

    def skip(self, space: re.Pattern[str]) -> str:
        """Passes over white space; the next character, or nothing at the end of the file."""
        while True:
            if self._at < len(self._text):
                following = self._text[self._at]
                if following > " ":
                    return following
            self.advance(self._end_of(space) - self._at)
            if self._at < len(self._text) or not self._refill():
                return self._text[self._at : self._at + 1]

    def passes(self, separator: re.Pattern[str]) -> bool:
        """Passes over a separator that stands whole in the window: the quick way past most of them."""
        found = separator.match(self._text, self._at)
        if found is None:
            return False
        stop = found.end()
        self.offset += stop - self._at  # separators are ASCII
        self.line += self._text.count("\n", self._at, stop)
        self._at = stop
        return True

    def advance(self, characters: int) -> None:
        """Passes over so many characters."""
        stop = self._at + characters
        if self._text.isascii():
            self.offset += characters
        else:
            self.offset += len(self._text[self._at : stop].encode())
        self.line += self._text.count("\n", self._at, stop)
        self._at = stop

    def value(self) -> tuple[object, int, int]:
        """The JSON value that begins here, its first byte and the byte after it."""
        while True:
            try:
                value, stop = decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._cut(error) or not self._grow():
                    raise self._not_json(error) from None
                continue
            except NotANumber:
                raise self.broken("NaN and Infinity are no JSON, in the entry that begins there") from None
            except RecursionError:
                raise too_deep() from None
            if len(self._text) - stop < _NEAR_END and not self._ended:  # a number may go on
                self._refill()
                continue
            start = self.offset
            self.advance(stop - self._at)
            if self.offset - start > self._max_entry_bytes:
                raise self._too_large(start)
            return value, start, self.offset

    def broken(self, what: str, ahead: int = 0) -> FileFault:
        """The fault of a file that is no JSON, so many characters ahead of here."""
        passed = self._text[self._at : self._at + ahead]
        byte = self.offset + len(passed.encode())
        line = f"on line {self.line + passed.count(chr(10))}, " if self.by_line else ""
        if self._ended and self._at + ahead >= len(self._text):
            return FileFault(f"The file ends too early, {line}at byte {byte}: {what}", "format")
        return FileFault(f"The file is not JSON {line}at byte {byte}: {what}", "format")

    def _end_of(self, space: re.Pattern[str]) -> int:
        found = space.match(self._text, self._at)
        return found.end() if found else self._at

    def _cut(self, error: json.JSONDecodeError) -> bool:
        """Whether more text may mend it."""
        return error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - _NEAR_END

    def _not_json(self, error: json.JSONDecodeError) -> FileFault:
        if self._ended and error.msg.startswith("Unterminated string"):
            return self.broken("a string does not end", len(self._text) - self._at)
        return self.broken(error.msg, error.pos - self._at)

    def _grow(self) -> bool:
        if len(self._text) - self._at > self._max_entry_bytes:
            raise self._too_large(self.offset)
        return self._refill()

    def _too_large(self, start: int) -> FileFault:
        line = f"on line {self.line}, " if self.by_line else ""
        return FileFault(
            f"The entry that begins {line}at byte {start} is larger than {self._max_entry_bytes} bytes",
            "size",
        )

    def _refill(self) -> bool:
        """Drops what was passed and doubles what is left; at the end of the file False, and nothing moves."""
        gathered = [self._text[self._at :]]
        wanted = max(_STEP, len(gathered[0]))
        for piece in self._pieces:
            gathered.append(piece)
            wanted -= len(piece)
            if wanted <= 0:
                break
        else:
            self._ended = True
        if not any(gathered[1:]):
            return False  # indices into the text stay valid
        self._text, self._at = "".join(gathered), 0
        return True


def _decoded(chunks: Iterable[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    passed = 0  # bytes given to the decoder

    def text_of(piece: bytes, final: bool) -> str:
        held = len(decoder.getstate()[0])
        try:
            return decoder.decode(piece, final)
        except UnicodeDecodeError as error:
            raise FileFault(
                f"The file is not UTF-8 at byte {passed - held + error.start}", "format"
            ) from None

    for chunk in chunks:
        for at in range(0, len(chunk), _PIECE):
            piece = chunk[at : at + _PIECE]
            yield text_of(piece, False)
            passed += len(piece)
    yield text_of(b"", True)
