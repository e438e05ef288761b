"""The Data API, persons and the general log, as the OpenAPI document describes them."""

from __future__ import annotations

from chalicelib.web.lrs.data import TERMS, list_name
from chalicelib.web.lrs.documentation.components import answer, page
from chalicelib.web.lrs.documentation.form import Answered, Described, Json, json_content
from chalicelib.web.lrs.documentation.parameters import QUERY
from chalicelib.web.lrs.documentation.xapi import ID, STORED
from chalicelib.web.lrs.persons import MOST_AGENTS, MOST_PERSONS
from chalicelib.web.schemas import list_of, ref

TAG = "Data"
LOGS_TAG = "Logs"
_AT = "2026-11-22T05:16:35.123456Z"
_KNOWN: Json = {"client": "lms", "stored": _AT, "updated": _AT}
_ANN: Json = {"objectType": "Agent", "mbox": "mailto:ann@example.org"}
_PERSON: Json = {"id": "3f7a", "agents": [{**_ANN, "name": "Ann"}]}
_DOCUMENT: Json = {
    "contentType": "application/json",
    "size": 21,
    "etag": "0f9d",
    "pseudonymized": False,
    **_KNOWN,
}


def _paged(name: str, example: Json, what: str) -> dict[int, Answered]:
    return {
        200: Answered(
            f"A page of {what}.", json_content(page(ref(name)), {"data": [example], "cursor": None})
        )
    }


def _listed(what: str, name: str, example: Json, more: str = "", kind: Json | None = None) -> Described:
    """A call that lists things of a store; `kind`: what the parameter `type` takes."""
    description = f"{what[0].upper()}{what[1:]}, a page at a time. {more}".strip()
    query = {} if kind is None else {"type": {**QUERY["type"], "schema": kind}}
    return Described(TAG, f"List {what}", description, _paged(name, example, what), query=query)


_FIRST = "The one that was known first comes first."
_WITHOUT = "Without contents: those are read through xAPI."
_ACTIVITY: Json = {"objectType": "Activity", "id": "http://example.org/course"}
_TYPE: Json = {"description": "Media type without parameters.", "type": "string"}

DESCRIBED: dict[str, Described] = {
    "dataListStatements": _listed(
        "statements",
        "KnownStatement",
        {
            "id": ID,
            "statement": STORED,
            **_KNOWN,
            "voided": False,
            "validated": True,
            "valid": True,
            "faults": [],
            "pseudonymized": False,
        },
        "Newest first; with `voided` left out, voided ones too. `statementId` stands alone.",
    ),
    "dataListAgents": _listed(
        "agents and identified groups",
        "KnownAgent",
        {"agent": _ANN, "names": ["Ann"], "person": "3f7a", "pseudonymized": False, **_KNOWN},
        _FIRST,
        kind={"enum": ["Agent", "Group"]},
    ),
    "dataListActivities": _listed(
        "activities",
        "KnownActivity",
        {"activity": _ACTIVITY, **_KNOWN},
        f"With their merged definitions. {_FIRST}",
        kind={"type": "string", "format": "iri"},
    ),
    **{
        list_name(service): _listed(
            service.replace("-", " "),
            "Term",
            {"id": "http://example.org/did", **_KNOWN},
            f"For look-up and completion. {_FIRST}",
        )
        for service in TERMS
    },
    "dataListStates": _listed(
        "states",
        "KnownDocument",
        {"stateId": "bookmark", "agent": _ANN, "activityId": _ACTIVITY["id"], **_DOCUMENT},
        _WITHOUT,
        kind=_TYPE,
    ),
    "dataListActivityProfiles": _listed(
        "activity profiles",
        "KnownDocument",
        {"profileId": "setup", "activityId": _ACTIVITY["id"], **_DOCUMENT},
        _WITHOUT,
        kind=_TYPE,
    ),
    "dataListAgentProfiles": _listed(
        "agent profiles",
        "KnownDocument",
        {"profileId": "setup", "agent": _ANN, **_DOCUMENT},
        _WITHOUT,
        kind=_TYPE,
    ),
    "dataListPersons": _listed(
        "persons", "KnownPerson", _PERSON, "With `agent` the one to whom that belongs."
    ),
    "dataMakePersons": Described(
        TAG,
        "Say which agents are one person",
        f"Each inner array of agents becomes one person; at most {MOST_PERSONS} arrays of {MOST_AGENTS} agents. Where "
        "it is answered with 503, part of it may have happened: the same call again does the rest.",
        {
            200: Answered(
                "The persons.", json_content(answer(list_of(ref("KnownPerson"))), {"data": [_PERSON]})
            )
        },
        json_content(
            {
                **list_of({**list_of(ref("Agent")), "minItems": 1, "maxItems": MOST_AGENTS}),
                "minItems": 1,
                "maxItems": MOST_PERSONS,
            },
            [[_ANN, {"account": {"homePage": "https://hr.example.org", "name": "ann"}}]],
        ),
        (400,),
    ),
    "logsList": Described(
        LOGS_TAG,
        "Read the general log",
        "Entries of all stores, newest first. A page may be short, or empty, and have a cursor yet.",
        _paged(
            "LogEntry",
            {
                "id": "1",
                "type": "access",
                "level": 2,
                "level_name": "notice",
                "message": "admin called accessCreateClient.",
                "store": "main",
                "client": "admin",
                "details": {"method": "POST"},
                "created_at": _AT,
            },
            "entries",
        ),
    ),
}
