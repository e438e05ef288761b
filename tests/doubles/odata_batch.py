"""A judge of batch requests, made from the rules of OData and Business Central, knowing nothing of who wrote them.

Rules: OData JSON Format 4.01, 19.1 (the request), OData URL Conventions 4.01, 4.3 (keys) and its ABNF; of Business
Central: 100 operations a batch, POST, PATCH and DELETE, `If-Match` with PATCH and DELETE.
"""

import json
import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

import jsonschema

MOST_OPERATIONS = 100
SCHEMA = {
    "type": "object",
    "required": ["requests"],
    "additionalProperties": False,
    "properties": {
        "requests": {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_OPERATIONS,
            "items": {
                "type": "object",
                "required": ["id", "method", "url"],
                "additionalProperties": False,
                "properties": {
                    "id": {"type": "string", "minLength": 1},
                    "method": {"type": "string", "pattern": "^(?i:delete|get|patch|post|put)$"},
                    "url": {"type": "string", "minLength": 1},
                    "atomicityGroup": {"type": "string"},
                    "dependsOn": {"type": "array", "items": {"type": "string"}},
                    "if": {"type": "string"},
                    "headers": {"type": "object", "additionalProperties": {"type": "string"}},
                    "body": {"type": "object"},
                },
            },
        }
    },
}

# ABNF of OData 4.01: identifiers, characters of a path, literals of keys.
IDENTIFIER = r"[A-Za-z_][A-Za-z0-9_]{0,127}"
PCHAR = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
PATH = re.compile(rf"{PCHAR}+(?:/{PCHAR}+)*")
ENTITY = re.compile(rf"(?P<set>{IDENTIFIER})(?:\((?P<key>.*)\))?")
STRING = re.compile(r"'(?:[^']|'')*'")
INTEGER = re.compile(r"-?[0-9]+")
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

TYPES = {
    "Edm.String": lambda value: isinstance(value, str),
    "Edm.Int64": lambda value: isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63,
    "Edm.Decimal": lambda value: isinstance(value, int | Decimal) and not isinstance(value, bool),
    "Edm.Boolean": lambda value: isinstance(value, bool),
    "Edm.Date": lambda value: isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value),
    "Edm.DateTimeOffset": lambda value: (
        isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,12})?Z", value)
    ),
}


@dataclass(frozen=True)
class Operation:
    """One operation as a service understands it; `key`: what addresses an entity, by name ("" for one value alone)."""

    method: str
    entity_set: str
    prefix: str
    key: dict[str, str | int]
    headers: dict[str, str]
    body: dict[str, Any] = field(default_factory=dict)


def read_batches(raw: bytes, types: dict[str, str]) -> list[list[Operation]]:
    """The batches of a file, a body per line; `types`: the properties of the entity. Raises AssertionError."""
    assert raw == b"" or raw.endswith(b"\n")
    return [_batch(line, types) for line in raw.split(b"\n")[:-1]]


def _batch(line: bytes, types: dict[str, str]) -> list[Operation]:
    assert not line.startswith(b"\xef\xbb\xbf")
    value = json.loads(
        line.decode(), object_pairs_hook=_once, parse_constant=_no_constant, parse_float=Decimal
    )
    jsonschema.Draft202012Validator(SCHEMA).validate(value)
    requests = value["requests"]
    ids = [request["id"] for request in requests]
    groups = {request["atomicityGroup"] for request in requests if "atomicityGroup" in request}
    assert len({*ids} | groups) == len(ids) + len(groups), "ids and groups differ from each other"
    for place, request in enumerate(requests):
        assert {*request.get("dependsOn", [])} <= {*ids[:place]} | groups, "depends on what comes before"
    return [_operation(request, types) for request in requests]


def _operation(request: dict[str, Any], types: dict[str, str]) -> Operation:
    method = request["method"].upper()
    headers = request.get("headers", {})
    lowered = {name.lower(): text for name, text in headers.items()}
    assert len(lowered) == len(headers), "a header stands twice"
    assert all(TOKEN.fullmatch(name) for name in headers)
    assert all(text.isascii() and text.isprintable() for text in headers.values())
    assert not lowered.keys() & {"authorization", "content-length"}
    prefix, entity_set, key = _address(request["url"])
    assert method in ("POST", "PATCH", "DELETE"), "Business Central changes data with these"
    assert bool(key) == (method != "POST"), "POST goes to the set, the others to an entity of it"
    assert (lowered.get("if-match") == "*") == (method != "POST")
    if method == "DELETE":
        assert "body" not in request
    else:
        assert lowered["content-type"].partition(";")[0] == "application/json"
        assert request["body"].keys() <= types.keys()
        for name, value in request["body"].items():
            assert TYPES[types[name]](value), f"{name}: {value!r} is no {types[name]}"
    return Operation(method, entity_set, prefix, key, headers, request.get("body", {}))


def _address(url: str) -> tuple[str, str, dict[str, str | int]]:
    assert PATH.fullmatch(url), f"{url} is no relative path"
    prefix, _, last = url.rpartition("/")
    found = ENTITY.fullmatch(unquote_to_bytes(last).decode())
    assert found, f"{last} addresses neither a set nor an entity"
    return prefix, found["set"], {} if found["key"] is None else _key(found["key"])


def _key(text: str) -> dict[str, str | int]:
    """The values of a key: one alone under "", or name=value, name=value."""
    alone = _literal(text)
    if alone is not None:
        return {"": alone}
    values: dict[str, str | int] = {}
    while text:
        found = re.match(rf"({IDENTIFIER})=({STRING.pattern}|{INTEGER.pattern})(?:,(?=.)|$)", text, re.DOTALL)
        assert found, f"{text} is no key"
        literal = _literal(found[2])
        assert literal is not None
        assert found[1] not in values
        values[found[1]] = literal
        text = text[found.end() :]
    assert values
    return values


def _literal(text: str) -> str | int | None:
    if STRING.fullmatch(text):
        return text[1:-1].replace("''", "'")
    return int(text) if INTEGER.fullmatch(text) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs), "a name stands twice"
    return dict(pairs)


def _no_constant(name: str) -> NoReturn:
    raise AssertionError(f"{name} is no JSON")
