"""docs/jobs.md says of jobs what the code does, and its example of a type runs."""

import inspect
import subprocess
import sys
from pathlib import Path
from typing import get_type_hints

import pytest

from chalicelib.jobs import runs, worker
from chalicelib.jobs.wake_up import WakeUp
from chalicelib.lrs.jobs.machine import types
from chalicelib.lrs.jobs.machine.job_type import parameters_of
from chalicelib.lrs.jobs.machine.view import shown
from chalicelib.ports.jobs import JobRecord, RunState
from chalicelib.web.lrs import jobs
from chalicelib.web.lrs.listing import LIMIT, MOST_PER_PAGE
from tests.documents import PROJECT, code, fenced, named, once, table, text_of
from tests.doubles.job_type_path import job_types_in
from tests.functional.job_rows import SOURCE, site_of_jobs

DOCUMENT = "jobs.md"
BEYOND_THE_SOURCE = {"timezone", "stopped", "evidence"}
TYPES = {code(row["type"])[0]: row for row in table(DOCUMENT, "Types")}


def test_every_call_is_told_with_its_parameters() -> None:
    told = {code(row["call"])[0]: row for row in table(DOCUMENT, "Calls")}
    routes = {
        f"{route.method} <type>{route.path.removeprefix(jobs.JOBS)}": route.query for route in jobs.ROUTES
    }
    assert told.keys() == routes.keys()
    for call, query in routes.items():
        assert set(code(told[call]["does"])) == query, call


def test_every_field_of_a_job_is_told() -> None:
    rows = table(DOCUMENT, "A job")
    with job_types_in():
        job = shown(JobRecord("1", "tidying", "", "", 0, {}, {}))
    assert once(named(rows, "field")) == job.keys()
    beyond = [name for row in rows for name in code(row["field"]) if "Beyond the source" in row["is"]]
    assert once(beyond) == BEYOND_THE_SOURCE


def test_the_types_are_those_of_the_source() -> None:
    assert TYPES.keys() == SOURCE.keys()
    assert set(types.names()) == TYPES.keys()
    for name, row in TYPES.items():
        assert once(code(row["parameters"])) == SOURCE[name].keys()
        assert all(cell.strip() for cell in row.values())


@pytest.mark.parametrize("name", TYPES)
def test_a_type_is_told_as_it_is(name: str) -> None:
    row, kind = TYPES[name], types.job_type(name)
    assert kind.name == name
    assert set(code(row["parameters"])) == {each for p in parameters_of(kind) for each in p.fields}
    assert (row["without a store"], row["dry run"]) == (kind.store, "yes" if kind.destroys else "no")


def test_every_move_is_told() -> None:
    moves = {
        name
        for name, function in inspect.getmembers(runs, inspect.isfunction)
        if not name.startswith("_")
        and function.__module__ == runs.__name__
        and get_type_hints(function)["return"] is JobRecord
    }
    rows = table(DOCUMENT, "States")
    assert once(named(rows, "move")) == moves
    states = {state.value for state in RunState}
    for row in rows:
        assert {name for name in code(row["to"]) if name not in ("resume", "total", "success")} <= states
    assert {name for row in rows for name in code(row["to"])} >= states


def test_every_move_of_a_page_is_told_with_what_a_crash_leaves() -> None:
    told = named(table(DOCUMENT, "A page, and what a crash leaves"), "after")
    assert {"started", "taken", "expecting", "planned", "apply", "counted", "ended"} <= set(told)


def test_figures_are_those_of_the_code() -> None:
    text = " ".join(text_of(DOCUMENT).split())
    for said in (
        f"**Lease**: {runs.LEASE // 1_000_000} seconds",
        f"less than {worker.RESERVE_SECONDS:.0f} seconds left",
        f"waits {runs.PAUSE // 60_000_000} minutes",
        f"{runs.MOST_PAUSES} times in a row",
        f"after {runs.MOST_ATTEMPTS} workers in a row",
        f"nothing counted; {runs.MOST_BEGINNINGS} times at most",
        f"have {LIMIT} jobs a page, at most {MOST_PER_PAGE}",
    ):
        assert said in text, said


def test_the_example_of_a_type_has_the_style_of_the_project() -> None:
    [source] = fenced(PROJECT / "docs" / DOCUMENT, "python")
    name = "chalicelib/lrs/jobs/permission_check.py"
    for call in (["check", "-"], ["format", "--check", "-"]):
        command = [sys.executable, "-m", "ruff", *call, "--stdin-filename", name]
        done = subprocess.run(command, input=source, capture_output=True, text=True, cwd=PROJECT)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_example_of_a_type_runs(tmp_path: Path) -> None:
    [source] = fenced(PROJECT / "docs" / DOCUMENT, "python")
    (tmp_path / "permission_check.py").write_text(source)
    site = site_of_jobs()
    site.client("bob", permissions=["jobs/all"])
    site.client("cy", "south")
    with job_types_in(tmp_path):
        refused = site.call("POST", "/lrs/ada/jobs/permission-check", "ada", {"permission": "all"})
        assert sorted(refused.json["errors"]) == ["permission", "repeat"]
        body = {"repeat": "now", "permission": "access/all", "store": "north"}
        job = site.call("POST", "/lrs/ada/jobs/permission-check", "ada", body).json["data"]
        site.world.job_tick.run()
        [message] = site.world.job_queue.receive(1)
        wake_up = WakeUp.read(message.body)
        site.world.job_worker.work(wake_up.type, wake_up.job, wake_up.run, lambda: 900.0)
        done = site.call("GET", f"/lrs/ada/jobs/permission-check/{job['id']}", "ada").json["data"]
    assert (done["success"], done["feedback"]) == (True, "ada has access/all.")
    assert done["progress"] == {"total": 2, "done": 1, "skipped": 0, "failed": 1}
    assert "permission-check" not in types.names()
