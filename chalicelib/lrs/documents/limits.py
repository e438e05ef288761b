"""What a record of a document holds beside its body, whoever brings it: one that is beyond this is refused."""

import re

LONGEST_TYPE, LONGEST_ID, LONGEST_IRI = 255, 2_000, 8_000  # characters
LARGEST_AGENT = 32 * 1024  # bytes of JSON; the form of 1.0.3 could bring megabytes
_TYPE = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*(;[\t\x20-\x7e]*)?")


def is_media_type(text: str) -> bool:
    """Whether this can be sent as the `Content-Type` of a document."""
    return len(text) <= LONGEST_TYPE and _TYPE.fullmatch(text) is not None
