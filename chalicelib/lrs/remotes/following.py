"""Where the pages of another learning record store go on: on its own host, and not in a circle."""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit, urlunsplit

from chalicelib.jobs.run_type import RunFailed
from chalicelib.lrs.remotes.shape import Json

PART = "The other learning record store"
LONGEST_MORE = 2000  # characters; an address has no more either
MOST_EMPTY = 100  # pages without statements in a row


def path_of(more: str, endpoint: str) -> str:
    """The path and query of the page that `more` names; a whole address is taken where it is on the same host.

    Raises `RunFailed`.
    """
    if len(more) > LONGEST_MORE:
        raise RunFailed(f"{PART} names a next page with more than {LONGEST_MORE} characters.")
    own = urlsplit(endpoint)
    try:
        parts = urlsplit(more)
    except ValueError:
        raise RunFailed(f"{PART} names a next page that is no address.") from None
    if parts.scheme or parts.netloc:
        if (parts.scheme, parts.netloc) != (own.scheme, own.netloc):
            raise RunFailed(f"{PART} names a next page on another host, which is not followed.")
        return urlunsplit(("", "", parts.path or "/", parts.query, ""))
    if not more.startswith("/"):
        raise RunFailed(f"{PART} names a next page that is no path.")
    return more


def further(begun: Json, more: str, full: bool) -> Json:
    """Where the pages go on. Raises `RunFailed` where they go in a circle, or nowhere.

    Of the pages behind, one is remembered, and another after twice as many: any circle comes back to it.
    """
    digest = hashlib.sha256(more.encode("utf-8", "replace")).hexdigest()[:16]
    if digest == begun.get("mark"):
        raise RunFailed(f"{PART} names a page as the next that was read before; its pages have no end.")
    step = int(str(begun.get("step", 0))) + 1
    empty = 0 if full else int(str(begun.get("empty", 0))) + 1
    if empty > MOST_EMPTY:
        raise RunFailed(f"{PART} named {MOST_EMPTY} further pages in a row that hold no statement.")
    mark = digest if step & (step - 1) == 0 else begun.get("mark")
    return {"more": more, "step": step, "mark": mark, "empty": empty}
