"""Run every check: `python -m infra.check [name…]`. Each says what to do when it fails."""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Check:
    """A command that exits with 0 when all is well; `python -m …` and the tools are those of `.venv`."""

    name: str
    command: Sequence[str]
    remedy: str


_PYTHON = sys.executable

CHECKS = (
    Check(
        "format",
        [_PYTHON, "-m", "ruff", "format", "--check", "."],
        "Run `.venv/bin/ruff format .`",
    ),
    Check(
        "lint",
        [_PYTHON, "-m", "ruff", "check", "--quiet", "."],
        "Run `.venv/bin/ruff check --fix .`, and mend by hand what is left",
    ),
    Check(
        "types",
        # Without its cache, which holds on to modules that were missing once: four seconds, and always true.
        [_PYTHON, "-m", "mypy", "--cache-dir=/dev/null"],
        "Mend the types that it names; `.venv/bin/mypy FILE` looks at one file",
    ),
    Check(
        "openapi",
        [_PYTHON, "-m", "infra.openapi", "--check"],
        "The routes have changed: run `.venv/bin/python -m infra.openapi`, look at the difference, commit it",
    ),
    Check(
        "template",
        [_PYTHON, "-m", "pytest", "-q", "tests/unit/test_template.py"],
        "The packaged template breaks a rule of cfn-lint, of the SAM translator or of ours: mend infra/template",
    ),
    Check(
        "docs",
        [
            _PYTHON,
            "-m",
            "pytest",
            "-q",
            *sorted(str(path) for path in _PROJECT.glob("tests/unit/test_*docs*.py")),
        ],
        "A document and the code disagree: what failed names the table and what is missing or too much in it",
    ),
)


def run(checks: Sequence[Check]) -> list[Check]:
    """Run all checks, print one line each and the whole output of those that fail; return those."""
    failed = []
    for check in checks:
        started = time.monotonic()
        done = subprocess.run(
            check.command,
            cwd=_PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        word = "ok" if done.returncode == 0 else "FAILED"
        print(f"check {check.name:<10} {word:<6} {time.monotonic() - started:5.1f} s", flush=True)
        if done.returncode != 0:
            failed.append(check)
            print(done.stdout.rstrip())
            print(f"→ {check.remedy}. Again: .venv/bin/python -m infra.check {check.name}", flush=True)
    return failed


def main(names: Sequence[str]) -> int:
    """Run the named checks, or all; the exit code is 1 if any fails, 2 for a name that is none."""
    known = {check.name: check for check in CHECKS}
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"No such check: {', '.join(unknown)}. There are: {', '.join(known)}", file=sys.stderr)
        return 2
    failed = run([known[name] for name in names] if names else CHECKS)
    if failed:
        print(f"\n{len(failed)} of {len(names or CHECKS)} checks failed: {', '.join(c.name for c in failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
