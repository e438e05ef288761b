"""Another learning record store as its HTTP interface shows it, with the manners of a poor one where a test asks."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalicelib.lrs import multipart
from chalicelib.ports.outgoing import Request, Response
from chalicelib.times import written

USER, PASSWORD = "bob", "secret password"
LOGIN = f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
PATH = "/xapi"


@dataclass
class RemoteStore:
    """A store of statements behind `Outgoing`.

    `failing`: request number (from 0) → status that is answered in its place. `rejects`: ids that are never taken.
    `requests`: how many came. `consistent`: microseconds that the header names; None: it is not sent.
    """

    versions: tuple[str, ...] = ("1.0.3", "2.0.0")
    per_page: int = 100
    now: int = 1_700_000_000_000_000
    consistent: int | None = 4_000_000_000_000_000
    stored: dict[str, tuple[int, Mapping[str, Any]]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    failing: dict[int, int] = field(default_factory=dict)
    rejects: set[str] = field(default_factory=set)
    more: str = ""
    posts: list[list[str]] = field(default_factory=list)
    requests: int = 0

    def add(self, *statements: Mapping[str, Any], at: int | None = None) -> None:
        for statement in statements:
            self.now += 1
            stored = self.now if at is None else at
            self.stored[statement["id"]] = (stored, {**statement, "stored": written(stored)})

    def __call__(self, request: Request) -> Response:
        number, self.requests = self.requests, self.requests + 1
        if number in self.failing:
            return Response(self.failing[number], {}, b"broken")
        parts = urlsplit(request.url)
        if parts.path == f"{PATH}/about":
            return _json({"version": list(self.versions)})
        if request.headers.get("Authorization") != LOGIN:
            return Response(401)
        if request.headers.get("X-Experience-API-Version") not in self.versions:
            return Response(400, {}, b"version")
        if parts.path != f"{PATH}/statements":
            return Response(404)
        if request.method == "POST":
            return self._take(request)
        return self._page({name: values[0] for name, values in parse_qs(parts.query).items()})

    def _page(self, query: Mapping[str, str]) -> Response:
        since, until = query.get("since", ""), query["until"]
        found = sorted(
            (each for each in self.stored.values() if since < written(each[0]) <= until),
            key=lambda each: each[0],
        )
        start, size = int(query.get("from", "0")), min(int(query["limit"]), self.per_page)
        page = [statement for _, statement in found[start : start + size]]
        more = ""
        if len(found) > start + size:
            rest = "&".join(f"{name}={value}" for name, value in query.items() if name != "from")
            more = self.more or f"{PATH}/statements?{rest}&from={start + size}"
        head = (
            {}
            if self.consistent is None
            else {"x-experience-api-consistent-through": written(self.consistent)}
        )
        text = json.dumps({"statements": page, "more": more}).encode()
        hashes = {each["sha2"] for statement in page for each in statement.get("attachments", ())}
        parts = [multipart.Part({"Content-Type": "application/json"}, text)]
        parts += [
            multipart.Part({"X-Experience-API-Hash": each, "Content-Type": "text/plain"}, self.contents[each])
            for each in hashes & self.contents.keys()
        ]
        kind = {"content-type": "multipart/mixed; boundary=abc"}
        return Response(200, {**head, **kind}, multipart.write(parts, "abc"))

    def _take(self, request: Request) -> Response:
        kind, parameters = multipart.media_type(request.headers["Content-Type"])
        body = request.body or b""
        contents: dict[str, bytes] = {}
        if kind == "multipart/mixed":
            first, *others = multipart.parse(body, multipart.boundary_of(parameters))
            body = first.content
            contents = {hashlib.sha256(part.content).hexdigest(): part.content for part in others}
            assert all(part.headers["x-experience-api-hash"] in contents for part in others)
        statements = json.loads(body)
        ids = [each["id"] for each in statements]
        self.posts.append(ids)
        if self.rejects.intersection(ids):
            return Response(400, {}, b'{"message": "not to its liking"}')
        self.contents |= contents
        for each in statements:
            if each["id"] not in self.stored:
                self.add(each)
        return _json(ids)


def _json(value: object) -> Response:
    return Response(200, {"content-type": "application/json"}, json.dumps(value).encode())
