"""What connections carry, and the other places that they lead to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib.jobs.run_type import RunFailed
from chalicelib.lrs.jobs.machine.request import connection_of

if TYPE_CHECKING:
    from chalicelib.lrs.jobs.machine.job_type import Work
    from chalicelib.lrs.jobs.machine.services import JobServices
    from chalicelib.lrs.remotes.shape import Remote
    from chalicelib.ports.jobs import JobRecord
    from chalicelib.ports.lrs_access import ConnectionRecord

ONLY_STATEMENTS = "Another learning record store carries statements alone; service is statements or all."


def remote_of(work: Work) -> Remote:
    """The other place of a job, as its connection is now. Raises `RunFailed`, `Unavailable`."""
    connection = connection_of(work.lrs, work.job.connection)
    if connection is None:
        raise RunFailed("The connection of this job is not there any more; change the job.")
    return opened(work.lrs, connection)


def opened(lrs: JobServices, connection: ConnectionRecord) -> Remote:
    """The other place behind a connection; nothing is sent yet, and no other kind of place is loaded."""
    settings = {**connection.settings, **connection.secrets}
    prefix = settings.get("prefix", "")
    if connection.type == "lrs":
        from chalicelib.lrs.remotes.lrs import RemoteLrs

        return RemoteLrs(
            lrs.outgoing, settings["endpoint"], settings.get("username", ""), settings.get("password", "")
        )
    if connection.type == "file":
        from chalicelib.lrs.remotes.files import RemoteFiles

        return RemoteFiles(lrs.blobs, prefix)
    from chalicelib.lrs.remotes.search import RemoteSearch

    return RemoteSearch(
        lrs.outgoing, settings["host"], settings.get("username", ""), settings.get("password", ""), prefix
    )


def place_of(work: Work) -> str:
    """A short text that stands for where the connection of a job leads: a position there is of no use elsewhere."""
    connection = connection_of(work.lrs, work.job.connection)
    settings = {} if connection is None else connection.settings
    place = {name: value for name, value in settings.items() if name in ("endpoint", "host", "prefix")}
    return hashlib.sha256(json.dumps(place, sort_keys=True).encode()).hexdigest()[:16]


def check_service(lrs: JobServices, job: JobRecord) -> Mapping[str, Sequence[str]]:
    """Whether the connection of a job carries its service."""
    carried = services_of(lrs, job)
    return {"service": [ONLY_STATEMENTS]} if carried and job.service not in carried else {}


def services_of(lrs: JobServices, job: JobRecord) -> Sequence[str]:
    """The services that the connection of a job carries; none named: all."""
    connection = connection_of(lrs, job.connection)
    return ("statements",) if connection is not None and connection.type == "lrs" else ()
