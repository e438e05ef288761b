"""A function loads what it needs and nothing else: what is not loaded costs no cold start."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.functional.stand_ins import ENVIRONMENT

ROOT = Path(__file__).parents[2]
HEAVY = ("opensearchpy", "requests", "moto", "pydantic", "aws_xray_sdk", "grpc", "jsonschema", "numpy")
NOT_AT_START = (*HEAVY, "boto3", "botocore", "aws_lambda_powertools", "chalicelib.web.openapi")


def loaded_by(code: str) -> set[str]:
    """The modules in a fresh interpreter after running the code."""
    environment = {
        **os.environ,
        **ENVIRONMENT,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "PYTHONWARNINGS": "ignore",
    }
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_starting_loads_neither_aws_nor_search() -> None:
    loaded = loaded_by("import app")
    assert not loaded & set(NOT_AT_START)
    assert not [name for name in loaded if name.startswith(("chalicelib.adapters.", "chalicelib.workers."))]


@pytest.mark.parametrize("service", ["accounts", "listing", "commands", "acceptance", "fetcher", "logger"])
def test_a_call_that_needs_no_article_never_loads_the_search_client(service: str) -> None:
    loaded = loaded_by(f"import app\napp.services.accounts\napp.services.{service}")
    assert not loaded & set(HEAVY)
    assert "chalicelib.adapters.opensearch_articles" not in loaded


def test_a_call_that_reads_an_article_loads_neither_queues_nor_files() -> None:
    loaded = loaded_by("import app\napp.services.accounts\napp.services.articles")
    assert not loaded & {"chalicelib.adapters.s3_blobs", "chalicelib.adapters.sqs_queues", "grpc"}


NO_TRIGGERS = {"chalicelib.workers.batch", "chalicelib.workers.indexes"}  # what workers share


@pytest.mark.parametrize("name", ["intake", "file_worker", "apply", "maintenance", "dead_letters", "sweep"])
def test_a_worker_loads_no_other_worker(name: str) -> None:
    loaded = loaded_by(f"import app\nfrom chalicelib.workers import {name}")
    workers = {module for module in loaded if module.startswith("chalicelib.workers.")}
    assert workers <= {f"chalicelib.workers.{name}", *NO_TRIGGERS}
    assert not loaded & set(HEAVY)
