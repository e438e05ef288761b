"""Short-lived credentials of a client that runs of jobs give themselves to call the client's own endpoint.

The value is that of HTTP Basic, under a user name of its own; only a digest of the secret is kept, in the home of cmi5
tokens but apart from them: no slug holds the sign that their place has.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from chalicelib.errors import Unavailable
from chalicelib.lrs.access.basic import basic_value
from chalicelib.ports.clock import Clock
from chalicelib.ports.cmi5_tokens import TokenRecord, TokenStore
from chalicelib.ports.lrs_access import ClientRecord
from chalicelib.times import microseconds

RUN_USER = "run-token"  # a client may have the same user name: its password is tried where this is no token
SECRET_BYTES = 32
_ID_BYTES = 8
TRIES = 3  # for an id that is not taken: chance alone takes one


@dataclass(frozen=True)
class RunToken:
    """A credential. `authorization`: the value of the header."""

    id: str
    authorization: str = field(repr=False)


class RunTokens:
    """Gives, proves and takes back the credentials of runs. Every call raises `Unavailable` without an answer."""

    def __init__(self, tokens: TokenStore, clock: Clock) -> None:
        self._tokens, self._clock = tokens, clock

    def give(self, client: ClientRecord, seconds: float) -> RunToken:
        """A new credential of this client, over after so many seconds."""
        now = microseconds(self._clock.now())
        for _ in range(TRIES):
            token_id, secret = (
                f"{now:013x}{secrets.token_hex(_ID_BYTES)}",
                secrets.token_urlsafe(SECRET_BYTES),
            )
            record = TokenRecord(
                id=token_id,
                store=_place(client.store),
                client_id=client.id,
                digest=_digest(secret),
                agent={},
                activity_id="",
                origin="",
                created_at=now,
                expires_at=now + microseconds(seconds),
            )
            if self._tokens.add(record):
                return RunToken(token_id, f"Basic {basic_value(RUN_USER, f'{token_id}.{secret}')}")
        raise Unavailable("The token store", "every id was taken")

    def proves(self, client: ClientRecord, password: str) -> bool:
        """Whether this is a credential of the client in its present store, and not over."""
        token_id, dot, secret = password.partition(".")
        if not dot or len(token_id) != 13 + 2 * _ID_BYTES or not (token_id.isascii() and token_id.isalnum()):
            return False
        token = self._tokens.get(_place(client.store), token_id)
        if token is None or token.client_id != client.id:
            return False
        over = token.expires_at <= microseconds(self._clock.now())
        return hmac.compare_digest(token.digest, _digest(secret)) and not over

    def revoke(self, client: ClientRecord, token: RunToken) -> None:
        """Ends a credential."""
        self._tokens.remove(_place(client.store), [token.id])


def _place(store: str) -> str:
    return f"{store}#runs"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
