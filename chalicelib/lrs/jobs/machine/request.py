"""What a request to make or change jobs asks for: the records that are to be, or every fault of it at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from chalicelib.errors import Invalid
from chalicelib.lrs.access.connections import connection_with_id
from chalicelib.lrs.access.slugs import is_slug
from chalicelib.lrs.jobs.machine.job_type import JobType, parameters_of
from chalicelib.lrs.jobs.machine.parameters import (
    ALL,
    OF_THE_JOB,
    SERVICE,
    STORE,
    UNTIL_DATE,
    Faults,
    Parameter,
    note_unknown,
    read_values,
)
from chalicelib.ports.jobs import JobRecord
from chalicelib.ports.lrs_access import StoreRecord
from chalicelib.schedule.dates import parse_date
from chalicelib.schedule.local_time import first_time
from chalicelib.schedule.reading import read_replay, read_schedule
from chalicelib.schedule.repeat import DEFAULT_ZONE, Schedule, first_run

if TYPE_CHECKING:
    from chalicelib.lrs.jobs.machine.services import JobServices

_READY = "The store field must be the slug of a store that is ready."
_NO_STORES = "There is no store that is ready, so there is nothing to make a job for."
_ONE_SERVICE = "A job is about one service; make jobs of all services with POST."
_ONE_REPEAT = "The repeat field must be one of {repeats} in jobs of this type."
_NOT_THERE = {
    "connection": "The {name} field must be the id of a connection.",
    "client": "The {name} field must be the slug of a client.",
    "store": "The {name} field must be the id of a store.",
}
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Asker:
    """Who asks (the slug of a client), when (microseconds since 1970), and under which address, see `JobType.kept`."""

    client: str
    at: int
    root: str = ""


@dataclass(frozen=True)
class Asked:
    """The jobs as they are to be; `several`: the request can stand for more than one."""

    jobs: Sequence[JobRecord]
    several: bool


def read_request(
    kind: JobType,
    lrs: JobServices,
    body: Mapping[str, object],
    asker: Asker,
    new_id: Callable[[int], str],
    current: JobRecord | None = None,
) -> Asked:
    """The jobs that a body asks for, or one that it changes (`current`); `new_id` names the first, the second, ….

    Raises `Invalid` with every fault, `Unavailable`.
    """
    return _Request(kind, lrs, body, asker, current).read(new_id)


class _Request:
    """One request while it is read; its faults are gathered on the way."""

    def __init__(
        self,
        kind: JobType,
        lrs: JobServices,
        body: Mapping[str, object],
        asker: Asker,
        current: JobRecord | None,
    ) -> None:
        self._kind, self._lrs, self._body, self._asker, self._current = kind, lrs, body, asker, current
        self._faults: Faults = {}
        self._parameters = parameters_of(kind)
        self._replay = False
        self._schedules: Mapping[str, Schedule | None] = {}

    def read(self, new_id: Callable[[int], str]) -> Asked:
        values = self._values()
        stores = self._stores(values)
        # What the type says of a job is asked as soon as its own parameters are right, whatever the schedule is.
        right = not self._faults
        self._read_schedule(stores)
        drafts = [job for store in stores for job in self._drafts(values, store)] if right else []
        if self._current is None:
            drafts = [replace(job, id=new_id(index)) for index, job in enumerate(drafts)]
        for job in drafts:
            self._note(self._kind.check(self._lrs, job))
        if self._faults:
            raise Invalid(self._faults)
        root = self._asker.root
        several = values.get(SERVICE) == ALL or (self._kind.store == "each" and STORE not in values)
        return Asked(
            [replace(job, settings=self._kind.kept(self._lrs, job, root)) for job in drafts], several
        )

    def _values(self) -> dict[str, object]:
        """The type's own parameters, with what they name looked up."""
        note_unknown(self._body, self._parameters, self._faults)
        changes = self._current is not None
        values = read_values(self._body, self._parameters, self._faults, (STORE,) if changes else ())
        if changes and values.get(SERVICE) == ALL:
            self._note({SERVICE: [_ONE_SERVICE]})
        for parameter in self._parameters:
            name = parameter.name
            looked_up = parameter.kind in _NOT_THERE and name != STORE and name in values
            if looked_up and not self._is_there(parameter, str(values[name])):
                self._note({name: [_NOT_THERE[parameter.kind].format(name=name)]})
        return values

    def _is_there(self, parameter: Parameter, value: str) -> bool:
        if parameter.kind == "connection":
            return connection_with_id(self._lrs.access_store, value) is not None
        if parameter.kind == "client":
            return is_slug(value) and self._lrs.access_store.read(value).client is not None
        return self._with_id(value) is not None

    def _stores(self, values: Mapping[str, object]) -> list[StoreRecord | None]:
        """The stores that jobs are for; None: a job that is for no store, or for all of them."""
        if self._kind.store == "none":
            named = [
                str(values[each.name])
                for each in self._parameters
                if each.kind == "store" and each.name in values
            ]
            return [self._with_id(named[0]) if named else None]
        slug = str(values.get(STORE, "")) or ("" if self._current is None else self._current.store)
        if slug:
            found = self._lrs.access_store.read("", slug).store if is_slug(slug) else None
            if found is None or found.status != "ready":
                self._note({STORE: [_READY]})
            return [found]
        if self._kind.store != "each" or self._current is not None:
            return [None]
        ready = [store for store in self._lrs.access_store.stores() if store.status == "ready"]
        if not ready:
            self._note({STORE: [_NO_STORES]})
        return list(ready)

    def _with_id(self, store_id: str) -> StoreRecord | None:
        return next((each for each in self._lrs.access_store.stores() if each.id == store_id), None)

    def _read_schedule(self, stores: Sequence[StoreRecord | None]) -> None:
        """The schedule as it is in the time zone of each store: `time: now` is another time in each."""
        self._replay = read_replay(self._body, self._faults)
        found: Faults = {}
        zones = {_zone_of(store) for store in stores} or {DEFAULT_ZONE}
        self._schedules = {}
        for zone in zones:
            found = {}
            self._schedules[zone] = read_schedule(self._body, found, self._asker.at, zone)
        self._note(found)
        repeat, repeats = self._body.get("repeat"), self._kind.repeats
        if repeats and "repeat" not in found and repeat not in repeats:
            self._note({"repeat": [_ONE_REPEAT.format(repeats=", ".join(repeats))]})

    def _drafts(self, values: Mapping[str, object], store: StoreRecord | None) -> list[JobRecord]:
        """The jobs for a store, one per service."""
        zone = _zone_of(store)
        schedule = self._schedules[zone]
        settings = {name: value for name, value in values.items() if name not in OF_THE_JOB}
        if UNTIL_DATE in settings:
            own = schedule.timezone if schedule else None
            settings["until_at"] = end_of(str(settings[UNTIL_DATE]), own or zone)
        next_run_at = first_run(schedule, self._asker.at, zone) if schedule else None
        job = replace(
            self._current or _blank(self._kind.name, self._asker),
            schedule=schedule.to_json() if schedule else {},
            settings=settings,
            store=store.slug if store else "",
            service=str(values.get(SERVICE, "")),
            client=str(values.get("client", "")),
            connection=str(values.get("connection", "")),
            replay=self._replay,
            next_run_at=next_run_at,
            due_at=self._asker.at if self._replay else next_run_at,
        )
        services = self._kind.every_service(self._lrs, job) if job.service == ALL else [job.service]
        return [_named(replace(job, service=service)) for service in services]

    def _note(self, faults: Mapping[str, Sequence[str]]) -> None:
        """Notes faults, each once."""
        for name, texts in faults.items():
            known = self._faults.setdefault(name, [])
            known.extend(text for text in dict.fromkeys(texts) if text not in known)


def end_of(date: str, timezone: str) -> int:
    """The last microsecond (since 1970) of an ISO 8601 date: of its day where it is bare, else that very time.

    Raises `ValueError` for what is no date, which reading lets nobody have.
    """
    given = parse_date(date)
    if given is None:
        raise ValueError(f"{date!r} is no date")
    zone = ZoneInfo(timezone)
    return given.time_in(zone) if given.has_time else first_time(given.moment + _DAY, zone) - 1


def _zone_of(store: StoreRecord | None) -> str:
    return DEFAULT_ZONE if store is None else store.timezone


def _blank(kind: str, asker: Asker) -> JobRecord:
    return JobRecord("", kind, "", asker.client, asker.at, {}, {})


def _named(job: JobRecord) -> JobRecord:
    return replace(job, name=" ".join(part for part in (job.type, job.store, job.service) if part))
