"""What a word of an article is: the same rules for what is stored and for what is asked.

Case, accents and the width of characters make no difference. A word ends at white space and at punctuation, but for
the decimal sign and the slash between digits: `6,1` is one word, the same as `6.1`, and `½` is `1/2`.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

LONGEST_WORD = 32
"""Characters by which words are told apart; what a word has beyond them makes no difference."""

MOST_WORDS = 5000
"""Words of one article by which it is found; those of further keys are left out."""

PIECE = 500
"""Characters that are folded at once: Unicode orders the accents on a letter in the square of their number."""

CODES = ("F_1", "F_3")
"""Keys of the number and the code of an article, which are found by any part of their words."""

# Values of a catalogue are new combinations of words that repeat. What follows from short pieces is kept, within some
# 60 MB whatever they are; of a catalogue it is a tenth of that.
_KEPT_WORDS = 8192
_KEPT_VALUES = _KEPT_CODES = 2048
_KEPT_LENGTH = 20

# Letters that Unicode takes for letters of their own, and signs that are written in more than one way.
_SAME = str.maketrans(
    {
        **{
            "ø": "o",
            "đ": "d",
            "ð": "d",
            "ħ": "h",
            "ı": "i",
            "ł": "l",
            "ŧ": "t",
            "æ": "ae",
            "œ": "oe",
            "þ": "th",
        },
        **dict.fromkeys("”“„″˝", '"'),
        **dict.fromkeys("’‘′´", "'"),
        "\u2044": "/",
        "º": "°",
        "∅": "o",
        "⌀": "o",
    }
)
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})
# Accents, soft hyphens, and what joins characters unseen.
_MARKS = re.compile("[\u0300-\u036f\u00ad\u200c\u200d\u2060\ufeff]")
_FRACTION = re.compile("(?<=[0-9])(?=[¼-¾⅐-⅞])")
# Everything else that is no white space stands in a word: %, °, + and whatever a script of the world has.
_BREAKS = r"""\s\x00-\x1f\x7f-\x9f\u200b!#$&'"()*,./:;<=>?@\[\\\]^_`{|}~\-«»‹›‐-―…·•¡¿¦|®©™×"""
_WORD = re.compile(rf"""[^{_BREAKS}]+(?:(?<=\d)[.,/](?=\d)[^{_BREAKS}]+)*(?:(?<=\d)["'])?""")
# Where digits begin or end within a word, and behind the slash between numbers: `36w` is found in `2x36w`.
_INNER = re.compile(r"(?<=\d)(?=[^\d.,/\"'])|(?<=[^\d.,])(?=\d)")
_PIECES = re.compile(rf"(?s).{{1,{PIECE}}}(?:\s|\Z)|.{{1,{PIECE}}}")  # behind white space, where there is any
_NUMBER_AT_END = re.compile(r"(?<![\d.,/])\d[\d./]*$")
_LONGEST_UNIT = 3
_UNIT = re.compile(rf"[^\d\"'][^\"']{{0,{_LONGEST_UNIT - 1}}}")


def words_of(document: Mapping[str, str]) -> list[str]:
    """The words by whose beginnings an article is found, each once; at most `MOST_WORDS`.

    None of them holds white space.
    """
    found: list[str] = []
    for key, value in document.items():
        if not value or key == "id":
            continue
        if key in CODES:
            for chunk in _chunks(value):
                # No number comes again.
                kept = key != "F_1" and len(chunk) <= _KEPT_LENGTH
                found += _kept_endings(chunk) if kept else _endings(chunk)
        else:
            found += _kept_words(value) if len(value) <= _KEPT_LENGTH else _words(value)
    return list(dict.fromkeys(found))[:MOST_WORDS]


def words_asked(text: str) -> list[tuple[str, ...]]:
    """The words of a query, each as the spellings of which an article's word must begin with one."""
    spellings = zip(
        *map(_split, _foldings(text)), strict=True
    )  # letters become letters: as many words in each
    return list(dict.fromkeys(tuple(dict.fromkeys(word)) for word in spellings))


def is_found(asked: Iterable[tuple[str, ...]], words: Iterable[str]) -> bool:
    """Whether an article with these words has all that are asked for."""
    known = list(words)
    return all(any(word.startswith(spellings) for word in known) for spellings in asked)


def _chunks(value: str) -> list[str]:
    """The value in pieces that cut no word, whatever is folded."""
    return value.replace("-", " ").split()


def _words(value: str) -> list[str]:
    """The words of a value, and numbers with the units behind them."""
    found: list[str] = []
    before: Sequence[str] = ()
    for chunk in _chunks(value):
        words, units, numbers = _kept_chunk(chunk) if len(chunk) <= _KEPT_LENGTH else _chunk(chunk)
        if words:
            if before and units:
                found += [number + unit for number in before for unit in units]
            found += words
            before = numbers
    return found


class _Chunk(NamedTuple):
    """The words of a piece of a value; where it begins with a unit and ends with a number, those in each spelling."""

    words: Sequence[str]
    units: Sequence[str]
    numbers: Sequence[str]


def _chunk(text: str) -> _Chunk:
    """The words in their spellings, their inner beginnings, and numbers with the units behind them."""
    if text.isascii() and text.isalpha():
        word = text.lower()[:LONGEST_WORD]
        return _Chunk((word,), (word,) if len(word) <= _LONGEST_UNIT else (), ())
    words: list[str] = []
    units: list[str] = []
    numbers: list[str] = []
    for folded in _foldings(text):
        number = None
        for word in _split(folded):
            words.append(word)
            if len(word) <= _LONGEST_UNIT and _UNIT.fullmatch(word):
                if number is None:
                    units.append(word)
                elif number:
                    words.append(number + word)
            number = ""
            if not word.isalpha():
                words += [word[start.start() :] for start in _INNER.finditer(word)]
                ending = _NUMBER_AT_END.search(word)
                number = ending[0] if ending else ""
        if number:
            numbers.append(number)
    return _Chunk(tuple(dict.fromkeys(words)), tuple(units), tuple(dict.fromkeys(numbers)))


def _endings(code: str) -> list[str]:
    """All endings of the words of a number or a code, the words among them."""
    return [
        word[start : start + LONGEST_WORD]
        for folded in _foldings(code)
        for word in _WORD.findall(folded.replace(",", "."))
        for start in range(len(word))
    ]


_kept_words = lru_cache(maxsize=_KEPT_VALUES)(_words)
_kept_chunk = lru_cache(maxsize=_KEPT_WORDS)(_chunk)
_kept_endings = lru_cache(maxsize=_KEPT_CODES)(_endings)


def _split(folded: str) -> list[str]:
    return [word[:LONGEST_WORD] for word in _WORD.findall(folded.replace(",", "."))]


def _foldings(text: str) -> tuple[str, ...]:
    """The text in small letters without accents; a second time with umlauts spelt out, if it has any."""
    if len(text) <= PIECE:
        return _piece_foldings(text)
    pieces = [_piece_foldings(piece) for piece in _PIECES.findall(text)]
    return tuple(dict.fromkeys("".join(piece[at] for piece in pieces) for at in (0, -1)))


def _piece_foldings(text: str) -> tuple[str, ...]:
    small = text.lower()
    if small.replace("°", "").isascii():
        return (small,)
    # Composed first: what follows knows letters by their one form.
    small = unicodedata.normalize("NFC", _FRACTION.sub(" ", text).casefold())
    plain, spelt = _fold(small), small.translate(_SPELT_OUT)
    return (plain,) if spelt == small else (plain, _fold(spelt))


def _fold(small: str) -> str:
    apart = unicodedata.normalize("NFKD", small.translate(_SAME))
    return _MARKS.sub("", apart).casefold().translate(_SAME)
