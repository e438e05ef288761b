"""Changing one document: a conditional write over the version that was read, and known by its name.

docs/record-store.md says under "Documents" what becomes of answers that are lost.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chalicelib.errors import LightrailError, PreconditionFailed, Unavailable, WriteConflict
from chalicelib.lrs.documents.bodies import Bodies
from chalicelib.lrs.documents.conditions import DocumentExists
from chalicelib.lrs.errors import TooLarge
from chalicelib.ports.blobs import BlobNotFound
from chalicelib.ports.documents import PART, Document, DocumentName, DocumentStore
from chalicelib.times import microseconds

if TYPE_CHECKING:
    from chalicelib.ports.clock import Clock

INLINE_BYTES = 300_000  # DynamoDB: 400 KB an item, its names and keys included
MOST_BYTES = 4_500_000  # Lambda: 6 MB of answer, in base64
TRIES, PAUSE_SECONDS = 10, 0.02
RETRY_SECONDS = 300.0  # a client whose answer was lost sends the request again within that time


@dataclass(frozen=True)
class Content:
    """What a request brings, and who sends it. `agent`: the agent of the document as JSON; empty: it has none."""

    client: str
    body: bytes = field(repr=False)
    content_type: str
    agent: str = ""


Change = Callable[[Document | None], tuple[bytes, str]]
"""The document as it is → the bytes and content type that it shall have."""


class Changing:
    """Reads documents and writes over what was read."""

    def __init__(
        self, store: DocumentStore, bodies: Bodies, clock: "Clock", new_id: Callable[[], str]
    ) -> None:
        self._store, self._bodies, self._clock, self._new_id = store, bodies, clock, new_id

    def read(self, name: DocumentName) -> Document | None:
        """The document with its bytes. Raises `Unavailable`."""
        seen = ""
        while True:
            document = self._store.get(name)
            if document is None or document.body is not None:
                return document
            try:
                return replace(document, body=self._bodies.read(name.context.store, document.object))
            except BlobNotFound:
                if document.object == seen:
                    raise Unavailable(PART, "the object of a body is missing") from None
                seen = document.object  # replaced since the record was read

    def change(
        self, name: DocumentName, content: Content, change: Change, allow: Callable[[str], None]
    ) -> None:
        """Makes of the document what `change` says; `allow` raises where its ETag (empty: there is none) forbids it.

        Raises `TooLarge`, `WriteConflict`, `Unavailable` (it may have happened; the same request again tells).
        """
        if len(content.body) > MOST_BYTES:
            raise TooLarge(f"The document is larger than {MOST_BYTES} bytes.")
        for _ in range(TRIES):
            current = self.read(name)
            try:
                allow("" if current is None else current.etag)
            except (PreconditionFailed, DocumentExists):
                if current is not None and self._is_done(current, content, change, allow):
                    return
                raise
            if self._write(name, content, change(current), current):
                return
            self._clock.sleep(PAUSE_SECONDS)
        raise WriteConflict("Document", name.id)

    def _is_done(
        self, current: Document, content: Content, change: Change, allow: Callable[[str], None]
    ) -> bool:
        """Whether the request was carried out a moment ago and its answer lost (RFC 9110 13.1.1 allows a success)."""
        age = microseconds(self._clock.now()) - current.updated
        if current.client != content.client or age > microseconds(RETRY_SECONDS):
            return False
        try:
            allow(current.replaced)
            return change(current) == (current.body, current.content_type)
        except LightrailError:
            return False

    def _write(
        self, name: DocumentName, content: Content, made: tuple[bytes, str], current: Document | None
    ) -> bool:
        """One try; False where another was faster, and nothing was written."""
        body, content_type = made
        if len(body) > MOST_BYTES:
            raise TooLarge(f"The merged document would be larger than {MOST_BYTES} bytes.")
        store = name.context.store
        kept = self._bodies.keep(store, body) if len(body) > INLINE_BYTES else ""
        now = microseconds(self._clock.now())
        document = Document(
            name=name,
            client=content.client,
            agent=content.agent,
            content_type=content_type,
            etag=hashlib.sha1(body, usedforsecurity=False).hexdigest(),
            size=len(body),
            stored=now if current is None else current.stored,
            updated=now if current is None else max(now, current.updated + 1),
            write=self._new_id(),
            replaced="" if current is None else current.etag,
            object=kept,
            body=None if kept else body,
        )
        if self._put(document, current, now):
            self._bodies.drop(store, "" if current is None else current.object)
            return True
        self._bodies.drop(store, kept)
        return False

    def _put(self, document: Document, current: Document | None, now: int) -> bool:
        """Writes, and looks where the answer is lost, or says that another was faster: perhaps it was this write."""
        lost: Unavailable | None = None
        try:
            if self._store.put(document, current, now):
                return True
        except Unavailable as error:
            lost = error
        found = self._store.get(document.name)
        if found is not None and found.write == document.write:
            return True
        if lost is not None and (found and found.write) == (current and current.write):
            raise lost
        return False
