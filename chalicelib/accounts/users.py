"""Users as clients see them, and the rules for what may become one."""

import base64
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypedDict

from chalicelib.ports.accounts import UserRecord

MAX_LENGTH = 255  # characters of name, e-mail and password
MIN_PASSWORD_LENGTH = 8
MAX_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1
MAX_DOMAIN = 253  # RFC 1035 as written without the root

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(rf"({_ATOM}(?:\.{_ATOM})*)@({_LABEL}(?:\.{_LABEL})*)", re.ASCII)


@dataclass(frozen=True)
class User:
    """A user without secrets; `created_at` in seconds since 1970."""

    name: str
    email: str
    is_admin: bool
    created_at: float


class TokenRow(TypedDict):
    """A token in the list of users; times in ISO 8601, UTC."""

    name: str
    created_at: str
    last_used_at: str | None
    expires_at: str | None


class UserRow(TypedDict):
    """A user in the list of users, ready for JSON, keys in this order; times in ISO 8601, UTC."""

    name: str
    email: str
    is_admin: bool
    created_at: str
    tokens_count: int
    last_used_at: str | None
    tokens: list[TokenRow]


@dataclass(frozen=True)
class NewUser:
    """Checked input for a user."""

    name: str
    email: str
    password: str = field(repr=False)


def is_email(value: str) -> bool:
    """Whether this is an e-mail address: ASCII, dot-atom before the `@`, a host name behind it."""
    if len(value) > MAX_LOCAL_PART + 1 + MAX_DOMAIN:  # also keeps the pattern off huge input
        return False
    found = _EMAIL.fullmatch(value)
    return found is not None and len(found[1]) <= MAX_LOCAL_PART and len(found[2]) <= MAX_DOMAIN


def user_key(email: str) -> str:
    """The key of a user: 128 bits of SHA-256 of the e-mail in lower case, in base32 (26 characters)."""
    return base64.b32encode(hashlib.sha256(email.lower().encode()).digest()[:16]).decode().rstrip("=").lower()


def read_new_user(fields: Mapping[str, object]) -> tuple[NewUser, dict[str, list[str]]]:
    """What the fields say and every fault in them, by field; the user counts only if there is no fault.

    Name and e-mail are trimmed, a password is taken as it is.
    """
    name, name_faults = _read_text(fields, "name")
    email, email_faults = _read_text(fields, "email")
    password, password_faults = _read_text(fields, "password", trim=False)
    if name and any(unicodedata.category(character) == "Cc" for character in name):
        name_faults.append("The name field must not contain control characters.")
    if email and not is_email(email):
        email_faults.insert(0, "The email field must be a valid email address.")
    if password and len(password) < MIN_PASSWORD_LENGTH:
        password_faults.append(f"The password field must be at least {MIN_PASSWORD_LENGTH} characters.")
    found = {"name": name_faults, "email": email_faults, "password": password_faults}
    return NewUser(name, email, password), {field: faults for field, faults in found.items() if faults}


def _read_text(fields: Mapping[str, object], field: str, trim: bool = True) -> tuple[str, list[str]]:
    """The text of a field ("" where it cannot be used at all) and its faults."""
    value = fields.get(field)
    if value is None or (isinstance(value, str) and not value.strip()):
        return "", [f"The {field} field is required."]
    if not isinstance(value, str):
        return "", [f"The {field} field must be a string."]
    if any("\ud800" <= character <= "\udfff" for character in value):  # JSON's \ud800 alone: no UTF-8 for it
        return "", [f"The {field} field must be valid Unicode text."]
    text = value.strip() if trim else value
    too_long = len(text) > MAX_LENGTH
    return text, [f"The {field} field must not be greater than {MAX_LENGTH} characters."] if too_long else []


def as_user(record: UserRecord) -> User:
    """The user of a record, without secrets."""
    return User(record.name, record.email, record.is_admin, record.created_at)


def as_row(record: UserRecord) -> UserRow:
    """A line of the list of users."""
    tokens = sorted(record.tokens, key=lambda token: (token.created_at, token.id))
    uses = [token.last_used_at for token in tokens if token.last_used_at is not None]
    return UserRow(
        name=record.name,
        email=record.email,
        is_admin=record.is_admin,
        created_at=_iso(record.created_at),
        tokens_count=len(tokens),
        last_used_at=_iso(max(uses)) if uses else None,
        tokens=[
            TokenRow(
                name=token.name,
                created_at=_iso(token.created_at),
                last_used_at=None if token.last_used_at is None else _iso(token.last_used_at),
                expires_at=None if token.expires_at is None else _iso(token.expires_at),
            )
            for token in tokens
        ],
    )


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
