"""The one place that turns errors into a status, a body and a log level."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from chalicelib.errors import (
    AlreadyExists,
    Forbidden,
    Invalid,
    KeyInUse,
    NotFound,
    NothingToCancel,
    PreconditionFailed,
    StillRunning,
    TooManyCancelled,
    Unauthenticated,
    Unavailable,
    WriteConflict,
)
from chalicelib.web import envelope
from chalicelib.web.call import Answer, Audience
from chalicelib.web.refusals import MethodNotAllowed, NotAnAdmin, Refusal

Level = Literal["info", "warning", "error"]
Statuses = tuple[tuple[type[Exception], int], ...]
# A body of 4.5 MB can hold half a million faults, or a name of megabytes, and Lambda takes 6 MB of answer.
MOST_FAULTS = 500
LONGEST_TEXT = 1000
RETRY_AFTER_SECONDS = 5  # long enough for a throttled table or a restarting node, short enough for a person
BUG = "Something went wrong on our side; it has been noted. Try again, and tell us if it stays."

_STATUSES: Statuses = (
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (AlreadyExists, 409),
    (WriteConflict, 409),
    (KeyInUse, 409),
    (PreconditionFailed, 412),
    (NothingToCancel, 409),
    (StillRunning, 409),
    (TooManyCancelled, 409),
    (Invalid, 422),
    (Unavailable, 503),
)
_BEARER = {"WWW-Authenticate": "Bearer"}


@dataclass(frozen=True)
class Mapped:
    """What becomes of an error: the answer that the client gets, and how loudly it is logged."""

    answer: Answer
    level: Level


@dataclass(frozen=True)
class Assessed:
    """What an error means for the client, before an API puts it into its own form."""

    status: int
    message: str
    level: Level
    faults: dict[str, list[str]] | None
    headers: dict[str, str]


def assess(error: Exception, own: Statuses = ()) -> Assessed:
    """What to say of an error; `own`: statuses of one API, which go before those of all.

    What is not known to be harmless is a bug: 500, no detail.
    """
    status = _status(error, own)
    if status == 500:
        return Assessed(500, BUG, "error", None, {})
    headers: dict[str, str] = {}
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if isinstance(error, MethodNotAllowed):
        headers["Allow"] = ", ".join(error.allowed)
    faults = _listed(error.faults) if isinstance(error, Invalid) else None
    return Assessed(status, _clip(str(error)), "warning" if status >= 500 else "info", faults, headers)


def map_error(error: Exception, audience: Audience) -> Mapped:
    """The answer to an error on a call for this audience, in the envelope or in its documented bare form."""
    found = assess(error)
    headers = found.headers | (_BEARER if found.status == 401 else {})
    if isinstance(error, NotAnAdmin) or (found.status == 401 and audience is Audience.ADMIN):
        return Mapped(envelope.bare(found.status, found.message, headers), found.level)
    return Mapped(envelope.error(found.status, found.message, found.faults, headers), found.level)


def _listed(faults: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """The faults that one answer holds; the message counts them all."""
    return {
        _clip(field): [_clip(text) for text in texts] for field, texts in islice(faults.items(), MOST_FAULTS)
    }


def _clip(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}…"


def _status(error: Exception, own: Statuses) -> int:
    if isinstance(error, Refusal):
        return error.status
    return next((status for kind, status in (*own, *_STATUSES) if isinstance(error, kind)), 500)
