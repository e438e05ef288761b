"""The types of jobs that there are: every module of `chalicelib.lrs.jobs` whose name is that of a type."""

import pkgutil
from functools import cache
from importlib import import_module

from chalicelib.errors import NotFound
from chalicelib.lrs import jobs
from chalicelib.lrs.jobs.machine.job_type import JobType


@cache
def names() -> tuple[str, ...]:
    """The names of all types, as in addresses."""
    modules = (module.name for module in pkgutil.iter_modules(jobs.__path__) if not module.ispkg)
    return tuple(sorted(name.replace("_", "-") for name in modules if not name.startswith("_")))


@cache
def job_type(name: str) -> JobType:
    """The type of this name; its module is loaded on first use. Raises `NotFound`."""
    if name not in names():
        raise NotFound("Type of job", name[:100])
    made: JobType = import_module(f"{jobs.__name__}.{name.replace('-', '_')}").JOB
    return made
