"""One page of a run that reads: articles become bytes, and these a part of the file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from chalicelib.exports.position import Position, Step
from chalicelib.exports.scanning import chosen
from chalicelib.ports.uploads import LEAST_PART

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.articles.export.records import Chunk, Exported, FailedRow
    from chalicelib.exports.work import ExportWork

PART_BYTES = LEAST_PART  # a run holds one part; how many there are is no matter
PIECE_BYTES = 4 * 1024 * 1024  # of the list of failures
ARTICLES = 50_000  # so that a page of which little is written ends too, long before its lease
MOST_BYTES = 20 * 1024**3  # one invocation reads that much again, for its digest
NOTES = 3


@dataclass(frozen=True)
class Part:
    """Where a page ended, and what a person should know of it."""

    at: Position
    notes: Sequence[str]


def read_part(work: ExportWork, at: Position) -> Part:
    """Writes a page, and tells where the next begins. Raises `PictureGone`, `UploadGone`, `Unavailable`.

    A page ends with a slice: so it is the same, byte by byte, whoever writes it, and a part that is written twice by
    workers which do not know of each other is one part.
    """
    services, writer = work.services, work.writer
    scanning, choose = work.scanning_at(at), chosen(work.order.filter)
    out = bytearray(writer.begin()) if at.is_first else bytearray(_rest(work, at))
    failed = bytearray()
    notes: list[str] = []
    seen, over = 0, False
    while len(out) < PART_BYTES and len(failed) < PIECE_BYTES and seen < ARTICLES and not over:
        articles = scanning.slice()
        if not articles:
            out += writer.end(at.state)
            over = True
            break
        chunk = writer.write(cast("Iterable[Exported]", choose(articles)), at.state)
        out += chunk.data
        failed += b"".join(_line(row) for row in chunk.failed)
        notes += (_note(row) for row in chunk.failed[: NOTES - len(notes)])
        seen += len(articles)
        at = _counted(at, chunk)
        work.keep()
    at = replace(at, after=scanning.after, picture=scanning.picture)
    if failed:
        at = replace(at, pieces=at.pieces + 1)
        services.blobs.put(at.piece_key(at.pieces), bytes(failed))
    return Part(_stored(work, at, out, over), notes)


def _stored(work: ExportWork, at: Position, data: bytearray, over: bool) -> Position:
    """Where the run stands once these bytes are a part, or wait for more: S3 takes small parts at the end alone."""
    if len(data) >= LEAST_PART or (over and data):
        services = work.services
        services.uploads.put_part(at.file, at.upload, at.parts + 1, data)
        services.digests.add(at.file, at.bytes, data)
        at = replace(at, parts=at.parts + 1, bytes=at.bytes + len(data), rest=0)
    elif data:
        at = replace(at, rest=at.rests + 1, rests=at.rests + 1)
        work.services.blobs.put(at.rest_key(at.rest), bytes(data))
    else:
        at = replace(at, rest=0)
    return replace(at, step=Step.CLOSE) if over else at


def _rest(work: ExportWork, at: Position) -> bytes:
    return b"".join(work.services.blobs.read(at.rest_key(at.rest))) if at.rest else b""


def _counted(at: Position, chunk: Chunk) -> Position:
    return replace(
        at,
        state=chunk.state,
        rows=at.rows + chunk.rows,
        deleted=at.deleted + chunk.deleted,
        left_out=at.left_out + chunk.left_out,
        failed=at.failed + len(chunk.failed),
    )


def _line(row: FailedRow) -> bytes:
    return json.dumps(row.as_json(), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _note(row: FailedRow) -> str:
    return f"Article {row.number[:100]} is not in the file: {row.faults[0].text}"
