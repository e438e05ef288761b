"""The real servers that contract tests run on."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import opensearch, ports
from infra.local.cache import opensearch_home
from infra.local.daemon import Daemon
from infra.local.progress import SilentReport


@pytest.fixture(scope="session")
def opensearch_url() -> Iterator[str]:
    """The address of a real OpenSearch node: a running one named in the environment, else one of our own.

    `LIGHTRAIL_TEST_OPENSEARCH_URL` names a node whose indexes the tests may add to; they remove their own.
    """
    given = os.environ.get("LIGHTRAIL_TEST_OPENSEARCH_URL")
    if given:
        yield given.rstrip("/")
        return
    # Always the same place for each worker, so that a node left behind by a killed run is found and ended.
    root = Path(".local", f"contract-{os.environ.get('PYTEST_XDIST_WORKER', 'main')}").resolve()
    daemon = Daemon("opensearch", root)
    daemon.stop(opensearch.STOP_SECONDS)
    shutil.rmtree(root, ignore_errors=True)
    opensearch.prepare(root)
    port = ports.choose()
    with SilentReport().task("OpenSearch") as task:
        daemon.start(opensearch.command(opensearch_home(task), root, port))
        try:
            opensearch.wait_until_healthy(daemon, port, task)
            opensearch.configure(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            daemon.stop(opensearch.STOP_SECONDS)
