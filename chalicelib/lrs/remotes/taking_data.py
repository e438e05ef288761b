"""Takes agents, activities, states and profiles in that were read elsewhere."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from chalicelib.errors import LightrailError, PreconditionFailed, Unavailable, WriteConflict
from chalicelib.lrs.documents.conditions import Conditions, Tags
from chalicelib.lrs.documents.limits import (
    LARGEST_AGENT,
    LONGEST_ID,
    LONGEST_IRI,
    LONGEST_TYPE,
    is_media_type,
)
from chalicelib.lrs.documents.service import Content
from chalicelib.lrs.keys import agent_key
from chalicelib.lrs.validation import validate_activity, validate_identified_actor
from chalicelib.lrs.validation.data_types import is_iri, parse_timestamp
from chalicelib.lrs.versions import V1, V2
from chalicelib.ports.documents import PART, DocumentContext, DocumentName, DocumentService

if TYPE_CHECKING:
    from chalicelib.lrs.jobs.machine.job_type import Work
    from chalicelib.lrs.options import PipelineOptions
    from chalicelib.lrs.remotes.shape import Item
    from chalicelib.lrs.validation.faults import Fault

UNTYPED = "application/octet-stream"
_CHECKS: Mapping[str, tuple[str, Callable[..., list[Fault]]]] = {
    "agents": ("actor", validate_identified_actor),
    "activities": ("object", validate_activity),
}


def taken_data(work: Work, items: Sequence[Item], options: PipelineOptions) -> list[str]:
    """Takes items of any service but statements in; why some failed, one text each. Raises `Unavailable`."""
    if work.job.service in _CHECKS:
        return _entries(work, items, options)
    failed = []
    for item in items:
        work.keep()
        fault = _document(work, cast(DocumentService, work.job.service), item)
        if fault:
            failed.append(f"{item.name} {fault}")
    return failed


def _entries(work: Work, items: Sequence[Item], options: PipelineOptions) -> list[str]:
    """Told to the registries, as a statement that has them would."""
    part, check = _CHECKS[work.job.service]
    failed: list[str] = []
    told: list[Mapping[str, object]] = []
    for item in items:
        # What names nothing cannot be kept; what is wrong besides is kept where nothing is to be checked.
        named = is_iri(item.value.get("id")) if part == "object" else agent_key(item.value) is not None
        values = _agents(item.value) if part == "actor" else [item.value]
        checked = values if options.validate_statements or not named else []
        faults = [fault for value in checked for fault in check(value, V2)]
        if faults:
            failed.append(f"{item.name} was refused: {faults[0].path} {faults[0].rule}".replace("  ", " "))
        else:
            told += [{part: value} for value in values]
    if told:
        work.lrs.registries.note(work.store, told, options, work.started_at, work.job.created_by)
    return failed


def _agents(value: Mapping[str, object]) -> list[Mapping[str, object]]:
    """An agent as xAPI writes it, once for each name that a store knows it by."""
    names = value.get("names")
    if not isinstance(names, list):
        return [value]
    agent: dict[str, object] = {
        name: part for name, part in value.items() if name not in ("names", "members")
    }
    if value.get("members"):
        agent["member"] = value["members"]
    return [{**agent, "name": name} for name in names] or [agent]


def _document(work: Work, service: DocumentService, item: Item) -> str:
    """Why a document is not taken in; empty: it is, or the one that is here was changed later."""
    name = _name(work.store, service, item.value)
    if isinstance(name, str):
        return name
    try:
        body = base64.b64decode(str(item.value.get("content", "")), validate=True)
    except binascii.Error:
        return "has a content that is no base64."
    agent, kind = item.value.get("agent"), item.value.get("contentType") or UNTYPED
    shown = json.dumps(agent, ensure_ascii=False, separators=(",", ":")) if isinstance(agent, dict) else ""
    if len(shown.encode()) > LARGEST_AGENT:
        return f"has an agent of more than {LARGEST_AGENT} bytes."
    if not isinstance(kind, str) or not is_media_type(kind):
        return f"has a contentType that is no media type of at most {LONGEST_TYPE} characters."
    here = work.lrs.documents.read(name)
    if here is not None and (here.body, here.content_type) == (body, kind):
        return ""
    if here is not None and here.updated > (_updated(item) or here.updated):
        return ""
    none_there = Conditions(if_none_match=Tags(frozenset(), True))
    over = none_there if here is None else Conditions(if_match=Tags(frozenset((here.etag,))))
    try:
        work.lrs.documents.put(name, Content(work.job.created_by, body, kind, shown), over, V2)
    except (WriteConflict, PreconditionFailed) as error:
        raise Unavailable(PART, "others keep writing the same") from error
    except Unavailable:
        raise
    except LightrailError as error:
        return f"was refused: {error}"
    return ""


def _name(store: str, service: DocumentService, value: Mapping[str, object]) -> DocumentName | str:
    """The name of a document, or what is wrong with it."""
    own, activity, registration = value.get("id"), value.get("activity", ""), value.get("registration", "")
    agent = value.get("agent")
    key = agent_key(agent) if isinstance(agent, dict) and not validate_identified_actor(agent, V2) else None
    if not isinstance(own, str) or not 0 < len(own) <= LONGEST_ID:
        return f"has no id of 1 to {LONGEST_ID} characters."
    if service != "activity-profiles" and key is None:
        return "has no agent that xAPI knows."
    if service != "agent-profiles" and not (is_iri(activity) and len(str(activity)) <= LONGEST_IRI):
        return f"has no activity that is an IRI of at most {LONGEST_IRI} characters."
    if registration and not _is_uuid(registration):
        return "has a registration that is no UUID."
    context = DocumentContext(
        store,
        service,
        "" if service == "activity-profiles" else str(key),
        "" if service == "agent-profiles" else str(activity),
    )
    return DocumentName(context, own, str(registration).lower() if service == "states" else "")


def _updated(item: Item) -> int | None:
    told = item.known.get("updated")
    return parse_timestamp(told, V1) if isinstance(told, str) else None


def _is_uuid(value: object) -> bool:
    try:
        return str(uuid.UUID(str(value))) == str(value).lower()
    except ValueError:
        return False
