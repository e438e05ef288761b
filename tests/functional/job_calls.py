"""Calls of the Jobs API for tests of it, and runs in the states that they need."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

from chalicelib.errors import Unavailable
from chalicelib.jobs.wake_up import WakeUp
from chalicelib.ports.jobs import JobRecord, Progress, Run, RunState
from tests.functional.gateway import Answer
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
NOW = "2023-11-14T22:13:20.000000Z"


def call(site: Site, method: str, path: str, body: object = None) -> Answer:
    """Calls the Jobs API as the client `ada`."""
    return site.call(method, f"/lrs/ada/jobs/{path}", "ada", body)


def made(site: Site, body: object = BODY, kind: str = "counting") -> dict[str, Any]:
    """The job, or the list of jobs, that a request made."""
    answer = call(site, "POST", kind, body)
    assert answer.status == 201, answer.text
    return cast(dict[str, Any], answer.json["data"])


def several(site: Site, body: object, kind: str = "counting") -> list[dict[str, Any]]:
    """The jobs of a request that can stand for more than one."""
    jobs: Any = made(site, body, kind)
    assert isinstance(jobs, list)
    return jobs


def shown(site: Site, job: dict[str, Any]) -> dict[str, Any]:
    """The job as it is now."""
    answer = call(site, "GET", f"{job['type']}/{job['id']}")
    assert answer.status == 200
    return cast(dict[str, Any], answer.json["data"])


def work(site: Site) -> None:
    """Ticks, and lets a worker take every wake-up."""
    site.world.job_tick.run()
    for message in site.world.job_queue.receive(10):
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
