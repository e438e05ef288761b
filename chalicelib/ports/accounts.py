"""Where users and their tokens are kept: one record per user, which holds the tokens as well.

One record is what makes the promises simple: a token is valid if and only if it stands in its user's record,
so a single conditional write creates, revokes, renews or deletes, and nothing leaves a token without user.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class TokenRecord:
    """What is kept of a token; times are seconds since 1970.

    `digest`: SHA-256 of the secret part, in hex.
    """

    id: str
    digest: str = field(repr=False)
    name: str
    created_at: float
    expires_at: float | None = None
    last_used_at: float | None = None


@dataclass(frozen=True)
class UserRecord:
    """A user with all tokens.

    `key`: derived from the e-mail without regard to case. `email`: as it was first spelled.
    `version`: a value never used before, chosen by whoever writes the record; a mark of last use leaves it.
    """

    key: str
    version: str
    email: str
    name: str
    password_hash: str = field(repr=False)
    is_admin: bool
    created_at: float
    tokens: tuple[TokenRecord, ...] = ()

    def token(self, token_id: str) -> TokenRecord | None:
        """The token with this id, None where there is none."""
        return next((token for token in self.tokens if token.id == token_id), None)


@dataclass(frozen=True)
class UserPage:
    """A part of the list of users, in no order; `cursor` None: the last part. Any page may be empty."""

    users: Sequence[UserRecord]
    cursor: str | None = None


class AccountStore(Protocol):
    """Every read sees every write answered before it. Every call raises `Unavailable` without an answer."""

    def get(self, key: str) -> UserRecord | None:
        """The user with this key, in one round trip."""
        ...

    def put(self, user: UserRecord, expected: str | None) -> bool:
        """Writes the whole record if the stored version is `expected` (None: if there is no such user).

        False: it is not, nothing was written by this call.
        """
        ...

    def delete(self, key: str, expected: str) -> bool:
        """Removes the record, tokens included, if its version is `expected`; False: it is not."""
        ...

    def mark_used(self, key: str, token_id: str, at: float, unless_since: float) -> bool:
        """Notes a token's last use unless it is gone or was marked after `unless_since`; False: not noted."""
        ...

    def page(self, cursor: str | None = None) -> UserPage:
        """A page of all users, from the start (None) or where an earlier page ended."""
        ...
