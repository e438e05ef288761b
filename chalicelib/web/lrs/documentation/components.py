"""JSON schemas of what the record store takes and answers. Of statements they say the outline; xAPI says the rest."""

from __future__ import annotations

from typing import get_args

from chalicelib.lrs.access.clients import GUARDS, OPTIONS, SHORTEST_PASSWORD
from chalicelib.lrs.access.connections import DRIVERS
from chalicelib.lrs.access.fields import MAX_LENGTH
from chalicelib.lrs.access.permissions import PERMISSIONS
from chalicelib.lrs.access.slugs import PATTERN
from chalicelib.lrs.access.stores import XAPI_VERSIONS
from chalicelib.ports.logs import LEVELS, LOG_TYPES
from chalicelib.ports.lrs_access import ConnectionType
from chalicelib.web.lrs.documentation.form import Json
from chalicelib.web.lrs.documentation.parameters import FLAG, IRI, TEXT, TIME, UUID
from chalicelib.web.schemas import list_of, nullable, ref

ADDRESS: Json = {"type": "string", "format": "uri"}
_FILLED: Json = {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH, "pattern": r"\S"}
_SLUG: Json = {"type": "string", "pattern": f"^{PATTERN}$"}
_LANGUAGES: Json = {
    "description": "Language tag → text.",
    "type": "object",
    "additionalProperties": TEXT,
}


def shape(required: tuple[str, ...], **properties: Json) -> Json:
    """An object that has no other properties than these."""
    return {**loose(required, **properties), "additionalProperties": False}


def loose(required: tuple[str, ...], **properties: Json) -> Json:
    """An object that may have other properties too."""
    return {"type": "object", "properties": properties, "required": list(required)}


def whole(**properties: Json) -> Json:
    """An object that has exactly these properties."""
    return shape(tuple(properties), **properties)


def answer(data: Json) -> Json:
    """What the record store's own APIs answer with."""
    return whole(data=data)


def page(item: Json) -> Json:
    """A page of a list; `cursor` null: it is the last."""
    return whole(data=list_of(item), cursor=nullable(TEXT))


_ACCOUNT = whole(homePage=IRI, name=TEXT)
_IDENTIFIERS: dict[str, Json] = {
    "mbox": {"type": "string", "pattern": r"^mailto:[^@\s]+@[^@\s]+$"},
    "mbox_sha1sum": {"type": "string", "pattern": "^[0-9a-f]{40}$"},
    "openid": ADDRESS,
    "account": _ACCOUNT,
}
_KNOWN: dict[str, Json] = {"client": TEXT, "stored": TIME, "updated": TIME}
_OPTIONS: dict[str, Json] = {name: FLAG if kind is bool else TEXT for name, kind in OPTIONS.items()}
_PERMISSIONS: dict[str, Json] = dict.fromkeys(PERMISSIONS, FLAG)
_STORE: dict[str, Json] = {
    "name": _FILLED,
    "timezone": {"description": "An IANA time zone.", "type": "string", "examples": ["Europe/Paris"]},
    "xapi_version": {"enum": list(XAPI_VERSIONS)},
}
_CLIENT: dict[str, Json] = {
    "name": _FILLED,
    "store": _SLUG,
    "guard": {"enum": list(GUARDS)},
    "credentials": shape(
        (),
        username={"type": "string", "pattern": "^[^:]*[^:\\s][^:]*$", "maxLength": MAX_LENGTH},
        password={"type": "string", "minLength": SHORTEST_PASSWORD, "maxLength": MAX_LENGTH},
    ),
    "cors": {
        "description": "`*`, or origins: a list, or a text with commas.",
        "anyOf": [TEXT, list_of(TEXT)],
    },
    "permissions": shape((), **_PERMISSIONS),
    "pipeline": shape((), **_OPTIONS),
}
_ENDPOINTS = dict.fromkeys(("base_endpoint", "store_endpoint", "xapi_endpoint", "cmi5_endpoint"), ADDRESS)

STATEMENT_REQUIRED = ("actor", "verb", "object")
COMPONENTS: dict[str, Json] = {
    "RecordError": {
        "description": "A refusal. `errors`: what is wrong, by field or place, where there is more to say.",
        **shape(
            ("message",),
            message=TEXT,
            errors={"type": "object", "additionalProperties": {**list_of(TEXT), "minItems": 1}},
        ),
    },
    "Agent": {
        "description": "An xAPI Agent, or an identified Group: exactly one of its identifiers.",
        **loose((), objectType={"enum": ["Agent", "Group"]}, name=TEXT, **_IDENTIFIERS),
        "oneOf": [{"required": [name]} for name in _IDENTIFIERS],
    },
    "Actor": {
        "description": "An xAPI Agent or Group; an anonymous Group has members and no identifier.",
        **loose((), objectType={"enum": ["Agent", "Group"]}, name=TEXT, **_IDENTIFIERS),
    },
    "Activity": loose(("id",), objectType={"const": "Activity"}, id=IRI),
    "Statement": {
        "description": "A statement as xAPI 1.0.3 or 2.0 has it, by the version of the request. `contextAgents` and "
        "`contextGroups` of the context are those of 2.0.",
        **loose(
            STATEMENT_REQUIRED,
            id=UUID,
            actor=ref("Actor"),
            verb=loose(("id",), id=IRI, display=_LANGUAGES),
            object={"type": "object"},
            result={"type": "object"},
            context={"type": "object"},
            timestamp=TIME,
            stored=TIME,
            authority=ref("Actor"),
            version=TEXT,
            attachments=list_of({"type": "object"}),
        ),
    },
    "StatementResult": whole(
        statements=list_of(ref("Statement")),
        more={"description": "Path of the next page below the host; empty: there is none.", "type": "string"},
    ),
    "Person": shape(
        ("objectType",),
        objectType={"const": "Person"},
        **{name: list_of(each) for name, each in {"name": TEXT, **_IDENTIFIERS}.items() if name != "mbox"},
        mbox=list_of(TEXT),
    ),
    "About": whole(version=list_of(TEXT), extensions={"type": "object"}),
    "Store": whole(id=TEXT, slug=_SLUG, status={"enum": ["ready", "deleting"]}, **_STORE),
    "NewStore": shape(("slug",), slug=_SLUG, **_STORE),
    "StoreChanges": shape((), **_STORE),
    "Client": {
        "description": "Neither user name nor password are shown.",
        **whole(
            id=TEXT,
            slug=_SLUG,
            **{name: each for name, each in _CLIENT.items() if name not in ("credentials", "cors")},
            cors=list_of(TEXT),
            **_ENDPOINTS,
        ),
    },
    "NewClient": shape(("slug", "store", "credentials"), slug=_SLUG, **_CLIENT),
    "ClientChanges": shape((), **_CLIENT),
    "Connection": {
        "description": "Passwords are not shown.",
        **whole(
            id=TEXT, name=_FILLED, type={"enum": list(get_args(ConnectionType))}, settings={"type": "object"}
        ),
    },
    "ConnectionSettings": {
        "description": "Of `lrs`: endpoint, username, password. Of `file`: prefix. Of `db`: driver, host, username, "
        "password, prefix.",
        **shape(
            (),
            endpoint=ADDRESS,
            host=ADDRESS,
            driver={"enum": list(DRIVERS)},
            username=TEXT,
            password=TEXT,
            prefix=TEXT,
        ),
    },
    "NewConnection": shape(("name", "settings"), name=_FILLED, settings=ref("ConnectionSettings")),
    "ConnectionChanges": shape((), name=_FILLED, settings=ref("ConnectionSettings")),
    "KnownStatement": whole(
        id=UUID,
        statement={"type": "object"},
        **_KNOWN,
        voided=FLAG,
        validated=FLAG,
        valid=nullable(FLAG),
        faults=list_of({}),
        pseudonymized=FLAG,
    ),
    "KnownAgent": shape(
        ("agent", "names", "person", "pseudonymized", *_KNOWN),
        agent={"type": "object"},
        names=list_of(TEXT),
        members=list_of({"type": "object"}),
        person=TEXT,
        pseudonymized=FLAG,
        **_KNOWN,
    ),
    "KnownActivity": whole(activity=ref("Activity"), **_KNOWN),
    "Term": loose(tuple(_KNOWN), **_KNOWN),
    "KnownDocument": {
        "description": "A state or profile without its content.",
        **shape(
            ("contentType", "size", "etag", "pseudonymized", *_KNOWN),
            stateId=TEXT,
            profileId=TEXT,
            agent={"type": "object"},
            activityId=TEXT,
            registration=TEXT,
            contentType=TEXT,
            size={"type": "integer"},
            etag=TEXT,
            pseudonymized=FLAG,
            **_KNOWN,
        ),
    },
    "KnownPerson": whole(id=TEXT, agents=list_of({"type": "object"})),
    "LogEntry": whole(
        id=TEXT,
        type={"enum": list(LOG_TYPES)},
        level={"type": "integer", "minimum": 0, "maximum": len(LEVELS) - 1},
        level_name={"enum": list(LEVELS)},
        message=TEXT,
        store=nullable(TEXT),
        client=nullable(TEXT),
        details={"type": "object", "additionalProperties": TEXT},
        created_at=TIME,
    ),
    "TokenRequest": {
        "description": "Whom a token is for, for which activity, and where its pages come from.",
        **shape(
            ("activity_id", "agent", "origin"),
            activity_id=IRI,
            agent={
                "description": "An identified Agent, or its JSON in a text.",
                "anyOf": [ref("Agent"), TEXT],
            },
            origin={"description": "An origin, or its host alone.", "type": "string"},
            registration=nullable(UUID),
        ),
    },
    "Token": whole(endpoint=ADDRESS, token=TEXT),
    "FetchedToken": {
        "description": "The token; or why there is none, with status 200 too (cmi5 8.2.3).",
        "oneOf": [
            whole(**{"auth-token": TEXT}),
            whole(**{"error-code": {"enum": ["1", "2", "3"]}, "error-text": TEXT}),
        ],
    },
}
