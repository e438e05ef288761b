"""All articles as they stood at one moment, read from the first to the last while others go on writing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class ScannedArticle(NamedTuple):
    """An article, or (`document` None) the mark of a deleted one; `updated_at` in seconds since 1970."""

    number: str
    document: Mapping[str, str] | None
    updated_at: float


@dataclass(frozen=True)
class Selection:
    """What of a picture is read.

    `since`: seconds since 1970, only what was written then or later. `marks`: those of deleted articles too. `keys`:
    the keys of documents that are needed, None: all; others may be left out.
    """

    since: float | None = None
    marks: bool = False
    keys: frozenset[str] | None = None


@dataclass(frozen=True)
class ScanPage:
    """Articles in the order of their numbers. `picture`: the name by which it is read on; `last`: none follow."""

    articles: Sequence[ScannedArticle]
    picture: str
    last: bool


class PictureGone(Exception):
    """The picture cannot be read any more: it was not asked for in a while, or its keeper began anew."""


class ArticleScan(Protocol):
    """A picture shows every write that was answered before it was taken, and none that was sent after that.

    It is kept for twenty minutes from the last time it was read. Every call raises `Unavailable`.
    """

    def take(self) -> str:
        """Takes a picture; its name, below 10,000 characters."""
        ...

    def count(self, picture: str, selection: Selection) -> int:
        """How many articles and marks a selection has. Raises `PictureGone`."""
        ...

    def page(self, picture: str, selection: Selection, after: str) -> ScanPage:
        """What follows a number ("": from the start), as many as memory allows, one at least. Raises `PictureGone`."""
        ...

    def drop(self, picture: str) -> None:
        """The picture is not needed any more; one that is gone already is no fault."""
        ...
