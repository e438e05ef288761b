"""Jobs are changed, run, stopped, resumed and deleted over HTTP."""

from collections.abc import Iterator
from typing import cast

import pytest

from chalicelib.ports.jobs import JobRecord, RunState
from tests.doubles.job_type_path import job_types_in
from tests.functional.job_calls import (
    BODY,
    EVERYWHERE,
    NOW,
    TIDYING,
    call,
    failing,
    in_run,
    made,
    several,
    shown,
    work,
)
from tests.functional.job_rows import site_of_jobs
from tests.functional.lrs_site import Site


@pytest.fixture
def site() -> Iterator[Site]:
    with job_types_in():
        yield site_of_jobs()


# ---- changing


def test_a_change_is_whole_and_keeps_what_is_not_part_of_it(site: Site) -> None:
    job = made(site, {**BODY, "items": 30, "repeat": "everyMinute"})
    body = {**EVERYWHERE, "repeat": "weeklyOn", "time": "07:00", "week_day": 1, "replay": True}
    answer = call(site, "PUT", f"counting/{job['id']}", body)
    assert answer.status == 200
    changed = answer.json["data"]
    assert changed == {
        **job,
        "settings": {**job["settings"], "items": None},
        "replay": True,
        "repeat": "weeklyOn",
        "time": "07:00",
        "week_day": 1,
        "next_run_at": "2023-11-20T07:00:00.000000Z",
    }
    assert shown(site, job) == changed
    moved = call(site, "PUT", f"counting/{job['id']}", {**BODY, "store": "south"}).json["data"]
    assert (moved["store"], moved["name"], moved["replay"]) == ("south", "counting south agents", False)


def test_a_change_is_about_one_service(site: Site) -> None:
    job = made(site)
    answer = call(site, "PUT", f"counting/{job['id']}", {**BODY, "service": "all", "careful": 1})
    assert answer.status == 422
    assert sorted(answer.json["errors"]) == ["careful", "service"]
    assert shown(site, job) == job


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.STOPPING])
def test_a_running_job_is_not_changed(state: RunState, site: Site) -> None:
    job = made(site)
    record = in_run(site, job, state)
    answer = call(site, "PUT", f"counting/{job['id']}", BODY)
    assert answer.status == 409
    assert "runs and cannot be changed" in answer.json["message"]
    assert site.world.job_store.get("counting", job["id"]) == record


def test_a_change_gives_up_a_run_that_was_stopped(site: Site) -> None:
    job = made(site)
    in_run(site, job, RunState.STOPPED)
    changed = call(site, "PUT", f"counting/{job['id']}", BODY).json["data"]
    assert (changed["stopped"], changed["ran"], changed["success"]) == (False, True, None)
    assert changed["progress"] == {"total": 3, "done": 3, "skipped": 0, "failed": 0}
    assert changed["completed_at"] == NOW
    assert "given up" in changed["feedback"]


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"until": "1_day"}, True),
        ({"dry_run": True}, False),
        ({"items": 9}, False),
        ({"store": "south"}, False),
    ],
)
def test_a_job_that_is_about_something_else_forgets_where_it_was(
    change: dict[str, object], kept: bool, site: Site
) -> None:
    job = made(site)
    in_run(site, job, RunState.STOPPED)
    assert call(site, "PUT", f"counting/{job['id']}", {**BODY, **change}).status == 200
    record = site.world.job_store.get("counting", job["id"])
    assert record is not None
    assert bool(record.memory) is kept


def test_a_job_that_others_change_meanwhile_is_not_overwritten(site: Site) -> None:
    job = made(site)
    jobs = site.world.job_store
    put = jobs.put

    def meanwhile(record: JobRecord, expected: int | None) -> JobRecord | None:
        jobs.put = put
        in_run(site, job, RunState.RUNNING)
        return cast(JobRecord | None, put(record, expected))

    jobs.put = meanwhile
    assert call(site, "PUT", f"counting/{job['id']}", BODY).status == 409
    assert shown(site, job)["running"] is True


# ---- runs


def test_a_job_that_is_due_runs_and_tells_so(site: Site) -> None:
    job = made(site)
    work(site)
    done = shown(site, job)
    assert (done["running"], done["ran"], done["success"], done["next_run_at"]) == (False, True, True, None)
    assert done["progress"] == {"total": 25, "done": 25, "skipped": 0, "failed": 0}
    assert done["started_at"] == done["completed_at"] == NOW
    assert done["evidence"] == {"counted": 25}
    lines = call(site, "GET", f"counting/{job['id']}/logs").json
    assert [(line["event"], line["success"]) for line in lines["data"]] == [
        ("started", None),
        ("passed", True),
    ]
    assert list(lines["data"][0]) == ["event", "success", "feedback", "created_at"]
    first = call(site, "GET", f"counting/{job['id']}/logs?limit=1").json
    second = call(site, "GET", f"counting/{job['id']}/logs?limit=1&cursor={first['cursor']}").json
    assert first["data"] + second["data"] == lines["data"]


def test_replay_runs_at_the_next_tick_once(site: Site) -> None:
    body = {**BODY, "repeat": "on", "date": "2030-01-01", "replay": True}
    job = made(site, body)
    assert job["next_run_at"] == "2030-01-01T00:00:00.000000Z"
    work(site)
    done = shown(site, job)
    assert (done["ran"], done["replay"], done["next_run_at"]) == (True, False, job["next_run_at"])
    site.world.clock.advance(600)
    assert site.world.job_tick.run().started == 0


def test_a_run_is_stopped_and_goes_on(site: Site) -> None:
    job = made(site)
    site.world.job_tick.run()
    path = f"counting/{job['id']}"
    for _ in range(2):
        assert call(site, "POST", f"{path}/stop").json["data"]["running"] is True
    assert call(site, "POST", f"{path}/resume").status == 409
    work(site)
    stopped = shown(site, job)
    assert (stopped["running"], stopped["stopped"], stopped["ran"]) == (False, True, False)
    assert "Stopped" in stopped["feedback"]
    again = call(site, "POST", f"{path}/resume")
    assert (again.status, again.json["data"]["running"]) == (200, True)
    work(site)
    done = shown(site, job)
    assert (done["success"], done["stopped"]) == (True, False)
    assert done["progress"] == {"total": 25, "done": 25, "skipped": 0, "failed": 0}


def test_a_run_that_waits_can_be_kept_from_going_on(site: Site) -> None:
    job = made(site)
    in_run(site, job, RunState.STOPPED, pauses=1)
    held = call(site, "POST", f"counting/{job['id']}/stop")
    assert (held.status, held.json["data"]["stopped"]) == (200, True)
    site.world.clock.advance(3600)
    assert site.world.job_tick.run().woken == 0
    assert call(site, "POST", f"counting/{job['id']}/stop").status == 409
    assert call(site, "POST", f"counting/{job['id']}/resume").status == 200


@pytest.mark.parametrize(
    ("state", "move"),
    [(None, "stop"), (None, "resume"), (RunState.RUNNING, "resume"), (RunState.STOPPED, "stop")],
)
def test_what_makes_no_sense_is_refused_and_said_why(state: RunState | None, move: str, site: Site) -> None:
    job = made(site)
    if state is not None:
        in_run(site, job, state)
    before = site.world.job_store.get("counting", job["id"])
    answer = call(site, "POST", f"counting/{job['id']}/{move}")
    assert answer.status == 409
    assert answer.json["message"].endswith(".")
    assert site.world.job_store.get("counting", job["id"]) == before


def test_a_resumed_run_whose_wake_up_is_lost_goes_on_all_the_same(site: Site) -> None:
    job = made(site)
    in_run(site, job, RunState.STOPPED)
    send = site.world.job_queue.send
    site.world.job_queue.send = failing(lambda body: None, 1)
    assert call(site, "POST", f"counting/{job['id']}/resume").status == 200
    assert any("wake-up" in failure for failure in site.world.failures)
    site.world.job_queue.send = send
    site.world.clock.advance(121)
    work(site)
    assert shown(site, job)["success"] is True


# ---- deleting


def test_a_deleted_job_is_gone_with_its_log(site: Site) -> None:
    job = made(site)
    work(site)
    path = f"counting/{job['id']}"
    answer = call(site, "DELETE", path)
    assert (answer.status, answer.text) == (204, "")
    for method, below in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/logs"), ("POST", "/stop")):
        assert call(site, method, path + below, BODY).status == 404
    assert call(site, "POST", f"{path}/resume").status == 404


def test_all_jobs_of_a_type_are_deleted_and_no_others(site: Site) -> None:
    jobs = several(site, {**EVERYWHERE, "service": "all"})
    in_run(site, jobs[3], RunState.RUNNING)
    other = made(site, TIDYING, "tidying")
    assert call(site, "DELETE", "counting?store=north").status == 422
    assert len(call(site, "GET", "counting").json["data"]) == 12
    assert call(site, "DELETE", "counting").status == 204
    assert call(site, "GET", "counting").json["data"] == []
    assert shown(site, other) == other
    assert call(site, "DELETE", "counting").status == 204


def test_a_job_is_deleted_whatever_its_worker_writes_meanwhile(site: Site) -> None:
    job = made(site)
    jobs = site.world.job_store
    delete, times = jobs.delete, iter(range(100))

    def meanwhile(record: JobRecord) -> bool:
        if next(times) < 5:
            in_run(site, job, RunState.RUNNING)
        return cast(bool, delete(record))

    jobs.delete = meanwhile
    assert call(site, "DELETE", f"counting/{job['id']}").status == 204
    assert jobs.get("counting", job["id"]) is None
