"""Finding articles: by words, by exact values, by the time of their last write; in the order of their numbers.

A search sees a write about a second after it was made; `ArticleStore` reads by number in real time. The marks of
deleted articles are never found. What is a word, `chalicelib.ports.article_words` says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

from chalicelib.ports.article_store import Document

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class ArticleQuery:
    """Which articles are asked for: those that meet all of it; an empty query is met by every article.

    `text`: each of its words must begin a word of the article, or stand anywhere in a word of its number or code.
    `values`: key (`F_<int>`, `C_<int>`) → the exact values of which the article has one.
    `updated_since`: seconds since 1970, in whole milliseconds; the article was last written then or later.
    """

    text: str = ""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    updated_since: float | None = None

    def to_json(self) -> dict[str, object]:
        """The query in the words of the API's parameters; equal queries are written alike.

        `{"q": …, "F_…": [value, …], "C_…": […], "updated_since": RFC 3339}`, what is not asked for left out.
        """
        written: dict[str, object] = {"q": self.text} if self.text else {}
        written |= {key: sorted(set(values)) for key, values in sorted(self.values.items())}
        if self.updated_since is not None:
            moment = _EPOCH + timedelta(milliseconds=round(self.updated_since * 1000))
            written["updated_since"] = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return written


class Found(NamedTuple):
    """An article that a search found: its number, and the bytes of its document as JSON, roughly."""

    number: str
    size: int


@dataclass(frozen=True)
class Facet:
    """The values that articles have under one classification, the most frequent first, and equals in order of text.

    `others`: how many articles have a value that is not listed. Values of more than 256 characters are not counted.
    """

    values: Sequence[tuple[str, int]]
    others: int


@dataclass(frozen=True)
class Counts:
    """How many articles a query finds, and its facets by key."""

    total: int
    facets: Mapping[str, Facet]


class ArticleSearch(Protocol):
    """Searches articles; numbers are in the order of their characters' code points."""

    def find(self, query: ArticleQuery, after: str | None, limit: int) -> list[Found]:
        """The first articles that a query finds behind a number (None: from the beginning), in order of number.

        It costs the same wherever it begins. Raises `Unavailable`.
        """
        ...

    def read(self, query: ArticleQuery, numbers: Sequence[str]) -> list[Document]:
        """The documents of these articles that the query finds at this moment, in the order of `numbers`.

        Raises `Unavailable`.
        """
        ...

    def count(self, query: ArticleQuery, keys: Sequence[str], most: int) -> Counts:
        """Counts articles, and under each of these classifications its most frequent values, at most `most`.

        A facet leaves the query's own values of its key aside: it tells what each other value would find.
        Raises `Unavailable`.
        """
        ...
