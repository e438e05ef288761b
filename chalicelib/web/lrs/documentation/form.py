"""What is said of one call of the record store, beyond what its route says itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]
Content = Mapping[str, Json]
"""Media type → schema and example, as OpenAPI has them."""

JSON = "application/json"


@dataclass(frozen=True)
class Answered:
    """An answer of a call that went well; no content: it has no body. `headers`: those that it adds."""

    description: str
    content: Content = field(default_factory=dict)
    headers: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True)
class Described:
    """One call. `body`: what it takes. `refusals`: statuses beside those that all calls of its kind may answer with.

    `headers`: parameters in the header of the request. `query`, `path`: parameters of a meaning that they have here
    alone.
    """

    tag: str
    summary: str
    description: str
    answers: Mapping[int, Answered]
    body: Content = field(default_factory=dict)
    refusals: tuple[int, ...] = ()
    headers: tuple[Json, ...] = ()
    query: Mapping[str, Json] = field(default_factory=dict)
    path: Mapping[str, Json] = field(default_factory=dict)


def json_content(schema: Json, example: object) -> Content:
    """A body in JSON."""
    return {JSON: {"schema": schema, "example": example}}


def header(description: str, *, required: bool = True, schema: Json | None = None) -> Json:
    """A header of an answer."""
    return {"description": description, "required": required, "schema": schema or {"type": "string"}}


NOTHING = Answered("It is done; the answer has no body.")
