"""Delta files as a resource: listed, read, cancelled."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chalicelib.errors import Invalid, NotFound
from chalicelib.web import envelope, reading
from chalicelib.web.call import Answer, Call
from chalicelib.web.cursors import read_cursor, sealed
from chalicelib.web.paging import MOST_PER_PAGE, PER_PAGE, fitting
from chalicelib.web.times import timestamp

if TYPE_CHECKING:
    from chalicelib.ledger.delta_files import DeltaFile

STATES = ("queued", "running", "succeeded", "failed", "cleared", "flushed")
"""What a file may be."""

_NUMBER = re.compile("[0-9]{1,12}")


def find(call: Call) -> Answer:
    """The files, the one accepted last first; a part of them, and the cursor of the next."""
    limit, state, before = _read_search(call)
    part = call.services.delta_files.newest(before, limit, state)
    shown = fitting([_shown(found) for found in part.files])
    rest = part.before if len(shown) == len(part.files) else part.files[len(shown) - 1].file.n
    cursor = None if rest is None else sealed(str(rest), *_bound_to(state))
    return envelope.success("Delta files found", shown, cursor=cursor)


def show(call: Call) -> Answer:
    """One file, with the first of its errors."""
    return envelope.success("Delta file found", _with_errors(call, _read_number(call)))


def cancel(call: Call) -> Answer:
    """Drops what waits of one file."""
    n = _read_number(call)
    call.services.commands.cancel(n)
    return envelope.success("Delta file cancelled", _with_errors(call, n))


def _read_number(call: Call) -> int:
    """The number of the file that the path names. Raises `NotFound`."""
    text = reading.path_parameter(call, "deltaFileId")
    if not _NUMBER.fullmatch(text):
        raise NotFound("Delta file", text)
    return int(text)


def _bound_to(state: str | None) -> tuple[str | None, ...]:
    return "delta-files", state


def _read_search(call: Call) -> tuple[int, str | None, int | None]:
    """Limit, state (None: any), and the number below which to go on (None: from the newest). Raises `Invalid`."""
    faults: dict[str, list[str]] = {}
    state = call.query.get("state") or None
    if state is not None and state not in STATES:
        faults["state"] = [f"The state field must be one of {', '.join(STATES)}."]
    limit, before = PER_PAGE, None
    try:
        limit = reading.whole_numbers(call, {"limit": (1, MOST_PER_PAGE, PER_PAGE)})["limit"]
    except Invalid as invalid:
        faults |= invalid.faults
    try:
        place = read_cursor(call, *_bound_to(state))
        before = int(place) if place is not None else None
    except Invalid as invalid:
        faults |= invalid.faults
    if faults:
        raise Invalid(faults)
    return limit, state, before


def _with_errors(call: Call, n: int) -> dict[str, object]:
    found = call.services.delta_files.find(n)
    failed = call.services.delta_files.first_errors(found)
    errors = [
        {"job": one.job, "article": one.article, "errors": list(one.errors), "cause": one.cause}
        for one in failed
    ]
    return {**_shown(found), "errors": errors}


def _shown(found: DeltaFile) -> dict[str, object]:
    file = found.file
    known = file.stage in ("sending", "sent")
    return {
        "id": str(file.n),
        "name": file.name,
        "state": found.state,
        "strict": file.strict,
        "entries": file.total if known else None,
        "counts": found.shown_counts,
        "accepted_at": timestamp(file.accepted_at),
        "started_at": timestamp(file.started_at),
        "sent_at": timestamp(file.ended_at) if file.stage == "sent" else None,
        "finished_at": timestamp(found.finished_at),
    }
