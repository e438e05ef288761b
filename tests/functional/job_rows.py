"""The parameters of every type of job, row by row as the Jobs API has them: what is right, and what is refused.

`SOURCE` is the contract; a test holds every type that there is to its rows.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.lrs.jobs.machine.job_type import SERVICES
from chalicelib.ports.lrs_access import StoreRecord
from tests.functional.lrs_site import Site

ANN = {"mbox": "mailto:ann@example.org"}
FLAGS = (True, False)
NO_FLAGS: tuple[object, ...] = (0, 1, "true", "", [], {})
NO_TEXTS: tuple[object, ...] = (7, True, ["a"], {}, "", " ", "a\nb", "x" * 256)
UNTIL = ("now", "1_hour", "1_day", "1_week", "1_month", "1_year")
DATES = ("2026-01-31", "2026-01-31T18:00", "2026-01-31T18:00:30Z", "2026-01-31T18:00:00+01:00")
NO_DATES = (7, True, "", "tomorrow", "2026-02-30", "31.1.2026", ["2026-01-31"], "2026-01-31T25:00")


@dataclass(frozen=True)
class Row:
    """One parameter. `wrong`: of another type, or out of range. `with_`: what must stand beside it."""

    right: tuple[object, ...]
    wrong: tuple[object, ...]
    required: bool = False
    with_: Mapping[str, object] | None = None


STORE = Row(("north",), (7, True, "", "nowhere", "closing", "id-north", ["north"], "a/b", "x" * 300))
FLAG = Row(FLAGS, NO_FLAGS)
TIME = {
    "until": Row(UNTIL, (7, True, "", "tomorrow", "1_minute", "NOW", ["now"]), required=True),
    "until_date": Row(DATES, NO_DATES, with_={"until": "date"}),
}
SERVICE = Row(("all", *SERVICES), (7, True, "", "verbs", "Statements", ["all"]), required=True)
CONNECTION = Row(("{connection}",), (7, True, "", "nothing", "a/b", ["x"], "ø"), required=True)
DRY_RUN = {"dry_run": FLAG}
REQUIRED_STORE = Row(STORE.right, STORE.wrong, required=True)
OPTIONS = {
    **dict.fromkeys(
        (
            "validate_statements",
            "check_conflicts",
            "void_statements",
            "update_activities",
            "update_agents",
            "update_vocab",
            "update_activity_ids",
            "update_agent_ids",
        ),
        FLAG,
    ),
    "authority_name": Row(("The LMS", "ø"), NO_TEXTS),
    "authority_homepage": Row(("https://lms.example.org",), (*NO_TEXTS, "lms", "http://", "a b")),
}
AGENT = Row(
    (json.dumps(ANN), ANN, {"account": {"homePage": "https://lms.example.org", "name": "7"}}),
    (
        7,
        True,
        "",
        "ann",
        "[]",
        "{}",
        {},
        [ANN],
        {"mbox": "ann"},
        {**ANN, "openid": "https://ann.example.org"},
    ),
    required=True,
)

SOURCE: Mapping[str, Mapping[str, Row]] = {
    "validation": {"clear": Row(FLAGS, NO_FLAGS, required=True), "store": STORE, **DRY_RUN},
    "pseudo": {**TIME, "store": STORE, **DRY_RUN},
    "pull": {"service": SERVICE, **TIME, "connection": CONNECTION, **OPTIONS, "store": REQUIRED_STORE},
    "push": {
        "service": SERVICE,
        **TIME,
        "connection": CONNECTION,
        "raw": FLAG,
        "sync_updates": FLAG,
        "pseudonymize_statements": FLAG,
        "store": REQUIRED_STORE,
    },
    "clearing": {"service": SERVICE, **TIME, "store": STORE, **DRY_RUN},
    "agent-deletion": {
        "agent": AGENT,
        "person": Row(FLAGS, NO_FLAGS, required=True),
        "store": STORE,
        **DRY_RUN,
    },
    "seeding": {"config": Row(("default",), NO_TEXTS), "store": REQUIRED_STORE},
    "testsuite": {
        "section": Row(("XAPI-00113",), NO_TEXTS),
        "store": REQUIRED_STORE,
        "client": Row(("ada",), (7, True, "", "nobody", "id-ada", ["ada"], "a/b"), required=True),
    },
    "logs-deletion": {
        "max_level": Row(tuple(range(8)), (-1, 8, True, "3", "debug", 3.5, [3]), required=True),
        **TIME,
        "store": STORE,
        **DRY_RUN,
    },
    "stores-deletion": {
        "store_id": Row(
            ("id-south", "id-closing"), (7, True, "", "south", "nothing", ["id-south"]), required=True
        ),
        **DRY_RUN,
    },
    "cmi5-tokens-deletion": {
        "until": Row(
            ("now", "1_hour", "1_day", "1_week"), (7, "", "date", "1_month", "1_year", ["now"]), required=True
        ),
        "store": STORE,
        **DRY_RUN,
    },
}
"""Type → parameter → what it takes; `{connection}` stands for the id of a connection."""

COMMON: Mapping[str, Row] = {
    "replay": FLAG,
    "repeat": Row(("now", "everyMinute"), (7, True, "", "often", "Now", ["now"]), required=True),
    "date": Row(DATES, NO_DATES, with_={"repeat": "on"}),
    "time": Row(
        ("now", "00:00", "23:59"),
        (7, True, "", "24:00", "7:00", "07:60", "07:00:00", ["07:00"]),
        with_={"repeat": "dailyAt"},
    ),
    "minute": Row((0, 59), (-1, 60, True, "5", 5.5, [5]), with_={"repeat": "hourlyAt"}),
    "week_day": Row((1, 7), (0, 8, True, "1", 1.5, [1]), with_={"repeat": "weeklyOn", "time": "07:00"}),
    "month_day": Row((1, 31), (0, 32, True, "1", 1.5, [1]), with_={"repeat": "monthlyOn", "time": "07:00"}),
    "month": Row(
        (1, 12), (0, 13, True, "1", 1.5, [1]), with_={"repeat": "yearlyOn", "time": "07:00", "month_day": 1}
    ),
    "timezone": Row(("UTC", "Europe/Paris"), (7, True, "", "Mars/Base", "europe/paris", ["UTC"])),
}
"""The parameters that jobs of every type have."""


def site_of_jobs() -> Site:
    """A deployment with the client `ada`, which may call the Jobs API; its store `closing` is being deleted."""
    site = Site()
    closing = StoreRecord("id-closing", "closing", "v1", "Closing", 1.0, status="deleting")
    assert site.store.put_store(closing, None)
    site.client("ada")
    return site


def connection(site: Site, kind: str = "db") -> str:
    """The id of a new connection."""
    settings = {
        "db": {"driver": "opensearch", "host": "https://search.example.com"},
        "file": {"prefix": "exports/"},
    }[kind]
    body = {"name": "Elsewhere", "settings": settings}
    made = site.call("POST", f"/lrs/ada/access/connections/{kind}", "ada", body)
    assert made.status == 201, made.text
    return str(made.json["data"]["id"])


def sent(value: Any, connection_id: str) -> Any:
    """A value of a row as it is sent."""
    return connection_id if value == "{connection}" else value


def least(kind: str, connection_id: str) -> dict[str, object]:
    """The smallest body that makes a job of a type; in one store, where it may have one."""
    rows = SOURCE[kind]
    needed = {
        name: row.right[-1] if name == "service" else row.right[0]
        for name, row in rows.items()
        if row.required
    }
    store = {"store": "north"} if "store" in rows else {}
    return {"repeat": "now", **{name: sent(value, connection_id) for name, value in needed.items()}, **store}
