"""What one entry of a delta file does to an article, told straight: the oracle for the rules of the pipeline."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from chalicelib.ports.article_store import Document

REFUSED = "refused by the store"
"""A value that no article may hold, as the store sees it."""

_ALIASES = {"remove-article": "delete-article", "remove-article-feature": "delete-article-feature"}
_NOT_THERE = {
    "replace-article": "Trying to replace an existing article, but the article does not exist: {}",
    "delete-article": "Trying to delete an existing article, but the article does not exist: {}",
    "add-article-feature": "Trying to add feature to an existing article, but the article does not exist: {}",
    "replace-article-feature": "Trying to add feature to an existing article, but the article does not exist: {}",
    "delete-article-feature": (
        "Trying to delete feature from an existing article, but the article does not exist: {}"
    ),
}


@dataclass(frozen=True)
class Sample:
    """An entry of a file: as sent, and what it is. `number` None: it cannot be read."""

    raw: object
    operation: str = ""
    number: str | None = None
    changes: Mapping[str, str | None] = field(default_factory=dict)
    faulty: bool = False

    @property
    def to_refuse(self) -> bool:
        """Whether the store refuses what it makes of an article."""
        return REFUSED in self.changes.values()


def sample(operation: str, number: str, changes: Mapping[str, str | None]) -> Sample:
    """A faultless entry."""
    raw = {"operation": operation, "articleData": {"F_1": number, **changes}}
    return Sample(raw, _ALIASES.get(operation, operation), number, changes)


class Fails(Exception):
    """An operation that an article does not allow; its text is the documented one."""


def run(entry: Sample, document: Document | None) -> Document | None:
    """The document after a faultless entry. Raises `Fails`."""
    assert entry.number is not None
    values = {key: value for key, value in entry.changes.items() if value is not None}
    fresh = {"id": entry.number, "F_1": entry.number, **values}
    if entry.operation == "add-article":
        if document is not None and document != fresh:
            raise Fails(f"Trying to add an article, but the article already exists: {entry.number}")
        return fresh
    if document is None:
        raise Fails(_NOT_THERE[entry.operation].format(entry.number))
    if entry.operation == "replace-article":
        return fresh
    if entry.operation == "delete-article":
        return None
    if entry.operation == "delete-article-feature":
        return {key: value for key, value in document.items() if key not in entry.changes}
    return {**document, **values}


def failure_text(entry: Sample, document: Document | None) -> str:
    """The text with which it fails on that document; empty: it does not."""
    try:
        run(entry, document)
    except Fails as fails:
        return str(fails)
    return ""
