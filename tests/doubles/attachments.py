"""The records of attachments in memory."""

import threading
from collections.abc import Sequence
from dataclasses import replace

from chalicelib.ports.attachments import AttachmentRecord


class MemoryAttachmentRecords:
    """Stands in for `ports.attachments.AttachmentRecords`; `records` is what it holds, by store and hash."""

    def __init__(self) -> None:
        self.records: dict[tuple[str, str], AttachmentRecord] = {}
        self._lock = threading.Lock()

    def get_many(self, store: str, sha256s: Sequence[str]) -> dict[str, AttachmentRecord]:
        with self._lock:
            return {
                sha256: self.records[store, sha256] for sha256 in sha256s if (store, sha256) in self.records
            }

    def claim(
        self, store: str, sha256: str, batch: str, lease_until: int, generation: str
    ) -> AttachmentRecord:
        with self._lock:
            found = self.records.get((store, sha256))
            if found is not None and found.freeing is not None:
                return found
            if found is None:
                found = AttachmentRecord(store, sha256, generation, revision=0)
            claims = {**found.claims, batch: lease_until}
            return self._put(replace(found, claims=claims, due=lease_until))

    def mark_stored(self, store: str, sha256: str, batch: str, generation: str, size: int) -> bool:
        with self._lock:
            found = self.records.get((store, sha256))
            if found is None or found.generation != generation or found.freeing or batch not in found.claims:
                return False
            self._put(replace(found, stored=True, size=size))
            return True

    def release(self, store: str, sha256: str, batch: str) -> None:
        with self._lock:
            found = self.records.get((store, sha256))
            if found is None or batch not in found.claims:
                return
            claims = {name: lease for name, lease in found.claims.items() if name != batch}
            done = not (claims or found.wanted or found.leftovers)
            self._put(replace(found, claims=claims, due=None if done else found.due))

    def replace(self, record: AttachmentRecord) -> AttachmentRecord | None:
        with self._lock:
            found = self.records.get((record.store, record.sha256))
            if found is None or found.revision != record.revision:
                return None
            return self._put(record)

    def remove(self, record: AttachmentRecord) -> bool:
        with self._lock:
            found = self.records.get((record.store, record.sha256))
            if found is None or found.revision != record.revision:
                return False
            del self.records[record.store, record.sha256]
            return True

    def due(self, before: int, limit: int) -> list[AttachmentRecord]:
        with self._lock:
            listed = [
                record for record in self.records.values() if record.due is not None and record.due < before
            ]
            return sorted(listed, key=lambda record: record.due or 0)[:limit]

    def _put(self, record: AttachmentRecord) -> AttachmentRecord:
        changed = replace(record, revision=record.revision + 1)
        self.records[record.store, record.sha256] = changed
        return changed
