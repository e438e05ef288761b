"""Jobs of a store that gets another time zone."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from chalicelib.lrs.validation.data_types import parse_timestamp
from chalicelib.lrs.versions import V2
from chalicelib.ports.jobs import RunState
from tests.doubles.job_type_path import job_types_in
from tests.functional.job_calls import BODY, failing, in_run, made, shown, work
from tests.functional.job_rows import site_of_jobs
from tests.functional.lrs_site import Site


@pytest.fixture
def site() -> Iterator[Site]:
    with job_types_in():
        yield site_of_jobs()


def microseconds_of(text: str) -> int:
    found = parse_timestamp(text, V2)
    assert found is not None
    return found


def moved_to(site: Site, timezone: str) -> None:
    answer = site.call("PUT", "/lrs/ada/access/stores/north", "ada", {"timezone": timezone})
    assert answer.status == 200, answer.text


def test_jobs_that_wait_go_by_the_new_time_zone_of_their_store_at_once(site: Site) -> None:
    daily = {**BODY, "repeat": "yearlyOn", "time": "12:00", "month_day": 1, "month": 12}
    bare = {**BODY, "repeat": "on", "date": "2026-01-31", "until": "date", "until_date": "2026-01-31"}
    own, waiting, once, elsewhere, due = (
        made(site, body)
        for body in (
            {**daily, "timezone": "America/New_York"},
            daily,
            bare,
            {**daily, "store": "south"},
            BODY,
        )
    )
    moved_to(site, "Asia/Tokyo")
    assert shown(site, waiting)["next_run_at"] == "2023-12-01T03:00:00.000000Z"
    assert shown(site, once)["next_run_at"] == "2026-01-30T15:00:00.000000Z"
    for job in (own, elsewhere, due):
        assert shown(site, job) == job
    record = site.world.job_store.get("counting", once["id"])
    assert record.settings["until_at"] == microseconds_of("2026-01-31T15:00:00Z") - 1
    assert record.due_at == record.next_run_at
    work(site)
    assert [shown(site, job)["ran"] for job in (waiting, once, due)] == [False, False, True]


def test_a_run_that_goes_on_keeps_its_lease_when_its_store_moves(site: Site) -> None:
    job = made(site, {**BODY, "repeat": "dailyAt", "time": "12:00"})
    before = in_run(site, job, RunState.RUNNING)
    slot = microseconds_of("2023-11-15T12:00:00Z")
    running = replace(before, due_at=before.created_at + 5, next_run_at=slot)
    site.world.job_store.put(running, before.version)
    moved_to(site, "Asia/Tokyo")
    after = site.world.job_store.get("counting", job["id"])
    assert (after.due_at, after.run) == (before.created_at + 5, before.run)
    assert shown(site, job)["next_run_at"] == "2023-11-15T03:00:00.000000Z"


def test_a_change_of_a_time_zone_that_died_half_way_is_sent_again(site: Site) -> None:
    job = made(site, {**BODY, "repeat": "dailyAt", "time": "12:00"})
    page = site.world.job_store.page
    site.world.job_store.page = failing(page, 1)
    assert site.call("PUT", "/lrs/ada/access/stores/north", "ada", {"timezone": "Asia/Tokyo"}).status == 503
    site.world.job_store.page = page
    moved_to(site, "Asia/Tokyo")
    assert shown(site, job)["next_run_at"] == "2023-11-15T03:00:00.000000Z"
