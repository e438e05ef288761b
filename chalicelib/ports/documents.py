"""Where documents are kept: states, activity profiles, agent profiles.

Times are microseconds since 1970. A body that is too large for a record is an object of the bucket;
docs/record-store.md says how neither is lost, nor left behind.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

PART = "The document store"
"""Its name in errors and in the log, whoever finds that it does not answer."""

DocumentService = Literal["states", "activity-profiles", "agent-profiles"]


@dataclass(frozen=True)
class DocumentContext:
    """What documents belong to. `agent`: its key; empty for activity profiles. `activity`: empty for agent profiles."""

    store: str
    service: DocumentService
    agent: str = ""
    activity: str = ""


@dataclass(frozen=True)
class DocumentName:
    """Where one document is. `id`: stateId or profileId. `registration`: of a state, in lower case; empty: none."""

    context: DocumentContext
    id: str
    registration: str = ""


@dataclass(frozen=True)
class Document:
    """A document as it is stored.

    `agent`: as JSON, as it was sent last; empty for activity profiles. `etag`: SHA-1 of the bytes in hex. `write`:
    names the write that made this version. `replaced`: the etag of the version before; empty: there was none. `body`
    None: it is the object `object` of the bucket, or was left out of a list.
    """

    name: DocumentName
    client: str
    agent: str
    content_type: str
    etag: str
    size: int
    stored: int
    updated: int
    write: str
    replaced: str = ""
    pseudonymized: bool = False
    object: str = ""
    body: bytes | None = field(default=None, repr=False)

    @property
    def position(self) -> tuple[int, str]:
        """Its place in the list of its store and service, which no later write changes."""
        return self.stored, position_name(self.name)


def position_name(name: DocumentName) -> str:
    """A short text that stands for the name in positions and keys."""
    import hashlib
    import json

    parts = [name.context.agent, name.context.activity, name.registration, name.id]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class BodyObject:
    """An object of the bucket that no document has: not yet, or not any more. `due`: from then on it may be deleted."""

    store: str
    id: str
    due: int


class DocumentStore(Protocol):
    """Every call is one read or one conditional write, alone or as one transaction; raises `Unavailable`."""

    def get(self, name: DocumentName) -> Document | None:
        """The document as it is now (strongly consistent)."""
        ...

    def put(self, document: Document, over: Document | None, now: int) -> bool:
        """Writes it over this version (None: where there is none); False where that is not what is there.

        In the same step the object of the new version is no longer due, and that of the old one is, from `now` on.
        False also where the new object was not begun, or is being deleted.
        """
        ...

    def move(self, document: Document, moved: Document, over: Document | None, now: int) -> bool:
        """Takes `document` away and writes `moved`, of another name, over `over`, in one step."""
        ...

    def delete(self, documents: Sequence[Document], now: int) -> bool:
        """Deletes all of these versions (at most 40) or none; False where one of them changed or is gone.

        Their objects are due from `now` on.
        """
        ...

    def in_context(self, context: DocumentContext, registration: str | None) -> list[Document]:
        """All documents there, without bodies (strongly consistent); of this registration where one is given."""
        ...

    def listing(
        self, store: str, service: DocumentService, after: tuple[int, str] | None, limit: int
    ) -> list[Document]:
        """Up to `limit` documents behind that position, without bodies; as an index shows them, a little late."""
        ...

    def count(self, store: str, service: DocumentService, until: int) -> int:
        """How many documents were first stored up to that time; as an index shows them, a little late."""
        ...

    def begin_object(self, item: BodyObject) -> None:
        """Notes that an object will be stored that no document has yet."""
        ...

    def due_objects(self, before: int, limit: int) -> list[BodyObject]:
        """Up to `limit` objects of all stores that were due before that time; as an index shows them."""
        ...

    def claim_deletion(self, item: BodyObject) -> bool:
        """From here on no document can have the object. False: one has it, or it is gone."""
        ...

    def forget_object(self, item: BodyObject) -> None:
        """Removes the note of an object that was deleted."""
        ...
