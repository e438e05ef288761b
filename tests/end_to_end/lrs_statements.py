"""Statements for the tests of a running record store, each about something of its own."""

from typing import Any
from uuid import uuid4

VOIDED = "http://adlnet.gov/expapi/verbs/voided"
ANN, BOB = ({"objectType": "Agent", "mbox": f"mailto:{name}@example.com"} for name in ("ann", "bob"))


def iri() -> str:
    """The id of an activity that nothing else is about."""
    return f"http://example.com/activities/{uuid4()}"


def statement(activity: str | None = None, **other: Any) -> dict[str, Any]:
    """A valid statement about this activity, or about a new one."""
    made = {
        "id": str(uuid4()),
        "actor": ANN,
        "verb": {"id": "http://example.com/verbs/did"},
        "object": {"id": activity or iri()},
    }
    return {**made, **other}


def about(target: str, **other: Any) -> dict[str, Any]:
    """A statement about another one."""
    return statement(**{"object": {"objectType": "StatementRef", "id": target}, **other})


def voiding(target: str) -> dict[str, Any]:
    """A statement that voids another one."""
    return about(target, verb={"id": VOIDED})
