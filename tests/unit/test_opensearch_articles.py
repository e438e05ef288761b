"""Answers that are not the search engine's: a proxy's page, say, with status 200."""

import pytest

from chalicelib.adapters.opensearch_articles import OpenSearchArticles
from chalicelib.errors import Unavailable
from chalicelib.ports.article_store import Article, Unknown

STRANGE = ["<html>maintenance</html>", {}, {"docs": [None], "items": [7], "hits": []}, [], None]


class Proxy:
    """Answers everything with the same."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def perform_request(self, method: str, url: str, *, body: bytes | None = None) -> object:
        return self._answer


@pytest.mark.parametrize("answer", STRANGE, ids=repr)
def test_a_strange_answer_to_a_read_is_no_answer(answer: object) -> None:
    articles = OpenSearchArticles(Proxy(answer), "articles")
    with pytest.raises(Unavailable):
        articles.get_many(["1"])
    with pytest.raises(Unavailable):
        articles.find_marks(0.0, 10)


@pytest.mark.parametrize("answer", STRANGE, ids=repr)
def test_a_strange_answer_to_a_write_tells_nothing_of_it(answer: object) -> None:
    (outcome,) = OpenSearchArticles(Proxy(answer), "articles").write_many(
        [Article("1", {"id": "1", "F_1": "1"})]
    )
    assert isinstance(outcome, Unknown)
