"""Delta files that clients hand over themselves: in the body of a call, or by an upload that they get leave for.

    body:    store under a key of its own ──> accept
    upload:  leave (a record with a key of its own) ──> the client uploads ──> notice ──> accept, with the record

What is stored and not accepted is nobody's file: the bucket removes it after a while. `docs/pipeline.md` has the
table of what a crash leaves.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from chalicelib.errors import NotFound, NothingToCancel, WriteConflict
from chalicelib.ledger.acceptance import Acceptance
from chalicelib.ledger.delta_files import DeltaFile, just_accepted
from chalicelib.ports.blobs import Blobs
from chalicelib.ports.clock import Clock
from chalicelib.ports.ledger import Conflict, Ledger, Put
from chalicelib.ports.ledger_records import Upload
from chalicelib.ports.upload_links import UploadLinks

SUBMITTED = "submitted/"
"""Where files lie that came in the body of a call."""

UPLOADS = "uploads/"
"""Where files lie that were uploaded with leave: each under the id of its leave."""

LINK_SECONDS = 3600
"""How long a link takes an upload: it must begin by then. It ends earlier with the keys that signed it."""


@dataclass(frozen=True)
class Leave:
    """Leave to upload a file, and the address that takes it."""

    upload: Upload
    url: str


class Submissions:
    """Takes in files that clients hand over."""

    def __init__(
        self,
        acceptance: Acceptance,
        ledger: Ledger,
        blobs: Blobs,
        links: Callable[[], UploadLinks],
        clock: Clock,
        new_id: Callable[[], str],
        bucket: str,
    ) -> None:
        """`links` is asked for only when somebody wants to upload; `new_id` makes names that nobody guesses."""
        self._acceptance, self._ledger, self._blobs = acceptance, ledger, blobs
        self._links, self._clock, self._new_id, self._bucket = links, clock, new_id, bucket

    def submit(self, data: bytes, name: str | None, strict: bool, write_id: str | None = None) -> DeltaFile:
        """Stores and accepts a file.

        `write_id`: the same in every run of one call; such a run accepts no second file. Raises `WriteConflict`,
        `Unavailable`.
        """
        key = f"{SUBMITTED}{write_id or self._new_id()}"
        self._blobs.put(key, data)
        return just_accepted(self._acceptance.accept_body(name or self._name(key), key, strict))

    def allow_upload(self, size: int, name: str | None, strict: bool, write_id: str | None = None) -> Leave:
        """Gives leave to upload a file of so many bytes, which is accepted once it came.

        `write_id`: the same in every run of one call; such a run gives the same leave. Raises `Unavailable`.
        """
        id, now = write_id or self._new_id(), self._clock.now()
        key = f"{UPLOADS}{id}"
        upload = Upload(id, name or self._name(key), strict, size, now, now + LINK_SECONDS)
        url = self._links().upload_link(key, size, LINK_SECONDS)
        try:
            self._ledger.commit(Put(upload))
        except Conflict:
            upload = self.upload(id)
        return Leave(upload, url)

    def upload(self, id: str) -> Upload:
        """A leave to upload. Raises `NotFound`."""
        found = self._ledger.upload(id)
        if found is None:
            raise NotFound("Delta file", id)
        return found

    def state_of(self, upload: Upload) -> str:
        """What a file is shown as while nothing came of its upload: `awaited`, `expired`, or `cleared` if withdrawn."""
        if upload.withdrawn:
            return "cleared"
        return "expired" if upload.until <= self._clock.now() else "awaited"

    def withdraw(self, id: str) -> Upload:
        """Takes a leave back: what comes with it is not accepted. Done again it does nothing.

        Raises `NotFound`, `NothingToCancel` where a file came and was accepted, `WriteConflict`.
        """
        found = self.upload(id)
        if found.n:
            raise NothingToCancel(id, "accepted")
        if found.withdrawn:
            return found
        try:
            self._ledger.commit(Put(replace(found, withdrawn=True)))
        except Conflict:
            raise WriteConflict("Delta file", id) from None
        return replace(found, withdrawn=True)

    def _name(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"
