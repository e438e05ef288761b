"""The formats in which statements are returned: `exact`, `ids`, `canonical`.

Sources: xAPI 1.0.3 Communication 2.1.3 (GET Statements) and 2.1.3.s2 (language filtering); IEEE 9274.1.1 4.1.6.1.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from chalicelib.lrs.validation.language_tags import LONGEST_TAG

Format = Literal["exact", "ids", "canonical"]
FORMATS: tuple[str, ...] = get_args(Format)
Json = Mapping[str, object]

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")
_COMPONENTS = ("choices", "scale", "source", "target", "steps")
LONGEST_RANGE = 35  # characters: the longest language tag that RFC 5646 (4.4.1) makes room for
MOST_RANGES = 50  # of one Accept-Language; browsers send five or so
# Bytes. One definition may be 256 KiB, a statement may name many, and Lambda takes 6 MB of answer.
LARGEST_CANONICAL = 2_000_000


@dataclass(frozen=True)
class Known:
    """What the store knows of activities (by id their definitions) and of verbs (by id their displays)."""

    definitions: Mapping[str, Json] = field(default_factory=dict)
    displays: Mapping[str, Json] = field(default_factory=dict)

    def activity(self, value: Json) -> Json:
        """The activity with its definition as it is known; as it stands where nothing is."""
        return _told(value, "definition", self.definitions)

    def verb(self, value: Json) -> Json:
        """The verb with its display as it is known; as it stands where nothing is."""
        return _told(value, "display", self.displays)


NOTHING_KNOWN = Known()


def formatted(text: str, form: Format, accept_language: str = "", known: Known = NOTHING_KNOWN) -> str:
    """The JSON of a statement in this format; `exact` is what is stored, untouched and unread.

    `known`: what `canonical` tells of activities and verbs, unless that would be too large for an answer.
    """
    if form == "exact":
        return text
    statement = json.loads(text)
    if form == "ids":
        return _encode(_over(statement, _minimal_actor, _minimal_activity, _minimal_verb, _as_it_is))
    languages = Languages(accept_language)
    told = _canonical(statement, languages, known)
    return (
        told if len(told.encode()) <= LARGEST_CANONICAL else _canonical(statement, languages, NOTHING_KNOWN)
    )


class Languages:
    """What an Accept-Language header asks for (RFC 9110, 12.5.4), applied to one language map at a time."""

    def __init__(self, header: str) -> None:
        self._ranges: list[tuple[str, float]] = []
        for part in header.split(",")[:MOST_RANGES]:
            name, _, parameters = part.strip().partition(";")
            quality = _quality(parameters)
            if name.strip() and quality is not None and len(name) <= LONGEST_RANGE:
                self._ranges.append((name.strip().lower(), quality))
        best_first = sorted(self._ranges, key=lambda each: -each[1])
        self._wider = list(dict.fromkeys(wider for name, _ in best_first for wider in _wider(name)))

    def choose(self, tags: list[str]) -> str | None:
        """The tag that fits best; one is chosen even where none is asked for. None: there is none."""
        if not tags:
            return None
        ranked = [(self._quality_of(tag.lower()), -index, tag) for index, tag in enumerate(tags)]
        quality, _, best = max(ranked)
        if quality > 0:
            return best
        # Nothing that was asked for: a more general form of it, else the first that was not refused.
        allowed = [tag for found, _, tag in ranked if found >= 0] or tags
        by_range: dict[str, str] = {}
        for tag in allowed if self._wider else ():
            for name in (tag.lower(), *_wider(tag.lower()[:LONGEST_TAG])):
                by_range.setdefault(name, tag)
        return next((by_range[wider] for wider in self._wider if wider in by_range), allowed[0])

    def _quality_of(self, tag: str) -> float:
        """The quality of the most specific range that matches; 0 for none; `REFUSED` where it was asked to be 0."""
        best: tuple[int, float] | None = None
        for name, quality in self._ranges:
            matches = name == "*" or tag == name or tag.startswith(f"{name}-")
            length = 0 if name == "*" else len(name)
            if matches and (best is None or length > best[0]):
                best = (length, quality)
        if best is None:
            return 0.0
        return best[1] or REFUSED


REFUSED = -1.0


def _wider(name: str) -> Iterator[str]:
    """The more general forms of a language, the nearest first: of `zh-hant-tw`, `zh-hant` and `zh`."""
    while name := name.rpartition("-")[0]:
        yield name


def _quality(parameters: str) -> float | None:
    """The q of a range; None: it cannot be read."""
    name, equals, value = parameters.partition("=")
    if not parameters.strip():
        return 1.0
    if name.strip().lower() != "q" or not equals:
        return None
    try:
        quality = float(value)
    except ValueError:
        return None
    return quality if 0 <= quality <= 1 else None


def _over(
    statement: Json,
    actor: Callable[[Json], Json],
    activity: Callable[[Json], Json],
    verb: Callable[[Json], Json],
    attachment: Callable[[Json], Json],
) -> Json:
    """The statement, and the SubStatement in it, with these functions applied to their parts."""

    def of_object(value: Json) -> Json:
        kind = value.get("objectType", "Activity")
        if kind in ("Agent", "Group"):
            return actor(value)
        if kind == "SubStatement":
            return _over(value, actor, activity, verb, attachment)
        return activity(value) if kind == "Activity" else value

    def context(value: Json) -> Json:
        return _changed(
            value,
            {
                "instructor": actor,
                "team": actor,
                "contextActivities": lambda found: _changed(
                    found, dict.fromkeys(("parent", "grouping", "category", "other"), activity)
                ),
                "contextAgents": lambda found: _changed(found, {"agent": actor}),
                "contextGroups": lambda found: _changed(found, {"group": actor}),
            },
        )

    return _changed(
        statement,
        {
            "actor": actor,
            "authority": actor,
            "verb": verb,
            "object": of_object,
            "context": context,
            "attachments": attachment,
        },
    )


def _changed(value: Json, changes: Mapping[str, Callable[[Json], Json]]) -> Json:
    """The object with some properties changed, each object in a list too; whatever has another form stays."""
    return {
        name: _applied(changes[name], inner) if name in changes else inner for name, inner in value.items()
    }


def _applied(change: Callable[[Json], Json], value: object) -> object:
    if isinstance(value, dict):
        return change(value)
    if isinstance(value, list):
        return [change(each) if isinstance(each, dict) else each for each in value]
    return value


def _as_it_is(value: Json) -> Json:
    return value


def _canonical(statement: Json, languages: Languages, known: Known) -> str:
    def activity(value: Json) -> Json:
        return _in_one_language(known.activity(value), languages)

    def verb(value: Json) -> Json:
        return _with_maps(known.verb(value), ("display",), languages)

    def attachment(value: Json) -> Json:
        return _with_maps(value, ("display", "description"), languages)

    return _encode(_over(statement, _as_it_is, activity, verb, attachment))


def _told(value: Json, name: str, known: Mapping[str, Json]) -> Json:
    told = known.get(str(value.get("id")))
    return {**value, name: told} if told else value


def _minimal_actor(value: Json) -> Json:
    """The identifier; of an anonymous group, those of its members."""
    kept = {name: value[name] for name in ("objectType", *_IDENTIFIERS) if name in value}
    if not any(name in kept for name in _IDENTIFIERS) and "member" in value:
        kept["member"] = _applied(_minimal_actor, value["member"])
    return kept


def _minimal_activity(value: Json) -> Json:
    return {"id": value["id"]} if "id" in value else value


def _minimal_verb(value: Json) -> Json:
    return {"id": value["id"]} if "id" in value else value


def _in_one_language(activity: Json, languages: Languages) -> Json:
    def component(value: Json) -> Json:
        return _with_maps(value, ("description",), languages)

    def definition(value: Json) -> Json:
        return _changed(
            _with_maps(value, ("name", "description"), languages), dict.fromkeys(_COMPONENTS, component)
        )

    return _changed(activity, {"definition": definition})


def _with_maps(value: Json, names: tuple[str, ...], languages: Languages) -> Json:
    """The object with one entry in each of these language maps."""

    def one(found: Json) -> Json:
        tag = languages.choose(list(found))
        return {tag: found[tag]} if tag is not None else found

    return _changed(value, dict.fromkeys(names, one))
