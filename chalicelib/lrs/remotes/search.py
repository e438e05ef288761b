"""An OpenSearch or Elasticsearch cluster: one index per service and store, one document per item.

Only calls that both speak alike are made, as guarded requests: a client library would resolve names by itself.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from types import NoneType

from chalicelib.errors import Unavailable
from chalicelib.jobs.run_type import RunFailed
from chalicelib.lrs import strict_json
from chalicelib.lrs.remotes.records import ID, STORED, item_of, record_of, short
from chalicelib.lrs.remotes.shape import MOST_VALUES, Item, Json, Remote, RemotePage, Target
from chalicelib.ports.outgoing import AnswerTooLarge, Outgoing, OutgoingRefused, Request, Response
from chalicelib.times import written

PART = "The search cluster"
SMALLER = (100, 10, 1)  # documents of a page, the fewer the larger they are
REQUEST_BYTES = 5_000_000
LONGEST_ID = 200  # bytes
LONGEST_PLACE = 70_000  # characters of JSON; a term has 32,766 bytes at most
LATER = frozenset((408, 429))
# What a shard that does not answer holds would be passed over for good: rather no answer.
SEARCH = "_search?allow_partial_search_results=false"
NO_SEARCH = f"{PART} answered a search with something else than documents in their order."
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,199}")
# Times are texts of one length, which sort as times do; nothing else of an item is searched.
MAPPING: Json = {
    "mappings": {
        "dynamic": False,
        "properties": {ID: {"type": "keyword"}, STORED: {"type": "keyword"}, "updated": {"type": "keyword"}},
    }
}


def index_name(prefix: str, service: str, store: str) -> str:
    """The index of a service and store. Raises `RunFailed` where a prefix makes a name that no index can have."""
    between = "" if not prefix or prefix[-1] in "_-." else "_"
    name = f"{prefix}{between}{service}_{store}".lower()
    if not _NAME.fullmatch(name):
        raise RunFailed(
            "The prefix of the connection makes no name of an index: small letters, digits and . _ -, a letter or "
            "digit in front."
        )
    return name


class _TooLarge(RunFailed):
    """An answer is larger than one may be: fewer documents are to be asked for."""


class RemoteSearch(Remote):
    """A cluster at an address; without user name nobody logs in."""

    def __init__(self, outgoing: Outgoing, host: str, username: str, password: str, prefix: str) -> None:
        self._outgoing, self._host, self._prefix = outgoing, host.rstrip("/"), prefix
        login = base64.b64encode(f"{username}:{password}".encode()).decode()
        self._headers: Mapping[str, str] = {"Authorization": f"Basic {login}"} if username else {}

    def page(self, service: str, store: str, position: Json | None, cutoff: int) -> RemotePage:
        index = index_name(self._prefix, service, store)
        if position is None or position.get("last"):
            self._call("POST", f"{index}/_refresh", None, absent=True)
        after = None if position is None else position.get("after")
        body: dict[str, object] = {
            "query": {"range": {STORED: {"lte": written(cutoff)}}},
            "sort": [
                {STORED: {"order": "asc", "unmapped_type": "keyword"}},
                {ID: {"order": "asc", "unmapped_type": "keyword"}},
            ],
        }
        if after is not None:
            body["search_after"] = after
        hits, asked = self._found(index, body)
        items = [item_of(hit.get("_source"), f"Document {short(hit.get('_id'))}") for hit in hits]
        if hits:
            after = _end_of(hits, after)
        last = len(hits) < asked
        return RemotePage(items, {"after": after, "last": last}, last)

    def _found(self, index: str, body: dict[str, object]) -> tuple[list[Mapping[str, object]], int]:
        """The documents of a search, as many as an answer may hold, and how many were asked for."""
        for size in SMALLER:
            try:
                answer = self._call(
                    "POST", f"{index}/{SEARCH}", _encoded({**body, "size": size}), absent=True
                )
            except _TooLarge:
                continue
            return _hits(answer, size), size
        raise RunFailed(f"A document of {PART.lower()} is larger than an answer may be.")

    def write(self, target: Target, number: int, items: Sequence[Item]) -> list[str]:
        index = index_name(self._prefix, target.service, target.store)
        if number == 0:
            self._make(index)
        failed: list[str] = []
        lines: list[tuple[Item, bytes]] = []
        size = 0
        for item in items:
            record = record_of(item)
            action = {"index": {"_id": _document_id(str(record.get(ID, item.name)))}}
            line = _encoded(action) + b"\n" + _encoded(record) + b"\n"
            if lines and size + len(line) > REQUEST_BYTES:
                failed += self._bulk(index, lines)
                lines, size = [], 0
            lines.append((item, line))
            size += len(line)
        return failed + (self._bulk(index, lines) if lines else [])

    def end(self, target: Target, pages: int) -> None:
        if pages:
            self._call("POST", f"{index_name(self._prefix, target.service, target.store)}/_refresh", None)

    def _make(self, index: str) -> None:
        answer = self._send("PUT", index, _encoded(MAPPING))
        if answer.status not in (200, 400) or (
            answer.status == 400 and b"resource_already_exists" not in answer.body
        ):
            raise _refused(answer)

    def _bulk(self, index: str, lines: Sequence[tuple[Item, bytes]]) -> list[str]:
        body = b"".join(line for _, line in lines)
        answer = self._call("POST", f"{index}/_bulk", body, kind="application/x-ndjson")
        outcomes = answer.get("items")
        if not isinstance(outcomes, list) or len(outcomes) != len(lines):
            raise RunFailed(f"{PART} answered a bulk request with something else than its outcomes.")
        failed: list[str] = []
        for (item, _), each in zip(lines, outcomes, strict=True):
            outcome = each.get("index") if isinstance(each, dict) else None
            status = outcome.get("status") if isinstance(outcome, dict) else None
            if not isinstance(status, int) or status >= 500 or status in LATER:
                raise Unavailable(PART, f"status {status}")
            if status >= 300:
                failed.append(f"{item.name} was refused there with status {status}.")
        return failed

    def _call(
        self,
        method: str,
        path: str,
        body: bytes | None,
        *,
        kind: str = "application/json",
        absent: bool = False,
    ) -> Mapping[str, object]:
        """The JSON of an answer; with `absent`, nothing where there is no such index."""
        answer = self._send(method, path, body, kind)
        if absent and answer.status == 404:
            return {}
        if answer.status >= 300:
            raise _refused(answer)
        try:
            found = strict_json.parse_bytes(answer.body, most_values=MOST_VALUES)
        except strict_json.InvalidJson:
            found = None
        if not isinstance(found, dict):
            raise RunFailed(f"At the address of the connection there is no {PART.lower()[4:]}.")
        return found

    def _send(self, method: str, path: str, body: bytes | None, kind: str = "application/json") -> Response:
        headers = {**self._headers, "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = kind
        try:
            answer = self._outgoing.exchange(Request(method, f"{self._host}/{path}", headers, body))
        except AnswerTooLarge as refused:
            raise _TooLarge(f"{PART} cannot be used: {refused}") from None
        except OutgoingRefused as refused:
            raise RunFailed(f"{PART} cannot be used: {refused}") from None
        if answer.status >= 500 or answer.status in LATER:
            raise Unavailable(PART, f"status {answer.status}")
        return answer


def _hits(answer: Mapping[str, object], asked: int) -> list[Mapping[str, object]]:
    """The documents of an answer; none where there is no such index."""
    if not answer:
        return []
    shards = answer.get("_shards")
    if answer.get("timed_out") or (isinstance(shards, dict) and shards.get("failed")):
        raise Unavailable(PART, "a part of it did not answer")
    outer = answer.get("hits")
    hits = outer.get("hits") if isinstance(outer, dict) else None
    if not isinstance(hits, list) or len(hits) > asked or not all(isinstance(each, dict) for each in hits):
        raise RunFailed(NO_SEARCH)
    return hits


def _end_of(hits: Sequence[Mapping[str, object]], after: object) -> list[object]:
    """The place of the last document, which lies behind the place that was asked for."""
    place = hits[-1].get("sort")
    if (
        not isinstance(place, list)
        or len(place) != 2
        or not all(isinstance(each, (str, int, float, NoneType)) for each in place)
        or len(json.dumps(place)) > LONGEST_PLACE
        or place == after
    ):
        raise RunFailed(NO_SEARCH)
    return place


def _refused(answer: Response) -> RunFailed:
    return RunFailed(
        f"{PART} refuses a request with status {answer.status}; look at its address, user name and password, and at "
        "what this user may do."
    )


def _document_id(name: str) -> str:
    """The id itself where it is short, else its hash: an engine takes 512 bytes."""
    raw = name.encode()
    return name if len(raw) <= LONGEST_ID else f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
