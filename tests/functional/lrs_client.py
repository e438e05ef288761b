"""A client of the record store over HTTP, in either version, on doubles."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from chalicelib.lrs.multipart import Part, new_boundary, write
from chalicelib.web.gateway import HttpApi
from tests.doubles.lrs_world import LrsWorld
from tests.functional.gateway import Answer, Gateway
from tests.functional.stand_ins import CLIENT, PASSWORD, STORE, OneClientGuard, StandIns

XAPI = f"/lrs/{CLIENT}/stores/{STORE}/xapi"
STATEMENTS = f"{XAPI}/statements"
BOTH = ("1.0.3", "2.0.0")


def basic(user: str = CLIENT, password: str = PASSWORD) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def statement(number: int | None = None, **changes: Any) -> dict[str, Any]:
    """A valid statement, with changes; None as value takes a property away."""
    made = {
        "actor": {"objectType": "Agent", "name": "Ann", "mbox": "mailto:ann@example.org"},
        "verb": {"id": "http://example.org/did", "display": {"en-US": "did", "de": "tat"}},
        "object": {"objectType": "Activity", "id": "http://example.org/course"},
        **({} if number is None else {"id": uuid(number)}),
        **changes,
    }
    return {name: value for name, value in made.items() if value is not None}


def multipart(statements: object, *parts: Part) -> tuple[bytes, dict[str, str]]:
    """The body and the headers of a request with attachments."""
    first = Part({"Content-Type": "application/json"}, json.dumps(statements).encode())
    all_parts = [first, *parts]
    boundary = new_boundary(all_parts)
    return write(all_parts, boundary), {"Content-Type": f"multipart/mixed; boundary={boundary}"}


class LrsClient:
    """One client of one store; `world` holds what is stored, `guard` what the client may do."""

    def __init__(self, version: str = "2.0.0") -> None:
        self.version = version
        self.services = StandIns()
        self.world = LrsWorld()
        self.guard = OneClientGuard()
        self.world.__dict__["guard"] = self.guard
        self.services.lrs = self.world
        self.gateway = Gateway(HttpApi("lightrail", self.services))

    def call(
        self,
        method: str,
        query: Mapping[str, object] | str = "",
        body: object = None,
        headers: Mapping[str, str | None] | None = None,
        path: str = STATEMENTS,
    ) -> Answer:
        """One call with credentials and version; a header that is None is left out."""
        text = query if isinstance(query, str) else urlencode(query)
        sent: dict[str, str | None] = {
            "Authorization": basic(),
            "X-Experience-API-Version": self.version,
            "Content-Type": "application/json",
            **(headers or {}),
        }
        given = {name: value for name, value in sent.items() if value is not None}
        return self.gateway.call(method, f"{path}?{text}" if text else path, body, given)

    def post(self, *statements: Mapping[str, Any]) -> list[str]:
        """Records statements, which must succeed, and returns their ids."""
        answer = self.call("POST", body=list(statements))
        assert answer.status == 200, answer.text
        ids: list[str] = answer.json
        return ids

    def found(self, **query: object) -> list[dict[str, Any]]:
        """The statements on the first page of a query, which must succeed."""
        answer = self.call("GET", query)
        assert answer.status == 200, answer.text
        statements: list[dict[str, Any]] = answer.json["statements"]
        return statements

    def numbers(self, **query: object) -> list[int]:
        """The same, by the numbers that `statement` was given."""
        return numbers(self.found(**query))


def numbers(statements: Sequence[Mapping[str, Any]]) -> list[int]:
    return [int(str(each["id"])[-12:]) for each in statements]
