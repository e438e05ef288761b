"""Pictures of articles in memory."""

from dataclasses import dataclass, field

from chalicelib.ports.article_scan import PictureGone, ScannedArticle, ScanPage, Selection
from tests.doubles.article_store import MemoryArticleStore


@dataclass
class MemoryScan:
    """An `ArticleScan` over a `MemoryArticleStore`. `pictures`: those that can be read; `lose` lets go of all."""

    store: MemoryArticleStore
    per_page: int = 3
    pictures: dict[str, list[ScannedArticle]] = field(default_factory=dict)
    taken: int = 0

    def take(self) -> str:
        self.taken += 1
        name = f"picture-{self.taken}"
        self.pictures[name] = [
            ScannedArticle(article.number, article.document, article.hidden.updated_at)
            for article in sorted(self.store.all(), key=lambda article: article.number)
        ]
        return name

    def count(self, picture: str, selection: Selection) -> int:
        return len(self._selected(picture, selection))

    def page(self, picture: str, selection: Selection, after: str) -> ScanPage:
        found = [article for article in self._selected(picture, selection) if article.number > after]
        return ScanPage(found[: self.per_page], picture, len(found) < self.per_page)

    def drop(self, picture: str) -> None:
        self.pictures.pop(picture, None)

    def lose(self) -> None:
        """What a restart of the engine does."""
        self.pictures.clear()

    def _selected(self, picture: str, selection: Selection) -> list[ScannedArticle]:
        if picture not in self.pictures:
            raise PictureGone(picture)
        return [
            ScannedArticle(article.number, _only(article.document, selection.keys), article.updated_at)
            for article in self.pictures[picture]
            if (selection.marks or article.document is not None)
            and (selection.since is None or article.updated_at >= selection.since)
        ]


def _only(document: object, keys: frozenset[str] | None) -> dict[str, str] | None:
    if not isinstance(document, dict):
        return None
    return {key: value for key, value in document.items() if keys is None or key in keys}
