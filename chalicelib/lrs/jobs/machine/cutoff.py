"""Up to when items count: relative to the start of a run, in calendar months and years; never after it."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from chalicelib.times import microseconds

if TYPE_CHECKING:
    from chalicelib.lrs.jobs.machine.services import JobServices
    from chalicelib.ports.jobs import JobRecord

UNTIL = ("now", "date", "1_hour", "1_day", "1_week", "1_month", "1_year")
_FIXED = {"1_hour": timedelta(hours=1), "1_day": timedelta(days=1), "1_week": timedelta(weeks=1)}
_MONTHS = {"1_month": 1, "1_year": 12}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def cutoff_of(job: JobRecord, started_at: int, lrs: JobServices) -> int:
    """The last `stored` (microseconds, inclusive) that a run of this job looks at."""
    until = str(job.settings.get("until", "now"))
    if until == "date":
        # Nothing was stored before 1970, so no date is looked at that lies before.
        return max(0, min(int(str(job.settings["until_at"])), started_at))
    return min(back_from(started_at, until, lrs.slots.timezone(job)), started_at)


def back_from(time: int, until: str, timezone: str) -> int:
    """So long before a time, by the calendar: the last day of a month stands in for one that it lacks."""
    if until in _FIXED:
        return time - int(_FIXED[until].total_seconds()) * 1_000_000
    if until not in _MONTHS:
        return time
    moment = (_EPOCH + timedelta(microseconds=time)).astimezone(ZoneInfo(timezone))
    months = moment.year * 12 + moment.month - 1 - _MONTHS[until]
    year, month = divmod(months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    earlier = moment.replace(year=year, month=month + 1, day=day)
    return microseconds(earlier.timestamp())
