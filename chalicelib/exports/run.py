"""A run of an export: takes a picture of all articles, writes it part by part, and publishes the file with one write.

    begin ─> read, read, … ─> close ─> digest ─> (the machine's last write of the job: published)

Nothing can be read under the file's key before `close`, and nobody is told of it before the last write. Each page can
be done again: parts are numbered and hold the same articles whoever writes them, since the picture does not change.
docs/exports.md says what a crash leaves behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from chalicelib.articles.export.mapping import InvalidMapping
from chalicelib.errors import Unavailable
from chalicelib.exports.baselines import refuse_unknown, since_last
from chalicelib.exports.mappings import UnknownMapping
from chalicelib.exports.orders import LAST
from chalicelib.exports.position import Position, Step
from chalicelib.exports.results import Result, baseline_key, dropped_of, with_result
from chalicelib.exports.work import ExportWork
from chalicelib.exports.writing import MOST_BYTES, read_part
from chalicelib.jobs.run_type import BeginAnew, Done, Json, Plan, RunFailed, RunType
from chalicelib.ports.article_scan import PictureGone
from chalicelib.ports.uploads import UploadGone
from chalicelib.times import microseconds, written

FOLDER = "exports/"
READ_BYTES = 8 * 1024 * 1024  # of a file that is read again for its digest
CHANGED = "The mapping was changed while the export ran."
PICTURE = (
    "The picture of the articles is gone, since the search engine restarted or the run stood still for long."
)
UPLOAD = "The upload of the file is gone."
TOO_LARGE = (
    f"The file would have more than {MOST_BYTES // 1024**3} GiB; export less of the articles with a filter."
)


class ExportRun(RunType[ExportWork]):
    """The type `export`."""

    def plan(self, work: ExportWork, position: Json | None) -> Plan:
        """A page is known by where it begins; where it ends, doing it tells."""
        if position is None:
            return Plan({"step": Step.BEGIN.value}, {})
        return Plan(position, position)

    def apply(self, work: ExportWork, items: Json) -> Done:
        """Does a step. What it is made from may go meanwhile; then the run begins anew."""
        at = None if items["step"] == Step.BEGIN else Position.from_json(items)
        try:
            digest = work.mapping.digest
        except (UnknownMapping, InvalidMapping) as error:
            raise RunFailed(f"The mapping {work.order.mapping} cannot be used. {error}") from error
        if at is not None and at.mapping != digest:
            raise BeginAnew(CHANGED)
        try:
            return _begin(work) if at is None else _STEPS[at.step](work, at)
        except PictureGone:
            raise BeginAnew(PICTURE) from None
        except UploadGone:
            raise BeginAnew(UPLOAD) from None

    def abandon(self, work: ExportWork, position: Json | None) -> None:
        """Gives up the upload and the picture, and takes away what was written beside them."""
        if not position:
            return
        at, services = Position.from_json(position), work.services
        services.uploads.give_up(at.file, at.upload)
        services.article_scan.drop(at.picture)
        begun = replace(at, rests=at.rests + 1, pieces=at.pieces + 1)  # by a page that was not counted
        _forget(work, [*begun.in_between, at.file, at.failures])

    def memory(self, work: ExportWork, position: Json | None) -> Json:
        """The result: with this the file is published."""
        at = Position.from_json(position or {})
        builds = not work.order.since or work.order.since == LAST
        result = Result(
            run=work.run,
            since=at.since,
            until=at.until,
            completed_at=microseconds(work.services.clock.now()),
            rows=at.rows,
            deleted=at.deleted,
            left_out=at.left_out,
            failed=at.failed,
            bytes=at.bytes,
            sha256=at.sha256,
            baseline=at.baseline if builds else "",
            file=at.file,
            failures=at.failures if at.pieces else "",
        )
        return with_result(work.job, result)


def _begin(work: ExportWork) -> Done:
    """Takes the picture. The time is read before it: what is not in the picture was written later, by any clock."""
    services, order, mapping = work.services, work.order, work.mapping
    _forget(work, dropped_of(work.job))
    baseline = baseline_key(order.format, mapping.digest, order.filter)
    since = since_last(services, baseline) if order.since == LAST else order.since_at
    until = microseconds(services.clock.now())
    picture = services.article_scan.take()
    if since is not None:  # after the picture: a mark that is in it cannot go any more
        unknown = refuse_unknown(services, since)
        if unknown is not None:
            raise RunFailed(unknown)
    filtered = bool(order.filter.to_json())
    total = 0 if filtered else services.article_scan.count(picture, work.selection(since))
    folder = f"{FOLDER}{work.job.id}/{work.run}-{until}/"
    name = f"articles-{order.format}-{_stamp(until)}.{work.writer.suffix}"
    at = Position(
        folder=folder,
        name=name,
        picture=picture,
        upload=services.uploads.begin(f"{folder}{name}", work.writer.media_type),
        since=since,
        until=until,
        mapping=mapping.digest,
        baseline=baseline,
        state=dict(work.writer.start),
    )
    return Done(next=at.to_json(), total=total)


def _read(work: ExportWork, at: Position) -> Done:
    try:
        part = read_part(work, at)
    except BaseException:
        work.scanning = None  # it is somewhere between two slices
        raise
    if part.at.bytes > MOST_BYTES:
        raise RunFailed(TOO_LARGE)
    return Done(
        done=part.at.rows + part.at.deleted - at.rows - at.deleted,
        skipped=part.at.left_out - at.left_out,
        failed=part.at.failed - at.failed,
        notes=part.notes,
        next=part.at.to_json(),
    )


def _close(work: ExportWork, at: Position) -> Done:
    """Puts the parts together, and the list of failures."""
    blobs = work.services.blobs
    work.services.uploads.complete(at.file, at.upload, at.parts, at.bytes)
    if at.pieces:
        blobs.write_once(at.failures, _failures(work, at))
    with suppress(Unavailable):  # it goes by itself
        work.services.article_scan.drop(at.picture)
    return Done(next=replace(at, step=Step.DIGEST).to_json())


def _failures(work: ExportWork, at: Position) -> Iterator[bytes]:
    """The list of failures, piece by piece; all columns of a million articles may stand in it."""
    for number in range(1, at.pieces + 1):
        for chunk in work.services.blobs.read(at.piece_key(number)):
            work.keep()
            yield chunk


def _digest(work: ExportWork, at: Position) -> Done:
    """The digest of the file: known where this process wrote all of it, else of what is read again."""
    services = work.services
    digest = services.digests.of(at.file, at.bytes)
    start = services.digests.done(at.file)
    while digest is None:
        data = services.blobs.read_range(at.file, start, min(start + READ_BYTES, at.bytes))
        if not data:
            raise UploadGone(at.upload)
        services.digests.add(at.file, start, data)
        start += len(data)
        digest = services.digests.of(at.file, at.bytes)
        work.keep()
    _forget(work, at.in_between)
    return Done(next=replace(at, sha256=digest).to_json(), last=True)


_STEPS = {Step.READ: _read, Step.CLOSE: _close, Step.DIGEST: _digest}


def _forget(work: ExportWork, keys: list[str]) -> None:
    for key in keys:
        work.services.blobs.delete(key)


def _stamp(time: int) -> str:
    """`20261130T211455Z`: as a part of the name of a file."""
    return written(time)[:19].replace("-", "").replace(":", "") + "Z"
