"""A type that names its store by id, and runs once."""

from chalicelib.lrs.jobs.machine.parameters import Parameter
from tests.doubles.counting_job import CountingType


class Closing(CountingType):
    """The type `closing`."""

    name = "closing"
    parameters = (Parameter("store_id", "store", "The internal id of a store.", required=True),)
    store = "none"
    repeats = ("now", "on")


JOB = Closing()
