"""The documents of all stores: states, activity profiles, agent profiles."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.errors import Invalid, Unavailable, WriteConflict
from chalicelib.lrs.documents.bodies import Bodies
from chalicelib.lrs.documents.changing import (
    INLINE_BYTES,
    PAUSE_SECONDS,
    TRIES,
    Changing,
    Content,
)
from chalicelib.lrs.documents.conditions import Conditions, check, check_put
from chalicelib.lrs.documents.merging import check_object, is_json, merged
from chalicelib.lrs.keys import agent_key
from chalicelib.lrs.versions import XapiVersion
from chalicelib.ports.documents import (
    Document,
    DocumentContext,
    DocumentName,
    DocumentService,
    DocumentStore,
)
from chalicelib.times import microseconds

if TYPE_CHECKING:
    from chalicelib.ports.blobs import Blobs
    from chalicelib.ports.clock import Clock

__all__ = ["INLINE_BYTES", "Content", "Documents", "Listed"]

PER_DELETION = 40  # DynamoDB: 100 actions a transaction, two for a document with an object
PAGES_PER_LISTING = 10
_CURSOR = re.compile("([0-9]{1,20})-([0-9a-f]{32})")


@dataclass(frozen=True)
class Listed:
    """A page of a list; `cursor` None: it is the last."""

    documents: list[Document]
    cursor: str | None


class Documents:
    """The documents of all stores."""

    def __init__(
        self, store: DocumentStore, blobs: "Blobs", clock: "Clock", new_id: Callable[[], str]
    ) -> None:
        self._store, self._clock, self._new_id = store, clock, new_id
        self._bodies = Bodies(store, blobs, clock, new_id)
        self._changing = Changing(store, self._bodies, clock, new_id)

    def read(self, name: DocumentName) -> Document | None:
        """The document with its bytes. Raises `Unavailable`."""
        return self._changing.read(name)

    def ids(
        self, context: DocumentContext, registration: str | None, since: int | None
    ) -> tuple[list[str], int | None]:
        """The ids of the documents there, changed after `since`; and when the last of them was changed."""
        found = [
            document
            for document in self._store.in_context(context, registration)
            if since is None or document.updated > since
        ]
        last = max((document.updated for document in found), default=None)
        return sorted({document.name.id for document in found}), last

    def put(self, name: DocumentName, content: Content, conditions: Conditions, version: XapiVersion) -> None:
        """Stores the bytes as they are.

        Raises `PreconditionFailed`, `DocumentExists`, `Invalid` (no condition where 1.0.3 demands one), `TooLarge`,
        `WriteConflict`, `Unavailable` (it may have happened; the same request again tells).
        """
        service = name.context.service
        self._changing.change(
            name,
            content,
            lambda document: (content.body, content.content_type),
            lambda etag: check_put(conditions, etag, service, version, name.id),
        )

    def post(self, name: DocumentName, content: Content, conditions: Conditions) -> None:
        """Stores a new document, or merges a JSON object into the one that is there.

        Raises as `put`, and `Invalid` where one of the two is no JSON object.
        """
        if is_json(content.content_type):
            check_object(content.body, "posted")

        def change(document: Document | None) -> tuple[bytes, str]:
            if document is None:
                return content.body, content.content_type
            for which, kind in (("posted", content.content_type), ("stored", document.content_type)):
                if not is_json(kind):
                    raise Invalid(
                        {"body": [f"The {which} document is not application/json, so it cannot be merged."]}
                    )
            return merged(document.body or b"", content.body), content.content_type

        self._changing.change(name, content, change, lambda etag: check(conditions, etag))

    def delete(self, name: DocumentName, conditions: Conditions) -> None:
        """Deletes the document; one that is gone already is fine. Raises `PreconditionFailed`, `Unavailable`."""
        for _ in range(TRIES):
            document = self._store.get(name)
            if document is None:
                return
            check(conditions, document.etag)
            try:
                if self._delete_all([document]):
                    return
            except Unavailable:
                if self._store.get(name) is None:
                    return
                raise
            self._clock.sleep(PAUSE_SECONDS)
        raise WriteConflict("Document", name.id)

    def clear(self, context: DocumentContext, registration: str | None) -> None:
        """Deletes every document there (up to 40 in one step). Raises `Unavailable`, `WriteConflict`."""
        for _ in range(TRIES):
            found = self._store.in_context(context, registration)
            deleted = [
                self._delete_all(found[start : start + PER_DELETION])
                for start in range(0, len(found), PER_DELETION)
            ]
            if all(deleted):
                return
            self._clock.sleep(PAUSE_SECONDS)
        raise WriteConflict("Documents of", context.activity or context.agent)

    def listing(
        self,
        store: str,
        service: DocumentService,
        filters: Callable[[Document], bool] = lambda document: True,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Listed:
        """Documents of a store, without bodies, in the order in which they were first stored.

        `filters`: whether one is wanted. A page may be short, or empty, and have a cursor yet. Raises `Invalid` (the
        cursor), `Unavailable`.
        """
        after = _position(cursor)
        found: list[Document] = []
        for _ in range(PAGES_PER_LISTING):
            page = self._store.listing(store, service, after, limit)
            for document in page:
                after = document.position
                if filters(document):
                    found.append(document)
                    if len(found) == limit:
                        return Listed(found, _cursor(after))
            if len(page) < limit:
                return Listed(found, None)
        return Listed(found, None if after is None else _cursor(after))

    def remove(self, documents: Sequence[Document]) -> int:
        """Deletes these versions, each if it has not changed since, and returns how many that were."""
        return sum(self._delete_all([document]) for document in documents)

    def rekey(self, document: Document, agent: Mapping[str, object]) -> bool:
        """Gives a document to another agent (a pseudonym); False where it changed meanwhile or is gone.

        Of two documents of one name that come together so, the one that was changed last stays.
        """
        current = self._store.get(document.name)
        key = agent_key(agent)
        if current is None or current.write != document.write or key is None:
            return False
        now = microseconds(self._clock.now())
        context = replace(document.name.context, agent=key)
        name = replace(document.name, context=context)
        other = self._store.get(name)
        if other is not None and other.updated >= current.updated:
            return self._delete_all([current])
        moved = replace(
            current,
            name=name,
            agent=json.dumps(agent, ensure_ascii=False, separators=(",", ":")),
            write=self._new_id(),
            pseudonymized=True,
        )
        if not self._store.move(current, moved, other, now):
            return False
        if other is not None:
            self._bodies.drop(context.store, other.object)
        return True

    def sweep(self, limit: int = 100) -> int:
        """Deletes the objects of bodies that no document has. Raises `Unavailable`."""
        return self._bodies.sweep(limit)

    def _delete_all(self, documents: Sequence[Document]) -> bool:
        """Deletes all of these versions, or none; False where one of them changed or is gone."""
        if not self._store.delete(documents, microseconds(self._clock.now())):
            return False
        for document in documents:
            self._bodies.drop(document.name.context.store, document.object)
        return True


def cursor_behind(document: Document) -> str:
    """Where a listing goes on behind a document."""
    return _cursor(document.position)


def _cursor(position: tuple[int, str]) -> str:
    return f"{position[0]}-{position[1]}"


def _position(cursor: str | None) -> tuple[int, str] | None:
    if cursor is None:
        return None
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise Invalid({"cursor": ["The cursor is not one that an answer gave: send it as it is."]})
    return int(found[1]), found[2]
