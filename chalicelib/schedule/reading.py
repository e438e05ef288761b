"""Reading the schedule of a job from a body, every fault of it noted by field (Jobs API, "Creating a job")."""

import re
from collections.abc import Mapping
from zoneinfo import ZoneInfo

from chalicelib.schedule.dates import parse_date
from chalicelib.schedule.local_time import is_zone, shown
from chalicelib.schedule.repeat import DEFAULT_ZONE, NEEDED, Schedule, is_ever

# Whole numbers: name → lowest, highest.
RANGES: Mapping[str, tuple[int, int]] = {
    "minute": (0, 59),
    "week_day": (1, 7),
    "month_day": (1, 31),
    "month": (1, 12),
}
# What says when; `timezone`, which goes beyond the source, says where.
WHEN = ("date", "time", *RANGES)
PARAMETERS = ("repeat", *WHEN, "timezone")
# With these, what says when is not looked at, whatever it is.
IGNORING = ("now", "everyMinute")
NOW = "now"

_TIME = re.compile("(?:[01][0-9]|2[0-3]):[0-5][0-9]")

Faults = dict[str, list[str]]


def read_schedule(
    body: Mapping[str, object], faults: Faults, now: int, timezone: str = DEFAULT_ZONE
) -> Schedule | None:
    """The schedule in a body; None where it has a fault, each noted in `faults`.

    `now`: the time of creation, in microseconds since 1970, which `time: now` is; `timezone`: that of the job's store.
    A parameter that is null is not there. What `repeat` has no use for must be right all the same, and is not kept;
    `now` and `everyMinute` do not look at it.
    """
    own: Faults = {}
    repeat = _repeat(body, own)
    zone = _zone(body, own)
    texts: dict[str, str] = {}
    numbers: dict[str, int] = {}
    if repeat not in IGNORING:
        texts = _texts(body, own)
        numbers = {name: number for name in RANGES if (number := _number(body, name, own)) is not None}
        _note_missing(body, repeat, own)
    if repeat == "yearlyOn" and not own and not is_ever(numbers["month"], numbers["month_day"]):
        own["month_day"] = [
            f"The month_day field must be a day of month {numbers['month']}, in some year at least."
        ]
    for name, told in own.items():
        faults.setdefault(name, []).extend(told)
    if own:
        return None
    if texts.get("time") == NOW:
        texts["time"] = f"{shown(now, ZoneInfo(zone or timezone or DEFAULT_ZONE)):%H:%M}"
    used = (*NEEDED[repeat], "time") if _is_bare_date(repeat, texts) else NEEDED[repeat]
    return Schedule(
        repeat,
        date=texts.get("date") if "date" in used else None,
        time=texts.get("time") if "time" in used else None,
        timezone=zone,
        **{name: number for name, number in numbers.items() if name in used},
    )


def read_replay(body: Mapping[str, object], faults: Faults) -> bool:
    """Whether a job is to run as soon as possible, whatever its schedule; absent or null is false. Notes its fault."""
    value = body.get("replay")
    if value is None or isinstance(value, bool):
        return value is True
    faults.setdefault("replay", []).append("The replay field must be true or false.")
    return False


def _repeat(body: Mapping[str, object], faults: Faults) -> str:
    value = body.get("repeat")
    if value is None:
        faults["repeat"] = ["The repeat field is required."]
    elif not isinstance(value, str) or value not in NEEDED:
        faults["repeat"] = [f"The repeat field must be one of {', '.join(NEEDED)}."]
    else:
        return value
    return ""


def _zone(body: Mapping[str, object], faults: Faults) -> str | None:
    value = body.get("timezone")
    if value is None or (isinstance(value, str) and is_zone(value)):
        return value
    faults["timezone"] = ["The timezone field must be an IANA time zone, such as Europe/Paris."]
    return None


def _texts(body: Mapping[str, object], faults: Faults) -> dict[str, str]:
    """`date` and `time`, as far as they are there."""
    found = {}
    for name, right, kind in (
        ("date", _is_date, "an ISO 8601 date, such as 2026-12-31 or 2026-12-31T18:00:00+01:00"),
        ("time", _is_time, "now, or a time from 00:00 to 23:59 (HH:MM)"),
    ):
        value = body.get(name)
        if isinstance(value, str) and right(value):
            found[name] = value
        elif value is not None:
            faults[name] = [f"The {name} field must be {kind}."]
    return found


def _number(body: Mapping[str, object], name: str, faults: Faults) -> int | None:
    value = body.get(name)
    low, high = RANGES[name]
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and low <= value <= high):
        return value
    faults[name] = [f"The {name} field must be a whole number from {low} to {high}."]
    return None


def _note_missing(body: Mapping[str, object], repeat: str, faults: Faults) -> None:
    for name in NEEDED.get(repeat, ()):
        if body.get(name) is None:
            faults[name] = [f"The {name} field is required when repeat is {repeat}."]


def _is_date(text: str) -> bool:
    return parse_date(text) is not None


def _is_time(text: str) -> bool:
    return text == NOW or _TIME.fullmatch(text) is not None


def _is_bare_date(repeat: str, texts: Mapping[str, str]) -> bool:
    """Whether a schedule is on a date without a time of day, which `time` then gives."""
    given = parse_date(texts["date"]) if repeat == "on" else None
    return given is not None and not given.has_time
