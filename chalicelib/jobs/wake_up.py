"""The messages that wake a worker; one that is lost is made up for by the tick."""

import json
from dataclasses import dataclass

from chalicelib.ports.jobs import JobRecord
from chalicelib.ports.queue import Queue


@dataclass(frozen=True)
class WakeUp:
    """Which run of which job is to be worked on."""

    type: str
    job: str
    run: str

    @classmethod
    def read(cls, body: str) -> "WakeUp":
        """The wake-up in a message. Raises `ValueError` for a message that is none."""
        value = json.loads(body)
        if not isinstance(value, dict) or any(not isinstance(value.get(name), str) for name in _NAMES):
            raise ValueError("not a wake-up")
        return cls(*(value[name] for name in _NAMES))


_NAMES = ("type", "job", "run")


class WakeUps:
    """Sends wake-ups."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    def send(self, job: JobRecord) -> None:
        """Wakes a worker for the job's run. Raises `Unavailable`."""
        if job.run is not None:
            self._queue.send(json.dumps({"type": job.type, "job": job.id, "run": job.run.id}))
