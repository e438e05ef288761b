"""Searches in the articles of the store in memory: they see every write at once."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from chalicelib.errors import Unavailable
from chalicelib.ports.article_search import ArticleQuery, Counts, Facet, Found
from chalicelib.ports.article_store import Article, Document
from chalicelib.ports.article_words import is_found, words_asked, words_of
from tests.doubles.article_store import MemoryArticleStore

SHOWN_CHARACTERS = 256


def nothing_happens(call: str) -> None:
    """What others do before a call, by default."""


@dataclass
class MemoryArticleSearch:
    """An `ArticleSearch` over a store in memory.

    `before` is called with the name of each call before it happens: others may write there, or it raises. `calls`
    counts the calls by name.
    """

    store: MemoryArticleStore
    before: Callable[[str], None] = nothing_happens
    calls: Counter[str] = field(default_factory=Counter)
    is_down: bool = False

    def find(self, query: ArticleQuery, after: str | None, limit: int) -> list[Found]:
        self._called("find")
        found = [
            Found(number, _size(document))
            for number, document in sorted(self._matching(query).items())
            if after is None or number > after
        ]
        return found[:limit]

    def read(self, query: ArticleQuery, numbers: Sequence[str]) -> list[Document]:
        self._called("read")
        matching = self._matching(query)
        return [matching[number] for number in numbers if number in matching]

    def count(self, query: ArticleQuery, keys: Sequence[str], most: int) -> Counts:
        self._called("count")
        return Counts(len(self._matching(query)), {key: self._facet(query, key, most) for key in keys})

    def _facet(self, query: ArticleQuery, key: str, most: int) -> Facet:
        others = {other: values for other, values in query.values.items() if other != key}
        matching = self._matching(ArticleQuery(query.text, others, query.updated_since))
        counted = Counter(
            document[key]
            for document in matching.values()
            if key in document and len(document[key]) <= SHOWN_CHARACTERS
        )
        listed = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
        return Facet(listed[:most], sum(count for _, count in listed[most:]))

    def _matching(self, query: ArticleQuery) -> dict[str, Document]:
        return {
            article.number: article.document
            for article in self.store.all()
            if article.document is not None and _meets(query, article, article.document)
        }

    def _called(self, call: str) -> None:
        self.before(call)
        self.calls[call] += 1
        if self.is_down:
            raise Unavailable("The article store", "planned")


def _size(document: Document) -> int:
    return len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())


def _meets(query: ArticleQuery, article: Article, document: Document) -> bool:
    since = query.updated_since
    return (
        (since is None or round(article.hidden.updated_at * 1000) >= round(since * 1000))
        and all(document.get(key) in values for key, values in query.values.items())
        and is_found(words_asked(query.text), words_of(document))
    )
