"""A type that needs a store and a connection, of which it checks the type, and keeps whence it was asked for."""

from collections.abc import Mapping, Sequence

from chalicelib.jobs.run_type import Json
from chalicelib.lrs.jobs.machine.parameters import Parameter
from chalicelib.lrs.jobs.machine.services import JobServices
from chalicelib.ports.jobs import JobRecord
from tests.doubles.counting_job import CountingType


class Fetching(CountingType):
    """The type `fetching`: connections of type `file` carry statements alone."""

    name = "fetching"
    parameters = (Parameter("connection", "connection", "Where to fetch from.", required=True),)
    services = True
    store = "required"

    def check(self, lrs: JobServices, job: JobRecord) -> Mapping[str, Sequence[str]]:
        carried = ("all", "statements") if self._is_file(lrs, job) else (job.service,)
        return {} if job.service in carried else {"service": ["A file carries statements."]}

    def every_service(self, lrs: JobServices, job: JobRecord) -> Sequence[str]:
        return ["statements"] if self._is_file(lrs, job) else super().every_service(lrs, job)

    def kept(self, lrs: JobServices, job: JobRecord, root: str) -> Json:
        return {**job.settings, "root": root}

    def _is_file(self, lrs: JobServices, job: JobRecord) -> bool:
        return lrs.access_store.connection("file", job.connection) is not None


JOB = Fetching()
