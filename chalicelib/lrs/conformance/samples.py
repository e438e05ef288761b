"""Parts of valid statements, and changes to them."""

import hashlib
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Final

HOME = "https://conformance.example.org"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
TIMESTAMP = "2024-02-29T12:34:56.789Z"
TEXT = b"A file of the conformance run.\r\n"


class _Absent:
    """Stands for a property that is not there."""


ABSENT: Final = _Absent()


def attachment(content: bytes = TEXT, **changes: Any) -> dict[str, Any]:
    """An attachment with the hash and the length of this content."""
    return {
        "usageType": f"{HOME}/usage/sample",
        "display": {"en-US": "A sample"},
        "contentType": "text/plain",
        "length": len(content),
        "sha2": hashlib.sha256(content).hexdigest(),
        **changes,
    }


def rich(activity: str) -> dict[str, Any]:
    """A statement with nearly every property; actor, id and registration are the caller's."""
    return {
        "verb": {"id": f"{HOME}/verbs/tested", "display": {"en-US": "tested", "de-DE": "prüfte"}},
        "object": {
            "objectType": "Activity",
            "id": activity,
            "definition": {
                "name": {"en-US": "A course", "de-DE": "Ein Kurs"},
                "description": {"en-US": "It is made for a test."},
                "type": f"{HOME}/types/course",
                "moreInfo": f"{HOME}/about",
                "extensions": {f"{HOME}/extension": {"any": [1, "two", None]}},
            },
        },
        "result": {
            "score": {"scaled": 0.5, "raw": 5, "min": 0, "max": 10},
            "success": True,
            "completion": False,
            "response": "42",
            "duration": "PT1H30M",
            "extensions": {f"{HOME}/extension": "value"},
        },
        "context": {
            "instructor": {"objectType": "Agent", "mbox": "mailto:teacher@example.org"},
            "team": {"objectType": "Group", "name": "A team", "mbox": "mailto:team@example.org"},
            "contextActivities": {"parent": [{"objectType": "Activity", "id": f"{activity}/parent"}]},
            "revision": "7",
            "platform": "test",
            "language": "en-US",
            "statement": {"objectType": "StatementRef", "id": "7ccd3322-e1a5-411a-a67d-6a735c76f119"},
            "extensions": {f"{HOME}/extension": 1},
        },
        "timestamp": TIMESTAMP,
        "attachments": [attachment(fileUrl=f"{HOME}/files/sample.txt")],
    }


def as_sub_statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    """The same as SubStatement."""
    kept = {
        name: value
        for name, value in statement.items()
        if name not in ("id", "stored", "authority", "version")
    }
    return {**kept, "objectType": "SubStatement"}


def changed(statement: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with another value at a path (`context.contextActivities.parent.0.id`); ABSENT takes it away.

    Objects on the way that are missing are made.
    """
    made = deepcopy(dict(statement))
    *way, last = path.split(".")
    place: Any = made
    for name in way:
        place = place[int(name)] if isinstance(place, list) else place.setdefault(name, {})
    if value is ABSENT:
        place.pop(last, None)
    elif isinstance(place, list):
        place[int(last)] = value
    else:
        place[last] = value
    return made
