"""Jobs of one request are made all or not at all, and what they name stays."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from chalicelib.ports.jobs import JobRecord
from tests.doubles.job_type_path import job_types_in
from tests.functional.job_calls import (
    EVERYWHERE,
    call,
    failing,
    made,
    several,
)
from tests.functional.job_rows import connection, site_of_jobs
from tests.functional.lrs_site import Site


@pytest.fixture
def site() -> Iterator[Site]:
    with job_types_in():
        yield site_of_jobs()


# ---- all or nothing


@pytest.mark.parametrize("at", [1, 2, 12])
def test_jobs_of_one_request_are_made_all_or_not_at_all(at: int, site: Site) -> None:
    jobs = site.world.job_store
    jobs.put = failing(jobs.put, at)
    assert call(site, "POST", "counting", {**EVERYWHERE, "service": "all"}).status == 503
    assert jobs.page("counting", None, 100).jobs == ()
    assert len(several(site, {**EVERYWHERE, "service": "all"})) == 12


def test_a_job_that_cannot_be_taken_back_is_named_in_the_log(site: Site) -> None:
    jobs = site.world.job_store
    jobs.put = failing(jobs.put, 2)
    jobs.delete = failing(lambda job: False, 1)
    assert call(site, "POST", "counting", EVERYWHERE).status == 503
    assert any("taking back job" in failure for failure in site.world.failures)


def test_a_store_that_goes_while_its_job_is_made_has_no_job(site: Site) -> None:
    jobs = site.world.job_store
    put = jobs.put

    def meanwhile(record: JobRecord, expected: int | None) -> JobRecord | None:
        south = site.store.read("", "south").store
        assert south is not None
        site.store.put_store(replace(south, version="v2", status="deleting"), "v1")
        return cast(JobRecord | None, put(record, expected))

    jobs.put = meanwhile
    answer = call(site, "POST", "counting", EVERYWHERE)
    assert (answer.status, list(answer.json["errors"])) == (422, ["store"])
    assert jobs.page("counting", None, 100).jobs == ()


# ---- connections


def test_a_connection_that_a_job_uses_stays(site: Site) -> None:
    used, unused = connection(site), connection(site)
    body = {"repeat": "now", "store": "north", "service": "states", "connection": used}
    job = made(site, body, "fetching")
    assert job["connection"] == used
    path = "/lrs/ada/access/connections/db"
    answer = site.call("DELETE", f"{path}/{used}", "ada")
    assert answer.status == 409
    assert f"{job['name']} ({job['id']})" in answer.json["message"]
    assert site.call("GET", f"{path}/{used}", "ada").status == 200
    assert site.call("DELETE", f"{path}/{unused}", "ada").status == 204
    assert call(site, "PUT", f"fetching/{job['id']}", {**body, "connection": unused}).status == 422
    assert call(site, "DELETE", f"fetching/{job['id']}").status == 204
    assert site.call("DELETE", f"{path}/{used}", "ada").status == 204


def test_a_connection_that_goes_while_its_job_is_made_takes_the_job_along(site: Site) -> None:
    used = connection(site)
    jobs = site.world.job_store
    put = jobs.put

    def meanwhile(record: JobRecord, expected: int | None) -> JobRecord | None:
        assert site.call("DELETE", f"/lrs/ada/access/connections/db/{used}", "ada").status == 204
        return cast(JobRecord | None, put(record, expected))

    jobs.put = meanwhile
    body = {"repeat": "now", "store": "north", "service": "states", "connection": used}
    answer = call(site, "POST", "fetching", body)
    assert (answer.status, list(answer.json["errors"])) == (422, ["connection"])
    assert jobs.page("fetching", None, 100).jobs == ()


def test_a_connection_comes_back_where_a_job_was_made_while_it_went(site: Site) -> None:
    used = connection(site)
    store: Any = site.store
    delete = store.delete_connection
    body = {"repeat": "now", "store": "north", "service": "states", "connection": used}

    def meanwhile(*arguments: Any) -> Any:
        made(site, body, "fetching")
        return delete(*arguments)

    store.delete_connection = meanwhile
    path = f"/lrs/ada/access/connections/db/{used}"
    assert site.call("DELETE", path, "ada").status == 409
    assert site.call("GET", path, "ada").status == 200
