"""The next slot against oracles: dateutil's calendar, and every minute that clocks show one after the other."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count, pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chalicelib.jobs import runs
from chalicelib.jobs.slots import Slots
from chalicelib.jobs.tick import Tick
from chalicelib.jobs.wake_up import WakeUps
from chalicelib.ports.jobs import JobRecord
from chalicelib.schedule.repeat import Schedule, is_ever, next_run
from tests.doubles.job_store import MemoryJobStore
from tests.doubles.queues import MemoryQueue

MINUTE, DAY = 60_000_000, 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# Half and quarter hours, half-hour changes, changes at midnight, days that were skipped, changes of the offset itself.
ZONES = (
    *(
        "UTC",
        "Europe/Paris",
        "America/New_York",
        "America/St_Johns",
        "Asia/Kathmandu",
        "Asia/Kolkata",
        "Asia/Tehran",
    ),
    *("Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Apia", "Pacific/Kwajalein", "Pacific/Kiritimati"),
    *(
        "America/Sao_Paulo",
        "America/Havana",
        "Africa/Casablanca",
        "Africa/Cairo",
        "Asia/Beirut",
        "Asia/Pyongyang",
    ),
    *(
        "America/Caracas",
        "Antarctica/Troll",
        "Europe/Dublin",
        "America/Scoresbysund",
        "Asia/Gaza",
        "Etc/GMT+12",
    ),
)


def shown(time: int, zone: str) -> datetime:
    """What clocks show, by the way from UTC, which is never ambiguous."""
    return (EPOCH + timedelta(microseconds=time)).astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)


def counted(moment: datetime) -> int:
    return (moment.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


@cache
def changes(zone: str, year: int) -> tuple[int, ...]:
    """The times of a year near which the clocks of a zone were changed."""
    days = range(counted(datetime(year, 1, 1)), counted(datetime(year + 1, 1, 1)), DAY // 4)
    return tuple(b for a, b in pairwise(days) if shown(b, zone) - shown(a, zone) != timedelta(hours=6))


@st.composite
def places(draw: st.DrawFn) -> tuple[str, int]:
    """A zone, and a time that is often close to a change of its clocks."""
    zone = draw(st.sampled_from(ZONES))
    year = draw(st.integers(1975, 2095))
    if found := changes(zone, year):
        near = draw(st.sampled_from(found))
        return zone, near + draw(
            st.integers(-2 * DAY, 2 * DAY) | st.integers(-4000, 4000).map(lambda m: m * MINUTE)
        )
    return zone, counted(datetime(year, 1, 1)) + draw(st.integers(0, 365 * DAY))


TIMES = st.builds(
    "{:02}:{:02}".format,
    st.integers(0, 3) | st.integers(0, 23),
    st.sampled_from([0, 1, 30, 59]) | st.integers(0, 59),
)
DAYS = st.sampled_from([1, 28, 29, 30, 31]) | st.integers(1, 31)
DAILY = st.builds(Schedule, st.just("dailyAt"), time=TIMES)
WEEKLY = st.builds(Schedule, st.just("weeklyOn"), time=TIMES, week_day=st.integers(1, 7))
MONTHLY = st.builds(Schedule, st.just("monthlyOn"), time=TIMES, month_day=DAYS)
YEARLY = st.builds(
    Schedule, st.just("yearlyOn"), time=TIMES, month_day=DAYS, month=st.integers(1, 12)
).filter(lambda schedule: is_ever(schedule.month or 0, schedule.month_day or 0))
HOURLY = st.builds(Schedule, st.just("hourlyAt"), minute=st.integers(0, 59))
AT_A_TIME = DAILY | WEEKLY | MONTHLY | YEARLY
REPEATING = AT_A_TIME | HOURLY | st.just(Schedule("everyMinute"))


def wall_times(schedule: Schedule, start: datetime, count: int) -> list[datetime]:
    """What clocks show at the slots of a schedule, as dateutil has it, were there no changes of clocks."""
    hour, minute = (int(part) for part in (schedule.time or "").split(":"))
    frequency = {
        "dailyAt": rrule.DAILY,
        "weeklyOn": rrule.WEEKLY,
        "monthlyOn": rrule.MONTHLY,
        "yearlyOn": rrule.YEARLY,
    }
    return list(
        rrule.rrule(
            frequency[schedule.repeat],
            dtstart=start.replace(hour=0, minute=0, second=0, microsecond=0),
            count=count,
            byhour=hour,
            byminute=minute,
            bysecond=0,
            byweekday=None if schedule.week_day is None else schedule.week_day - 1,
            bymonthday=schedule.month_day,
            bymonth=schedule.month,
        )
    )


def slot_of(wall: datetime, zone: str) -> int:
    """When clocks show this first, or else the next minute that they show, by looking at every minute around."""
    first: dict[datetime, int] = {}
    for time in range(counted(wall) - DAY, counted(wall) + 2 * DAY, MINUTE):
        first.setdefault(shown(time, zone), time)
    while wall not in first:
        wall += timedelta(minutes=1)
    return first[wall]


@given(AT_A_TIME, places())
@example(Schedule("dailyAt", time="10:00"), ("Pacific/Apia", counted(datetime(2011, 12, 29, 21))))
@example(
    Schedule("weeklyOn", time="23:59", week_day=6), ("Pacific/Kwajalein", counted(datetime(1993, 8, 21, 11)))
)
@example(
    Schedule("monthlyOn", time="00:00", month_day=1), ("Pacific/Kiritimati", counted(datetime(1994, 12, 31)))
)
@example(
    Schedule("yearlyOn", time="02:30", month_day=29, month=2), ("Asia/Tehran", counted(datetime(2096, 3, 1)))
)
@settings(max_examples=100, deadline=None)
def test_the_next_slot_is_that_of_dateutil_at_the_first_minute_that_clocks_show(
    schedule: Schedule, place: tuple[str, int]
) -> None:
    zone, after = place
    walls = wall_times(schedule, shown(after, zone) - timedelta(days=2), 6)
    slots = (slot_of(wall, zone) for wall in walls)
    assert next_run(schedule, after, zone) == next(slot for slot in slots if slot > after)


@given(places(), st.integers(0, 59))
@settings(max_examples=150, deadline=None)
def test_an_hourly_slot_is_each_minute_at_which_clocks_show_it(place: tuple[str, int], minute: int) -> None:
    zone, after = place
    start = after // MINUTE * MINUTE + MINUTE
    expected = [time for time in range(start, start + DAY // 2, MINUTE) if shown(time, zone).minute == minute]
    found, time = [], after
    while len(found) < len(expected):
        slot = next_run(Schedule("hourlyAt", minute=minute), time, zone)
        assert slot is not None
        found.append(slot)
        time = slot
    assert found == expected


def minute_by_minute(schedule: Schedule, start: int, days: int, zone: str) -> list[int]:
    """The slots of a daily or weekly schedule, by what clocks show from one minute to the next."""
    hour, minute = (int(part) for part in (schedule.time or "").split(":"))
    found = []
    furthest = shown(start - DAY, zone)
    for time in range(start - DAY + MINUTE, start + days * DAY + 1, MINUTE):
        now = shown(time, zone)
        # Every minute of the dial that clocks reach or leap over, but none that they have shown before.
        reached = [
            furthest + timedelta(minutes=n) for n in range(1, (now - furthest) // timedelta(minutes=1) + 1)
        ]
        furthest = max(furthest, now)
        if time > start and any(
            (each.hour, each.minute) == (hour, minute) and schedule.week_day in (None, each.isoweekday())
            for each in reached
        ):
            found.append(time)
    return found


@given(DAILY | WEEKLY, places())
@example(Schedule("dailyAt", time="00:00"), ("Pacific/Apia", counted(datetime(2011, 12, 29))))
@example(Schedule("weeklyOn", time="10:00", week_day=5), ("Pacific/Apia", counted(datetime(2011, 12, 29))))
@settings(max_examples=50, deadline=None)
def test_the_slots_of_some_days_are_those_that_clocks_reach_minute_by_minute(
    schedule: Schedule, place: tuple[str, int]
) -> None:
    zone, after = place
    start = after // MINUTE * MINUTE
    expected = minute_by_minute(schedule, start, 4, zone)
    found, time = [], next_run(schedule, start, zone)
    while time is not None and time <= start + 4 * DAY:
        found.append(time)
        time = next_run(schedule, time, zone)
    assert found == expected


@given(REPEATING, places(), st.integers(0, 400 * DAY))
@settings(deadline=None)
def test_slots_are_whole_minutes_that_rise_and_none_lies_between(
    schedule: Schedule, place: tuple[str, int], later: int
) -> None:
    zone, after = place
    slot = next_run(schedule, after, zone)
    assert slot is not None
    assert slot > after
    assert slot % MINUTE == 0
    assert next_run(schedule, slot - 1, zone) == slot
    assert next_run(schedule, min(after + later, slot - 1), zone) == slot
    following = next_run(schedule, slot, zone)
    assert following is not None
    assert following > slot


class _Ticking:
    """One job, and the tick that looks at it; each run ends as soon as it has begun."""

    def __init__(self, schedule: Schedule, due: int | None, created: int, zone: str) -> None:
        self._jobs, self._now = MemoryJobStore(), float(created)
        self._runs = count(1)
        job = JobRecord(
            "a", "kind", "a", "client", created, schedule.to_json(), {}, next_run_at=due, due_at=due
        )
        self._jobs.put(replace(job, schedule={**job.schedule, "timezone": zone}), None)
        self._tick = Tick(
            self._jobs,
            Slots(lambda _: None),
            WakeUps(MemoryQueue(self)),
            self,
            lambda: str(next(self._runs)),
            lambda what, error: pytest.fail(f"{what}: {error}"),
        )

    def now(self) -> float:
        """The seconds of its clock."""
        return self._now / 1_000_000

    def sleep(self, seconds: float) -> None:
        """Nobody waits here."""
        raise AssertionError(seconds)

    def ticked_twice(self, now: int) -> tuple[bool, int | None]:
        """Whether a run began, once; and the slot that follows."""
        self._now = now + 0.5  # so that no microsecond is lost
        began = self._tick.run().started
        assert self._tick.run().started == 0
        job = self._jobs.get("kind", "a")
        assert job is not None
        if began:
            job = self._jobs.put(runs.ended(job, True, "", now), job.version)
            assert job is not None
        return bool(began), job.next_run_at


@given(DAILY | HOURLY | WEEKLY, places(), st.lists(st.integers(1, 3 * DAY), min_size=1, max_size=12))
@settings(deadline=None)
def test_every_slot_is_of_one_run_however_late_ticks_are(
    schedule: Schedule, place: tuple[str, int], waits: list[int]
) -> None:
    zone, start = place
    due = next_run(schedule, start, zone)
    world = _Ticking(schedule, due, start, zone)
    covered: list[tuple[int, int]] = []
    now = start
    for wait in waits:
        now += wait
        began, following = world.ticked_twice(now)
        assert began is (due is not None and due <= now)
        if began:
            assert due is not None
            assert following is not None
            covered.append((due, following))
        due = following
    assert due is not None
    assert due > now
    # Each run stands for the slots from its own to the next run's; together for all up to the last tick.
    assert all(a[1] == b[0] for a, b in pairwise(covered))
    first = next_run(schedule, start, zone)
    assert not covered or (covered[0][0] == first and covered[-1][1] == due)
    assert covered or first == due


@given(
    REPEATING
    | st.builds(Schedule, st.just("on"), date=st.just("2026-12-31"), timezone=st.sampled_from(ZONES))
)
def test_a_schedule_is_kept_as_json_and_comes_back(schedule: Schedule) -> None:
    kept = json.loads(json.dumps(schedule.to_json()))
    assert None not in kept.values()
    assert Schedule.from_json(kept) == schedule
    assert Schedule.from_json({**kept, "added_later": 1}) == schedule
