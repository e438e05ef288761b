"""Times as stores write them."""

from datetime import UTC, datetime, timedelta

from chalicelib.lrs.conformance.exchange import Failed, shown


def moment(text: object) -> datetime:
    """The moment that a text in ISO 8601 means; raises `Failed` where it means none."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        raise Failed(f"Expected a date and time of ISO 8601; came {shown(text)}.") from None
    if found.tzinfo is None:
        raise Failed(f"Expected a time with its offset; came {shown(text)}.")
    return found.astimezone(UTC)


def shifted(text: str, milliseconds: int) -> str:
    """The same time so many milliseconds later."""
    later = moment(text) + timedelta(milliseconds=milliseconds)
    return later.isoformat(timespec="microseconds").replace("+00:00", "Z")
