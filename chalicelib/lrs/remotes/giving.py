"""What a store gives to another place: items of a service, read by what a plan keeps of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from chalicelib.lrs.data.documents import document_of
from chalicelib.lrs.data.shape import whole
from chalicelib.lrs.keys import agent_key
from chalicelib.lrs.pseudonyms.replacing import pseudonymized
from chalicelib.lrs.remotes.lrs import hashes_in
from chalicelib.lrs.remotes.shape import Item
from chalicelib.ports.documents import DocumentService
from chalicelib.ports.registries import EntryName, Registry
from chalicelib.times import written

if TYPE_CHECKING:
    from chalicelib.lrs.jobs.machine.services import JobServices
    from chalicelib.lrs.pseudonyms.identities import Pseudonyms
    from chalicelib.ports.statement_store import StatementRecord

Json = Mapping[str, object]


def given(lrs: JobServices, service: str, store: str, chosen: Sequence[Json], raw: bool) -> list[Item]:
    """The items of a plan as they are now; those that are gone, or voided since, are left out.

    `raw`: of statements nothing but what they are. Raises `Unavailable`.
    """
    if service == "statements":
        return _statements(lrs, store, chosen, raw)
    if service in ("agents", "activities"):
        return _entries(lrs, cast(Registry, service), store, chosen)
    return _documents(lrs, cast(DocumentService, service), store, chosen)


def under_pseudonyms(item: Item, service: str, pseudonyms: Pseudonyms) -> Item:
    """The item with pseudonyms in the place of agents; bytes that only a signature needed stay behind."""
    if service == "statements":
        value = pseudonymized(item.value, pseudonyms)
        kept = hashes_in(value)
        contents = {sha256: each for sha256, each in item.contents.items() if sha256 in kept}
        return replace(item, value=value, contents=contents, known=_under_pseudonym(item.known))
    if service == "agents":
        key = agent_key(item.value) or ""
        known = _under_pseudonym({**item.known, "id": pseudonyms.key_for(key)}) if item.known else {}
        return replace(item, value=pseudonyms.agent(item.value), known=known)
    agent = item.value.get("agent")
    if not isinstance(agent, dict):
        return item
    value = {**item.value, "agent": pseudonyms.agent(agent)}
    return replace(item, value=value, known=_under_pseudonym(item.known))


def _under_pseudonym(known: Json) -> Json:
    return {**known, "pseudonymized": True} if known else known


def _statements(lrs: JobServices, store: str, chosen: Sequence[Json], raw: bool) -> list[Item]:
    found = lrs.statement_store.get_many(store, [str(each["id"]) for each in chosen])
    items = []
    for each in chosen:
        record = found.get(str(each["id"]))
        if record is None or record.voided or record.stored != whole(each["stored"]):
            continue
        contents: dict[str, bytes] = {}
        for sha256 in record.attachments:
            content = lrs.attachments.read(store, sha256)
            if content is not None:
                contents[sha256] = content
        known = {} if raw else _known(record)
        items.append(Item(f"Statement {record.id}", json.loads(record.text), known, contents))
    return items


def _known(record: StatementRecord) -> Json:
    return {
        "id": record.id,
        "stored": written(record.stored),
        "updated": written(record.updated),
        "client": record.client,
        "validated": record.validated,
        "valid": record.valid,
        "pseudonymized": record.pseudonymized,
    }


def _entries(lrs: JobServices, registry: Registry, store: str, chosen: Sequence[Json]) -> list[Item]:
    names = [EntryName(registry, str(each["key"])) for each in chosen]
    found = lrs.registry_store.get_many(store, names)
    items = []
    for name in names:
        entry = found.get(name)
        if entry is not None:
            known = {
                "id": entry.key,
                "stored": written(entry.stored),
                "updated": written(entry.updated),
                "pseudonymized": entry.pseudonymized,
            }
            items.append(Item(f"An entry of {registry}", json.loads(entry.text), known))
    return items


def _documents(lrs: JobServices, service: DocumentService, store: str, chosen: Sequence[Json]) -> list[Item]:
    items = []
    for each in chosen:
        name = document_of(store, service, each).name
        document = lrs.documents.read(name)
        if document is None:
            continue
        value: dict[str, object] = {"id": name.id}
        if document.agent:
            value["agent"] = json.loads(document.agent)
        if name.context.activity:
            value["activity"] = name.context.activity
        if name.registration:
            value["registration"] = name.registration
        value["contentType"] = document.content_type
        value["content"] = base64.b64encode(document.body or b"").decode()
        known = {
            "id": document.position[1],
            "stored": written(document.stored),
            "updated": written(document.updated),
            "pseudonymized": document.pseudonymized,
        }
        items.append(Item(f"Document {name.id[:100]}", value, known))
    return items
