"""What a request asks to be exported, every fault of it at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chalicelib.articles.article_query import query_and_faults
from chalicelib.articles.export.mapping import FORMATS, ExportMapping, InvalidMapping
from chalicelib.errors import Invalid
from chalicelib.exports.mappings import BUILT_IN, UnknownMapping
from chalicelib.ports.article_search import ArticleQuery
from chalicelib.schedule.reading import NOW, PARAMETERS, WHEN, Faults, read_replay, read_schedule
from chalicelib.schedule.repeat import Schedule
from chalicelib.times import microseconds

LAST = "last"
FIELDS = ("format", "mapping", "since", "filter")
LARGEST_FILTER = 16_000
"""Bytes of a filter as JSON: it is kept in the record of an export, which is read whenever one builds on the last."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_BAD_SINCE = "The since field must be last, or a time of RFC 3339, such as 2026-11-22T05:16:35Z."
_DAY = 86_400 * 1_000_000

Find = Callable[[str, str], ExportMapping]
"""Finds the mapping of a name for a format; raises `UnknownMapping`, `InvalidMapping`, `Unavailable`."""


@dataclass(frozen=True)
class Order:
    """What an export is of. `since`: empty, `last`, or a time of RFC 3339; `since_at`: that time in microseconds."""

    format: str
    mapping: str
    since: str
    since_at: int | None
    filter: ArticleQuery

    def to_json(self) -> dict[str, object]:
        """What is kept of it in the settings of a job."""
        return {
            "format": self.format,
            "mapping": self.mapping,
            "since": self.since,
            "since_at": self.since_at,
            "filter": self.filter.to_json(),
        }

    @classmethod
    def from_json(cls, settings: Mapping[str, object]) -> Order:
        """The order that was kept."""
        since_at, kept = settings["since_at"], settings["filter"]
        query, _ = query_and_faults(kept if isinstance(kept, Mapping) else {})
        return cls(
            format=str(settings["format"]),
            mapping=str(settings["mapping"]),
            since=str(settings["since"]),
            since_at=since_at if isinstance(since_at, int) else None,
            filter=query,
        )


@dataclass(frozen=True)
class Asked:
    """An order, and when it is to be carried out."""

    order: Order
    schedule: Schedule
    replay: bool


def read_order(body: Mapping[str, object], now: int, known_days: int, find: Find) -> Asked:
    """What a body asks for; without a field of a schedule, to be done now.

    `now` in microseconds; `known_days`: how long deletions are known. Raises `Invalid` with every fault, `Unavailable`.
    """
    faults: Faults = {}
    for name in body:
        if name not in (*FIELDS, "replay", *PARAMETERS):
            known = ", ".join((*FIELDS, "replay", *PARAMETERS))
            faults[name[:100]] = [f"This field is not known here; known: {known}."]
    format_name = _format(body.get("format"), faults)
    mapping = _mapping(body.get("mapping"), format_name, find, faults)
    since, since_at = _since(body.get("since"), now, known_days, faults)
    query = _filter(body.get("filter"), faults)
    replay = read_replay(body, faults)
    schedule = read_schedule(_with_schedule(body), faults, now)
    if faults or schedule is None:
        raise Invalid(faults)
    return Asked(Order(format_name, mapping, since, since_at, query), schedule, replay)


def refuse_old(since_at: int, now: int, known_days: int) -> str | None:
    """Why what has changed since a time cannot be told any more; None: it can."""
    if since_at >= now - known_days * _DAY:
        return None
    return f"Deletions are known for {known_days} days, and this goes back further: export everything, without since."


def _format(value: object, faults: Faults) -> str:
    if value is None:
        faults["format"] = ["The format field is required."]
    elif not isinstance(value, str) or value not in FORMATS:
        faults["format"] = [f"The format field must be one of {', '.join(FORMATS)}."]
    else:
        return value
    return ""


def _mapping(value: object, format_name: str, find: Find, faults: Faults) -> str:
    """The name of a mapping, which is looked at even where nothing says for which format it should be."""
    if value is None:
        return BUILT_IN
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        faults["mapping"] = ["The mapping field must be a name of 1 to 64 letters, digits, - and _."]
        return ""
    if value == BUILT_IN:
        return value
    try:
        find(value, format_name)
    except UnknownMapping as unknown:
        faults["mapping"] = [str(unknown)]
    except InvalidMapping as invalid:
        faults["mapping"] = [str(fault) for fault in invalid.faults]
    return value


def _since(value: object, now: int, known_days: int, faults: Faults) -> tuple[str, int | None]:
    if value is None:
        return "", None
    if value == LAST:
        return LAST, None
    query, bad = query_and_faults({"updated_since": value})
    if bad or query.updated_since is None or not isinstance(value, str):
        faults["since"] = [_BAD_SINCE]
        return "", None
    since_at = microseconds(query.updated_since)
    old = refuse_old(since_at, now, known_days)
    if since_at > now:
        faults["since"] = ["The since field must not be a time to come."]
    elif old is not None:
        faults["since"] = [old]
    return value, since_at


def _filter(value: object, faults: Faults) -> ArticleQuery:
    if value is None:
        return ArticleQuery()
    if not isinstance(value, dict):
        faults["filter"] = ['The filter field must be an object, such as {"C_75000": ["INDOOR"]}.']
        return ArticleQuery()
    query, found = query_and_faults(value)
    if "updated_since" in value:
        found = {**found, "updated_since": ["Send since beside the filter instead of updated_since in it."]}
    faults |= {f"filter.{name}"[:100]: list(texts) for name, texts in found.items()}
    if not found and len(json.dumps(query.to_json(), ensure_ascii=False).encode()) > LARGEST_FILTER:
        faults["filter"] = [f"The filter field is larger than {LARGEST_FILTER} bytes."]
    return query


def _with_schedule(body: Mapping[str, object]) -> Mapping[str, object]:
    """The body; one that says nothing of a schedule is to be done now."""
    if any(body.get(name) is not None for name in ("repeat", *WHEN)):
        return body
    return {**body, "repeat": NOW}
