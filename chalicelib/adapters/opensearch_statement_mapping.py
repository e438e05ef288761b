"""The form of a statement's document in OpenSearch: what is indexed, and how a record is written and read.

Document id: `<store>:<statement id>`. A field is left out where it would hold nothing. `related_agents` and
`related_activities` hold only what `agents` and `activities` do not; a filter looks in both. `flags` names what is
out of the ordinary in one field, so that most statements have none to index.

Nothing has doc values but `stored`, which is sorted by. `text` is a string, not an object: what comes back is what
was written, to the last digit of a score.
"""

from collections.abc import Mapping
from json.encoder import encode_basestring as _quoted
from typing import Any

from chalicelib.adapters.opensearch_index import encode as _encode
from chalicelib.errors import Unavailable
from chalicelib.ports.statement_store import PART, Keys, Mark, Revision, StatementRecord

SCHEMA = 1
"""Stands in each document; a reader of version N reads N−1."""

VOIDED = "voided"
VOIDING = "voiding"
UNVALIDATED = "unvalidated"
INVALID = "invalid"
UNDECIDED = "undecided"
PSEUDONYMIZED = "pseudonymized"

BRIEF = ("schema", "store", "batch", "stored", "updated", "refers_to", "flags", "attachments")
"""The fields that a brief search brings."""
_NOT_BRIEF = {"client": "", "authority": "", "text": "", "digest": ""}

_TERM = {"type": "keyword", "doc_values": False}
_RAW = {"type": "keyword", "index": False, "doc_values": False}
_NUMBER = {"type": "short", "index": False, "doc_values": False}
_KEYS = {
    "verb": _TERM,
    "registration": _TERM,
    "agents": _TERM,
    "related_agents": _TERM,
    "activities": _TERM,
    "related_activities": _TERM,
}
MAPPING: Mapping[str, object] = {
    "dynamic": "strict",
    "properties": {
        "schema": _NUMBER,
        "store": _TERM,
        "batch": _TERM,
        "stored": {"type": "long"},
        "updated": {"type": "long", "doc_values": False},
        "client": _TERM,
        "authority": _TERM,
        **_KEYS,
        "refers_to": _TERM,
        "flags": _TERM,
        # Not nested: before 3.3 the engine sorts no index that has nested fields. So it finds what any targets have
        # among them, and the reader of its answer looks whether one target has it all.
        "targets": {"dynamic": "strict", "properties": _KEYS},
        "attachments": _TERM,
        "faults": _RAW,
        "digest": _RAW,
        "text": _RAW,
    },
}
MARK_MAPPING: Mapping[str, object] = {
    "dynamic": "strict",
    "properties": {
        "schema": _NUMBER,
        "store": _TERM,
        "voided": {"type": "boolean", "index": False, "doc_values": False},
        "referrers": _RAW,
    },
}
# Who lists refreshes first, if a batch ended since. This is for the rest: without it the engine would hold in memory
# where each document lies that nobody asked for, and the first reader after a long import would wait for all of it.
MARK_SETTINGS: Mapping[str, object] = {"refresh_interval": "30s"}
# Sorted as lists are shown: a search stops in each segment at the end of its page. Measured at 200,000 statements: 3 ms
# instead of 40 for a page of the newest, and writing is as fast, for they come in order.
SETTINGS: Mapping[str, object] = {
    **MARK_SETTINGS,
    "index.sort.field": "stored",
    "index.sort.order": "desc",
}


def document_id(store: str, name: str) -> str:
    """The id of the document of a statement, or of a mark."""
    return f"{store}:{name}"


def name_of(stored: Mapping[str, Any]) -> str:
    """The id of a statement, or of a mark's target, by that of its document: neither it nor a slug has a colon."""
    return str(stored["_id"]).rpartition(":")[2]


def lines(record: StatementRecord, revision: Revision | None) -> bytes:
    """The two lines of a bulk request that create the statement, or write it over this revision.

    Raises `UnicodeEncodeError` for half of a surrogate pair.
    """
    # Written out: an encoder for these small objects would cost several times as much.
    name = _quoted(document_id(record.store, record.id))
    if revision is None:
        action = f'{{"create":{{"_id":{name}}}}}'
    else:
        action = f'{{"index":{{"_id":{name},{_condition(revision)}}}}}'
    return (
        f'{action}\n{{"schema":{SCHEMA},"store":{_quoted(record.store)},"batch":{_quoted(record.batch)},'
        f'"stored":{record.stored},"updated":{record.updated},"client":{_quoted(record.client)},'
        f'"authority":{_quoted(record.authority)},"digest":{_quoted(record.digest)}{_keys(record.keys)}'
        f'{_seldom(record)},"text":{_quoted(record.text)}}}\n'
    ).encode()


def removal(record: StatementRecord) -> bytes:
    """The line of a bulk request that deletes the statement if it still is as it was read."""
    name = _quoted(document_id(record.store, record.id))
    return f'{{"delete":{{"_id":{name},{_condition(read_revision(record))}}}}}\n'.encode()


def read_revision(record: StatementRecord) -> Revision:
    """The revision of a statement that was read."""
    if record.revision is None:
        raise ValueError("not a stored statement")
    return record.revision


def mark_lines(store: str, mark: Mark) -> bytes:
    """The two lines of a bulk request that write a mark over its revision."""
    name = _quoted(document_id(store, mark.target))
    action = f'{{"create":{{"_id":{name}}}}}'
    if mark.revision is not None:
        action = f'{{"index":{{"_id":{name},{_condition(mark.revision)}}}}}'
    stored = {"schema": SCHEMA, "store": store, "voided": mark.voided, "referrers": mark.referrers}
    return f"{action}\n{_encode(stored)}\n".encode()


def record_of(stored: Mapping[str, Any]) -> StatementRecord:
    """The statement in an item of a multi-get or a search. Raises `Unavailable` for one of a newer release."""
    source = _source(stored)
    flags = source.get("flags", ())
    return StatementRecord(
        store=source["store"],
        id=name_of(stored),
        batch=source["batch"],
        stored=source["stored"],
        updated=source["updated"],
        client=source["client"],
        authority=source["authority"],
        text=source["text"],
        digest=source["digest"],
        keys=_keys_of(source),
        refers_to=source.get("refers_to"),
        voiding=VOIDING in flags,
        voided=VOIDED in flags,
        targets=tuple(_keys_of(each) for each in source.get("targets", ())),
        attachments=tuple(source.get("attachments", ())),
        validated=UNVALIDATED not in flags,
        valid=None if UNDECIDED in flags else INVALID not in flags,
        faults=tuple(source.get("faults", ())),
        pseudonymized=PSEUDONYMIZED in flags,
        revision=_revision(stored),
    )


def brief_record_of(stored: Mapping[str, Any]) -> StatementRecord:
    """What a brief search brings of a statement. Raises `Unavailable` for one of a newer release."""
    return record_of({**stored, "_source": {**_NOT_BRIEF, **stored["_source"]}})


def mark_of(stored: Mapping[str, Any]) -> Mark:
    """The mark in an item of a multi-get. Raises `Unavailable` for one of a newer release."""
    source = _source(stored)
    return Mark(name_of(stored), source["voided"], tuple(source["referrers"]), _revision(stored))


def _source(stored: Mapping[str, Any]) -> Mapping[str, Any]:
    source: Mapping[str, Any] = stored["_source"]
    if source["schema"] > SCHEMA:
        # Written by a newer version of the program: to write it back would drop what this one does not know.
        raise Unavailable(PART, f"document {stored['_id']} has schema {source['schema']}")
    return source


def _revision(stored: Mapping[str, Any]) -> Revision:
    return Revision(stored["_seq_no"], stored["_primary_term"])


def _condition(revision: Revision) -> str:
    return f'"if_seq_no":{revision.seq_no},"if_primary_term":{revision.primary_term}'


def _listed(values: tuple[str, ...]) -> str:
    return _quoted(values[0]) if len(values) == 1 else f"[{','.join(map(_quoted, values))}]"


def _keys(keys: Keys) -> str:
    """The fields of keys, each with a comma before it."""
    agents, activities = keys.agents, keys.activities
    made = ""
    if keys.verb:
        made = f',"verb":{_quoted(keys.verb)}'
    if keys.registration is not None:
        made += f',"registration":{_quoted(keys.registration)}'
    if agents:
        made += f',"agents":{_listed(agents)}'
    if activities:
        made += f',"activities":{_listed(activities)}'
    more_agents = tuple([each for each in keys.related_agents if each not in agents])
    more_activities = tuple([each for each in keys.related_activities if each not in activities])
    if more_agents:
        made += f',"related_agents":{_listed(more_agents)}'
    if more_activities:
        made += f',"related_activities":{_listed(more_activities)}'
    return made


def _seldom(record: StatementRecord) -> str:
    """The fields that most statements have not, each with a comma before it."""
    made = ""
    if record.refers_to is not None:
        made += f',"refers_to":{_quoted(record.refers_to)}'
    flags = _flags(record)
    if flags:
        made += f',"flags":{_encode(flags)}'
    if record.targets:
        made += f',"targets":[{",".join(f"{{{_keys(each)[1:]}}}" for each in record.targets)}]'
    if record.attachments:
        made += f',"attachments":{_encode(record.attachments)}'
    if record.faults:
        made += f',"faults":{_encode(record.faults)}'
    return made


def _flags(record: StatementRecord) -> list[str]:
    if (
        record.valid is True
        and record.validated
        and not (record.voided or record.voiding or record.pseudonymized)
    ):
        return []
    raised = {
        VOIDED: record.voided,
        VOIDING: record.voiding,
        UNVALIDATED: not record.validated,
        INVALID: record.valid is False,
        UNDECIDED: record.valid is None,
        PSEUDONYMIZED: record.pseudonymized,
    }
    return [flag for flag, is_raised in raised.items() if is_raised]


def _several(source: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = source.get(name, ())
    return (value,) if isinstance(value, str) else tuple(value)


def _keys_of(source: Mapping[str, Any]) -> Keys:
    agents, activities = _several(source, "agents"), _several(source, "activities")
    return Keys(
        verb=source.get("verb", ""),
        registration=source.get("registration"),
        agents=agents,
        related_agents=agents + _several(source, "related_agents"),
        activities=activities,
        related_activities=activities + _several(source, "related_activities"),
    )
