"""The names of xAPI's own headers, and how a time stands in a header."""

from email.utils import formatdate

VERSION = "X-Experience-API-Version"
CONSISTENT_THROUGH = "X-Experience-API-Consistent-Through"


def http_date(microseconds: int) -> str:
    """A time (since 1970) as `Last-Modified` has it."""
    return formatdate(microseconds // 1_000_000, usegmt=True)
