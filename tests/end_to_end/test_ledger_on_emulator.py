"""What ports promise, held by the adapters on DynamoDB on the emulator as well: moto is no judge of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.system import System

_PROJECT = Path(__file__).resolve().parents[2]

# Records that come and go by hypothesis are the adapter's own business: moto is enough for them.
SUITES = {
    "test_ledger.py": "dynamodb and not comes_back_as_it_was_written",
    "test_lrs_access.py": "dynamodb",
    "test_lrs_attachments.py": "dynamodb",
    "test_lrs_documents.py": "dynamodb",
    "test_lrs_record_clock.py": "dynamodb",
}


@pytest.mark.parametrize("suite", SUITES)
def test_a_port_keeps_its_contract_on_the_emulator(system: System, suite: str) -> None:
    found = system.description
    environment = os.environ | {
        "AWS_ENDPOINT_URL": found.aws_endpoint_url,
        "AWS_REGION": found.region,
        "AWS_ACCESS_KEY_ID": found.aws_access_key_id,
        "AWS_SECRET_ACCESS_KEY": found.aws_secret_access_key,
    }
    chosen = [f"tests/contract/{suite}", "-k", SUITES[suite]]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen]
    done = subprocess.run(
        command, cwd=_PROJECT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
