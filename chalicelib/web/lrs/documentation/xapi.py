"""Statements, agents, activities and about, as the OpenAPI document describes them."""

from __future__ import annotations

from chalicelib.lrs import multipart
from chalicelib.lrs.statements import attaching
from chalicelib.lrs.statements.query import MOST_PER_PAGE
from chalicelib.lrs.statements.settling import MOST_STATEMENTS
from chalicelib.web.lrs.about import VERSIONS
from chalicelib.web.lrs.documentation.form import (
    JSON,
    NOTHING,
    Answered,
    Content,
    Described,
    Json,
    header,
    json_content,
)
from chalicelib.web.lrs.documentation.parameters import ACCEPT_LANGUAGE, LIMIT_OF_STATEMENTS, required
from chalicelib.web.schemas import list_of, ref

TAG = "xAPI"
MIXED = "multipart/mixed"
ID = "6690e6c9-3ef0-4ed3-8b37-7f3964730bee"
STATEMENT: Json = {
    "actor": {"mbox": "mailto:ann@example.org"},
    "verb": {"id": "http://example.org/did", "display": {"en-US": "did"}},
    "object": {"objectType": "Activity", "id": "http://example.org/course"},
}
STORED: Json = {
    **STATEMENT,
    "id": ID,
    "version": "2.0.0",
    "timestamp": "2026-11-22T05:16:35.123456Z",
    "stored": "2026-11-22T05:16:35.123456Z",
    "authority": {"account": {"homePage": "https://lightrail.invalid/clients", "name": "lms"}},
}
RESULT: Json = {"statements": [STORED], "more": ""}
LAST_MODIFIED = header("When it was stored or changed last.", required=False)
_BYTES: Json = {"type": "string", "format": "binary"}
_PARTS = (
    "The first part is the JSON, each further part the bytes of an attachment, with the headers `Content-Type`, "
    "`Content-Transfer-Encoding: binary` and `X-Experience-API-Hash` (SHA-256). At most "
    f"{multipart.MOST_PARTS:,} parts and {attaching.MOST_ATTACHMENTS} attachments."
)


def _with_parts(schema: Json, example: object) -> Content:
    return {
        **json_content(schema, example),
        MIXED: {"schema": {**_BYTES, "description": _PARTS}},
    }


DESCRIBED: dict[str, Described] = {
    "xapiGetAbout": Described(
        TAG,
        "Which versions are spoken",
        "Needs neither credentials nor a version.",
        {
            200: Answered(
                "The versions.", json_content(ref("About"), {"version": [*VERSIONS], "extensions": {}})
            )
        },
    ),
    "xapiPutStatement": Described(
        TAG,
        "Record a statement under an id",
        "The same statement again is answered with 204 as well; another one with this id with 409.",
        {204: NOTHING},
        _with_parts(ref("Statement"), STATEMENT),
        (409,),
        query={"statementId": required("statementId")},
    ),
    "xapiPostStatements": Described(
        TAG,
        "Record statements",
        f"A statement, or a list of at most {MOST_STATEMENTS}: all or nothing. What has no id gets one. In 1.0.3 any "
        "call can be sent here in the alternate request syntax: `?method=PUT` with a form.",
        {
            200: Answered(
                "The ids, in the order of the statements.", json_content(list_of({"type": "string"}), [ID])
            )
        },
        _with_parts({"anyOf": [ref("Statement"), list_of(ref("Statement"))]}, [STATEMENT]),
        (409,),
    ),
    "xapiGetStatements": Described(
        TAG,
        "Find statements, or read one",
        "With `statementId` or `voidedStatementId` one statement; beside those only `format` and `attachments` may "
        f"stand. Else those that match all filters, at most {MOST_PER_PAGE} a page, newest first. `since` is "
        "exclusive. HEAD is answered without body. A client with `xapi/statements/read/mine` alone sees what it "
        "recorded itself.",
        {
            200: Answered(
                "One statement, or a page of statements.",
                {
                    JSON: {
                        "schema": {"anyOf": [ref("Statement"), ref("StatementResult")]},
                        "example": RESULT,
                    },
                    MIXED: {"schema": {**_BYTES, "description": _PARTS}},
                },
                {"Last-Modified": LAST_MODIFIED},
            )
        },
        headers=(ACCEPT_LANGUAGE,),
        query={"limit": LIMIT_OF_STATEMENTS},
    ),
    "xapiGetAgents": Described(
        TAG,
        "Read a person",
        "All names and identifiers of the agents that are the same person; of an unknown agent, its own.",
        {
            200: Answered(
                "The person.",
                json_content(
                    ref("Person"),
                    {"objectType": "Person", "name": ["Ann"], "mbox": ["mailto:ann@example.org"]},
                ),
            )
        },
        query={"agent": required("agent")},
    ),
    "xapiGetActivities": Described(
        TAG,
        "Read an activity",
        "The activity with all that statements told of it; of an unknown one, its id alone.",
        {
            200: Answered(
                "The activity.",
                json_content(
                    ref("Activity"),
                    {
                        "objectType": "Activity",
                        "id": "http://example.org/course",
                        "definition": {"name": {"en-US": "A course"}},
                    },
                ),
            )
        },
        query={"activityId": required("activityId")},
    ),
}
