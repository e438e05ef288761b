"""When jobs run: the schedule of a job in its time zone, its store's, or UTC."""

from collections.abc import Callable

from chalicelib.ports.jobs import JobRecord
from chalicelib.schedule.repeat import DEFAULT_ZONE, Schedule, next_run


class Slots:
    """Finds the slots of jobs; `timezone_of` tells a store's time zone, None where there is no such store."""

    def __init__(self, timezone_of: Callable[[str], str | None]) -> None:
        self._timezone_of = timezone_of

    def after(self, job: JobRecord, time: int) -> int | None:
        """The first slot after a time (microseconds), None where there is none. Raises `Unavailable`."""
        return next_run(Schedule.from_json(job.schedule), time, self.timezone(job))

    def timezone(self, job: JobRecord) -> str:
        """The name of the time zone that holds for a job."""
        own = job.schedule.get("timezone")
        if isinstance(own, str) and own:
            return own
        return (self._timezone_of(job.store) if job.store else None) or DEFAULT_ZONE
