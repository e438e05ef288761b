"""Who is calling, and the calls that create, list, delete users and renew their tokens."""

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.accounts import tokens
from chalicelib.accounts.tokens import PlainToken
from chalicelib.accounts.users import User, UserRow, as_row, as_user, is_email, read_new_user, user_key
from chalicelib.errors import Forbidden, Invalid, NotFound, Unauthenticated, Unavailable, WriteConflict
from chalicelib.passwords import ScryptCost, hash_password
from chalicelib.ports.accounts import AccountStore, TokenRecord, UserRecord
from chalicelib.ports.clock import Clock

# last_used_at is for people; a write per request would cost more than the request.
SECONDS_BETWEEN_MARKS = 60.0
DELETE_ATTEMPTS = 5
TAKEN = "The email has already been taken."
NAME_IN_ERRORS = 100  # characters of a refused e-mail that an error repeats

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Principal:
    """Whoever makes a request; it holds no secret.

    `identity`: that of the user, whichever token was sent; of an earlier user of the same address it is another.
    """

    identity: str
    email: str
    name: str
    is_admin: bool
    token_id: str


class Accounts:
    """Users and their tokens.

    A token is checked against the store at every request, in one read: once revoked it is refused.
    """

    def __init__(self, store: AccountStore, clock: Clock, cost: ScryptCost | None = None) -> None:
        self._store, self._clock, self._cost = store, clock, cost or ScryptCost()

    def authenticate(self, header_value: str | None) -> Principal:
        """The caller named by an `Authorization` header.

        Raises `Unauthenticated` (none, malformed, unknown, revoked, expired) or `Unavailable`.
        """
        credentials = tokens.read_header(header_value)
        if credentials is None:
            raise Unauthenticated
        now = self._clock.now()
        user = self._store.get(credentials.user_key)
        token = credentials.match(user, now)
        if user is None or token is None:
            raise Unauthenticated
        self._mark_used(user, token, now)
        identity = f"{user.key}\0{user.created_at!r}"
        return Principal(identity, user.email, user.name, user.is_admin, token.id)

    def create_user(
        self,
        fields: Mapping[str, object],
        admin: bool = False,
        token_name: str = "api",  # noqa: S107 - the name under which the token is listed
        token_lifetime: float | None = None,
    ) -> tuple[User, PlainToken]:
        """Creates a user from `name`, `email` and `password`, with a first token. Other fields are ignored.

        `token_lifetime` in seconds, None: until revoked. Raises `Invalid` (every fault, a taken e-mail
        included), `Unavailable` (the user may have been created).
        """
        new, faults = read_new_user(fields)
        key = user_key(new.email)
        if "email" not in faults and self._store.get(key) is not None:
            faults["email"] = [TAKEN]
        if faults:
            raise Invalid(
                {field: faults[field] for field in ("name", "email", "password") if field in faults}
            )
        password_hash = hash_password(new.password, self._cost)
        now = self._clock.now()
        token, plain = tokens.issue(key, token_name, now, token_lifetime)
        user = UserRecord(key, _new_version(), new.email, new.name, password_hash, admin, now, (token,))
        if not self._write(user, None):
            raise Invalid({"email": [TAKEN]})
        return as_user(user), plain

    def users(self) -> list[UserRow]:
        """All users, the oldest first. Raises `Unavailable`."""
        records: dict[str, UserRecord] = {}
        page = self._store.page()
        records.update((user.key, user) for user in page.users)
        while page.cursor is not None:
            page = self._store.page(page.cursor)
            records.update((user.key, user) for user in page.users)
        return [
            as_row(user) for user in sorted(records.values(), key=lambda user: (user.created_at, user.key))
        ]

    def delete_user(self, email: object) -> User:
        """Deletes a user with all tokens, effective at the next request; returns who it was.

        Raises `Invalid` (no e-mail given), `NotFound` (unknown or malformed), `Forbidden` (an admin),
        `WriteConflict`, `Unavailable` (it may have happened).
        """
        user = found = self._find(email)
        for _ in range(DELETE_ATTEMPTS):
            if user.is_admin:
                raise Forbidden("Admin users cannot be deleted")
            if self._store.delete(user.key, user.version):
                return as_user(user)
            current = self._store.get(user.key)
            if current is None:
                # another call, or an earlier try of this one whose answer was lost, deleted it
                return as_user(user)
            user = current
        raise WriteConflict("User", found.email)

    def renew_token(
        self,
        email: object,
        token_name: str = "api",  # noqa: S107 - the name under which the token is listed
        token_lifetime: float | None = None,
    ) -> tuple[User, PlainToken]:
        """Revokes all tokens of a user and issues a new one in a single write: the old are valid, or the new.

        `token_lifetime` in seconds, None: until revoked. Raises `Invalid` (no e-mail given), `NotFound`
        (unknown or malformed), `WriteConflict` (renewed by another call at this moment), `Unavailable` (it
        may have happened).
        """
        user = self._find(email)
        token, plain = tokens.issue(user.key, token_name, self._clock.now(), token_lifetime)
        renewed = replace(user, version=_new_version(), tokens=(token,))
        if self._write(renewed, user.version):
            return as_user(renewed), plain
        raise WriteConflict("User", user.email)

    def _write(self, user: UserRecord, expected: str | None) -> bool:
        """Whether the record was written.

        A transport that sends a write twice, because the first answer was lost, is told that the version has
        changed: by the write itself. The version written tells that case from a lost race.
        """
        if self._store.put(user, expected):
            return True
        current = self._store.get(user.key)
        if current is None and expected is not None:
            raise NotFound("User", user.email)
        return current is not None and current.version == user.version

    def _find(self, email: object) -> UserRecord:
        text = email.strip() if isinstance(email, str) else email
        if text is None or text == "":
            raise Invalid({"email": ["The email field is required."]})
        user = self._store.get(user_key(text)) if isinstance(text, str) and is_email(text) else None
        if user is None:
            raise NotFound("User", _printable(text))
        return user

    def _mark_used(self, user: UserRecord, token: TokenRecord, now: float) -> None:
        """Notes the use of a token at most once a minute; the request goes on if that cannot be written."""
        earliest = now - SECONDS_BETWEEN_MARKS
        if token.last_used_at is not None and token.last_used_at > earliest:
            return
        try:
            self._store.mark_used(user.key, token.id, now, unless_since=earliest)
        except Unavailable as error:
            _log.warning("The last use of token %s was not noted, the request goes on: %s", token.id, error)


def _new_version() -> str:
    return uuid.uuid4().hex


def _printable(value: object) -> str:
    """A refused e-mail as an error may repeat it: short, and valid Unicode without control characters."""
    text = value if isinstance(value, str) else f"not a text ({type(value).__name__})"
    return "".join(character if character.isprintable() else "?" for character in text[:NAME_IN_ERRORS])
