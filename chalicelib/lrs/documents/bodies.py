"""Bodies that are too large for a record: objects of the bucket, each noted before it is stored.

The note says that no document has the object; the write of the document takes it away in the same step. What the note
says past its time is therefore safe to delete.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.errors import Unavailable
from chalicelib.ports.documents import BodyObject, DocumentStore
from chalicelib.times import microseconds

if TYPE_CHECKING:
    from chalicelib.ports.blobs import Blobs
    from chalicelib.ports.clock import Clock

# Any writer is dead long before: a function lives 15 minutes at most.
WRITING_SECONDS = 3600


def object_key(store: str, name: str) -> str:
    """Where a body is in the bucket."""
    return f"documents/{store}/{name}"


class Bodies:
    """Stores and deletes the objects of large bodies."""

    def __init__(
        self, store: DocumentStore, blobs: "Blobs", clock: "Clock", new_id: Callable[[], str]
    ) -> None:
        self._store, self._blobs, self._clock, self._new_id = store, blobs, clock, new_id

    def keep(self, store: str, body: bytes) -> str:
        """Stores a body that no document has yet, and returns the name of its object."""
        until = microseconds(self._clock.now()) + microseconds(WRITING_SECONDS)
        item = BodyObject(store, self._new_id(), until)
        self._store.begin_object(item)
        self._blobs.put(object_key(store, item.id), body)
        return item.id

    def read(self, store: str, name: str) -> bytes:
        """The bytes. Raises `BlobNotFound`, `Unavailable`."""
        return b"".join(self._blobs.read(object_key(store, name)))

    def drop(self, store: str, name: str) -> None:
        """Deletes an object that no document has any more; what fails here, the sweep does."""
        if not name:
            return
        try:
            self._delete(BodyObject(store, name, 0))
        except Unavailable:
            return

    def sweep(self, limit: int) -> int:
        """Deletes what writers left behind. Returns how many were looked at. Raises `Unavailable`."""
        due = self._store.due_objects(microseconds(self._clock.now()), limit)
        for item in due:
            self._delete(item)
        return len(due)

    def _delete(self, item: BodyObject) -> None:
        if self._store.claim_deletion(item):
            self._blobs.delete(object_key(item.store, item.id))
            self._store.forget_object(item)
