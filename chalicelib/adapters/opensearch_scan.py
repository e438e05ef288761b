"""Reading all articles by a point in time of OpenSearch.

In order of numbers: the same for every reading, whatever the number of shards, and one that people can compare. How
many articles an answer holds is bounded by its bytes: one that is larger is given up and asked for in smaller pages.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.adapters.bounded_connection import AnswerTooLarge
from chalicelib.adapters.opensearch_connection import PART, Transport, failure_reason
from chalicelib.adapters.opensearch_index import OTHER_FORM, encode
from chalicelib.adapters.opensearch_mapping import SCHEMA
from chalicelib.errors import Unavailable
from chalicelib.ports.article_scan import PictureGone, ScannedArticle, ScanPage, Selection

KEPT = "20m"
SCAN_SECONDS = 30.0  # a page of thousands of articles on a busy node
ANSWER_BYTES = 16 * 1024 * 1024  # parsed it takes about three times as much
PER_PAGE = 2000
SAMPLE = 20
WORTH_LEAVING_OUT = 3  # times as many keys as are needed
LEAST_PER_PAGE = 8  # articles of 200 KB, were each of their characters written as six
NOTHING = "nothing"
"""The picture of an index that is not there yet."""
# A picture of a node that is not there any more is answered with other statuses too.
_GONE = ("search_context_missing_exception", "node_not_connected_exception")


class OpenSearchScan:
    """The `ArticleScan` on OpenSearch; its transport bounds the bytes of answers."""

    def __init__(self, transport: Transport, alias: str, per_page: int = PER_PAGE) -> None:
        self._transport, self._alias = transport, alias
        self._most = self._per_page = per_page
        self._narrow = False

    def take(self) -> str:
        """A refresh, so that all that was answered is seen; then a point in time."""
        try:
            refreshed = self._ask("POST", f"/{self._alias}/_refresh", None)
            answer = self._ask("POST", f"/{self._alias}/_search/point_in_time?keep_alive={KEPT}", None)
        except _NoIndex:
            return NOTHING
        except PictureGone as gone:  # a node goes at this moment: there is no picture yet
            raise Unavailable(PART, str(gone)) from gone
        try:
            failed = int(refreshed["_shards"]["failed"]) + int(answer["_shards"]["failed"])
            picture = str(answer["pit_id"])
        except OTHER_FORM as error:
            raise Unavailable(PART, "an answer of another form") from error
        if failed:
            raise Unavailable(PART, f"{failed} shards were not refreshed or are not in the picture")
        return picture

    def count(self, picture: str, selection: Selection) -> int:
        """A search without hits."""
        if picture == NOTHING:
            return 0
        answer = self._search({**_query(picture, selection), "size": 0, "track_total_hits": True})
        try:
            return int(answer["hits"]["total"]["value"])
        except OTHER_FORM as error:
            raise Unavailable(PART, "an answer of another form") from error

    def page(self, picture: str, selection: Selection, after: str) -> ScanPage:
        """One search; more where an answer was too large."""
        if picture == NOTHING:
            return ScanPage((), picture, True)
        query = {
            **_query(picture, selection),
            "sort": [{"number": "asc"}],
            "track_total_hits": False,
            "_source": _fields(selection.keys if self._narrow else None),
            **({"search_after": [after]} if after else {}),
        }
        while True:
            asked = self._per_page
            try:
                answer = self._search({**query, "size": asked})
            except AnswerTooLarge:
                if asked <= LEAST_PER_PAGE:
                    raise Unavailable(PART, "articles that are larger than articles may be") from None
                self._per_page = max(asked // 4, LEAST_PER_PAGE)
                continue
            self._per_page = min(asked * 2, self._most)
            found = _page(answer, asked)
            self._look_at_keys(found, selection.keys)
            return found

    def _look_at_keys(self, page: ScanPage, keys: frozenset[str] | None) -> None:
        """Whether documents are read whole: to leave keys out costs the engine more than a few that nobody needs."""
        sample = [article.document for article in page.articles[:SAMPLE] if article.document is not None]
        if keys is not None and sample and not self._narrow:
            self._narrow = sum(map(len, sample)) > WORTH_LEAVING_OUT * len(keys) * len(sample)

    def drop(self, picture: str) -> None:
        """Frees what the engine keeps for it."""
        if picture == NOTHING:
            return
        try:
            self._ask("DELETE", "/_search/point_in_time", {"pit_id": [picture]})
        except (PictureGone, _NoIndex):
            return

    def _search(self, body: Mapping[str, object]) -> Any:
        try:
            return self._ask("POST", "/_search?allow_partial_search_results=false", body)
        except _NoIndex:
            raise PictureGone("its index was removed") from None

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None) -> Any:
        """A request that may be sent twice; sent once more if the connection broke (it may have idled long)."""
        from opensearchpy.exceptions import ConnectionError as Broken
        from opensearchpy.exceptions import ConnectionTimeout, OpenSearchException

        sent = None if body is None else encode(body).encode()
        try:
            try:
                return self._transport.perform_request(method, path, body=sent)
            except ConnectionTimeout:
                raise
            except Broken as error:
                if isinstance(error.info, AnswerTooLarge):
                    raise error.info from None
                return self._transport.perform_request(method, path, body=sent)
        except OpenSearchException as error:
            raise _meaning(error) from error


class _NoIndex(Exception):
    """There is no index yet."""


def _meaning(error: Exception) -> Exception:
    info = getattr(error, "info", None)
    if isinstance(info, AnswerTooLarge):  # the second time it was asked
        return info
    said = f"{getattr(error, 'error', '')} {info}"
    if "index_not_found_exception" in said:
        return _NoIndex()
    if getattr(error, "status_code", None) == 404 or any(name in said for name in _GONE):
        return PictureGone(failure_reason(error))
    return Unavailable(PART, failure_reason(error))


def _query(picture: str, selection: Selection) -> dict[str, object]:
    filters: list[object] = []
    if selection.since is not None:
        # downwards: the engine keeps whole milliseconds
        filters.append({"range": {"updated_at": {"gte": int(selection.since * 1000)}}})
    if not selection.marks:
        filters.append({"term": {"deleted": False}})
    query = {"bool": {"filter": filters}} if filters else {"match_all": {}}
    return {"pit": {"id": picture, "keep_alive": KEPT}, "query": query}


def _fields(keys: frozenset[str] | None) -> list[str]:
    """Search fields and what an article carries invisibly stay behind."""
    documents = ["document"] if keys is None else [f"document.{key}" for key in sorted(keys)]
    return ["number", "deleted", "updated_at", "schema", *documents]


def _page(answer: Any, asked: int) -> ScanPage:
    try:
        articles = [_article(hit["_source"]) for hit in answer["hits"]["hits"]]
        return ScanPage(articles, str(answer["pit_id"]), len(articles) < asked)
    except OTHER_FORM as error:
        raise Unavailable(PART, "an answer of another form") from error


def _article(source: Mapping[str, Any]) -> ScannedArticle:
    if source["schema"] > SCHEMA:
        raise Unavailable(PART, f"article {source['number']} has schema {source['schema']}")
    document = None if source["deleted"] else source.get("document", {})
    return ScannedArticle(source["number"], document, source["updated_at"] / 1000)
