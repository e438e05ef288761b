"""Articles in OpenSearch: one document per article in the index `<alias>-1` behind the alias.

Stored: `schema`, `number`, `document` (raw: kept as it came, key order included, not indexed), `deleted`
(true: the mark of a deleted article, it has no `document`), `applied_first_n`, `applied_first_pos`,
`applied_last_n`, `applied_last_pos`, `write_ids`, `updated_at` (milliseconds since 1970), `source`, and the fields
by which it is found (`opensearch_article_queries`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.adapters.opensearch_article_queries import search_fields
from chalicelib.adapters.opensearch_connection import PART, Transport
from chalicelib.adapters.opensearch_index import OTHER_FORM, SearchIndex, reason_of
from chalicelib.adapters.opensearch_index import encode as _encode
from chalicelib.adapters.opensearch_mapping import MAPPING, SCHEMA, SEARCH_SCHEMA
from chalicelib.errors import Unavailable
from chalicelib.ports.article_store import (
    Applied,
    Article,
    Entry,
    Hidden,
    Lost,
    Outcome,
    Refused,
    Unknown,
    Version,
    Written,
)


class OpenSearchArticles:
    """The `ArticleStore` on OpenSearch.

    The index is made when a write finds none, or by `ensure_index` at deployment; `replicas` None leaves
    their number to the cluster.
    """

    def __init__(self, transport: Transport, alias: str, replicas: int | None = None) -> None:
        settings = {} if replicas is None else {"number_of_replicas": replicas}
        self._index = SearchIndex(transport, alias, PART, MAPPING, settings)

    def get_many(self, numbers: Sequence[str]) -> dict[str, Article]:
        """One multi-get per thousand numbers; an index that does not exist yet holds no articles."""
        found = self._index.get(numbers)
        with self._index.expected_form():
            return {number: _article(stored) for number, stored in found.items()}

    def write_many(self, articles: Sequence[Article]) -> list[Outcome]:
        """One bulk request, or several if the articles are more than 5 MiB."""
        outcomes: list[Outcome] = [Unknown("not sent")] * len(articles)
        places, actions = [], []
        for place, article in enumerate(articles):
            try:
                actions.append(_lines(article))
                places.append(place)
            except UnicodeEncodeError:
                outcomes[place] = Refused("half of a surrogate pair cannot be stored")
        for place, item in zip(places, self._index.write(actions), strict=True):
            outcomes[place] = _outcome(item)
        return outcomes

    def find_marks(self, older_than: float, limit: int) -> list[Article]:
        """A search: what was written within the last second may be missing, or be found as it was before."""
        filters = [{"term": {"deleted": True}}, {"range": {"updated_at": {"lt": _milliseconds(older_than)}}}]
        return self._search(
            {"size": limit, "sort": [{"updated_at": "asc"}], "query": {"bool": {"filter": filters}}}
        )

    def find_outdated(self, after: str, limit: int) -> list[Article]:
        """A search, as for marks."""
        return self._search(
            {"size": limit, "sort": [{"number": "asc"}], "search_after": [after], "query": _OUTDATED}
        )

    def count_outdated(self) -> int:
        """One count."""
        answer = self._index.read("_count?ignore_unavailable=true", _encode({"query": _OUTDATED}).encode())
        with self._index.expected_form():
            return int(answer["count"])

    def purge_mark(self, article: Article) -> Outcome:
        """Deletes the document of a mark."""
        if article.document is not None or article.version is None:
            raise ValueError("not a stored mark")
        action = {"delete": {"_id": article.number, **_condition(article.version)}}
        return _outcome(self._index.write([f"{_encode(action)}\n".encode()])[0])

    def ensure_index(self) -> None:
        """Makes the index and its alias unless they are there, and adds the fields that a newer release brings.

        May run many times at once.

        Raises `Unavailable`, with the reason, also where an index stands in the place of the alias.
        """
        self._index.ensure()
        self._index.extend()

    def _search(self, query: Mapping[str, object]) -> list[Article]:
        hits = self._index.search(_encode({"seq_no_primary_term": True, "version": True, **query}).encode())
        with self._index.expected_form():
            return [_article(hit) for hit in hits]


_OUTDATED = {
    "bool": {
        "filter": [{"range": {"schema": {"lte": SCHEMA}}}],
        # Marks are found by nothing that this release adds.
        "must_not": [{"term": {"search_schema": SEARCH_SCHEMA}}, {"term": {"deleted": True}}],
    }
}


def _lines(article: Article) -> bytes:
    """The two lines of a bulk request that write the article against its version."""
    # Written out: an encoder for each of these small objects would cost as much as the article itself.
    version, name = article.version, _encode(article.number)
    action = f'{{"create":{{"_id":{name}}}}}'
    if version is not None:
        expected = f'"if_seq_no":{version.seq_no},"if_primary_term":{version.primary_term}'
        action = f'{{"index":{{"_id":{name},{expected}}}}}'
    hidden = article.hidden
    stored: dict[str, object] = {
        "schema": SCHEMA,
        "number": article.number,
        "deleted": article.document is None,
    }
    if hidden.applied is not None:
        stored["applied_first_n"], stored["applied_first_pos"] = hidden.applied.first
        stored["applied_last_n"], stored["applied_last_pos"] = hidden.applied.last
    stored["write_ids"] = hidden.write_ids
    stored["updated_at"] = _milliseconds(hidden.updated_at)
    stored["source"] = hidden.source
    if article.document is None:
        return f"{action}\n{_encode(stored)}\n".encode()
    document = _encode(article.document).encode()
    stored |= search_fields(article.document, len(document))
    return b'%s\n%s,"document":%s}\n' % (action.encode(), _encode(stored)[:-1].encode(), document)


def _condition(version: Version) -> dict[str, int]:
    return {"if_seq_no": version.seq_no, "if_primary_term": version.primary_term}


def _article(stored: Mapping[str, Any]) -> Article:
    """The article in an item of a multi-get or a search."""
    source = stored["_source"]
    if source["schema"] > SCHEMA:
        # Written by a newer version of the program: to write it back would drop what this one does not know.
        raise Unavailable(PART, f"article {source['number']} has schema {source['schema']}")
    applied = None
    if "applied_last_n" in source:
        applied = Applied(
            Entry(source["applied_first_n"], source["applied_first_pos"]),
            Entry(source["applied_last_n"], source["applied_last_pos"]),
        )
    hidden = Hidden(applied, tuple(source["write_ids"]), source["updated_at"] / 1000, source["source"])
    version = Version(stored["_seq_no"], stored["_primary_term"], stored["_version"])
    return Article(source["number"], source.get("document"), hidden, version)


def _outcome(item: Mapping[str, Any]) -> Outcome:
    """What became of one write, from its item in the answer to a bulk request."""
    status = item["status"]
    try:
        if status in (200, 201):
            version = Version(item["_seq_no"], item["_primary_term"], item["_version"])
            return Written(version, {key: value for key, value in item.items() if key != "status"})
    except OTHER_FORM:
        return Unknown("an answer of another form")
    if "failure" not in item and (status == 409 or (status == 404 and "error" not in item)):
        return Lost()  # 404: a mark to purge that is gone
    if status in (400, 413):
        return Refused(reason_of(item))
    return Unknown(reason_of(item))


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
