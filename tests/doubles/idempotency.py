"""Idempotency keys in memory."""

from chalicelib.ports.idempotency import KeyRecord


class MemoryIdempotency:
    """The `IdempotencyStore` on a dictionary; what has expired stays, as it may on a table whose expiry is late."""

    def __init__(self) -> None:
        self.records: dict[str, KeyRecord] = {}

    def get(self, key_id: str) -> KeyRecord | None:
        return self.records.get(key_id)

    def put(self, record: KeyRecord, expected: str | None) -> bool:
        found = self.records.get(record.id)
        if (None if found is None else found.version) != expected:
            return False
        self.records[record.id] = record
        return True
