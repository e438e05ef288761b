"""Types of jobs that only tests have, found as those of the project are: by the name of their module."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from chalicelib.lrs import jobs
from chalicelib.lrs.jobs.machine import types

DOUBLES = Path(__file__).parent / "job_types"


@contextmanager
def job_types_in(directory: Path = DOUBLES) -> Iterator[None]:
    """Within it, the modules of this directory are types of jobs too."""
    names = [path.stem for path in directory.glob("[a-z]*.py")]
    jobs.__path__.append(str(directory))
    _forget(names)
    try:
        yield
    finally:
        jobs.__path__.remove(str(directory))
        _forget(names)


def _forget(names: list[str]) -> None:
    for name in names:
        sys.modules.pop(f"{jobs.__name__}.{name}", None)
        vars(jobs).pop(name, None)
    types.names.cache_clear()
    types.job_type.cache_clear()
