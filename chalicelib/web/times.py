"""Times as the modern calls show them."""

from datetime import UTC, datetime


def timestamp(seconds: float) -> str | None:
    """A time as RFC 3339 has it, in UTC; None for 0, which stands for a time that is not known."""
    if not seconds:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
