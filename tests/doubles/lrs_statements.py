"""Statements made at random from the tables that validation is compiled from."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st

from chalicelib.lrs.validation import relations, rules
from chalicelib.lrs.validation.equality import SIGNATURE_USAGE
from chalicelib.lrs.validation.shapes import (
    Choice,
    Extensions,
    LanguageMap,
    ListOf,
    Object,
    Plain,
    Shape,
    Versioned,
    Word,
)
from chalicelib.lrs.versions import V2, XapiVersion

Made = st.SearchStrategy[Any]

_WORDS = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789-éü漢", min_size=1, max_size=8)
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_HEX = "0123456789abcdefABCDEF"
_IRIS = st.builds(
    "{}{}/{}{}".format,
    st.sampled_from(
        ["http://example.com", "https://xn--nxa.example:8080", "HTTP://[::1]", "urn:x:y", "tag:a,2015:b"]
    ),
    st.sampled_from(["", "/a%20b", "/فعل"]),
    _WORDS,
    st.sampled_from(["", "?q=1&r[]=2", "#part"]),
)
_NUMBERS = st.one_of(st.integers(-1000, 1000), st.floats(-1e6, 1e6, allow_nan=False))
_OFFSETS = st.sampled_from(["Z", "+00:00", "-05:30", "+14:00", "z"])
_FRACTIONS = st.sampled_from(["", ".1", ".123", ".123456789"])
_SECONDS = st.datetimes(datetime(1990, 1, 1), datetime(2050, 1, 1)).map(
    lambda moment: f"{moment:%Y-%m-%dT%H:%M:%S}"
)
_TIMES = st.builds("{}{}{}".format, _SECONDS, _FRACTIONS, _OFFSETS)
_LANGUAGES = st.sampled_from(
    [
        "en",
        "en-US",
        "EN-us",
        "zh-Hant-TW",
        "sl-rozaj-biske",
        "de-CH-1901",
        "es-419",
        "x-klingon",
        "i-hak",
        "und",
    ]
)

_PLAIN: Mapping[str, Made] = {
    "string": _TEXTS,
    "boolean": st.booleans(),
    "number": _NUMBERS,
    "scaled": st.one_of(st.sampled_from([-1, 0, 1, 1.0, -1.0]), st.floats(-1, 1)),
    "length": st.integers(0, 10**12),
    "uuid": st.uuids().flatmap(lambda found: st.sampled_from([str(found), str(found).upper()])),
    "iri": _IRIS,
    "mbox": st.builds(
        "mailto:{}@{}".format, st.from_regex(r"\A[a-z][a-z+.%_0-9-]{0,5}\Z"), st.just("Example.org")
    ),
    "sha1": st.text(_HEX, min_size=40, max_size=40),
    "sha2": st.sampled_from([56, 64, 96, 128]).flatmap(
        lambda size: st.text(_HEX, min_size=size, max_size=size)
    ),
    "media type": st.sampled_from(
        ["text/plain", "application/vnd.x+json", 'a/b; c="d;\\"e"', "text/html;charset=x"]
    ),
    "duration": st.sampled_from(
        ["PT1H", "P4W", "P3Y1M29DT4H35M59.14S", "PT0,5S", "P0D", "PT16559.14159S", "P1.5D"]
    ),
    "language": _LANGUAGES,
}
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), _NUMBERS, _TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXTS, inner, max_size=3)),
    max_leaves=8,
)


@st.composite
def statements(draw: st.DrawFn, version: XapiVersion) -> Any:
    """Valid statements of every kind."""
    return draw(_statements(version))


@lru_cache
def _statements(version: XapiVersion) -> Made:
    return made(rules.STATEMENT, version)


def made(shape: Shape, version: XapiVersion) -> Made:
    """Valid values of a shape."""
    if isinstance(shape, Plain):
        return _PLAIN[shape.name]
    if isinstance(shape, Versioned):
        return _versioned(shape, version)
    if isinstance(shape, Word):
        return st.sampled_from(shape.words)
    if isinstance(shape, LanguageMap):
        return st.dictionaries(_LANGUAGES, _TEXTS, max_size=2)
    if isinstance(shape, Extensions):
        return st.dictionaries(_IRIS, _JSON, max_size=2)
    if isinstance(shape, ListOf):
        items = made(shape.item, version)
        lists = st.lists(items, min_size=shape.at_least, max_size=2)
        return st.one_of(items, lists) if shape.single else lists
    if isinstance(shape, Choice):
        return st.one_of([_chosen(name, one, shape, version) for name, one in shape.objects.items()])
    return _object(shape, version)


def _versioned(shape: Versioned, version: XapiVersion) -> Made:
    if shape.name == "version":
        return st.sampled_from(["1.0", "1.0.0", "1.0.9"] + (["2.0.0", "2.0.1"] if version == V2 else []))
    loose = ["2015-11-18T12:17:00", "20151118T121700,5+0100", "2015-11-18T12:17Z", "2015-11-18T12:17:00+01"]
    return _TIMES if version == V2 else st.one_of(_TIMES, st.sampled_from(loose))


def _chosen(name: str, one: Object, shape: Choice, version: XapiVersion) -> Made:
    """An object of a choice says which it is, unless it is the default."""
    found = _object(one, version)
    return found if name == shape.default else found.map(lambda value: {**value, "objectType": name})


def _object(shape: Object, version: XapiVersion) -> Made:
    required: dict[str, Made] = {}
    optional: dict[str, Made] = {}
    for name, one in shape.properties.items():
        if version in one.versions:
            (required if one.required else optional)[name] = st.deferred(
                lambda one=one: made(one.shape, version)
            )
    found = st.fixed_dictionaries(required, optional=optional)
    for relation in shape.relations:
        found = st.builds(_REPAIRS[relation], found, st.randoms(use_true_random=False), st.just(version))
    return found


def _one_identifier(value: Any, random: Any, version: XapiVersion) -> Any:
    present = [name for name in relations.IDENTIFIER_NAMES if name in value]
    if not present:
        return {**value, "mbox": "mailto:anna@example.com"}
    kept = random.choice(present)
    return {name: item for name, item in value.items() if name not in present or name == kept}


def _group(value: Any, random: Any, version: XapiVersion) -> Any:
    if value.get("member") and random.random() < 0.5:
        return {name: item for name, item in value.items() if name not in relations.IDENTIFIER_NAMES}
    return _one_identifier(value, random, version)


def _consumer_and_user(value: Any, random: Any, version: XapiVersion) -> Any:
    consumer = {"account": {"homePage": "http://example.com/token", "name": "consumer"}}
    rest = {name: item for name, item in value.items() if name not in relations.IDENTIFIER_NAMES}
    return {**rest, "member": random.sample([consumer, {"openid": "http://example.com/anna"}], 2)}


def _interaction(value: Any, random: Any, version: XapiVersion) -> Any:
    kind = value.get("interactionType")
    extra = ("correctResponsesPattern", *relations.COMPONENT_LISTS)
    allowed = ("correctResponsesPattern", *relations.COMPONENTS_OF[kind]) if kind else ()
    return {name: item for name, item in value.items() if name not in extra or name in allowed}


def _distinct(value: Any, random: Any, version: XapiVersion) -> Any:
    for name in relations.COMPONENT_LISTS:
        for index, one in enumerate(value.get(name, ())):
            one["id"] = f"{index}-{one['id']}"
    return value


def _bounds(value: Any, random: Any, version: XapiVersion) -> Any:
    found = sorted({value[name] for name in ("min", "max", "raw") if name in value})
    if len(found) < 2:
        return {name: item for name, item in value.items() if name in ("scaled", "raw")}
    ordered = {"min": found[0], "raw": found[len(found) // 2], "max": found[-1]}
    return {**value, **{name: item for name, item in ordered.items() if name in value}}


def _voiding(value: Any, random: Any, version: XapiVersion) -> Any:
    if value["object"].get("objectType") == "StatementRef" and random.random() < 0.5:
        value["verb"]["id"] = relations.VOIDED
    return value


def _only_of_activities(value: Any, random: Any, version: XapiVersion) -> Any:
    if value["object"].get("objectType", "Activity") != "Activity" and "context" in value:
        for name in ("revision", "platform"):
            value["context"].pop(name, None)
    return value


def _signature_type(value: Any, random: Any, version: XapiVersion) -> Any:
    if random.random() < 0.2:
        return {**value, "usageType": SIGNATURE_USAGE, "contentType": "application/octet-stream"}
    return value


_REPAIRS: Mapping[Any, Callable[[Any, Any, XapiVersion], Any]] = {
    relations.no_actor: lambda value, random, version: value,
    relations.one_identifier: _one_identifier,
    relations.group_with_identifier: _one_identifier,
    relations.members_or_identifier: _group,
    relations.consumer_and_user: _consumer_and_user,
    relations.interaction: _interaction,
    relations.distinct_components: _distinct,
    relations.score_bounds: _bounds,
    relations.voiding: _voiding,
    relations.only_of_activities: _only_of_activities,
    relations.signature_type: _signature_type,
}
