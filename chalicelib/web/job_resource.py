"""Jobs as a resource: found by state, file and article, read by id, dropped by state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.articles.document import article_number, strip_quotes
from chalicelib.errors import Invalid
from chalicelib.web import cursors, envelope, reading
from chalicelib.web.call import Answer, Call
from chalicelib.web.times import timestamp

if TYPE_CHECKING:
    from chalicelib.ledger.job_view import Job

STATES = ("queued", "running", "succeeded", "failed", "blocked", "cleared", "flushed")
"""What a job may be."""

FILTERS = ("state", "file", "article")

OF_HELD_ARTICLES = ("failed", "blocked")
"""The states by which jobs of an article are found without naming a file."""

DROPPED = {
    "queued": ("Clear of jobs queue successful", ("queued", "running")),
    "failed": ("Flush of failed jobs queue successful", ("failed", "blocked")),
    "blocked": ("Flush of failed jobs queue successful", ("failed", "blocked")),
    "succeeded": ("Clear of finished jobs successful", ("succeeded",)),
}
"""State of the jobs to drop → the message of the command that drops them, and the states of all that it drops."""


def find(call: Call) -> Answer:
    """The jobs in a state, of a file, of an article; a page of them, and the cursor of the next."""
    asked = _read_search(call)
    part = call.services.job_search.part(asked.limit, asked.place, asked.state, asked.file, asked.article)
    shown = [_shown(step.job) for step in part.found if step.job is not None]
    places = [step.place for step in part.found]
    bound_to = _bound_to(asked.state, asked.file, asked.article)
    return cursors.answer("Jobs found", shown, places, part.next, *bound_to)


def show(call: Call) -> Answer:
    """One job, with its payload."""
    job, payload = call.services.job_search.find(reading.path_parameter(call, "jobId"))
    return envelope.success("Job found", {**_shown(job), "payload": payload})


def drop(call: Call) -> Answer:
    """Drops the jobs of a state by the command that does so."""
    state = _read_dropped(call)
    message, states = DROPPED[state]
    commands, done = call.services.commands, True
    if state == "queued":
        commands.clear()
    elif state == "succeeded":
        done = commands.clear_successful()
    else:
        commands.flush()
    return envelope.success(message, {"states": list(states), "done": done})


@dataclass(frozen=True)
class _Search:
    """The filters of a list (None: any), how many jobs are wanted, and the place to go on from (None: the first)."""

    state: str | None
    file: str | None
    article: str | None
    limit: int
    place: str | None


def _bound_to(*filters: str | None) -> tuple[str | None, ...]:
    """What the cursors of a search with these filters are bound to."""
    return "jobs", *filters


def _read_search(call: Call) -> _Search:
    """Raises `Invalid` with every fault."""
    faults = reading.parameter_faults(call, (*FILTERS, *cursors.NAMES))
    state = call.query.get("state") or None
    if state is not None and state not in STATES:
        faults["state"] = [f"The state field must be one of {', '.join(STATES)}."]
    file = strip_quotes(call.query.get("file", "")) or None
    article = None
    if call.query.get("article"):
        try:
            article = article_number(call.query["article"], "article")
        except Invalid as invalid:
            faults |= invalid.faults
    if call.query.get("article") and file is None and state in STATES and state not in OF_HELD_ARTICLES:
        held = " or ".join(OF_HELD_ARTICLES)
        faults["state"] = [
            f"The state field must be {held} where article is given; name the file for others."
        ]
    limit = cursors.read_limit(call, faults)
    place = cursors.read_place(call, faults, *_bound_to(state, file, article))
    if faults:
        raise Invalid(faults)
    return _Search(state, file, article, limit, place)


def _read_dropped(call: Call) -> str:
    """The state whose jobs are dropped; whatever else is asked for is refused, since all of them are dropped."""
    faults = {
        name: [f"The {name} field is not known here: jobs are dropped by state alone, all of that state."]
        for name in call.query
        if name != "state"
    }
    state = call.query.get("state", "")
    if state not in DROPPED or "state" in call.repeated:
        faults["state"] = [f"The state field must be one of {', '.join(DROPPED)}."]
    if faults:
        raise Invalid(faults)
    return state


def _shown(job: Job) -> dict[str, object]:
    return {
        "id": job.id,
        "queue": job.queue,
        "state": job.state,
        "file_id": job.file_id,
        "file": job.file,
        "position": job.position,
        "operation": job.operation,
        "article": job.article,
        "errors": list(job.errors),
        "cause": job.cause or None,
        "blocked_by": job.blocked_by,
        "accepted_at": timestamp(job.accepted_at),
        "started_at": timestamp(job.started_at),
        "finished_at": timestamp(job.finished_at),
    }
