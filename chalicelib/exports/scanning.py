"""Reading a picture in slices of always the same articles, the next page being read while one is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chalicelib.ports.article_scan import ArticleScan, ScannedArticle, ScanPage, Selection
from chalicelib.ports.article_search import ArticleQuery
from chalicelib.ports.article_words import is_found, words_asked, words_of

# Parts of a file begin and end between slices: so they are the same in every process, however long its pages are.
SLICE = 64
SLICE_CHARACTERS = 1024 * 1024  # of values, and one article more: a mapping may show each ten times, escaped

Ahead = Callable[[Callable[[], ScanPage]], Callable[[], ScanPage]]
"""Begins a reading; what it returns waits for its end."""


class Scanning:
    """A picture read on from a number. `after` and `picture`: by which another goes on where this one is."""

    def __init__(
        self, scan: ArticleScan, picture: str, selection: Selection, after: str, ahead: Ahead
    ) -> None:
        self._scan, self._selection, self._ahead = scan, selection, ahead
        self.picture, self.after = picture, after
        self._read: list[ScannedArticle] = []
        self._place = 0
        self._next: Callable[[], ScanPage] | None = self._begin(picture, after)

    def slice(self) -> Sequence[ScannedArticle]:
        """The next articles; none: there are no more. Raises `PictureGone`, `Unavailable`; then it is of no use."""
        while len(self._read) - self._place < SLICE and self._next is not None:
            page = self._next()
            self.picture = page.picture
            self._next = None if page.last else self._begin(page.picture, page.articles[-1].number)
            self._read = [*self._read[self._place :], *page.articles]
            self._place = 0
        found = _fitting(self._read[self._place : self._place + SLICE])
        self._place += len(found)
        if found:
            self.after = found[-1].number
        return found

    def _begin(self, picture: str, after: str) -> Callable[[], ScanPage]:
        return self._ahead(lambda: self._scan.page(picture, self._selection, after))


def _fitting(articles: Sequence[ScannedArticle]) -> Sequence[ScannedArticle]:
    """The first articles, as far as a slice holds them: one at least."""
    room = SLICE_CHARACTERS
    for place, article in enumerate(articles):
        if article.document is not None:
            room -= sum(map(len, article.document.values()))
        if room < 0:
            return articles[: place + 1]
    return articles


def keys_needed(query: ArticleQuery, keys: Sequence[str]) -> frozenset[str] | None:
    """The keys of documents that a mapping with these keys and a filter look at; None: all."""
    return None if query.text else frozenset((*keys, *query.values))


def chosen(query: ArticleQuery) -> Callable[[Sequence[ScannedArticle]], Sequence[ScannedArticle]]:
    """Keeps the articles that meet a filter, and every mark of a deleted one: what it was is not known any more."""
    asked = words_asked(query.text) if query.text else []
    values = {key: frozenset(values) for key, values in query.values.items()}
    if not asked and not values:
        return lambda articles: articles

    def meets(article: ScannedArticle) -> bool:
        document = article.document
        if document is None:
            return True
        if any(document.get(key) not in wanted for key, wanted in values.items()):
            return False
        return not asked or is_found(asked, words_of(document))

    return lambda articles: [article for article in articles if meets(article)]
