"""Writes the answers that show statements: one, or a page; as JSON, or as multipart with the attachments' bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlencode

from chalicelib.lrs import multipart
from chalicelib.lrs.access.addresses import endpoints
from chalicelib.lrs.statements.formats import NOTHING_KNOWN, Format, Known, formatted
from chalicelib.times import written
from chalicelib.web.call import Answer, Call
from chalicelib.web.lrs.headers import CONSISTENT_THROUGH, http_date

if TYPE_CHECKING:
    from chalicelib.lrs.statements.query import Page
    from chalicelib.ports.statement_store import StatementRecord

# Lambda takes 6 MB of answer (6,291,556 bytes), in which bytes stand as base64 (4 for 3); headers need some of it.
ANSWER_BYTES = 4_600_000
# Of attachments: each is a read of a record and of an object, one after the other; the gateway waits 29 seconds.
MOST_READS = 500
LONGEST_TYPE = 255  # of an attachment, as shown: it stands beside the statement, which has it already
OCTETS = "application/octet-stream"

Attached = dict[str, multipart.Part]


def one(call: Call, record: StatementRecord, form: Format, attachments: bool) -> Answer:
    """A single statement, with the time at which it was stored."""
    text = formatted(record.text, form, _languages(call), _known(call, form, [record])).encode()
    headers = {"Last-Modified": http_date(record.stored)}
    if not attachments:
        return Answer(200, text, headers)
    found: Attached = {}
    _read_attachments(call, record, found)
    return _multipart(200, text, found.values(), headers)


def page(call: Call, found: Page, form: Format, attachments: bool) -> Answer:
    """A StatementResult; what does not fit into one answer comes with `more`."""
    languages, known = _languages(call), _known(call, form, found.records)
    texts: list[str] = []
    parts: Attached = {}
    size = reads = 0
    for record in found.records:
        reads += len(record.attachments) if attachments else 0
        if texts and reads > MOST_READS:
            break
        text = formatted(record.text, form, languages, known)
        fresh: Attached = {}
        if attachments:
            _read_attachments(call, record, fresh, parts)
        size += len(text.encode()) + 1 + sum(_size(part) for part in fresh.values())
        if texts and size > ANSWER_BYTES:
            break
        texts.append(text)
        parts |= fresh
    shown = found.cut(len(texts))
    body = _result(texts, _more(call, shown)).encode()
    headers = {CONSISTENT_THROUGH: written(shown.consistent_through)}
    if not attachments:
        return Answer(200, body, headers)
    return _multipart(200, body, parts.values(), headers)


def _languages(call: Call) -> str:
    return call.headers.get("accept-language", "")


def _known(call: Call, form: Format, records: Sequence[StatementRecord]) -> Known:
    """What the registries know of the activities and verbs in these statements; asked for one format alone."""
    if form != "canonical" or not records:
        return NOTHING_KNOWN
    from chalicelib.lrs.registries.canonical import known_to

    session = call.principal.cmi5
    activity = None if session is None else session.activity_id
    return known_to(
        call.services.lrs.registries, records[0].store, [record.text for record in records], activity
    )


def _result(texts: Sequence[str], more: str) -> str:
    return f'{{"statements":[{",".join(texts)}],"more":"{more}"}}'


def _more(call: Call, shown: Page) -> str:
    """The next page's address below the host, with all that was asked for; empty where nothing follows."""
    cursor = shown.cursor
    if cursor is None:
        return ""
    client, store = (quote(unquote(call.path_parameters[name]), safe="") for name in ("client", "store"))
    query = urlencode({**call.query, "cursor": cursor})
    return f"{endpoints(call.prefix, client, store)['xapi_endpoint']}/statements?{query}"


def _read_attachments(
    call: Call, record: StatementRecord, into: Attached, known: Attached | None = None
) -> None:
    """Adds the attachments of a statement whose bytes are stored, each once."""
    types = _types_in(record.text) if record.attachments else {}
    for sha256 in record.attachments:
        if sha256 in into or (known is not None and sha256 in known):
            continue
        content = call.services.lrs.attachments.read(record.store, sha256)
        if content is not None:
            headers = {
                "Content-Type": types.get(sha256, OCTETS),
                "Content-Transfer-Encoding": "binary",
                "X-Experience-API-Hash": sha256,
            }
            into[sha256] = multipart.Part(headers, content)


def _types_in(text: str) -> dict[str, str]:
    """SHA-256 → content type of the attachments of a statement, and of the SubStatement in it."""
    import json

    statement = json.loads(text)
    inner = statement.get("object")
    types: dict[str, str] = {}
    for each in (statement, inner if isinstance(inner, dict) else {}):
        listed = each.get("attachments")
        for attachment in listed if isinstance(listed, list) else ():
            if isinstance(attachment, dict):
                kind = str(attachment.get("contentType", OCTETS))
                fits = len(kind) <= LONGEST_TYPE and kind.isascii() and kind.isprintable()
                types.setdefault(str(attachment.get("sha2")).lower(), kind if fits else OCTETS)
    return types


def _multipart(
    status: int, text: bytes, attached: Iterable[multipart.Part], headers: dict[str, str]
) -> Answer:
    parts = [multipart.Part({"Content-Type": "application/json"}, text), *attached]
    boundary = multipart.new_boundary(parts)
    kind = {"Content-Type": f"multipart/mixed; boundary={boundary}"}
    return Answer(status, multipart.write(parts, boundary), {**headers, **kind})


def _size(part: multipart.Part) -> int:
    return len(part.content) + 300  # its headers and boundary
