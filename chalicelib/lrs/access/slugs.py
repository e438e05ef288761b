"""The names by which stores and clients stand in addresses."""

import re

LONGEST = 36
PATTERN = rf"[A-Za-z0-9_-]{{1,{LONGEST}}}"

_SLUG = re.compile(PATTERN)


def is_slug(text: str) -> bool:
    """Whether a store or client may have this name: letters, digits, `-` and `_`, nothing to be encoded."""
    return _SLUG.fullmatch(text) is not None


def addressable(text: str) -> str:
    """The name, or none at all where nothing can have it."""
    return text if is_slug(text) else ""
