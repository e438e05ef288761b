"""The Logging API: the general log, newest first, of all stores or of one."""

from __future__ import annotations

import re

from chalicelib.ports.logs import LEVELS, LOG_TYPES, LogEntry, LogSearch
from chalicelib.times import written
from chalicelib.web.call import Answer, Call
from chalicelib.web.lrs.listing import LIMIT, MOST_PER_PAGE, listed
from chalicelib.web.lrs.parameters import Parameters
from chalicelib.web.lrs.route import LrsRoute

_PLACE = re.compile(r"[0-9]{17}-[0-9A-Za-z~-]{1,64}")
QUERY = frozenset(("types", "levels", "min_level", "store", "limit", "cursor"))


def logs(call: Call) -> Answer:
    """Lists entries; those of the types, and of the levels and at or above the lowest one, that are named."""
    parameters = Parameters(call)
    types = parameters.choices("types", LOG_TYPES)
    levels = _levels(parameters)
    limit = parameters.whole("limit", 1, MOST_PER_PAGE, LIMIT)
    after = parameters.cursor(_place)
    parameters.check()
    search = LogSearch(limit, after, types, levels or (), parameters.text("store"))
    if levels == ():
        return listed([], None)
    page = call.services.lrs.logs.page(search)
    return listed([_shown(entry) for entry in page.entries], page.next)


def _place(cursor: str) -> str | None:
    return cursor if _PLACE.fullmatch(cursor) else None


def _levels(parameters: Parameters) -> tuple[int, ...] | None:
    """The levels that both parameters allow; None: any; empty: none."""
    names = [*map(str, range(len(LEVELS))), *LEVELS]
    named = {_number(name) for name in parameters.choices("levels", names)}
    lowest = parameters.choice("min_level", names)
    if not named and lowest is None:
        return None
    allowed = range(0 if lowest is None else _number(lowest), len(LEVELS))
    return tuple(level for level in allowed if not named or level in named)


def _number(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else int(level)


def _shown(entry: LogEntry) -> dict[str, object]:
    return {
        "id": entry.id,
        "type": entry.type,
        "level": entry.level,
        "level_name": LEVELS[entry.level],
        "message": entry.message,
        "store": entry.store or None,
        "client": entry.client or None,
        "details": dict(entry.details),
        "created_at": written(entry.at),
    }


ROUTES = (
    LrsRoute("GET", "/lrs/{client}/logs", "logsList", logs, ("logging/all",), QUERY, switch="logging_api"),
)
