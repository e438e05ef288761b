"""Make the developer's virtual environment `.venv`: `python3.11 infra/local/environment.py`.

Runs on a bare Python 3.11, before anything is installed: it imports the standard library alone.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")
_LAUNCHER = """#!{python}
import sys

sys.path.insert(0, {root!r})
from infra.cli.main import main

sys.exit(main())
"""


def interpreter(root: Path) -> str:
    """Return what an environment cannot outlive: another Python, or a move to another directory."""
    return f"{sys.version.split()[0]} {sys.base_prefix} {root}"


def requirements(root: Path) -> str:
    """Return a digest of the pinned packages."""
    return hashlib.sha256(b"".join((root / name).read_bytes() for name in _REQUIREMENTS)).hexdigest()


def stamp_of(environment: Path) -> list[str]:
    """Return the interpreter and requirements that an environment was made from; empty if it is not whole."""
    try:
        return (environment / "complete").read_text().splitlines()
    except FileNotFoundError:
        return []


def _run(*step: str) -> None:
    result = subprocess.run(step, stdin=subprocess.DEVNULL, check=False)
    if result.returncode != 0:
        sys.exit(
            f"Making .venv failed at: {' '.join(step)}\n"
            "What the step printed above says why. Often: no connection to the Python package index, "
            "or Python without its venv module (on Debian: apt-get install python3.11-venv). "
            "Then run the same command again: it starts afresh."
        )


def make(environment: Path, root: Path) -> bool:
    """Bring the environment to the wanted state; tell whether there was anything to do.

    An interrupted run leaves no stamp, and the next one starts from nothing: it cannot trust what is there.
    """
    wanted = [interpreter(root), requirements(root)]
    python = environment / "bin" / "python"
    found = stamp_of(environment) if python.exists() else []
    if found == wanted:
        return False
    stamp = environment / "complete"
    if found[:1] == wanted[:1]:
        print("The requirements have changed: updating .venv …", flush=True)
        stamp.unlink()
    else:
        print("Making .venv (about a minute, once) …", flush=True)
        shutil.rmtree(environment, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(environment))
    _run(
        *(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"),
        *("-r", str(root / "requirements-dev.txt")),
    )
    launcher = environment / "bin" / "lightrail"
    launcher.write_text(_LAUNCHER.format(python=python, root=str(root)))
    launcher.chmod(0o755)
    stamp.write_text("\n".join(wanted))
    return True


def main() -> None:
    """Make `.venv` unless it is complete; two runs at once do it once."""
    if sys.version_info[:2] != (3, 11):
        sys.exit(
            f"Lightrail needs Python 3.11, as on Lambda; {sys.executable} is {sys.version.split()[0]}.\n"
            "Install Python 3.11, or name it: make PYTHON=/path/to/python3.11 …"
        )
    with Path(__file__).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        make(ROOT / ".venv", ROOT)


if __name__ == "__main__":
    main()
