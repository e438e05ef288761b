"""Delta files as a resource: handed over, listed, read, cancelled."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chalicelib.errors import Invalid, NotFound, StillRunning
from chalicelib.web import cursors, envelope, reading
from chalicelib.web.call import Answer, Call
from chalicelib.web.delta_submission import read_submission, read_upload
from chalicelib.web.error_map import RETRY_AFTER_SECONDS
from chalicelib.web.paging import ANSWER_BYTES
from chalicelib.web.times import timestamp

if TYPE_CHECKING:
    from chalicelib.ledger.delta_files import DeltaFile
    from chalicelib.ports.ledger_records import ExtractKind, Upload

STATES = ("queued", "running", "succeeded", "failed", "cleared", "flushed")
"""What a file may be."""

OF_UPLOADS = ("awaited", "expired")
"""What a file is that somebody got leave to upload, and that did not come yet."""

_NUMBER = re.compile("[0-9]{1,12}")
_UPLOAD = re.compile("[0-9A-Za-z-]{1,64}")
COUNTED = ("queued", "succeeded", "failed", "blocked", "cleared", "flushed")


def submit(call: Call) -> Answer:
    """Takes a file in the body of the call."""
    asked = read_submission(call)
    strict = asked.strict or call.services.settings.delta_strict
    found = call.services.submissions.submit(call.raw_body, asked.name, strict, call.write_id)
    headers = {"Location": _address(call, str(found.file.n))}
    answer = envelope.success("Delta file accepted", {**_shown(found), "errors": []}, 202)
    return Answer(answer.status, answer.body, headers)


def allow_upload(call: Call) -> Answer:
    """Gives leave to upload a file, and the link that takes it."""
    asked = read_upload(call)
    strict = asked.strict or call.services.settings.delta_strict
    leave = call.services.submissions.allow_upload(asked.size, asked.name, strict, call.write_id)
    upload = leave.upload
    data = {
        "id": upload.id,
        "name": upload.name,
        "strict": upload.strict,
        "method": "PUT",
        "url": leave.url,
        "headers": {"Content-Length": str(upload.size)},
        "expires_at": timestamp(upload.until),
    }
    answer = envelope.success("Upload allowed", data, 201)
    return Answer(answer.status, answer.body, {"Location": _address(call, upload.id)})


def find(call: Call) -> Answer:
    """The files, the one accepted last first; a page of them, and the cursor of the next."""
    limit, state, before = _read_search(call)
    part = call.services.delta_files.newest(before, limit, state)
    shown, places = [_shown(found) for found in part.files], [str(found.file.n) for found in part.files]
    end = None if part.before is None else str(part.before)
    return cursors.answer("Delta files found", shown, places, end, *_bound_to(state))


def show(call: Call) -> Answer:
    """One file, with the first of its errors."""
    n, upload = _named(call)
    return envelope.success("Delta file found", _awaited(call, upload) if upload else _with_errors(call, n))


def results(call: Call) -> Answer:
    """What became of each entry, one line each."""
    return _extract(call, "results", "application/x-ndjson")


def failed(call: Call) -> Answer:
    """The entries that failed or are blocked, as a delta file."""
    return _extract(call, "failed", "application/json")


def cancel(call: Call) -> Answer:
    """Drops what waits of one file."""
    n, upload = _named(call)
    if upload is not None:
        withdrawn = call.services.submissions.withdraw(upload.id)
        return envelope.success("Delta file cancelled", _awaited(call, withdrawn))
    call.services.commands.cancel(n)
    return envelope.success("Delta file cancelled", _with_errors(call, n))


def _extract(call: Call, kind: ExtractKind, media_type: str) -> Answer:
    n, upload = _named(call)
    if upload is not None:
        raise StillRunning(upload.id)
    drawn = call.services.extract_maker.draw(n, kind, ANSWER_BYTES)
    if isinstance(drawn, bytes):
        return Answer(200, drawn, {"Content-Type": media_type})
    if drawn is None:
        making = envelope.success("The file is being made, ask again in a moment", None, 202)
        return Answer(making.status, making.body, {"Retry-After": str(RETRY_AFTER_SECONDS)})
    data = {"url": drawn.url, "bytes": drawn.size, "expires_at": timestamp(drawn.until)}
    ready = envelope.success("The file is ready", data, 303)
    return Answer(ready.status, ready.body, {"Location": drawn.url})


def _named(call: Call) -> tuple[int, Upload | None]:
    """The number of the file that the path names; 0 and the leave to upload it, while it did not come.

    Raises `NotFound`.
    """
    text = reading.path_parameter(call, "deltaFileId")
    if _NUMBER.fullmatch(text):
        return int(text), None
    if not _UPLOAD.fullmatch(text):
        raise NotFound("Delta file", text)
    upload = call.services.submissions.upload(text)
    return upload.n, None if upload.n else upload


def _address(call: Call, id: str) -> str:
    return f"{call.prefix}/v1/delta-files/{id}"


def _bound_to(state: str | None) -> tuple[str | None, ...]:
    return "delta-files", state


def _read_search(call: Call) -> tuple[int, str | None, int | None]:
    """Limit, state (None: any), and the number below which to go on (None: from the newest). Raises `Invalid`."""
    faults = reading.parameter_faults(call, ("state", *cursors.NAMES))
    state = call.query.get("state") or None
    if state is not None and state not in STATES:
        faults["state"] = [f"The state field must be one of {', '.join(STATES)}."]
    limit = cursors.read_limit(call, faults)
    place = cursors.read_place(call, faults, *_bound_to(state), is_place=_NUMBER.fullmatch)
    if faults:
        raise Invalid(faults)
    return limit, state, None if place is None else int(place)


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
    known = file.stage in ("sending", "sent") or file.total
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


def _awaited(call: Call, upload: Upload) -> dict[str, object]:
    """A file that did not come yet, in the form of one that did."""
    times: dict[str, None] = dict.fromkeys(("accepted_at", "started_at", "sent_at", "finished_at"))
    return {
        "id": upload.id,
        "name": upload.name,
        "state": call.services.submissions.state_of(upload),
        "strict": upload.strict,
        "entries": None,
        "counts": dict.fromkeys(COUNTED, 0),
        **times,
        "errors": [],
    }
