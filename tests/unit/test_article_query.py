"""What a client may ask of the articles, and how it is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.articles.article_query import MOST_CHARACTERS, MOST_VALUES, MOST_WORDS, read_query
from chalicelib.errors import Invalid
from chalicelib.ports.article_search import ArticleQuery


def refused(**fields: object) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as error:
        read_query(fields)
    return error.value.faults


def test_nothing_asked_for_is_every_article() -> None:
    assert read_query({}) == ArticleQuery()
    assert read_query({"q": "  "}) == read_query({"q": None}) == ArticleQuery()


def test_words_values_and_a_time_are_read() -> None:
    query = read_query(
        {"q": " 6,1 W ", "C_1": ["WALL", "CEILING", "WALL"], "F_5": "", "F_6": 7, "updated_since": SINCE}
    )
    assert query == ArticleQuery(
        "6,1 W", {"C_1": ("CEILING", "WALL"), "F_5": ("",), "F_6": ("7",)}, 1_700_000_000.5
    )


SINCE = "2023-11-14T23:13:20.5+01:00"


def test_the_number_may_stand_in_quotes_and_no_other_value() -> None:
    query = read_query({"F_1": '"12411116"', "F_3": '"x"'})
    assert query.values == {"F_1": ("12411116",), "F_3": ('"x"',)}


def test_all_faults_are_told_at_once() -> None:
    assert refused(
        q="– / –", F_=["x"], F_2=[], F_3=1.5, F_4=["\ud800"], C_5=None, updated_since="yesterday", wanted="x"
    ) == {
        "q": ["The q field holds no word: send letters or digits to look for."],
        "F_": ["The F_ field is not known here."],
        "F_2": ["The F_2 field holds no value."],
        "F_3": ["The F_3 field must be a string or an integer."],
        "F_4": ["The F_4 field holds half of a surrogate pair, which is no character."],
        "C_5": ["The C_5 field must be a string or an integer."],
        "updated_since": [
            "The updated_since field must be a time of RFC 3339, as 2026-11-22T05:16:35Z "
            "(in an address, a + is written %2B)."
        ],
        "wanted": ["The wanted field is not known here."],
    }


def test_what_is_asked_for_is_bounded() -> None:
    read_query({"q": "a" * MOST_CHARACTERS, "F_2": [*map(str, range(MOST_VALUES))]})
    read_query({"q": " ".join(map(str, range(MOST_WORDS)))})
    assert "longer" in refused(q="a" * (MOST_CHARACTERS + 1))["q"][0]
    assert "words" in refused(q=" ".join(map(str, range(MOST_WORDS + 1))))["q"][0]
    assert "values" in refused(F_2=[*map(str, range(MOST_VALUES))], C_2="x")["F_2"][0]
    assert "longer" in refused(F_2="x" * 40_000)["F_2"][0]
    assert refused(q=7) == {"q": ["The q field must be a string."]}


@pytest.mark.parametrize(
    "time",
    [
        *(
            "2026-11-22",
            "2026-11-22T05:16:35",
            "20261122T051635Z",
            "2026-13-22T05:16:35Z",
            "2026-11-22 05:16:35Z",
        ),
        *(
            "2026-11-22T05:16:60Z",
            "0000-01-01T00:00:00Z",
            "2026-11-22T05:16:35+25:00",
            "2026-11-22T05:16:35 01:00",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
        ),
        *("", "x", 7, None, ["2026-11-22T05:16:35Z"], "2026-11-22T05:16:35Z\n", "٢٠٢٦-11-22T05:16:35Z"),
    ],
)
def test_times_that_are_none_of_rfc_3339_are_refused(time: object) -> None:
    assert list(refused(updated_since=time)) == ["updated_since"]


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-22t05:16:35.1239z", 1_795_324_595.123),
        ("0001-01-01T00:00:00-14:00", -62_135_546_400),
        ("9999-12-31T23:59:59.999999999999Z", 253_402_300_799.999),
    ],
)
def test_times_are_read_to_the_millisecond_before(time: str, seconds: float) -> None:
    assert read_query({"updated_since": time}).updated_since == seconds


_QUERIES = st.builds(
    ArticleQuery,
    st.sampled_from(["", "led", "6,1 W", "½"]),
    st.dictionaries(
        st.from_regex(r"[FC]_[0-9]{1,5}", fullmatch=True).filter(lambda key: key != "F_1"),
        st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1, max_size=3, unique=True).map(
            lambda texts: tuple(sorted(texts))
        ),
        max_size=3,
    ),
    st.none() | st.integers(-(10**12), 10**13).map(lambda ms: ms / 1000),
)


@given(_QUERIES)
def test_a_query_as_json_is_read_as_the_same_query(query: ArticleQuery) -> None:
    assert read_query(json.loads(json.dumps(query.to_json()))) == query
