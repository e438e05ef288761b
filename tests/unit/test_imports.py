"""What each handler loads is bounded: a cold start is paid for by whoever waits for it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.accounts.tokens import USER_KEY_LENGTH, issue

PROJECT = Path(__file__).resolve().parents[2]

# Never on the way of any call: each costs more than the rest of a cold start, or is not in the package.
NEVER = {"aws_xray_sdk", "grpc", "pydantic", "moto", "infra", "tests"}
SEARCH = {"opensearchpy", "requests", "urllib3"}
AWS = {"boto3", "botocore", "s3transfer"}

# The logger looks botocore's version up, which costs nothing beside boto3 itself.
AWS_CLIENTS = AWS - {"botocore"}

# boto3's own HTTP client is urllib3.
SEARCH_BESIDE_AWS = SEARCH - {"urllib3"}

WORKERS = (
    "intake",
    "file_worker",
    "apply",
    "maintenance",
    "dead_letters",
    "sweep",
    "record_sweep",
    "job_tick",
    "job_worker",
)

ENVIRONMENT = {
    "LEDGER_TABLE": "ledger",
    "ACCOUNTS_TABLE": "accounts",
    "RECORDS_TABLE": "records",
    "ACCESS_TABLE": "access",
    "JOBS_TABLE": "jobs",
    "BUCKET": "bucket",
    "FILE_QUEUE_URL": "http://127.0.0.1:9/1/delta-file.fifo",
    "ARTICLE_QUEUE_URL": "http://127.0.0.1:9/1/delta-article.fifo",
    "MAINTENANCE_QUEUE_URL": "http://127.0.0.1:9/1/maintenance",
    "PARKING_QUEUE_URL": "http://127.0.0.1:9/1/parking",
    "JOB_QUEUE_URL": "http://127.0.0.1:9/1/record-jobs",
    "OPENSEARCH_URL": "http://127.0.0.1:9",
    # Nothing listens there: a call gets as far as its first request.
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_EC2_METADATA_DISABLED": "true",
}

CALL = """
from tests.functional.gateway import Context, event
answer = app.app(event(app.app.routes, {method!r}, {target!r}, {headers!r}), Context())
status = answer["statusCode"]
"""


def loaded(program: str) -> tuple[set[str], int | None]:
    """The third-party packages that are loaded after `import app` and the program, and the status it got."""
    # The test's own gateway imports only what the application has imported.
    script = (
        "import json, sys\nstatus = None\nimport app\n" + program + "\n"
        "tops = {name.partition('.')[0] for name in sys.modules}\n"
        "print('\\n' + json.dumps([sorted(tops), status]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=PROJECT,
        env=ENVIRONMENT | {"PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    tops, status = json.loads(done.stdout.splitlines()[-1])
    return set(tops) - {"tests"}, status


def call(method: str, target: str, **headers: str) -> tuple[set[str], int | None]:
    return loaded(CALL.format(method=method, target=target, headers=headers))


def test_the_application_alone_loads_neither_aws_nor_search_nor_logging() -> None:
    modules, _ = loaded("")
    assert modules & (NEVER | SEARCH | AWS | {"aws_lambda_powertools"}) == set()


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [("GET", "/v1/nothing-here", 404), ("PATCH", "/v1/articles/update", 405), ("GET", "/openapi.json", 200)],
)
def test_a_call_that_is_answered_at_once_loads_neither_aws_nor_search(
    method: str, target: str, status: int
) -> None:
    modules, answered = call(method, target)
    assert answered == status
    assert modules & (NEVER | SEARCH | AWS_CLIENTS) == set()


@pytest.mark.parametrize("target", ["/v1/articles/12411116", "/v1/jobs/files"])
def test_a_call_without_a_token_does_not_load_search(target: str) -> None:
    modules, status = call("GET", target)
    assert status == 401
    assert modules & (NEVER | SEARCH_BESIDE_AWS) == set()


@pytest.mark.parametrize("target", ["/v1/articles/12411116", "/v1/jobs/files"])
def test_a_call_whose_token_cannot_be_read_does_not_load_search(target: str) -> None:
    _, token = issue("a" * USER_KEY_LENGTH, "test", 0.0, None)
    modules, status = call("GET", target, Authorization=f"Bearer {token.reveal()}")
    assert status == 503
    assert "boto3" in modules
    assert modules & (NEVER | SEARCH_BESIDE_AWS) == set()


@pytest.mark.parametrize("name", WORKERS)
def test_a_worker_loads_its_parts_when_work_comes(name: str) -> None:
    modules, _ = loaded(f"import chalicelib.workers.{name}")
    assert modules & (NEVER | SEARCH | AWS) == set()


@pytest.mark.parametrize(
    ("part", "search"),
    [
        ("acceptance", False),
        ("listing", False),
        ("commands", False),
        ("intake", False),
        ("fan_out", False),
        ("sweep", False),
        ("exports", False),
        ("articles", True),
        ("delivery", True),
        ("dead_letters", True),
    ],
)
def test_only_what_reads_or_writes_articles_loads_search(part: str, search: bool) -> None:
    modules, _ = loaded(f"app.services.{part}")
    assert ("opensearchpy" in modules) == search
    assert modules & (NEVER) == set()
