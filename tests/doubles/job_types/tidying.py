"""A type that is about one store or all of them, up to a time without dates."""

from chalicelib.lrs.jobs.machine.parameters import until
from tests.doubles.counting_job import CountingType


class Tidying(CountingType):
    """The type `tidying`."""

    name = "tidying"
    parameters = (until(("now", "1_hour")),)
    store = "all"


JOB = Tidying()
