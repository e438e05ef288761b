"""Attachments on the way in and out (Communication 1.5; 2.0: 4.1.3)."""

import json
from collections.abc import Sequence
from typing import Any

from chalicelib.lrs.conformance.check import Checks
from chalicelib.lrs.conformance.exchange import Answer
from chalicelib.lrs.conformance.mixed import (
    BOUNDARY,
    MixedPart,
    content_part,
    content_type,
    read,
    statements_part,
    written,
)
from chalicelib.lrs.conformance.probe import Headers, Probe
from chalicelib.lrs.conformance.samples import HOME, TEXT, attachment

CHECKS = Checks()
CONTENT = bytes(range(256)) + b"\r\n--not a boundary\r\n\n"
FILE = f"{HOME}/files/sample.txt"


def with_files(probe: Probe, label: object, *contents: bytes) -> dict[str, Any]:
    """A statement that attaches these contents."""
    return probe.statement(label, attachments=[attachment(content) for content in contents])


def send(probe: Probe, parts: Sequence[MixedPart], headers: Headers | None = None) -> Answer:
    """One POST of multipart/mixed."""
    return probe.post(written(parts), headers or content_type())


@CHECKS.that("XAPI-00127")
def content_types_of_statements(probe: Probe) -> None:
    """Statements are taken as application/json or multipart/mixed; of another type they are refused."""
    raw = json.dumps(probe.statement("other type")).encode()
    for media_type in ("text/plain", "application/octet-stream", "application/x-www-form-urlencoded"):
        probe.post(raw, {"Content-Type": media_type}).refused("statements come as JSON or multipart/mixed")
    body = written([statements_part(with_files(probe, "form", TEXT)), content_part(TEXT)])
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    probe.post(body, headers).refused("attachments come as multipart/mixed")
    probe.post(probe.statement("json")).expect(200)
    probe.post(probe.statement("charset"), {"Content-Type": "application/json; charset=utf-8"}).expect(200)
    send(probe, [statements_part(with_files(probe, "mixed", TEXT)), content_part(TEXT)]).expect(200)


@CHECKS.that("XAPI-00128")
def surplus_parts(probe: Probe) -> None:
    """A part that no attachment names is refused."""
    statement = with_files(probe, "surplus", TEXT)
    parts = [statements_part(statement), content_part(TEXT), content_part(b"surplus")]
    send(probe, parts).refused("the third part belongs to no attachment")
    send(probe, parts[:1] + parts[2:]).refused("the second part belongs to no attachment")
    send(probe, parts[:2]).expect(200)


@CHECKS.that("XAPI-00129")
def json_needs_file_urls(probe: Probe) -> None:
    """In JSON an attachment without fileUrl is refused; with one it is taken."""
    probe.post(with_files(probe, "no url", TEXT)).refused("the attachment has neither content nor fileUrl")
    mixed = [attachment(fileUrl=FILE), attachment(b"another")]
    probe.post(probe.statement("one url", attachments=mixed)).refused("one attachment has neither")
    probe.record(probe.statement("url", attachments=[attachment(fileUrl=FILE)]))


@CHECKS.that("XAPI-00129")
def missing_parts(probe: Probe) -> None:
    """In multipart/mixed an attachment without fileUrl whose part is missing is refused."""
    statement = with_files(probe, "missing", TEXT, CONTENT)
    parts = [statements_part(statement), content_part(TEXT), content_part(CONTENT)]
    send(probe, parts[:1]).refused("both parts are missing")
    send(probe, parts[:2]).refused("one part is missing")
    send(probe, parts).expect(200)


@CHECKS.that("XAPI-00130")
def boundaries_are_needed(probe: Probe) -> None:
    """Where a boundary is missing before a part, or at the end, the request is refused."""
    parts = [statements_part(with_files(probe, "boundary", TEXT)), content_part(TEXT)]
    body = written(parts)
    second = body.index(f"\r\n--{BOUNDARY}".encode(), 2)
    for broken in (
        body.removeprefix(f"--{BOUNDARY}\r\n".encode()),
        body[:second] + body[second:].replace(f"\r\n--{BOUNDARY}\r\n".encode(), b"\r\n", 1),
        body.replace(BOUNDARY.encode(), b"another"),
        b"",
    ):
        probe.post(broken, content_type()).refused("a boundary is missing")
    probe.post(body, content_type()).expect(200)


@CHECKS.that("XAPI-00131")
def the_boundary_is_named(probe: Probe) -> None:
    """A Content-Type without boundary is refused."""
    body = written([statements_part(with_files(probe, "", TEXT)), content_part(TEXT)])
    for value in ("multipart/mixed", "multipart/mixed; boundary=", "multipart/mixed; charset=utf-8"):
        probe.post(body, {"Content-Type": value}).refused("the Content-Type names no boundary")
    quoted = {"Content-Type": f'multipart/mixed; boundary="{BOUNDARY}"'}
    probe.post(body, quoted).expect(200)


@CHECKS.that("XAPI-00132")
def hashes_name_attachments(probe: Probe) -> None:
    """A part without hash, or with one of no attachment or other bytes, is refused."""
    first = statements_part(with_files(probe, "", TEXT))
    for part in (
        content_part(TEXT, X_Experience_API_Hash=None),
        content_part(TEXT, X_Experience_API_Hash="0" * 64),
        MixedPart(content_part(TEXT).headers, TEXT + b"changed"),
    ):
        send(probe, [first, part]).refused("the hash names no attachment, or is not that of the bytes")
    send(probe, [first, content_part(TEXT)]).expect(200)


@CHECKS.that("XAPI-00133")
def statements_stand_in_the_first_part(probe: Probe) -> None:
    """All statements are in the first part."""
    statement = with_files(probe, "", TEXT)
    send(probe, [content_part(TEXT), statements_part(statement)]).refused(
        "the first part holds no statements"
    )
    other = statements_part(probe.statement("second"))
    parts = [statements_part(statement), other, content_part(TEXT)]
    send(probe, parts).refused("the second part holds a statement")
    both = [statement, with_files(probe, "both", TEXT)]
    send(probe, [statements_part(both), content_part(TEXT)]).expect(200)


@CHECKS.that("XAPI-00134")
def the_first_part_is_json(probe: Probe) -> None:
    """A first part of another type is refused."""
    first = statements_part(with_files(probe, "", TEXT))
    for media_type in ("text/plain", "application/octet-stream"):
        part = MixedPart({"Content-Type": media_type}, first.body)
        send(probe, [part, content_part(TEXT)]).refused("the first part is application/json")
    send(probe, [first, content_part(TEXT)]).expect(200)


@CHECKS.that("XAPI-00135")
def parts_are_binary(probe: Probe) -> None:
    """A part in another transfer encoding than binary is refused."""
    first = statements_part(with_files(probe, "", TEXT))
    for encoding in ("base64", "quoted-printable"):
        part = content_part(TEXT, Content_Transfer_Encoding=encoding)
        send(probe, [first, part]).refused("parts are sent as binary")
    send(probe, [first, content_part(TEXT)]).expect(200)


@CHECKS.that("XAPI-00167")
def contents_come_back(probe: Probe) -> None:
    """With `attachments=true` the contents come as parts, byte for byte, each with its hash."""
    statement = with_files(probe, "", CONTENT, TEXT)
    parts = [statements_part(statement), content_part(CONTENT, "text/plain"), content_part(TEXT)]
    send(probe, parts).expect(200)
    queries = (
        {"statementId": statement["id"]},
        {"agent": json.dumps(probe.agent()), "limit": "1"},
    )
    for query in queries:
        answer = probe.get("/statements", {**query, "attachments": "true"}).expect(200)
        _holds(answer, statement, {each.headers["X-Experience-API-Hash"]: each for each in parts[1:]})


def _holds(answer: Answer, statement: dict[str, Any], contents: dict[str, MixedPart]) -> None:
    first, *others = read(answer)
    answer.must(
        first.headers.get("content-type", "").startswith("application/json"), "statements first, in JSON"
    )
    answer.must(statement["id"].encode() in first.body, f"the statement {statement['id']} in the first part")
    found = {part.headers.get("x-experience-api-hash", ""): part.body for part in others}
    wanted = {sha2: part.body for sha2, part in contents.items()}
    answer.must(
        found == wanted, "each content once, under its hash and with its bytes", f"parts {sorted(found)}"
    )
    encodings = {part.headers.get("content-transfer-encoding") for part in others}
    answer.must(encodings == {"binary"}, "Content-Transfer-Encoding: binary", str(encodings))


@CHECKS.that("XAPI-00167")
def without_contents_it_is_multipart_too(probe: Probe) -> None:
    """With `attachments=true` the answer is multipart/mixed also where nothing is attached."""
    statement = probe.statement()
    probe.record(statement)
    answer = probe.get("/statements", {"statementId": statement["id"], "attachments": "true"}).expect(200)
    answer.must(len(read(answer)) == 1, "one part")
