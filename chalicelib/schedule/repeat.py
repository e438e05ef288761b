"""Rules that repeat, and the next time after a given one (Jobs API, "Creating a job").

A slot is a time at which a job is to run, in microseconds since 1970, always a whole minute. A time of day that the
clocks leap over that day is a slot at the next minute that they show; one that they show twice is a slot the first
time. `hourlyAt` and `everyMinute` name no time of day: they follow the clock, so that an hour that comes twice has
its slots twice, for it does pass twice.
"""

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from typing import Any, cast
from zoneinfo import ZoneInfo

from chalicelib.schedule.dates import parse_date
from chalicelib.schedule.local_time import MINUTE, first_time, shown, whole_minute

# Every value of `repeat`, with the parameters that it needs.
NEEDED: Mapping[str, tuple[str, ...]] = {
    "now": (),
    "on": ("date",),
    "everyMinute": (),
    "hourlyAt": ("minute",),
    "dailyAt": ("time",),
    "weeklyOn": ("time", "week_day"),
    "monthlyOn": ("time", "month_day"),
    "yearlyOn": ("time", "month_day", "month"),
}
DEFAULT_ZONE = "UTC"

# The longest way to a day of the calendar: from 29 February 2096 to that of 2104; 2100 is no leap year.
_YEARS = 9
_A_LEAP_YEAR = 2000
# Clocks have gone back by three hours at most; then a minute of the hour comes that much later.
_MINUTES = 60 + 180
# Years whose slots are still in the calendar in every time zone.
_FIRST, _LAST = 0, 250_000_000_000_000_000


@dataclass(frozen=True)
class Schedule:
    """When a job runs. What its `repeat` does not use is None; `timezone` None: that of the job's store.

    `date`: ISO 8601. `time`: `HH:MM`. `minute`: 0 to 59. `week_day`: 1 (Monday) to 7. `month_day`: 1 to 31. `month`:
    1 to 12.
    """

    repeat: str
    date: str | None = None
    time: str | None = None
    minute: int | None = None
    week_day: int | None = None
    month_day: int | None = None
    month: int | None = None
    timezone: str | None = None

    def to_json(self) -> dict[str, object]:
        """The parameters that it has, by name, as they are kept and as `from_json` reads them."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_json(cls, kept: Mapping[str, object]) -> "Schedule":
        """The schedule that was kept; names that it does not know are passed over."""
        known = {each.name: kept[each.name] for each in fields(cls) if each.name in kept}
        return cls(**cast(dict[str, Any], known))


def first_run(schedule: Schedule, created: int, timezone: str = DEFAULT_ZONE) -> int | None:
    """When a job that is created (or changed) at `created` runs first: `now`, and a `date` that is past, at once."""
    if schedule.repeat == "now":
        return created
    if schedule.repeat == "on":
        return max(_date(schedule, _zone(schedule, timezone)), created)
    return next_run(schedule, created, timezone)


def next_run(schedule: Schedule, after: int, timezone: str = DEFAULT_ZONE) -> int | None:
    """The first slot that is later than `after`; None: there is none.

    `timezone`: that of the job's store, for a schedule that has none. `now` has no slot of its own, see `first_run`.
    Raises `ZoneInfoNotFoundError` for a time zone that does not exist.
    """
    zone = _zone(schedule, timezone)
    if schedule.repeat == "on":
        slot = _date(schedule, zone)
        return slot if slot > after else None
    if schedule.repeat == "now" or after > _LAST:
        return None
    after = max(after, _FIRST)
    if schedule.repeat == "everyMinute":
        return _minute_after(after)
    if schedule.repeat == "hourlyAt":
        minutes = range(_minute_after(after), after + _MINUTES * MINUTE, MINUTE)
        return next((each for each in minutes if shown(each, zone).minute == schedule.minute), None)
    at = _time(schedule)
    # What clocks show on an earlier day than they do now, they have shown.
    start = shown(after, zone).date()
    slots = (whole_minute(first_time(datetime.combine(day, at), zone)) for day in _days(schedule, start))
    return next((each for each in slots if each > after), None)


def is_ever(month: int, month_day: int) -> bool:
    """Whether a day comes in any year: 29 February does, 30 February does not."""
    return month_day <= calendar.monthrange(_A_LEAP_YEAR, month)[1]


def _zone(schedule: Schedule, timezone: str) -> ZoneInfo:
    return ZoneInfo(schedule.timezone or timezone or DEFAULT_ZONE)


def _minute_after(time: int) -> int:
    return (time // MINUTE + 1) * MINUTE


def _time(schedule: Schedule) -> time_of_day:
    return time_of_day.fromisoformat(schedule.time or "00:00")


def _date(schedule: Schedule, zone: ZoneInfo) -> int:
    """The slot of a schedule `on` a date; raises ValueError where that is no date, which reading lets nobody have."""
    given = parse_date(schedule.date or "")
    if given is None:
        raise ValueError(f"A schedule on a date needs one; {schedule.date!r} is none.")
    if not given.has_time:
        return whole_minute(first_time(datetime.combine(given.moment, _time(schedule)), zone))
    return whole_minute(given.time_in(zone))


def _days(schedule: Schedule, start: date) -> Iterator[date]:
    """The days of a schedule in order, the first no later than the first after `start`; enough to find a slot ahead."""
    if schedule.repeat == "dailyAt":
        yield from (start + timedelta(days=days) for days in range(7))
    elif schedule.repeat == "weeklyOn":
        monday = start - timedelta(days=start.weekday())
        first = monday + timedelta(days=(schedule.week_day or 1) - 1)
        yield from (first + timedelta(weeks=weeks) for weeks in range(4))
    else:
        for month in range(start.month - 1, start.month - 1 + 12 * _YEARS):
            year, month = start.year + month // 12, month % 12 + 1
            if (
                schedule.month in (None, month)
                and (schedule.month_day or 1) <= calendar.monthrange(year, month)[1]
            ):
                yield date(year, month, schedule.month_day or 1)
