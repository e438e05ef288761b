"""Searches of articles in OpenSearch; `opensearch_article_queries` says by what they are found."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from chalicelib.adapters.opensearch_article_queries import clauses, values_of
from chalicelib.adapters.opensearch_connection import PART, Transport
from chalicelib.adapters.opensearch_index import SEARCH_PATH, SearchIndex, encode
from chalicelib.adapters.opensearch_mapping import MAPPING
from chalicelib.ports.article_search import ArticleQuery, Counts, Facet, Found
from chalicelib.ports.article_store import Document

# What an article that was stored without its size is taken for: the largest that there may be.
_LARGEST = 200 * 1024


class OpenSearchArticleSearch:
    """The `ArticleSearch` on OpenSearch; each call is one request. An index that does not exist yet holds nothing."""

    def __init__(self, transport: Transport, alias: str) -> None:
        self._index = SearchIndex(transport, alias, PART, MAPPING, {})

    def find(self, query: ArticleQuery, after: str | None, limit: int) -> list[Found]:
        """Fetches no documents: a sorted search that begins behind a number."""
        body: dict[str, object] = {
            "size": limit,
            "sort": [{"number": "asc"}],
            "track_total_hits": False,
            "_source": False,
            "docvalue_fields": ["size"],
            "query": {"bool": {"filter": clauses(query)}},
        }
        if after is not None:
            body["search_after"] = [after]
        answer = self._search(query, body)
        with self._index.expected_form():
            return [Found(str(hit["sort"][0]), _size(hit)) for hit in answer["hits"]["hits"]]

    def read(self, query: ArticleQuery, numbers: Sequence[str]) -> list[Document]:
        """A search among these numbers."""
        if not numbers:
            return []
        among = {"terms": {"number": list(numbers)}}
        body = {
            "size": len(numbers),
            "sort": ["_doc"],
            "track_total_hits": False,
            # All of it: what is picked out loses the order of its keys.
            "query": {"bool": {"filter": [among, *clauses(query)]}},
        }
        answer = self._search(query, body)
        with self._index.expected_form():
            sources = [hit["_source"] for hit in answer["hits"]["hits"]]
            found: dict[str, Document] = {source["number"]: source["document"] for source in sources}
        return [found[number] for number in numbers if number in found]

    def count(self, query: ArticleQuery, keys: Sequence[str], most: int) -> Counts:
        """A search that fetches nothing; of an index in several shards the engine counts rare values roughly."""
        # What no facet leaves aside narrows the search, the rest its hits and each facet by itself.
        wide = clauses(query, but=keys)
        own = {key: [clause for clause in clauses(query, but=(key,)) if clause not in wide] for key in keys}
        body = {
            "size": 0,
            "track_total_hits": True,
            "query": {"bool": {"filter": wide}},
            "post_filter": {"bool": {"filter": clauses(query)}},
            "aggs": {key: _facet(key, own[key], most) for key in keys},
        }
        answer = self._search(query, body)
        with self._index.expected_form():
            counted = answer.get("aggregations", {})
            facets = {key: _counted(key, counted[key]["values"]) if counted else Facet([], 0) for key in keys}
            return Counts(int(answer["hits"]["total"]["value"]), facets)

    def _search(self, query: ArticleQuery, body: Mapping[str, object]) -> Any:
        # All pages of a query from the same copies of the shards: others may show a write sooner or later.
        copies = blake2b(encode(query.to_json()).encode(), digest_size=8).hexdigest()
        return self._index.read(f"{SEARCH_PATH}&preference={copies}", encode(body).encode())


def _size(hit: Mapping[str, Any]) -> int:
    return int(hit.get("fields", {}).get("size", [_LARGEST])[0])


def _facet(key: str, filters: Sequence[object], most: int) -> Mapping[str, object]:
    values = {"terms": {"field": "classifications", "include": values_of(key), "size": most}}
    return {"filter": {"bool": {"filter": filters}}, "aggs": {"values": values}}


def _counted(key: str, values: Mapping[str, Any]) -> Facet:
    listed = [(str(each["key"])[len(key) + 1 :], int(each["doc_count"])) for each in values["buckets"]]
    return Facet(listed, int(values["sum_other_doc_count"]))
