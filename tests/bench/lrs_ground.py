"""What the measurements of the record store share: statements as courses send them, and calls with a ready client."""

import base64
import hashlib
import json
import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chalicelib.adapters import opensearch_statement_mapping as form
from chalicelib.bootstrap import Services
from chalicelib.lrs.access.principal import Principal
from chalicelib.lrs.keys import agent_key
from chalicelib.lrs.options import PipelineOptions
from chalicelib.lrs.statements.parts import keys_of
from chalicelib.ports.statement_store import StatementRecord
from chalicelib.times import written
from chalicelib.web.gateway import HttpApi
from infra.local.description import LrsClient
from tests.bench.ground import Context
from tests.functional.gateway import event

LEARNERS, COURSES, UNITS, VERBS = 300, 20, 10, 8
AUTHORITY = {"objectType": "Agent", "account": {"homePage": "https://lrs.example.com", "name": "bench"}}
FIRST_STORED = 1_700_000_000_000_000  # the `stored` of the first of many statements


def learner(number: int) -> dict[str, Any]:
    """An agent."""
    return {
        "objectType": "Agent",
        "name": f"Learner {number}",
        "account": {"homePage": "https://learners.example.com/", "name": f"learner-{number}"},
    }


def verb(number: int) -> str:
    """The id of a verb."""
    return f"http://adlnet.gov/expapi/verbs/verb-{number}"


def course(number: int) -> str:
    """The id of an activity that statements name as parent."""
    return f"https://courses.example.com/{number}"


def unit(course_number: int, number: int) -> str:
    """The id of an activity that statements have as object."""
    return f"{course(course_number)}/units/{number}"


def registration(learner_number: int) -> str:
    """The registration of a learner for all courses."""
    return str(uuid.UUID(int=learner_number, version=4))


def statement(random_of: random.Random) -> dict[str, Any]:
    """About 1,200 bytes; learners, courses, units and verbs come again and again."""
    who, where = random_of.randrange(LEARNERS), random_of.randrange(COURSES)
    what = random_of.randrange(UNITS)
    did = random_of.randrange(VERBS)
    return {
        "id": str(uuid.UUID(int=random_of.getrandbits(128), version=4)),
        "actor": learner(who),
        "verb": {"id": verb(did), "display": {"en-US": f"verb {did}", "de-DE": f"Verb {did}"}},
        "object": {
            "objectType": "Activity",
            "id": unit(where, what),
            "definition": {
                "type": "http://adlnet.gov/expapi/activities/module",
                "name": {"en-US": f"Unit {what} of course {where}", "de-DE": f"Einheit {what} von {where}"},
                "description": {"en-US": "What a luminaire needs before it is mounted, and what after it."},
            },
        },
        "result": {
            "score": {"scaled": random_of.randrange(100) / 100, "raw": random_of.randrange(100), "max": 100},
            "success": True,
            "completion": True,
            "duration": "PT1M30.5S",
        },
        "context": {
            "registration": registration(who),
            "platform": "Example LMS",
            "language": "en-US",
            "contextActivities": {
                "parent": [{"objectType": "Activity", "id": course(where)}],
                "category": [{"id": "https://w3id.org/xapi/cmi5/context/categories/moveon"}],
            },
            "extensions": {
                "https://w3id.org/xapi/cmi5/context/extensions/sessionid": str(random_of.random())
            },
        },
        "timestamp": "2026-11-22T05:16:35.123Z",
    }


def records(store: str, made: Sequence[Mapping[str, Any]], first: int) -> Iterator[StatementRecord]:
    """The statements as the record store keeps them, `stored` one microsecond after the other from `first`."""
    for place, each in enumerate(made):
        at = FIRST_STORED + first + place
        value = {**each, "authority": AUTHORITY, "version": "2.0.0", "stored": written(at)}
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        yield StatementRecord(
            store=store,
            id=each["id"],
            batch="0123456789abcdef",
            stored=at,
            updated=at,
            client=store,
            authority=agent_key(AUTHORITY) or "",
            text=text,
            digest=hashlib.sha256(text.encode()).hexdigest(),
            keys=keys_of(value),
        )


def bulk(made: Sequence[StatementRecord]) -> bytes:
    """The body of a `_bulk` that creates them."""
    return b"".join(form.lines(record, None) for record in made)


def principal(client: LrsClient) -> Principal:
    """A client as it is once it is let in."""
    return Principal(client.client, client.store, frozenset(("xapi/all",)), AUTHORITY, PipelineOptions())


class Caller:
    """A client of the application in this process."""

    def __init__(self, services: Services, client: LrsClient) -> None:
        self._api, self._client = HttpApi("lightrail", services), client
        credentials = f"{client.username}:{client.password}".encode()
        self._headers = {
            "Authorization": f"Basic {base64.b64encode(credentials).decode()}",
            "X-Experience-API-Version": "2.0.0",
            "Content-Type": "application/json",
        }

    @property
    def headers(self) -> Mapping[str, str]:
        """What goes with each call."""
        return self._headers

    def event(self, method: str, query: str = "", body: bytes | None = None) -> dict[str, Any]:
        """A call on statements as the gateway passes it."""
        path = f"/lrs/{self._client.client}/stores/{self._client.store}/xapi/statements"
        return event(self._api.routes, method, f"{path}?{query}" if query else path, self._headers, body)

    def call(self, request: dict[str, Any], status: int = 200) -> dict[str, Any]:
        """The answer, which must have this status."""
        answer: dict[str, Any] = self._api(request, Context())
        assert answer["statusCode"] == status, answer
        return answer
