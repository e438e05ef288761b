"""How each record of the ledger is kept in its DynamoDB item.

    record        pk                      sk
    control       control                 control
    request       requests                <first>
    announcement  announced#<key>         version#<version id>
    upload        upload#<id>             upload
    file, tally   files                   <n>#file, <n>#tally     (so that one query reads both)
    page          file#<n>                page#<p>
    extract       file#<n>                extract#<kind>
    gate          gate#<key>              gate
    blocked       gate#<key>              blocked#<n>#<pos>
    retry         retries                 <ticket>

Numbers in keys are padded with zeros, so that the keys are in their order. Every other field of a record is
an attribute of its own name. Beside them: `schema`, `write` (who wrote it last, see `dynamodb_ledger`),
`expires_at` (the table's time to live) on what nobody can ask for after a while, and `failures_pk`,
`failures_sk` (the sparse index `failures`) on what is a failure.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, fields
from typing import Any, NamedTuple, TypeVar, get_args

from chalicelib.ports.article_store import Entry
from chalicelib.ports.ledger_records import (
    Announcement,
    Blocked,
    Control,
    Extract,
    File,
    Gate,
    Page,
    Record,
    Request,
    Retry,
    Tally,
    Upload,
    next_version,
)

SCHEMA = 1
"""The form written; `SCHEMA - 1` is read as well. A field that an item lacks gets the record's default."""

KEPT_SECONDS = 30 * 86_400.0  # twice what SQS can keep a message that still asks for it (14 days)
CONTROL, REQUESTS, FILES, RETRIES = "control", "requests", "files", "retries"
_DIGITS = 12  # of acceptance numbers and tickets
_PLACES = 9  # of positions and pages
_LAST = 10**_DIGITS - 1
_IN_KEY = {
    Announcement: "announced#",
    Gate: "gate#",
    Blocked: "gate#",
}  # kinds whose field `key` stands in the pk only

Attribute = dict[str, Any]
Item = dict[str, Attribute]
R = TypeVar("R", bound=Record)


class Key(NamedTuple):
    """The primary key of an item."""

    pk: str
    sk: str

    @property
    def item(self) -> Item:
        """In the form in which DynamoDB takes it."""
        return {"pk": {"S": self.pk}, "sk": {"S": self.sk}}


class UnknownSchema(Exception):
    """An item bears a form that this release cannot read: a newer release wrote it, or one too old."""

    def __init__(self, item: Item, schema: int) -> None:
        super().__init__(
            f"ledger item {item['pk']['S']}, {item['sk']['S']} has schema {schema}; "
            f"this release reads {SCHEMA - 1} and {SCHEMA}: deploy the release that wrote it"
        )


def number_key(n: int) -> str:
    """An acceptance number or ticket as keys hold it; a bound beyond what is possible becomes the nearest."""
    return f"{min(max(n, 0), _LAST):0{_DIGITS}d}"


def entry_key(entry: Entry) -> str:
    """An entry as keys hold it; position -1 (the file as a whole) comes first."""
    return f"{number_key(entry.n)}#{entry.pos + 1:0{_PLACES}d}"


def file_key(n: int) -> Key:
    """Of file `n`."""
    return Key(FILES, f"{number_key(n)}#file")


def tally_key(n: int) -> Key:
    """Of the tally of file `n`."""
    return Key(FILES, f"{number_key(n)}#tally")


def page_key(n: int, p: int) -> Key:
    """Of page `p` of file `n`."""
    return Key(f"file#{number_key(n)}", f"page#{p:0{_PLACES}d}")


def gate_key(key: str) -> Key:
    """Of the gate of an article (or `/*`, everything)."""
    return Key(f"gate#{key}", "gate")


def blocked_key(key: str, entry: Entry) -> Key:
    """Of an entry behind a gate."""
    return Key(f"gate#{key}", f"blocked#{entry_key(entry)}")


def key_of(record: Record) -> Key:
    """Of any record."""
    if isinstance(record, Control):
        return Key(CONTROL, CONTROL)
    return _key_in_file(record) if isinstance(record, File | Tally | Page | Extract) else _key_beside(record)


def _key_in_file(record: File | Tally | Page | Extract) -> Key:
    match record:
        case File(n=n):
            return file_key(n)
        case Tally(n=n):
            return tally_key(n)
        case Page(n=n, p=p):
            return page_key(n, p)
        case Extract(n=n, kind=kind):
            return Key(page_key(n, 0).pk, f"extract#{kind}")


def _key_beside(record: Request | Announcement | Upload | Gate | Blocked | Retry) -> Key:
    match record:
        case Request(first=first):
            return Key(REQUESTS, number_key(first))
        case Announcement(key=key, version_id=version_id):
            return Key(f"announced#{key}", f"version#{version_id}")
        case Upload(id=id):
            return Key(f"upload#{id}", "upload")
        case Gate(key=key):
            return gate_key(key)
        case Blocked(key=key, entry=entry):
            return blocked_key(key, entry)
        case Retry(ticket=ticket):
            return Key(RETRIES, number_key(ticket))


def failure_key(epoch: int) -> str:
    """The partition of the index `failures` for an epoch."""
    return str(epoch)


def item_of(record: Record, write: str, now: float) -> Item:
    """The item that stores a record under its next version. `now`: from which its time to live counts."""
    item = key_of(record).item
    for name, _ in _PLANS[type(record)]:
        value = getattr(record, name)
        if value is not None:
            item[name] = attribute(tuple(value) if name == "states" else value)
    item["version"] = attribute(next_version(record))
    item["schema"], item["write"] = attribute(SCHEMA), attribute(write)
    match record:
        case Gate(kind="failure", epoch=epoch, owner=owner):
            item |= _in_failures(epoch, owner)
        case File(n=n, stage="faulted", epoch=epoch) if epoch >= 0:
            item |= _in_failures(epoch, Entry(n, -1))
    match record:
        case File(forgotten=True) | Retry(done=True) | Upload(n=0) | Extract():
            item["expires_at"] = expiry(now)
    return item


def expiry(now: float) -> Attribute:
    """The time to live of what nobody can ask for any more."""
    return attribute(int(now + KEPT_SECONDS))


def record_of(kind: type[R], item: Item) -> R:
    """The record of that kind that an item stores. Raises `UnknownSchema`."""
    schema = int(item["schema"]["N"])
    if not SCHEMA - 1 <= schema <= SCHEMA:
        raise UnknownSchema(item, schema)
    values = {name: read(item[name]) for name, read in _PLANS[kind] if name in item}
    if kind in _IN_KEY:
        values["key"] = item["pk"]["S"].removeprefix(_IN_KEY[kind])
    return kind(**values)


def attribute(value: object) -> Attribute:
    """A value as an attribute; counts leave out zeros."""
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | float():
            return {"N": repr(value)}
        case tuple():
            return {"L": [attribute(part) for part in value]}
        case Mapping():
            return {"M": {name: attribute(count) for name, count in value.items() if count}}
    raise TypeError(f"no attribute for {type(value).__name__}")


def size(item: Item) -> int:
    """The bytes that DynamoDB charges for an item: names and values, by its published rules."""
    return sum(len(name.encode()) + _size(value) for name, value in item.items())


def _in_failures(epoch: int, entry: Entry) -> Item:
    return {"failures_pk": attribute(failure_key(epoch)), "failures_sk": attribute(entry_key(entry))}


def _plan(kind: type) -> tuple[tuple[str, Callable[[Attribute], Any]], ...]:
    """The fields that are attributes, each with what reads it."""
    named = [field for field in fields(kind) if not (kind in _IN_KEY and field.name == "key")]
    return tuple((field.name, _reader(field)) for field in named)


def _reader(field: "Field[Any]") -> Callable[[Attribute], Any]:
    if field.name == "states":
        return _letters
    if field.type is Entry:
        return lambda stored: Entry(*_value(stored))
    if field.type is float:
        return lambda stored: float(stored["N"])
    return _value


def _letters(stored: Attribute) -> str:
    return "".join([letter["S"] for letter in stored["L"]])


def _value(stored: Attribute) -> Any:
    [(kind, value)] = stored.items()
    match kind:
        case "N":
            return int(value)
        case "L":
            return tuple(_value(part) for part in value)
        case "M":
            return dict(+Counter({name: int(count["N"]) for name, count in value.items()}))
    return value


def _size(stored: Attribute) -> int:
    [(kind, value)] = stored.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            digits = len(value.lstrip("-").replace(".", "").strip("0"))
            return (digits + 1) // 2 + (2 if value.startswith("-") else 1)
        case "L":
            return 3 + _sizes(value)
        case "M":
            return 3 + _sizes(value.values()) + sum(len(name.encode()) for name in value)
    return 1


def _sizes(values: Iterable[Attribute]) -> int:
    return sum(1 + _size(value) for value in values)


_PLANS: Mapping[type, tuple[tuple[str, Callable[[Attribute], Any]], ...]] = {
    kind: _plan(kind) for kind in get_args(Record)
}
