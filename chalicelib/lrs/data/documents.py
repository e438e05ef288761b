"""States and profiles as data: gone through as they were first stored, removed with their bodies.

A document counts by its last change, as `since` does in xAPI: what was changed beyond the cutoff is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.lrs.data.shape import DataPage, DataService, Json, fitting, whole
from chalicelib.ports.documents import Document, DocumentContext, DocumentName, DocumentService

if TYPE_CHECKING:
    from chalicelib.lrs.documents.service import Documents as DocumentsOfAll
    from chalicelib.ports.clock import Clock
    from chalicelib.ports.documents import DocumentStore

# Documents are listed from an index that is a little behind: until then, one may be missing that was stored before.
INDEX_SECONDS = 5.0
WAIT_SECONDS = 1.0
OF_AGENTS: tuple[DocumentService, ...] = ("states", "agent-profiles")


class Documents(DataService):
    """The documents of one kind in a store."""

    def __init__(
        self, name: DocumentService, store: DocumentStore, documents: DocumentsOfAll, clock: Clock
    ) -> None:
        self.name = name
        self._service: DocumentService = name
        self._store, self._documents, self._clock = store, documents, clock

    def count(self, store: str, cutoff: int) -> int:
        """What was first stored up to the cutoff, as the index shows it."""
        return self._store.count(store, self._service, cutoff)

    def page(self, store: str, cutoff: int, position: Json | None, limit: int) -> DataPage:
        """Documents in the order in which they were first stored."""
        after = _after(position)
        if after is None and self._clock.now() < cutoff / 1_000_000 + INDEX_SECONDS:
            self._clock.sleep(WAIT_SECONDS)
            return DataPage((), {"after": None}, False)
        listed = self._store.listing(store, self._service, after, limit)
        found = [document for document in listed if document.stored <= cutoff]
        last = len(listed) < limit or len(found) < len(listed)
        chosen = [document for document in found if document.updated <= cutoff]
        items = fitting(chosen, item_of)
        if len(items) < len(chosen):
            return DataPage(items, {"after": list(chosen[len(items) - 1].position)}, False)
        end = found[-1].position if found else after
        return DataPage(items, {"after": None if end is None else list(end)}, last)

    def remove(self, store: str, items: Sequence[Json]) -> list[str]:
        """Removes these versions of documents; one that was changed since stays."""
        return [
            self.shown(item)
            for item in items
            if not self._documents.remove([document := document_of(store, self._service, item)])
            and self._store.get(document.name) is not None
        ]

    def shown(self, item: Json) -> str:
        """Its id, and its activity where it has one."""
        activity = f" of {item['activity']}" if item["activity"] else ""
        return f"{item['id']}{activity}"


def item_of(document: Document) -> Json:
    """The item of a document that was listed or read."""
    name = document.name
    return {
        "agent": name.context.agent,
        "activity": name.context.activity,
        "registration": name.registration,
        "id": name.id,
        "write": document.write,
        "object": document.object,
    }


def document_of(store: str, service: DocumentService, item: Json) -> Document:
    """As much of the document of an item as its removal needs; its name is whole."""
    context = DocumentContext(store, service, str(item["agent"]), str(item["activity"]))
    return Document(
        name=DocumentName(context, str(item["id"]), str(item["registration"])),
        client="",
        agent="",
        content_type="",
        etag="",
        size=0,
        stored=0,
        updated=0,
        write=str(item["write"]),
        object=str(item["object"]),
    )


def _after(position: Json | None) -> tuple[int, str] | None:
    after = None if position is None else position["after"]
    return (whole(after[0]), str(after[1])) if isinstance(after, list) else None
