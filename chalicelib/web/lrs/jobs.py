"""The Jobs API: what the record store does for itself, at once or on a schedule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.lrs.access.permissions import giving
from chalicelib.times import microseconds
from chalicelib.web import reading
from chalicelib.web.call import Answer, Call, Handler
from chalicelib.web.lrs.listing import LIMIT, MOST_PER_PAGE, fitting, listed, opened, sealed
from chalicelib.web.lrs.parameters import Parameters
from chalicelib.web.lrs.route import LrsRoute

if TYPE_CHECKING:
    from chalicelib.lrs.jobs.machine.request import Asker
    from chalicelib.ports.jobs import JobRecord

JOBS = "/lrs/{client}/jobs/{type}"
LONGEST_PLACE = 200
_PAGES = frozenset(("limit", "cursor"))
_FILTERS = frozenset(("store", "service", "filters[store]", "filters[service]"))
_TWICE = "The parameter {name} stands there in both of its forms: send one."


def create(call: Call) -> Answer:
    """Makes a job, or a list of jobs where the request can stand for several."""
    asked = call.services.lrs.jobs.create(_type(call), reading.json_object(call), _asker(call))
    found = [_shown(job) for job in asked.jobs]
    return Answer(201, {"data": found if asked.several else found[0]})


def list_jobs(call: Call) -> Answer:
    """Lists the jobs of a type, in the order in which they were made."""
    parameters = Parameters(call)
    limit, cursor = _page(parameters)
    store, service = (_filter(parameters, name) for name in ("store", "service"))
    parameters.check()
    page = call.services.lrs.jobs.page(_type(call), limit, cursor, store, service)
    return _listed([_shown(job) for job in page.jobs], [job.id for job in page.jobs], page.next)


def show(call: Call) -> Answer:
    """Shows a job."""
    return _one(call.services.lrs.jobs.get(_type(call), _id(call)))


def change(call: Call) -> Answer:
    """Makes a job what the body says."""
    jobs = call.services.lrs.jobs
    return _one(jobs.update(_type(call), _id(call), reading.json_object(call), _asker(call)))


def delete(call: Call) -> Answer:
    """Deletes a job."""
    call.services.lrs.jobs.delete(_type(call), _id(call))
    return Answer(204, None)


def delete_all(call: Call) -> Answer:
    """Deletes all jobs of a type."""
    call.services.lrs.jobs.delete_all(_type(call))
    return Answer(204, None)


def logs(call: Call) -> Answer:
    """Lists what happened in the runs of a job, oldest first."""
    from chalicelib.lrs.jobs.machine.view import shown_event

    parameters = Parameters(call)
    limit, cursor = _page(parameters)
    parameters.check()
    events, place = call.services.lrs.jobs.events(_type(call), _id(call), limit, cursor)
    return _listed([shown_event(event) for event in events], [event.id for event in events], place)


def stop(call: Call) -> Answer:
    """Asks a run to stop at its next page."""
    return _one(call.services.lrs.jobs.stop(_type(call), _id(call)))


def resume(call: Call) -> Answer:
    """Lets a run that was stopped go on."""
    return _one(call.services.lrs.jobs.resume(_type(call), _id(call), _now(call)))


def _listed(shown: Sequence[object], places: Sequence[str], following: str | None) -> Answer:
    """As many as an answer holds; a place is where the list goes on behind what stands there."""
    count = fitting(shown)
    place = following if count == len(shown) else places[count - 1]
    return listed(shown[:count], None if place is None else sealed(place))


def _page(parameters: Parameters) -> tuple[int, str | None]:
    limit = parameters.whole("limit", 1, MOST_PER_PAGE, LIMIT)
    return limit, parameters.cursor(_place)


def _place(cursor: str) -> str | None:
    place = opened(cursor)
    return place if place and place.isprintable() and len(place) <= LONGEST_PLACE else None


def _filter(parameters: Parameters, name: str) -> str | None:
    plain, bracketed = parameters.text(name), parameters.text(f"filters[{name}]")
    if plain is not None and bracketed is not None:
        parameters.refuse(name, _TWICE.format(name=name))
    return bracketed if plain is None else plain


def _asker(call: Call) -> Asker:
    from chalicelib.lrs.jobs.machine.request import Asker  # a read does without it

    return Asker(call.principal.client, _now(call), f"{call.scheme}://{call.host}{call.prefix}")


def _now(call: Call) -> int:
    return microseconds(call.services.lrs.clock.now())


def _one(job: JobRecord) -> Answer:
    return Answer(200, {"data": _shown(job)})


def _shown(job: JobRecord) -> dict[str, object]:
    from chalicelib.lrs.jobs.machine.view import shown

    return shown(job)


def _type(call: Call) -> str:
    return reading.path_parameter(call, "type")


def _id(call: Call) -> str:
    return reading.path_parameter(call, "id")


def _route(
    method: str, path: str, name: str, handler: Handler, query: frozenset[str] = frozenset()
) -> LrsRoute:
    return LrsRoute(method, f"{JOBS}{path}", name, handler, giving("jobs/all"), query, switch="jobs_api")


ROUTES = (
    _route("POST", "", "jobsCreate", create),
    _route("GET", "", "jobsList", list_jobs, _PAGES | _FILTERS),
    _route("DELETE", "", "jobsDeleteAll", delete_all),
    _route("GET", "/{id}", "jobsShow", show),
    _route("PUT", "/{id}", "jobsChange", change),
    _route("DELETE", "/{id}", "jobsDelete", delete),
    _route("GET", "/{id}/logs", "jobsLogs", logs, _PAGES),
    _route("POST", "/{id}/stop", "jobsStop", stop),
    _route("POST", "/{id}/resume", "jobsResume", resume),
)
