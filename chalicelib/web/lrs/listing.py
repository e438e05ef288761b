"""Lists in the form of the record store's own APIs: `{"data": […], "cursor": …}`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from chalicelib.web.call import Answer
from chalicelib.web.envelope import to_json

LIMIT = 100
MOST_PER_PAGE = 500
# Lambda takes 6 MB of answer, in which the body stands as a JSON string once more.
ANSWER_BYTES = 3_500_000


def listed(items: Sequence[object], cursor: str | None) -> Answer:
    """A page; `cursor` is sent to get the next one, null: there is none."""
    return Answer(200, {"data": list(items), "cursor": cursor})


def fitting(items: Sequence[object]) -> int:
    """How many of the items one answer holds; one at least."""
    size = 0
    for count, item in enumerate(items):
        size += len(to_json(item).encode())
        if count and size > ANSWER_BYTES:
            return count
    return len(items)


def sealed(place: str) -> str:
    """A place as a cursor, which needs no encoding in a URL."""
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def opened(cursor: str) -> str | None:
    """The place in a cursor; None: it is no cursor of ours."""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError):
        return None
