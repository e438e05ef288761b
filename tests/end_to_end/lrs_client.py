"""A client of the record store of a running local stack."""

import base64
import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

from chalicelib.lrs.multipart import Part, new_boundary, write
from infra.local.description import LrsClient
from tests.end_to_end.http_client import Answer, HttpClient

HEADERS = {"1.0": "1.0.3", "2.0": "2.0.0"}


class LrsCaller:
    """Calls as a ready client of the stack, or (`authorization`) as somebody else of its store."""

    def __init__(self, ready: LrsClient, authorization: str | None = None) -> None:
        self.ready = ready
        login = base64.b64encode(f"{ready.username}:{ready.password}".encode()).decode()
        self._authorization = authorization or f"Basic {login}"
        place = urlsplit(ready.xapi_endpoint)
        self._http, self._xapi = HttpClient(f"{place.scheme}://{place.netloc}"), place.path

    def with_token(self, value: str) -> "LrsCaller":
        """The same store for the bearer of a cmi5 token."""
        return LrsCaller(self.ready, f"Basic {value}")

    def xapi(
        self,
        method: str,
        resource: str,
        query: Mapping[str, str] | None = None,
        body: object = None,
        **headers: str,
    ) -> Answer:
        """Calls an xAPI resource; `body` is bytes, or becomes JSON."""
        return self.call(method, f"{self._xapi}/{resource}?{urlencode(query or {})}", body, **headers)

    def call(self, method: str, address: str, body: object = None, **headers: str) -> Answer:
        """Calls a path, or an address of this stack."""
        parts = urlsplit(address)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        version = HEADERS[self.ready.xapi_version]
        sent = {"Authorization": self._authorization, "X-Experience-API-Version": version, **headers}
        return self._http.call(method, path, body, sent)

    def record(self, statement: Mapping[str, Any], attachments: Sequence[bytes] = ()) -> str:
        """Records a statement, with the bytes of its attachments, and returns its id."""
        if attachments:
            answer = self._record_with_parts(statement, attachments)
        else:
            answer = self.xapi("POST", "statements", body=statement)
        assert answer.status == 200, answer.body
        return str(answer.json[0])

    def read(self, name: str) -> dict[str, Any]:
        """The statement with this id."""
        answer = self.xapi("GET", "statements", {"statementId": name})
        assert answer.status == 200, (name, answer.status, answer.body[:2000])
        return dict(answer.json)

    def find(self, **query: str) -> list[str]:
        """The ids of all statements that match, `more` followed to its end."""
        answer, found = self.xapi("GET", "statements", query), list[str]()
        while True:
            assert answer.status == 200, answer.body[:2000]
            found += [each["id"] for each in answer.json["statements"]]
            if not answer.json["more"]:
                return found
            answer = self.call("GET", answer.json["more"])

    def _record_with_parts(self, statement: Mapping[str, Any], attachments: Sequence[bytes]) -> Answer:
        described = [
            {
                "usageType": "http://example.com/usage",
                "display": {"en": "A file"},
                "contentType": "application/octet-stream",
                "length": len(content),
                "sha2": sha256(content).hexdigest(),
            }
            for content in attachments
        ]
        first = json.dumps({**statement, "attachments": described}).encode()
        parts = [Part({"Content-Type": "application/json"}, first)]
        for content, told in zip(attachments, described, strict=True):
            headers = {
                "Content-Type": "application/octet-stream",
                "Content-Transfer-Encoding": "binary",
                "X-Experience-API-Hash": str(told["sha2"]),
            }
            parts.append(Part(headers, content))
        boundary = new_boundary(parts)
        kind: dict[str, Any] = {"Content-Type": f"multipart/mixed; boundary={boundary}"}
        return self.xapi("POST", "statements", body=write(parts, boundary), **kind)
