"""What API clients do to single articles: find, copy, change, replace, delete. `writing` tells how they are written."""

from collections.abc import Callable, Collection, Mapping

from chalicelib.articles.document import merge, new_document, without
from chalicelib.articles.writing import KIND, ArticleWriter, Saved, existing, visible
from chalicelib.errors import AlreadyExists
from chalicelib.ports.article_store import Article, ArticleStore, Document, Version
from chalicelib.ports.clock import Clock

Condition = Callable[[Version | None], None]
"""What the caller demands of the article that is there (None: there is none).

Raises `PreconditionFailed`. It is asked of each version that a write is made against: one that no longer holds because
another writer was faster stops the write.
"""


def whatever(version: Version | None) -> None:
    """The condition of a caller who demands nothing."""


class ArticleService:
    """Single articles for API clients. Every call may raise `Unavailable`."""

    def __init__(self, store: ArticleStore, clock: Clock, new_id: Callable[[], str]) -> None:
        """`new_id` makes ids that no other write will ever have."""
        self._writer = ArticleWriter(store, clock, new_id)

    def find(self, number: str) -> Article:
        """The article with exactly this number. Raises `NotFound`."""
        return existing(number, visible(self._writer.stored(number)))

    def copy(
        self, source: str, target: str, changes: Mapping[str, str], write_id: str | None = None
    ) -> Document:
        """Creates `target` from the document of `source` with the changes applied; returns the new one.

        `write_id`: as in `ArticleWriter.write`. Raises `NotFound` (source), `AlreadyExists` (target, or both are one),
        `WriteConflict`, `Invalid`.
        """
        found = visible(self._writer.stored(source))
        if found is None and write_id is not None:
            # The source may be gone since an earlier run made the copy.
            made = visible(self._writer.stored(target))
            if made is not None and write_id in made.hidden.write_ids:
                return made.document or {}
        original = existing(source, found).document or {}

        def create(stored: Article | None) -> Document:
            if stored is not None or source == target:
                raise AlreadyExists(KIND, target)
            # Keys keep their place: the copy differs from its source in the number and the changes alone.
            return merge({**original, **new_document(target, {})}, changes)

        return self._writer.write(target, create, write_id).document or {}

    def update(self, number: str, changes: Mapping[str, str], write_id: str | None = None) -> Document:
        """Sets the given keys, leaves the others as they are; returns the whole document.

        `write_id`: as in `ArticleWriter.write`. Raises `NotFound`, `WriteConflict`, `Invalid` (too large).
        """

        def change(stored: Article | None) -> Document:
            return merge(existing(number, stored).document or {}, changes)

        return self._writer.write(number, change, write_id).document or {}

    def put(self, number: str, values: Mapping[str, str], condition: Condition = whatever) -> Saved:
        """Creates the article, or replaces its document: keys that are absent vanish.

        Raises `PreconditionFailed`, `WriteConflict`, `Invalid` (too large).
        """

        def make(stored: Article | None) -> Document:
            condition(None if stored is None else stored.version)
            return new_document(number, values)

        return self._writer.write(number, make)

    def patch(
        self,
        number: str,
        changes: Mapping[str, str],
        dropped: Collection[str] = (),
        condition: Condition = whatever,
    ) -> Saved:
        """Sets the given keys and drops others, leaves the rest as it is.

        Raises `NotFound`, `PreconditionFailed`, `WriteConflict`, `Invalid` (too large).
        """

        def change(stored: Article | None) -> Document:
            article = existing(number, stored)
            condition(article.version)
            return merge(without(article.document or {}, dropped), changes)

        return self._writer.write(number, change)

    def delete(self, number: str, condition: Condition = whatever) -> Mapping[str, object]:
        """Deletes the article (a hidden mark stays); returns the documented answer, keys in their order.

        Raises `NotFound`, `PreconditionFailed`, `WriteConflict`.
        """

        def remove(stored: Article | None) -> None:
            condition(existing(number, stored).version)

        saved = self._writer.write(number, remove)
        receipt = saved.receipt or {}
        return {
            "_index": "articles",
            "_type": "_doc",
            "_id": number,
            "_version": saved.version.count,
            "result": "deleted",
            # Of a write whose answer was lost only this is known: at least one shard holds it.
            "_shards": receipt.get("_shards", {"total": 1, "successful": 1, "failed": 0}),
            "_seq_no": saved.version.seq_no,
            "_primary_term": saved.version.primary_term,
        }
