"""Whatever is sent to the Jobs API, and whatever then runs, it answers in its own words and never with a bug."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.jobs.worker import BROKEN
from chalicelib.ports.jobs import JobRecord
from tests.functional.job_rows import COMMON, SOURCE, connection, least, sent, site_of_jobs
from tests.functional.lrs_site import Site

RELAXED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
WORDS = (
    "", " ", "\x00", "\ud800", "é", "\u202e", "a" * 5000, "north", "null", "../..", "now", "date", "all", "00:00",
    "0001-01-01", "0001-01-01T00:00:00+23:59", "9998-12-31T23:59:59-23:59", "9999-12-31", "2026-02-29",
    "Europe/Paris", "Pacific/Apia", "localtime", '{"mbox":"mailto:ann@example.org"}', "[[[[", '{"a":NaN}',
)  # fmt: skip
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-100, 100)
    | st.sampled_from((10**18, -(10**18), 10**4000, 1e308, 0.5))
    | st.sampled_from(WORDS)
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
REPEATS = ("now", "on", "everyMinute", "hourlyAt", "dailyAt", "weeklyOn", "monthlyOn", "yearlyOn")
RULES = st.sampled_from(REPEATS)


def right_or_not(row: Any) -> st.SearchStrategy[object]:
    return st.sampled_from(row.right) | VALUES


def encoded(value: object) -> object:
    """JSON that keeps what no encoder would send, such as half of a surrogate pair."""
    return json.dumps(value).encode()


@pytest.fixture(scope="module")
def site() -> Site:
    return site_of_jobs()


@pytest.fixture(scope="module")
def place(site: Site) -> str:
    return connection(site, "file")


@pytest.mark.parametrize("kind", SOURCE)
@RELAXED
@given(st.data())
def test_no_body_is_a_bug(kind: str, site: Site, place: str, data: Any) -> None:
    """Some of the parameters are right, some are anything; what is made is shown, changed, listed and deleted."""
    rows = {**COMMON, **SOURCE[kind]}
    chosen = data.draw(st.sets(st.sampled_from(sorted(rows))))
    body = {**least(kind, place), "repeat": data.draw(RULES)}
    body |= {name: sent(data.draw(right_or_not(rows[name])), place) for name in chosen}
    path = f"/lrs/ada/jobs/{kind}"
    answer = site.call("POST", path, "ada", encoded(body))
    assert answer.status in (201, 400, 422), answer.text
    if answer.status != 201:
        assert answer.json["message"]
        return
    found = answer.json["data"]
    for job in found if isinstance(found, list) else [found]:
        change = site.call("PUT", f"{path}/{job['id']}", "ada", encoded({**body, "replay": True}))
        assert change.status in (200, 422), change.text
        assert site.call("GET", f"{path}/{job['id']}", "ada").status == 200
        assert site.call("DELETE", f"{path}/{job['id']}", "ada").status == 204


@RELAXED
@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"]),
    st.sampled_from(["clearing", "nothing"]) | st.text(max_size=8),
    st.sampled_from(["", "x", "x/logs", "x/stop", "x/resume"]) | st.text(max_size=8),
    st.lists(
        st.tuples(
            st.sampled_from(["store", "service", "filters[store]", "filters[service]", "limit", "cursor"])
            | st.text(max_size=4),
            st.sampled_from(WORDS) | st.text(max_size=8),
        ),
        max_size=3,
    ),
)
def test_no_address_is_a_bug(
    site: Site, method: str, kind: str, below: str, query: list[tuple[str, str]]
) -> None:
    text = "&".join(
        f"{quote(name, errors='replace')}={quote(value, errors='replace')}" for name, value in query
    )
    path = f"/lrs/ada/jobs/{quote(kind, safe='', errors='replace')}/{quote(below, errors='replace')}".rstrip(
        "/"
    )
    assert site.call(method, f"{path}?{text}", "ada", b"{}").status < 500


def run_all(site: Site) -> list[JobRecord]:
    """The jobs of the site after what is due has run."""
    jobs = site.world.job_store
    found = [job for kind in SOURCE for job in jobs.page(kind, None, 100).jobs]
    site.world.job_tick.run()
    for job in found:
        current = jobs.get(job.type, job.id)
        if current is not None and current.run is not None:
            site.world.job_worker.work(job.type, job.id, current.run.id, lambda: 900.0)
    ended = [jobs.get(job.type, job.id) for job in found]
    return [job for job in ended if job is not None]


@pytest.mark.parametrize("kind", sorted({*SOURCE} - {"testsuite", "stores-deletion"}))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_job_that_could_be_made_breaks_in_its_run(kind: str, data: Any) -> None:
    site = site_of_jobs()
    place = connection(site, "file")
    rows = {**COMMON, **SOURCE[kind]}
    body = {
        name: sent(data.draw(st.sampled_from(row.right)), place)
        for name, row in rows.items()
        if row.required or data.draw(st.booleans())
    }
    body |= {"until_date": data.draw(st.sampled_from(WORDS))} if "until_date" in rows else {}
    body |= {"until": "date"} if data.draw(st.booleans()) and "until_date" in rows else {}
    answer = site.call("POST", f"/lrs/ada/jobs/{kind}", "ada", encoded({**body, "replay": True}))
    assert answer.status in (201, 400, 422), answer.text
    for job in run_all(site):
        assert job.feedback != BROKEN, body
        assert job.run is not None or job.progress.total == job.progress.seen
    assert site.world.failures == []


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"])
@pytest.mark.parametrize("below", ["", "/x", "/x/logs", "/x/stop", "/x/resume"])
def test_an_api_that_is_switched_off_is_not_there_whoever_asks_and_however(method: str, below: str) -> None:
    site = Site(JOBS_API="false")
    site.client("ada")
    for user in ("ada", None):
        answer = site.call(method, f"/lrs/ada/jobs/clearing{below}", user, b"{}")
        assert answer.status == 404, (user, answer.text)
