"""States and profiles, as the OpenAPI document describes them."""

from __future__ import annotations

from chalicelib.lrs.documents.changing import MOST_BYTES
from chalicelib.web.lrs import documents
from chalicelib.web.lrs.documentation.form import JSON, NOTHING, Answered, Content, Described, header
from chalicelib.web.lrs.documentation.parameters import IF_MATCH, IF_NONE_MATCH, required
from chalicelib.web.lrs.documentation.xapi import LAST_MODIFIED, TAG

_ETAG = header("SHA-1 of the content, in quotes.", required=False)
_ANY: Content = {
    JSON: {"schema": {"type": "object"}, "example": {"bookmark": "page-7"}},
    "text/plain": {"schema": {"type": "string"}},
    "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
}
_SHOWN: Content = {
    JSON: {"schema": {}, "example": {"bookmark": "page-7"}},
    "*/*": {"schema": {"type": "string", "format": "binary"}},
}
_NAMES = {"State": "a state", "ActivityProfile": "an activity profile", "AgentProfile": "an agent profile"}


def _described(resource: documents.Resource) -> dict[str, Described]:
    """The four calls of one resource."""
    what = _NAMES[resource.name]
    context = {name: required(name) for name in resource.query & {"agent", "activityId"}}
    one = {**context, resource.id: required(resource.id)}
    state = resource is documents.STATE
    return {
        f"xapiGet{resource.name}": Described(
            TAG,
            f"Read {what}, or list ids",
            f"With `{resource.id}` the document, with the media type that it was stored with. Without it the ids of "
            "the documents there, with `since` of those that changed after it. HEAD is answered without body.",
            {
                200: Answered(
                    "The document, or a list of ids.", _SHOWN, {"ETag": _ETAG, "Last-Modified": LAST_MODIFIED}
                ),
                304: Answered(
                    "The document is one of those that If-None-Match names.", headers={"ETag": _ETAG}
                ),
            },
            headers=(IF_NONE_MATCH,),
            query=context,
        ),
        f"xapiPut{resource.name}": Described(
            TAG,
            f"Store {what}",
            f"Any media type, {MOST_BYTES:,} bytes at most. "
            + (
                "In 1.0.3 no condition is needed. In 2.0 one that exists is replaced with If-Match alone (else 409)."
                if state
                else "Replaced with If-Match alone: without a condition 1.0.3 is answered with 400, or 409 where "
                "the document exists, 2.0 with 409 where it exists."
            ),
            {204: NOTHING},
            _ANY,
            (409, 412),
            (IF_MATCH, IF_NONE_MATCH),
            one,
        ),
        f"xapiPost{resource.name}": Described(
            TAG,
            f"Store {what}, or merge into it",
            "Where there is a document, both must be JSON objects: each property that is sent replaces the one of its "
            "name.",
            {204: NOTHING},
            _ANY,
            (409, 412),
            (IF_MATCH, IF_NONE_MATCH),
            one,
        ),
        f"xapiDelete{resource.name}": Described(
            TAG,
            f"Delete {what}" + (", or all of a context" if state else ""),
            f"Without `{resource.id}` all states of the context are deleted."
            if state
            else "What is gone already is answered with 204 as well.",
            {204: NOTHING},
            refusals=(409, 412),
            headers=(IF_MATCH, IF_NONE_MATCH),
            query=context if state else one,
        ),
    }


DESCRIBED: dict[str, Described] = {
    name: described
    for resource in (documents.STATE, documents.ACTIVITY_PROFILE, documents.AGENT_PROFILE)
    for name, described in _described(resource).items()
}
