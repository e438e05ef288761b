"""What is fetched once per machine: damaged and half-made things are made again, never used."""

import hashlib
import io
import subprocess
import zipfile
from pathlib import Path

import pytest

from infra.local import cache, environment
from infra.local.cache import Artifact
from infra.local.errors import LocalStackError
from infra.local.progress import SilentReport, Task

GOOD = b"the right bytes"


def artifact(content: bytes, name: str = "thing", packaging: str = "jar") -> Artifact:
    return Artifact("org.example", name, "1.0", packaging, hashlib.sha256(content).hexdigest())


class Repository:
    """Stands for Maven Central: hands out the given answers in turn, as the downloader would leave them."""

    def __init__(self, *answers: bytes | Exception) -> None:
        self.answers = list(answers)

    def __call__(self, wanted: Artifact, repository: Path, task: Task) -> Path:
        path = (
            repository
            / "org"
            / "example"
            / wanted.name
            / wanted.version
            / f"{wanted.name}.{wanted.packaging}"
        )
        if path.exists():  # it takes whatever is there for whole
            return path
        answer = self.answers.pop(0)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half" if isinstance(answer, Exception) else answer)
        if isinstance(answer, Exception):
            raise answer
        return path


@pytest.fixture
def task() -> Task:
    with SilentReport().task("test") as task:
        return task


@pytest.fixture(autouse=True)
def cache_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIGHTRAIL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache.time, "sleep", lambda _: None)
    return tmp_path / "cache"


class TestDownload:
    def test_a_damaged_download_is_fetched_again(self, task: Task) -> None:
        path = cache.fetch_checked(artifact(GOOD), task, Repository(b"wrong", b"wrong too", GOOD))

        assert path.read_bytes() == GOOD

    def test_what_a_broken_connection_left_is_not_taken_for_whole(self, task: Task) -> None:
        path = cache.fetch_checked(artifact(GOOD), task, Repository(ConnectionError("cut off"), GOOD))

        assert path.read_bytes() == GOOD

    def test_after_three_tries_it_says_what_and_why(self, task: Task) -> None:
        with pytest.raises(
            LocalStackError, match=r"org\.example:thing:1\.0 \(SHA-256 is .* not .*run this again"
        ):
            cache.fetch_checked(artifact(GOOD), task, Repository(b"1", b"2", b"3"))
        with pytest.raises(LocalStackError, match=r"org\.example:thing:1\.0 \(no route\)"):
            cache.fetch_checked(artifact(GOOD), task, Repository(*[OSError("no route")] * 3))


def distribution(version: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in (
            "lib/opensearch.jar",
            "lib/tools/plugin-cli/tool.jar",
            "modules/ingest-geoip/big.mmdb",
            "modules/reindex/reindex.jar",
            "modules/reindex/parent-join/copy.jar",
            "bin/opensearch",
        ):
            archive.writestr(f"opensearch-{version}/{name}", name)
    return content.getvalue()


class TestOpenSearch:
    @pytest.fixture
    def repository(self, monkeypatch: pytest.MonkeyPatch) -> Repository:
        server, locale = distribution("1.0"), b"locale"
        monkeypatch.setattr(cache, "_OPENSEARCH", artifact(server, "opensearch", "zip"))
        monkeypatch.setattr(cache, "_LOCALES", (artifact(locale, "icu"),))
        return Repository(server, locale)

    def test_it_is_unpacked_with_its_locales_and_without_what_is_not_needed(
        self, task: Task, repository: Repository
    ) -> None:
        home = cache.opensearch_home(task, repository)

        files = {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}
        assert files == {"lib/opensearch.jar", "lib/icu.jar", "modules/reindex/reindex.jar"}
        assert (home / "plugins").is_dir()

    def test_the_second_time_nothing_is_fetched(self, task: Task, repository: Repository) -> None:
        home = cache.opensearch_home(task, repository)

        assert cache.opensearch_home(task, Repository()) == home

    def test_an_interrupted_unpacking_is_done_again(
        self, task: Task, repository: Repository, cache_in: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        (cache_in / ".opensearch-killed").mkdir(parents=True)  # what a killed run leaves
        with monkeypatch.context() as patch:
            patch.setattr(cache.shutil, "copy", interrupted)
            with pytest.raises(KeyboardInterrupt):
                cache.opensearch_home(task, repository)

        home = cache.opensearch_home(task, repository)

        assert (home / "lib" / "icu.jar").exists()
        assert not list(cache_in.glob(".opensearch-*"))


class TestEmulator:
    def test_a_half_made_environment_is_made_again(self, task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[Path] = []

        def install(environment: Path, python: Path) -> None:
            python.parent.mkdir(parents=True, exist_ok=True)
            python.write_text("")
            made.append(environment)
            if len(made) == 1:
                raise KeyboardInterrupt

        monkeypatch.setattr(cache, "_install_emulator", install)
        with pytest.raises(KeyboardInterrupt):
            cache.emulator_python(task)

        assert cache.emulator_python(task) == cache.emulator_python(task)
        assert len(made) == 2

    def test_a_failed_installation_says_why(self, task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(step: list[str], **_: object) -> subprocess.CompletedProcess[str]:
            return subprocess.CompletedProcess(step, 1, "", "ERROR: No matching distribution found")

        monkeypatch.setattr(cache.subprocess, "run", fails)
        with pytest.raises(LocalStackError, match="No matching distribution found"):
            cache.emulator_python(task)


class TestDevelopersEnvironment:
    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        (tmp_path / "requirements.txt").write_text("a==1")
        (tmp_path / "requirements-dev.txt").write_text("b==1")
        return tmp_path

    @pytest.fixture
    def steps(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        steps: list[str] = []

        def run(*step: str) -> None:
            steps.append(step[2])
            (project / ".venv" / "bin").mkdir(parents=True, exist_ok=True)
            (project / ".venv" / "bin" / "python").write_text("")

        monkeypatch.setattr(environment, "_run", run)
        return steps

    def test_it_is_made_once(self, project: Path, steps: list[str]) -> None:
        assert environment.make(project / ".venv", project)
        assert not environment.make(project / ".venv", project)
        assert steps == ["venv", "pip"]
        assert (project / ".venv" / "bin" / "lightrail").stat().st_mode & 0o111

    def test_changed_requirements_update_it(self, project: Path, steps: list[str]) -> None:
        environment.make(project / ".venv", project)
        (project / "requirements.txt").write_text("a==2")

        assert environment.make(project / ".venv", project)
        assert steps == ["venv", "pip", "pip"]

    def test_an_interrupted_run_starts_from_nothing(
        self, project: Path, steps: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        environment.make(project / ".venv", project)
        (project / "requirements.txt").write_text("a==2")

        def interrupted(*_: str) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(environment, "_run", interrupted)
            with pytest.raises(KeyboardInterrupt):
                environment.make(project / ".venv", project)
        (project / ".venv" / "half-made").write_text("")

        assert environment.make(project / ".venv", project)
        assert steps == ["venv", "pip", "venv", "pip"]
        assert not (project / ".venv" / "half-made").exists()

    def test_a_moved_checkout_gets_a_new_one(self, project: Path, steps: list[str]) -> None:
        environment.make(project / ".venv", project)
        moved = project / "moved"
        moved.mkdir()
        for name in ("requirements.txt", "requirements-dev.txt"):
            (moved / name).write_text((project / name).read_text())

        assert environment.make(project / ".venv", moved)
        assert steps == ["venv", "pip", "venv", "pip"]
