"""The parameters of the record store's calls, in path, query and header, each described once."""

from __future__ import annotations

from chalicelib.lrs.access.slugs import PATTERN
from chalicelib.lrs.statements.formats import FORMATS
from chalicelib.ports.logs import LEVELS, LOG_TYPES
from chalicelib.web import schemas
from chalicelib.web.lrs.access import TYPES
from chalicelib.web.lrs.documentation.form import JSON, Json
from chalicelib.web.lrs.listing import LIMIT, MOST_PER_PAGE
from chalicelib.web.lrs.statements import HIGHEST_LIMIT

FLAG: Json = {"type": "boolean"}
IRI: Json = {"type": "string", "format": "iri"}
TEXT: Json = schemas.TEXT
TIME: Json = {"type": "string", "format": "date-time"}
UUID: Json = {"type": "string", "format": "uuid"}
_SLUG: Json = {"type": "string", "pattern": f"^{PATTERN}$"}
_LEVEL_NAMES = [*map(str, range(len(LEVELS))), *LEVELS]


def _of(place: str, name: str, description: str, schema: Json, *, required: bool = False) -> Json:
    return {
        "name": name,
        "in": place,
        "required": required,
        "description": description,
        "schema": schema,
    }


def _query(name: str, description: str, schema: Json) -> tuple[str, Json]:
    return name, _of("query", name, description, schema)


def required(name: str) -> Json:
    """The parameter of the query, where a call cannot do without it."""
    return {**QUERY[name], "required": True}


_AGENT: Json = {
    "name": "agent",
    "in": "query",
    "required": False,
    "description": "An Agent, or where it is a filter an identified Group, as JSON.",
    "content": {
        JSON: {"schema": schemas.ref("Agent"), "example": {"mbox": "mailto:ann@example.org"}},
    },
}

PATH: dict[str, Json] = {
    "client": _of("path", "client", "The slug of the client that calls.", _SLUG, required=True),
    "store": _of("path", "store", "The slug of the client's store.", _SLUG, required=True),
    "id": _of(
        "path", "id", "An id; of a store or client its slug will do.", {"type": "string"}, required=True
    ),
    "type": _of("path", "type", "The type of connection.", {"enum": list(TYPES)}, required=True),
}

QUERY: dict[str, Json] = dict(
    (
        ("agent", _AGENT),
        _query("activity", "Statements about this activity.", IRI),
        _query("activityId", "The id of an activity.", IRI),
        _query("ascending", "Oldest first.", FLAG),
        _query("attachments", "`true`: the answer is multipart/mixed, with the attachments' bytes.", FLAG),
        _query("cursor", "Where the next page begins, as an answer gave it.", TEXT),
        _query("format", "How statements are shown; `exact`: as they are stored.", {"enum": list(FORMATS)}),
        _query("levels", "Levels by number or name, with commas.", TEXT),
        _query(
            "limit",
            f"The most that a page holds, 1 to {MOST_PER_PAGE}.",
            {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE, "default": LIMIT},
        ),
        _query("min_level", "The lowest level, by number or name.", {"enum": _LEVEL_NAMES}),
        _query("profileId", "The id of a profile; without it, reading lists ids.", TEXT),
        _query("pseudonymized", "Whether it was pseudonymized.", FLAG),
        _query("registration", "A registration.", UUID),
        _query("related_activities", "`activity` also in context and SubStatement.", FLAG),
        _query("related_agents", "`agent` also in context, authority and SubStatement.", FLAG),
        _query("search", "The beginning of an id or a name, in any case.", TEXT),
        _query("since", "Stored, or for documents in xAPI changed, after this time.", TIME),
        _query("stateId", "The id of a state; without it, reading lists ids.", TEXT),
        _query("statementId", "The id of a statement.", UUID),
        _query("store", "Entries of this store alone.", TEXT),
        _query("token", "The token that the client was issued.", TEXT),
        _query("type", "What kind of thing it is.", TEXT),
        _query("types", f"Types with commas, of: {', '.join(LOG_TYPES)}.", TEXT),
        _query("until", "Stored at this time or before.", TIME),
        _query("valid", "Whether it was found valid.", FLAG),
        _query("validated", "Whether it was checked.", FLAG),
        _query("verb", "Statements with this verb.", IRI),
        _query("voided", "Whether it is voided.", FLAG),
        _query("voidedStatementId", "The id of a voided statement.", UUID),
    )
)

LIMIT_OF_STATEMENTS = _of(
    "query",
    "limit",
    "The most that a page holds; 0: as many as it can.",
    {"type": "integer", "minimum": 0, "maximum": HIGHEST_LIMIT},
)

VERSION = _of(
    "header",
    "X-Experience-API-Version",
    "`1.0` and `1.0.x` are answered as `1.0.3`, `2.0` and `2.0.x` as `2.0.0`.",
    {"type": "string", "pattern": r"^(1\.0|2\.0)(\.[0-9]{1,9})?$", "examples": ["1.0.3", "2.0.0"]},
    required=True,
)
IF_MATCH = _of("header", "If-Match", "Only where the document has one of these ETags.", TEXT)
IF_NONE_MATCH = _of("header", "If-None-Match", "`*`: only where there is no document yet.", TEXT)
ACCEPT_LANGUAGE = _of("header", "Accept-Language", "The language that `canonical` picks.", TEXT)
HEADERS = (VERSION, IF_MATCH, IF_NONE_MATCH, ACCEPT_LANGUAGE)
