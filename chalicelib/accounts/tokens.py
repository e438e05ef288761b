"""Access tokens in the manner of Laravel Sanctum: `<id>|<secret>`, shown once, only a SHA-256 is kept."""

import hashlib
import hmac
import re
import secrets
import string
from dataclasses import dataclass

from chalicelib.ports.accounts import TokenRecord, UserRecord

USER_KEY_LENGTH = 26  # 128 bits in base32, see users.user_key
ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
ID_TAIL_LENGTH = 10
SECRET_ALPHABET = string.ascii_letters + string.digits
SECRET_LENGTH = 40  # as Sanctum's; 238 bits
MAX_HEADER_LENGTH = 256  # a well-formed value has 84 characters

_BEARER = re.compile(
    # The scheme is written in any case, the token is not.
    rf"[ \t]*(?i:bearer)[ \t]+([a-z2-7]{{{USER_KEY_LENGTH + ID_TAIL_LENGTH}}})\|"
    rf"([A-Za-z0-9]{{{SECRET_LENGTH}}})[ \t]*",
    re.ASCII,
)
_NO_DIGEST = "0" * 64  # the digest of no secret anyone can find; compared with where no token is known


class PlainToken:
    """A token in the clear, which exists only between its making and the one answer that shows it.

    It hides itself in `repr`, `str`, formatting and logs; `reveal` is the only way to read it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """`<id>|<secret>`, for the answer that shows it."""
        return self._value

    def __repr__(self) -> str:
        return "PlainToken(hidden)"


@dataclass(frozen=True, repr=False)
class Credentials:
    """The well-formed token of a request, not yet checked against anything."""

    token_id: str
    secret: str

    @property
    def user_key(self) -> str:
        """The key of the only user who can own this token."""
        return self.token_id[:USER_KEY_LENGTH]

    def match(self, user: UserRecord | None, now: float) -> TokenRecord | None:
        """The user's token that these credentials prove, None where there is none or it has expired.

        The secret is hashed and compared in constant time whether or not the token is known.
        """
        token = user.token(self.token_id) if user else None
        matches = hmac.compare_digest(digest(self.secret), token.digest if token else _NO_DIGEST)
        if token is None or not matches:
            return None
        return None if token.expires_at is not None and token.expires_at <= now else token


def read_header(value: str | None) -> Credentials | None:
    """The token of an `Authorization` header (`Bearer <id>|<secret>`), None for anything else of any size."""
    if not isinstance(value, str) or len(value) > MAX_HEADER_LENGTH:
        return None
    found = _BEARER.fullmatch(value)
    return Credentials(found[1], found[2]) if found else None


def issue(user_key: str, name: str, now: float, lifetime: float | None) -> tuple[TokenRecord, PlainToken]:
    """A new token: what is kept of it, and the token itself. `lifetime` in seconds, None: until revoked."""
    token_id = user_key + "".join(secrets.choice(ID_ALPHABET) for _ in range(ID_TAIL_LENGTH))
    secret = "".join(secrets.choice(SECRET_ALPHABET) for _ in range(SECRET_LENGTH))
    expires_at = None if lifetime is None else now + lifetime
    return TokenRecord(token_id, digest(secret), name, now, expires_at), PlainToken(f"{token_id}|{secret}")


def digest(secret: str) -> str:
    """The SHA-256 of a secret, in hex; the secret is random, so it needs neither salt nor cost."""
    return hashlib.sha256(secret.encode()).hexdigest()
