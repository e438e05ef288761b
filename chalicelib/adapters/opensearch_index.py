"""An index behind an alias in OpenSearch: how it is made, read and written, whatever its documents are.

The index `<alias>-1` is made when a write finds none, or by `ensure` at deployment.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from chalicelib.adapters.opensearch_connection import Transport, failure_reason
from chalicelib.errors import Unavailable

# Less than the client waits, so that a write without an answer is rarely still under way.
WRITE_WAIT = "8s"
IDS_PER_READ = 1000
# Amazon OpenSearch Service takes bodies of 10 MiB on its smaller instances.
BYTES_PER_WRITE = 5 * 1024 * 1024
REASON_LENGTH = 300
SEARCH_PATH = "_search?ignore_unavailable=true&allow_partial_search_results=false"

# Pages as large as may be: each is a search and a bulk request inside of the engine.
_DELETION = f"ignore_unavailable=true&conflicts=proceed&scroll_size=10000&timeout={WRITE_WAIT}"

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
OTHER_FORM = (KeyError, TypeError, AttributeError, ValueError)
_NO_INDEX = "index_not_found_exception"

Item = Mapping[str, Any]
"""The answer to one write of a bulk request. `status` 0: nothing is known of it; `failure` says why, also where a
request failed as a whole."""


class SearchIndex:
    """One index; `part` names it in errors.

    `mappings`: its strict or lenient form, the fields only ever added to. `settings`: of the index. `answer`: the
    fields of an answer to a bulk request that are asked for; empty: all.
    """

    def __init__(
        self,
        transport: Transport,
        alias: str,
        part: str,
        mappings: Mapping[str, object],
        settings: Mapping[str, object],
        answer: str = "",
    ) -> None:
        self.alias, self._index, self._part = alias, f"{alias}-1", part
        self._transport, self._mappings, self._settings = transport, mappings, settings
        # Without the alias the engine would make an index of that name, with a mapping that it guesses.
        filtered = f"&filter_path={answer}" if answer else ""
        self._bulk_path = f"/{alias}/_bulk?require_alias=true&timeout={WRITE_WAIT}{filtered}"

    def ensure(self) -> None:
        """Makes the index and its alias unless they are there; may run many times at once.

        Raises `Unavailable`, with the reason, also where an index stands in the place of the alias.
        """
        from opensearchpy.exceptions import NotFoundError, OpenSearchException, RequestError

        try:
            try:
                self._transport.perform_request("GET", f"/_alias/{self.alias}")
                return
            except NotFoundError:
                pass
            made = {"settings": self._settings, "mappings": self._mappings, "aliases": {self.alias: {}}}
            try:
                self._transport.perform_request("PUT", f"/{self._index}", body=encode(made).encode())
            except RequestError as error:
                if error.error != "resource_already_exists_exception":
                    raise
                # Made at this moment by another, with its alias; or it lost its alias.
                added = {"actions": [{"add": {"index": self._index, "alias": self.alias}}]}
                self._transport.perform_request("POST", "/_aliases", body=encode(added).encode())
        except OpenSearchException as error:
            raise Unavailable(self._part, failure_reason(error)) from error

    def extend(self) -> None:
        """Adds the fields that a newer release brings to an index that is there; raises `Unavailable`."""
        from opensearchpy.exceptions import OpenSearchException

        try:
            self._transport.perform_request(
                "PUT", f"/{self.alias}/_mapping", body=encode(self._mappings).encode()
            )
        except OpenSearchException as error:
            raise Unavailable(self._part, failure_reason(error)) from error

    def get(self, ids: Sequence[str]) -> dict[str, Item]:
        """The documents of these ids in real time, with `_source` and version; one multi-get per thousand.

        An index that does not exist yet holds none. Raises `Unavailable`.
        """
        found: dict[str, Item] = {}
        for start in range(0, len(ids), IDS_PER_READ):
            body = encode({"ids": list(ids[start : start + IDS_PER_READ])}).encode()
            # On the primary: a replica may not have the last write yet, and the version decides what is lost.
            answer = self.read("_mget?realtime=true&preference=_primary", body)
            with self.expected_form():
                for stored in answer["docs"]:
                    error = stored.get("error")
                    if error is not None and error.get("type") != _NO_INDEX:
                        raise Unavailable(self._part, reason_of(stored))
                    if stored.get("found"):
                        found[stored["_id"]] = stored
        return found

    def search(self, body: bytes) -> list[Item]:
        """The hits of a search on all of the index; none where there is no index. Raises `Unavailable`."""
        answer = self.read(SEARCH_PATH, body)
        with self.expected_form():
            hits: list[Item] = answer["hits"]["hits"]
            return hits

    def refresh(self) -> None:
        """From here on a search shows every write that was answered before. Raises `Unavailable`."""
        answer = self.read("_refresh?ignore_unavailable=true", None)
        with self.expected_form():
            failed = int(answer["_shards"]["failed"])
        if failed:
            raise Unavailable(self._part, f"{failed} shards were not refreshed")

    def read(self, path: str, body: bytes | None) -> Any:
        """A request that changes nothing; sent once more if the connection broke (it may have idled long)."""
        from opensearchpy.exceptions import ConnectionError as Broken
        from opensearchpy.exceptions import ConnectionTimeout, OpenSearchException

        path = f"/{self.alias}/{path}"
        try:
            try:
                return self._transport.perform_request("POST", path, body=body)
            except ConnectionTimeout:
                raise
            except Broken:
                return self._transport.perform_request("POST", path, body=body)
        except OpenSearchException as error:
            raise Unavailable(self._part, failure_reason(error)) from error

    def delete(self, query: bytes, limit: int) -> int:
        """Deletes up to `limit` of the documents that a query finds; how many. Raises `Unavailable`."""
        path = f"_delete_by_query?ignore_unavailable=true&conflicts=proceed&max_docs={limit}"
        answer = self.read(path, query)
        with self.expected_form():
            deleted, failures = int(answer["deleted"]), answer["failures"]
        if failures:
            raise Unavailable(self._part, f"{len(failures)} deletions failed")
        return deleted

    def delete_found(self, query: bytes) -> bool:
        """Deletes what a query finds; False: some were changed or deleted since the last refresh.

        Raises `Unavailable`.
        """
        answer = self.read(f"_delete_by_query?{_DELETION}", query)
        with self.expected_form():
            conflicts, failures = int(answer["version_conflicts"]), answer["failures"]
            timed_out = bool(answer["timed_out"])
        if failures or timed_out:
            raise Unavailable(self._part, f"{len(failures)} deletions failed")
        return not conflicts

    def write(self, actions: Iterable[bytes]) -> list[Item]:
        """Sends actions of the bulk API (each with its lines) in one request, or in several if they are above 5 MiB.

        One item each, in order. Nothing is sent twice but to make the index, and nothing raised.
        """
        items: list[Item] = []
        for request in _requests(actions):
            items += self._write(request)
        return items

    @contextmanager
    def expected_form(self) -> Iterator[None]:
        """What answers in another form (a proxy, say) is not the search engine."""
        try:
            yield
        except OTHER_FORM as error:
            raise Unavailable(self._part, "an answer of another form") from error

    def _write(self, request: Sequence[bytes], made_index: bool = False) -> list[Item]:
        from opensearchpy.exceptions import OpenSearchException

        try:
            answer = self._transport.perform_request("POST", self._bulk_path, body=b"".join(request))
        except OpenSearchException as error:
            status = getattr(error, "status_code", None)
            failed = {"status": status if isinstance(status, int) else 0, "failure": failure_reason(error)}
            return [failed] * len(request)
        try:
            items: list[Item] = [one for each in answer["items"] for one in each.values()]
            statuses = [int(item["status"]) for item in items]
            errors = bool(answer["errors"])
        except OTHER_FORM:
            return [{"status": 0, "failure": "an answer of another form"}] * len(request)
        if len(statuses) != len(request):
            return [{"status": 0, "failure": "an answer for other writes"}] * len(request)
        if errors and not made_index:
            self._make_index_and_repeat(request, items)
        return items

    def _make_index_and_repeat(self, request: Sequence[bytes], items: list[Item]) -> None:
        """Puts the items of a second try in the places of those that found no index."""
        missing = [place for place, item in enumerate(items) if _lacks_index(item)]
        if not missing:
            return
        try:
            self.ensure()
        except Unavailable:
            return
        again = self._write([request[place] for place in missing], made_index=True)
        for place, item in zip(missing, again, strict=True):
            items[place] = item


def reason_of(item: Item) -> str:
    """Why a write, or a read of one document, failed."""
    if "failure" in item:
        return str(item["failure"])
    error = item.get("error") or {}
    return f"{error.get('type')}: {error.get('reason')}"[:REASON_LENGTH]


def _lacks_index(item: Item) -> bool:
    return bool(item["status"] == 404 and (item.get("error") or {}).get("type") == _NO_INDEX)


def _requests(actions: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The actions in requests of at most `BYTES_PER_WRITE` (one alone may be more)."""
    request: list[bytes] = []
    size = 0
    for action in actions:
        if request and size + len(action) > BYTES_PER_WRITE:
            yield request
            request, size = [], 0
        request.append(action)
        size += len(action)
    if request:
        yield request
