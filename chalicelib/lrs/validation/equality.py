"""Whether two statements say the same: Data 2.3.1 of 1.0.3, "Statement Comparison Requirements", 4.2.3 of 2.0.

Not compared, since an LRS may set or change it: id, stored, authority, version; the `display` of verbs; definitions
of activities; the order of group members; the spelling of times, the case of UUIDs, hashes, language tags and of
the domain of an address; durations beyond 0.01 s; whether a context activity stood there without its array; how a
number is written; an `objectType` that says what would be assumed. Everything else is compared as it is, IRIs
character by character.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from chalicelib.lrs.validation.data_types import normal_duration, normal_mbox, parse_timestamp
from chalicelib.lrs.versions import V1

SIGNATURE_USAGE = "http://adlnet.gov/expapi/attachments/signature"
_SET_BY_LRS = frozenset(("id", "stored", "authority", "version"))


def digest(statement: Mapping[str, Any]) -> str:
    """The SHA-256 of what a statement says, as hexadecimal digits; the same for whatever counts as equal.

    A `timestamp` counts where there is one: pass the statement as the client sent it, not with what the LRS set.
    Takes invalid statements too, as deep as a JSON parser takes them; they are compared as they are.
    """
    return _hash(_statement(statement))


def equal(stored: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    """Whether `sent` says the same as `stored`, where a `timestamp` that only one of them has may be the LRS's own.

    Slower than comparing digests; for a statement that comes back as an LRS answered it.
    """
    first, second = _statement(stored), _statement(sent)
    if "timestamp" not in first or "timestamp" not in second:
        first.pop("timestamp", None)
        second.pop("timestamp", None)
    return _hash(first) == _hash(second)


def without_signatures(statement: Mapping[str, Any]) -> dict[str, Any]:
    """A statement as it was before its signatures were attached (Data 2.6)."""
    rest = dict(statement)
    attachments = rest.get("attachments")
    if isinstance(attachments, list):
        kept = [
            one
            for one in attachments
            if not (isinstance(one, dict) and one.get("usageType") == SIGNATURE_USAGE)
        ]
        rest["attachments"] = kept
        if not kept:
            del rest["attachments"]
    return rest


def _hash(value: object) -> str:
    return hashlib.sha256(_encode(value).encode()).hexdigest()


def _statement(value: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _part(name, item) for name, item in value.items() if name not in _SET_BY_LRS}


def _part(name: str, value: Any) -> Any:
    """The normal form of one property of a statement or SubStatement."""
    normal = _PARTS.get(name)
    return _plain(value) if normal is None else normal(value)


def _plain(value: Any) -> Any:
    """Any JSON, with one spelling for each number."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, (float, Decimal)):
        number = float(value)  # never int() of a Decimal: that of 1e999999999 fills the memory
        return int(number) if number.is_integer() else number
    return value


def _actor(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    actor = {"objectType": "Agent", **_plain(value)}
    if isinstance(actor.get("mbox"), str):
        actor["mbox"] = normal_mbox(actor["mbox"])
    actor["mbox_sha1sum"] = _lower(actor.get("mbox_sha1sum"))
    members = actor.get("member")
    if isinstance(members, list):
        actor["member"] = sorted(_hash(_actor(member)) for member in members)
    return actor


def _verb(value: Any) -> Any:
    return (
        {name: item for name, item in value.items() if name != "display"}
        if isinstance(value, dict)
        else value
    )


def _activity(value: Any) -> Any:
    return (
        {name: item for name, item in value.items() if name != "definition"}
        if isinstance(value, dict)
        else value
    )


def _reference(value: Any) -> Any:
    return {**value, "id": _lower(value.get("id"))} if isinstance(value, dict) else value


def _object(value: Any) -> Any:
    """The object of a statement, by what it says it is; an Activity where it says nothing."""
    if not isinstance(value, dict):
        return value
    kind = value.get("objectType")
    if kind in ("Agent", "Group"):
        return _actor(value)
    if kind == "StatementRef":
        return _reference(value)
    if kind == "SubStatement":
        return {name: _part(name, item) for name, item in value.items()}
    return {"objectType": "Activity", **_activity(value)}


def _result(value: Any) -> Any:
    result = _plain(value)
    if isinstance(result, dict) and isinstance(result.get("duration"), str):
        result["duration"] = normal_duration(result["duration"])
    return result


def _context(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: _CONTEXT.get(name, _plain)(item) for name, item in value.items()}


def _context_activities(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        name: [_object(item) for item in (items if isinstance(items, list) else [items])]
        for name, items in value.items()
    }


def _context_actors(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [
        {name: _actor(item) if name in ("agent", "group") else item for name, item in one.items()}
        if isinstance(one, dict)
        else one
        for one in value
    ]


def _attachments(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [
        {**_plain(one), "sha2": _lower(one.get("sha2"))} if isinstance(one, dict) else one for one in value
    ]


def _timestamp(value: Any) -> Any:
    """Milliseconds, which is what an LRS must keep (Data 4.5)."""
    time = parse_timestamp(value, V1) if isinstance(value, str) else None
    return value if time is None else time // 1000


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


_PARTS: Mapping[str, Callable[[Any], Any]] = {
    "actor": _actor,
    "verb": _verb,
    "object": _object,
    "result": _result,
    "context": _context,
    "timestamp": _timestamp,
    "attachments": _attachments,
}
_CONTEXT: Mapping[str, Callable[[Any], Any]] = {
    "registration": _lower,
    "instructor": _actor,
    "team": _actor,
    "contextActivities": _context_activities,
    "contextAgents": _context_actors,
    "contextGroups": _context_actors,
    "language": _lower,
    "statement": _reference,
}
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=_plain).encode
