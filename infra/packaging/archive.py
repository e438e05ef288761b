"""A zip of compiled Python whose bytes depend on nothing but its content."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from infra.packaging.errors import PackagingError

# Where Lambda unpacks the zip; tracebacks show this path.
_LAMBDA_ROOT = "/var/task"

# The earliest time that a zip can hold.
_NO_TIME = (1980, 1, 1, 0, 0, 0)

_READABLE_FILE = 0o100644


def compile_tree(tree: Path, *, keep_source: bool) -> None:
    """Compile every module under `tree`; without its source a module halves, and its tracebacks show no lines.

    Lambda's disk is read-only and its files bear no useful times: compiled files that are taken unchecked
    spare each cold start the compiling and the looking.
    """
    command = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    command += ["-s", str(tree), "-p", _LAMBDA_ROOT, *([] if keep_source else ["-b"]), str(tree)]
    # The order of a set of constants would follow the hash seed.
    done = subprocess.run(
        command, env=os.environ | {"PYTHONHASHSEED": "0"}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise PackagingError(f"the application does not compile:\n{done.stdout}{done.stderr}")
    if not keep_source:
        for source in tree.rglob("*.py*"):
            if source.suffix in (".py", ".pyi"):
                source.unlink()


def zip_tree(tree: Path, target: Path) -> None:
    """Write all files under `tree` into the zip `target`: in order, with one time and one mode."""
    unfinished = target.with_suffix(".unfinished")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(path for path in tree.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(tree).as_posix(), _NO_TIME)
            entry.external_attr = _READABLE_FILE << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    unfinished.replace(target)
