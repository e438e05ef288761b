"""The Jobs API as a client that has jobs/all meets it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import pytest

from chalicelib.errors import Unavailable
from chalicelib.ports.jobs import JobRecord, Progress, Run, RunState
from chalicelib.ports.lrs_access import StoreRecord
from tests.doubles.job_type_path import job_types_in
from tests.functional.gateway import Answer
from tests.functional.job_rows import connection, site_of_jobs
from tests.functional.lrs_site import Site

BODY: dict[str, object] = {
    "repeat": "now",
    "careful": True,
    "until": "now",
    "service": "agents",
    "store": "north",
}
EVERYWHERE = {name: value for name, value in BODY.items() if name != "store"}
TIDYING = {"repeat": "now", "until": "now"}
SERVICES = ["statements", "activities", "agents", "activity-profiles", "agent-profiles", "states"]
NOW = "2023-11-14T22:13:20.000000Z"
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


def call(site: Site, method: str, path: str, body: object = None) -> Answer:
    return site.call(method, f"/lrs/ada/jobs/{path}", "ada", body)


def made(site: Site, body: object = BODY, kind: str = "counting") -> dict[str, Any]:
    answer = call(site, "POST", kind, body)
    assert answer.status == 201, answer.text
    return cast(dict[str, Any], answer.json["data"])


def several(site: Site, body: object, kind: str = "counting") -> list[dict[str, Any]]:
    """The jobs of a request that can stand for more than one."""
    jobs: Any = made(site, body, kind)
    assert isinstance(jobs, list)
    return jobs


def shown(site: Site, job: dict[str, Any]) -> dict[str, Any]:
    answer = call(site, "GET", f"{job['type']}/{job['id']}")
    assert answer.status == 200
    return cast(dict[str, Any], answer.json["data"])


def work(site: Site) -> None:
    """Ticks, and lets a worker take every wake-up."""
    site.world.job_tick.run()
    for message in site.world.job_queue.receive(10):
        from chalicelib.jobs.wake_up import WakeUp

        wake_up = WakeUp.read(message.body)
        site.world.job_worker.work(wake_up.type, wake_up.job, wake_up.run, lambda: 900.0)


def in_run(site: Site, job: dict[str, Any], state: RunState, pauses: int = 0) -> JobRecord:
    """Puts a job into a run, three items done."""
    jobs = site.world.job_store
    record = jobs.get(job["type"], job["id"])
    run = Run("run", state, record.created_at, record.created_at, position={"at": 10}, pauses=pauses)
    progress = Progress(25, 3)
    due_at = record.created_at + 300_000_000 if pauses else None
    changed = replace(record, run=run, due_at=due_at, next_run_at=None, progress=progress, memory={"last": 3})
    stored = jobs.put(changed, record.version)
    assert stored is not None
    return cast(JobRecord, stored)


def failing(call: Callable[..., Any], at: int) -> Callable[..., Any]:
    """The call, whose n-th time has its effect and then gives no answer."""
    times = iter(range(1, 1000))

    def once(*arguments: Any) -> Any:
        answer = call(*arguments)
        if next(times) == at:
            raise Unavailable("The job store", "told to fail")
        return answer

    return once


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


# ---- lists


def test_a_list_is_filtered_by_store_and_service_in_both_forms(site: Site) -> None:
    made(site, {**EVERYWHERE, "service": "all"})
    for query, count in (
        ("store=north", 6),
        ("filters[store]=north", 6),
        ("service=agents", 2),
        ("filters[service]=agents&store=south", 1),
        ("store=nowhere", 0),
    ):
        data = call(site, "GET", f"counting?{query}").json["data"]
        assert len(data) == count
        assert all(job["store"] == "north" for job in data) or "north" not in query


def test_pages_follow_one_another_in_order(site: Site) -> None:
    made(site, {**EVERYWHERE, "service": "all"})
    everything = call(site, "GET", "counting").json["data"]
    for filters, wanted in (("", everything), ("&store=south", everything[6:])):
        seen: list[Any] = []
        cursor: Any = ""
        while cursor is not None:
            page = call(site, "GET", f"counting?limit=5{filters}{cursor and f'&cursor={cursor}'}").json
            assert len(page["data"]) <= 5
            seen += page["data"]
            cursor = page["cursor"]
        assert seen == wanted


def test_a_page_is_no_larger_than_an_answer_may_be_and_the_next_goes_on_behind_it() -> None:
    """Each of these jobs keeps an agent of ten thousand characters, until it has run."""
    site = site_of_jobs()
    agent = {"mbox": "mailto:ann@example.org", "name": "n" * 9_900}
    body = {"repeat": "on", "date": "2030-01-01", "agent": agent, "person": False, "store": "north"}
    made_ids = [str(made(site, body, "agent-deletion")["id"]) for _ in range(450)]
    found: list[str] = []
    cursor, pages = "", 0
    while True:
        answer = call(site, "GET", f"agent-deletion?limit=500{cursor}")
        assert len(answer.text.encode()) < 4_000_000
        found += [job["id"] for job in answer.json["data"]]
        pages += 1
        if answer.json["cursor"] is None:
            break
        cursor = f"&cursor={answer.json['cursor']}"
    assert (found, pages > 1) == (sorted(made_ids), True)


def test_a_list_with_filters_reads_so_many_jobs_and_then_answers(site: Site) -> None:
    for _ in range(12):
        made(site)
    page = call(site, "GET", "counting?store=south&limit=1").json
    assert page["data"] == []
    assert page["cursor"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=501",
        "limit=x",
        "cursor=%20",
        "cursor=AAAA",
        "store=a&filters[store]=b",
        "Store=a",
        "x=1",
    ],
)
def test_what_a_list_does_not_take_is_told(query: str, site: Site) -> None:
    answer = call(site, "GET", f"counting?{query}")
    assert (answer.status, len(answer.json["errors"])) == (422, 1)


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
