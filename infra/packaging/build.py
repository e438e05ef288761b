"""Packaging, step by step."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.packaging import archive, vendored
from infra.packaging.errors import PackagingError
from infra.template.build import merge_template
from infra.template.functions import RUNTIME

_PROJECT = Path(__file__).resolve().parents[2]

# Chalice asks for a region; the template that it writes does not depend on it.
_ANY_REGION = "us-east-1"

_RUN_CHALICE = "import sys; from chalice.cli import main; sys.exit(main())"


@dataclass(frozen=True)
class Packaged:
    """The zip with the code, and the SAM template whose functions' CodeUri is to be pointed at it."""

    zip_path: Path
    template_path: Path

    @property
    def digest(self) -> str:
        """The SHA-256 of the zip, in hex: a name for it that changes with its content."""
        return hashlib.sha256(self.zip_path.read_bytes()).hexdigest()


def package(
    out_dir: Path, *, project: Path = _PROJECT, say: Callable[[str], None] = print, force: bool = False
) -> Packaged:
    """Make `out_dir`/deployment.zip and `out_dir`/sam.json, unless they are there and no input has changed.

    Raises PackagingError.
    """
    made = Packaged(out_dir / "deployment.zip", out_dir / "sam.json")
    stamp = out_dir / "inputs.sha256"
    inputs = _digest_of_inputs(project)
    if not force and _is_current(made, stamp, inputs):
        say(f"Package is up to date: {made.zip_path}")
        return made
    _check_interpreter()
    out_dir.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lightrail-package-") as work:
        tree = Path(work) / "tree"
        say("Packaging: writing the template")
        _run_chalice(project, Path(work), tree, made.template_path)
        say("Packaging: adding and compiling the packages")
        packages = Path(work) / "packages"
        for name, source in vendored.files(project / "requirements.txt"):
            target = packages / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        archive.compile_tree(packages, keep_source=False)
        archive.compile_tree(tree, keep_source=True)
        shutil.copytree(packages, tree, dirs_exist_ok=True)
        archive.zip_tree(tree, made.zip_path)
    stamp.write_text(inputs)
    size = made.zip_path.stat().st_size / 1e6
    say(f"Packaged {made.zip_path} ({size:.1f} MB) in {time.monotonic() - started:.1f} s")
    return made


def _check_interpreter() -> None:
    running = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if running != RUNTIME:
        raise PackagingError(
            f"compiled modules fit one Python only: package with {RUNTIME}, not with {running}"
        )


def _is_current(made: Packaged, stamp: Path, inputs: str) -> bool:
    present = all(path.is_file() for path in (made.zip_path, made.template_path, stamp))
    return present and stamp.read_text() == inputs


def _sources(project: Path) -> Iterator[Path]:
    yield project / "app.py"
    yield project / "requirements.txt"
    yield project / ".chalice" / "config.json"
    for folder in (project / "chalicelib", Path(__file__).parent):
        yield from sorted(
            path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
        )


def _digest_of_inputs(project: Path) -> str:
    digest = hashlib.sha256(json.dumps(merge_template(), sort_keys=True).encode() + sys.version.encode())
    for path in _sources(project):
        if not path.is_file():
            raise PackagingError(f"{path} is missing")
        digest.update(f"\0{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _run_chalice(project: Path, work: Path, tree: Path, template: Path) -> None:
    """Let Chalice package the application alone; take its template, and its choice of files as `tree`."""
    stage, out, merge = work / "stage", work / "out", work / "merge.json"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(project / "chalicelib", stage / "chalicelib", ignore=ignore)
    shutil.copyfile(project / "app.py", stage / "app.py")
    (stage / ".chalice").mkdir()
    shutil.copyfile(project / ".chalice" / "config.json", stage / ".chalice" / "config.json")
    merge.write_text(json.dumps(merge_template()))
    command = [sys.executable, "-c", _RUN_CHALICE, "--project-dir", str(stage), "package"]
    command += ["--pkg-format", "cloudformation", "--template-format", "json", "--merge-template", str(merge)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment |= {"AWS_DEFAULT_REGION": _ANY_REGION, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*command, str(out)], cwd=stage, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise PackagingError(f"`chalice package` failed:\n{done.stdout}{done.stderr}")
    with zipfile.ZipFile(out / "deployment.zip") as made:
        made.extractall(tree)
    shutil.copyfile(out / "sam.json", template)
