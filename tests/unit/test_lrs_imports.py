"""What the calls of the record store load is bounded: nothing that a call does not need."""

import base64
import json
import subprocess
import sys

import pytest

from tests.unit.test_imports import (
    AWS,
    AWS_CLIENTS,
    ENVIRONMENT,
    NEVER,
    PROJECT,
    SEARCH,
    SEARCH_BESIDE_AWS,
    call,
)

XAPI = "/lrs/ada/stores/main/xapi"
BASIC = "Basic " + base64.b64encode(b"ada:correct horse").decode()
VERSION = {"X-Experience-API-Version": "2.0.0"}

# The checks of statements: tables that are compiled when they are loaded.
CHECKS = {
    "chalicelib.lrs.validation.compiled",
    "chalicelib.lrs.validation.rules",
    "chalicelib.lrs.validation.statements",
}
WRITING = {"chalicelib.lrs.statements.recording", "chalicelib.lrs.statements.attaching"}


def modules_after(program: str) -> set[str]:
    """The names of all modules that are loaded after `import app` and the program."""
    script = f"import json, sys\nimport app\n{program}\nprint('\\n' + json.dumps(sorted(sys.modules)))\n"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        env=ENVIRONMENT | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def tops(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def own(modules: set[str]) -> set[str]:
    return {name for name in modules if name.startswith("chalicelib.lrs.")}


def test_about_is_answered_without_aws_and_search() -> None:
    modules, status = call("GET", f"{XAPI}/about")
    assert status == 200
    assert modules & (NEVER | SEARCH | AWS_CLIENTS) == set()


@pytest.mark.parametrize("resource", ["statements", "activities/state"])
def test_a_call_without_credentials_loads_no_search(resource: str) -> None:
    modules, status = call("GET", f"{XAPI}/{resource}", **VERSION)
    assert status == 401
    assert modules & (NEVER | SEARCH_BESIDE_AWS) == set()


@pytest.mark.parametrize("resource", ["statements", "activities/state"])
def test_a_call_whose_client_cannot_be_read_loads_no_search(resource: str) -> None:
    modules, status = call("GET", f"{XAPI}/{resource}", Authorization=BASIC, **VERSION)
    assert status == 503
    assert "boto3" in modules
    assert modules & (NEVER | SEARCH_BESIDE_AWS) == set()


def test_the_application_alone_loads_no_checks_of_statements_and_nothing_that_writes() -> None:
    modules = modules_after("")
    assert modules & (CHECKS | WRITING) == set()
    assert not any(name.startswith("chalicelib.web.lrs.documentation") for name in modules)
    assert tops(modules) & (NEVER | SEARCH | AWS) == set()


def test_reading_a_statement_loads_search_and_no_checks() -> None:
    modules = modules_after("app.services.lrs.guard\napp.services.lrs.reader")
    assert "opensearchpy" in modules
    assert modules & (CHECKS | WRITING) == set()
    assert tops(modules) & NEVER == set()
    assert len(own(modules)) <= 50


def test_reading_a_document_loads_neither_search_nor_checks() -> None:
    modules = modules_after("app.services.lrs.guard\napp.services.lrs.documents")
    assert modules & (CHECKS | WRITING) == set()
    assert tops(modules) & (NEVER | SEARCH_BESIDE_AWS) == set()
    assert len(own(modules)) <= 50


def test_the_sweep_of_records_loads_no_checks() -> None:
    modules = modules_after(
        "import chalicelib.workers.record_sweep\napp.services.lrs.sweep\napp.services.lrs.access_store"
    )
    assert modules & CHECKS == set()
    assert tops(modules) & NEVER == set()


def test_reading_a_job_loads_neither_search_nor_checks_and_no_type_but_its_own() -> None:
    modules = modules_after("app.services.lrs.guard\napp.services.lrs.jobs\napp.services.lrs.access_store")
    assert modules & (CHECKS | WRITING) == set()
    assert tops(modules) & (NEVER | SEARCH_BESIDE_AWS) == set()
    assert {name for name in own(modules) if name.startswith("chalicelib.lrs.jobs.")} <= {
        f"chalicelib.lrs.jobs.machine{part}"
        for part in (
            "",
            ".cutoff",
            ".job_type",
            ".parameters",
            ".request",
            ".service",
            ".types",
        )
    }
    assert len(own(modules)) <= 50
