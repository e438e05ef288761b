"""The form of an article's document in OpenSearch; `opensearch_articles` says what its fields hold."""

from collections.abc import Mapping

SCHEMA = 1
"""Stands in each document; a reader of version N reads N−1."""

SEARCH_SCHEMA = 1
"""Stands in each document that has the fields by which articles are found, in the form that this release searches.

They follow from the document alone, and a release that does not know them may drop them: so they have a number of
their own. What bears another one, or none, is written anew by the sweep.
"""

_RAW = {"type": "keyword", "index": False, "doc_values": False}
_STORED_LONG = {"type": "long", "index": False, "doc_values": False}
# Unknown fields are stored, not indexed: a new version may write before the mapping knows them.
MAPPING: Mapping[str, object] = {
    "dynamic": False,
    "properties": {
        "schema": {"type": "short"},
        "number": {"type": "keyword"},
        "document": {"type": "object", "enabled": False},
        "deleted": {"type": "boolean"},
        "applied_first_n": _STORED_LONG,
        "applied_first_pos": _STORED_LONG,
        "applied_last_n": {"type": "long"},
        "applied_last_pos": _STORED_LONG,
        "write_ids": _RAW,
        "updated_at": {"type": "date", "format": "epoch_millis"},
        "source": _RAW,
        "search_schema": {"type": "short", "doc_values": False},
        # Cut into words by this program, so that an index needs no analysis of its own. Beginnings of up to three
        # characters are terms; longer ones are begun by few words.
        "words": {
            "type": "text",
            "analyzer": "whitespace",
            "norms": False,
            "index_options": "docs",
            "index_prefixes": {"min_chars": 1, "max_chars": 3},
        },
        # `KEY=value`: one field, however many keys articles have.
        "features": {"type": "keyword", "doc_values": False},
        "classifications": {"type": "keyword"},
        "size": {"type": "integer", "index": False},
    },
}
