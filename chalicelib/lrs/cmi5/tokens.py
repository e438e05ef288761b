"""cmi5 tokens: issued by a client for one learner and one activity, exchanged once by the fetch URL, short-lived.

A token is the value of HTTP Basic itself: base64 of a fixed user name and a secret. Only the secret's SHA-256 is
kept: it has 256 random bits, so that nothing slower is needed. Source: cmi5 8.2.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from chalicelib.errors import Invalid, NotFound, Unavailable
from chalicelib.lrs.access.basic import TOKEN_USER, basic_value, read_header
from chalicelib.lrs.access.principal import Cmi5Session, Principal
from chalicelib.lrs.cmi5 import origin as origins
from chalicelib.lrs.cmi5.request import TokenRequest
from chalicelib.ports.clock import Clock
from chalicelib.ports.cmi5_tokens import TokenRecord, TokenStore
from chalicelib.ports.lrs_access import AccessStore, ClientRecord
from chalicelib.times import microseconds

# A session in which somebody learns: a working day. An assignable unit cannot ask for another token.
LIFE_SECONDS = 12 * 3600
# 13 digits of time are enough until the year 2112. With 10 random ones, and 43 of secret, no padding ends the
# base64, and none of its characters means anything in a URL.
TIME_DIGITS, RANDOM_DIGITS, SECRET_BYTES, SECRET_LENGTH = 13, 10, 32, 43
ID_LENGTH = TIME_DIGITS + RANDOM_DIGITS
TRIES = 3  # for an id that is not taken: chance alone takes one

ErrorCode = Literal["1", "2", "3"]
"""Used or expired; any other question of security; the application failed (cmi5 8.2.3.2)."""


@dataclass(frozen=True)
class FetchFailed:
    """The fetch URL gives no token."""

    code: ErrorCode
    text: str


_USED = FetchFailed("1", "The authorization token has already been returned, or the session has expired.")
_UNKNOWN = FetchFailed("2", "This is no fetch URL of a session here.")
_ELSEWHERE = FetchFailed("2", "The session belongs to a page of another origin.")
_SILENT = FetchFailed("3", "The service is not available at the moment, try again later.")


class Cmi5Tokens:
    """Issues tokens and tells what they allow."""

    def __init__(
        self,
        tokens: TokenStore,
        access: AccessStore,
        clock: Clock,
        new_secret: Callable[[int], str] = secrets.token_urlsafe,
    ) -> None:
        self._tokens, self._access, self._clock, self._new_secret = tokens, access, clock, new_secret

    def issue(self, principal: Principal, request: TokenRequest) -> str:
        """A new token of this client in its store. Raises `Invalid` for an origin that it does not let in."""
        client = self._access.read(principal.client).client
        if client is None:
            raise NotFound("Client", principal.client)
        if not origins.is_among(client.cors, request.origin):
            fault = f"The client does not let in {request.origin}: add the origin to its field cors."
            raise Invalid({"origin": [fault]})
        for _ in range(TRIES):
            token, secret = self._made(client, request)
            if self._tokens.add(token):
                return _value(token.id, secret)
        raise Unavailable("The token store", "every id was taken")

    def session(self, client: ClientRecord, value: str) -> Cmi5Session | None:
        """What the token allows; None: this client issued no such token in its store, or it is over."""
        token = self._known(client, value)
        if token is None or token.spent or self._is_over(token):
            return None
        return Cmi5Session(token.id, token.agent, token.activity_id, token.registration, token.origin)

    def fetch(self, client: str, store: str, value: str, origin: str | None) -> str | FetchFailed:
        """The token for the assignable unit, once, in exchange for the one in its fetch URL; that one ends.

        What stands in a URL may be seen by others: so it opens nothing but this exchange from then on.
        """
        try:
            return self._fetch(client, store, value, origin)
        except Unavailable:
            return _SILENT

    def revoke(self, principal: Principal, token_id: str) -> None:
        """Ends a token of the principal's store; one that is over already stays over."""
        self._tokens.remove(principal.store, [token_id])

    def _fetch(self, client: str, store: str, value: str, origin: str | None) -> str | FetchFailed:
        found = self._access.read(client, store)
        if (
            found.client is None
            or found.client.store != store
            or "cmi5/tokens" not in found.client.permissions
        ):
            return _UNKNOWN
        token = self._known(found.client, value)
        if token is None:
            return _UNKNOWN
        if token.spent or self._is_over(token):
            return _USED
        if origin is not None and not origins.matches(token.origin, origin):
            return _ELSEWHERE
        fresh, secret = self._renamed(token)
        return _value(fresh.id, secret) if self._tokens.exchange(token, fresh) else _USED

    def _known(self, client: ClientRecord, value: str) -> TokenRecord | None:
        read = _read(value)
        if read is None:
            return None
        token_id, secret = read
        token = self._tokens.get(client.store, token_id)
        if token is None or token.client_id != client.id:
            return None
        return token if hmac.compare_digest(token.digest, _digest(secret)) else None

    def _is_over(self, token: TokenRecord) -> bool:
        return token.expires_at <= microseconds(self._clock.now())

    def _made(self, client: ClientRecord, request: TokenRequest) -> tuple[TokenRecord, str]:
        now = microseconds(self._clock.now())
        return self._renamed(
            TokenRecord(
                id="",
                store=client.store,
                client_id=client.id,
                digest="",
                agent=request.agent,
                activity_id=request.activity_id,
                origin=request.origin,
                created_at=now,
                expires_at=now + microseconds(LIFE_SECONDS),
                registration=request.registration,
            )
        )

    def _renamed(self, token: TokenRecord) -> tuple[TokenRecord, str]:
        """The same token under an id and a secret of its own; it was created when the first was, and ends with it."""
        secret = self._new_secret(SECRET_BYTES)
        token_id = f"{token.created_at:0{TIME_DIGITS}x}{secrets.token_hex(RANDOM_DIGITS // 2)}"
        return replace(token, id=token_id, digest=_digest(secret)), secret


def _value(token_id: str, secret: str) -> str:
    return basic_value(TOKEN_USER, f"{token_id}.{secret}")


def _read(value: str) -> tuple[str, str] | None:
    """Id and secret in a token's value; None for anything else."""
    credentials = read_header(f"Basic {value}")
    if credentials is None or not credentials.is_token:
        return None
    token_id, _, secret = credentials.password.partition(".")
    if len(token_id) != ID_LENGTH or len(secret) != SECRET_LENGTH or not token_id.isalnum():
        return None
    return token_id, secret


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def as_json(answer: str | FetchFailed) -> Mapping[str, object]:
    """The body with which a fetch URL answers, always with status 200 (cmi5 8.2.1, 8.2.3)."""
    if isinstance(answer, FetchFailed):
        return {"error-code": answer.code, "error-text": answer.text}
    return {"auth-token": answer}
