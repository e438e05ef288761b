"""Local time in IANA time zones: what clocks show, and when they first show it.

Times are microseconds since 1970 (UTC); what clocks show is a `datetime` without a time zone.
"""

import zoneinfo
from datetime import UTC, datetime, timedelta
from functools import lru_cache

MINUTE = 60_000_000

_EPOCH = datetime(1970, 1, 1)
_EPOCH_UTC = _EPOCH.replace(tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Names that time zone data may have and that are no place's time.
_NO_PLACE = {"Factory", "localtime", "posixrules"}


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones() - _NO_PLACE)


def is_zone(name: str) -> bool:
    """Whether this is the name of an IANA time zone, spelled as IANA does."""
    return name in _zones()


def shown(time: int, zone: zoneinfo.ZoneInfo) -> datetime:
    """What the clocks of a time zone show at a time. Raises `OverflowError` outside the years 1 to 9999."""
    return (_EPOCH_UTC + timedelta(microseconds=time)).astimezone(zone).replace(tzinfo=None, fold=0)


def first_time(moment: datetime, zone: zoneinfo.ZoneInfo) -> int:
    """The first time at which the clocks of a time zone show `moment` or, where they leap over it, a later one.

    So what they show twice is the earlier of both, and what they never show is the end of the gap.
    """
    early, late = (_counted(moment) - _offset(moment, fold, zone) for fold in (1, 0))
    if late <= early:  # shown once, or twice: then the earlier has fold 0
        return late
    while late - early > 1:  # early: before the gap; late: behind it
        between = (early + late) // 2
        early, late = (early, between) if shown(between, zone) >= moment else (between, late)
    return late


def with_offset(moment: datetime, offset: timedelta) -> int:
    """The time at which clocks that are `offset` ahead of UTC show `moment`."""
    return _counted(moment) - offset // _MICROSECOND


def whole_minute(time: int) -> int:
    """The time itself if it is a whole minute, else the next one."""
    return -(-time // MINUTE) * MINUTE


def _counted(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _offset(moment: datetime, fold: int, zone: zoneinfo.ZoneInfo) -> int:
    offset = moment.replace(fold=fold, tzinfo=zone).utcoffset()
    return (offset or timedelta()) // _MICROSECOND
