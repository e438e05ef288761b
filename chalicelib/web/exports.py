"""Exports as a resource: ordered, listed, read with a link to their file, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.errors import Invalid
from chalicelib.web import envelope, reading
from chalicelib.web.call import Answer, Call
from chalicelib.web.cursors import read_cursor, sealed
from chalicelib.web.paging import MOST_PER_PAGE, PER_PAGE, fitting

if TYPE_CHECKING:
    from chalicelib.ports.jobs import JobRecord

_LIST = "exports"


def create(call: Call) -> Answer:
    """Orders an export."""
    job = call.services.exports.create(reading.json_object(call), call.write_id)
    answer = envelope.success("Export accepted", _shown(job), 202)
    return Answer(answer.status, answer.body, {"Location": f"{call.prefix}/v1/exports/{job.id}"})


def find(call: Call) -> Answer:
    """The exports, the oldest first; a part of them, and the cursor of the next."""
    limit, place = _read_page(call)
    page = call.services.exports.page(place, limit)
    shown = fitting([_shown(job) for job in page.jobs])
    rest = page.next if len(shown) == len(page.jobs) else page.jobs[len(shown) - 1].id
    return envelope.success("Exports found", shown, cursor=None if rest is None else sealed(rest, _LIST))


def show(call: Call) -> Answer:
    """One export, with a link to the file of each run that passed."""
    from chalicelib.exports.results import results_of
    from chalicelib.exports.view import shown_link, shown_result

    exports = call.services.exports
    job = exports.get(_id(call))
    results = [
        {**shown_result(result), "download": shown_link(exports.download(result))}
        for result in results_of(job)
    ]
    linked = {"result": results[0], "earlier_results": results[1:]} if results else {}
    return envelope.success("Export found", {**_shown(job), **linked})


def failed(call: Call) -> Answer:
    """The rows that are not in the file of the last run, as a link to their list."""
    from chalicelib.exports.results import results_of
    from chalicelib.exports.view import shown_link

    exports = call.services.exports
    job = exports.get(_id(call))
    results = results_of(job)
    rows = results[0].failed if results else 0
    link = exports.failures(results[0]) if results else None
    return envelope.success("Failed rows found", {"rows": rows, "download": shown_link(link)})


def delete(call: Call) -> Answer:
    """Deletes an export; a run of it ends."""
    call.services.exports.delete(_id(call))
    return envelope.success("Export deleted", None)


def _shown(job: JobRecord) -> dict[str, object]:
    from chalicelib.exports.view import shown

    return shown(job)


def _id(call: Call) -> str:
    return reading.path_parameter(call, "exportId")


def _read_page(call: Call) -> tuple[int, str | None]:
    """Limit, and where to go on. Raises `Invalid` with the faults of both."""
    from chalicelib.exports.service import is_id

    faults = reading.parameter_faults(call, ("limit", "cursor"))
    limit, place = PER_PAGE, None
    try:
        limit = reading.whole_numbers(call, {"limit": (1, MOST_PER_PAGE, PER_PAGE)})["limit"]
    except Invalid as invalid:
        faults |= invalid.faults
    try:
        place = read_cursor(call, _LIST, is_place=is_id)
    except Invalid as invalid:
        faults |= invalid.faults
    if faults:
        raise Invalid(faults)
    return limit, place
