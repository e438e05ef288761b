"""Jobs on the packaged record store: made by HTTP, started by the tick, worked on by the queue's function."""

import json
from collections.abc import Mapping
from typing import Any

from tests.end_to_end.lrs_client import LrsCaller
from tests.end_to_end.system import System, eventually

TICK, WORKER = "job-tick", "job-worker"
AGENT = json.dumps({"mbox": "mailto:jobs@example.com"})
# To the next minute, and a tick each minute; the emulator is some seconds late with each.
TWO_TICKS = 240.0


def state(lrs: LrsCaller, name: str) -> dict[str, str]:
    where = {"activityId": "http://example.com/jobs", "agent": AGENT, "stateId": name}
    assert lrs.xapi("PUT", "activities/state", where, {"a": 1}, **{"If-None-Match": "*"}).status == 204
    return where


def make(lrs: LrsCaller, kind: str, **body: object) -> dict[str, Any]:
    answer = lrs.call("POST", f"{lrs.ready.base_endpoint}/jobs/{kind}", {"store": lrs.ready.store, **body})
    assert answer.status == 201, answer.body
    return dict(answer.json["data"])


def show(lrs: LrsCaller, job: Mapping[str, Any]) -> dict[str, Any]:
    answer = lrs.call("GET", f"{lrs.ready.base_endpoint}/jobs/{job['type']}/{job['id']}")
    assert answer.status == 200, answer.body
    return dict(answer.json["data"])


def log(lrs: LrsCaller, job: Mapping[str, Any]) -> list[str]:
    answer = lrs.call("GET", f"{lrs.ready.base_endpoint}/jobs/{job['type']}/{job['id']}/logs")
    assert answer.status == 200, answer.body
    return [line["event"] for line in answer.json["data"]]


def drop(lrs: LrsCaller, job: Mapping[str, Any]) -> None:
    assert lrs.call("DELETE", f"{lrs.ready.base_endpoint}/jobs/{job['type']}/{job['id']}").status == 204


def ended(lrs: LrsCaller, job: Mapping[str, Any]) -> dict[str, Any]:
    def found() -> dict[str, Any] | None:
        now = show(lrs, job)
        return now if now["ran"] and not now["running"] else None

    return dict(eventually(f"the end of {job['name']}", found))


def test_a_job_for_now_starts_at_the_next_tick_and_tells_how_far_it_is(
    system: System, lrs: LrsCaller
) -> None:
    places = [state(lrs, f"now-{index}") for index in range(3)]
    job = make(lrs, "clearing", repeat="now", service="states", until="now")
    assert (job["ran"], job["success"]) == (False, None)
    system.invoke(TICK)
    job = ended(lrs, job)
    assert job["success"], job
    progress = job["progress"]
    assert progress["total"] == progress["done"] + progress["skipped"] + progress["failed"]
    assert progress["done"] >= 3
    assert (job["running"], job["next_run_at"]) == (False, None)
    assert (log(lrs, job)[0], log(lrs, job)[-1]) == ("started", "passed")
    assert all(lrs.xapi("GET", "activities/state", place).status == 404 for place in places)
    drop(lrs, job)


def test_a_job_of_every_minute_runs_by_itself_twice(system: System) -> None:
    lrs = LrsCaller(system.description.lrs[0])
    job = make(lrs, "clearing", repeat="everyMinute", service="activity-profiles", until="1_year")
    try:
        eventually("two runs", lambda: log(lrs, job).count("passed") >= 2, TWO_TICKS)
        assert log(lrs, job)[:4] == ["started", "passed", "started", "passed"]
        assert show(lrs, job)["next_run_at"]
    finally:
        drop(lrs, job)
    address = f"{lrs.ready.base_endpoint}/jobs/clearing/{job['id']}"
    assert lrs.call("GET", address).status == lrs.call("GET", f"{address}/logs").status == 404


def test_two_ticks_at_once_start_a_job_once(system: System, lrs: LrsCaller) -> None:
    job = make(lrs, "clearing", repeat="now", service="agent-profiles", until="now")
    for _ in range(3):
        system.invoke(TICK)
    assert ended(lrs, job)["success"]
    assert log(lrs, job) == ["started", "passed"]
    drop(lrs, job)


def test_a_wake_up_of_a_run_that_is_over_or_of_nothing_does_nothing(system: System, lrs: LrsCaller) -> None:
    job = make(lrs, "clearing", repeat="now", service="agent-profiles", until="now")
    system.invoke(TICK)
    before = ended(lrs, job)
    for body in (
        {"type": "clearing", "job": job["id"], "run": "of long ago"},
        {"type": "clearing", "job": "none", "run": "none"},
    ):
        record = {"messageId": "m", "body": json.dumps(body), "eventSourceARN": "a:b:record-jobs"}
        assert system.invoke(WORKER, {"Records": [record]}) == {"batchItemFailures": []}
    assert show(lrs, job) == before
    drop(lrs, job)
