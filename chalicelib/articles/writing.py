"""How a single article is written: read, changed, and written against the version read.

Every write is conditional on the version that was read and is tried again when another writer was faster,
so two writers of one article never lose an update. A write carries its own id; after a lost answer the
article is read again, and a write that happened is known by that id: neither made twice nor reported as lost.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.articles.document import check_size
from chalicelib.errors import Invalid, NotFound, Unavailable, WriteConflict
from chalicelib.ports.article_store import (
    Article,
    ArticleStore,
    Document,
    Hidden,
    Lost,
    Refused,
    Unknown,
    Version,
    Written,
)
from chalicelib.ports.clock import Clock

KIND = "Article"
PART = "The article store"
TRIES = 10
# No try begins later than this: API Gateway gives up after 29 s, and a read and a write may both time out.
PATIENCE_SECONDS = 8.0
WAIT_SECONDS = 0.02  # about one write; doubled by each try
LONGEST_WAIT_SECONDS = 0.5
WRITE_IDS = 8

Change = Callable[[Article | None], Document | None]
"""What a write makes of the article that is stored now (None: there is none); a document of None deletes it.

It may raise what the caller is to be told, and it may be asked more than once.
"""


@dataclass(frozen=True)
class Saved:
    """A write that happened.

    `created`: there was no article before it. `receipt` is None when only reading again has shown it. `current` is
    False where somebody else is known to have written after it: then `version` is not that of `document`.
    """

    document: Document | None
    version: Version
    receipt: Mapping[str, object] | None
    created: bool = False
    current: bool = True


class ArticleWriter:
    """Writes single articles for API clients. Every call may raise `Unavailable`."""

    def __init__(self, store: ArticleStore, clock: Clock, new_id: Callable[[], str]) -> None:
        """`new_id` makes ids that no other write will ever have."""
        self._store, self._clock, self._new_id = store, clock, new_id

    def stored(self, number: str) -> Article | None:
        """The article, or the mark of a deleted one."""
        return self._store.get_many([number]).get(number)

    def write(self, number: str, change: Change, write_id: str | None = None) -> Saved:
        """Reads, changes and writes against the version read, until it is written or the tries are over.

        `write_id`: that of an earlier run of the same call, whose write is recognised if it happened; None: a new one.
        Raises what `change` raises, `WriteConflict`, `Invalid`; `NotFound` where an earlier run wrote the article
        and somebody deleted it since.
        """
        write_id = write_id or self._new_id()
        attempt = _Attempt()
        started = self._clock.now()
        for tried in range(TRIES):
            if tried:
                if self._clock.now() - started > PATIENCE_SECONDS:
                    break
                self._clock.sleep(_wait(tried))
            try:
                stored = self.stored(number)
            except Unavailable:
                if attempt.in_doubt:
                    continue
                raise
            if stored is not None and write_id in stored.hidden.write_ids:
                return _recognised(stored, attempt)
            attempt.see(stored)
            if tried == TRIES - 1:
                break  # the last try only looks whether the one before it happened
            attempt.make(change, visible(stored))
            saved = self._send(number, stored, write_id, attempt)
            if saved is not None:
                return saved
        if attempt.in_doubt:
            raise Unavailable(PART, f"no answer to the write of article {number}")
        raise WriteConflict(KIND, number)

    def _send(self, number: str, stored: Article | None, write_id: str, attempt: "_Attempt") -> Saved | None:
        document = attempt.document
        if document is not None:
            check_size(document)
        before = stored.hidden if stored is not None else Hidden()
        hidden = Hidden(before.applied, (write_id, *before.write_ids)[:WRITE_IDS], self._clock.now(), "api")
        version = stored.version if stored is not None else None
        outcome = self._store.write_many([Article(number, document, hidden, version)])[0]
        match outcome:
            case Written():
                return Saved(document, outcome.version, outcome.receipt, attempt.created)
            case Refused():
                raise Invalid({"article": ["The article store does not accept this article."]})
            case Unknown():
                attempt.doubt(version)
            case Lost():
                pass
        return None


class _Attempt:
    """What is known of the writes tried so far.

    A write without an answer may still happen only as long as the article has the version that it expects;
    once another version is seen that does not bear its id, it never will.
    """

    def __init__(self) -> None:
        self.document: Document | None = None
        self.made = self.created = self.in_doubt = False
        self._expected: Version | None = None

    def make(self, change: Change, article: Article | None) -> None:
        """Notes what the next write is to store."""
        self.document = change(article)
        self.made, self.created = True, article is None

    def doubt(self, expected: Version | None) -> None:
        """Notes a write of which nothing is known."""
        self.in_doubt, self._expected = True, expected

    def see(self, stored: Article | None) -> None:
        """Notes what is stored now; it does not bear the id of the write."""
        if (None if stored is None else stored.version) != self._expected:
            self.in_doubt = False


def visible(stored: Article | None) -> Article | None:
    """The article as clients see it: the mark of a deleted one is none."""
    return None if stored is None or stored.document is None else stored


def existing(number: str, article: Article | None) -> Article:
    """The article. Raises `NotFound` where there is none."""
    if article is None:
        raise NotFound(KIND, number)
    return article


def _recognised(stored: Article, attempt: _Attempt) -> Saved:
    """The write that bears our id: of this run, or of an earlier one, which only the article itself tells of."""
    version = stored.version or Version(0, 0)
    if not attempt.made:
        return Saved(existing(stored.number, visible(stored)).document, version, None)
    return Saved(attempt.document, version, None, attempt.created, stored.document == attempt.document)


def _wait(tried: int) -> float:
    """Seconds to wait before a try, spread at random so that writers who met do not meet again."""
    longest = min(LONGEST_WAIT_SECONDS, WAIT_SECONDS * 2**tried)
    return random.uniform(longest / 4, longest)  # noqa: S311 - nothing is kept secret by it
