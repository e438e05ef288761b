"""Calls that a client may send again: what was made under an Idempotency-Key is not made twice.

             claim                          keep, close
(nothing) ──────────> running ────────────────────────────────> done (answer kept, or not)
                      │  ^        release, or the lease is over
                      v  │ claim
                      open

Each arrow is one write against the version that was read. A run that dies leaves `running`, which is `open` once its
lease is over. All runs of a call share a write id, by which what an earlier run wrote is recognised.
Source: draft-ietf-httpapi-idempotency-key-header.
"""

import hashlib
import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from chalicelib.errors import Invalid, KeyInUse, Unavailable
from chalicelib.passwords import ScryptCost, hash_password, verify_password
from chalicelib.ports.clock import Clock
from chalicelib.ports.idempotency import IdempotencyStore, KeptAnswer, KeyRecord

KEPT_SECONDS = 24 * 3600.0
LEASE_SECONDS = 60.0  # a call is ended after 29 s: two runs of one call never overlap
KEPT_BYTES = 300_000  # of a body; an article has at most 200 KB, an item of the table 400 KB
TRIES = 5

RUNNING = "A call with this Idempotency-Key is still running; send it again in a moment."
NOT_KEPT = (
    "The call with this Idempotency-Key has been made already, and its answer is not kept: it may hold a secret, or is "
    "too large. Nothing was done now. Look what became of it; another call needs another key."
)
OTHER_REQUEST = "The Idempotency-Key was sent with another request before; take a new key for each request."

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class KeyedCall:
    """A call under a key. `request`: a digest of all that makes it this call and no other. `secret`: it holds one."""

    caller: str
    key: str
    request: str = field(repr=False)
    secret: bool = False

    @property
    def id(self) -> str:
        """Keys of different callers never meet; the key itself is not kept."""
        return hashlib.sha256(f"{self.caller}\0{self.key}".encode()).hexdigest()


class Idempotency:
    """The keys of all callers."""

    def __init__(
        self,
        store: IdempotencyStore,
        clock: Clock,
        new_id: Callable[[], str],
        cost: ScryptCost | None = None,
    ) -> None:
        """`new_id` makes ids that no other write will ever have; `cost` is that of the digest of a secret."""
        self._store, self._clock, self._new_id, self._cost = store, clock, new_id, cost or ScryptCost()

    def claim(self, call: KeyedCall) -> KeyRecord | KeptAnswer:
        """The right to make the call, or the answer that it got before.

        Raises `KeyInUse` (it is running, or was made and the answer is not kept), `Invalid` (the key belongs to
        another request), `Unavailable` (nothing was done).
        """
        for _ in range(TRIES):
            found = self._store.get(call.id)
            now = self._clock.now()
            if found is not None and found.expires_at <= now:
                wanted = self._begun(call, now)  # the table's own expiry may be days late
            elif found is None:
                wanted = self._begun(call, now)
            else:
                self._check(found, call)
                if found.answer is not None:
                    return found.answer
                if found.done:
                    raise KeyInUse(NOT_KEPT)
                if found.lease_until > now:
                    raise KeyInUse(RUNNING)
                wanted = self._resumed(found, now)
            if self._written(wanted, None if found is None else found.version):
                return wanted
        raise KeyInUse(RUNNING)

    def keep(self, claimed: KeyRecord, answer: KeptAnswer) -> None:
        """The call was made: its answer is given to who sends it again, unless it is too large."""
        small = answer.body is None or len(answer.body) <= KEPT_BYTES
        self._settle(replace(claimed, done=True, answer=answer if small else None), claimed)

    def close(self, claimed: KeyRecord) -> None:
        """The call was made, and its answer is not to be kept."""
        self._settle(replace(claimed, done=True), claimed)

    def release(self, claimed: KeyRecord) -> None:
        """The call was not made, or nobody knows: it may be sent again at once."""
        self._settle(replace(claimed, lease_until=0.0), claimed)

    def _begun(self, call: KeyedCall, now: float) -> KeyRecord:
        # Who can read the table must not be able to try passwords faster than on their own hashes.
        digest = hash_password(call.request, self._cost) if call.secret else call.request
        until, end = now + LEASE_SECONDS, now + KEPT_SECONDS
        return KeyRecord(call.id, self._new_id(), digest, self._new_id(), until, end)

    def _resumed(self, found: KeyRecord, now: float) -> KeyRecord:
        until, end = now + LEASE_SECONDS, now + KEPT_SECONDS
        return replace(found, version=self._new_id(), lease_until=until, expires_at=end)

    def _check(self, found: KeyRecord, call: KeyedCall) -> None:
        if call.secret != found.fingerprint.startswith("scrypt$"):
            same = False
        elif call.secret:
            same = verify_password(call.request, found.fingerprint)
        else:
            same = hmac.compare_digest(call.request, found.fingerprint)
        if not same:
            raise Invalid({"Idempotency-Key": [OTHER_REQUEST]})

    def _settle(self, record: KeyRecord, claimed: KeyRecord) -> None:
        """Notes the end of a run. The call itself has ended: where this fails, its lease ends it."""
        try:
            self._written(replace(record, version=self._new_id()), claimed.version)
        except Unavailable as error:
            _log.warning("the end of a call under an Idempotency-Key was not noted: %s", error.reason)

    def _written(self, record: KeyRecord, expected: str | None) -> bool:
        """Whether the record was written; one whose answer was lost is known by its version."""
        try:
            if self._store.put(record, expected):
                return True
        except Unavailable:
            if self._holds(record):
                return True
            raise
        return self._holds(record)

    def _holds(self, record: KeyRecord) -> bool:
        found = self._store.get(record.id)
        return found is not None and found.version == record.version
