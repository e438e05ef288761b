"""What a person who looks for an article may type, and what it finds."""

import re
import tracemalloc
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.ports import article_words
from chalicelib.ports.article_words import LONGEST_WORD, MOST_WORDS, is_found, words_asked, words_of

ARTICLE = {
    "id": "12411116",
    "F_1": "12411116",
    "F_3": "BH30-IP20-LG08-CRI90-6,1W-4K-BM45°-RFL-WHT-IDD350mADC(DALI)",
    "F_5": "",
    "F_80000": "BULLET HOLE 30 - IP20 - LED G08 - CRI 90 - 6,1 W - 4000K - BEAM 45°-REFLECTOR",
    "F_80001": 'Noir mat – réflecteur ø30 mm, ½" filet, µ-driver, 日本, Lüster, Straße, 2x36W, 220/240V',
    "F_80002": "“Luna” 1½ m², 12 mm², Çelik, ŁÓDŹ, A++, 100 %",
    "C_75001": "CEILING",
    "F_80006": "20/06/2022",
}


def finds(text: str, **values: str) -> bool:
    return is_found(words_asked(text), words_of({**ARTICLE, **values} if values else ARTICLE))


@pytest.mark.parametrize(
    "text",
    [
        *("bullet", "BULL", "hole bullet", "ceil", "2022", "20/06"),
        *("6,1 W", "6.1 w", "6,1W", "6,1", "6", "45°", "45 °", "45", "4000 K", "4000k"),
        *("réflecteur", "reflecteur", "RÉFL", "re\u0301fl", "celik", "Çe", "lodz", "Łódź"),
        *("lüster", "luster", "luester", "LÜSTER", "strasse", "straße"),
        *("½", '½"', '1/2"', "½ filet", "1½", "m²", "m2", "12 mm²", "12mm2"),
        *("ø30", "Ø30", "⌀30", "o30", "ø 30", "30mm", "30 mm", "µ-driver", "μ"),
        *("日本", "日", "luna", '"luna"', "A+", "a++", "100%", "100 %"),
        *("2x36", "36W", "36 w", "240V", "220/240"),
        *("2411", "1116", "12411116", "bh30-ip20", "H30-IP", "dd350", "350mA", "(dali)", "IDD350mADC(DALI)"),
    ],
)
def test_words_and_their_beginnings_are_found_however_they_are_written(text: str) -> None:
    assert finds(text)


@pytest.mark.parametrize(
    "text",
    [
        *("ullet", "bullet wall", "7,1 W", "36°", "46", "lustre", "eiling", "6,10", "½ inch"),
        *("12411117", "41112", "bh31", "ip20x", "¾", "999", "nihon"),
    ],
)
def test_what_no_word_begins_with_is_not_found(text: str) -> None:
    assert not finds(text)


def test_a_part_of_a_word_is_found_in_the_number_and_the_code_alone() -> None:
    assert finds("ali", F_3="DALI")
    assert not is_found(words_asked("ali"), words_of({"F_1": "1", "F_4": "DALI"}))


def test_a_value_with_umlauts_spelt_out_is_found_by_either_spelling() -> None:
    assert finds("Leuchte Grün", F_9="Leuchte gruen")
    assert finds("Lüster", F_9="Luester")
    assert not is_found(words_asked("gruen"), words_of({"F_1": "1", "F_9": "grun"}))


@pytest.mark.parametrize("unseen", ["\u00ad", "\u200c", "\u200d", "\u2060", "\ufeff"])
def test_what_nobody_sees_makes_no_difference(unseen: str) -> None:
    assert finds("Deckenleuchte", F_9=f"Decken{unseen}leuchte")
    assert finds(f"Decken{unseen}leuchte", F_9="Deckenleuchte")
    assert finds("36W", F_3=f"3{unseen}6W")
    assert words_asked(unseen) == []


def test_a_word_ends_where_a_line_may_be_broken() -> None:
    assert finds("lampe", F_9="LED\u200bLampe")


def test_text_without_letters_and_digits_has_no_words() -> None:
    for text in ("", "  ", "-", "– / …", '"', "(*)"):
        assert words_asked(text) == []


def test_words_are_told_apart_by_their_first_characters() -> None:
    long = "a" * LONGEST_WORD
    assert finds(long + "x", F_9=long + "y")
    assert max(map(len, words_of({"F_1": "1" * 400, "F_3": "ab" * 9000, "F_9": "1a" * 9000}))) == LONGEST_WORD


def test_the_words_of_one_article_are_bounded() -> None:
    values = {f"F_{key}": " ".join(f"{key}x{word}" for word in range(2000)) for key in range(10, 19)}
    assert len(words_of({"F_1": "1", **values})) == MOST_WORDS
    assert len(words_of({"F_1": "1", "F_3": " ".join(map(str, range(9000)))})) == MOST_WORDS


def test_what_is_kept_of_values_is_bounded_whatever_they_are() -> None:
    kept = [article_words._kept_words, article_words._kept_chunk, article_words._kept_endings]
    for each in kept:
        each.cache_clear()
    most = 0.0
    for each, hard in zip(kept, ["1😀ä 1ä", "1😀ä1ä", "1😀ä1ä"], strict=True):
        tracemalloc.start()
        try:
            for number in range(100):
                each((f"{number:03}" + hard * 40)[: article_words._KEPT_LENGTH])
            size = tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()
        most += size / 100 * (each.cache_info().maxsize or 0)
    assert most < 64_000_000
    before = [each.cache_info().currsize for each in kept]
    words_of({"F_1": "7", "F_3": "x" * 400, "F_9": "x" * 400, "C_1": "y z " * 400})
    assert [each.cache_info().currsize for each in kept] == [before[0], before[1] + 2, before[2]]


def test_long_values_are_folded_in_pieces_and_cut_no_word(monkeypatch: pytest.MonkeyPatch) -> None:
    folded: list[int] = []
    normalize = unicodedata.normalize

    def counting(form: str, text: str) -> str:
        folded.append(len(text))
        return normalize(form, text)  # type: ignore[arg-type]

    monkeypatch.setattr(article_words.unicodedata, "normalize", counting)
    long = " ".join(f"Grün{number} Lüster" for number in range(1500))
    words = words_of({"F_9": long})
    assert all(is_found(words_asked(f"gruen{number} grün{number}"), words) for number in range(1500))
    words_of({"F_9": "\u0301\u0316" * 8000})  # Python orders accents in the square of their number
    assert max(folded) <= 2 * article_words.PIECE


_TEXTS = st.text(max_size=40) | st.text("aBéüßø½°,./-\"' 17x", max_size=40)


@given(_TEXTS)
def test_whatever_stands_in_a_value_is_found_by_itself(value: str) -> None:
    assert is_found(words_asked(value), words_of({"F_9": value}))


@given(_TEXTS, _TEXTS)
def test_other_values_hide_nothing(value: str, other: str) -> None:
    assert is_found(words_asked(value), words_of({"F_9": value, "F_10": other, "C_1": other}))


@given(
    st.lists(
        st.sampled_from(["12", "6,1", "½", "w", "MM", "²x", "ü", "bull", "3x", "-", "", "("]), max_size=8
    )
)
def test_a_number_and_the_unit_behind_it_are_found_together(pieces: list[str]) -> None:
    value = " ".join(pieces)
    words = words_of({"F_9": value})
    written = [piece for piece in pieces if words_asked(piece)]
    for number, unit in pairwise(written):
        if number[-1].isdecimal() and len(words_asked(unit)) == 1 and unit[0].isalpha() and len(unit) < 4:
            assert is_found(words_asked(number + unit), words)


@given(_TEXTS, st.data())
def test_every_part_of_a_code_is_found(code: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(code)))
    part = code[start : data.draw(st.integers(start, len(code)))]
    words = words_of({"F_1": code})
    # A decimal sign or a slash at an end of the part joins nothing any more; neither does half of an accent.
    trimmed = re.sub(r"^\W+|\W+$", "", part)
    if trimmed.isascii() and trimmed == part:
        assert is_found(words_asked(part), words)


@given(_TEXTS)
def test_no_word_is_empty_or_holds_white_space(value: str) -> None:
    for word in words_of({"F_3": value, "F_9": value}):
        assert word
        assert not re.search(r"\s", word)


@given(st.text("aBéüßöå½°, 17x", max_size=40))
def test_case_makes_no_difference(value: str) -> None:
    words = words_of({"F_9": value})
    for other in (value.upper(), value.lower(), value.swapcase()):
        assert is_found(words_asked(other), words)
