"""Dates as people give them: ISO 8601 calendar dates, with or without a time of day, with or without an offset."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from chalicelib.schedule.local_time import first_time, with_offset

_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8}"
_TIME = r"[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,9})?)?|[0-9]{4}(?:[0-9]{2}(?:[.,][0-9]{1,9})?)?"
_OFFSET = r"Z|[+-][0-9]{2}(?::?[0-9]{2})?"
_ISO_8601 = re.compile(rf"({_DATE})(?:[T ]({_TIME})({_OFFSET})?)?", re.IGNORECASE)
# A time of this year is one of the calendar's years in every time zone.
_LAST_YEAR = 9998


@dataclass(frozen=True)
class GivenDate:
    """A date: what clocks show then, whether a time of day was given, and the offset from UTC, if one was."""

    moment: datetime
    has_time: bool
    offset: timedelta | None

    def time_in(self, zone: ZoneInfo) -> int:
        """When it is, in microseconds since 1970; without an offset by the clocks of `zone`."""
        return first_time(self.moment, zone) if self.offset is None else with_offset(self.moment, self.offset)


def parse_date(text: str) -> GivenDate | None:
    """Reads a date; None: it is none, such as 30 February, or not of the years 1 to 9998.

    `2026-12-31`, `2026-12-31T18:00`, `2026-12-31T18:00:30.5Z`, `2026-12-31T18:00+01:00`; also the basic format.
    """
    match = _ISO_8601.fullmatch(text)
    if match is None:
        return None
    day, time, offset = match.groups()
    digits = day.replace("-", "") + "T" + (time or "0000").replace(":", "").replace(",", ".")
    try:
        moment = datetime.fromisoformat(digits)
        ahead = None if offset is None else _offset(offset)
    except ValueError:
        return None
    if moment.year > _LAST_YEAR:
        return None
    return GivenDate(moment, time is not None, ahead)


def _offset(text: str) -> timedelta:
    """How far ahead of UTC. Raises ValueError for a day or more, which no clock is."""
    if text in "Zz":
        return timedelta()
    sign, hours, minutes = text[0], int(text[1:3]), int(text[3:].lstrip(":") or "0")
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    ahead = timedelta(hours=hours, minutes=minutes)
    return -ahead if sign == "-" else ahead
