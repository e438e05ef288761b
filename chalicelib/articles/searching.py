"""Lists of articles: pages in order of number that stay right while others write, and counts of what they find.

A page goes on behind the last number of the page before. A number never changes, so an article that is there, and
found, from the first page to the last is in exactly one of them, whatever else is written meanwhile.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.ports.article_search import ArticleQuery, ArticleSearch, Counts
from chalicelib.ports.article_store import Document

PAGE_BYTES = 3_500_000
MOST_FACET_VALUES = 100


@dataclass(frozen=True)
class ArticlePage:
    """The documents of a page, and the number behind which the next one begins (None: nothing follows)."""

    documents: Sequence[Document]
    next: str | None


class ArticleFinder:
    """Finds articles for API clients. Every call may raise `Unavailable`."""

    def __init__(self, search: ArticleSearch) -> None:
        self._search = search

    def page(
        self, query: ArticleQuery, limit: int, after: str | None = None, room: int = PAGE_BYTES
    ) -> ArticlePage:
        """A page of at most `limit` articles, and of fewer where they have more than `room` bytes together.

        Two searches, wherever it begins.

        What stops being found between the two is missing, and a page may even be empty: only `next` says whether
        another follows.
        """
        found = self._search.find(query, after, limit + 1)
        shown = found[: _fitting([each.size for each in found[:limit]], room)]
        documents = self._search.read(query, [each.number for each in shown])
        # Between the two searches articles may have grown.
        fitting = _fitting([_size(document) for document in documents], room)
        last = shown[-1].number if shown else None
        if fitting < len(documents):
            documents = documents[:fitting]
            last = documents[-1]["id"]
        more = bool(found) and last != found[-1].number
        return ArticlePage(documents, last if more else None)

    def count(self, query: ArticleQuery, keys: Sequence[str]) -> Counts:
        """How many articles the query finds, with the most frequent values of these classifications; one search."""
        return self._search.count(query, keys, MOST_FACET_VALUES)


def _fitting(sizes: Sequence[int], room: int) -> int:
    """How many documents of these sizes a page holds; one at least."""
    for count, size in enumerate(sizes):
        room -= size
        if count and room < 0:
            return count
    return len(sizes)


def _size(document: Document) -> int:
    return len(json.dumps(document, ensure_ascii=False).encode())
