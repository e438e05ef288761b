"""The document of schedules: its tables against the code, its examples against the clock."""

from datetime import UTC, datetime

from chalicelib.schedule.reading import IGNORING, NOW, PARAMETERS, RANGES, read_schedule
from chalicelib.schedule.repeat import DEFAULT_ZONE, NEEDED, Schedule, first_run
from tests.documents import code, once, tables, text_of

RULES, ROWS = tables("schedule.md", "Schedule")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp()) * 1_000_000


def test_every_rule_is_told_with_what_it_needs() -> None:
    told = {code(row["`repeat`"])[0]: tuple(code(row["needs"])) for row in RULES}
    assert told == NEEDED
    assert len(RULES) == len(NEEDED)


def test_every_parameter_is_told_with_its_range() -> None:
    rows = {code(row["parameter"])[0]: row["is"] for row in ROWS}
    assert once([code(row["parameter"])[0] for row in ROWS]) == set(PARAMETERS)
    for name, (low, high) in RANGES.items():
        assert rows[name].startswith(f"{low} to {high}")
    assert f"`{NOW}`" in rows["time"]
    assert f"`{DEFAULT_ZONE}` unless it was set" in rows["timezone"]


def test_dates_that_are_told_can_be_read() -> None:
    [dates] = [code(row["is"]) for row in ROWS if row["parameter"] == "`date`"]
    found = [each for each in dates if each[0].isdigit()]
    assert len(found) == 2
    for date in found:
        assert read_schedule({"repeat": "on", "date": date}, {}, 0) is not None


def test_rules_that_ignore_the_rest_are_told() -> None:
    assert " and ".join(f"`{name}`" for name in IGNORING) + " ignore" in text_of("schedule.md")


def test_the_examples_are_true() -> None:
    spring = Schedule("on", date="2026-03-29", time="02:30", timezone="Europe/Paris")
    assert first_run(spring, 0) == at("2026-03-29T03:00+02:00")
    apia = Schedule("on", date="2011-12-30T10:00", timezone="Pacific/Apia")
    assert first_run(apia, 0) == at("2011-12-31T00:00+14:00")
    created = at("2026-11-22T10:15:20Z")
    daily = read_schedule({"repeat": "dailyAt", "time": "now"}, {}, created)
    assert daily is not None
    assert first_run(daily, created) == at("2026-11-23T10:15Z")
    faults: dict[str, list[str]] = {}
    assert (
        read_schedule({"repeat": "yearlyOn", "time": "now", "month_day": 30, "month": 2}, faults, 0) is None
    )
    assert list(faults) == ["month_day"]
