"""The list of articles: found by words and exact values, in pages, with facets."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.articles.article_query import MOST_CHARACTERS, MOST_WORDS, query_and_faults
from chalicelib.articles.document import Faults, is_feature, number_faults
from chalicelib.articles.searching import MOST_FACET_VALUES, PAGE_BYTES
from chalicelib.errors import Invalid
from chalicelib.ports.article_search import ArticleQuery, Counts
from chalicelib.ports.article_store import Document
from chalicelib.web import cursors, envelope, examples, schemas
from chalicelib.web.call import Answer, Audience, Call, Parameter, Route, Success
from chalicelib.web.paging import ANSWER_BYTES

MOST_FIELDS = 200
MOST_FACETS = 10
LONGEST_FACET = 40  # characters of a key
FRAME_BYTES = 10_000  # of an answer beside its articles and facets: the envelope and the cursor
_OWN = ("cursor", "limit", "fields", "facets")
_ONCE = ("q", "updated_since", *_OWN)


@dataclass(frozen=True)
class _Asked:
    """A list as it is asked for. `after`: the number to go on from; `fields`: of the documents, empty: all."""

    query: ArticleQuery
    limit: int
    after: str | None
    fields: frozenset[str]
    facets: tuple[str, ...]


def find(call: Call) -> Answer:
    """Finds articles."""
    asked = _read(call)
    finder = call.services.article_finder
    counted = _counted(finder.count(asked.query, asked.facets)) if asked.facets else {}
    room = ANSWER_BYTES - FRAME_BYTES - len(envelope.to_json(counted).encode())
    page = finder.page(asked.query, asked.limit, asked.after, min(room, PAGE_BYTES))
    cursor = None if page.next is None else cursors.sealed(page.next, *_bound_to(asked.query))
    documents = [_shown(document, asked.fields) for document in page.documents]
    return envelope.success("Articles found", documents, 200, cursor=cursor, **counted)


def _read(call: Call) -> _Asked:
    """Raises `Invalid` with every fault."""
    twice = [name for name in _ONCE if name in call.repeated]
    faults: Faults = {name: [f"The {name} field may be given once."] for name in twice}
    query, query_faults = query_and_faults(
        {
            name: list(values) if is_feature(name) else values[-1]
            for name, values in call.values.items()
            if name not in _OWN and name not in twice
        }
    )
    faults |= query_faults
    fields = _keys(call, "fields", MOST_FIELDS, is_feature, "keys as F_3 or C_1", faults)
    facets = _keys(call, "facets", MOST_FACETS, _may_be_facet, "classifications as C_1", faults)
    limit, after = cursors.read_limit(call, faults), None
    if not query_faults:  # a cursor fits the filters that it came with, and these are none
        bound_to = _bound_to(query)
        after = cursors.read_place(call, faults, *bound_to, is_place=lambda number: not number_faults(number))
    if faults:
        raise Invalid(faults)
    return _Asked(query, limit, after, frozenset(fields), tuple(dict.fromkeys(facets)))


def _keys(
    call: Call, name: str, most: int, is_allowed: Callable[[str], bool], allowed: str, faults: Faults
) -> list[str]:
    """The keys in a list with commas; notes its fault."""
    text = call.query.get(name)
    if text is None:
        return []
    keys = [key.strip() for key in text.split(",")]
    if not all(map(is_allowed, keys)) or len(keys) > most:
        faults.setdefault(name, []).append(
            f"The {name} field must be {allowed}, {most} at most, with commas."
        )
    return keys


def _may_be_facet(key: str) -> bool:
    return is_feature(key) and key[0] == "C" and len(key) <= LONGEST_FACET


def _bound_to(query: ArticleQuery) -> tuple[str, str]:
    """What the cursors of a query are bound to."""
    return "articles", json.dumps(query.to_json())


def _shown(document: Document, fields: frozenset[str]) -> Document:
    if not fields:
        return document
    return {key: value for key, value in document.items() if key == "id" or key in fields}


def _counted(counts: Counts) -> dict[str, object]:
    facets = {
        key: {
            "values": [{"value": value, "count": count} for value, count in facet.values],
            "others": facet.others,
        }
        for key, facet in counts.facets.items()
    }
    return {"total": counts.total, "facets": facets}


_FACET: schemas.Schema = {
    "type": "object",
    "properties": {
        "values": {
            "description": "The most frequent values, the most frequent first.",
            "type": "array",
            "maxItems": MOST_FACET_VALUES,
            "items": {
                "type": "object",
                "properties": {"value": schemas.TEXT, "count": {"type": "integer", "minimum": 1}},
                "required": ["value", "count"],
                "additionalProperties": False,
            },
        },
        "others": {"description": "Articles with a value that is not listed.", "type": "integer"},
    },
    "required": ["values", "others"],
    "additionalProperties": False,
}
_KEYS: schemas.Schema = {"type": "string", "pattern": r"^\s*[FC]_[0-9]+\s*(,\s*[FC]_[0-9]+\s*)*$"}
_CLASSIFICATIONS: schemas.Schema = {"type": "string", "pattern": r"^\s*C_[0-9]+\s*(,\s*C_[0-9]+\s*)*$"}
_FOUND: schemas.Schema = {
    "description": "An article, or of each the `id` and the keys in `fields`.",
    "type": "object",
    "properties": {"id": schemas.TEXT},
    "patternProperties": {"^[FC]_[0-9]+$": schemas.TEXT},
    "required": ["id"],
    "additionalProperties": False,
}
_EXACTLY = (
    "the exact value; several: one of them. Any `{}<int>` may stand here; all that are given must be met."
)

ROUTES = (
    Route(
        "GET",
        "/v1/articles",
        "findArticles",
        "Article",
        Audience.USER,
        "Find",
        find,
        Success(
            200,
            schemas.enveloped(
                {"const": "Articles found"},
                schemas.list_of(_FOUND),
                cursor=schemas.nullable(schemas.TEXT),
                total={"description": "Articles found on all pages; with `facets`.", "type": "integer"},
                facets={
                    "description": "By key, in the order of `facets`.",
                    "type": "object",
                    "additionalProperties": _FACET,
                },
            ),
            {
                **examples.success("Articles found", [examples.ARTICLE]),
                "cursor": None,
                "total": 1,
                "facets": {"C_75001": {"values": [{"value": "CEILING", "count": 1}], "others": 0}},
            },
            "A page of articles, in order of their numbers, and the cursor of the next one: null at the end.",
        ),
        "Finds articles by words and their beginnings, exact values and the time of their last write. It shows a "
        "write after about a second; a read by number shows it at once.",
        parameters=(
            Parameter(
                "q",
                "query",
                {"type": "string", "maxLength": MOST_CHARACTERS},
                f"Words, at most {MOST_WORDS}: each must begin a word of the article, or stand anywhere in its number "
                "or code (F_3). Case and accents make no difference.",
                "bullet 6,1 W",
            ),
            Parameter("F_3", "query", schemas.list_of(schemas.TEXT), f"A feature, {_EXACTLY.format('F_')}"),
            Parameter(
                "C_75001",
                "query",
                schemas.list_of(schemas.TEXT),
                f"A classification, {_EXACTLY.format('C_')}",
                ["CEILING", "WALL"],
            ),
            Parameter(
                "updated_since",
                "query",
                {"type": "string", "format": "date-time"},
                "Only articles that were last written at this time or later.",
            ),
            Parameter(
                "fields", "query", _KEYS, f"Only these keys, at most {MOST_FIELDS}, and `id`.", "F_3,C_75001"
            ),
            Parameter(
                "facets",
                "query",
                _CLASSIFICATIONS,
                f"Counts the values under these classifications, at most {MOST_FACETS}.",
                "C_75001",
            ),
            *cursors.PARAMETERS,
        ),
        refusals=(422,),
    ),
)
