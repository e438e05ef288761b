"""Keeping the bytes of attachments: claimed before they are stored, freed when nothing refers to them.

Bytes are deleted by the generation that the record named when freeing began, and a content that is claimed while a
dead process was freeing it gets a new generation: a deletion that arrives late hits bytes that nobody reads.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from chalicelib.errors import Unavailable
from chalicelib.ports.attachments import PART, AttachmentRecord, AttachmentRecords
from chalicelib.ports.blobs import BlobNotFound
from chalicelib.times import microseconds

if TYPE_CHECKING:
    from chalicelib.ports.blobs import Blobs
    from chalicelib.ports.clock import Clock

# Freeing is a search and two deletions. A function that does it is long dead, or its lease is taken over harmlessly.
FREEING_SECONDS = 60
PATIENCE_TRIES, PAUSE_SECONDS = 20, 0.15  # 3 seconds for another who frees the same content
RACES = 50  # lost to others who change the same record at the same moment


def object_key(store: str, sha256: str, generation: str) -> str:
    """Where the bytes are in the bucket."""
    return f"attachments/{store}/{sha256}/{generation}"


class Attachments:
    """The bytes of the attachments of all stores; a hash is SHA-256 in lower-case hex."""

    def __init__(
        self, records: AttachmentRecords, blobs: "Blobs", clock: "Clock", new_id: Callable[[], str]
    ) -> None:
        self._records, self._blobs, self._clock, self._new_id = records, blobs, clock, new_id

    def claim(self, store: str, batch: str, contents: Mapping[str, bytes], lease_until: int) -> None:
        """Holds these contents (hash → bytes) for the batch until its lease ends, and stores what is not there yet.

        From here on the bytes are there until the claim is released or has run out. Raises `Unavailable`; some may be
        claimed then. Leave those to the sweep: bytes that were sent without an answer may arrive late.
        """
        for sha256, data in contents.items():
            self._claim(store, batch, sha256, data, lease_until)

    def confirm(self, store: str, batch: str, sha256s: Iterable[str]) -> bool:
        """Whether the batch still holds all of these, bytes included; False where its claims ran out meanwhile."""
        wanted = list(dict.fromkeys(sha256s))
        records = self._records.get_many(store, wanted)
        return len(records) == len(wanted) and all(
            record.stored and record.freeing is None and batch in record.claims for record in records.values()
        )

    def release(self, store: str, batch: str, sha256s: Iterable[str]) -> None:
        """Ends the claims of a batch that has ended; what it did not commit is to be freed afterwards."""
        for sha256 in dict.fromkeys(sha256s):
            self._records.release(store, sha256, batch)

    def free(self, store: str, sha256s: Iterable[str], still_used: Callable[[str], bool]) -> None:
        """Deletes those of these contents that nothing refers to.

        `still_used` is asked once nobody can claim the hash any more; it must see every statement, those of open
        batches too. What another batch holds is freed by that batch, or by the sweep. Raises `Unavailable`; what was
        begun is then done by the same call again, or by the sweep.
        """
        for sha256 in dict.fromkeys(sha256s):
            self._free(store, sha256, still_used)

    def look_at(self, store: str, sha256s: Iterable[str], at: int) -> None:
        """Has the sweep ask after that time whether these contents are used: what refers to them is about to go.

        Raises `Unavailable`; to be called again then, before what refers to them goes.
        """
        for sha256 in dict.fromkeys(sha256s):
            self._look_at(store, sha256, at)

    def sweep(self, still_used: Callable[[str, str], bool], limit: int) -> int:
        """Ends what killed processes left: claims that ran out, freeings that stopped. Returns how many were looked at.

        `still_used`: store, hash → as in `free`. Raises `Unavailable` for the last that failed, after all were tried.
        """
        failed: Unavailable | None = None
        due = self._records.due(self._now(), limit)
        for record in due:
            try:
                self._free(record.store, record.sha256, partial(still_used, record.store))
            except Unavailable as error:
                failed = error
        if failed is not None:
            raise failed
        return len(due)

    def sizes(self, store: str, sha256s: Sequence[str]) -> dict[str, int]:
        """The sizes in bytes of those of these contents that are stored."""
        records = self._records.get_many(store, list(dict.fromkeys(sha256s)))
        return {sha256: record.size for sha256, record in records.items() if record.stored}

    def read(self, store: str, sha256: str) -> bytes | None:
        """The bytes of a content, whole; None where there are none. Raises `Unavailable`."""
        seen = None
        while True:
            record = self._records.get_many(store, [sha256]).get(sha256)
            if record is None:
                return None
            names = (record.generation, *reversed(record.leftovers))
            if names == seen:
                return None
            for generation in names:
                try:
                    return b"".join(self._blobs.read(object_key(store, sha256, generation)))
                except BlobNotFound:
                    continue
            seen = names  # perhaps replaced since the record was read

    def _claim(self, store: str, batch: str, sha256: str, data: bytes, lease_until: int) -> None:
        written: list[str] = []
        for _ in range(RACES):
            record = self._claimed(store, batch, sha256, lease_until)
            if not record.stored:
                self._blobs.put(object_key(store, sha256, record.generation), data)
                written.append(record.generation)
                if not self._records.mark_stored(store, sha256, batch, record.generation, len(data)):
                    continue  # this process stood still for longer than its claim
            for generation in written:
                if generation != record.generation:
                    self._blobs.delete(object_key(store, sha256, generation))
            if record.leftovers:
                self._clear_leftovers(store, sha256)
            return
        raise Unavailable(PART, "lost claims")

    def _claimed(self, store: str, batch: str, sha256: str, lease_until: int) -> AttachmentRecord:
        for _ in range(PATIENCE_TRIES):
            record = self._records.claim(store, sha256, batch, lease_until, self._new_id())
            if record.freeing is None:
                return record
            if record.freeing_until <= self._now():
                taken = self._records.replace(
                    replace(
                        record,
                        generation=self._new_id(),
                        stored=False,
                        size=0,
                        claims={batch: lease_until},
                        freeing=None,
                        freeing_until=0,
                        leftovers=(*record.leftovers, record.generation),
                        due=lease_until,
                    )
                )
                if taken is not None:
                    return taken
            self._clock.sleep(PAUSE_SECONDS)
        raise Unavailable(PART, "the content is being freed")

    def _clear_leftovers(self, store: str, sha256: str) -> None:
        """Deletes what earlier generations left, once the bytes of this one are there."""
        record = self._records.get_many(store, [sha256]).get(sha256)
        if record is None or record.freeing is not None or not record.stored:
            return
        self._delete_objects(store, sha256, record.leftovers)
        self._records.replace(
            replace(record, leftovers=())
        )  # beaten: they are known, and go when it is freed

    def _free(self, store: str, sha256: str, still_used: Callable[[str], bool]) -> None:
        token = self._new_id()
        record = self._begin_freeing(store, sha256, token)
        if record is None:
            return
        try:
            used = still_used(sha256)
        except Unavailable:
            self._change_own(record, token, lambda found: replace(_kept(found), due=self._now()))
            raise
        if used:
            self._change_own(record, token, _kept)
            return
        self._delete_objects(store, sha256, (record.generation, *record.leftovers))
        if not self._records.remove(record):
            after = self._records.get_many(store, [sha256]).get(sha256)
            if after is not None and after.freeing == token:
                raise Unavailable(PART, "a record that keeps changing")

    def _look_at(self, store: str, sha256: str, at: int) -> None:
        for _ in range(RACES):
            record = self._records.get_many(store, [sha256]).get(sha256)
            if record is None or (record.wanted and record.due is not None and record.due >= at):
                return
            if record.freeing is not None and record.freeing_until > self._now():
                self._clock.sleep(PAUSE_SECONDS)  # it may have asked while the content was still referred to
                continue
            due = max(at, record.due or 0)
            if self._records.replace(replace(record, wanted=True, due=due)) is not None:
                return
        raise Unavailable(PART, "the content is being freed")

    def _begin_freeing(self, store: str, sha256: str, token: str) -> AttachmentRecord | None:
        """The record as it is being freed by this token; None where there is nothing, or it is claimed."""
        tries = races = 0
        while tries < PATIENCE_TRIES and races < RACES:
            record = self._records.get_many(store, [sha256]).get(sha256)
            if record is None or record.freeing == token:
                return record
            now = self._now()
            if record.freeing is not None and record.freeing_until > now:
                # The other may have asked before the last reference went: its outcome decides nothing for this call.
                tries += 1
                self._clock.sleep(PAUSE_SECONDS)
                continue
            races += 1
            claims = {batch: lease for batch, lease in record.claims.items() if lease > now}
            if claims:
                if record.wanted or self._records.replace(replace(record, wanted=True)) is not None:
                    return None
                continue
            until = now + microseconds(FREEING_SECONDS)
            freeing = self._records.replace(
                replace(record, claims={}, freeing=token, freeing_until=until, due=until)
            )
            if freeing is not None:
                return freeing
        raise Unavailable(PART, "the content is being freed")

    def _change_own(
        self, record: AttachmentRecord, token: str, change: Callable[[AttachmentRecord], AttachmentRecord]
    ) -> None:
        """Changes the record while it is freed by this token; where it is taken over, the other goes on."""
        if self._records.replace(change(record)) is None:
            found = self._records.get_many(record.store, [record.sha256]).get(record.sha256)
            if found is not None and found.freeing == token:
                raise Unavailable(PART, "a record that keeps changing")

    def _delete_objects(self, store: str, sha256: str, generations: Iterable[str]) -> None:
        for generation in generations:
            self._blobs.delete(object_key(store, sha256, generation))

    def _now(self) -> int:
        return microseconds(self._clock.now())


def _kept(record: AttachmentRecord) -> AttachmentRecord:
    """Not freed: whoever asks next begins anew."""
    return replace(record, claims={}, freeing=None, freeing_until=0, wanted=False, due=None)
