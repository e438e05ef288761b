"""Where it is kept which calls were made under an Idempotency-Key, and how they were answered.

Times are seconds since 1970.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class KeptAnswer:
    """The answer to a call, as it is given again. `body` None: it had none."""

    status: int
    headers: Mapping[str, str]
    body: bytes | None = field(repr=False)


@dataclass(frozen=True)
class KeyRecord:
    """A key that a caller has sent.

    `id`: derived from caller and key. `version`: a value never used before, chosen by whoever writes the record.
    `fingerprint`: by which the same request is known. `write_id`: the id of the write that the call makes, in every
    run of it. `lease_until`: until then a run of the call may be under way. `done`: the call was made. `answer`: None
    where it is not made, or its answer is not kept.
    """

    id: str
    version: str
    fingerprint: str = field(repr=False)
    write_id: str
    lease_until: float
    expires_at: float
    done: bool = False
    answer: KeptAnswer | None = None


class IdempotencyStore(Protocol):
    """Every read sees every write answered before it. Every call raises `Unavailable` without an answer."""

    def get(self, key_id: str) -> KeyRecord | None:
        """The record; one that has expired may be there still, or be gone."""
        ...

    def put(self, record: KeyRecord, expected: str | None) -> bool:
        """Writes the whole record if the stored version is `expected` (None: if there is none).

        False: it is not, nothing was written by this call.
        """
        ...
