"""Statements made ready to be stored: checked, completed with what the LRS sets, their keys taken.

Sources: xAPI 1.0.3 Data 2.4 and 2.5 (what an LRS sets), IEEE 9274.1.1 4.2.4.2.
"""

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from chalicelib.lrs.access.principal import Principal
from chalicelib.lrs.errors import InvalidStatements, TooLarge
from chalicelib.lrs.statements.parts import VOIDED, Parts, keys_in, parts
from chalicelib.lrs.validation.data_types import is_uuid, parse_timestamp
from chalicelib.lrs.validation.statements import validate_statement
from chalicelib.lrs.versions import V1, V2, XapiVersion
from chalicelib.ports.statement_store import Keys
from chalicelib.times import written

DEFAULT_VERSIONS: Mapping[XapiVersion, str] = {V1: "1.0.0", V2: "2.0.0"}
STATEMENT_BYTES = 512 * 1024  # a page of a hundred such statements is what a function's memory holds
# Distinct agents, activities, verbs and usage types of one request: each is an entry or two of a registry to write, and
# a term in the index. More could not be taken in within the time of a call, nor of the sweep.
MOST_NAMED = 10_000
MOST_FAULTS = 500
# What was read as JSON holds nothing that holds itself.
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode

Json = Mapping[str, object]


class Prepared(NamedTuple):
    """A statement that only lacks its `stored` time.

    `id` in small letters, as it is compared; `given`: the client chose it, so that others may name it already.
    `head`: its JSON up to the closing brace, `size` its bytes and `digest` their SHA-256. `timed`: it has a timestamp.
    `value`: as it will be shown, but `stored`; `parts`: what it names.
    """

    id: str
    given: bool
    head: str
    size: int
    timed: bool
    digest: str
    keys: Keys
    refers_to: str | None
    voiding: bool
    attachments: tuple[str, ...]
    validated: bool
    value: Json
    parts: Parts

    @property
    def shown_id(self) -> str:
        """The id as the client spelled it."""
        return str(self.value["id"])

    def text(self, stored: int) -> str:
        """The whole JSON; a statement without timestamp gets the time at which it is stored."""
        time = written(stored)
        timestamp = "" if self.timed else f',"timestamp":"{time}"'
        return f'{self.head},"stored":"{time}"{timestamp}}}'


def prepare(
    principal: Principal,
    version: XapiVersion,
    statements: Sequence[object],
    stored_parts: frozenset[str],
    statement_id: str | None,
) -> list[Prepared]:
    """Makes all statements of a request ready, or raises `InvalidStatements` with every fault of all of them.

    `stored_parts`: SHA-256 of the attachments whose bytes came along. `statement_id`: the one that a PUT names.
    Raises `TooLarge` where they name too much.
    """
    prefix = "statement" if statement_id is not None else "statements"
    checked = principal.options.validate_statements
    places = [prefix] if statement_id is not None else [f"{prefix}[{n}]" for n in range(len(statements))]
    # Each step for all of them before the next step: a processor does that a fifth faster than all steps for each.
    found = [
        _faults(statement, version, place, checked, statement_id)
        for statement, place in zip(statements, places, strict=True)
    ]
    sound = [
        (place, statement)
        for statement, place, wrong in zip(statements, places, found, strict=True)
        if not wrong and isinstance(statement, dict)
    ]
    values = [_complete(statement, principal, version, statement_id) for _, statement in sound]
    heads = [_encode(value)[:-1] for value in values]
    named = [parts(value) for value in values]
    made = [
        _prepared(
            value, head, names, stored_parts, checked, given="id" in statement or statement_id is not None
        )
        for (_, statement), value, head, names in zip(sound, values, heads, named, strict=True)
    ]
    too_large = [
        {place: [f"The statement is larger than {STATEMENT_BYTES} bytes."]}
        for (place, _), each in zip(sound, made, strict=True)
        if each.size > STATEMENT_BYTES
    ]
    faults: dict[str, list[str]] = {}
    for wrong in (*found, *too_large):
        if len(faults) < MOST_FAULTS:
            faults |= wrong
    faults |= _repeated(made, prefix)
    if faults:
        raise InvalidStatements(faults)
    _check_named(made)
    return made


def _check_named(made: Sequence[Prepared]) -> None:
    if sum(each.parts.count_named for each in made) <= MOST_NAMED:
        return  # as most requests, even if nothing stood in them twice
    named: set[object] = set()
    for each in made:
        found = each.parts
        named.update(("agent", part.key) for part in found.agents)
        named.update(("activity", part.id) for part in found.activities)
        named.update(("verb", name) for name in found.verb_ids)
        named.update(("usage type", name) for name in found.usage_types)
    if len(named) > MOST_NAMED:
        raise TooLarge(
            f"The request names {len(named)} agents, activities and terms; {MOST_NAMED} at most are taken."
        )


def _faults(
    statement: object, version: XapiVersion, place: str, checked: bool, statement_id: str | None
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    if not isinstance(statement, dict):
        return {place: ["A statement is a JSON object."]}
    if checked:
        for fault in validate_statement(statement, version):
            path = f"{place}.{fault.path}" if fault.path else place
            found.setdefault(path, []).append(f"{fault.rule} ({fault.requirement})")
    elif "id" in statement and not is_uuid(statement["id"]):
        found[f"{place}.id"] = ["The id of a statement is a UUID."]
    own = statement.get("id")
    if statement_id is not None and isinstance(own, str) and own.lower() != statement_id.lower():
        found.setdefault(f"{place}.id", []).append(
            "The id differs from the parameter statementId: send the same, or none."
        )
    return found


def _repeated(made: Sequence[Prepared], prefix: str) -> dict[str, list[str]]:
    counts = Counter(each.id for each in made)
    return {
        f"{prefix}[{index}].id": ["The same id stands twice in this request."]
        for index, each in enumerate(made)
        if counts[each.id] > 1
    }


def _complete(
    statement: dict[str, object], principal: Principal, version: XapiVersion, statement_id: str | None
) -> dict[str, object]:
    """The statement with what the LRS sets, `stored` excepted."""
    name = statement.get("id", statement_id)
    value: dict[str, object] = {**statement, "id": str(uuid.uuid4()) if name is None else name}
    value.pop("stored", None)
    value["authority"] = principal.authority
    value.setdefault("version", DEFAULT_VERSIONS[version])
    _normalize(value, version)
    return value


def _prepared(
    value: Json, head: str, named: Parts, stored_parts: frozenset[str], checked: bool, *, given: bool
) -> Prepared:
    verb = value.get("verb")
    content = head.encode()
    return Prepared(
        id=str(value["id"]).lower(),
        given=given,
        head=head,
        size=len(content),
        timed="timestamp" in value,
        digest=hashlib.sha256(content).hexdigest(),
        keys=keys_in(named),
        refers_to=_target(value.get("object")),
        voiding=isinstance(verb, dict) and verb.get("id") == VOIDED,
        attachments=_attached(value, stored_parts) if stored_parts else (),
        validated=checked,
        value=value,
        parts=named,
    )


def _target(value: object) -> str | None:
    """The id that a StatementRef names; what is no id of a statement, in one that was not checked, names nothing."""
    if (
        not isinstance(value, dict)
        or value.get("objectType") != "StatementRef"
        or not is_uuid(value.get("id"))
    ):
        return None
    return str(value["id"]).lower()


def _normalize(value: dict[str, object], version: XapiVersion) -> None:
    """Arrays for single context activities; for 2.0 timestamps in UTC; in a SubStatement as well."""
    timestamp = value.get("timestamp")
    if version == V2 and isinstance(timestamp, str) and not timestamp.endswith("Z"):
        moment = parse_timestamp(timestamp, version)
        if moment is not None:
            value["timestamp"] = written(moment)
    context = value.get("context")
    if isinstance(context, dict) and isinstance(context.get("contextActivities"), dict):
        activities = context["contextActivities"]
        single = {role: [each] for role, each in activities.items() if isinstance(each, dict)}
        if single:
            value["context"] = {**context, "contextActivities": {**activities, **single}}
    inner = value.get("object")
    if isinstance(inner, dict) and inner.get("objectType") == "SubStatement":
        copy = dict(inner)
        _normalize(copy, version)
        value["object"] = copy


def _attached(value: Json, stored_parts: frozenset[str]) -> tuple[str, ...]:
    """The attachments of a statement, and of its SubStatement, whose bytes came along."""
    listed: list[object] = []
    inner = value.get("object")
    for each in (value, inner if isinstance(inner, dict) else {}):
        attachments = each.get("attachments")
        listed += attachments if isinstance(attachments, list) else []
    hashes = (each.get("sha2") for each in listed if isinstance(each, dict))
    return tuple(
        dict.fromkeys(
            each.lower() for each in hashes if isinstance(each, str) and each.lower() in stored_parts
        )
    )
