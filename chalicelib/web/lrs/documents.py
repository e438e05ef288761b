"""The document resources: states, activity profiles, agent profiles.

Sources: xAPI 1.0.3 Communication 2.2, 2.3, 2.6, 2.7, 3.1; IEEE 9274.1.1 4.1.4, 4.1.6.2, 4.1.6.5, 4.1.6.6.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial

from chalicelib.errors import Invalid, NotFound
from chalicelib.lrs.access.permissions import giving, needed_by
from chalicelib.lrs.cmi5.rules import Target, may
from chalicelib.lrs.documents.changing import Content
from chalicelib.lrs.documents.conditions import conditions_of
from chalicelib.lrs.documents.limits import (
    LARGEST_AGENT,
    LONGEST_ID,
    LONGEST_IRI,
    LONGEST_TYPE,
    is_media_type,
)
from chalicelib.lrs.keys import agent_key
from chalicelib.ports.documents import DocumentContext, DocumentName, DocumentService
from chalicelib.web.call import Answer, Call
from chalicelib.web.lrs.headers import http_date
from chalicelib.web.lrs.parameters import Parameters
from chalicelib.web.lrs.route import XAPI, LrsRoute

UNTYPED = "application/octet-stream"
# What anyone stored is never run as a page of this host.
_GUARDED = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


@dataclass(frozen=True)
class Resource:
    """One of the three: its path, its kind of documents, and the parameters by which it names them."""

    path: str
    service: DocumentService
    id: str
    name: str
    agent: bool = False
    activity: bool = False

    @property
    def query(self) -> frozenset[str]:
        """The parameters of every method."""
        own = {"agent": self.agent, "activityId": self.activity, "registration": self.service == "states"}
        return frozenset({self.id, *(name for name, taken in own.items() if taken)})


@dataclass(frozen=True)
class _Asked:
    """What a call is about. `id` None: all documents of the context."""

    context: DocumentContext
    agent: str
    registration: str | None
    since: int | None
    id: str | None

    @property
    def name(self) -> DocumentName:
        return DocumentName(self.context, self.id or "", self.registration or "")


STATE = Resource("activities/state", "states", "stateId", "State", agent=True, activity=True)
ACTIVITY_PROFILE = Resource(
    "activities/profile", "activity-profiles", "profileId", "ActivityProfile", activity=True
)
AGENT_PROFILE = Resource("agents/profile", "agent-profiles", "profileId", "AgentProfile", agent=True)


def read(call: Call, resource: Resource) -> Answer:
    """Shows a document, or the ids of those of a context."""
    asked = _asked(call, resource, writes=False)
    if asked.id is None:
        return _ids(call, asked)
    document = call.services.lrs.documents.read(asked.name)
    if document is None:
        raise NotFound("Document", asked.id)
    headers = {"ETag": f'"{document.etag}"', "Last-Modified": http_date(document.updated), **_GUARDED}
    known = conditions_of(call.headers).if_none_match
    if known is not None and known.match(document.etag):
        return Answer(304, None, headers)
    return Answer(200, document.body, {**headers, "Content-Type": document.content_type})


def put(call: Call, resource: Resource) -> Answer:
    """Stores a document as it was sent."""
    asked = _asked(call, resource, writes=True)
    content = _content(call, asked)
    call.services.lrs.documents.put(asked.name, content, conditions_of(call.headers), call.version)
    return Answer(204, None)


def post(call: Call, resource: Resource) -> Answer:
    """Stores a document, or merges it into the one that is there."""
    asked = _asked(call, resource, writes=True)
    call.services.lrs.documents.post(asked.name, _content(call, asked), conditions_of(call.headers))
    return Answer(204, None)


def delete(call: Call, resource: Resource) -> Answer:
    """Deletes a document, or all states of a context."""
    asked = _asked(call, resource, writes=True, one=resource is not STATE)
    if asked.id is None:
        call.services.lrs.documents.clear(asked.context, asked.registration)
    else:
        call.services.lrs.documents.delete(asked.name, conditions_of(call.headers))
    return Answer(204, None)


def _ids(call: Call, asked: _Asked) -> Answer:
    ids, last = call.services.lrs.documents.ids(asked.context, asked.registration, asked.since)
    return Answer(200, ids, {} if last is None else {"Last-Modified": http_date(last)})


def _asked(call: Call, resource: Resource, *, writes: bool, one: bool | None = None) -> _Asked:
    """Reads and checks the query. `one`: a document must be named; in doubt, where something is written.

    Raises `Invalid` with every fault, `NotOfTheSession`.
    """
    parameters = Parameters(call)
    activity = parameters.iri("activityId", required=True) if resource.activity else None
    if activity is not None and len(activity) > LONGEST_IRI:
        parameters.refuse("activityId", f"The parameter activityId may have {LONGEST_IRI} characters.")
    agent = parameters.agent("agent", required=True, groups=True) if resource.agent else None
    registration = parameters.uuid("registration") if resource.service == "states" else None
    document = parameters.text(resource.id, required=writes if one is None else one)
    if document is not None and len(document) > LONGEST_ID:
        parameters.refuse(resource.id, f"The parameter {resource.id} may have {LONGEST_ID} characters.")
    since = parameters.time("since") if not writes else None
    text = json.dumps(agent, ensure_ascii=False, separators=(",", ":")) if agent is not None else ""
    if len(text.encode()) > LARGEST_AGENT:
        parameters.refuse("agent", f"The parameter agent may have {LARGEST_AGENT} bytes.")
    parameters.check()
    key = agent_key(agent) if agent is not None else None
    target = Target(agent=key, activity=activity, registration=registration, document=document)
    may(call.principal.cmi5, resource.path, writes, target)
    context = DocumentContext(call.principal.store, resource.service, key or "", activity or "")
    return _Asked(context, text, registration.lower() if registration else None, since, document)


def _content(call: Call, asked: _Asked) -> Content:
    kind = call.headers.get("content-type", "").strip() or UNTYPED
    if not is_media_type(kind):
        raise Invalid({"Content-Type": [f"It must be a media type of at most {LONGEST_TYPE} characters."]})
    return Content(call.principal.client, call.raw_body, kind, asked.agent)


def _routes(resource: Resource) -> tuple[LrsRoute, ...]:
    """The routes of one of the three: reading takes `since` as well."""
    handlers = (("GET", read), ("PUT", put), ("POST", post), ("DELETE", delete))
    return tuple(
        LrsRoute(
            method,
            f"{XAPI}/{resource.path}",
            f"xapi{method.title()}{resource.name}",
            partial(handler, resource=resource),
            giving(needed_by(resource.path, method)),
            resource.query | ({"since"} if method == "GET" else set()),
        )
        for method, handler in handlers
    )


ROUTES = (*_routes(STATE), *_routes(ACTIVITY_PROFILE), *_routes(AGENT_PROFILE))
