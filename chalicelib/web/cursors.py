"""Lists with `?cursor=&limit=`. A cursor is the place at which a list goes on, sealed with what was asked for.

A client sends one back as it is. One that was cut off, changed, or taken from another list is known by its digest; the
digest is no secret, and need not be: a place says no more than the filters of the list could ask for. So a place may
also be made up by a client, and each list tells what may be one.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Sequence

from chalicelib.errors import Invalid
from chalicelib.web import envelope, reading, schemas
from chalicelib.web.call import Answer, Call, Parameter
from chalicelib.web.paging import MOST_PER_PAGE, PER_PAGE, fitting

PARAMETERS = (
    Parameter("cursor", "query", schemas.TEXT, "Where to go on, as an answer with the same filters gave it."),
    Parameter(
        "limit",
        "query",
        {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE, "default": PER_PAGE},
        "Items of an answer, at most.",
    ),
)
"""What every such list takes beside its filters."""

NAMES = tuple(parameter.name for parameter in PARAMETERS)

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


def read_limit(call: Call, faults: dict[str, list[str]]) -> int:
    """How many items are wanted at most. Notes its fault."""
    try:
        return reading.whole_numbers(call, {"limit": (1, MOST_PER_PAGE, PER_PAGE)})["limit"]
    except Invalid as invalid:
        faults |= invalid.faults
        return PER_PAGE


def read_place(
    call: Call,
    faults: dict[str, list[str]],
    *asked: str | None,
    is_place: Callable[[str], object] = bool,
) -> str | None:
    """The place at which the list goes on by the query's `cursor`; None: from its beginning. Notes its fault.

    `is_place`: whether there may be such a place in the list; left out by a list that tells when it goes there.
    """
    cursor = call.query.get("cursor", "")
    if not cursor:
        return None
    place = opened(cursor, *asked)
    if place is not None and is_place(place):
        return place
    faults["cursor"] = ["The cursor field must be one that an answer to this very list gave."]
    return None


def answer(
    message: str, items: Sequence[object], places: Sequence[str], end: str | None, *asked: str | None
) -> Answer:
    """As many of the items as an answer holds, and the cursor of the next.

    `places`: where the list goes on behind each item; `end`: behind the last, None where nothing follows.
    """
    kept = fitting(items)
    place = end if len(kept) == len(items) else places[len(kept) - 1]
    return envelope.success(message, kept, cursor=None if place is None else sealed(place, *asked))


def _digest(text: bytes, asked: tuple[str | None, ...]) -> bytes:
    bound = json.dumps(asked).encode() + b"\n" + text
    return hashlib.sha256(bound).digest()[:_DIGEST_BYTES]
