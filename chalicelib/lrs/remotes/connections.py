"""What connections carry, and the other places that they lead to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib.jobs.run_type import RunFailed
from chalicelib.lrs.access.connections import connection_with_id

if TYPE_CHECKING:
    from chalicelib.lrs.jobs.machine.job_type import Work
    from chalicelib.lrs.jobs.machine.services import JobServices
    from chalicelib.lrs.remotes.shape import Remote
    from chalicelib.ports.jobs import JobRecord
    from chalicelib.ports.lrs_access import ConnectionRecord
    from chalicelib.ports.outgoing import Outgoing, Request, Response

ONLY_STATEMENTS = "Another learning record store carries statements alone; service is statements or all."


def remote_of(work: Work) -> Remote:
    """The other place of a job, as its connection is now. Raises `RunFailed`, `Unavailable`."""
    connection = connection_with_id(work.lrs.access_store, work.job.connection)
    if connection is None:
        raise RunFailed("The connection of this job is not there any more; change the job.")
    return opened(work.lrs, connection, work.keep)


def opened(lrs: JobServices, connection: ConnectionRecord, keep: Callable[[], None] = lambda: None) -> Remote:
    """The other place behind a connection; nothing is sent yet, and no other kind of place is loaded.

    `keep` is called before each step there, see `Work`.
    """
    settings = {**connection.settings, **connection.secrets}
    prefix = settings.get("prefix", "")
    if connection.type == "lrs":
        from chalicelib.lrs.remotes.lrs import RemoteLrs

        return RemoteLrs(
            _Kept(lrs.outgoing, keep),
            settings["endpoint"],
            settings.get("username", ""),
            settings.get("password", ""),
        )
    if connection.type == "file":
        from chalicelib.lrs.remotes.files import RemoteFiles

        return RemoteFiles(lrs.blobs, prefix, keep)
    from chalicelib.lrs.remotes.search import RemoteSearch

    return RemoteSearch(
        _Kept(lrs.outgoing, keep),
        settings["host"],
        settings.get("username", ""),
        settings.get("password", ""),
        prefix,
    )


class _Kept:
    """Requests, each a sign that the worker lives: how long they take is up to the other place."""

    def __init__(self, outgoing: Outgoing, keep: Callable[[], None]) -> None:
        self._outgoing, self._keep = outgoing, keep

    def exchange(self, request: Request) -> Response:
        self._keep()
        return self._outgoing.exchange(request)


def place_of(work: Work) -> str:
    """A short text that stands for where the connection of a job leads: a position there is of no use elsewhere."""
    connection = connection_with_id(work.lrs.access_store, work.job.connection)
    settings = {} if connection is None else connection.settings
    place = {name: value for name, value in settings.items() if name in ("endpoint", "host", "prefix")}
    return hashlib.sha256(json.dumps(place, sort_keys=True).encode()).hexdigest()[:16]


def check_service(lrs: JobServices, job: JobRecord) -> Mapping[str, Sequence[str]]:
    """Whether the connection of a job carries its service."""
    carried = services_of(lrs, job)
    return {"service": [ONLY_STATEMENTS]} if carried and job.service not in carried else {}


def services_of(lrs: JobServices, job: JobRecord) -> Sequence[str]:
    """The services that the connection of a job carries; none named: all."""
    connection = connection_with_id(lrs.access_store, job.connection)
    return ("statements",) if connection is not None and connection.type == "lrs" else ()
