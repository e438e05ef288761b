"""The Jobs API as a client that has jobs/all meets it: jobs are made and shown."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from chalicelib.ports.lrs_access import StoreRecord
from tests.doubles.job_type_path import job_types_in
from tests.functional.job_calls import (
    BODY,
    EVERYWHERE,
    NOW,
    TIDYING,
    call,
    failing,
    made,
    several,
    shown,
)
from tests.functional.job_rows import connection, site_of_jobs
from tests.functional.lrs_site import Site

SERVICES = ["statements", "activities", "agents", "activity-profiles", "agent-profiles", "states"]
FIELDS = [
    *(
        "id",
        "type",
        "name",
        "store",
        "service",
        "client",
        "connection",
        "settings",
        "replay",
        "repeat",
        "date",
    ),
    *("time", "minute", "week_day", "month_day", "month", "timezone", "running", "stopped", "ran", "success"),
    *("started_at", "completed_at", "next_run_at", "progress", "feedback", "evidence", "created_by"),
]


@pytest.fixture
def site() -> Iterator[Site]:
    with job_types_in():
        yield site_of_jobs()


# ---- making and showing


def test_a_job_is_shown_as_it_was_made(site: Site) -> None:
    job = made(
        site, {**BODY, "repeat": "dailyAt", "time": "23:30", "minute": 5, "items": 30, "dry_run": True}
    )
    assert list(job) == FIELDS
    assert job == {
        "id": job["id"],
        "type": "counting",
        "name": "counting north agents",
        "store": "north",
        "service": "agents",
        "client": None,
        "connection": None,
        "settings": {
            "careful": True,
            "items": 30,
            "colour": None,
            "word": None,
            "address": None,
            "agent": None,
            "until": "now",
            "until_date": None,
            "dry_run": True,
        },
        "replay": False,
        "repeat": "dailyAt",
        "date": None,
        "time": "23:30",
        "minute": None,
        "week_day": None,
        "month_day": None,
        "month": None,
        "timezone": None,
        "running": False,
        "stopped": False,
        "ran": False,
        "success": None,
        "started_at": None,
        "completed_at": None,
        "next_run_at": "2023-11-14T23:30:00.000000Z",
        "progress": {"total": 0, "done": 0, "skipped": 0, "failed": 0},
        "feedback": "",
        "evidence": {},
        "created_by": "ada",
    }
    assert shown(site, job) == job
    assert call(site, "GET", "counting").json == {"data": [job], "cursor": None}


def test_without_a_store_there_is_a_job_for_every_store_that_is_ready(site: Site) -> None:
    assert site.store.put_store(StoreRecord("id-west", "west", "v1", "West", 1.0, "deleting"), None)
    jobs = several(site, EVERYWHERE)
    assert [job["store"] for job in jobs] == ["north", "south"]
    assert len({job["id"] for job in jobs}) == 2
    assert call(site, "GET", "counting").json["data"] == jobs


def test_one_store_that_is_ready_is_still_a_list(site: Site) -> None:
    south = site.store.read("", "south").store
    assert south is not None
    assert site.store.put_store(replace(south, version="v2", status="deleting"), "v1")
    jobs = several(site, EVERYWHERE)
    assert [job["store"] for job in jobs] == ["north"]


def test_all_services_are_a_job_each(site: Site) -> None:
    jobs = several(site, {**BODY, "service": "all"})
    assert [job["service"] for job in jobs] == SERVICES
    assert jobs[0]["name"] == "counting north statements"
    assert len(several(site, {**EVERYWHERE, "service": "all"})) == 12


def test_a_type_says_what_all_services_are(site: Site) -> None:
    body = {"repeat": "now", "store": "north", "service": "all"}
    jobs = cast(
        list[dict[str, Any]], made(site, {**body, "connection": connection(site, "file")}, "fetching")
    )
    assert [job["service"] for job in jobs] == ["statements"]
    assert len(several(site, {**body, "connection": connection(site)}, "fetching")) == 6


def test_a_type_that_is_about_all_stores_makes_one_job(site: Site) -> None:
    job = made(site, TIDYING, "tidying")
    assert (job["name"], job["store"], job["service"]) == ("tidying", None, None)
    assert made(site, {**TIDYING, "store": "north"}, "tidying")["name"] == "tidying north"


def test_a_type_keeps_where_it_was_asked_for(site: Site) -> None:
    body = {"repeat": "now", "store": "north", "service": "states", "connection": connection(site)}
    job = made(site, body, "fetching")
    record = site.world.job_store.get("fetching", job["id"])
    assert record is not None
    assert str(record.settings["root"]).endswith("/api")
    assert job["settings"] == {}


def test_any_client_with_the_permission_sees_and_changes_all_jobs(site: Site) -> None:
    job = made(site)
    site.client("bob", "south", permissions=["jobs/all"])
    path = f"/lrs/bob/jobs/counting/{job['id']}"
    assert site.call("GET", path, "bob").json["data"] == job
    changed = site.call("PUT", path, "bob", BODY)
    assert (changed.status, changed.json["data"]["created_by"]) == (200, "ada")
    assert site.call("DELETE", path, "bob").status == 204


# ---- schedules and time zones


def test_the_time_zone_is_the_jobs_own_else_its_stores_else_utc(site: Site) -> None:
    south = site.store.read("", "south").store
    assert south is not None
    assert site.store.put_store(replace(south, version="v2", timezone="Asia/Tokyo"), "v1")
    daily = {**EVERYWHERE, "repeat": "dailyAt", "time": "09:00"}
    assert [job["next_run_at"] for job in several(site, daily)] == [
        "2023-11-15T09:00:00.000000Z",
        "2023-11-15T00:00:00.000000Z",
    ]
    job = made(site, {**daily, "store": "south", "timezone": "Europe/Paris"})
    assert (job["timezone"], job["next_run_at"]) == ("Europe/Paris", "2023-11-15T08:00:00.000000Z")
    assert [job["time"] for job in several(site, {**daily, "time": "now"})] == ["22:13", "07:13"]
    tidying = made(site, {**TIDYING, "repeat": "dailyAt", "time": "09:00"}, "tidying")
    assert tidying["next_run_at"] == "2023-11-15T09:00:00.000000Z"


def test_now_and_a_date_that_is_past_run_at_once(site: Site) -> None:
    assert made(site)["next_run_at"] == NOW
    assert made(site, {**BODY, "repeat": "on", "date": "2020-01-01"})["next_run_at"] == NOW


@pytest.mark.parametrize(
    ("date", "timezone", "end"),
    [
        ("2026-01-31", None, "2026-02-01T00:00:00Z"),
        ("2026-01-31", "Europe/Paris", "2026-01-31T23:00:00Z"),
        ("2026-03-29", "Europe/Paris", "2026-03-29T22:00:00Z"),
    ],
)
def test_a_bare_date_is_the_end_of_its_day_where_the_job_is(
    date: str, timezone: str | None, end: str, site: Site
) -> None:
    job = made(site, {**BODY, "until": "date", "until_date": date, "timezone": timezone})
    assert job["settings"]["until_date"] == date
    record = site.world.job_store.get("counting", job["id"])
    assert record is not None
    assert record.settings["until_at"] == microseconds_of(end) - 1


def test_a_date_with_a_time_is_that_time(site: Site) -> None:
    job = made(site, {**BODY, "until": "date", "until_date": "2026-01-31T18:00:00+01:00"})
    record = site.world.job_store.get("counting", job["id"])
    assert record is not None
    assert record.settings["until_at"] == microseconds_of("2026-01-31T17:00:00Z")


def microseconds_of(text: str) -> int:
    from datetime import datetime

    return int(datetime.fromisoformat(text).timestamp()) * 1_000_000


# ---- what all calls share


@pytest.mark.parametrize(
    "path", ["nothing", "machine", "__init__", "job_types", "Counting", "%2e%2e", "a" * 5000]
)
def test_an_unknown_type_is_not_there(path: str, site: Site) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = call(site, method, path, {})
        assert answer.status == 404
        assert "Type of job not found" in answer.json["message"]


@pytest.mark.parametrize("job_id", ["nothing", "%00", "a" * 5000, "%2F", "%F0%9F%98%80"])
def test_an_unknown_job_is_not_there(job_id: str, site: Site) -> None:
    for method, below in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/logs"), ("POST", "/stop")):
        assert call(site, method, f"counting/{job_id}{below}", BODY).status == 404


def test_a_job_is_found_under_its_own_type_alone(site: Site) -> None:
    job = made(site)
    assert call(site, "GET", f"tidying/{job['id']}").status == 404


def test_the_api_can_be_switched_off() -> None:
    with job_types_in():
        site = Site(JOBS_API="false")
        site.client("ada")
        assert call(site, "GET", "counting").status == 404
        assert call(site, "POST", "counting", BODY).status == 404


def test_who_made_and_deleted_jobs_stands_in_the_general_log(site: Site) -> None:
    job = made(site)
    call(site, "DELETE", f"counting/{job['id']}")
    entries = site.call("GET", "/lrs/ada/logs?types=console", "ada").json["data"]
    assert [entry["details"]["call"] for entry in entries] == ["jobsDelete", "jobsCreate"]
    assert all(entry["client"] == "ada" and entry["details"]["id"] == job["id"] for entry in entries)


def test_a_store_of_jobs_that_does_not_answer_says_so(site: Site) -> None:
    job = made(site)
    site.world.job_store.get = failing(lambda *_: None, 1)
    answer = call(site, "GET", f"counting/{job['id']}")
    assert (answer.status, "told to fail" in answer.text) == (503, False)
