"""What two statements tell of the same agent, activity or term, made one. Pure; merging again changes nothing."""

import json
from collections.abc import Mapping
from dataclasses import replace

from chalicelib.lrs.keys import key
from chalicelib.lrs.registries.entries import search_texts
from chalicelib.ports.registries import RegistryEntry

MOST_NAMES = 100  # of an agent; who names one anew in each statement must not make its entry grow for ever
LARGEST_NAMES = 64 * 1024  # characters of all of them; the first is kept, however long it is
# Bytes: what is merged of an activity or a term; beyond it what came last stands alone. Entries stay far below 6 MB,
# the most that an answer holds, and what the search engine takes in one request.
LARGEST_TEXT = 256 * 1024

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_LANGUAGE_MAPS = ("name", "description")
_INTERACTION = ("interactionType", "correctResponsesPattern", "choices", "scale", "source", "target", "steps")
Json = Mapping[str, object]


def merged(known: RegistryEntry, told: RegistryEntry) -> RegistryEntry:
    """The known entry with what was told; itself where that adds nothing. The newer of the two wins.

    Who and when of the known entry stay, and so does the person of an agent.
    """
    older, newer = (known, told) if told.updated >= known.updated else (told, known)
    before, after = json.loads(older.text), json.loads(newer.text)
    if known.registry == "agents":
        names = [*_list(json.loads(known.text).get("names")), *_list(json.loads(told.text).get("names"))]
        value = _agent(before, after, names)
    elif known.registry == "activities":
        value = _activity(before, after)
    else:
        value = _term(before, after)
    if _canonical(value) == _canonical(json.loads(known.text)):
        return known
    text = _encode(value)
    kind = known.kind
    if known.registry == "agents":
        kind = str(value["objectType"])
    elif known.registry == "activities":
        kind = _type(value)
    search = search_texts([*known.search, *told.search])[:MOST_NAMES]
    return replace(known, text=text, kind=kind, search=search, updated=max(known.updated, told.updated))


def _agent(older: Json, newer: Json, names: list[object]) -> dict[str, object]:
    kinds = (older["objectType"], newer["objectType"])
    members = newer.get("members") or older.get("members")
    return {
        **newer,
        "objectType": "Group" if "Group" in kinds else "Agent",
        "names": _bounded(names),
        **({"members": members} if members else {}),
    }


def _bounded(names: list[object]) -> list[object]:
    """Each once, the oldest first, as far as there is room."""
    kept: list[object] = []
    size = 0
    for name in list(dict.fromkeys(names))[:MOST_NAMES]:
        size += len(str(name))
        if kept and size > LARGEST_NAMES:
            break
        kept.append(name)
    return kept


def _activity(older: Json, newer: Json) -> dict[str, object]:
    before, after = older.get("definition"), newer.get("definition")
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return dict(newer) if isinstance(after, Mapping) else dict(older)
    value = {**newer, "definition": _definition(before, after)}
    return dict(newer) if len(_encode(value).encode()) > LARGEST_TEXT else value


def _definition(older: Json, newer: Json) -> dict[str, object]:
    """Texts per language, extensions per key, an interaction with all that describes it, all else as it came last."""
    told = {name: value for name, value in newer.items() if value not in ("", {}, [], None)}
    value = {**older, **told}
    if "interactionType" in told and older.get("interactionType") != told["interactionType"]:
        value = {name: each for name, each in value.items() if name not in _INTERACTION or name in told}
    for name in (*_LANGUAGE_MAPS, "extensions"):
        before, after = older.get(name), told.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            value[name] = _overlaid(before, after, blank=name == "extensions")
    return value


def _term(older: Json, newer: Json) -> dict[str, object]:
    before, after = older.get("display"), newer.get("display")
    value = {**older, **newer}
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        value["display"] = _overlaid(before, after, blank=False)
        if len(_encode(value).encode()) > LARGEST_TEXT:
            value["display"] = after
    return value


def _overlaid(older: Json, newer: Json, blank: bool) -> dict[str, object]:
    """`blank`: an empty value is one too."""
    return {**older, **{name: value for name, value in newer.items() if blank or value != ""}}


def _type(activity: Json) -> str:
    definition = activity.get("definition")
    kind = definition.get("type") if isinstance(definition, Mapping) else None
    return key(kind) if isinstance(kind, str) else ""


def _canonical(value: object) -> str:
    """By which two JSON values are compared: the order of keys says nothing, and `1` is not `true`."""
    return json.dumps(value, sort_keys=True)


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
