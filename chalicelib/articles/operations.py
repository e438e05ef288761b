"""The six operations of a delta file: what each does to an article, and the text with which it fails."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.articles.document import merge, new_document, size_fault, without
from chalicelib.ports.article_store import Document

Changes = Mapping[str, str | None]
"""Keys and values of an entry, None only where features are deleted. `F_1` and `id` are ignored."""


@dataclass(frozen=True)
class Changed:
    """The article becomes this document; None: it is deleted."""

    document: Document | None


@dataclass(frozen=True)
class Unchanged:
    """There was nothing to do: the article is what the entry asks for."""


@dataclass(frozen=True)
class Failed:
    """The entry cannot be applied to the article as it is; nothing changes."""

    text: str


Result = Changed | Unchanged | Failed


@dataclass(frozen=True)
class _Operation:
    """What an operation does, and what it asks of an entry.

    names_features: the entry must name a feature beside the number. deletes: nothing of the entry is stored, so that
    a null is no fault of it.
    """

    apply: Callable[[str, Changes, Document | None], Result]
    names_features: bool = False
    deletes: bool = False


_ALIASES = {"remove-article": "delete-article", "remove-article-feature": "delete-article-feature"}


def canonical_operation(name: str) -> str | None:
    """The name by which `apply_operation` knows an operation of a delta file; None: there is none."""
    name = _ALIASES.get(name, name)
    return name if name in _OPERATIONS else None


def apply_operation(operation: str, number: str, changes: Changes, current: Document | None) -> Result:
    """What an entry does to the article `number`, of which `current` is stored (None: no such article).

    `operation` is a canonical name. A result that no article may be (too large) is a failure as well.
    """
    result = _OPERATIONS[operation].apply(number, changes, current)
    if isinstance(result, Changed) and result.document is not None:
        fault = size_fault(result.document)
        if fault is not None:
            return Failed(f"{fault}: {number}")
    return result


def _add_article(number: str, changes: Changes, current: Document | None) -> Result:
    document = new_document(number, _values(changes))
    if current is None:
        return Changed(document)
    if current == document:  # whatever the order of keys
        return Unchanged()
    return Failed(f"Trying to add an article, but the article already exists: {number}")


def _replace_article(number: str, changes: Changes, current: Document | None) -> Result:
    if current is None:
        return Failed(f"Trying to replace an existing article, but the article does not exist: {number}")
    return Changed(new_document(number, _values(changes)))


def _delete_article(number: str, changes: Changes, current: Document | None) -> Result:
    if current is None:
        return Failed(f"Trying to delete an existing article, but the article does not exist: {number}")
    return Changed(None)


def _set_features(number: str, changes: Changes, current: Document | None) -> Result:
    if current is None:
        return Failed(
            f"Trying to add feature to an existing article, but the article does not exist: {number}"
        )
    return Changed(merge(current, _values(changes)))


def _delete_features(number: str, changes: Changes, current: Document | None) -> Result:
    if current is None:
        return Failed(
            f"Trying to delete feature from an existing article, but the article does not exist: {number}"
        )
    return Changed(without(current, changes.keys()))


def _values(changes: Changes) -> dict[str, str]:
    """The values to store; the reader of delta files has refused null everywhere but in deletes."""
    values = {key: value for key, value in changes.items() if value is not None}
    if len(values) != len(changes):
        raise ValueError("null where a value is to be stored")
    return values


_OPERATIONS: Mapping[str, _Operation] = {
    "add-article": _Operation(_add_article),
    "replace-article": _Operation(_replace_article),
    "delete-article": _Operation(_delete_article, deletes=True),
    "add-article-feature": _Operation(_set_features, names_features=True),
    "replace-article-feature": _Operation(_set_features, names_features=True),
    "delete-article-feature": _Operation(_delete_features, names_features=True, deletes=True),
}

OPERATIONS = frozenset(_OPERATIONS)
"""The canonical names."""

NAMING_FEATURES = frozenset(name for name, what in _OPERATIONS.items() if what.names_features)
"""Those whose entries must name a feature or a classification beside the number."""

WITHOUT_NULL = frozenset(name for name, what in _OPERATIONS.items() if not what.deletes)
"""Those that store what they are given, so that null is no value."""
