"""The searches of statements in OpenSearch's query language: filters alone, each a term or a range."""

from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib.adapters.opensearch_index import encode
from chalicelib.adapters.opensearch_statement_mapping import (
    BRIEF,
    INVALID,
    PSEUDONYMIZED,
    UNDECIDED,
    UNVALIDATED,
    VOIDED,
)
from chalicelib.ports.statement_store import Keys, StatementRecord, StatementSearch

MOST_HITS = 10_000  # index.max_result_window
MANY = 2000  # statements that the engine looks through in about a millisecond
FIRST_WINDOW = 1_000_000  # microseconds
WIDER = 16
Clause = dict[str, Any]


def page(search: StatementSearch) -> bytes:
    """The body of a search for one page."""
    direction = "asc" if search.ascending else "desc"
    body = _body(_filters(search), _exclusions(search), search.limit, direction)
    if search.after is not None:
        body["search_after"] = [search.after]
    if is_brief(search):
        body["_source"] = BRIEF
    return encode(body).encode()


def is_brief(search: StatementSearch) -> bool:
    """Whether the keys of what is found need not come along, nor its text."""
    return search.brief and not finds_too_much(search)


def matches(search: StatementSearch) -> bytes:
    """The body that counts what a search finds on all its pages."""
    query = _body(_filters(search), _exclusions(search), 0, "asc")["query"]
    if search.after is not None:
        direction = "gt" if search.ascending else "lt"
        query["bool"]["filter"].append({"range": {"stored": {direction: search.after}}})
    return encode({"query": query}).encode()


def last_of_page(search: StatementSearch) -> bytes:
    """The body that asks for the time of the last statement of a full page, and how many a lesser one has."""
    direction = "asc" if search.ascending else "desc"
    limit = min(search.limit, MOST_HITS)
    body = _body(_filters(search), _exclusions(search), 1, direction)
    if search.after is not None:  # `search_after` may not be given beside `from`
        bound = {"gt" if search.ascending else "lt": search.after}
        body["query"]["bool"]["filter"].append({"range": {"stored": bound}})
    counted = {"from": limit - 1, "_source": False, "seq_no_primary_term": False, "track_total_hits": limit}
    return encode({**body, **counted}).encode()


def position(search: StatementSearch) -> int | None:
    """The time after which an ascending search begins; None: with the first statement of all."""
    return max((at for at in (search.since, search.after) if at is not None), default=None)


def end(search: StatementSearch) -> int:
    """The last time of which a search finds anything."""
    return search.upto if search.until is None else min(search.upto, search.until)


def window_ends(start: int, upto: int) -> Iterator[int]:
    """The ends of windows that begin where the one before ends, ever wider, until all time up to the last is seen.

    The index is sorted for the newest. From the middle of it upwards, the engine would look at all that is younger to
    find the oldest; in windows, it looks at a few times as many as a page has, however many statements there are.
    """
    at, width = start, FIRST_WINDOW
    while at < upto:
        at, width = min(at + width, upto), width * WIDER
        yield at


def how_many(search: StatementSearch) -> bytes:
    """The body that counts what a search finds on all its pages, up to `MANY`."""
    body = _body(_filters(search), _exclusions(search), 0, "asc")
    if search.after is not None:
        body["query"]["bool"]["filter"].append({"range": {"stored": {"gt": search.after}}})
    return encode({"size": 0, "track_total_hits": MANY, "query": body["query"]}).encode()


def oldest(search: StatementSearch) -> bytes:
    """The body that asks for the first time of what a search finds: ten times as fast as sorting by it would be."""
    query = _body(_filters(search), _exclusions(search), 0, "asc")["query"]
    least = {"oldest": {"min": {"field": "stored"}}}
    return encode({"size": 0, "track_total_hits": False, "query": query, "aggs": least}).encode()


def finds_too_much(search: StatementSearch) -> bool:
    """Whether what is asked for together may be found in two targets of a statement that each have a part of it."""
    criteria = (search.agent, search.activity, search.verb, search.registration)
    return search.targeting and sum(each is not None for each in criteria) > 1


def is_match(search: StatementSearch, record: StatementRecord) -> bool:
    """Whether all keys that are asked for stand in the statement itself or in one of its targets."""
    return any(_holds(search, keys) for keys in (record.keys, *record.targets))


def matching(store: str, field: str, values: Sequence[str], limit: int) -> bytes:
    """The body of a search for the statements of a store that have one of the values in a field, oldest first."""
    return encode(_body([_term("store", store), _any_of(field, values)], [], limit, "asc")).encode()


def referring(store: str, ids: Sequence[str], limit: int) -> bytes:
    """The body of a search for the ids of those that refer to one of these, and to which; oldest first."""
    body = _body([_term("store", store), _any_of("refers_to", ids)], [], limit, "asc")
    return encode({**body, "_source": ["refers_to"]}).encode()


def whether_any(store: str, field: str, value: str) -> bytes:
    """The body of a search that tells whether there is any such statement, and no more."""
    filters = [_term("store", store), _term(field, value)]
    query = {"bool": {"filter": filters}}
    return encode({"size": 1, "_source": False, "track_total_hits": False, "query": query}).encode()


def all_of(store: str) -> bytes:
    """The body that counts the statements of a store."""
    return encode({"query": {"bool": {"filter": [_term("store", store)]}}}).encode()


def _holds(search: StatementSearch, keys: Keys) -> bool:
    agents = keys.related_agents if search.related_agents else keys.agents
    activities = keys.related_activities if search.related_activities else keys.activities
    return (
        (search.agent is None or search.agent in agents)
        and (search.activity is None or search.activity in activities)
        and (search.verb is None or search.verb == keys.verb)
        and (search.registration is None or search.registration == keys.registration)
    )


def _body(filters: list[Clause], exclusions: list[Clause], limit: int, direction: str) -> Clause:
    query: Clause = {"filter": filters}
    if exclusions:
        query["must_not"] = exclusions
    return {
        "size": min(limit, MOST_HITS),
        "seq_no_primary_term": True,
        "track_total_hits": False,
        "sort": [{"stored": direction}],
        "query": {"bool": query},
    }


def _filters(search: StatementSearch) -> list[Clause]:
    times: Clause = {"lte": end(search)}
    if search.since is not None:
        times["gt"] = search.since
    filters = [_term("store", search.store), {"range": {"stored": times}}]
    changed = {"gt": search.updated_after, "lte": search.updated_upto}
    if bounds := {name: at for name, at in changed.items() if at is not None}:
        filters.append({"range": {"updated": bounds}})
    if search.authority is not None:
        filters.append(_term("authority", search.authority))
    if search.client is not None:
        filters.append(_term("client", search.client))
    if search.linked:
        filters.append({"bool": {"should": [_exists("refers_to"), _exists("attachments")]}})
    if search.targeted:
        filters.append(_exists("targets.verb"))  # which every statement has
    own = _criteria(search, "")
    if own and search.targeting:
        filters.append({"bool": {"should": [_all_of(own), _all_of(_criteria(search, "targets."))]}})
    else:
        filters += own
    filters += [_term("flags", flag) for flag in _flags(search, raised=True)]
    return filters


def _exclusions(search: StatementSearch) -> list[Clause]:
    exclusions = []
    lowered = _flags(search, raised=False)
    if lowered:
        exclusions.append(_any_of("flags", lowered))
    if search.undone:
        exclusions.append(_any_of("batch", sorted(search.undone)))
    return exclusions


def _flags(search: StatementSearch, raised: bool) -> list[str]:
    """The flags that must be there (`raised`), or must not."""
    asked = [
        (VOIDED, search.voided),
        (UNVALIDATED, None if search.validated is None else not search.validated),
        (INVALID, None if search.valid is None else not search.valid),
        (PSEUDONYMIZED, search.pseudonymized),
    ]
    flags = [flag for flag, value in asked if value is raised]
    if search.valid is True and not raised:
        flags.append(UNDECIDED)
    return flags


def _criteria(search: StatementSearch, prefix: str) -> list[Clause]:
    criteria = []
    if search.agent is not None:
        criteria.append(
            _related(f"{prefix}agents", f"{prefix}related_agents", search.agent, search.related_agents)
        )
    if search.activity is not None:
        fields = f"{prefix}activities", f"{prefix}related_activities"
        criteria.append(_related(*fields, search.activity, search.related_activities))
    if search.verb is not None:
        criteria.append(_term(f"{prefix}verb", search.verb))
    if search.registration is not None:
        criteria.append(_term(f"{prefix}registration", search.registration))
    return criteria


def _related(field: str, related: str, value: str, is_related: bool) -> Clause:
    if not is_related:
        return _term(field, value)
    return {"bool": {"should": [_term(field, value), _term(related, value)]}}


def _all_of(criteria: list[Clause]) -> Clause:
    return criteria[0] if len(criteria) == 1 else {"bool": {"filter": criteria}}


def _term(field: str, value: str) -> Clause:
    return {"term": {field: value}}


def _exists(field: str) -> Clause:
    return {"exists": {"field": field}}


def _any_of(field: str, values: Sequence[str]) -> Clause:
    return {"terms": {field: list(values)}}
