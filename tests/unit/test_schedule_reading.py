"""The schedule in a body: every row of the table of the source, and what is told about each fault."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.schedule.reading import IGNORING, PARAMETERS, RANGES, WHEN, read_replay, read_schedule
from chalicelib.schedule.repeat import NEEDED, Schedule, first_run

# 2026-11-22T06:15:20Z
NOW = 1_795_328_120_000_000
RIGHT: dict[str, Any] = {
    "date": "2026-12-31",
    "time": "18:30",
    "minute": 30,
    "week_day": 7,
    "month_day": 31,
    "month": 12,
}


def read(body: dict[str, Any], timezone: str = "UTC") -> tuple[Schedule | None, dict[str, list[str]]]:
    faults: dict[str, list[str]] = {}
    return read_schedule(body, faults, NOW, timezone), faults


def body_of(repeat: str, **changes: Any) -> dict[str, Any]:
    return {"repeat": repeat, **{name: RIGHT[name] for name in NEEDED[repeat]}, **changes}


@pytest.mark.parametrize("repeat", NEEDED)
def test_what_a_rule_needs_is_enough_and_is_kept(repeat: str) -> None:
    assert read(body_of(repeat)) == (Schedule(**body_of(repeat)), {})


@pytest.mark.parametrize(("repeat", "name"), [(repeat, name) for repeat in NEEDED for name in NEEDED[repeat]])
@pytest.mark.parametrize("null", [True, False])
def test_what_a_rule_needs_and_is_missing_is_told(repeat: str, name: str, null: bool) -> None:
    body = body_of(repeat, **{name: None})
    if not null:
        del body[name]
    assert read(body) == (None, {name: [f"The {name} field is required when repeat is {repeat}."]})


@pytest.mark.parametrize("body", [{}, {"repeat": None}])
def test_repeat_is_required(body: dict[str, Any]) -> None:
    assert read(body) == (None, {"repeat": ["The repeat field is required."]})


@pytest.mark.parametrize("value", ["", "Now", "daily", "now ", 1, True, [], {}, ["now"]])
def test_a_repeat_that_there_is_not_is_told_with_those_that_there_are(value: object) -> None:
    [fault] = read({"repeat": value})[1]["repeat"]
    assert fault == f"The repeat field must be one of {', '.join(NEEDED)}."


ANY_NUMBER = ["1", "", 1.0, 1.5, True, False, [], [1], {}, float("inf"), 10**30, -1]
WRONG = {
    "date": [
        *(
            "",
            "now",
            "31.12.2026",
            "2026-12",
            "2026-02-30",
            "2026-13-01",
            "2026-1-1",
            "0000-01-01",
            "9999-01-01",
        ),
        *("2026-12-31T", "2026-12-31T24:00", "2026-12-31T10:60", "2026-12-31T10", "2026-12-31T10:00:60"),
        *("2026-12-31T10:00+24:00", "2026-12-31T10:00+01:60", "2026-12-31T10:00 Europe/Paris", "2026-12-31Z"),
        *("2026-12-31T10:00+1", " 2026-12-31", "2026-12-31\n", "٢٠٢٦-12-31", "2026-12-31T10:00+٠١:00"),
        *(20261231, 1.5, True, [], {}, ["2026-12-31"]),
    ],
    "time": [
        "",
        "24:00",
        "9:05",
        "09:5",
        "09:60",
        "0905",
        "09:05:00",
        "Now",
        " 09:05",
        "09:05\n",
        "٠٩:05",
        905,
        True,
        [],
    ],
    "minute": [*ANY_NUMBER, 60],
    "week_day": [*ANY_NUMBER, 0, 8],
    "month_day": [*ANY_NUMBER, 0, 32],
    "month": [*ANY_NUMBER, 0, 13],
    "timezone": [
        "",
        "europe/paris",
        "CET+1",
        "+02:00",
        "../UTC",
        "/etc/localtime",
        "localtime",
        "Factory",
        1,
        True,
        [],
    ],
}


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_parameter_is_told_once_whether_the_rule_needs_it_or_not(name: str, value: object) -> None:
    for repeat in NEEDED:
        schedule, faults = read(body_of(repeat, **{name: value}))
        if repeat in IGNORING and name in WHEN:
            assert (schedule, faults) == (Schedule(repeat), {})
        else:
            assert schedule is None
            assert list(faults) == [name]
            assert len(faults[name]) == 1
            assert faults[name][0].startswith(f"The {name} field must be ")


@pytest.mark.parametrize(
    ("name", "bound"), [(name, bound) for name, bounds in RANGES.items() for bound in bounds]
)
def test_both_ends_of_a_range_are_right(name: str, bound: int) -> None:
    repeats = [repeat for repeat in NEEDED if name in NEEDED[repeat]]
    assert repeats
    for repeat in repeats:
        schedule, faults = read(
            body_of(repeat, month=12, **{name: bound}) if name != "month" else body_of(repeat, month=bound)
        )
        assert faults == {}
        assert getattr(schedule, name) == bound


@pytest.mark.parametrize("repeat", IGNORING)
def test_what_is_ignored_is_not_kept(repeat: str) -> None:
    assert read({"repeat": repeat, **RIGHT}) == (Schedule(repeat), {})


@pytest.mark.parametrize("repeat", [repeat for repeat in NEEDED if repeat not in IGNORING])
def test_what_a_rule_has_no_use_for_is_not_kept(repeat: str) -> None:
    schedule, faults = read({"repeat": repeat, **RIGHT})
    kept = {*NEEDED[repeat], *(("time",) if repeat == "on" else ())}
    assert faults == {}
    assert schedule == Schedule(repeat, **{name: RIGHT[name] for name in kept})


def test_every_fault_is_told_at_once() -> None:
    wrong: dict[str, Any] = dict.fromkeys(PARAMETERS, False)
    assert set(read(wrong)[1]) == set(PARAMETERS)
    assert set(read({**wrong, "repeat": "yearlyOn"})[1]) == set(PARAMETERS) - {"repeat"}
    assert set(read({"repeat": "yearlyOn", "timezone": ""})[1]) == {"time", "month_day", "month", "timezone"}


def test_faults_of_others_stay() -> None:
    faults = {"service": ["The service field is required."], "repeat": ["It is said twice."]}
    assert read_schedule({}, faults, NOW) is None
    assert faults == {
        "service": ["The service field is required."],
        "repeat": ["It is said twice.", "The repeat field is required."],
    }
    assert read_schedule({"repeat": "now"}, faults, NOW) == Schedule("now")


@pytest.mark.parametrize(("month", "day"), [(2, 30), (2, 31), (4, 31), (6, 31), (9, 31), (11, 31)])
def test_a_day_that_never_comes_is_refused(month: int, day: int) -> None:
    told = [f"The month_day field must be a day of month {month}, in some year at least."]
    assert read(body_of("yearlyOn", month=month, month_day=day)) == (None, {"month_day": told})
    assert read(body_of("monthlyOn", month=month, month_day=day))[1] == {}


def test_29_february_is_a_day() -> None:
    assert read(body_of("yearlyOn", month=2, month_day=29))[1] == {}


@pytest.mark.parametrize(
    ("own", "store", "time"),
    [
        (None, "UTC", "06:15"),
        (None, "", "06:15"),
        (None, "Asia/Kathmandu", "12:00"),
        ("America/New_York", "Asia/Kathmandu", "01:15"),
    ],
)
@pytest.mark.parametrize("repeat", ["dailyAt", "weeklyOn", "monthlyOn", "yearlyOn", "on"])
def test_the_time_now_is_that_of_creation_where_the_job_is(
    repeat: str, own: str | None, store: str, time: str
) -> None:
    schedule, _ = read(body_of(repeat, time="now", timezone=own), store)
    assert schedule == Schedule(**body_of(repeat, time=time, timezone=own))


def test_the_time_counts_beside_a_bare_date_alone() -> None:
    assert read(body_of("on", time="10:00"))[0] == Schedule("on", date="2026-12-31", time="10:00")
    assert read(body_of("on", time="10:00", date="2026-12-31T18:00"))[0] == Schedule(
        "on", date="2026-12-31T18:00"
    )


TIMES = [
    f"{date}{offset}"
    for date in ("2026-12-31T18:00", "20261231T180059", "2026-12-31 18:00:59,5")
    for offset in ("", "Z", "z", "+01", "-0330", "+05:45", "-00:00")
]


@pytest.mark.parametrize("date", ["2026-12-31", "20261231", "2028-02-29", "0001-01-01", "9998-12-31", *TIMES])
def test_dates_are_those_of_iso_8601(date: str) -> None:
    assert read({"repeat": "on", "date": date}) == (Schedule("on", date=date), {})


@pytest.mark.parametrize(("value", "replay"), [(None, False), (True, True), (False, False)])
def test_replay_is_true_or_false(value: object, replay: bool) -> None:
    faults: dict[str, list[str]] = {}
    assert read_replay({"replay": value}, faults) is replay
    assert read_replay({}, faults) is False
    assert faults == {}


@pytest.mark.parametrize("value", [0, 1, "true", "", [], {}, 0.0])
def test_a_replay_that_is_neither_is_told(value: object) -> None:
    faults: dict[str, list[str]] = {}
    assert read_replay({"replay": value}, faults) is False
    assert faults == {"replay": ["The replay field must be true or false."]}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 70) | st.floats(0, 60) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=3,
)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        name: JSON | st.sampled_from([RIGHT.get(name, "UTC")]) for name in PARAMETERS if name != "repeat"
    },
)


@given(st.sampled_from([*NEEDED, None, "never"]), VALUES)
def test_any_body_is_either_told_its_faults_or_has_a_first_run(
    repeat: str | None, values: dict[str, Any]
) -> None:
    schedule, faults = read({"repeat": repeat, **values})
    assert set(faults) <= set(PARAMETERS)
    assert (schedule is None) == bool(faults)
    if schedule is not None:
        first = first_run(schedule, NOW)
        assert first is not None
        assert first >= NOW
        assert read({name: getattr(schedule, name) for name in PARAMETERS})[0] == schedule
