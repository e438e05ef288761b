"""The types of jobs that there are: every module of `chalicelib.lrs.jobs` whose name is that of a type."""

from functools import cache
from importlib import import_module
from pathlib import Path

from chalicelib.errors import NotFound
from chalicelib.lrs.jobs.machine.job_type import JobType

_PACKAGE = "chalicelib.lrs.jobs"


@cache
def names() -> tuple[str, ...]:
    """The names of all types, as in addresses."""
    found = (path.stem for path in Path(__file__).parents[1].glob("*.py*"))
    return tuple(sorted({stem.replace("_", "-") for stem in found if not stem.startswith("_")}))


@cache
def job_type(name: str) -> JobType:
    """The type of this name; its module is loaded on first use. Raises `NotFound`."""
    if name not in names():
        raise NotFound("Type of job", name[:100])
    made: JobType = import_module(f"{_PACKAGE}.{name.replace('-', '_')}").JOB
    return made
