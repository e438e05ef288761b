"""When jobs run: what a person expects of each rule, through changes of clocks and calendars."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfoNotFoundError

import pytest

from chalicelib.schedule.repeat import Schedule, first_run, next_run


def at(text: str) -> int:
    """Microseconds since 1970 of an ISO time; without an offset UTC."""
    moment = datetime.fromisoformat(text)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()) * 1_000_000


def told(time: int | None) -> str | None:
    return None if time is None else datetime.fromtimestamp(time / 1e6, UTC).isoformat()[:-6]


def chain(schedule: Schedule, after: str, count: int) -> list[str | None]:
    """The slots after a time, one after the other, in UTC."""
    found, time = [], at(after)
    for _ in range(count):
        slot = next_run(schedule, time)
        found.append(told(slot))
        if slot is None:
            break
        time = slot
    return found


PARIS, APIA, KATHMANDU, LORD_HOWE = "Europe/Paris", "Pacific/Apia", "Asia/Kathmandu", "Australia/Lord_Howe"


@pytest.mark.parametrize(
    ("schedule", "after", "slots"),
    [
        (
            Schedule("everyMinute"),
            "2026-12-31T23:58:00",
            ["2026-12-31T23:59:00", "2027-01-01T00:00:00", "2027-01-01T00:01:00"],
        ),
        (Schedule("everyMinute"), "2026-12-31T23:58:59", ["2026-12-31T23:59:00"]),
        (
            Schedule("hourlyAt", minute=0),
            "2026-12-31T22:59:59",
            ["2026-12-31T23:00:00", "2027-01-01T00:00:00"],
        ),
        (Schedule("hourlyAt", minute=59), "2026-12-31T22:59:00", ["2026-12-31T23:59:00"]),
        (
            Schedule("hourlyAt", minute=0, timezone=KATHMANDU),
            "2026-05-01T00:00:00",
            ["2026-05-01T00:15:00", "2026-05-01T01:15:00"],
        ),
        (
            Schedule("hourlyAt", minute=0, timezone="Asia/Kolkata"),
            "2026-05-01T00:00:00",
            ["2026-05-01T00:30:00", "2026-05-01T01:30:00"],
        ),
        (
            Schedule("dailyAt", time="00:00"),
            "2026-12-31T00:00:00",
            ["2027-01-01T00:00:00", "2027-01-02T00:00:00"],
        ),
        (
            Schedule("dailyAt", time="18:30", timezone=KATHMANDU),
            "2026-05-01T12:44:59",
            ["2026-05-01T12:45:00"],
        ),
        (
            Schedule("weeklyOn", time="09:00", week_day=1),
            "2026-11-22T06:00:00",  # a Sunday
            ["2026-11-23T09:00:00", "2026-11-30T09:00:00"],
        ),
        (Schedule("weeklyOn", time="09:00", week_day=7), "2026-11-22T06:00:00", ["2026-11-22T09:00:00"]),
        (Schedule("weeklyOn", time="09:00", week_day=7), "2026-11-22T09:00:00", ["2026-11-29T09:00:00"]),
        (
            # Monday in Auckland is still Sunday in UTC.
            Schedule("weeklyOn", time="09:00", week_day=1, timezone="Pacific/Auckland"),
            "2026-11-22T06:00:00",
            ["2026-11-22T20:00:00"],
        ),
        (
            Schedule("monthlyOn", time="12:00", month_day=31),
            "2027-01-31T12:00:00",
            ["2027-03-31T12:00:00", "2027-05-31T12:00:00", "2027-07-31T12:00:00", "2027-08-31T12:00:00"],
        ),
        (
            Schedule("monthlyOn", time="12:00", month_day=29),
            "2028-01-30T00:00:00",
            ["2028-02-29T12:00:00", "2028-03-29T12:00:00"],
        ),
        (
            Schedule("yearlyOn", time="12:00", month_day=31, month=12),
            "2026-12-31T11:59:59",
            ["2026-12-31T12:00:00", "2027-12-31T12:00:00"],
        ),
        (
            Schedule("yearlyOn", time="12:00", month_day=29, month=2),
            "2092-03-01T00:00:00",
            ["2096-02-29T12:00:00", "2104-02-29T12:00:00", "2108-02-29T12:00:00"],
        ),
        (Schedule("yearlyOn", time="12:00", month_day=30, month=2), "2026-01-01T00:00:00", [None]),
        (Schedule("now"), "2026-01-01T00:00:00", [None]),
        (Schedule("on", date="2026-05-01T10:00"), "2026-05-01T09:59:59", ["2026-05-01T10:00:00", None]),
    ],
    ids=lambda value: value.repeat if isinstance(value, Schedule) else "",
)
def test_the_slots_of_each_rule_in_order(schedule: Schedule, after: str, slots: list[str | None]) -> None:
    assert chain(schedule, after, len(slots)) == slots


@pytest.mark.parametrize(
    ("schedule", "after", "slots"),
    [
        # Spring: at 02:00 the clocks of Paris show 03:00.
        (
            Schedule("dailyAt", time="02:30", timezone=PARIS),
            "2026-03-28T00:00:00",
            ["2026-03-28T01:30:00", "2026-03-29T01:00:00", "2026-03-30T00:30:00"],
        ),
        # Autumn: at 03:00 they show 02:00 once more.
        (
            Schedule("dailyAt", time="02:30", timezone=PARIS),
            "2026-10-24T00:00:00",
            ["2026-10-24T00:30:00", "2026-10-25T00:30:00", "2026-10-26T01:30:00"],
        ),
        # From the second 02:30 on, and between both, the next is tomorrow's.
        (Schedule("dailyAt", time="02:30", timezone=PARIS), "2026-10-25T01:00:00", ["2026-10-26T01:30:00"]),
        (
            Schedule("weeklyOn", time="02:00", week_day=7, timezone=PARIS),
            "2026-03-23T00:00:00",
            ["2026-03-29T01:00:00", "2026-04-05T00:00:00"],
        ),
        (
            Schedule("monthlyOn", time="02:59", month_day=29, timezone=PARIS),
            "2026-03-01T00:00:00",
            ["2026-03-29T01:00:00", "2026-04-29T00:59:00"],
        ),
        (
            Schedule("yearlyOn", time="02:15", month_day=29, month=3, timezone=PARIS),
            "2026-01-01T00:00:00",
            ["2026-03-29T01:00:00", "2027-03-29T00:15:00"],
        ),
        (
            Schedule("on", date="2026-03-29", time="02:30", timezone=PARIS),
            "2026-01-01",
            ["2026-03-29T01:00:00"],
        ),
        (Schedule("on", date="2026-03-29T02:30", timezone=PARIS), "2026-01-01", ["2026-03-29T01:00:00"]),
        (Schedule("on", date="2026-10-25T02:30", timezone=PARIS), "2026-01-01", ["2026-10-25T00:30:00"]),
        # An hour that is leapt over is not there; one that comes twice passes twice.
        (
            Schedule("hourlyAt", minute=30, timezone=PARIS),
            "2026-03-29T00:00:00",
            ["2026-03-29T00:30:00", "2026-03-29T01:30:00"],
        ),
        (
            Schedule("hourlyAt", minute=30, timezone=PARIS),
            "2026-10-25T00:00:00",
            ["2026-10-25T00:30:00", "2026-10-25T01:30:00", "2026-10-25T02:30:00"],
        ),
        # Lord Howe Island moves by half an hour: 02:00 becomes 02:30, and 02:00 becomes 01:30.
        (
            Schedule("dailyAt", time="02:10", timezone=LORD_HOWE),
            "2026-10-03T00:00:00",
            ["2026-10-03T15:30:00", "2026-10-04T15:10:00"],
        ),
        (
            Schedule("hourlyAt", minute=45, timezone=LORD_HOWE),
            "2026-04-04T14:00:00",
            ["2026-04-04T14:45:00", "2026-04-04T15:15:00", "2026-04-04T16:15:00"],
        ),
        # Samoa had no 30 December 2011: it went from the 29th to the 31st.
        (
            Schedule("dailyAt", time="10:00", timezone=APIA),
            "2011-12-29T12:00:00",
            ["2011-12-29T20:00:00", "2011-12-30T10:00:00", "2011-12-30T20:00:00"],
        ),
        (
            Schedule("dailyAt", time="00:00", timezone=APIA),
            "2011-12-29T09:00:00",
            ["2011-12-29T10:00:00", "2011-12-30T10:00:00", "2011-12-31T10:00:00"],
        ),
        (
            Schedule("monthlyOn", time="10:00", month_day=30, timezone=APIA),
            "2011-12-01T00:00:00",
            ["2011-12-30T10:00:00", "2012-01-29T20:00:00"],
        ),
        # St. John's went back at 00:01: the 6th began, and after a minute the last hour of the 5th came again.
        (
            Schedule("dailyAt", time="00:00", timezone="America/St_Johns"),
            "2011-11-06T00:00:00",
            ["2011-11-06T02:30:00", "2011-11-07T03:30:00"],
        ),
    ],
)
def test_clocks_that_change(schedule: Schedule, after: str, slots: list[str]) -> None:
    assert chain(schedule, after, len(slots)) == slots


def test_every_minute_goes_on_while_clocks_change() -> None:
    schedule = Schedule("everyMinute", timezone=PARIS)
    slots, time = [], at("2026-10-25T00:30:00")
    for _ in range(120):
        time = next_run(schedule, time) or 0
        slots.append(time)
    assert slots == [at("2026-10-25T00:31:00") + minute * 60_000_000 for minute in range(120)]


@pytest.mark.parametrize(
    ("date", "time", "slot"),
    [
        ("2026-05-01", None, "2026-04-30T22:00:00"),
        ("2026-05-01", "10:30", "2026-05-01T08:30:00"),
        ("20260501", "10:30", "2026-05-01T08:30:00"),
        ("2026-05-01T10:30", None, "2026-05-01T08:30:00"),
        ("2026-05-01T10:30", "23:00", "2026-05-01T08:30:00"),
        ("2026-05-01T10:30Z", None, "2026-05-01T10:30:00"),
        ("2026-05-01T10:30:00+05:45", None, "2026-05-01T04:45:00"),
        ("20260501T1030-0330", None, "2026-05-01T14:00:00"),
        ("2026-05-01T10:30:00.000001Z", None, "2026-05-01T10:31:00"),
        ("2026-05-01T10:30:01Z", None, "2026-05-01T10:31:00"),
    ],
)
def test_a_date_is_a_slot_at_a_whole_minute_in_the_zone_of_the_job(
    date: str, time: str | None, slot: str
) -> None:
    schedule = Schedule("on", date=date, time=time, timezone=PARIS)
    assert told(next_run(schedule, at("2026-01-01"))) == slot
    assert told(first_run(schedule, at("2026-01-01"))) == slot
    assert next_run(schedule, at(slot)) is None


CREATED = at("2026-11-22T06:15:20")


@pytest.mark.parametrize(
    ("schedule", "first"),
    [
        (Schedule("now"), CREATED),
        (Schedule("on", date="1066-10-14"), CREATED),
        (Schedule("on", date="2026-11-22T06:15"), CREATED),
        (Schedule("on", date="2026-11-22T06:15:20Z"), at("2026-11-22T06:16:00")),
        (Schedule("on", date="9998-12-31", timezone="Pacific/Pago_Pago"), at("9998-12-31T11:00:00")),
        (Schedule("everyMinute"), at("2026-11-22T06:16:00")),
        (Schedule("dailyAt", time="06:15"), at("2026-11-23T06:15:00")),
    ],
    ids=lambda value: value.date or value.repeat if isinstance(value, Schedule) else "",
)
def test_a_new_job_runs_first(schedule: Schedule, first: int) -> None:
    assert first_run(schedule, CREATED) == first


def test_a_job_follows_its_own_zone_else_that_of_its_store_else_utc() -> None:
    own, none = Schedule("dailyAt", time="10:00", timezone="Asia/Tokyo"), Schedule("dailyAt", time="10:00")
    after = at("2026-11-22T00:00:00")
    assert told(next_run(own, after, PARIS)) == "2026-11-22T01:00:00"
    assert told(next_run(none, after, PARIS)) == "2026-11-22T09:00:00"
    assert told(next_run(none, after, "")) == "2026-11-22T10:00:00"
    assert told(next_run(none, after)) == "2026-11-22T10:00:00"


def test_a_zone_that_is_no_more_is_told() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        next_run(Schedule("everyMinute"), 0, "Europe/Atlantis")


def test_a_date_that_is_none_is_told() -> None:
    with pytest.raises(ValueError, match="2026-02-30"):
        next_run(Schedule("on", date="2026-02-30"), 0)


def test_no_slot_is_looked_for_outside_the_calendar() -> None:
    daily = Schedule("dailyAt", time="10:00")
    assert next_run(daily, 10**20) is None
    assert told(next_run(daily, -(10**20))) == "1970-01-01T10:00:00"


def test_after_slots_that_were_missed_the_next_lies_ahead() -> None:
    schedule = Schedule("hourlyAt", minute=15)
    assert next_run(schedule, at("2026-11-22T06:15:00")) == at("2026-11-22T07:15:00")
    assert next_run(schedule, at("2026-11-25T12:15:00")) == at("2026-11-25T13:15:00")


@pytest.mark.parametrize("schedule", [Schedule("now"), Schedule("on", date="2026-11-22T06:15")])
def test_what_runs_once_has_no_next_slot(schedule: Schedule) -> None:
    due = first_run(schedule, CREATED)
    assert next_run(schedule, max(due, CREATED + 1)) is None
