"""The form of an article's document in OpenSearch; `opensearch_articles` says what its fields hold."""

from collections.abc import Mapping

SCHEMA = 1
"""Stands in each document; a reader of version N reads N−1."""

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
    },
}
