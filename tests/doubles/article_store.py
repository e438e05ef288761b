"""The article store in memory: versions, receipts and lost races as in the real one, faults on demand."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, auto

from chalicelib.errors import Unavailable
from chalicelib.ports.article_store import (
    Article,
    Document,
    Hidden,
    Lost,
    Outcome,
    Refused,
    Unknown,
    Version,
    Written,
)


class Fault(Enum):
    """What goes wrong with a call, or with one article of a write."""

    DOWN = auto()
    """Nothing happens: a read raises `Unavailable`, a write is `Unknown`."""
    ANSWER_LOST = auto()
    """A write happens and is `Unknown`; a read raises `Unavailable`."""
    LATE = auto()
    """A write is `Unknown` and reaches the store only when the next write does, just before it."""
    BEATEN = auto()
    """Another writer writes the same document first: the write is `Lost`."""
    REFUSED = auto()
    """The store refuses the document."""


def no_faults(call: str, number: str) -> Fault | None:
    """The plan of a store that never fails."""
    return None


@dataclass
class MemoryArticleStore:
    """An `ArticleStore` in memory.

    `plan` is asked before each read (`get_many` and `find_marks`, number "") and before each article of a
    write (`write_many` and `purge_mark`, its number). `calls` counts the calls by name.
    """

    plan: Callable[[str, str], Fault | None] = no_faults
    calls: Counter[str] = field(default_factory=Counter)
    primary_term: int = 1
    outdated: set[str] = field(default_factory=set)
    """Numbers of articles that count as stored by another release, until they are written."""
    _stored: dict[str, Article] = field(default_factory=dict)
    _late: list[Article] = field(default_factory=list)
    _next_seq_no: int = 0

    def ensure_index(self) -> None:
        self._read("ensure_index")

    def get_many(self, numbers: Sequence[str]) -> dict[str, Article]:
        self._read("get_many")
        return {number: _copied(self._stored[number]) for number in numbers if number in self._stored}

    def write_many(self, articles: Sequence[Article]) -> list[Outcome]:
        if articles:
            self.calls["write_many"] += 1
        self._let_late_writes_land()
        return [self._try(article) for article in articles]

    def find_marks(self, older_than: float, limit: int) -> list[Article]:
        self._read("find_marks")
        marks = [
            article
            for article in self._stored.values()
            if article.document is None and article.hidden.updated_at < older_than
        ]
        return sorted(marks, key=lambda mark: mark.hidden.updated_at)[:limit]

    def find_outdated(self, after: str, limit: int) -> list[Article]:
        self._read("find_outdated")
        return [_copied(self._stored[number]) for number in self._outdated() if number > after][:limit]

    def count_outdated(self) -> int:
        self._read("count_outdated")
        return len(self._outdated())

    def purge_mark(self, article: Article) -> Outcome:
        self.calls["purge_mark"] += 1
        if article.document is not None or article.version is None:
            raise ValueError("not a stored mark")
        fault = self.plan("purge_mark", article.number)
        if fault in (Fault.DOWN, Fault.LATE):
            return Unknown("planned")
        stored = self._stored.get(article.number)
        if fault is Fault.BEATEN or stored is None or stored.version != article.version:
            return Lost()
        del self._stored[article.number]
        version = self._new_version(article.version.count)
        if fault is Fault.ANSWER_LOST:
            return Unknown("planned")
        return Written(version, _receipt(article.number, version, "deleted"))

    def stored(self, number: str) -> Article | None:
        """The stored article or mark, past all faults and counts."""
        article = self._stored.get(number)
        return None if article is None else _copied(article)

    def document(self, number: str) -> Document | None:
        """Its document, past all faults and counts; None: no such article, or only a mark."""
        article = self.stored(number)
        return None if article is None else article.document

    def all(self) -> list[Article]:
        """Every article and mark, past all faults and counts."""
        return [_copied(article) for article in self._stored.values()]

    def _outdated(self) -> list[str]:
        return sorted(number for number in self.outdated if self.document(number) is not None)

    def _read(self, call: str) -> None:
        self.calls[call] += 1
        if self.plan(call, "") is not None:
            raise Unavailable("The article store", "planned")

    def _try(self, article: Article) -> Outcome:
        fault = self.plan("write_many", article.number)
        if fault is Fault.DOWN:
            return Unknown("planned")
        if fault is Fault.LATE:
            self._late.append(article)
            return Unknown("planned")
        if fault is Fault.REFUSED:
            return Refused("planned")
        if fault is Fault.BEATEN:
            stored = self._stored.get(article.number)
            if stored is not None:
                self._write(stored)
            return Lost()
        outcome = self._write(article)
        return Unknown("planned") if fault is Fault.ANSWER_LOST else outcome

    def _write(self, article: Article) -> Outcome:
        try:
            json.dumps(article.document, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return Refused("not UTF-8")
        stored = self._stored.get(article.number)
        if (None if stored is None else stored.version) != article.version:
            return Lost()
        version = self._new_version(0 if stored is None or stored.version is None else stored.version.count)
        # The store keeps milliseconds.
        hidden = replace(article.hidden, updated_at=round(article.hidden.updated_at * 1000) / 1000)
        self.outdated.discard(article.number)
        self._stored[article.number] = _copied(replace(article, hidden=hidden, version=version))
        return Written(
            version, _receipt(article.number, version, "created" if version.count == 1 else "updated")
        )

    def _let_late_writes_land(self) -> None:
        late, self._late = self._late, []
        for article in late:
            self._write(article)

    def _new_version(self, count: int) -> Version:
        self._next_seq_no += 1
        return Version(self._next_seq_no - 1, self.primary_term, count + 1)


def _copied(article: Article) -> Article:
    """A copy that shares nothing that can be changed."""
    hidden = Hidden(
        article.hidden.applied, article.hidden.write_ids, article.hidden.updated_at, article.hidden.source
    )
    document = None if article.document is None else dict(article.document)
    return Article(article.number, document, hidden, article.version)


def _receipt(number: str, version: Version, result: str) -> dict[str, object]:
    return {
        "_index": "articles-1",
        "_id": number,
        "_version": version.count,
        "result": result,
        "_shards": {"total": 1, "successful": 1, "failed": 0},
        "_seq_no": version.seq_no,
        "_primary_term": version.primary_term,
    }
