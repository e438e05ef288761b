"""A search cluster as its HTTP interface shows it: documents by id, sorted as they are asked for."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from chalicelib.ports.outgoing import Request, Response

USER, PASSWORD = "bob", "secret password"
LOGIN = f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"


@dataclass
class MemoryCluster:
    """Indexes behind `Outgoing`. `failing`: number of a request (from 0) → status; `rejects`: ids of documents."""

    indexes: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    failing: dict[int, int] = field(default_factory=dict)
    rejects: set[str] = field(default_factory=set)
    requests: int = 0

    def __call__(self, request: Request) -> Response:
        number, self.requests = self.requests, self.requests + 1
        if number in self.failing:
            return Response(self.failing[number])
        if request.headers.get("Authorization") != LOGIN:
            return Response(401)
        index, _, call = urlsplit(request.url).path.strip("/").partition("/")
        if request.method == "PUT":
            if index in self.indexes:
                return _json({"error": {"type": "resource_already_exists_exception"}}, 400)
            self.indexes[index] = {}
            return _json({"acknowledged": True})
        if index not in self.indexes:
            return _json({"error": {"type": "index_not_found_exception"}}, 404)
        body = request.body or b""
        if call == "_bulk":
            return self._bulk(self.indexes[index], [json.loads(line) for line in body.splitlines()])
        if call == "_search":
            return self._search(self.indexes[index], json.loads(body))
        return _json({})

    def _bulk(self, index: dict[str, Mapping[str, Any]], lines: list[Any]) -> Response:
        outcomes = []
        for action, document in zip(lines[::2], lines[1::2], strict=True):
            name = action["index"]["_id"]
            if name not in self.rejects:
                index[name] = document
            outcomes.append({"index": {"_id": name, "status": 400 if name in self.rejects else 201}})
        return _json({"items": outcomes})

    def _search(self, index: Mapping[str, Mapping[str, Any]], body: Any) -> Response:
        upto = body["query"]["range"]["stored"]["lte"]
        places = sorted(
            ([document["stored"], document["id"]], name)
            for name, document in index.items()
            if document["stored"] <= upto
        )
        after = body.get("search_after")
        hits = [
            {"_id": name, "_source": index[name], "sort": place}
            for place, name in places
            if after is None or place > after
        ]
        return _json({"hits": {"hits": hits[: body["size"]]}})


def _json(value: object, status: int = 200) -> Response:
    return Response(status, {"content-type": "application/json"}, json.dumps(value).encode())
