"""Finding articles: by words, by exact values, by the time of their last write; in the order of their numbers.

A search sees a write about a second after it was made; `ArticleStore` reads by number in real time. The marks of
deleted articles are never found. What is a word, `chalicelib.ports.article_words` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

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
