"""Times of the record store: microseconds since 1970 inside, RFC 3339 in UTC with six decimals outside."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(seconds: float) -> int:
    """A time of the clock (seconds since 1970) as the record store counts it."""
    return int(seconds * 1_000_000)


def written(time: int) -> str:
    """`2026-11-22T05:16:35.123456Z`: always four digits of a year and six decimals, so that texts sort as times do."""
    seconds, rest = divmod(time, 1_000_000)
    return f"{_second(seconds)}.{rest:06d}Z"


@lru_cache(maxsize=64)  # the statements of a batch are stored within one second, most of a page within a few
def _second(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat(timespec="seconds")
