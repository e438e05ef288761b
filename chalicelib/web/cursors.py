"""Cursors of lists: the place at which a list goes on, sealed together with what was asked for.

A client sends one back as it is. One that was cut off, changed, or taken from another list is known by its digest; the
digest is no secret, and need not be: a place says no more than the filters of the list could ask for. So a place may
also be made up by a client, and each list tells what may be one.
"""

import base64
import hashlib
import json
from collections.abc import Callable

from chalicelib.errors import Invalid
from chalicelib.web.call import Call

_DIGEST_BYTES = 9
_MOST_CHARACTERS = 4000  # an article number of 400 bytes, escaped, with its file's name; a URL may have 8,000


def sealed(place: str, *asked: str | None) -> str:
    """A cursor for a place in the list that `asked` (its name and filters) stands for; no URL needs to encode it."""
    text = place.encode("utf-8", "surrogatepass")
    return base64.urlsafe_b64encode(_digest(text, asked) + text).decode().rstrip("=")


def opened(cursor: str, *asked: str | None) -> str | None:
    """The place in a cursor; None: no answer to that very list gave it."""
    if len(cursor) > _MOST_CHARACTERS or not cursor.isascii():
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        place = raw[_DIGEST_BYTES:].decode("utf-8", "surrogatepass")
    except ValueError:
        return None
    return place if sealed(place, *asked) == cursor else None


def read_cursor(call: Call, *asked: str | None, is_place: Callable[[str], object] = bool) -> str | None:
    """The place at which the list goes on by the query's `cursor`; None: from its beginning.

    `is_place`: whether there may be such a place in the list; left out by a list that tells when it goes there. Raises
    `Invalid`.
    """
    cursor = call.query.get("cursor", "")
    if not cursor:
        return None
    place = opened(cursor, *asked)
    if place is None or not is_place(place):
        raise Invalid({"cursor": ["The cursor field must be one that an answer to this very list gave."]})
    return place


def _digest(text: bytes, asked: tuple[str | None, ...]) -> bytes:
    bound = json.dumps(asked).encode() + b"\n" + text
    return hashlib.sha256(bound).digest()[:_DIGEST_BYTES]
