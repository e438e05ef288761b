"""By what articles are found in OpenSearch: the fields that follow from a document, and the clauses that look there.

Stored for searches: `words` (what `article_words` finds in the document), `features` and `classifications`
(`KEY=value`; a long value, or a long key, as a digest), `size` (bytes of the document as JSON), `search_schema`.
"""

from collections.abc import Sequence
from hashlib import blake2b

from chalicelib.adapters.opensearch_mapping import SEARCH_SCHEMA
from chalicelib.ports.article_search import ArticleQuery
from chalicelib.ports.article_store import Document
from chalicelib.ports.article_words import words_asked, words_of

# Longer values are descriptions, asked for by their words; a digest is as good for the rest.
FEATURE_LENGTH = 40
# What a facet shows must stand there as it is.
CLASSIFICATION_LENGTH = 256
KEY_LENGTH = 40
_NUMBER_KEYS = ("id", "F_1")
Clause = dict[str, object]


def search_fields(document: Document, size: int) -> dict[str, object]:
    """The fields by which an article is found. Raises `UnicodeEncodeError` for half of a surrogate pair."""
    features, classifications = [], []
    for key, value in document.items():
        if key[0] == "C":
            classifications.append(_pair(key, value))
        elif key not in _NUMBER_KEYS:
            features.append(_pair(key, value))
    return {
        "search_schema": SEARCH_SCHEMA,
        "words": " ".join(words_of(document)),
        "features": features,
        "classifications": classifications,
        "size": size,
    }


def clauses(query: ArticleQuery, but: Sequence[str] = ()) -> list[Clause]:
    """Filters that an article meets if the query finds it; `but`: keys whose values do not matter."""
    found: list[Clause] = [{"term": {"deleted": False}}]
    found += [_begins(spellings) for spellings in words_asked(query.text)]
    found += [_values(key, values) for key, values in query.values.items() if key not in but]
    if query.updated_since is not None:
        found.append({"range": {"updated_at": {"gte": round(query.updated_since * 1000)}}})
    return found


def values_of(key: str) -> str:
    """A regular expression of what stands in `classifications` for a key with values that can be shown."""
    return f"{key}=.*"


def _begins(spellings: Sequence[str]) -> Clause:
    beginnings: list[Clause] = [{"prefix": {"words": spelling}} for spelling in spellings]
    return beginnings[0] if len(beginnings) == 1 else {"bool": {"should": beginnings}}


def _values(key: str, values: Sequence[str]) -> Clause:
    if key == "F_1":
        return {"terms": {"number": list(values)}}
    field = "classifications" if key[0] == "C" else "features"
    return {"terms": {field: [_pair(key, value) for value in values]}}


def _pair(key: str, value: str) -> str:
    most = CLASSIFICATION_LENGTH if key[0] == "C" else FEATURE_LENGTH
    if len(value) <= most and len(key) <= KEY_LENGTH:
        return f"{key}={value}"
    digest = blake2b(f"{key}={value}".encode(), digest_size=16).hexdigest()
    return f"{key[:KEY_LENGTH]}#{digest}"
