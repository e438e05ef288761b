"""Documents in memory."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from chalicelib.ports.documents import BodyObject, Document, DocumentContext, DocumentName, DocumentService


class MemoryDocuments:
    """Stands in for `ports.documents.DocumentStore`; `documents` and `objects` are what it holds.

    An object stands in `objects` with the time from which it is due, or None while a document has it.
    """

    def __init__(self) -> None:
        self.documents: dict[DocumentName, Document] = {}
        self.objects: dict[tuple[str, str], int | None] = {}
        self.deleting: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def get(self, name: DocumentName) -> Document | None:
        with self._lock:
            return self.documents.get(name)

    def put(self, document: Document, over: Document | None, now: int) -> bool:
        with self._lock:
            if not self._is(document.name, over) or not self._may_have(document):
                return False
            self._store(document)
            self._let_go(over, now)
            return True

    def move(self, document: Document, moved: Document, over: Document | None, now: int) -> bool:
        with self._lock:
            if not self._is(document.name, document) or not self._is(moved.name, over):
                return False
            del self.documents[document.name]
            self.documents[moved.name] = moved
            self._let_go(over, now)
            return True

    def delete(self, documents: Sequence[Document], now: int) -> bool:
        with self._lock:
            if not all(self._is(document.name, document) for document in documents):
                return False
            for document in documents:
                self._let_go(self.documents.pop(document.name), now)
            return True

    def in_context(self, context: DocumentContext, registration: str | None) -> list[Document]:
        with self._lock:
            return [
                replace(document, body=None)
                for name, document in self.documents.items()
                if name.context == context and registration in (None, name.registration)
            ]

    def listing(
        self, store: str, service: DocumentService, after: tuple[int, str] | None, limit: int
    ) -> list[Document]:
        with self._lock:
            found = [
                replace(document, body=None)
                for name, document in self.documents.items()
                if (name.context.store, name.context.service) == (store, service)
                and (after is None or document.position > after)
            ]
            return sorted(found, key=lambda document: document.position)[:limit]

    def count(self, store: str, service: DocumentService, until: int) -> int:
        with self._lock:
            return sum(
                (name.context.store, name.context.service) == (store, service) and document.stored <= until
                for name, document in self.documents.items()
            )

    def begin_object(self, item: BodyObject) -> None:
        with self._lock:
            self.objects[item.store, item.id] = item.due

    def due_objects(self, before: int, limit: int) -> list[BodyObject]:
        with self._lock:
            due = [
                BodyObject(*key, time)
                for key, time in self.objects.items()
                if time is not None and time < before
            ]
            return sorted(due, key=lambda item: item.due)[:limit]

    def claim_deletion(self, item: BodyObject) -> bool:
        with self._lock:
            if self.objects.get((item.store, item.id)) is None:
                return False
            self.deleting.add((item.store, item.id))
            return True

    def forget_object(self, item: BodyObject) -> None:
        with self._lock:
            self.objects.pop((item.store, item.id), None)
            self.deleting.discard((item.store, item.id))

    def _is(self, name: DocumentName, version: Document | None) -> bool:
        found = self.documents.get(name)
        return (found and found.write) == (version and version.write)

    def _may_have(self, document: Document) -> bool:
        key = (document.name.context.store, document.object)
        return not document.object or (self.objects.get(key) is not None and key not in self.deleting)

    def _store(self, document: Document) -> None:
        if document.object:
            self.objects[document.name.context.store, document.object] = None
        self.documents[document.name] = document

    def _let_go(self, document: Document | None, now: int) -> None:
        if document is not None and document.object:
            self.objects[document.name.context.store, document.object] = now
