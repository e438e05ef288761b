"""The form of a registry's entry in OpenSearch; the fields are those of `chalicelib.ports.registries`."""

from collections.abc import Mapping

from chalicelib.ports.registries import Registry

SCHEMA = 1
"""Stands in each document; a reader of version N reads N−1."""

_KEYWORD = {"type": "keyword"}
_COMMON: Mapping[str, object] = {
    "schema": {"type": "short"},
    "store": _KEYWORD,
    "key": _KEYWORD,
    "client": _KEYWORD,
    "stored": {"type": "long"},
    "updated": {"type": "long"},
    "text": {"type": "keyword", "index": False, "doc_values": False},  # as it came, never searched
    "kind": _KEYWORD,
    "search": {"type": "keyword", "doc_values": False},
}
_OF_AGENTS: Mapping[str, object] = {
    "person": _KEYWORD,
    "merged": {"type": "boolean"},
    "pseudonymized": {"type": "boolean"},
}


def mapping(registry: Registry) -> Mapping[str, object]:
    """The mapping of a registry's index: what it does not name is refused, never guessed."""
    fields = {**_COMMON, **(_OF_AGENTS if registry == "agents" else {})}
    return {"dynamic": "strict", "properties": fields}
