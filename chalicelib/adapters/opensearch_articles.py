"""Articles in OpenSearch: one document per article in the index `<alias>-1` behind the alias.

Stored: `schema`, `number`, `document` (raw: kept as it came, key order included, not indexed), `deleted`
(true: the mark of a deleted article, it has no `document`), `applied_first_n`, `applied_first_pos`,
`applied_last_n`, `applied_last_pos`, `write_ids`, `updated_at` (milliseconds since 1970), `source`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from chalicelib.adapters.opensearch_connection import PART, Transport, failure_reason
from chalicelib.adapters.opensearch_mapping import MAPPING, SCHEMA
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

# Less than the client waits, so that a write without an answer is rarely still under way.
WRITE_WAIT = "8s"
IDS_PER_READ = 1000
# Amazon OpenSearch Service takes bodies of 10 MiB on its smaller instances.
BYTES_PER_WRITE = 5 * 1024 * 1024
REASON_LENGTH = 300

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_NO_INDEX = "index_not_found_exception"
_OTHER_FORM = (KeyError, TypeError, AttributeError, ValueError)


class OpenSearchArticles:
    """The `ArticleStore` on OpenSearch.

    The index is made when a write finds none, or by `ensure_index` at deployment; `replicas` None leaves
    their number to the cluster.
    """

    def __init__(self, transport: Transport, alias: str, replicas: int | None = None) -> None:
        self._transport, self._alias, self._index, self._replicas = transport, alias, f"{alias}-1", replicas

    def get_many(self, numbers: Sequence[str]) -> dict[str, Article]:
        """One multi-get per thousand numbers; an index that does not exist yet holds no articles."""
        found: dict[str, Article] = {}
        for start in range(0, len(numbers), IDS_PER_READ):
            body = _encode({"ids": list(numbers[start : start + IDS_PER_READ])}).encode()
            # On the primary: a replica may not have the last write yet, and the version decides what is lost.
            answer = self._read(f"/{self._alias}/_mget?realtime=true&preference=_primary", body)
            with _expected_form():
                found |= _found(answer["docs"])
        return found

    def write_many(self, articles: Sequence[Article]) -> list[Outcome]:
        """One bulk request, or several if the articles are more than 5 MiB."""
        outcomes: list[Outcome] = [Unknown("not sent")] * len(articles)
        lines: list[tuple[int, bytes]] = []
        for place, article in enumerate(articles):
            try:
                lines.append((place, _lines(article)))
            except UnicodeEncodeError:
                outcomes[place] = Refused("half of a surrogate pair cannot be stored")
        for request in _requests(lines):
            answered = self._bulk([line for _, line in request])
            for (place, _), outcome in zip(request, answered, strict=True):
                outcomes[place] = outcome
        return outcomes

    def find_marks(self, older_than: float, limit: int) -> list[Article]:
        """A search: what was written within the last second may be missing, or be found as it was before."""
        query = {
            "size": limit,
            "seq_no_primary_term": True,
            "version": True,
            "sort": [{"updated_at": "asc"}],
            "query": {
                "bool": {
                    "filter": [
                        {"term": {"deleted": True}},
                        {"range": {"updated_at": {"lt": _milliseconds(older_than)}}},
                    ]
                }
            },
        }
        path = f"/{self._alias}/_search?ignore_unavailable=true&allow_partial_search_results=false"
        answer = self._read(path, _encode(query).encode())
        with _expected_form():
            return [_article(hit) for hit in answer["hits"]["hits"]]

    def purge_mark(self, article: Article) -> Outcome:
        """Deletes the document of a mark."""
        if article.document is not None or article.version is None:
            raise ValueError("not a stored mark")
        action = {"delete": {"_id": article.number, **_condition(article.version)}}
        return self._bulk([f"{_encode(action)}\n".encode()])[0]

    def ensure_index(self) -> None:
        """Makes the index and its alias unless they are there; may run many times at once.

        Raises `Unavailable`, with the reason, also where an index stands in the place of the alias.
        """
        from opensearchpy.exceptions import NotFoundError, OpenSearchException, RequestError

        try:
            try:
                self._transport.perform_request("GET", f"/_alias/{self._alias}")
                return
            except NotFoundError:
                pass
            settings = {} if self._replicas is None else {"number_of_replicas": self._replicas}
            made = {"settings": settings, "mappings": MAPPING, "aliases": {self._alias: {}}}
            try:
                self._transport.perform_request("PUT", f"/{self._index}", body=_encode(made).encode())
            except RequestError as error:
                if error.error != "resource_already_exists_exception":
                    raise
                # Made at this moment by another, with its alias; or it lost its alias.
                added = {"actions": [{"add": {"index": self._index, "alias": self._alias}}]}
                self._transport.perform_request("POST", "/_aliases", body=_encode(added).encode())
        except OpenSearchException as error:
            raise Unavailable(PART, failure_reason(error)) from error

    def _read(self, path: str, body: bytes) -> Any:
        """A request that changes nothing; sent once more if the connection broke (it may have idled long)."""
        from opensearchpy.exceptions import ConnectionError as Broken
        from opensearchpy.exceptions import ConnectionTimeout, OpenSearchException

        try:
            try:
                return self._transport.perform_request("POST", path, body=body)
            except ConnectionTimeout:
                raise
            except Broken:
                return self._transport.perform_request("POST", path, body=body)
        except OpenSearchException as error:
            raise Unavailable(PART, failure_reason(error)) from error

    def _bulk(self, lines: Sequence[bytes], made_index: bool = False) -> list[Outcome]:
        from opensearchpy.exceptions import OpenSearchException

        # Without the alias the engine would make an index of that name, with a mapping that it guesses.
        path = f"/{self._alias}/_bulk?require_alias=true&timeout={WRITE_WAIT}"
        try:
            answer = self._transport.perform_request("POST", path, body=b"".join(lines))
        except OpenSearchException as error:
            return [_outcome_of_failure(error)] * len(lines)
        try:
            items: list[Mapping[str, Any]] = [one for each in answer["items"] for one in each.values()]
            outcomes = [_outcome(item) for item in items]
            errors = bool(answer["errors"])
        except _OTHER_FORM:
            return [Unknown("an answer of another form")] * len(lines)
        if len(items) != len(lines):
            return [Unknown("an answer for other writes")] * len(lines)
        if not errors or made_index:
            return outcomes
        missing = [place for place, item in enumerate(items) if _lacks_index(item)]
        if missing:
            try:
                self.ensure_index()
            except Unavailable:
                return outcomes
            again = self._bulk([lines[place] for place in missing], made_index=True)
            for place, outcome in zip(missing, again, strict=True):
                outcomes[place] = outcome
        return outcomes


@contextmanager
def _expected_form() -> Iterator[None]:
    """What answers in another form (a proxy, say) is not the search engine."""
    try:
        yield
    except _OTHER_FORM as error:
        raise Unavailable(PART, "an answer of another form") from error


def _found(docs: Iterable[Mapping[str, Any]]) -> dict[str, Article]:
    found = {}
    for stored in docs:
        error = stored.get("error")
        if error is not None and error.get("type") != _NO_INDEX:
            raise Unavailable(PART, _reason(error))
        if stored.get("found"):
            found[stored["_id"]] = _article(stored)
    return found


def _requests(lines: Iterable[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    """The lines in requests of at most `BYTES_PER_WRITE` (an article alone is never more)."""
    request: list[tuple[int, bytes]] = []
    size = 0
    for place, line in lines:
        if request and size + len(line) > BYTES_PER_WRITE:
            yield request
            request, size = [], 0
        request.append((place, line))
        size += len(line)
    if request:
        yield request


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
    if article.document is not None:
        stored["document"] = article.document
    if hidden.applied is not None:
        stored["applied_first_n"], stored["applied_first_pos"] = hidden.applied.first
        stored["applied_last_n"], stored["applied_last_pos"] = hidden.applied.last
    stored["write_ids"] = hidden.write_ids
    stored["updated_at"] = _milliseconds(hidden.updated_at)
    stored["source"] = hidden.source
    return f"{action}\n{_encode(stored)}\n".encode()


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
    if status in (200, 201):
        version = Version(item["_seq_no"], item["_primary_term"], item["_version"])
        return Written(version, {key: value for key, value in item.items() if key != "status"})
    if status == 409 or (status == 404 and "error" not in item):  # a mark to purge that is gone
        return Lost()
    if status in (400, 413):
        return Refused(_reason(item["error"]))
    return Unknown(_reason(item["error"]))


def _lacks_index(item: Mapping[str, Any]) -> bool:
    return bool(item["status"] == 404 and item.get("error", {}).get("type") == _NO_INDEX)


def _outcome_of_failure(error: Exception) -> Outcome:
    """What a bulk request that failed as a whole means for each of its writes."""
    status = getattr(error, "status_code", None)
    if status in (400, 413):
        return Refused(failure_reason(error))
    return Unknown(failure_reason(error))


def _reason(error: Mapping[str, Any]) -> str:
    return f"{error.get('type')}: {error.get('reason')}"[:REASON_LENGTH]


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
