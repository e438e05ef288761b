"""(d) What a cold start loads: the time of every handler in a fresh interpreter, and memory of the file worker.

The time is that of the processor: importing waits for nothing else, and other work on the machine disturbs it less.
Measured on the package as it is deployed, unpacked. boto3 is this environment's: on Lambda it comes with the runtime.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from infra.packaging import package
from tests.bench.ground import ROOT, Ground
from tests.bench.measuring import Goal, Series, heading, line, ratios
from tests.bench.pipeline_end_to_end import delta_file
from tests.contract.ledger_table import ledger_table

RUNS = 7
GOAL = Goal("at most", 1.3)
_MEMORY_ENTRIES = (10_000, 100_000, 200_000)
"""The smallest file goes to the bucket in one request, the others in parts of 8 MiB, of which some are held at once."""

_MEMORY_GOAL = Goal("at most", 1.2)
_SECONDS = 300

# Nothing listens there: clients are made, no call is.
_NOWHERE = "http://127.0.0.1:9"
_ENVIRONMENT = {
    "LEDGER_TABLE": "ledger",
    "ACCOUNTS_TABLE": "accounts",
    "RECORDS_TABLE": "records",
    "ACCESS_TABLE": "access",
    "JOBS_TABLE": "jobs",
    "BUCKET": "bucket",
    **{
        f"{name}_QUEUE_URL": f"{_NOWHERE}/1/q"
        for name in ("FILE", "ARTICLE", "MAINTENANCE", "PARKING", "JOB")
    },
    "OPENSEARCH_URL": _NOWHERE,
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_EC2_METADATA_DISABLED": "true",
}

_BASELINE = """
from chalice import Chalice
Chalice("baseline")
import boto3
boto3.client("dynamodb")
boto3.client("s3")
"""
_WORKER = "import app\nfrom chalicelib.workers import {worker}\napp.services.logger\napp.services.{service}"
_PROGRAMS: Mapping[str, str] = {
    "api: import alone": "import app",
    "api: ready for a call on jobs": "import app\napp.services.logger\napp.services.accounts\napp.services.listing",
    "api: ready for a call on articles": (
        "import app\napp.services.logger\napp.services.accounts\napp.services.articles"
    ),
    **{
        f"{worker}: ready for work": _WORKER.format(worker=worker, service=service)
        for worker, service in (
            ("intake", "intake"),
            ("file_worker", "fan_out"),
            ("apply", "delivery"),
            ("maintenance", "maintenance"),
            ("dead_letters", "dead_letters"),
            ("sweep", "sweep"),
        )
    },
}
_TIMED = """
import time
_started = time.process_time()
{program}
print(time.process_time() - _started)
"""
_PEAK = """
import re, time
import app
entries = []
services = app.services
class Sink:
    def send(self, messages):
        entries.append(len(messages))
        return [True] * len(messages)
services.article_queue = services.file_queue = Sink()
services.acceptance.accept_object(services.blobs, services.settings.bucket, {key!r}, {version!r}, False)
started = time.perf_counter()
services.fan_out.work(lambda: 900.0)
print(time.perf_counter() - started)
# Not ru_maxrss: that one begins with what the parent had.
print(int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024)
"""


def measure() -> None:
    """Measures the cold starts and prints them."""
    tree = _unpacked()
    programs = {"chalice + boto3 with two clients": _BASELINE, **_PROGRAMS, "the baseline again": _BASELINE}
    found = {name: Series(name, "ms") for name in programs}
    for run in range(RUNS + 1):
        for name, program in programs.items():
            (seconds,) = _run(tree, _TIMED.format(program=program), _ENVIRONMENT)
            if run:  # the first brings the files into memory
                found[name].values.append(seconds * 1000)
    baseline, *subjects, again = found.values()
    heading("(d) cold start in a fresh interpreter, from the package")
    for series in (baseline, again, *subjects):
        line(series, digits=0)
    line(ratios("noise: the baseline again ÷ the baseline", again, baseline), digits=2)
    for series in subjects:
        goal = GOAL if series.name.startswith("api") else None
        line(ratios(f"{series.name} ÷ baseline", series, baseline), goal, digits=2)


def measure_memory(ground: Ground) -> None:
    """Measures the peak memory of the file worker on the real ledger and bucket, its queue counted, not sent."""
    tree = _unpacked()
    heading("(d) file worker from the package: real bucket and ledger, sends counted, not made")
    peaks: list[Series] = []
    for entries in _MEMORY_ENTRIES:
        peak = Series(f"peak memory, {entries:,} entries", "MB")
        speed = Series(f"check, index and send, {entries:,} entries", "entries/s")
        for _ in range(2):
            seconds, megabytes = _file_worker(ground, tree, entries)
            peak.values.append(megabytes)
            speed.values.append(entries / seconds)
        line(peak)
        line(speed, digits=0)
        peaks.append(peak)
    _, some, many = peaks
    line(ratios("200,000 ÷ 100,000 entries", many, some), _MEMORY_GOAL, digits=2)


def _file_worker(ground: Ground, tree: Path, entries: int) -> Sequence[float]:
    mark = uuid4().hex[:8]
    key = f"bench/{mark}.json"  # not where files are dropped: the deployed pipeline does not see it
    bucket = ground.description.bucket
    s3: Any = ground.deployment.client("s3")
    version = s3.put_object(Bucket=bucket, Key=key, Body=delta_file(entries, mark))["VersionId"]
    with ledger_table(ground.deployment.client("dynamodb")) as table:
        environment = {**ground.environment, "LEDGER_TABLE": table.name}
        found = _run(tree, _PEAK.format(key=key, version=version), environment)
    s3.delete_object(Bucket=bucket, Key=key, VersionId=version)
    s3.delete_object(Bucket=bucket, Key="snapshots/1")
    return found


def _unpacked() -> Path:
    """The package, unpacked as Lambda does."""
    packaged = package(ROOT.parents[1] / "build", say=lambda text: None)
    tree = ROOT / "unpacked" / packaged.digest[:16]
    if not tree.exists():
        shutil.rmtree(tree.parent, ignore_errors=True)
        unfinished = tree.with_suffix(".unfinished")
        with zipfile.ZipFile(packaged.zip_path) as archive:
            archive.extractall(unfinished)
        unfinished.rename(tree)
    return tree


def _run(tree: Path, program: str, environment: Mapping[str, str]) -> Sequence[float]:
    """The numbers that a program prints, run in a fresh interpreter on the package and this environment's boto3."""
    paths = [str(tree), sysconfig.get_paths()["purelib"]]
    done = subprocess.run(
        [sys.executable, "-S", "-c", program],
        cwd=tree,
        env={
            "PATH": os.defpath,
            "PYTHONPATH": os.pathsep.join(paths),
            "PYTHONDONTWRITEBYTECODE": "1",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    assert done.returncode == 0, done.stderr
    lines = [text for text in done.stdout.splitlines() if not text.startswith("{")]  # log lines
    return [float(json.loads(text)) for text in lines]
