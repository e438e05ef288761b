"""Pages of articles stay right while others write: what is there throughout is seen exactly once."""

from collections.abc import Iterator
from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.articles.searching import PAGE_BYTES, ArticleFinder, ArticlePage
from chalicelib.errors import Unavailable
from chalicelib.ports.article_search import ArticleQuery
from chalicelib.ports.article_store import Article
from tests.doubles.article_search import MemoryArticleSearch
from tests.doubles.article_store import MemoryArticleStore

EVERY = ArticleQuery()
WALL = ArticleQuery(values={"C_1": ("WALL",)})


def put(store: MemoryArticleStore, number: str, **values: str) -> None:
    write(store, Article(number, {"id": number, "F_1": number, **values}))


def write(store: MemoryArticleStore, article: Article) -> None:
    stored = store.stored(article.number)
    store.write_many([replace(article, version=None if stored is None else stored.version)])


def pages(finder: ArticleFinder, query: ArticleQuery, limit: int) -> Iterator[ArticlePage]:
    after = None
    for _ in range(10_000):
        page = finder.page(query, limit, after)
        yield page
        after = page.next
        if after is None:
            return
    raise AssertionError("a list without an end")


def seen(finder: ArticleFinder, query: ArticleQuery, limit: int) -> list[str]:
    return [document["id"] for page in pages(finder, query, limit) for document in page.documents]


_NUMBERS = st.text("ab1é🔦", min_size=1, max_size=3)
_WRITES = st.lists(st.tuples(_NUMBERS, st.sampled_from(["WALL", "FLOOR", "gone", "huge"])), max_size=6)


@given(
    steady=st.sets(_NUMBERS, max_size=12),
    others=st.sets(_NUMBERS, max_size=12),
    interruptions=st.lists(_WRITES, max_size=30),
    limit=st.integers(1, 5),
    query=st.sampled_from([EVERY, WALL, ArticleQuery("wall"), ArticleQuery("steady", WALL.values)]),
)
def test_an_article_that_is_there_throughout_is_seen_once(
    steady: set[str],
    others: set[str],
    interruptions: list[list[tuple[str, str]]],
    limit: int,
    query: ArticleQuery,
) -> None:
    """Before each search of each page, others add, change, delete and blow up articles; the steady ones change too."""
    store = MemoryArticleStore()
    for number in others - steady:
        put(store, number, C_1="WALL")
    for number in steady:
        put(store, number, C_1="WALL", F_2="steady")
    waiting = iter(interruptions)

    def disturb(_: str) -> None:
        for number, what in next(waiting, []):
            if number in steady:
                put(store, number, C_1="WALL", F_2="steady", F_3="x" * 900 if what == "huge" else what)
            elif what == "gone":
                write(store, Article(number, None))
            else:
                put(store, number, C_1=what)

    with patch("chalicelib.articles.searching.PAGE_BYTES", 2000):
        found = seen(ArticleFinder(MemoryArticleSearch(store, disturb)), query, limit)
    assert found == sorted(set(found))
    assert steady <= set(found)


def test_a_page_costs_two_searches_however_deep_it_is() -> None:
    store = MemoryArticleStore()
    for number in range(300):
        put(store, f"{number:03}")
    search = MemoryArticleSearch(store)
    finder = ArticleFinder(search)
    for page in pages(finder, EVERY, 40):
        assert search.calls == {"find": 1, "read": 1}
        assert len(page.documents) in (40, 20)
        search.calls.clear()


def test_the_last_page_says_so_even_if_it_is_full() -> None:
    store = MemoryArticleStore()
    for number in "1234":
        put(store, number)
    finder = ArticleFinder(MemoryArticleSearch(store))
    assert [[document["id"] for document in page.documents] for page in pages(finder, EVERY, 2)] == [
        ["1", "2"],
        ["3", "4"],
    ]
    assert finder.page(EVERY, 4).next is None
    assert finder.page(EVERY, 2, after="9") == ArticlePage([], None)


def test_large_articles_make_pages_shorter_and_lose_nobody() -> None:
    store = MemoryArticleStore()
    for number in range(30):
        put(store, f"{number:02}", **{f"F_{key}": "x" * 30_000 for key in range(2, 8)})
    sizes = [len(page.documents) for page in pages(ArticleFinder(MemoryArticleSearch(store)), EVERY, 100)]
    assert sizes == [PAGE_BYTES // 180_100, 30 - PAGE_BYTES // 180_100]


def test_articles_that_grow_between_the_searches_of_a_page_do_not_make_it_too_large() -> None:
    store = MemoryArticleStore()
    for number in range(30):
        put(store, f"{number:02}")

    def grow(call: str) -> None:
        if call == "read":
            for number in range(30):
                put(store, f"{number:02}", F_2="x" * 500_000)

    finder = ArticleFinder(MemoryArticleSearch(store, grow))
    first = finder.page(EVERY, 30)
    assert (len(first.documents), first.next) == (6, "05")
    assert seen(finder, EVERY, 30) == [f"{number:02}" for number in range(30)]


def test_a_page_of_which_nothing_is_left_is_not_the_end() -> None:
    store = MemoryArticleStore()
    for number in "1234":
        put(store, number)

    def delete(call: str) -> None:
        if call == "read" and store.document("1"):
            for number in "12":
                write(store, Article(number, None))

    finder = ArticleFinder(MemoryArticleSearch(store, delete))
    assert finder.page(EVERY, 2) == ArticlePage([], "2")
    assert seen(finder, EVERY, 2) == ["3", "4"]


def test_an_outage_is_told() -> None:
    search = MemoryArticleSearch(MemoryArticleStore(), is_down=True)
    with pytest.raises(Unavailable):
        ArticleFinder(search).page(EVERY, 10)
    with pytest.raises(Unavailable):
        ArticleFinder(search).count(EVERY, ["C_1"])
