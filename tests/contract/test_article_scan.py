"""What every scan of articles promises, held by the one in memory and the one on OpenSearch."""

import contextlib
from collections.abc import Callable, Iterator
from typing import NamedTuple
from uuid import uuid4

import pytest

from chalicelib.adapters.opensearch_articles import OpenSearchArticles
from chalicelib.adapters.opensearch_connection import connect
from chalicelib.adapters.opensearch_scan import ANSWER_BYTES, OpenSearchScan
from chalicelib.ports.article_scan import ArticleScan, PictureGone, ScannedArticle, Selection
from chalicelib.ports.article_store import Article, ArticleStore, Hidden
from tests.doubles.article_scan import MemoryScan
from tests.doubles.article_store import MemoryArticleStore

ALL = Selection()


class Scanned(NamedTuple):
    """A store of articles, a scan of it, and what lets its pictures go."""

    store: ArticleStore
    scan: ArticleScan
    lose: Callable[[], object]


@pytest.fixture(params=["memory", "opensearch"])
def scanned(request: pytest.FixtureRequest) -> Iterator[Scanned]:
    if request.param == "memory":
        memory = MemoryArticleStore()
        scan = MemoryScan(memory, per_page=2)
        yield Scanned(memory, scan, scan.lose)
        return
    url = request.getfixturevalue("opensearch_url")
    alias = f"scan-{uuid4().hex[:12]}"
    transport = connect(url, signed=False)
    bounded = connect(url, signed=False, timeout=30, most_bytes=ANSWER_BYTES)
    lose = lambda: transport.perform_request("DELETE", "/_search/point_in_time/_all")  # noqa: E731
    yield Scanned(
        OpenSearchArticles(transport, alias, replicas=0), OpenSearchScan(bounded, alias, per_page=2), lose
    )
    with contextlib.suppress(Exception):
        transport.perform_request("DELETE", f"/{alias}-1")


def write(
    store: ArticleStore, number: str, at: float = 1000.0, deleted: bool = False, **values: str
) -> Article:
    """Writes an article, or the mark of one that was deleted, over what is stored."""
    stored = store.get_many([number]).get(number)
    document = None if deleted else {"id": number, "F_1": number, **values}
    article = Article(number, document, Hidden(updated_at=at), stored.version if stored else None)
    store.write_many([article])
    return article


def read(scan: ArticleScan, picture: str, selection: Selection = ALL) -> list[ScannedArticle]:
    found: list[ScannedArticle] = []
    while True:
        page = scan.page(picture, selection, found[-1].number if found else "")
        found += page.articles
        picture = page.picture
        if page.last:
            return found


def numbers(articles: list[ScannedArticle]) -> list[str]:
    return [article.number for article in articles]


def test_where_there_is_no_index_there_are_no_articles(scanned: Scanned) -> None:
    picture = scanned.scan.take()
    assert scanned.scan.count(picture, Selection()) == 0
    assert read(scanned.scan, picture) == []
    scanned.scan.drop(picture)


def test_all_articles_are_read_in_the_order_of_their_numbers(scanned: Scanned) -> None:
    for number in ("20", "3", "é", "1", "A", "03"):
        write(scanned.store, number)
    picture = scanned.scan.take()
    assert numbers(read(scanned.scan, picture)) == ["03", "1", "20", "3", "A", "é"]
    assert scanned.scan.count(picture, Selection()) == 6


def test_a_picture_shows_what_was_answered_before_and_nothing_that_came_after(scanned: Scanned) -> None:
    write(scanned.store, "1", F_3="old")
    write(scanned.store, "2")
    picture = scanned.scan.take()
    write(scanned.store, "1", F_3="new")
    write(scanned.store, "2", deleted=True)
    write(scanned.store, "3")
    later = scanned.scan.take()
    assert [article.document for article in read(scanned.scan, picture)] == [
        {"id": "1", "F_1": "1", "F_3": "old"},
        {"id": "2", "F_1": "2"},
    ]
    assert numbers(read(scanned.scan, later)) == ["1", "3"]


def test_marks_of_deleted_articles_are_read_where_they_are_asked_for(scanned: Scanned) -> None:
    write(scanned.store, "1")
    write(scanned.store, "2", at=1500.125, deleted=True)
    picture = scanned.scan.take()
    assert numbers(read(scanned.scan, picture)) == ["1"]
    assert read(scanned.scan, picture, Selection(marks=True))[1] == ("2", None, 1500.125)
    assert scanned.scan.count(picture, Selection(marks=True)) == 2


def test_only_what_was_written_since_is_read_where_a_time_is_given(scanned: Scanned) -> None:
    write(scanned.store, "1", at=999.999)
    write(scanned.store, "2", at=1000.0)
    write(scanned.store, "3", at=1000.001, deleted=True)
    picture = scanned.scan.take()
    assert numbers(read(scanned.scan, picture, Selection(since=1000.0, marks=True))) == ["2", "3"]
    assert scanned.scan.count(picture, Selection(since=1000.0)) == 1


def test_of_documents_those_keys_are_read_that_are_asked_for_whatever_else_comes(scanned: Scanned) -> None:
    many = {f"F_{number}": "x" for number in range(100, 200)}
    for number in range(6):
        write(scanned.store, str(number), F_3="a", C_1="b", **many)
    write(scanned.store, "6")
    picture = scanned.scan.take()
    keys = frozenset(("F_3", "C_1"))
    found = [article.document or {} for article in read(scanned.scan, picture, Selection(keys=keys))]
    kept = [{key: value for key, value in document.items() if key in keys} for document in found]
    assert kept == [{"F_3": "a", "C_1": "b"}] * 6 + [{}]
    assert len(found[5]) == 2  # where so many are not needed, they are left out from the second page on


def test_a_picture_that_is_gone_says_so(scanned: Scanned) -> None:
    for number in ("1", "2", "3"):
        write(scanned.store, number)
    picture = scanned.scan.take()
    scanned.scan.page(picture, Selection(), "")
    scanned.lose()
    with pytest.raises(PictureGone):
        scanned.scan.page(picture, Selection(), "2")
    with pytest.raises(PictureGone):
        scanned.scan.count(picture, Selection())
    scanned.scan.drop(picture)


def test_a_picture_that_was_dropped_is_gone(scanned: Scanned) -> None:
    write(scanned.store, "1")
    picture = scanned.scan.take()
    scanned.scan.drop(picture)
    with pytest.raises(PictureGone):
        scanned.scan.page(picture, Selection(), "")


def test_articles_are_read_whatever_their_size_within_the_bound_of_an_answer(opensearch_url: str) -> None:
    alias = f"scan-{uuid4().hex[:12]}"
    transport = connect(opensearch_url, signed=False)
    store = OpenSearchArticles(transport, alias, replicas=0)
    bounded = connect(opensearch_url, signed=False, timeout=30, most_bytes=300_000)
    try:
        for number in range(40):
            write(store, f"{number:02d}", F_3="x" * (30_000 if number % 20 > 9 else 10))
        scan = OpenSearchScan(bounded, alias, per_page=40)
        picture = scan.take()
        found = read(scan, picture)
        assert numbers(found) == [f"{number:02d}" for number in range(40)]
        assert [len((article.document or {})["F_3"]) for article in found] == ([10] * 10 + [30_000] * 10) * 2
        scan.drop(picture)
    finally:
        transport.perform_request("DELETE", f"/{alias}-1")
