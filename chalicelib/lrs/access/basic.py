"""HTTP Basic (RFC 7617): reading the `Authorization` header, strictly, and making its value."""

import base64
import binascii
from dataclasses import dataclass, field

MAX_HEADER_LENGTH = 4096  # user name and password of 255 characters each take 2,724 at most
TOKEN_USER = "cmi5-token"  # noqa: S105 - the user name in the value of every cmi5 token; no client may take it


@dataclass(frozen=True)
class BasicCredentials:
    """What a request presents; `value` is the text behind `Basic`, which is what a cmi5 token is."""

    username: str
    password: str = field(repr=False)
    value: str = field(repr=False)

    @property
    def is_token(self) -> bool:
        """Whether the value is that of a cmi5 token, and no user name and password."""
        return self.username == TOKEN_USER


def basic_value(username: str, password: str) -> str:
    """The text behind `Basic`: base64 of user name and password in UTF-8."""
    return base64.b64encode(f"{username}:{password}".encode()).decode()


def read_header(header: str | None) -> BasicCredentials | None:
    """The credentials in the header's value; None for none, and for any that is not exactly as the standard says."""
    if header is None or len(header) > MAX_HEADER_LENGTH:
        return None
    scheme, _, value = header.strip(" \t").partition(" ")
    value = value.strip(" \t")
    if scheme.lower() != "basic":
        return None
    try:
        raw = base64.b64decode(value, validate=True)
        text = raw.decode()
    except (binascii.Error, ValueError):
        return None
    username, colon, password = text.partition(":")
    if not colon or not username or base64.b64encode(raw).decode() != value or not _is_clean(text):
        return None
    return BasicCredentials(username, password, value)


def _is_clean(text: str) -> bool:
    """RFC 7617, section 2: no control characters in user name and password."""
    return not any(ord(character) < 32 or ord(character) == 127 for character in text)
