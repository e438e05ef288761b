"""A type with a parameter of every kind, one job per store and service, and a dry run."""

from chalicelib.lrs.jobs.machine.parameters import Parameter, until
from tests.doubles.counting_job import CountingType


class Counting(CountingType):
    """The type `counting`."""

    name = "counting"
    parameters = (
        Parameter("careful", "boolean", "Whether to count slowly.", required=True),
        Parameter("items", "whole number", "How far to count.", lowest=0, highest=1000),
        Parameter("colour", "choice", "In which colour.", choices=("red", "green")),
        Parameter("word", "text", "A word.", longest=20),
        Parameter("address", "url", "An address."),
        Parameter("agent", "agent", "An agent."),
        Parameter("connection", "connection", "A connection."),
        Parameter("client", "client", "A client."),
        until(),
    )
    services = True
    destroys = True


JOB = Counting()
