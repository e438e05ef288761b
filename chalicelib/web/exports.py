"""Exports as a resource: ordered, listed, read with a link to their file, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.errors import Invalid
from chalicelib.web import cursors, envelope, reading
from chalicelib.web.call import Answer, Call

if TYPE_CHECKING:
    from chalicelib.ports.jobs import JobRecord

_LIST = "exports"


def create(call: Call) -> Answer:
    """Orders an export."""
    job = call.services.exports.create(reading.json_object(call), call.write_id)
    answer = envelope.success("Export accepted", _shown(job), 202)
    return Answer(answer.status, answer.body, {"Location": f"{call.prefix}/v1/exports/{job.id}"})


def find(call: Call) -> Answer:
    """The exports, the oldest first; a page of them, and the cursor of the next."""
    from chalicelib.exports.service import is_id

    faults = reading.parameter_faults(call, cursors.NAMES)
    limit = cursors.read_limit(call, faults)
    place = cursors.read_place(call, faults, _LIST, is_place=is_id)
    if faults:
        raise Invalid(faults)
    page = call.services.exports.page(place, limit)
    shown, places = [_shown(job) for job in page.jobs], [job.id for job in page.jobs]
    return cursors.answer("Exports found", shown, places, page.next, _LIST)


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
