"""Bytes in one S3 bucket."""

import contextlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypedDict

from chalicelib.adapters.aws_answers import answered, bounded, code_of
from chalicelib.errors import Unavailable
from chalicelib.ports.blobs import BlobNotFound, ObjectState, ObjectVersion

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

READ_SECONDS = 20.0  # a part of 8 MiB may take a while to be stored
PART = "The bucket"
CHUNK_BYTES = 1024 * 1024
PART_BYTES = 8 * 1024 * 1024  # S3: at least 5 MiB, at most 10,000 parts; so up to 80 GiB
_ABSENT = frozenset(
    ("NoSuchKey", "NoSuchVersion", "404", "MethodNotAllowed")
)  # the last: a delete marker's version
# Written before, or at this moment; the last: what was to be replaced has gone.
_TAKEN = frozenset(("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"))
_NOTE = "note"


class _Match(TypedDict, total=False):
    IfMatch: str
    IfNoneMatch: str


class _Noted(TypedDict, total=False):
    Metadata: dict[str, str]


def make_client() -> "S3Client":
    """A client with bounded time-outs; region, keys and endpoint come from the environment.

    Links are signed by version 4 too: left alone, botocore signs them as S3 did before.
    """
    import boto3
    from botocore.config import Config

    return boto3.client("s3", config=bounded(READ_SECONDS).merge(Config(signature_version="s3v4")))


class S3Blobs:
    """`ports.blobs.Blobs` on a bucket; versions need a versioned one."""

    def __init__(self, client: "S3Client", bucket: str, *, part_bytes: int = PART_BYTES) -> None:
        self._client = client
        self._bucket = bucket
        self._part_bytes = part_bytes

    def read(self, key: str, version_id: str = "") -> Iterator[bytes]:
        with _found(key):
            if version_id:
                answer = self._client.get_object(Bucket=self._bucket, Key=key, VersionId=version_id)
            else:
                answer = self._client.get_object(Bucket=self._bucket, Key=key)
        body = answer["Body"]
        with contextlib.closing(body):
            chunks = body.iter_chunks(CHUNK_BYTES)
            while True:
                with answered(PART):
                    chunk = next(chunks, b"")
                if not chunk:
                    return
                yield chunk

    def read_range(self, key: str, start: int, end: int) -> bytes:
        if end <= start:
            return b""
        from botocore.exceptions import ClientError

        with _found(key):
            try:
                answer = self._client.get_object(
                    Bucket=self._bucket, Key=key, Range=f"bytes={start}-{end - 1}"
                )
            except ClientError as error:
                if code_of(error) == "InvalidRange":  # nothing there: behind the end
                    return b""
                raise
            with contextlib.closing(answer["Body"]) as body:
                return body.read()

    def size(self, key: str) -> int | None:
        try:
            with _found(key):
                return self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"]
        except BlobNotFound:
            return None

    def write_once(self, key: str, chunks: Iterable[bytes]) -> int:
        size = self.size(key)
        if size is not None:
            return size
        parts = _parts(chunks, self._part_bytes)
        first = next(parts, b"")
        second = next(parts, b"")
        absent = _Condition(None)
        written = (
            self._upload(key, (first, second), parts, absent) if second else self._put(key, first, absent)
        )
        if written is not None:
            return written
        size = self.size(key)
        if size is None:  # another writer is at it, or gave up: the caller comes again
            raise Unavailable(PART, "ConditionalRequestConflict")
        return size

    def state(self, key: str) -> ObjectState | None:
        try:
            with _found(key):
                found = self._client.head_object(Bucket=self._bucket, Key=key)
        except BlobNotFound:
            return None
        return ObjectState(found["ContentLength"], found["ETag"], found.get("Metadata", {}).get(_NOTE, ""))

    def replace(self, key: str, chunks: Iterable[bytes], over: str | None, note: str = "") -> bool:
        parts = _parts(chunks, self._part_bytes)
        first = next(parts, b"")
        second = next(parts, b"")
        condition = _Condition(over, note)
        if not second:
            return self._put(key, first, condition) is not None
        return self._upload(key, (first, second), parts, condition) is not None

    def put(self, key: str, data: bytes) -> None:
        with answered(PART):
            self._client.put_object(Bucket=self._bucket, Key=key, Body=data)

    def delete(self, key: str) -> None:
        with answered(PART):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def versions(self, key: str) -> list[ObjectVersion]:
        found: list[ObjectVersion] = []
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=key)
        with answered(PART):
            for page in pages:
                listed = page.get("Versions", [])
                found += [
                    ObjectVersion(key, _version_id(item["VersionId"]), item["Size"])
                    for item in listed
                    if item["Key"] == key
                ]
                if any(item["Key"] != key for item in listed):  # in order of keys: longer ones follow
                    break
        return found

    def _put(self, key: str, data: bytes, condition: "_Condition") -> int | None:
        """Stores it in one call; None where another writer came first."""
        with answered(PART), _unless_taken() as outcome:
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=data, **condition.match, **condition.metadata
            )
        return None if outcome.taken else len(data)

    def _upload(
        self, key: str, ahead: tuple[bytes, bytes], rest: Iterator[bytes], condition: "_Condition"
    ) -> int | None:
        """Stores it part by part, one in memory; None where another writer came first."""
        with answered(PART):
            upload = self._client.create_multipart_upload(Bucket=self._bucket, Key=key, **condition.metadata)[
                "UploadId"
            ]
        try:
            size, done = 0, list["CompletedPartTypeDef"]()
            for data in _chain(ahead, rest):
                done.append(self._upload_part(key, upload, len(done) + 1, data))
                size += len(data)
            with answered(PART), _unless_taken() as outcome:
                self._client.complete_multipart_upload(
                    Bucket=self._bucket,
                    Key=key,
                    UploadId=upload,
                    MultipartUpload={"Parts": done},
                    **condition.match,
                )
        except BaseException:
            self._abort(key, upload)
            raise
        if outcome.taken:
            self._abort(key, upload)
            return None
        return size

    def _upload_part(self, key: str, upload: str, number: int, data: bytes) -> "CompletedPartTypeDef":
        with answered(PART):
            answer = self._client.upload_part(
                Bucket=self._bucket, Key=key, UploadId=upload, PartNumber=number, Body=data
            )
        return {"ETag": answer["ETag"], "PartNumber": number}

    def _abort(self, key: str, upload: str) -> None:
        """Gives the parts back; what is left behind by a failure here, the bucket's lifecycle removes."""
        with contextlib.suppress(Unavailable), answered(PART):
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)


class _Condition:
    """What must be under the key (the object with this tag, or none), and the note that comes there."""

    def __init__(self, over: str | None, note: str = "") -> None:
        self.match: _Match = {"IfNoneMatch": "*"} if over is None else {"IfMatch": over}
        self.metadata: _Noted = {"Metadata": {_NOTE: note}} if note else {}


class _Outcome:
    taken = False


@contextlib.contextmanager
def _unless_taken() -> Iterator[_Outcome]:
    from botocore.exceptions import ClientError

    outcome = _Outcome()
    try:
        yield outcome
    except ClientError as error:
        if code_of(error) not in _TAKEN:
            raise
        outcome.taken = True


@contextlib.contextmanager
def _found(key: str) -> Iterator[None]:
    from botocore.exceptions import ClientError

    with answered(PART):
        try:
            yield
        except ClientError as error:
            if code_of(error) in _ABSENT:
                raise BlobNotFound(key) from None
            raise


def _version_id(listed: str) -> str:
    return "" if listed == "null" else listed


def _parts(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in pieces of exactly `size`, but for the last."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) >= size:
            yield bytes(held[:size])
            del held[:size]
    if held:
        yield bytes(held)


def _chain(ahead: Iterable[bytes], rest: Iterable[bytes]) -> Iterator[bytes]:
    yield from ahead
    yield from rest
